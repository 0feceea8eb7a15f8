"""Users of the simulated tenant: the directory with its filter and pages, flagged apps, and deployments."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from omconsole.simulator.app import create_app
from omconsole.simulator.user_care import INTUNE, UserCare
from omconsole.simulator.world import World

EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
NOW = EPOCH + timedelta(hours=9)
AT = int(NOW.timestamp())
ROOT = "http://tenant.example"
WORLD = World(1, "busy", EPOCH, 2_500)
FILTER = f"not(assignedPlans/any(p:p/servicePlanId eq {INTUNE} and p/capabilityStatus eq 'Enabled'))"
FLAGGED = "/v1.0/deviceAppManagement/managedAppRegistrations/getUserIdsWithFlaggedAppRegistration"


def ask(path: str, **options: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        app = create_app(WORLD, clock=lambda: NOW, token=None, root=ROOT)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as client:
            return await client.get(path, params=options or None)

    return asyncio.run(asked())


def rows(**options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    body = ask("/v1.0/users", **options).json()
    found += body["value"]
    while "@odata.nextLink" in body:
        body = ask(body["@odata.nextLink"].removeprefix(ROOT)).json()
        found += body["value"]
    return found


def has_intune(row: dict[str, Any]) -> bool:
    return any(
        plan["servicePlanId"] == INTUNE and plan["capabilityStatus"] == "Enabled" for plan in row["assignedPlans"]
    )


def test_the_filter_keeps_those_without_the_usual_plan_of_all_pages() -> None:
    everybody, kept = rows(**{"$top": "999"}), rows(**{"$filter": FILTER, "$count": "true", "$top": "7"})
    assert {row["id"] for row in kept} == {row["id"] for row in everybody if not has_intune(row)}
    assert len({row["id"] for row in everybody}) == len(everybody)
    assert WORLD.part(UserCare).without_licence(AT) <= {row["id"] for row in kept}


@pytest.mark.parametrize("options", [{"$filter": FILTER}, {"$filter": "startswith(x,'y')", "$count": "true"}])
def test_a_filter_without_a_count_or_of_another_kind_is_refused(options: dict[str, str]) -> None:
    assert ask("/v1.0/users", **options).status_code == 400


def test_one_user_has_the_plans_of_the_list() -> None:
    row = rows(**{"$filter": FILTER, "$count": "true"})[0]
    one = ask(f"/v1.0/users/{row['id']}", **{"$select": "id,assignedPlans"}).json()
    assert one["assignedPlans"] == row["assignedPlans"]


def test_who_is_flagged_has_an_app_that_is() -> None:
    flagged = ask(FLAGGED).json()["value"]
    assert flagged
    for user in flagged:
        apps = ask(f"/v1.0/users/{user}/managedAppRegistrations").json()["value"]
        assert any("rooteddevice" in [reason.lower() for reason in app["flaggedReasons"]] for app in apps)
    assert ask("/v1.0/users/nobody/managedAppRegistrations").status_code == 404


@pytest.mark.parametrize("kind", ["user.no-licence", "app-protection.failed", "enrollment.failed", "user.blocked"])
def test_trouble_comes_and_goes(kind: str) -> None:
    def planted(day: int) -> set[str]:
        return {each.subject_id for each in WORLD.planted(NOW + timedelta(days=day)) if each.kind == kind}

    days = [planted(day) for day in range(0, 12, 3)]
    assert all(days)
    assert any(before - after for before, after in pairwise(days))
    assert any(after - before for before, after in pairwise(days))


def test_the_story_keeps_its_users_out_of_it() -> None:
    care = World(1, "story", EPOCH, 500).part(UserCare)
    assert (care.unlicensed, care.flagged, care.deployments) == ([], [], [])
