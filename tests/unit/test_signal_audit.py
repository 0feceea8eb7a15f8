"""The audit log as evidence, and the subscription."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.items import Severity
from omconsole.errors import GraphForbidden
from omconsole.graph import Round
from omconsole.signals.audit import PAGES_AT_MOST, AuditSignal
from omconsole.signals.subscription import SubscriptionSignal
from tests.unit.graph_tools import ok, refused
from tests.unit.signal_tools import NOW, SmallGraph, nothing

if TYPE_CHECKING:
    import httpx


def event(id_: str, hours_ago: float, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "displayName": "Patch DeviceCompliancePolicy",
        "activity": "Patch DeviceCompliancePolicy",
        "activityDateTime": (NOW - timedelta(hours=hours_ago)).isoformat().replace("+00:00", "Z"),
        "activityOperationType": "Patch",
        "activityResult": "Success",
        "category": "Compliance",
        "actor": {"userPrincipalName": "ben@contoso.example", "applicationDisplayName": "Portal"},
        "resources": [
            {
                "displayName": "Windows – base",
                "auditResourceType": "DeviceCompliancePolicy",
                "resourceId": "p-1",
                "modifiedProperties": [{"displayName": "OsMinimumVersion", "oldValue": "10.0.1", "newValue": None}],
            }
        ],
        **changes,
    }


async def test_a_change_says_who_did_what_to_which_object() -> None:
    graph = SmallGraph({"auditEvents": [event("a1", 1)]})
    reading = await AuditSignal().sweep(graph.client, Round(), NOW, nothing)
    change = reading.changes[0]
    assert (change.actor, change.activity, change.operation) == (
        "ben@contoso.example",
        "Patch DeviceCompliancePolicy",
        "Patch",
    )
    resource = change.resources[0]
    assert (resource.type, resource.id, resource.name) == ("DeviceCompliancePolicy", "p-1", "Windows – base")
    assert resource.properties == (("OsMinimumVersion", "10.0.1", ""),)
    assert reading.observations == []


async def test_an_application_is_named_where_no_person_is() -> None:
    graph = SmallGraph({"auditEvents": [event("a1", 1, actor={"applicationDisplayName": "Autopatch"}), event("a2", 1)]})
    reading = await AuditSignal().sweep(graph.client, Round(), NOW, nothing)
    assert [change.actor for change in reading.changes] == ["Autopatch", "ben@contoso.example"]


async def test_what_failed_changed_nothing_and_what_is_old_does_not_count() -> None:
    rows = [event("a1", 1, activityResult="Failure"), event("a2", 167), event("a3", 169), event("a4", 2)]
    rows.append(event("a5", 1, activityDateTime=None))
    reading = await AuditSignal().sweep(SmallGraph({"auditEvents": rows}).client, Round(), NOW, nothing)
    assert [change.id for change in reading.changes] == ["a2", "a4"]


async def test_a_second_poll_asks_since_the_newest_known() -> None:
    graph = SmallGraph({"auditEvents": [event("a1", 1)]})
    signal = AuditSignal()
    await signal.increment(graph.client, Round(), NOW, nothing)
    reading = await signal.increment(graph.client, Round(), NOW, nothing)
    asked = [request.url.params["$filter"] for request in graph.tenant.wire.requests]
    assert asked == ["activityDateTime gt 2026-11-15T09:41:00Z", "activityDateTime gt 2026-11-22T08:36:00Z"]
    assert reading.mode == "increment"


@pytest.mark.parametrize(
    ("newest", "hours", "since"),
    [
        (1, 6, "2026-11-20T15:41:00Z"),  # events that appeared late
        (1, 96, "2026-11-22T08:36:00Z"),  # nobody asked for four days
        (1, 400, "2026-12-02T01:41:00Z"),  # nor for longer than changes are kept
    ],
)
async def test_a_later_sweep_goes_back_two_days_and_leaves_no_gap(newest: float, hours: int, since: str) -> None:
    graph = SmallGraph({"auditEvents": [event("a1", newest)]})
    signal = AuditSignal()
    await signal.sweep(graph.client, Round(), NOW, nothing)
    for read in (signal.sweep, signal.increment):
        await read(graph.client, Round(), NOW + timedelta(hours=hours), nothing)
    asked = [request.url.params["$filter"] for request in graph.tenant.wire.requests]
    assert asked[1] == f"activityDateTime gt {since}"
    assert asked[2] == f"activityDateTime gt {max(since, '2026-11-22T08:36:00Z')}"


async def test_a_log_that_is_too_long_is_read_in_part_the_newest_first() -> None:
    asked: list[int] = []

    def page(_filter: str) -> httpx.Response:
        asked.append(len(asked))
        link = f"https://graph.example/v1.0/deviceManagement/auditEvents?$skip={len(asked)}"
        return ok({"value": [event(f"a{len(asked)}", len(asked) / 60)], "@odata.nextLink": link})

    signal = AuditSignal()
    graph = SmallGraph({"auditEvents": page})
    reading = await signal.sweep(graph.client, Round(), NOW, nothing)
    assert (len(asked), len(reading.changes)) == (PAGES_AT_MOST, PAGES_AT_MOST)
    assert (reading.status, reading.complete) == ("partial", False)
    assert str(PAGES_AT_MOST) in (reading.error or "")
    assert "2026-11-15" in (reading.error or "")
    graph.answers["auditEvents"] = []
    again = await signal.sweep(graph.client, Round(), NOW, nothing)
    assert (again.status, again.complete) == ("ok", False), "not the whole list, which another sign-in may see"
    assert graph.tenant.wire.requests[-1].url.params["$filter"] == "activityDateTime gt 2026-11-20T09:41:00Z"


async def test_a_log_without_order_is_read_without_it() -> None:
    answers: list[Any] = [refused(400), [event("a1", 1)]]
    graph = SmallGraph({"auditEvents": lambda _filter: answers.pop(0)})
    reading = await AuditSignal().sweep(graph.client, Round(), NOW, nothing)
    assert [("$orderby" in request.url.params) for request in graph.tenant.wire.requests] == [True, False]
    assert len(reading.changes) == 1


async def test_a_log_whose_filter_is_ignored_is_read_to_the_known_end_only() -> None:
    def page(request_filter: str) -> httpx.Response:
        link = "https://graph.example/v1.0/deviceManagement/auditEvents?$skip=1"
        return ok({"value": [event("a1", 1), event("a2", 170)], "@odata.nextLink": link})

    graph = SmallGraph({"auditEvents": page})
    reading = await AuditSignal().sweep(graph.client, Round(), NOW, nothing)
    assert [change.id for change in reading.changes] == ["a1"]
    assert len(graph.tenant.wire.requests) == 1


async def test_a_missing_permission_is_said_by_its_name() -> None:
    graph = SmallGraph({"auditEvents": refused(403, "Forbidden", "Forbidden")})
    with pytest.raises(GraphForbidden):
        await AuditSignal().sweep(graph.client, Round(), NOW, nothing)
    assert AuditSignal.asks == ("DeviceManagementApps.Read.All",)


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        *(("active", None), ("Active", None)),
        *(("pending", Severity.MEDIUM), ("warning", Severity.MEDIUM), ("Warning", Severity.MEDIUM)),
        *(("blocked", Severity.HIGH), ("lockedOut", Severity.HIGH), ("suspended", Severity.HIGH)),
        *(("disabled", Severity.CRITICAL), ("deleted", Severity.CRITICAL), ("Disabled", Severity.CRITICAL)),
    ],
)
async def test_the_subscription(state: str, severity: Severity | None) -> None:
    graph = SmallGraph({"subscriptionState": {"value": state}})
    reading = await SubscriptionSignal().sweep(graph.client, Round(), NOW, nothing)
    assert [seen.severity for seen in reading.observations] == ([severity] if severity else [])
    assert (reading.subjects, reading.withheld, reading.error) == ({"subscription"}, set(), None)


async def test_an_unknown_subscription_state_is_medium_and_named() -> None:
    graph = SmallGraph({"subscriptionState": {"value": "onHoliday"}})
    reading = await SubscriptionSignal().sweep(graph.client, Round(), NOW, nothing)
    assert reading.observations[0].severity is Severity.MEDIUM
    assert "onHoliday" in (reading.error or "")
    assert reading.status == "ok"


async def test_a_subscription_that_graph_does_not_tell_is_neither_good_nor_bad() -> None:
    graph = SmallGraph({"subscriptionState": {"value": None}})
    reading = await SubscriptionSignal().sweep(graph.client, Round(), NOW, nothing)
    assert reading.withheld == {("subscription", "tenant.subscription")}
