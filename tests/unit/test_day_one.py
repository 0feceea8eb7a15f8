"""Day one: what was there before the console is backlog, which asks nothing of anybody until it gets worse."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omconsole.domain.fold import fold
from omconsole.domain.inbox import inbox
from omconsole.domain.items import Item, Label, Severity
from omconsole.domain.updates import Post
from omconsole.signals.reading import Reading
from tests.unit.cause_desk import KINDS, VERSION, CauseDesk, failing, names
from tests.unit.domain_builders import observation

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.items import Cause, Observation, Triage


@pytest.fixture
def desk(tmp_path: Path) -> CauseDesk:
    return CauseDesk(tmp_path / "work")


def why(devices: list[str], *causes: Cause) -> dict[str, tuple[Cause, ...]]:
    return dict.fromkeys(devices, causes)


def ever_needed_action(desk: CauseDesk) -> set[str]:
    """The keys that needed action after any event of the history, what folds them left out."""
    states: dict[str, Triage] = {}
    found = set()
    for event in desk.told():
        if event.key is None:
            continue
        after = fold(states.get(event.key), event)
        if after is not None:
            states[event.key] = after
            if Item(triage=after).needs_action:
                found.add(event.key)
    return found


async def test_the_first_sweep_finds_backlog_in_causes_and_nothing_needs_action(desk: CauseDesk) -> None:
    await desk.round(failing(*names(300)), why(names(300), VERSION))
    cause = desk.cause()
    assert (cause.label, cause.triage.backlog, cause.triage.severity) == (Label.BACKLOG, True, Severity.HIGH)
    assert inbox(desk.picture(), desk.now) == ()
    assert ever_needed_action(desk) == set()
    assert {item.label for item in desk.ledger.rows} == {Label.BACKLOG, Label.SUPPRESSED}


async def test_alerts_criticals_and_rooted_devices_are_never_backlog(tmp_path: Path) -> None:
    desk = CauseDesk(tmp_path / "work", sources=("devices", "compliance", "connectors"))
    expiring = observation(
        "vpp", "connector.expiring", source="connectors", subject_type="connector", severity=Severity.LOW
    )
    shown = Reading(source="connectors", mode="sweep", observations=[expiring], subjects={"vpp"})
    rooted = observation("r1", "device.jailbroken", severity=Severity.HIGH)
    many = names(1_200)
    await desk.round([*failing(*many), rooted], why(many, VERSION), others=[shown])
    assert {item.triage.kind for item in desk.ledger.rows if not item.triage.backlog} == {
        "connector.expiring",
        "device.jailbroken",
        "cause.compliance",
    }
    assert [row.triage.kind for row in inbox(desk.picture(), desk.now) if isinstance(row, Item)] == [
        "cause.compliance",
        "device.jailbroken",
    ]


async def test_a_sweep_that_is_not_whole_does_not_end_the_first_one(desk: CauseDesk) -> None:
    part = Reading(
        source="devices", mode="sweep", status="partial", complete=False, observations=failing("d1"), subjects={"d1"}
    )
    await desk.intake.take(part, desk.now)
    await desk.finish([part], "sweep")
    await desk.round(failing("d1", "d2"), {})
    assert {item.label for item in desk.ledger.rows} == {Label.BACKLOG}
    await desk.round(failing("d1", "d2", "d3"), {})
    assert {item.triage.subject_id for item in desk.top() if item.label is Label.NEW} == {"d3"}


async def test_a_kind_that_nobody_looked_for_before_is_backlog_when_it_comes(
    desk: CauseDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "devices", frozenset({"device.noncompliant"}))
    await desk.round(failing("d1"), {})
    monkeypatch.setitem(KINDS, "devices", frozenset({"device.noncompliant", "device.unencrypted"}))
    await desk.round([*failing("d1", "d2"), observation("d3", "device.unencrypted")], {})
    assert {item.triage.subject_id: item.triage.backlog for item in desk.ledger.rows} == {
        "d1": True,
        "d2": False,
        "d3": True,
    }


async def test_what_only_a_changed_threshold_finds_is_backlog(desk: CauseDesk) -> None:
    def silent(device: str, days: int) -> Observation:
        since = desk.now - timedelta(days=days)
        return observation(device, "device.stale", severity=Severity.LOW, evidence_at=since)

    await desk.round(causes={}, well=["d1", "d2"])
    await desk.round([silent("d1", 20), silent("d2", 31)], {}, stale_days=(14, 90))
    assert {item.triage.subject_id: item.triage.backlog for item in desk.ledger.rows} == {"d1": True, "d2": False}
    await desk.round([silent("d1", 20), silent("d2", 31), silent("d3", 15)], {}, stale_days=(14, 90))
    assert not next(item for item in desk.ledger.rows if item.triage.subject_id == "d3").triage.backlog


async def test_backlog_goes_on_in_silence_and_becomes_live_past_its_limit_from_the_first_sweep(
    desk: CauseDesk,
) -> None:
    await desk.round(failing(*names(300)), why(names(300), VERSION))
    await desk.round(failing(*names(590)), why(names(590), VERSION))
    assert desk.cause().label is Label.BACKLOG
    await desk.round(failing(*names(601)), why(names(601), VERSION))
    cause = desk.cause()
    assert (cause.label, cause.needs_action) == (Label.NEW, True)
    changed = [event for event in desk.told() if event.event == "item.changed" and event.why == "more devices"]
    assert [(event.data["base"], event.data["now"]) for event in changed] == [(300, 601)]


async def test_backlog_becomes_live_when_it_gets_worse_or_somebody_takes_it(desk: CauseDesk) -> None:
    await desk.round(failing("d1", "d2", severity=Severity.LOW), {})
    await desk.round([*failing("d1"), *failing("d2", severity=Severity.LOW)], {})
    worse, same = sorted(desk.ledger.rows, key=lambda item: item.triage.subject_id)
    assert (worse.label, worse.needs_action, same.label) == (Label.NEW, True, Label.BACKLOG)
    await desk.do("ack", same)
    assert not desk.ledger.triage[same.key].backlog


async def test_backlog_that_clears_is_resolved_at_once_and_burns_down(desk: CauseDesk) -> None:
    many = names(300)
    await desk.round(failing(*many), why(many, VERSION))
    left = names(100)
    await desk.round(failing(*left), why(left, VERSION), well=names(200, 100))
    backlog = desk.picture().backlog
    assert backlog is not None
    assert (backlog.at_start, backlog.open) == (300, 100)
    assert backlog.expected(backlog.since + timedelta(days=15)) == 150
    await desk.round(causes={}, well=many)
    assert desk.top() == []


async def test_posts_of_the_first_reading_ask_nothing_and_later_ones_do(tmp_path: Path) -> None:
    desk = CauseDesk(tmp_path / "work", sources=("devices", "messages"))
    soon = desk.now + timedelta(days=5)
    old, new = (Post(id=id_, title=id_, act_by=soon, changed=desk.now) for id_ in ("MC1", "MC2"))
    await desk.round(others=[Reading(source="messages", mode="sweep", posts=[old])])
    assert inbox(desk.picture(), desk.now) == ()
    await desk.round(others=[Reading(source="messages", mode="sweep", posts=[old, new])])
    assert [row.key for row in inbox(desk.picture(), desk.now)] == ["MC2"]
