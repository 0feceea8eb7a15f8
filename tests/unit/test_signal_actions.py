"""Remote actions that failed: one item a device and action, until it succeeds or is too long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain import words
from omconsole.domain.instants import iso
from omconsole.domain.items import Item, Severity
from omconsole.errors import GraphForbidden
from omconsole.graph import Round
from omconsole.graph.action_shapes import REMOTE_ACTIONS
from omconsole.graph.action_surface import REMOTE_ACTIONS_ASKED
from omconsole.signals.actions import KIND, ActionsSignal
from tests.unit.graph_tools import Tenant, ok, refused
from tests.unit.signal_tools import DAY, HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, triage_of

if TYPE_CHECKING:
    from datetime import timedelta

    import httpx

    from omconsole.domain.items import Observation
    from omconsole.graph import ManagedDevice
    from omconsole.signals.reading import Reading

AUDIT = "remoteActionAudits"
FLEET = (device("d1"), device("d2"))


def row(device_id: str | None, state: str | None, ago: timedelta = HOUR, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{device_id}-{state}-{ago.total_seconds()}",
        "deviceDisplayName": f"PC-{device_id}",
        "managedDeviceId": device_id,
        "action": "wipe",
        "actionState": state,
        "requestDateTime": iso(NOW - ago),
        "initiatedByUserPrincipalName": "helpdesk@contoso.example",
        **changes,
    }


async def swept(rows: Any, *known: Observation, fleet: tuple[ManagedDevice, ...] = FLEET) -> Reading:
    signal = ActionsSignal(fleet_of(*fleet), firing(*known))
    return await signal.sweep(SmallGraph({AUDIT: rows}).client, Round(), NOW, nothing)


def ended(reading: Reading) -> list[tuple[str, str, str]]:
    return [(each.subject_id, each.sub_key, each.reason) for each in reading.cleared]


async def test_a_failed_action_is_an_item_that_names_who_asked_for_it() -> None:
    reading = await swept([row("d1", "failed"), row("d2", "done"), row("d2", "pending", action="syncDevice")])
    assert (reading.status, reading.complete, reading.items) == ("ok", True, 1)
    (seen,) = reading.observations
    assert (seen.kind, seen.severity, seen.subject_id, seen.sub_key) == (KIND, Severity.MEDIUM, "d1", "wipe")
    assert (seen.subject_name, seen.user, seen.evidence_at) == ("LAP-d1", "d1@contoso.example", NOW - HOUR)
    said = words.problem(Item(triage=triage_of(seen), seen=seen))
    assert said == "remote action wipe by helpdesk@contoso.example failed"


async def test_a_later_success_ends_it_and_an_earlier_one_does_not() -> None:
    known = (await swept([row("d1", "failed", 2 * HOUR)])).observations
    reading = await swept([row("d1", "Done", HOUR, action="Wipe"), row("d1", "Failed", 2 * HOUR)], *known)
    assert (reading.observations, ended(reading)) == ([], [("d1", "wipe", "fixed")])
    reading = await swept([row("d1", "failed", HOUR), row("d1", "done", 2 * HOUR)], *known)
    assert (len(reading.observations), ended(reading)) == (1, [])


async def test_another_action_that_succeeds_changes_nothing() -> None:
    known = (await swept([row("d1", "failed", 2 * HOUR)])).observations
    reading = await swept([row("d1", "failed", 2 * HOUR), row("d1", "done", HOUR, action="syncDevice")], *known)
    assert (len(reading.observations), ended(reading)) == (1, [])


@pytest.mark.parametrize("state", ["canceled", "notSupported", "none", "pending", "active"])
async def test_what_decides_nothing_neither_fires_nor_ends_a_failure(state: str) -> None:
    known = (await swept([row("d1", "failed", 2 * HOUR)])).observations
    reading = await swept([row("d1", state, HOUR), row("d2", state, HOUR), row("d1", "failed", 2 * HOUR)], *known)
    assert ([seen.subject_id for seen in reading.observations], ended(reading)) == (["d1"], [])


async def test_several_failures_are_one_item_since_the_first_of_them() -> None:
    rows = [row("d1", "failed", HOUR * hours) for hours in (2, 5, 9)] + [row("d1", "done", 7 * HOUR)]
    (seen,) = (await swept(rows)).observations
    assert (seen.first_seen, seen.evidence_at, seen.facts["failedCount"]) == (NOW - 5 * HOUR, NOW - 2 * HOUR, 2)


async def test_a_failure_ends_after_fourteen_days_and_a_list_that_forgets_it_ends_nothing() -> None:
    known = (await swept([row("d1", "failed", 2 * HOUR), row("d2", "failed", 13 * DAY)])).observations
    reading = await swept([], *known)
    assert (reading.complete, ended(reading)) == (True, [])
    assert {("d1", KIND), ("d2", KIND)} <= reading.withheld
    signal = ActionsSignal(fleet_of(*FLEET), firing(*known))
    later = await signal.sweep(SmallGraph({AUDIT: []}).client, Round(), NOW + 2 * DAY, nothing)
    assert ended(later) == [("d2", "wipe", "aged out")]
    assert (await swept([row("d1", "failed", 15 * DAY)])).observations == []


async def test_what_failed_on_a_device_that_is_gone_is_over() -> None:
    known = (await swept([row("d1", "failed")])).observations
    reading = await swept([row("d1", "failed")], *known, fleet=(device("d2"),))
    assert (reading.observations, ended(reading)) == ([], [("d1", "wipe", "object gone")])
    unread = await swept([row("d1", "failed")], *known, fleet=())
    assert ([seen.subject_name for seen in unread.observations], ended(unread)) == (["PC-d1"], [])


async def test_a_device_is_judged_a_day_after_its_enrolment() -> None:
    young = device("d1", enrolled_date_time=NOW - 3 * HOUR)
    assert (await swept([row("d1", "failed")], fleet=(young,))).observations == []


async def test_while_an_action_is_awaited_the_source_is_asked_each_minute_for_little() -> None:
    signal = ActionsSignal(fleet_of(*FLEET))
    graph = SmallGraph({AUDIT: [row("d1", "pending", HOUR), row("d2", "pending", 30 * DAY)]})
    assert (await signal.sweep(graph.client, Round(), NOW, nothing)).again_after_s == 60
    graph.answers[AUDIT] = [row("d1", "failed", HOUR)]
    reading = await signal.increment(graph.client, Round(), NOW + HOUR / 60, nothing)
    assert (reading.mode, len(reading.observations), reading.again_after_s) == ("increment", 1, None)
    asked = [dict(request.url.params)["$filter"] for request in graph.tenant.wire.requests]
    assert asked == ["requestDateTime ge 2026-11-08T09:41:00Z", "requestDateTime ge 2026-11-22T08:36:00Z"]
    assert (await signal.increment(graph.client, Round(), NOW, nothing)).mode == "sweep"


async def test_a_list_that_comes_newest_first_is_read_no_further_than_it_matters() -> None:
    def page(*rows: dict[str, Any]) -> httpx.Response:
        return ok({"value": list(rows), "@odata.nextLink": "https://graph.example/beta/x?$skip=2"})

    newest_first = page(row("d1", "failed", HOUR), row("d2", "failed", 15 * DAY))
    tenant = Tenant(newest_first, tries=1)
    reading = await ActionsSignal(fleet_of(*FLEET)).sweep(tenant.client, Round(), NOW, nothing)
    assert ([seen.subject_id for seen in reading.observations], len(tenant.wire.requests)) == (["d1"], 1)
    mixed = page(row("d2", "failed", 16 * DAY), row("d2", "failed", 15 * DAY))
    tenant = Tenant(mixed, ok({"value": [row("d1", "failed", HOUR)]}), tries=1)
    reading = await ActionsSignal(fleet_of(*FLEET)).sweep(tenant.client, Round(), NOW, nothing)
    assert ([seen.subject_id for seen in reading.observations], len(tenant.wire.requests)) == (["d1"], 2)


async def test_what_is_pending_for_days_is_told_and_not_watched() -> None:
    reading = await swept([row("d1", "pending", 3 * DAY), row("d1", "failed", 4 * DAY)])
    assert reading.observations[0].facts["pendingSince"] == iso(NOW - 3 * DAY)
    assert reading.again_after_s is None


async def test_without_the_permission_the_source_is_forbidden() -> None:
    with pytest.raises(GraphForbidden):
        await swept(refused(403, "no"))


async def test_a_filter_that_is_refused_is_left_out() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_filtered = "$filter" in request.url.params
        return refused(400, "no filter") if is_filtered else ok({"value": [row("d1", "failed")]})

    tenant = Tenant(answer, tries=1)
    reading = await ActionsSignal(fleet_of(*FLEET)).sweep(tenant.client, Round(), NOW, nothing)
    assert (reading.status, len(reading.observations)) == ("ok", 1)


@pytest.mark.parametrize("broken", [{"id": None}, {"requestDateTime": None}, {"requestDateTime": "x"}, {"action": 7}])
async def test_a_damaged_row_makes_the_reading_partial_and_ends_nothing(broken: dict[str, Any]) -> None:
    known = (await swept([row("d1", "failed", 2 * HOUR), row("d2", "failed", 2 * HOUR)])).observations
    reading = await swept([row("d1", "failed", 2 * HOUR), row("d2", "failed", 2 * HOUR, **broken)], *known)
    assert (reading.status, reading.complete, ended(reading)) == ("partial", False, [])


async def test_a_row_of_no_device_is_nobodys() -> None:
    reading = await swept([row(None, "failed"), row("d1", "failed", action=None)])
    assert (reading.status, reading.observations) == ("ok", [])


async def test_every_member_is_read_in_both_casings_and_an_unknown_one_is_named() -> None:
    for member in REMOTE_ACTIONS_ASKED.enums["actionState"]:
        for text in (member, member[0].upper() + member[1:]):
            page = await REMOTE_ACTIONS.page(ok({"value": [row("d1", text)]}).content)
            assert (page.rows[0].action_state, bool(page.flaws)) == (text, False)
            reading = await swept([row("d1", text)])
            assert (bool(reading.observations), reading.error) == (member == "failed", None)
    known = (await swept([row("d1", "failed", 2 * HOUR)])).observations
    reading = await swept([row("d1", "exploded")], *known)
    assert "actionState: exploded" in (reading.error or "")
    assert ended(reading) == []
