"""Defender and firewalls by their reports: one item per device, judged row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain import words
from omconsole.domain.items import Item, Severity
from omconsole.errors import GraphForbidden, GraphProtocolError, GraphRejected
from omconsole.graph import Round
from omconsole.graph.protection_members import DEVICE_STATE, FIREWALL_STATUS, PRODUCT_STATUS, flag, flags_of, known
from omconsole.signals.defender import NO_TROUBLE, DefenderSignal
from omconsole.signals.firewall import FirewallSignal
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import DAY, HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, triage_of

if TYPE_CHECKING:
    from omconsole.domain.items import Observation
    from omconsole.graph import ManagedDevice
    from omconsole.signals.reading import Reading

AGENTS, FIREWALLS = "getUnhealthyDefenderAgentsReport", "getUnhealthyFirewallReport"
FLEET = (device("d1"), device("d2"), device("d3"))
REPORTED = "2026-11-22T08:41:00.1234567Z"


def agent(device_id: Any, **changes: Any) -> dict[str, Any]:
    """A device on which all is well, but for the changes."""
    return {
        "DeviceName": f"PC-{device_id}",
        "DeviceState": 0,
        "DeviceState_loc": "Sauber",
        "ProductStatus": 1 << 19,
        "MalwareProtectionEnabled": True,
        "RealTimeProtectionEnabled": True,
        "NetworkInspectionSystemEnabled": True,
        "TamperProtectionEnabled": True,
        "SignatureUpdateOverdue": False,
        "LastReportedDateTime": REPORTED,
        "UPN": "anna@contoso.example",
        "DeviceId": device_id,
        **changes,
    }


def firewall(device_id: Any, status: Any) -> dict[str, Any]:
    return {
        "FirewallStatus_loc": "Aus",
        "FirewallStatus": status,
        "LastReportedDateTime": REPORTED,
        "DeviceName": f"PC-{device_id}",
        "UPN": "",
        "DeviceId": device_id,
    }


async def swept(rows: Any, *known_: Observation, fleet: tuple[ManagedDevice, ...] = FLEET) -> Reading:
    signal = DefenderSignal(fleet_of(*fleet), firing(*known_))
    return await signal.sweep(SmallGraph({AGENTS: rows}).client, Round(), NOW, nothing)


async def walls(rows: Any, *known_: Observation, fleet: tuple[ManagedDevice, ...] = FLEET) -> Reading:
    signal = FirewallSignal(fleet_of(*fleet), firing(*known_))
    return await signal.sweep(SmallGraph({FIREWALLS: rows}).client, Round(), NOW, nothing)


def told(seen: Observation) -> str:
    return words.title(Item(triage=triage_of(seen), seen=seen))


async def test_a_device_whose_defender_is_not_healthy_is_an_item_that_says_why() -> None:
    off = agent("d1", RealTimeProtectionEnabled=False, SignatureUpdateOverdue=True, ProductStatus=32 | 64)
    reading = await swept([off, agent("d9", DeviceState=2, ProductStatus=8)])
    assert (reading.status, reading.complete, reading.items, reading.error) == ("ok", True, 2, None)
    first, second = reading.observations
    assert (first.kind, first.severity, first.sub_key) == ("protection.unhealthy", Severity.MEDIUM, "")
    assert (first.subject_name, first.user, first.platform) == ("LAP-d1", "d1@contoso.example", "Windows")
    assert first.evidence_at is not None
    assert first.evidence_at.isoformat() == "2026-11-22T08:41:00.123457+00:00"
    assert first.facts["ProductStatus"] == "avSignaturesOutOfDate, asSignaturesOutOfDate"
    assert first.facts["RealTimeProtectionEnabled"] is False
    assert told(first) == "LAP-d1 · Defender: real-time protection off, signatures out of date"
    assert (second.subject_name, second.user) == ("PC-d9", "anna@contoso.example")
    assert told(second) == "PC-d9 · Defender: restart pending"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"MalwareProtectionEnabled": False}, "malware protection off"),
        ({"NetworkInspectionSystemEnabled": 0}, "network inspection off"),
        ({"TamperProtectionEnabled": "False"}, "tamper protection off"),
        ({"SignatureUpdateOverdue": "true"}, "signatures out of date"),
        ({"DeviceState": "Critical"}, "critical state"),
        ({"DeviceState": "rebootPending, FullScanPending"}, "full scan pending, restart pending"),
        ({"ProductStatus": 128 | 256 | 1}, "service not running, quick scan overdue and 1 more"),
        ({"ProductStatus": "PlatformOutOfDate,SamplesPendingSubmission"}, "version out of date"),
    ],
)
async def test_what_is_wrong_is_said_in_words(changes: dict[str, Any], said: str) -> None:
    (seen,) = (await swept([agent("d1", **changes)])).observations
    assert told(seen) == f"LAP-d1 · Defender: {said}"


@pytest.mark.parametrize("names", [DEVICE_STATE, PRODUCT_STATUS])
async def test_every_flag_is_no_trouble_or_has_words(names: dict[int, str]) -> None:
    column = "DeviceState" if names is DEVICE_STATE else "ProductStatus"
    for bit, member in names.items():
        for value in (bit, str(bit), member, member[0].upper() + member[1:]):
            reading = await swept([agent("d1", **{column: value})])
            assert [bool(reading.observations), reading.error] == [member not in NO_TROUBLE, None], value
            for seen in reading.observations:
                assert seen.facts["failing"] == [member]
                assert told(seen) != f"LAP-d1 · Defender: {member}"


async def test_a_device_that_is_well_in_every_respect_is_no_problem_and_clear() -> None:
    known_ = (await swept([agent("d1", DeviceState=16)])).observations
    reading = await swept([agent("d1"), agent("d2")], *known_)
    assert (reading.complete, reading.observations, reading.subjects) == (True, [], {"d1", "d2"})
    assert not reading.withheld


@pytest.mark.parametrize(
    "changes",
    [
        {"RealTimeProtectionEnabled": None},
        {"RealTimeProtectionEnabled": "perhaps"},
        {"DeviceState": None},
        {"DeviceState": 64},
        {"DeviceState": "brandNew"},
        {"ProductStatus": 1 << 30},
        {"ProductStatus": "noStatus, brandNew"},
    ],
)
async def test_what_a_row_does_not_say_or_nobody_knows_changes_nothing(changes: dict[str, Any]) -> None:
    known_ = (await swept([agent("d1", DeviceState=16)])).observations
    reading = await swept([agent("d1", **changes)], *known_)
    assert (reading.status, reading.complete, reading.observations) == ("ok", True, [])
    assert reading.withheld == {("d1", "protection.unhealthy")}
    (value,) = changes.values()
    assert ("change nothing" in (reading.error or "")) == (value is not None)


async def test_what_is_bad_counts_beside_what_nobody_knows() -> None:
    reading = await swept([agent("d1", DeviceState="brandNew", RealTimeProtectionEnabled=False)])
    assert len(reading.observations) == 1
    assert "DeviceState: brandNew" in (reading.error or "")


async def test_devices_are_judged_a_day_after_their_enrolment() -> None:
    fleet = (device("d1", enrolled_date_time=NOW - 23 * HOUR), device("d2", enrolled_date_time=NOW - DAY))
    reading = await swept([agent("d1", DeviceState=16), agent("d2", DeviceState=16)], fleet=fleet)
    assert [seen.subject_id for seen in reading.observations] == ["d2"]
    reading = await walls([firewall("d1", 1), firewall("d2", 1)], fleet=fleet)
    assert [seen.subject_id for seen in reading.observations] == ["d2"]


async def test_what_the_report_no_longer_shows_is_there_and_waits_for_the_next_one() -> None:
    known_ = (await swept([agent("d1", DeviceState=16), agent("d9", DeviceState=16)])).observations
    reading = await swept([], *known_)
    assert (reading.complete, reading.subjects, reading.present) == (True, set(), {"d1"})


@pytest.mark.parametrize("broken", [{"DeviceId": None}, {"DeviceState": [1]}, {"SignatureUpdateOverdue": {}}])
async def test_a_damaged_row_is_partial_and_clears_nobody(broken: dict[str, Any]) -> None:
    reading = await swept([agent("d1"), agent("d2", **broken)])
    assert (reading.status, reading.complete) == ("partial", False)
    assert {device_ for device_, _family in reading.withheld} == reading.subjects >= {"d1"}


async def test_a_report_without_its_columns_is_none() -> None:
    with pytest.raises(GraphProtocolError, match="ProductStatus"):
        await swept([{"DeviceId": "d1", "DeviceName": "x"}])
    with pytest.raises(GraphProtocolError, match="FirewallStatus"):
        await walls([{"DeviceId": "d1", "DeviceName": "x"}])


async def test_without_the_permission_or_the_report_the_source_says_so() -> None:
    with pytest.raises(GraphForbidden):
        await swept(refused(403, "no"))
    with pytest.raises(GraphRejected):
        await walls(refused(404, "no"))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (1, "firewall off"),
        ("1", "firewall off"),
        ("Disabled", "firewall off"),
        (2, "firewall does not cover all networks or rules"),
        ("limited", "firewall does not cover all networks or rules"),
        (3, "firewall temporarily off on some networks"),
        ("Temporarily Disabled (default)", "firewall temporarily off on some networks"),
        ("temporarilyDisabled", "firewall temporarily off on some networks"),
    ],
)
async def test_a_firewall_that_is_off_and_one_that_is_limited_differ(status: Any, said: str) -> None:
    reading = await walls([firewall("d1", status)])
    (seen,) = reading.observations
    assert (seen.kind, seen.severity, reading.error) == ("protection.firewall-off", Severity.MEDIUM, None)
    assert told(seen) == f"LAP-d1 · {said}"


@pytest.mark.parametrize("status", [0, 4, "Enabled", "enabled", "notApplicable", "Not applicable"])
async def test_a_firewall_that_is_on_or_that_nobody_can_ask_is_clear(status: Any) -> None:
    reading = await walls([firewall("d1", status)])
    assert (reading.observations, reading.subjects, reading.withheld) == ([], {"d1"}, set())


@pytest.mark.parametrize("status", [None, 9, "brandNew", ""])
async def test_a_firewall_of_no_known_state_changes_nothing(status: Any) -> None:
    reading = await walls([firewall("d1", status)])
    assert (reading.status, reading.complete, reading.observations) == ("ok", True, [])
    assert reading.withheld == {("d1", "protection.firewall-off")}


def test_flags_and_members_are_read_by_number_and_by_name() -> None:
    assert flags_of(DEVICE_STATE, 0) == flags_of(DEVICE_STATE, "Clean") == ("clean",)
    assert (
        flags_of(DEVICE_STATE, 18) == flags_of(DEVICE_STATE, "critical,RebootPending") == ("rebootPending", "critical")
    )
    for value in (-1, 32, "clean, other", "", None):
        assert flags_of(DEVICE_STATE, value) is None
    for number, name in FIREWALL_STATUS.items():
        spellings = (number, str(number), name, name.upper(), name[0].upper() + name[1:])
        assert {known(FIREWALL_STATUS, each) for each in spellings} == {name}
    assert known(FIREWALL_STATUS, "other") is known(FIREWALL_STATUS, 99) is known(FIREWALL_STATUS, None) is None
    assert [flag(each) for each in (True, 1, "True", False, 0, "false", 2, "x", None)] == [
        *(True, True, True, False, False, False, None, None, None),
    ]
