"""What the simulated tenant tells of itself over HTTP, and what goes wrong in it by scenario."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.simulator import story
from omconsole.simulator.alerts import planted_alerts
from omconsole.simulator.app import create_app
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.tenant_surface import TENANT
from omconsole.simulator.users import admins
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EPOCH = datetime(2026, 11, 2, 9, 50, tzinfo=UTC)
ROOT = "http://tenant.example"
ISSUES = "/v1.0/admin/serviceAnnouncement/issues"
AUDIT = "/v1.0/deviceManagement/auditEvents"
VPP = "/v1.0/deviceAppManagement/vppTokens"
WORLDS = {scenario: World(3, scenario, EPOCH, 400) for scenario in SCENARIOS}


@asynccontextmanager
async def tenant(scenario: str, after: float = 0) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that tenant so many seconds after the epoch."""
    now = EPOCH + timedelta(seconds=after)
    app = create_app(WORLDS[scenario], clock=lambda: now, token=None, root=ROOT)
    headers = {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT, headers=headers) as client:
        yield client


async def rows(client: httpx.AsyncClient, url: str) -> list[dict[str, Any]]:
    """Every row, page after page."""
    found: list[dict[str, Any]] = []
    link: str | None = url
    while link is not None:
        response = await client.get(link)
        assert response.status_code == 200, response.text
        body = response.json()
        found += body["value"]
        link = body.get("@odata.nextLink")
        assert link is None or link.startswith(f"{ROOT}/v1.0/")
    return found


def kinds(scenario: str, after: float = 0) -> list[str]:
    """The alerts but for Defender's, of which there are more and other ones every day."""
    alerts = planted_alerts(WORLDS[scenario], EPOCH + timedelta(seconds=after))
    return sorted(kind for kind, _ in alerts if not kind.startswith("security."))


# --- by scenario -----------------------------------------------------------------------------------------------------


def test_a_calm_tenant_has_nothing_to_tell() -> None:
    assert kinds("calm") == []


def test_a_busy_tenant_has_three_connectors_one_incident_and_two_advisories() -> None:
    assert kinds("busy") == [
        "connector.expiring",
        "connector.unhealthy",
        "connector.unhealthy",
        "service.advisory",
        "service.advisory",
        "service.incident",
    ]


async def test_a_storm_has_an_interruption_and_an_apple_certificate_that_ends_in_five_days() -> None:
    assert kinds("storm") == sorted([*kinds("busy"), "connector.expiring", "tenant.subscription"])
    async with tenant("storm") as client:
        incidents = [row for row in await rows(client, ISSUES) if not row["isResolved"] and _is_incident(row)]
        assert [row["status"].lower() for row in incidents] == ["serviceinterruption"]
        push = (await client.get("/v1.0/deviceManagement/applePushNotificationCertificate")).json()
    left = datetime.fromisoformat(push["expirationDateTime"]) - EPOCH
    assert left.days == 5


def _is_incident(row: dict[str, Any]) -> bool:
    return bool(row["classification"].lower() == "incident")


async def test_the_busy_tenant_has_been_without_its_token_and_its_defence_for_as_long_as_said() -> None:
    async with tenant("busy") as client:
        silent = [row for row in await rows(client, VPP) if row["organizationName"] != story.VPP_ORGANIZATION]
        silence = EPOCH - datetime.fromisoformat(silent[0]["lastSyncDateTime"])
        assert timedelta(hours=26) - silence < timedelta(seconds=1)
        defences = await rows(client, "/v1.0/deviceManagement/mobileThreatDefenseConnectors")
        assert [row["partnerState"] for row in defences] == ["unresponsive", "unavailable"]
        assert EPOCH - datetime.fromisoformat(defences[0]["lastHeartbeatDateTime"]) > timedelta(days=3)
        assert defences[1]["lastHeartbeatDateTime"] == "0001-01-01T00:00:00Z"
        token = (await rows(client, "/beta/deviceManagement/depOnboardingSettings"))[0]
        assert (datetime.fromisoformat(token["tokenExpirationDateTime"]) - EPOCH).days == 11


# --- the story -------------------------------------------------------------------------------------------------------


def test_the_story_opens_with_two_alerts_and_goes_on() -> None:
    at_first = ["connector.expiring", "service.incident"]
    assert kinds("story") == at_first
    assert kinds("story", story.ADVISORY_APPEARED) == sorted([*at_first, "service.advisory"])
    assert "connector.unhealthy" not in kinds("story", story.VPP_SYNC_FAILED - 1)
    assert "connector.unhealthy" in kinds("story", story.VPP_SYNC_FAILED)
    assert "service.incident" in kinds("story", story.OUTAGE_ENDED - 1)
    assert "service.incident" not in kinds("story", story.OUTAGE_ENDED)
    assert kinds("story", story.VPP_SYNC_WORKS) == ["connector.expiring", "service.advisory"]


@pytest.mark.parametrize(("after", "posts"), [(0, 2), (10 * 60, 3), (20 * 60, 4), (40 * 60, 5)])
async def test_the_outage_is_told_post_by_post(after: int, posts: int) -> None:
    async with tenant("story", after) as client:
        found = await rows(client, f"{ISSUES}?$filter=service eq 'Microsoft Intune' and feature eq 'Device enrollment'")
    (outage,) = found
    assert len(outage["posts"]) == posts
    assert datetime.fromisoformat(outage["startDateTime"]) == EPOCH - timedelta(minutes=70)
    assert outage["isResolved"] is (after >= story.OUTAGE_ENDED)
    assert (outage["endDateTime"] is not None) is outage["isResolved"]
    assert outage["lastModifiedDateTime"] == outage["posts"][-1]["createdDateTime"]


async def test_what_changed_since_includes_the_end_of_the_outage() -> None:
    since = (EPOCH + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    async with tenant("story", story.OUTAGE_ENDED) as client:
        changed = await rows(client, f"{ISSUES}?$filter=lastModifiedDateTime ge {since}")
    assert [row["feature"] for row in changed] == ["Device enrollment"]


async def test_the_changed_policy_stands_in_the_audit_log_under_its_own_id() -> None:
    async with tenant("story") as client:
        policies = (await client.get("/v1.0/deviceManagement/deviceCompliancePolicies")).json()["value"]
        wanted = next(row["id"] for row in policies if row["displayName"] == story.CHANGED_POLICY)
        events = await rows(client, AUDIT)
    about = [event for event in events if event["resources"][0]["resourceId"] == wanted]
    (event,) = about
    begun = EPOCH + timedelta(seconds=story.POLICY_CHANGED)
    assert begun <= datetime.fromisoformat(event["activityDateTime"]) < begun + timedelta(seconds=1)
    assert event["actor"]["userPrincipalName"].startswith("k-admin@")
    assert event["activityResult"] == "Success"
    assert {
        "displayName": "OsMinimumVersion",
        "oldValue": "10.0.22621",
        "newValue": "10.0.22631",
    } in event["resources"][0]["modifiedProperties"]


@pytest.mark.parametrize("scenario", ["calm", "busy", "storm"])
async def test_nobody_else_changes_that_policy(scenario: str) -> None:
    async with tenant(scenario) as client:
        named = {event["resources"][0]["displayName"] for event in await rows(client, AUDIT)}
    assert story.CHANGED_POLICY not in named


# --- lists -----------------------------------------------------------------------------------------------------------


async def test_the_audit_log_pages_newest_first_and_is_cut_by_time() -> None:
    async with tenant("calm") as client:
        first = (await client.get(AUDIT)).json()
        assert len(first["value"]) == 100
        events = await rows(client, AUDIT)
        since = EPOCH - timedelta(days=2)
        cut = await rows(client, f"{AUDIT}?$filter=activityDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}")
        oldest = await rows(client, f"{AUDIT}?$orderby=activityDateTime asc&$top=5")
    times = [event["activityDateTime"] for event in events]
    assert times == sorted(times, reverse=True)
    assert len({event["id"] for event in events}) == len(events)
    assert 25 * 12 <= len(events) <= 31 * 12
    assert all(datetime.fromisoformat(time) <= EPOCH for time in times)
    assert cut == [event for event in events if datetime.fromisoformat(event["activityDateTime"]) >= since]
    assert [event["activityDateTime"] for event in oldest] == times[::-1][:5]


async def test_administrators_and_an_application_fill_the_audit_log() -> None:
    async with tenant("calm") as client:
        events = await rows(client, AUDIT)
    people = {event["actor"]["userPrincipalName"] for event in events} - {None}
    assert people == {admin.user_principal_name for admin in admins(3)}
    robots = {event["actor"]["applicationDisplayName"] for event in events if not event["actor"]["userPrincipalName"]}
    assert robots == {"Contoso Geräte-Automatisierung"}


async def test_intune_ignores_a_filter_it_does_not_know_and_service_health_refuses_it() -> None:
    async with tenant("busy") as client:
        assert await rows(client, f"{AUDIT}?$filter=startswith(displayName,'x')") == await rows(client, AUDIT)
        refused = await client.get(f"{ISSUES}?$filter=nonsense eq 1")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest")
        wrong = await client.get(f"{ISSUES}?$filter=startDateTime ge 2026-13-01T00:00:00Z")
        assert wrong.status_code == 400


async def test_open_issues_are_found_by_filter_and_newest_first() -> None:
    async with tenant("busy") as client:
        asked = "$filter=service eq 'Microsoft Intune' and isResolved eq false&$orderby=lastModifiedDateTime desc"
        found = await rows(client, f"{ISSUES}?{asked}")
    assert [row["classification"].lower() for row in found] == ["incident", "advisory"]


async def test_health_tells_the_worst_of_each_service_and_expands_its_issues() -> None:
    async with tenant("busy") as client:
        overviews = await rows(client, "/v1.0/admin/serviceAnnouncement/healthOverviews")
        expanded = await rows(client, "/v1.0/admin/serviceAnnouncement/healthOverviews?$expand=issues")
        issues = await rows(client, ISSUES)
    states = {row["service"]: row["status"].lower() for row in overviews}
    assert states["Microsoft Intune"] == "servicedegradation"
    assert states["SharePoint Online"] == "serviceoperational"
    assert all("issues" not in row for row in overviews)
    assert sorted(issue["id"] for row in expanded for issue in row["issues"]) == sorted(row["id"] for row in issues)


# --- singletons and users --------------------------------------------------------------------------------------------


async def test_what_is_not_configured_is_not_found() -> None:
    async with tenant("calm") as client:
        missing = await client.get("/beta/deviceManagement/windowsAutopilotSettings")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "ResourceNotFound")
        assert await rows(client, "/v1.0/deviceManagement/exchangeConnectors") == []
    async with tenant("busy") as client:
        present = await client.get("/beta/deviceManagement/windowsAutopilotSettings")
        assert present.json()["syncStatus"] == "completed"


@pytest.mark.parametrize(("scenario", "state"), [("calm", "active"), ("busy", "active"), ("storm", "warning")])
async def test_the_subscription_is_active_but_in_a_storm(scenario: str, state: str) -> None:
    async with tenant(scenario) as client:
        assert (await client.get("/v1.0/deviceManagement/subscriptionState")).json()["value"] == state


async def test_the_directory_knows_who_uses_a_device_and_who_administers() -> None:
    async with tenant("calm") as client:
        devices = (await client.get("/v1.0/deviceManagement/managedDevices?$top=40")).json()["value"]
        for device in devices:
            if device["userId"]:
                user = (await client.get(f"/v1.0/users/{device['userId']}")).json()
                assert user["userPrincipalName"] == device["userPrincipalName"]
                assert user["displayName"] == device["userDisplayName"]
        admin = admins(3)[0]
        chosen = (await client.get(f"/v1.0/users/{admin.user_principal_name}?$select=id")).json()
        assert chosen == {"@odata.context": f"{ROOT}/v1.0/$metadata#users/$entity", "id": admin.id}


async def test_an_unknown_user_is_not_found() -> None:
    async with tenant("calm") as client:
        response = await client.get("/v1.0/users/00000000-0000-4000-8000-000000000000")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize("call", TENANT, ids=lambda call: call.path)
async def test_the_same_world_answers_the_same_bytes(call: Any) -> None:
    path = f"/{call.version}{call.path}".replace("{id}", admins(3)[1].id)
    answers = []
    for world in (WORLDS["story"], World(3, "story", EPOCH, 400)):
        app = create_app(world, clock=lambda: EPOCH + timedelta(hours=1), token=None, root=ROOT)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as client:
            answers.append((await client.get(path)).content)
    assert answers[0] == answers[1]
