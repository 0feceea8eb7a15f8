"""Windows updates from Graph to observations: what fails, what is paused, what is not covered, what ends nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.domain import words
from omconsole.domain.items import Item, Observation, Severity
from omconsole.errors import GraphForbidden, GraphRejected
from omconsole.graph import Round
from omconsole.graph.update_shapes import DeviceUpdateFailure
from omconsole.signals.os_updates import UpdatesSignal
from omconsole.signals.update_failures import Failures, UpdatePolicy, code_of
from omconsole.signals.update_reports import POLICIES_AT_MOST
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import NOW, firing, nothing, triage_of
from tests.unit.update_graph import (
    COLUMNS,
    FEATURE_DEVICES,
    FEATURE_POLICIES,
    FEATURES,
    QUALITY,
    QUALITY_DEVICES,
    QUALITY_POLICIES,
    UpdateGraph,
    alert,
    policy,
    ring,
)

if TYPE_CHECKING:
    from omconsole.signals.reading import Reading

FAILED, PAUSED = "osupdate.failed", "osupdate.ring-paused"
PROFILE = {"id": "p1", "displayName": "Windows 11"}
PERIODIC = "Quality updates that fail on the devices of a ring: Microsoft Graph reports expedited ones alone."


async def swept(graph: UpdateGraph, *known: Observation) -> Reading:
    return await UpdatesSignal(firing(*known)).sweep(graph.client, Round(), NOW, nothing)


def failing(*alerts: dict[str, Any], **answers: Any) -> UpdateGraph:
    """A tenant with one feature update policy that these alerts are of."""
    return UpdateGraph(
        **{FEATURES: [PROFILE], FEATURE_POLICIES: [policy("p1")], FEATURE_DEVICES: list(alerts), **answers}
    )


def failure(policy_id: str = "p1", code: str = "0x80070070") -> Observation:
    return Observation(
        kind=FAILED,
        source="osupdates",
        severity=Severity.MEDIUM,
        subject_type="policy",
        subject_id=policy_id,
        subject_name="Windows 11",
        sub_key=code,
    )


def title(seen: Observation) -> str:
    return words.title(Item(triage=triage_of(seen), seen=seen), now=NOW)


# --- what fails -----------------------------------------------------------------------------------------------------


async def test_one_item_for_each_policy_and_error() -> None:
    no_code = {"Win32ErrorCode": "0", "AlertMessage": "safeguardHold", "AlertMessage_loc": "Safeguard hold"}
    graph = failing(
        alert("d1"),
        alert("d2", EventDateTimeUTC="2026-11-21 07:00:00.0000000", StartDateTimeUTC=""),
        alert("d2"),
        alert("d3", **no_code),
        alert("d4", **{**no_code, "AlertMessage": "SafeguardHold"}),
    )
    reading = await swept(graph)
    assert (reading.status, reading.complete, reading.error) == ("ok", True, None)
    disk, hold = sorted(reading.observations, key=lambda seen: seen.sub_key)
    assert (disk.kind, disk.subject_type, disk.subject_id, disk.subject_name) == (FAILED, "policy", "p1", "Windows 11")
    assert (disk.sub_key, disk.severity, disk.platform) == ("0x80070070", Severity.MEDIUM, "Windows")
    assert disk.first_seen == datetime(2026, 11, 19, 9, 30, 0, 123456, tzinfo=UTC)
    assert disk.evidence_at == datetime(2026, 11, 21, 7, tzinfo=UTC)
    assert disk.facts == {
        "FeatureUpdateVersion": "Windows 11, version 25H2",
        "AlertMessage": "Disk full",
        "Win32ErrorCode": "0x80070070",
        "devices": 2,
        "deviceNames": "LAP-d1, LAP-d2",
        "StartDateTimeUTC": "2026-11-19T09:30:00.123456Z",
        "EventDateTimeUTC": "2026-11-21T07:00:00Z",
    }
    assert [(each.type, each.id, each.name, each.code) for each in disk.causes] == [
        ("osupdate", "p1", "Windows 11", "0x80070070")
    ]
    assert (hold.sub_key, hold.facts["devices"], hold.facts["Win32ErrorCode"]) == ("SafeguardHold", 2, None)
    assert title(disk) == "Windows 11 · update fails on 2 devices: Disk full (0x80070070)"
    assert title(hold) == "Windows 11 · update fails on 2 devices: Safeguard hold"


async def test_expedited_quality_updates_fail_by_policy_and_error_too() -> None:
    states = [{"PolicyId": "q1", "PolicyName": "Sofort", "ExpediteQUReleaseDate": "11/10/2026"}]
    graph = UpdateGraph(
        **{
            QUALITY: [{"id": "q1", "displayName": ""}],
            QUALITY_POLICIES: [{**states[0], "CountDevicesErrorStatus": 7}],
            QUALITY_DEVICES: [alert(f"d{n}", "q1", Win32ErrorCode="0x80D03002") for n in range(7)],
        }
    )
    reading = await swept(graph)
    [seen] = reading.observations
    assert (seen.subject_name, seen.sub_key, seen.facts["devices"]) == ("Sofort", "0x80D03002", 7)
    assert seen.facts["deviceNames"] == "LAP-d0, LAP-d1, LAP-d2, LAP-d3, LAP-d4, …"
    assert seen.facts["ExpediteQUReleaseDate"] == "11/10/2026"
    assert [name for name, _filter in graph.ordered] == [QUALITY_POLICIES, QUALITY_DEVICES]


async def test_rows_of_other_policies_and_solved_alerts_do_not_count() -> None:
    graph = failing(
        alert("d1", "p2"),
        alert("d2", AlertStatus="resolved"),
        alert("d3", AlertStatus="Deleted"),
        alert("d4", ResolvedDateTimeUTC="2026-11-20 10:00:00"),
        alert("d5", "P1"),
    )
    reading = await swept(graph)
    assert [seen.facts["deviceNames"] for seen in reading.observations] == ["LAP-d5"]
    assert graph.ordered[1] == (FEATURE_DEVICES, "(PolicyId eq 'p1')")
    assert reading.status == "ok"


@pytest.mark.parametrize(
    ("status", "counts", "flawed"),
    [
        *((member, True, False) for member in ("Active", "active", "ACTIVE", None, "", 1, "2")),
        *((member, False, False) for member in ("Resolved", "resolved", "Deleted", "deleted")),
        ("Dismissed", True, True),
    ],
)
def test_the_states_of_an_alert(status: str | int | None, counts: bool, flawed: bool) -> None:
    failures = Failures(UpdatePolicy("p1", "Windows 11", ("FeatureUpdateVersion", None)))
    flaws = failures.add(DeviceUpdateFailure("p1", "d1", alert_message="DiskFull", alert_status=status))
    assert (bool(failures.by_code), bool(flaws)) == (counts, flawed)


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (-2147024784, "DiskFull", "0x80070070"),
        ("-2147024784", "DiskFull", "0x80070070"),
        (2147942512, None, "0x80070070"),
        ("0x80070070", None, "0x80070070"),
        ("8007abcd", None, "0x8007ABCD"),
        ("0x8326CFA2_C3FD", None, "0x8326CFA2"),
        ("0x00000000", "DiskFull", "DiskFull"),
        (0, "diskFull", "DiskFull"),
        (None, 17, "17"),
        (None, "SomethingNew", "SomethingNew"),
        ("unreadable", "DiskFull", "unreadable"),
        (0, None, "unknown"),
        (None, "", "unknown"),
    ],
)
def test_what_tells_errors_apart(error: int | str | None, message: int | str | None, code: str) -> None:
    assert code_of(DeviceUpdateFailure("p1", "d1", win32_error_code=error, alert_message=message)) == code


async def test_a_tenant_without_policies_for_updates_costs_three_requests() -> None:
    graph = UpdateGraph()
    reading = await swept(graph)
    assert (reading.status, reading.complete, reading.uncovered) == ("ok", True, ())
    assert graph.requests == 3


# --- rings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"qualityUpdatesPaused": True}, "quality updates paused"),
        (
            {"qualityUpdatesPaused": True, "qualityUpdatesPauseExpiryDateTime": "2026-12-12T00:00:00Z"},
            "quality updates paused until 12 Dec",
        ),
        (
            {"featureUpdatesPaused": True, "featureUpdatesPauseExpiryDateTime": "2026-12-12T00:00:00.0000000Z"},
            "feature updates paused until 12 Dec",
        ),
        (
            {
                "qualityUpdatesPaused": True,
                "featureUpdatesPaused": True,
                "qualityUpdatesPauseExpiryDateTime": "2026-12-12T00:00:00Z",
                "featureUpdatesPauseExpiryDateTime": "2026-12-24T00:00:00Z",
            },
            "quality updates paused until 12 Dec, feature updates paused until 24 Dec",
        ),
        (
            {
                "qualityUpdatesPaused": True,
                "featureUpdatesPaused": True,
                "qualityUpdatesPauseExpiryDateTime": "2026-12-12T00:00:00Z",
                "featureUpdatesPauseExpiryDateTime": "2026-12-12T00:00:00Z",
            },
            "all updates paused until 12 Dec",
        ),
        ({"qualityUpdatesPaused": True, "featureUpdatesPaused": True}, "all updates paused"),
    ],
)
async def test_a_paused_ring_says_what_and_until_when(changes: dict[str, Any], said: str) -> None:
    reading = await swept(UpdateGraph(deviceConfigurations=[ring(**changes)]))
    [seen] = reading.observations
    assert (seen.kind, seen.subject_id, seen.severity, seen.sub_key) == (PAUSED, "r1", Severity.LOW, "")
    assert title(seen) == f"Ring r1 · {said}"
    assert seen.evidence_at == datetime(2026, 11, 10, 8, 0, 0, 123456, tzinfo=UTC)
    assert reading.status == "ok"
    assert reading.uncovered == (PERIODIC,)


async def test_a_pause_is_over_at_its_end_also_while_the_flag_stays() -> None:
    paused = {"qualityUpdatesPaused": True, "qualityUpdatesPauseStartDate": "2026-10-18"}
    over = ring("r1", **paused, qualityUpdatesPauseExpiryDateTime="2026-11-22T09:41:00Z")
    lasting = ring("r2", **paused, qualityUpdatesPauseExpiryDateTime="2026-11-22T09:42:00Z")
    reading = await swept(UpdateGraph(deviceConfigurations=[over, lasting]))
    assert [(seen.subject_id, seen.first_seen) for seen in reading.observations] == [
        ("r2", datetime(2026, 10, 18, tzinfo=UTC))
    ]
    assert reading.subjects == {"r1", "r2"}
    assert not reading.withheld


async def test_a_ring_counts_by_its_type() -> None:
    other = {**ring("r2", qualityUpdatesPaused=True), "@odata.type": "#microsoft.graph.windows10CustomConfiguration"}
    capital = {**ring("r3", qualityUpdatesPaused=True)}
    capital["@odata.type"] = "#microsoft.graph.WindowsUpdateForBusinessConfiguration"
    reading = await swept(UpdateGraph(deviceConfigurations=[other, capital]))
    assert [seen.subject_id for seen in reading.observations] == ["r3"]
    assert (reading.status, reading.items) == ("ok", 1)
    unknown = {**ring("r4"), "@odata.type": None}
    reading = await swept(UpdateGraph(deviceConfigurations=[unknown]))
    assert (reading.status, reading.complete, reading.subjects) == ("partial", False, set())


async def test_a_ring_that_does_not_say_whether_it_is_paused_ends_nothing() -> None:
    reading = await swept(UpdateGraph(deviceConfigurations=[ring(qualityUpdatesPaused=None)]))
    assert reading.withheld == {("r1", PAUSED)}
    assert (reading.status, reading.complete) == ("partial", False)
    assert "qualityUpdatesPaused" in (reading.error or "")


async def test_a_refused_filter_is_left_out() -> None:
    def rings(request: httpx.Request) -> httpx.Response:
        if "$filter" in request.url.params:
            return refused(400, "no filter", "BadRequest")
        return httpx.Response(200, json={"value": [ring(qualityUpdatesPaused=True)]})

    reading = await swept(UpdateGraph(deviceConfigurations=rings))
    assert [seen.subject_id for seen in reading.observations] == ["r1"]


# --- what cannot be read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_what_a_tenant_does_not_have_is_not_covered_and_the_rings_are(status: int) -> None:
    graph = failing(
        **{FEATURE_POLICIES: refused(status, "No licence.", "Forbidden")},
        deviceConfigurations=[ring(qualityUpdatesPaused=True)],
    )
    reading = await swept(graph, failure())
    assert (reading.status, reading.complete, reading.error) == ("ok", True, None)
    assert [seen.kind for seen in reading.observations] == [PAUSED]
    assert reading.uncovered[0].startswith("Feature updates that fail: ")
    assert reading.withheld == {("p1", FAILED)}


async def test_profiles_that_are_not_to_be_had_do_not_matter() -> None:
    graph = failing(alert("d1"), **{FEATURES: refused(400, "no such segment"), QUALITY: refused(404, "none")})
    reading = await swept(graph)
    assert [seen.subject_name for seen in reading.observations] == ["Policy p1"]
    assert reading.status == "ok"


@pytest.mark.parametrize(("status", "error"), [(403, GraphForbidden), (404, GraphRejected)])
async def test_without_the_rings_the_source_says_why(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        await swept(UpdateGraph(deviceConfigurations=refused(status, "no")))


async def test_a_report_that_fails_makes_the_source_partial_and_ends_nothing() -> None:
    graph = failing(**{FEATURE_POLICIES: refused(500, "down")})
    reading = await swept(graph, failure())
    assert (reading.status, reading.complete) == ("partial", False)
    assert (reading.error or "").startswith("What fails of Windows updates could not be read: ")
    assert reading.withheld == {("p1", FAILED)}


async def test_devices_that_cannot_be_read_leave_their_policy_as_it_was() -> None:
    def devices(filter_: str) -> Any:
        return refused(500, "down") if "p1" in filter_ else [alert("d1", "p2")]

    graph = failing(**{FEATURE_POLICIES: [policy("p1"), policy("p2")], FEATURE_DEVICES: devices})
    reading = await swept(graph, failure("p1"), failure("p2", "0x80240438"))
    assert [seen.subject_id for seen in reading.observations] == ["p2"]
    assert (reading.status, reading.complete) == ("partial", False)
    assert (reading.error or "").startswith("The failures of 1 update policy could not be read, such as Windows 11: ")
    assert reading.withheld == {("p1", FAILED)}
    assert reading.speaks_of("p2", "0x80240438")


async def test_a_throttled_report_makes_the_source_wait() -> None:
    reading = await swept(failing(**{FEATURE_DEVICES: refused(429, "slow down", retry_after="90")}))
    assert reading.status == "throttled"
    assert reading.retry_at == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    "damaged",
    [
        {FEATURE_POLICIES: [policy("p1", "many")]},
        {FEATURE_DEVICES: [alert("d1", AlertStatus="Dismissed")]},
        {FEATURE_DEVICES: [alert("", DeviceName="")]},
        {FEATURE_DEVICES: [alert("d1", "")]},
        {FEATURE_DEVICES: []},
        {"columns": {**COLUMNS, FEATURE_DEVICES: ("PolicyId", "DeviceId", "AlertMessage")}},
        {"columns": {**COLUMNS, FEATURE_POLICIES: ("PolicyId", "PolicyName")}},
    ],
)
async def test_what_is_damaged_is_partial_and_ends_nothing(damaged: dict[str, Any]) -> None:
    reading = await swept(failing(alert("d1"), **damaged), failure(code="0x80240438"))
    assert (reading.status, reading.complete) == ("partial", False)
    assert ("p1", FAILED) in reading.withheld


# --- what ends ------------------------------------------------------------------------------------------------------


async def test_a_policy_that_no_device_fails_is_explicitly_clear() -> None:
    reading = await swept(failing(**{FEATURE_POLICIES: [policy("p1", 0)]}), failure())
    assert reading.speaks_of("p1", "0x80070070")
    assert not reading.withheld
    assert reading.complete


async def test_a_policy_that_is_not_reported_is_fixed_while_its_profile_is_there() -> None:
    reading = await swept(failing(**{FEATURE_POLICIES: []}), failure("p1"), failure("p2"))
    assert reading.complete
    assert reading.present == {"p1"}
    assert not reading.subjects
    reading = await swept(failing(**{FEATURE_POLICIES: [], FEATURES: refused(404, "none")}), failure("p2"))
    assert reading.present == {"p2"}


async def test_many_failing_policies_are_asked_about_in_turns() -> None:
    ids = [f"p{n}" for n in range(POLICIES_AT_MOST + 2)]
    graph = failing(
        **{
            FEATURE_POLICIES: [policy(id_, 10 - n) for n, id_ in enumerate(ids)],
            FEATURE_DEVICES: lambda filter_: [alert("d1", filter_.split("'")[1])],
        }
    )
    signal = UpdatesSignal(firing(*(failure(id_) for id_ in ids)))
    first = await signal.sweep(graph.client, Round(), NOW, nothing)
    assert {seen.subject_id for seen in first.observations} == set(ids[:POLICIES_AT_MOST])
    assert first.withheld == {(id_, FAILED) for id_ in ids[POLICIES_AT_MOST:]}
    assert (first.status, first.complete) == ("partial", False)
    assert first.error == "The failures of 2 update policies come with the next polls, such as Policy p5."
    second = await signal.sweep(graph.client, Round(), NOW, nothing)
    assert {seen.subject_id for seen in second.observations} >= set(ids[POLICIES_AT_MOST:])


async def test_an_increment_reads_the_rings_and_says_nothing_of_failures() -> None:
    graph = failing(alert("d1"))
    signal = UpdatesSignal(firing(failure()))
    first = await signal.increment(graph.client, Round(), NOW, nothing)
    assert first.mode == "sweep"  # there is nothing before it
    graph.tenant.wire.requests.clear()
    reading = await signal.increment(graph.client, Round(), NOW, nothing)
    assert len(graph.tenant.wire.requests) == 1
    assert (reading.mode, reading.status, reading.uncovered) == ("increment", "ok", first.uncovered)
    assert "p1" not in reading.subjects
