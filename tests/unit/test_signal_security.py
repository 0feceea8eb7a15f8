"""Defender's alerts and incidents: what is open, on which devices, and what ends them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.domain import words
from omconsole.domain.items import Item, Severity
from omconsole.errors import GraphForbidden, GraphRejected
from omconsole.graph import Round
from omconsole.graph.security_shapes import SECURITY_ALERTS, SECURITY_INCIDENTS
from omconsole.graph.security_surface import SECURITY_ALERTS_ASKED, SECURITY_INCIDENTS_ASKED
from omconsole.signals.security import SecuritySignal
from tests.unit.graph_tools import ok, refused
from tests.unit.signal_tools import HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, triage_of

if TYPE_CHECKING:
    from omconsole.domain.items import Observation
    from omconsole.graph import ManagedDevice
    from omconsole.signals.reading import Reading

FLEET = (
    device("d1", device_name="LAP-0231", azure_ad_device_id="0000AAAA-0000-0000-0000-00000000000a"),
    device("d2", device_name="LAP-0232"),
    device("d3", device_name="TWIN"),
    device("d4", device_name="twin"),
)


def evidence(**changes: Any) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.security.deviceEvidence", **changes}


def alert(id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "incidentId": "20001",
        "title": f"Suspicious command line ({id_})",
        "severity": "high",
        "status": "new",
        "category": "Execution",
        "createdDateTime": "2026-11-22T07:00:00.1234567Z",
        "lastUpdateDateTime": "2026-11-22T08:00:00.1234567Z",
        "alertWebUrl": f"https://security.microsoft.com/alerts/{id_}",
        "evidence": [evidence(azureAdDeviceId="0000aaaa-0000-0000-0000-00000000000A")],
        **changes,
    }


def incident(id_: str = "20001", **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "displayName": "Execution on one endpoint",
        "severity": "Medium",
        "status": "Active",
        "createdDateTime": "2026-11-22T07:00:00Z",
        "lastUpdateDateTime": "2026-11-22T08:00:00Z",
        "incidentWebUrl": f"https://security.microsoft.com/incidents/{id_}",
        **changes,
    }


def graph_of(alerts: Any = (), incidents: Any = ()) -> SmallGraph:
    return SmallGraph(
        {
            "alerts_v2": list(alerts) if isinstance(alerts, tuple) else alerts,
            "incidents": list(incidents) if isinstance(incidents, tuple) else incidents,
        }
    )


def signal_of(*known: Observation, fleet: tuple[ManagedDevice, ...] = FLEET, shown: bool = True) -> SecuritySignal:
    return SecuritySignal(fleet_of(*fleet), firing(*known), shown=shown)


async def swept(alerts: Any = (), incidents: Any = (), *known: Observation) -> Reading:
    return await signal_of(*known).sweep(graph_of(alerts, incidents).client, Round(), NOW, nothing)


def said(seen: Observation) -> str:
    return words.problem(Item(triage=triage_of(seen), seen=seen))


async def test_an_alert_is_one_step_lower_than_defenders_and_names_its_device() -> None:
    reading = await swept((alert("a1"),), (incident(),))
    assert (reading.status, reading.complete, reading.items) == ("ok", True, 2)
    one, all_of_it = reading.observations
    assert (one.kind, one.severity, one.subject_type) == ("security.alert", Severity.MEDIUM, "securityAlert")
    assert (one.user, one.platform, one.facts["incidentId"]) == ("d1@contoso.example", "Windows", "20001")
    assert one.facts["devices"] == [{"id": "d1", "deviceName": "LAP-0231", "userPrincipalName": "d1@contoso.example"}]
    assert one.portal_url == "https://security.microsoft.com/alerts/a1"
    assert said(one) == "alert from Defender on LAP-0231"
    assert (all_of_it.kind, all_of_it.severity) == ("security.incident", Severity.LOW)
    assert (all_of_it.facts["deviceNames"], all_of_it.facts["alertCount"]) == ("LAP-0231", 1)
    assert said(all_of_it) == "incident in Defender on LAP-0231"


@pytest.mark.parametrize(
    ("member", "severity"),
    [
        ("high", Severity.MEDIUM),
        ("High", Severity.MEDIUM),
        ("medium", Severity.LOW),
        ("low", Severity.INFO),
        ("informational", Severity.INFO),
        ("Unknown", Severity.LOW),
        (None, Severity.LOW),
        ("unknownFutureValue", Severity.MEDIUM),
    ],
)
async def test_severities(member: str | None, severity: Severity) -> None:
    reading = await swept((alert("a1", severity=member),), (incident(severity=member),))
    assert [seen.severity for seen in reading.observations] == [severity, severity]
    assert ("severity: unknownFutureValue" in (reading.error or "")) is (member == "unknownFutureValue")


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ({"azureAdDeviceId": None, "deviceDnsName": "lap-0232.corp.contoso.example"}, ["d2"]),
        ({"azureAdDeviceId": "00000000-0000-0000-0000-000000000000", "deviceDnsName": "LAP-0232"}, ["d2"]),
        ({"deviceDnsName": "twin"}, []),
        ({"deviceDnsName": "other"}, []),
        ({"azureAdDeviceId": "0000aaaa-0000-0000-0000-0000000000ff", "deviceDnsName": "LAP-0232"}, []),
        ({}, []),
    ],
)
async def test_a_device_is_told_by_its_directory_id_else_by_a_name_that_it_alone_has(
    named: dict[str, Any], found: list[str]
) -> None:
    reading = await swept((alert("a1", evidence=[{"@odata.type": "#x.userEvidence"}, evidence(**named)]),))
    (seen,) = reading.observations
    assert [each["id"] for each in seen.facts["devices"]] == found
    assert seen.severity is Severity.MEDIUM
    if not found:
        assert said(seen) == "alert from Defender"


async def test_an_alert_on_several_devices_counts_them() -> None:
    both = [evidence(deviceDnsName="LAP-0231"), evidence(deviceDnsName="LAP-0232"), evidence(deviceDnsName="LAP-0231")]
    (seen,) = (await swept((alert("a1", evidence=both),))).observations
    assert (seen.user, seen.facts["deviceCount"], said(seen)) == (None, 2, "alert from Defender on 2 devices")


@pytest.mark.parametrize("over", ["resolved", "Resolved"])
async def test_what_is_resolved_ends_in_an_increment(over: str) -> None:
    signal = signal_of()
    graph = graph_of((alert("a1"), alert("a2")), (incident(),))
    opened = (await signal.sweep(graph.client, Round(), NOW, nothing)).observations
    signal._firing = firing(*opened)
    graph.answers |= {"alerts_v2": [alert("a1", status=over)], "incidents": []}
    reading = await signal.increment(graph.client, Round(), NOW + HOUR, nothing)
    assert (reading.mode, reading.complete, reading.subjects, reading.observations) == ("increment", True, {"a1"}, [])
    assert ("a1", "security.alert") not in reading.withheld
    asked = [dict(request.url.params)["$filter"] for request in graph.tenant.wire.requests[-2:]]
    assert asked == ["lastUpdateDateTime ge 2026-11-22T07:55:00Z"] * 2


async def test_a_merged_incident_is_over_and_one_that_waits_is_not() -> None:
    reading = await swept((), (incident("1", status="redirected"), incident("2", status="AwaitingAction")))
    assert [seen.subject_id for seen in reading.observations] == ["2"]
    assert reading.subjects == {"1", "2"}


async def test_a_filter_that_is_ignored_changes_nothing() -> None:
    reading = await swept((alert("a1"), alert("a2", status="resolved")), (incident(status="resolved"),))
    assert [seen.subject_id for seen in reading.observations] == ["a1"]


async def test_an_unknown_state_changes_nothing_and_is_named() -> None:
    known = (await swept((alert("a1"),))).observations
    reading = await swept((alert("a1", status="onHold"), alert("a2", status="onHold")), (), *known)
    assert reading.observations == []
    assert ("a1", "security.alert") in reading.withheld
    assert "status: onHold" in (reading.error or "")


async def test_what_the_list_of_open_ones_lacks_has_been_resolved() -> None:
    known = (await swept((alert("a1"),))).observations
    reading = await swept((), (), *known)
    assert (reading.complete, reading.subjects, reading.present) == (True, set(), {"a1"})


async def test_without_one_permission_the_other_list_is_shown_and_nothing_of_the_first_ends() -> None:
    known = (await swept((alert("a1"),), (incident(),))).observations
    reading = await swept((alert("a2"),), refused(403, "no"), *known)
    assert (reading.status, reading.complete) == ("ok", True)
    assert reading.uncovered == ("Defender's incidents (SecurityIncident.Read.All).",)
    assert ("20001", "security.incident") in reading.withheld
    assert "a1" not in reading.subjects
    reading = await swept(refused(403, "no"), (incident(),), *known)
    assert reading.uncovered == ("Defender's alerts (SecurityAlert.Read.All).",)
    assert ("a1", "security.alert") in reading.withheld


async def test_without_both_permissions_the_source_is_forbidden() -> None:
    with pytest.raises(GraphForbidden) as caught:
        await swept(refused(403, "no"), refused(403, "no"))
    assert caught.value.needs == ("SecurityAlert.Read.All", "SecurityIncident.Read.All")


async def test_trouble_with_one_list_is_said_and_ends_nothing() -> None:
    known = (await swept((alert("a1"),), (incident(),))).observations
    reading = await swept((alert("a1"),), httpx.Response(500), *known)
    assert (reading.status, reading.complete) == ("partial", False)
    assert (reading.error or "").startswith("Defender's incidents could not be read: ")
    assert ("20001", "security.incident") in reading.withheld


async def test_trouble_with_both_is_the_sources() -> None:
    with pytest.raises(GraphRejected):
        await swept(httpx.Response(500), refused(403, "no"))


@pytest.mark.parametrize("status", [400, 404])
async def test_a_cloud_without_defender_is_off_and_no_failure(status: int) -> None:
    reading = await swept(refused(status, "no such resource"), refused(status, "no such resource"))
    assert (reading.status, reading.complete) == ("skipped", False)
    assert "without Microsoft Defender XDR" in (reading.error or "")


async def test_switched_off_nothing_is_asked_and_what_was_shown_ends() -> None:
    known = (await swept((alert("a1"),), (incident(),))).observations
    graph = graph_of((alert("a1"),), (incident(),))
    reading = await signal_of(*known, shown=False).sweep(graph.client, Round(), NOW, nothing)
    assert (reading.status, graph.asked) == ("skipped", [])
    assert {(each.subject_id, each.reason) for each in reading.cleared} == {
        ("a1", "switched off"),
        ("20001", "switched off"),
    }
    assert words.reason_word("switched off") == "switched off in the settings"


@pytest.mark.parametrize("broken", [{"id": None}, {"id": "a b"}, {"createdDateTime": "soon"}, {"evidence": "none"}])
async def test_a_damaged_row_makes_the_reading_partial_and_ends_nothing(broken: dict[str, Any]) -> None:
    known = (
        await swept(
            (alert("a1"), alert("a2")),
        )
    ).observations
    reading = await swept((alert("a1"), alert("a2", **broken)), (), *known)
    assert (reading.status, reading.complete) == ("partial", False)


async def test_after_a_damaged_sweep_the_next_poll_is_a_sweep() -> None:
    signal = signal_of()
    await signal.sweep(graph_of((alert("a1", createdDateTime="soon"),)).client, Round(), NOW, nothing)
    reading = await signal.increment(graph_of().client, Round(), NOW + timedelta(minutes=5), nothing)
    assert reading.mode == "sweep"


async def test_an_address_that_is_none_is_not_opened() -> None:
    (seen,) = (await swept((alert("a1", alertWebUrl="javascript:alert(1)"),))).observations
    assert seen.portal_url is None


async def test_every_member_is_read_in_both_casings() -> None:
    members = [
        (name, member[0].upper() + member[1:] if upper else member)
        for name, known in SECURITY_ALERTS_ASKED.enums.items()
        for member in (*known, "sideways")
        for upper in (False, True)
    ]
    rows = [alert(f"a{number}", **{name: member}) for number, (name, member) in enumerate(members)]
    page = await SECURITY_ALERTS.page(ok({"value": rows}).content)
    assert [getattr(row, name) for row, (name, _member) in zip(page.rows, members, strict=True)] == [
        member for _name, member in members
    ]
    assert not page.flaws
    for member in (*SECURITY_INCIDENTS_ASKED.enums["status"], "Sideways"):
        one = await SECURITY_INCIDENTS.page(ok({"value": [incident(status=member)]}).content)
        assert (one.rows[0].status, bool(one.flaws)) == (member, False)
