"""Users who are blocked fold with their devices under one cause, and count as users, not as devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.inbox import inbox
from omconsole.domain.items import Cause, Label, Observation, Severity
from omconsole.signals.reading import Reading
from tests.unit.cause_desk import FIREWALL, VERSION, CauseDesk, failing, names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LIMIT = Cause("enrollment", "authorization", "authorization", code="DeviceCapReached")


@pytest.fixture
async def desk(tmp_path: Path) -> CauseDesk:
    """After an uneventful first sweep of every source: what comes now is news."""
    desk = CauseDesk(tmp_path / "work", sources=("devices", "compliance", "users", "enrollment"))
    await desk.round(causes={}, well=["other"], others=[blocked(), Reading(source="enrollment", mode="sweep")])
    return desk


def user(number: int, *devices: str, **changes: Any) -> Observation:
    fields: dict[str, Any] = {"kind": "user.blocked", "severity": Severity.HIGH, "facts": {"devices": list(devices)}}
    name = f"u{number}@contoso.example"
    return Observation(
        source="users",
        subject_type="user",
        subject_id=f"u{number}",
        subject_name=name,
        user=name,
        platform="Windows",
        **{**fields, **changes},
    )


def blocked(*seen: Observation, well: Sequence[int] = ()) -> Reading:
    subjects = {each.subject_id for each in seen} | {f"u{number}" for number in well}
    reading = Reading(source="users", mode="sweep", observations=list(seen), subjects=subjects)
    reading.kinds = frozenset({"user.blocked", "user.device-limit"})
    return reading


def one_each(devices: Sequence[str]) -> list[Observation]:
    return [user(number, device) for number, device in enumerate(devices)]


async def test_a_cause_with_blocked_users_is_one_row_and_counts_devices(desk: CauseDesk) -> None:
    six = names(6)
    why: dict[str, tuple[Cause, ...]] = dict.fromkeys(six, (VERSION,))
    await desk.round(failing(*six), why, others=[blocked(*one_each(six))])
    cause = desk.cause()
    assert desk.top() == [cause]
    assert list(inbox(desk.picture(), desk.now)) == [cause]
    assert (cause.triage.firing, len(cause.triage.members)) == (6, 12)
    assert cause.seen is not None
    assert (cause.seen.facts["devices"], cause.seen.facts["users"]) == (6, 7)  # six, and the one whom devices name
    members = desk.picture().members[cause.id]
    assert {each.triage.kind for each in members} == {"device.noncompliant", "user.blocked"}


async def test_blocked_users_alone_make_no_cause_of_too_few_devices(desk: CauseDesk) -> None:
    four = names(4)
    await desk.round(failing(*four), dict.fromkeys(four, (VERSION,)), others=[blocked(*one_each(four))])
    assert not [row for row in desk.top() if row.is_cause]


async def test_fifty_devices_and_as_many_users_are_no_worse_than_fifty_devices(desk: CauseDesk) -> None:
    many = names(49)
    await desk.round(failing(*many), dict.fromkeys(many, (VERSION,)), others=[blocked(*one_each(many))])
    assert desk.cause().triage.severity is Severity.MEDIUM


async def test_reasons_that_come_later_fold_the_devices_and_their_users_in_one_round(desk: CauseDesk) -> None:
    five = names(5)
    await desk.round(failing(*five), others=[blocked(*one_each(five))])
    assert {row.triage.kind for row in desk.top()} == {"cause.kind"}
    await desk.round(failing(*five), dict.fromkeys(five, (VERSION,)))
    assert [row.triage.kind for row in desk.top()] == ["cause.compliance"]


async def test_a_user_has_the_causes_of_all_own_devices_and_folds_when_all_of_them_are_causes(desk: CauseDesk) -> None:
    six = names(6)
    why: dict[str, tuple[Cause, ...]] = dict.fromkeys(six, (VERSION,))
    why["d5"] = (FIREWALL,)
    both = user(9, "d0", "d5")
    await desk.round(failing(*six), why, others=[blocked(both)])
    (shown,) = [row for row in desk.top() if row.triage.kind == "user.blocked"]
    assert shown.seen is not None
    assert {each.id for each in shown.seen.causes} == {VERSION.id, FIREWALL.id}
    why["d5"] = (VERSION,)
    for _twice in range(2):  # a reason that is no longer named goes after two whole reports
        await desk.round(failing(*six), why, others=[blocked(both)])
    assert [row.triage.kind for row in desk.top()] == ["cause.compliance"]


async def test_a_cause_ends_with_its_last_device_and_takes_its_users_along(desk: CauseDesk) -> None:
    five = names(5)
    await desk.round(failing(*five), dict.fromkeys(five, (VERSION,)), others=[blocked(*one_each(five))])
    await desk.round(causes={}, well=five, others=[blocked(well=range(5))])
    (cause,) = desk.top()
    assert (cause.triage.kind, cause.label, cause.needs_action) == ("cause.compliance", Label.CLEARED, False)


async def test_a_user_whose_devices_are_mended_first_stands_alone_and_keeps_no_cause_alive(desk: CauseDesk) -> None:
    five = names(5)
    await desk.round(failing(*five), dict.fromkeys(five, (VERSION,)), others=[blocked(*one_each(five[:1]))])
    await desk.round(causes={}, well=five, others=[blocked(*one_each(five[:1]))])
    (alone,) = desk.top()
    assert (alone.triage.kind, alone.seen is not None and alone.seen.causes) == ("user.blocked", ())


async def test_a_device_limit_folds_with_the_failed_enrolments_and_counts_each_user_once(desk: CauseDesk) -> None:
    failed = [
        user(number, kind="enrollment.failed", severity=Severity.MEDIUM, facts={}, causes=(LIMIT,), sub_key="Windows")
        for number in range(5)
    ]
    enrollment = Reading(source="enrollment", mode="sweep", subjects={each.subject_id for each in failed})
    enrollment.observations = [type(each)(**{**_fields(each), "source": "enrollment"}) for each in failed]
    enrollment.kinds = frozenset({"enrollment.failed"})
    limits = [user(n, kind="user.device-limit", severity=Severity.MEDIUM, facts={}, causes=(LIMIT,)) for n in range(5)]
    await desk.round(causes={}, others=[enrollment, blocked(*limits)])
    (cause,) = desk.top()
    assert (cause.triage.kind, cause.triage.firing, len(cause.triage.members)) == ("cause.enrollment", 5, 10)


def _fields(seen: Observation) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}
