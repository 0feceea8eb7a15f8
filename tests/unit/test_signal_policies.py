"""Configuration policies that fail or conflict: one item per policy and device, by Graph's counts and rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from omconsole.domain import words
from omconsole.domain.deployments import Deployment
from omconsole.domain.items import Cause, Item, Severity
from omconsole.errors import GraphForbidden
from omconsole.graph import Round
from omconsole.graph.members import COMPLIANCE_STATUS
from omconsole.graph.policy_shapes import POLICY_DEVICES, POLICY_SUMMARIES, policy_status
from omconsole.graph.reports import opened
from omconsole.signals.policies import AMISS, POLICIES_A_ROUND, PoliciesSignal
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import DAY, HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, table, triage_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.domain.items import Observation
    from omconsole.signals.reading import Reading

SUMMARY = "getConfigurationPolicyNonComplianceSummaryReport"
DEVICES = "getConfigurationPolicyNonComplianceReport"


def counted(
    id_: str = "p1", *, well: Any = 40, without: Any = 0, errors: Any = 0, conflicts: Any = 0
) -> dict[str, Any]:
    return {
        "PolicyName": f"Policy {id_}",
        "NumberOfErrorDevices": errors,
        "NumberOfConflictDevices": conflicts,
        "NumberOfNonCompliantDevices": without,
        "NumberOfCompliantDevices": well,
        "PolicyId": id_,
    }


def row(device_id: str | None, status: Any = 5, policy: str = "p1", **changes: Any) -> dict[str, Any]:
    return {
        "UPN": f"{device_id}@contoso.example",
        "DeviceName": f"PC-{device_id}",
        "PolicyStatus_loc": "Fehler",
        "PolicyStatus": status,
        "IntuneDeviceId": device_id,
        "PspdpuLastModifiedTimeUtc": "2026-11-22T08:00:00.1234560Z",
        "PolicyId": policy,
        **changes,
    }


def small(summary: Any, devices: Any = ()) -> SmallGraph:
    return SmallGraph({SUMMARY: summary, DEVICES: devices if callable(devices) else list(devices)})


async def swept(graph: SmallGraph, *known: Observation, fleet: Callable[[], Any] | None = None) -> Reading:
    signal = PoliciesSignal(fleet or fleet_of(device("d1"), device("d2")), firing(*known))
    return await signal.sweep(graph.client, Round(), NOW, nothing)


def shown(reading: Reading) -> set[tuple[str, str, str]]:
    return {(seen.kind, seen.subject_id, seen.sub_key) for seen in reading.observations}


def problem(seen: Observation) -> str:
    return words.problem(Item(triage=triage_of(seen), seen=seen))


# --- shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", COMPLIANCE_STATUS.values())
def test_a_state_is_known_by_its_number_and_by_its_name_in_any_casing(member: str) -> None:
    number = next(each for each, name in COMPLIANCE_STATUS.items() if name == member)
    pascal = member[0].upper() + member[1:]
    assert {policy_status(each) for each in (number, str(number), member, pascal, member.upper())} == {member}


def test_the_words_of_the_admin_center_are_states_and_an_unknown_one_is_none() -> None:
    told = [policy_status(each) for each in ("Succeeded", "Not applicable", "Failed", "In progress", "pending")]
    assert told == ["compliant", "notApplicable", "error", "unknown", "unknown"]
    assert [policy_status(each) for each in ("Reticulated", 77, "", None)] == [None] * 4


async def test_rows_are_read_by_the_names_of_their_columns() -> None:
    (found,), flaws = await POLICY_DEVICES.rows(opened(table([row("d1", "6")]).content))
    assert (found.policy_id, found.intune_device_id, found.upn) == ("p1", "d1", "d1@contoso.example")
    assert found.pspdpu_last_modified_time_utc == NOW.replace(hour=8, minute=0, microsecond=123456)
    assert not flaws
    (never,), flaws = await POLICY_DEVICES.rows(
        opened(table([row("d1", PspdpuLastModifiedTimeUtc="0001-01-01T00:00:00Z", UPN=None)]).content)
    )
    assert (never.pspdpu_last_modified_time_utc, never.upn, bool(flaws)) == (None, None, False)
    (policy,), flaws = await POLICY_SUMMARIES.rows(opened(table([counted(errors="3")]).content))
    assert (policy.policy_id, policy.policy_name, policy.number_of_error_devices) == ("p1", "Policy p1", "3")
    assert not flaws


# --- a sweep ----------------------------------------------------------------------------------------------------------


async def test_a_policy_that_fails_is_one_item_for_each_device() -> None:
    rows = [row("d1", 5), row("d2", "Conflict"), row("d3", 4), row("d4", 2), row("d5", "NotApplicable")]
    reading = await swept(small([counted(without=1, errors=1, conflicts=1)], rows))
    assert (reading.status, reading.complete, reading.items) == ("ok", True, 1)
    assert shown(reading) == {
        ("policy.failed", "d1", "p1"),
        ("policy.conflict", "d2", "p1"),
        ("policy.failed", "d3", "p1"),
    }
    by_id = {seen.subject_id: seen for seen in reading.observations}
    seen = by_id["d1"]
    assert seen.causes == (Cause("policy", "p1", "Policy p1"),)
    assert (seen.severity, by_id["d2"].severity) == (Severity.MEDIUM, Severity.LOW)
    assert (seen.family, by_id["d2"].family) == ("policy.state", "policy.state")
    assert (seen.subject_name, seen.user, seen.platform) == ("LAP-d1", "d1@contoso.example", "Windows")
    assert by_id["d3"].subject_name == "PC-d3", "the fleet does not know it, the report does"
    assert seen.first_seen == seen.evidence_at == NOW.replace(hour=8, minute=0, microsecond=123456)
    assert (seen.facts["PolicyStatus"], by_id["d2"].facts["PolicyStatus"]) == ("error", "conflict")


async def test_each_kind_says_in_a_line_which_policy_it_is() -> None:
    reading = await swept(small([counted(errors=1, conflicts=1)], [row("d1"), row("d2", 6)]))
    assert [problem(seen) for seen in reading.observations] == [
        "policy Policy p1 not applied",
        "policy Policy p1 is in conflict with another",
    ]
    nameless = [msgspec.structs.replace(seen, causes=()) for seen in reading.observations]
    assert [problem(seen) for seen in nameless] == ["policy not applied", "policies in conflict"]


async def test_only_policies_that_fail_are_looked_at_and_asked_for_what_failed() -> None:
    graph = small([counted("p1"), counted("p2", conflicts=1)], [row("d1", 6, "p2")])
    reading = await swept(graph)
    assert graph.asked == [(SUMMARY, ""), (DEVICES, f"(PolicyId eq 'p2') and {AMISS}")]
    assert shown(reading) == {("policy.conflict", "d1", "p2")}


async def test_what_was_not_asked_for_counts_for_nothing() -> None:
    reading = await swept(small([counted(errors=1)], [row("d1"), row("d2", policy="p9"), row("d3", "succeeded")]))
    assert shown(reading) == {("policy.failed", "d1", "p1")}


async def test_a_report_that_refuses_the_filter_is_asked_for_the_whole_policy() -> None:
    def told(filter_: str) -> Any:
        return refused(400, "filter") if AMISS in filter_ else [row("d1"), row("d2", 2)]

    graph = small([counted(errors=1)], told)
    reading = await swept(graph)
    assert (reading.status, shown(reading)) == ("ok", {("policy.failed", "d1", "p1")})
    assert graph.asked[-1] == (DEVICES, "(PolicyId eq 'p1')")


async def test_a_report_whose_states_are_other_words_than_the_filter_names_is_read_whole() -> None:
    def told(filter_: str) -> Any:
        return [] if AMISS in filter_ else [row("d1", "Error"), row("d2", "Succeeded")]

    reading = await swept(small([counted(errors=1)], told))
    assert (reading.status, shown(reading)) == ("ok", {("policy.failed", "d1", "p1")})


async def test_a_device_with_several_users_is_one_item_as_bad_as_the_worst() -> None:
    rows = [row("d1", 6), row("d1", 5, PspdpuLastModifiedTimeUtc="2026-11-22T06:00:00Z"), row("d1", 2), row("d1", 6)]
    reading = await swept(small([counted(errors=1)], rows))
    assert shown(reading) == {("policy.failed", "d1", "p1")}


async def test_a_device_is_judged_a_day_after_its_enrolment() -> None:
    fleet = fleet_of(device("d1", enrolled_date_time=NOW - 23 * HOUR), device("d2", enrolled_date_time=NOW - 25 * HOUR))
    reading = await swept(small([counted(errors=2)], [row("d1"), row("d2")]), fleet=fleet)
    assert shown(reading) == {("policy.failed", "d2", "p1")}


async def test_how_far_each_policy_has_come_is_kept() -> None:
    summary = [counted("p1", well=5, without=1, errors=2, conflicts=3), counted("p1", well=7), counted("p2", well=None)]
    reading = await swept(small(summary, []))
    assert reading.deployments == [
        Deployment("policy", "p1", "Policy p1", 12, 6, None),
        Deployment("policy", "p2", "Policy p2", None, 0, None),
    ]


async def test_namesakes_are_two_policies() -> None:
    summary = [{**counted(id_, errors=1), "PolicyName": "Pilot"} for id_ in ("p1", "p2")]
    reading = await swept(small(summary, [row("d1", policy="p1"), row("d1", policy="p2")]))
    assert {(seen.sub_key, seen.causes[0].id, seen.causes[0].name) for seen in reading.observations} == {
        ("p1", "p1", "Pilot"),
        ("p2", "p2", "Pilot"),
    }


async def test_a_tenant_without_policies_is_no_failure() -> None:
    reading = await swept(small([]))
    assert (reading.status, reading.complete, reading.items, reading.observations) == ("ok", True, 0, [])


# --- the clear rule ---------------------------------------------------------------------------------------------------


async def known_of(*ids: tuple[str, str]) -> list[Observation]:
    summary = [counted(policy, errors=1) for policy in {policy for _device, policy in ids}]
    rows = [row(device_id, policy=policy) for device_id, policy in ids]
    return (await swept(small(summary, rows))).observations


async def test_a_policy_that_says_that_nothing_fails_clears_its_items() -> None:
    known = await known_of(("d1", "p1"), ("d2", "p2"))
    reading = await swept(small([counted("p1"), counted("p2", errors=1)], [row("d2", policy="p2")]), *known)
    assert [(each.subject_id, each.sub_key, each.family, each.reason) for each in reading.cleared] == [
        ("d1", "p1", "policy.state", "fixed")
    ]
    assert {"d1", "d2"} <= reading.present


async def test_of_a_policy_that_the_summary_leaves_out_nothing_is_said() -> None:
    known = await known_of(("d1", "p1"), ("d1", "p2"))
    reading = await swept(small([counted("p2", errors=1)], [row("d1", policy="p2")]), *known)
    assert (reading.cleared, reading.silent_about) == ([], {"p1"})
    assert not reading.speaks_of("d1", "p1")
    assert reading.speaks_of("d1", "p2")


@pytest.mark.parametrize(
    ("summary", "rows"),
    [
        ([counted(), counted("p2", errors="many")], []),
        ([counted(), counted("p2", conflicts=-1)], []),
        ([counted(), counted("p2", errors=None)], []),
        ([counted(), counted("p2", errors=1)], [row("d2", "Reticulated", "p2")]),
        ([counted(), counted("p2", errors=1)], [row(None, 5, "p2")]),
        ([counted(), counted("p2", errors=1)], [row("00000000-0000-0000-0000-000000000000", 5, "p2")]),
        ([counted(), counted("p2", errors=1)], [row("d2", None, "p2")]),
    ],
)
async def test_what_cannot_be_read_makes_the_reading_partial_and_ends_nothing_by_absence(
    summary: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    reading = await swept(small(summary, rows))
    assert (reading.status, reading.complete) == ("partial", False)
    assert "could not be read" in (reading.error or "")


async def test_a_damaged_summary_clears_nothing_and_counts_nothing() -> None:
    known = await known_of(("d1", "p1"))
    reading = await swept(small([counted("p1"), counted("p2", errors="many")]), *known)
    assert (reading.cleared, reading.deployments) == ([], [])


async def test_one_policy_that_cannot_be_read_leaves_the_others_and_is_named() -> None:
    def told(filter_: str) -> Any:
        return refused(500, "down") if "'p2'" in filter_ else [row("d1")]

    reading = await swept(
        small([counted("p1", errors=1), counted("p2", errors=2)], told), *await known_of(("d2", "p2"))
    )
    assert (reading.status, reading.complete) == ("partial", False)
    assert "1 policy" in (reading.error or "")
    assert "Policy p2" in (reading.error or "")
    assert shown(reading) == {("policy.failed", "d1", "p1")}
    assert reading.withheld == {("d1", "policy.state")}
    assert reading.silent_about == {"p2"}


async def test_a_policy_that_graph_holds_back_makes_the_source_wait() -> None:
    def told(filter_: str) -> Any:
        return refused(429, retry_after="120") if "'p2'" in filter_ else [row("d1")]

    reading = await swept(small([counted("p1", errors=1), counted("p2", errors=2)], told))
    assert (reading.status, reading.retry_at) == ("throttled", NOW + timedelta(seconds=120))


async def test_more_policies_than_a_poll_reads_are_left_for_later_the_worst_first() -> None:
    summary = [counted(f"p{number}", errors=number + 1) for number in range(POLICIES_A_ROUND + 3)]
    graph = small(summary, lambda filter_: [row("d1", policy=filter_.split("'")[1])])
    reading = await swept(graph)
    assert (reading.status, reading.complete) == ("partial", False)
    assert reading.error == "3 policies that fail on few devices were left for later"
    asked = [filter_ for name, filter_ in graph.asked if name == DEVICES]
    assert len(asked) == POLICIES_A_ROUND
    assert not any(f"'p{number}'" in each for each in asked for number in range(3))


async def test_without_the_permission_the_source_is_forbidden() -> None:
    with pytest.raises(GraphForbidden):
        await swept(small(refused(403, "no")))
    with pytest.raises(GraphForbidden):
        await swept(small([counted(errors=1)], lambda _filter: refused(403, "no")))


# --- increments -------------------------------------------------------------------------------------------------------


async def test_an_increment_reads_only_the_policies_that_count_others_than_before() -> None:
    graph = small(
        [counted("p1", errors=1), counted("p2", errors=1)],
        lambda filter_: [row("d1", policy="p1"), row("d2", policy="p2")],
    )
    signal = PoliciesSignal(fleet_of(device("d1"), device("d2")))
    await signal.sweep(graph.client, Round(), NOW, nothing)
    graph.answers[SUMMARY] = [counted("p1", errors=1), counted("p2", conflicts=1)]
    graph.answers[DEVICES] = [row("d2", 6, "p2")]
    before = len(graph.asked)
    reading = await signal.increment(graph.client, Round(), NOW + HOUR, nothing)
    assert (reading.mode, shown(reading)) == ("increment", {("policy.conflict", "d2", "p2")})
    assert graph.asked[before:] == [(SUMMARY, ""), (DEVICES, f"(PolicyId eq 'p2') and {AMISS}")]
    again = await signal.increment(graph.client, Round(), NOW + HOUR, nothing)
    assert (again.observations, len(graph.asked)) == ([], before + 3)


async def test_an_increment_without_a_sweep_before_it_is_one() -> None:
    signal = PoliciesSignal(fleet_of())
    reading = await signal.increment(small([]).client, Round(), NOW + DAY, nothing)
    assert reading.mode == "sweep"
