"""Causes: what many items share is one item, which folds them, grows in silence, and alarms again when it is worse."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omconsole.domain.causes import limit, severity
from omconsole.domain.changes import Change, Resource
from omconsole.domain.events import Event
from omconsole.domain.inbox import inbox
from omconsole.domain.items import Condition, Handling, Item, Label, Severity
from omconsole.domain.standings import CauseId, CauseThresholds, Standing
from omconsole.poll.intake import Intake
from omconsole.store import Store
from tests.unit.cause_desk import FIREWALL, NOON, VERSION, CauseDesk, failing, names
from tests.unit.domain_builders import observation

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.items import Cause, Observation
    from omconsole.domain.ledger import Ledger

SWEPT = ["other"]
"""A device that is well, so that the first sweep is over before anything fails."""


@pytest.fixture
async def desk(tmp_path: Path) -> CauseDesk:
    """After an uneventful first sweep: what comes now is news."""
    desk = CauseDesk(tmp_path / "work")
    await desk.round(causes={}, well=SWEPT)
    return desk


def why(devices: list[str], *causes: Cause) -> dict[str, tuple[Cause, ...]]:
    return dict.fromkeys(devices, causes)


async def test_five_that_share_a_setting_are_one_row_with_the_members_under_it(desk: CauseDesk) -> None:
    five = names(5)
    await desk.round(failing(*five), why(five, VERSION))
    cause = desk.cause()
    assert desk.top() == [cause]
    assert (cause.triage.firing, cause.label, cause.needs_action) == (5, Label.NEW, True)
    members = desk.picture().members[cause.id]
    assert {member.triage.subject_id for member in members} == set(five)
    assert {member.label for member in members} == {Label.SUPPRESSED}
    assert not any(member.needs_action for member in members)
    assert {member.triage.handling for member in members} == {Handling.OPEN}


async def test_four_that_share_a_setting_stand_for_themselves(desk: CauseDesk) -> None:
    four = names(4)
    await desk.round(failing(*four), why(four, VERSION))
    assert {item.triage.kind for item in desk.top()} == {"device.noncompliant"}


async def test_an_item_folds_only_when_every_cause_it_has_is_firing(desk: CauseDesk) -> None:
    five = names(5)
    causes = why(five, VERSION)
    causes["d0"] = (VERSION, FIREWALL)
    await desk.round(failing(*five), causes)
    alone = [item for item in desk.top() if not item.is_cause]
    assert [item.triage.subject_id for item in alone] == ["d0"]
    assert desk.cause().triage.firing == 5


async def test_members_that_join_and_leave_in_a_round_are_one_event(desk: CauseDesk) -> None:
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    before = len(desk.told())
    await desk.round(failing(*names(9, 2)), why(names(9, 2), VERSION), well=["d0", "d1"])
    moved = [event for event in desk.told()[before:] if event.event == "item.members"]
    assert len(moved) == 1
    assert (len(moved[0].data["joined"]), len(moved[0].data["left"]), moved[0].data["firing"]) == (5, 2, 9)


async def test_a_cause_clears_with_its_last_member_and_stays_to_be_seen_when_it_was_high(desk: CauseDesk) -> None:
    many = names(60)
    await desk.round(failing(*many), why(many, VERSION))
    assert desk.cause().triage.severity is Severity.HIGH
    await desk.round(causes={}, well=many)
    cause = desk.cause()
    assert (cause.label, cause.needs_action) == (Label.CLEARED, True)
    desk.now += timedelta(hours=24)
    await desk.round(causes={}, well=many)
    assert desk.top() == []
    assert [event.actor_kind for event in desk.told() if event.event == "item.resolved"] == ["timer"]


async def test_a_cause_goes_on_with_fewer_than_five_until_the_last_is_gone(desk: CauseDesk) -> None:
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    await desk.round(failing("d0"), why(["d0"], VERSION), well=names(5, 1))
    assert desk.cause().triage.firing == 1
    assert len(desk.top()) == 1


@pytest.mark.parametrize(
    ("devices", "fleet", "expected"),
    [
        (5, 20_000, Severity.MEDIUM),
        (49, 20_000, Severity.MEDIUM),
        (50, 20_000, Severity.HIGH),
        (10, 1_000, Severity.HIGH),
        (9, 500, Severity.MEDIUM),
        (999, 20_000, Severity.HIGH),
        (1_000, 20_000, Severity.CRITICAL),
        (49, 500, Severity.HIGH),
        (50, 500, Severity.CRITICAL),
        (50, 0, Severity.HIGH),
    ],
)
def test_severity_is_by_share_of_the_fleet(devices: int, fleet: int, expected: Severity) -> None:
    standing = Standing(CauseId("cause.compliance", "p", "s"), "p", devices=set(names(devices)))
    assert severity(standing, fleet, CauseThresholds()) is expected


async def test_items_of_one_kind_and_platform_that_share_nothing_else_fold_as_high_as_their_worst(
    desk: CauseDesk,
) -> None:
    phones = failing(*names(5), kind="device.jailbroken", severity=Severity.HIGH, platform="Android")
    await desk.round(phones, {})
    cause = desk.cause("cause.kind")
    assert (cause.triage.severity, cause.triage.firing, cause.needs_action) == (Severity.HIGH, 5, True)
    assert desk.top() == [cause]


async def test_malware_on_many_devices_is_one_row_and_on_few_a_row_each(desk: CauseDesk) -> None:
    malware = failing(*names(4), kind="protection.malware", source="devices", severity=Severity.HIGH, sub_key="Sim.A")
    await desk.round(malware)
    assert len(desk.picture().alerts) == 4
    worst = failing("d9", kind="protection.malware", source="devices", severity=Severity.CRITICAL, sub_key="Sim.B")
    await desk.round([*malware, *worst])
    cause = desk.cause("cause.kind")
    assert (cause.triage.severity, cause.triage.firing, cause.needs_action) == (Severity.CRITICAL, 5, True)
    assert desk.picture().alerts == ()


async def test_what_needs_no_action_does_not_fold_by_kind(desk: CauseDesk) -> None:
    await desk.round(failing(*names(8), kind="device.stale", severity=Severity.LOW), {})
    assert len(desk.top()) == 8


# --- one verb ---------------------------------------------------------------------------------------------------------


async def test_an_acknowledged_cause_doubles_in_silence_and_alarms_once_beyond(desk: CauseDesk) -> None:
    """1,100 of 20,000 devices: one event; 2,100 without another word; past 2,200 once, with the reason."""
    await desk.round(failing(*names(1_100)), why(names(1_100), VERSION))
    before = len(desk.told())
    await desk.do("ack", desk.cause())
    assert [event.event for event in desk.told()[before:]] == ["item.acked"]
    await desk.round(failing(*names(2_100)), why(names(2_100), VERSION))
    cause = desk.cause()
    assert (cause.label, cause.needs_action, cause.triage.firing) == (Label.ACK, False, 2_100)
    assert inbox(desk.picture(), desk.now) == ()
    await desk.round(failing(*names(2_201)), why(names(2_201), VERSION))
    cause = desk.cause()
    assert (cause.label, cause.needs_action) == (Label.REOPENED, True)
    again = [event for event in desk.told() if event.event == "item.reopened"]
    assert [(event.why, event.data["base"], event.data["now"], event.data["limit"]) for event in again] == [
        ("more devices", 1_100, 2_201, 2_200)
    ]
    await desk.round(failing(*names(2_300)), why(names(2_300), VERSION))
    assert len([event for event in desk.told() if event.event == "item.reopened"]) == 1


async def test_a_new_platform_is_worse(desk: CauseDesk) -> None:
    await desk.round(failing(*names(10)), why(names(10), VERSION))
    await desk.do("ack", desk.cause())
    seen = [*failing(*names(10)), *failing("m1", platform="macOS")]
    await desk.round(seen, {**why(names(10), VERSION), "m1": (VERSION,)})
    assert desk.cause().label is Label.REOPENED
    assert [event.why for event in desk.told() if event.event == "item.reopened"] == ["another platform"]


async def test_a_higher_severity_is_worse(desk: CauseDesk) -> None:
    await desk.round(failing(*names(30)), why(names(30), VERSION))
    await desk.do("ack", desk.cause())
    await desk.round(failing(*names(55)), why(names(55), VERSION))
    assert (desk.cause().label, desk.cause().triage.severity) == (Label.REOPENED, Severity.HIGH)


async def test_a_verb_on_a_member_takes_it_out_until_it_clears(desk: CauseDesk) -> None:
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    member = desk.picture().members[desk.cause().id][0]
    await desk.do("ack", member)
    alone = [item for item in desk.top() if not item.is_cause]
    assert [(item.id, item.label) for item in alone] == [(member.id, Label.ACK)]
    device = member.triage.subject_id
    rest = [name for name in names(6) if name != device]
    await desk.round(failing(*rest), why(rest, VERSION), well=[device])
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    assert desk.top() == [desk.cause()]


async def test_a_cause_resolved_while_it_fires_is_gone_for_its_members_and_comes_back_two_sweeps_later(
    desk: CauseDesk,
) -> None:
    five = names(5)
    await desk.round(failing(*five), why(five, VERSION))
    await desk.do("resolve", desk.cause(), "a test group")
    assert len(desk.top()) == 5
    await desk.round(failing(*five), why(five, VERSION))
    assert len([item for item in desk.top() if not item.is_cause]) == 5
    await desk.round(failing(*five), why(five, VERSION))
    assert (desk.cause().label, len(desk.top())) == (Label.REOPENED, 1)


# --- who is counted ---------------------------------------------------------------------------------------------------


async def test_a_stale_device_folds_its_other_items_and_is_counted_nowhere(desk: CauseDesk) -> None:
    six = names(6)
    stale = observation("d5", "device.stale", severity=Severity.LOW)
    rooted = observation("d5", "device.jailbroken", severity=Severity.HIGH)
    await desk.round([*failing(*six), stale, rooted], why(six, VERSION))
    assert desk.cause().triage.firing == 5
    parent = next(item for item in desk.top() if item.triage.kind == "device.stale")
    assert [item.triage.kind for item in desk.picture().members[parent.id]] == ["device.noncompliant"]
    assert "device.jailbroken" in {item.triage.kind for item in desk.top()}
    await desk.round([*failing(*six), rooted], why(six, VERSION), well=["d5"])
    assert desk.cause().triage.firing == 6


async def test_a_device_with_two_failing_settings_is_under_both_causes(desk: CauseDesk) -> None:
    five = names(5)
    await desk.round(failing(*five), why(five, VERSION, FIREWALL))
    causes = desk.top()
    assert [item.triage.firing for item in causes] == [5, 5]
    assert all(len(desk.picture().members[item.id]) == 5 for item in causes)


async def test_without_the_reasons_the_devices_fold_by_kind_until_the_reasons_come(desk: CauseDesk) -> None:
    five = names(5)
    await desk.round(failing(*five))
    assert desk.cause("cause.kind").triage.firing == 5
    await desk.round(failing(*five), why(five, VERSION))
    assert desk.top() == [desk.cause("cause.compliance")]
    ended = [event for event in desk.told() if event.event == "item.cleared"]
    assert [event.why for event in ended] == ["explained otherwise"]


async def test_news_without_a_reason_make_the_source_of_reasons_worth_asking_once(desk: CauseDesk) -> None:
    async with desk.store.writing(desk.ledger) as writing:
        writing.append([Event(event="source.state", ref="compliance", to="ok")], desk.now)
    await desk.round(failing("d1"))
    assert desk.causing.wanted == {"compliance"}
    await desk.round(failing("d1"), {})
    await desk.round(failing("d1"))
    assert desk.causing.wanted == frozenset()


async def test_while_a_cause_grows_the_audit_log_is_worth_asking_every_five_minutes(tmp_path: Path) -> None:
    from omconsole.signals.reading import Reading

    desk = CauseDesk(tmp_path / "work", sources=("devices", "compliance", "audit"))
    async with desk.store.writing(desk.ledger) as writing:
        writing.append([Event(event="source.state", ref="audit", to="ok")], desk.now)
    await desk.round(causes={}, well=SWEPT, others=[Reading(source="audit", mode="sweep")])
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    assert desk.causing.wanted == {"audit"}
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    assert desk.causing.wanted == frozenset()


async def test_the_audit_events_that_touched_the_policy_stand_beside_the_cause(desk: CauseDesk) -> None:
    five = names(5)
    touched = Resource("DeviceCompliancePolicy", "p-version", "Windows", (("OsMinimumVersion", "22621", "22631"),))
    other = Resource("DeviceCompliancePolicy", "p-other", "iOS")
    changes = [
        Change("c1", NOON, "k-admin@contoso.example", "Patch DeviceCompliancePolicy", "Patch", resources=(touched,)),
        Change("c2", NOON, "k-admin@contoso.example", "Patch DeviceCompliancePolicy", "Patch", resources=(other,)),
        Change("c3", NOON - timedelta(days=3), "x@contoso.example", "Patch", "Patch", resources=(touched,)),
    ]
    since = NOON + timedelta(minutes=20)
    await desk.round(failing(*five, first_seen=since), why(five, VERSION), changes=changes)
    await desk.round(failing(*five, first_seen=since), why(five, VERSION))
    seen = desk.cause().seen
    assert seen is not None
    assert [(each["actor"], each["properties"]) for each in seen.facts["changes"]] == [
        ("k-admin@contoso.example", [["OsMinimumVersion", "22621", "22631"]])
    ]


# --- an outage --------------------------------------------------------------------------------------------------------


def outage(**facts: object) -> Observation:
    return observation(
        "IT1",
        "service.incident",
        source="service",
        subject_type="serviceIssue",
        severity=Severity.HIGH,
        platform=None,
        facts={
            "service": "Microsoft Intune",
            "feature": "Device enrollment",
            "startDateTime": NOON.isoformat(),
            **facts,
        },
    )


async def test_an_open_incident_folds_what_it_explains_and_gives_it_back(tmp_path: Path) -> None:
    from omconsole.signals.reading import Reading

    desk = CauseDesk(tmp_path / "work", sources=("devices", "service", "enrollment"))
    await desk.round(
        well=SWEPT, others=[Reading(source="service", mode="sweep"), Reading(source="enrollment", mode="sweep")]
    )
    failed = [
        observation(
            f"u{n}",
            "enrollment.failed",
            source="enrollment",
            subject_type="user",
            sub_key=f"m{n}",
        )
        for n in range(3)
    ]
    incident = outage()
    shown = Reading(source="service", mode="sweep", observations=[incident], subjects={"IT1"})
    enrolling = Reading(
        source="enrollment", mode="sweep", observations=failed, subjects={each.subject_id for each in failed}
    )
    await desk.round(failing("d1"), others=[shown, enrolling])
    picture = desk.picture()
    (alert,) = picture.alerts
    assert {item.triage.kind for item in picture.issues} == {"device.noncompliant"}
    assert len(picture.members[alert.id]) == 3
    over = Reading(source="service", mode="sweep", subjects={"IT1"})
    await desk.round(failing("d1"), others=[over])
    assert len(desk.top()) == 4


# --- replay -----------------------------------------------------------------------------------------------------------


async def test_replay_rebuilds_causes_and_what_folds(tmp_path: Path, desk: CauseDesk) -> None:
    await desk.round(failing(*names(40)), why(names(40), VERSION))
    await desk.do("ack", desk.cause())
    await desk.round(failing(*names(30, 5)), why(names(30, 5), VERSION), well=names(5))
    again = Store.open(desk.directory, tenant="contoso", profile="work", read_only=True).load_now()
    assert again.triage == desk.ledger.triage
    assert _folded(again) == _folded(desk.ledger)


def _folded(ledger: Ledger) -> dict[str, tuple[str, ...]]:
    return {item.id: item.suppressed_by for item in ledger.rows}


@given(st.integers(0, 30_000), st.integers(0, 200_000))
def test_the_limit_never_forgives_more_than_the_law(base: int, fleet: int) -> None:
    assert limit(base, fleet) == max(2 * base, base + 50, base + int(fleet / 100))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(st.integers(0, 11), st.sampled_from(["v", "f", "vf", ""])), min_size=1, max_size=5))
async def test_whatever_rounds_bring_folding_is_what_the_observations_say(rounds: list[dict[int, str]]) -> None:
    """After each round: an item folds exactly when it has causes and each of them fires; no row is lost or doubled."""
    import tempfile
    from pathlib import Path

    known = {"v": VERSION, "f": FIREWALL}
    with tempfile.TemporaryDirectory() as folder:
        desk = CauseDesk(Path(folder) / "work")
        laid: dict[str, tuple[Cause, ...]] = {}
        lost: set[str] = set()
        for each in rounds:
            devices = [f"d{n}" for n in each]
            causes = {f"d{n}": tuple(known[letter] for letter in letters) for n, letters in each.items()}
            well = [f"d{n}" for n in range(12) if n not in each]
            await desk.round(failing(*devices), causes, well=well)
            for device in [name for name in laid if name not in causes]:
                del laid[device]
                lost.discard(device)
            for device, named in causes.items():
                missing = tuple(cause for cause in laid.get(device, ()) if cause not in named)
                # What one whole report does not name any more stays until a second does not.
                laid[device] = (*named, *missing) if missing and device not in lost else named
                (lost.add if missing and device not in lost else lost.discard)(device)
            _holds(desk, laid)
        desk.store.close()


def _holds(desk: CauseDesk, causes: dict[str, tuple[Cause, ...]]) -> None:
    picture = desk.picture()
    folded = {member.key for members in picture.members.values() for member in members}
    top = {item.key for item in picture.issues}
    assert not folded & top
    assert folded | top == {item.key for item in desk.ledger.rows}
    firing: dict[str, Item] = {
        item.triage.subject_id: item for item in picture.issues if item.is_cause and item.condition is Condition.FIRING
    }
    for item in desk.ledger.rows:
        if item.is_cause:
            continue
        mine = causes[item.triage.subject_id]
        assert item.seen is not None
        assert {cause.id for cause in item.seen.causes} == {cause.id for cause in mine}
        by_setting = bool(mine) and all(cause.id in firing for cause in mine)
        by_kind = "device.noncompliant" in firing and not any(cause.id in firing for cause in mine)
        assert bool(item.suppressed_by) == (by_setting or by_kind), item


# --- what a lost cache, an empty report and a colleague must not do ---------------------------------------------------


async def test_a_cause_outlives_the_cache_of_what_its_sources_showed(desk: CauseDesk) -> None:
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    await desk.do("ack", desk.cause())
    desk.ledger.seen.clear()
    desk.ledger.rebuild()
    await desk.round(others=[])
    cause = desk.cause()
    assert (cause.label, cause.triage.firing) == (Label.ACK, 6)
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    assert desk.top() == [desk.cause()]
    assert [event.event for event in desk.told() if event.event in {"item.cleared", "item.reopened"}] == []


async def test_a_cause_outlives_a_lost_cache_also_when_its_devices_are_read_before_its_reasons(desk: CauseDesk) -> None:
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    await desk.do("ack", desk.cause())
    desk.ledger.seen.clear()
    desk.ledger.rebuild()
    desk.intake = Intake("contoso", desk.ledger, desk.store)
    await desk.round(failing(*names(6)))
    assert (desk.cause().label, desk.top()) == (Label.ACK, [desk.cause()])
    await desk.round(failing(*names(6)), why(names(6), VERSION))
    assert desk.cause().label is Label.ACK
    assert [event.event for event in desk.told() if event.event in {"item.cleared", "item.reopened"}] == []


async def test_one_empty_report_of_reasons_ends_no_cause(desk: CauseDesk) -> None:
    many = names(60)
    await desk.round(failing(*many), why(many, VERSION))
    await desk.do("ack", desk.cause())
    await desk.round(failing(*many), {})
    await desk.round(failing(*many), {})
    assert (desk.cause().label, desk.top()) == (Label.ACK, [desk.cause()]), "most vanished at once: a third one decides"
    await desk.round(failing(*many), why(many, VERSION))
    assert desk.cause().label is Label.ACK


async def test_rooted_devices_stay_in_sight_whatever_microsoft_has_broken(tmp_path: Path) -> None:
    from omconsole.signals.reading import Reading

    desk = CauseDesk(tmp_path / "work", sources=("devices", "service"))
    await desk.round(well=SWEPT, others=[Reading(source="service", mode="sweep")])
    incident = outage(feature="Device management")
    shown = Reading(source="service", mode="sweep", observations=[incident], subjects={"IT1"})
    rooted = failing(*names(6), kind="device.jailbroken", severity=Severity.HIGH, platform="Android")
    await desk.round([*rooted, *failing("d9")], others=[shown])
    assert [item.triage.subject_id for item in desk.top()] == ["device.jailbroken"]
    rows = [row.triage.kind for row in inbox(desk.picture(), desk.now) if isinstance(row, Item)]
    assert sorted(rows) == ["cause.kind", "service.incident"]


async def test_failures_of_many_kinds_fold_under_the_outage_by_what_they_are_about(tmp_path: Path) -> None:
    from omconsole.signals.reading import Reading

    desk = CauseDesk(tmp_path / "work", sources=("devices", "service", "enrollment"))
    quiet = [Reading(source="service", mode="sweep"), Reading(source="enrollment", mode="sweep")]
    await desk.round(well=SWEPT, others=quiet)
    failed = [
        observation(f"u{n}", "enrollment.failed", source="enrollment", subject_type="user", sub_key=f"m{n}")
        for n in range(6)
    ]
    shown = Reading(source="service", mode="sweep", observations=[outage()], subjects={"IT1"})
    enrolling = Reading(source="enrollment", mode="sweep", observations=failed, subjects={f"u{n}" for n in range(6)})
    await desk.round(others=[shown, enrolling])
    picture = desk.picture()
    assert picture.issues == ()
    assert picture.behind(picture.alerts[0]) == 6


async def test_nobody_makes_an_item_fire_by_the_words_of_a_reason(desk: CauseDesk) -> None:
    await desk.round(failing("d1", severity=Severity.CRITICAL), {})
    (item,) = desk.top()
    await desk.round(causes={}, well=["d1"])
    await desk.do("ack", desk.top()[0])
    await desk.do("reopen", item, "firing again")
    assert desk.ledger.triage[item.key].condition is Condition.CLEAR


async def test_a_cause_that_old_failures_join_begins_when_they_joined_and_is_news(desk: CauseDesk) -> None:
    old = failing(*names(6), first_seen=NOON - timedelta(days=90))
    await desk.round(old, why(names(6), FIREWALL))
    await desk.round(old, why(names(6), FIREWALL, VERSION))
    fresh = next(item for item in desk.top() if item.triage.subject_id == "p-version")
    assert fresh.triage.first_seen == desk.now
    assert fresh.seen is not None
    assert fresh.seen.facts["onset"] == desk.now.isoformat().replace("+00:00", "Z")
    assert next(item for item in desk.top() if item.triage.subject_id == "p-base").triage.first_seen < NOON


async def test_what_is_known_of_a_change_outlives_the_process_and_eight_later_ones(desk: CauseDesk) -> None:
    touched = Resource("DeviceCompliancePolicy", "p-version", "Windows", (("OsMinimumVersion", "22621", "22631"),))
    guilty = Change("c0", NOON, "k-admin@contoso.example", "Patch", "Patch", resources=(touched,))
    five = failing(*names(5), first_seen=NOON + timedelta(minutes=20))
    await desk.round(five, why(names(5), VERSION), changes=[guilty])
    await desk.round(five, why(names(5), VERSION))
    desk.ledger.changes.clear()
    later = [
        Change(f"c{n}", NOON + timedelta(hours=n), "fixer@contoso.example", "Patch", "Patch", resources=(touched,))
        for n in range(1, 12)
    ]
    await desk.round(five, why(names(5), VERSION), changes=later)
    seen = desk.cause().seen
    assert seen is not None
    assert seen.facts["changes"][0]["actor"] == "k-admin@contoso.example"
    assert len(seen.facts["changes"]) == 8
