"""The simulated tenant's reports and events over HTTP: the protocol as Intune's report service speaks it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.simulator.app import create_app
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "http://tenant.example"
SETTINGS = "/v1.0/deviceManagement/reports/getNoncompliantDevicesAndSettingsReport"
SUMMARY = "/beta/deviceManagement/reports/getAppsInstallSummaryReport"
INSTALLATIONS = "/v1.0/deviceManagement/reports/retrieveDeviceAppInstallationStatusReport"
APPS = "/v1.0/deviceAppManagement/mobileApps"
EVENTS = "/v1.0/deviceManagement/troubleshootingEvents"
WORLD = World(4, "busy", EPOCH, 600)


class Clock:
    """A clock that the test moves."""

    now = EPOCH

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(WORLD, clock=clock, token=None, root=ROOT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as opened:
        yield opened


def rows(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    body = response.json()
    names = [column["Column"] for column in body["Schema"]]
    return [dict(zip(names, values, strict=True)) for values in body["Values"]]


async def test_a_report_is_a_table_in_an_order_of_its_own(client: httpx.AsyncClient) -> None:
    asked = ["DeviceId", "SettingStatus", "PolicyName"]
    response = await client.post(SETTINGS, json={"select": asked})
    assert response.headers["content-type"] == "application/octet-stream"
    body = response.json()
    assert body.keys() == {"TotalRowCount", "Schema", "Values", "SessionId"}
    assert [column["Column"] for column in body["Schema"]] == [
        *("PolicyName", "DeviceId", "SettingStatus", "SettingStatus_loc")
    ]
    assert {column["PropertyType"] for column in body["Schema"]} == {"String", "Int32"}
    assert body["TotalRowCount"] == len(body["Values"])
    assert {(row["SettingStatus"], row["SettingStatus_loc"]) for row in rows(response)} == {
        *((4, "Not compliant"), (5, "Error"), (6, "Conflict"))
    }


async def test_pages_follow_one_another_and_a_session_keeps_their_instant(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    whole = (await client.post(SETTINGS, json={})).json()
    pages: list[Any] = []
    session = ""
    while len(pages) < whole["TotalRowCount"]:
        page = (await client.post(SETTINGS, json={"skip": len(pages), "top": 17, "sessionId": session})).json()
        assert len(page["Values"]) <= 17
        pages += page["Values"]
        session = page["SessionId"]
        clock.now += timedelta(minutes=40)
    assert pages == whole["Values"]
    beyond = (await client.post(SETTINGS, json={"skip": len(pages)})).json()
    assert beyond["Values"] == []


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (SETTINGS, {"filter": "(OS eq 'Windows')"}, "OS"),
        (SETTINGS, {"select": ["Nothing"]}, "Nothing"),
        (SETTINGS, {"skip": -1}, "skip"),
        (SUMMARY, {"filter": "(FailedDeviceCount gt 'many')"}, "many"),
        (SUMMARY, {"filter": "FailedDeviceCount"}, "Invalid filter"),
        (INSTALLATIONS, {"filter": "(AppInstallState eq '2')"}, "ApplicationId"),
        (INSTALLATIONS, {"filter": "(ApplicationId eq 'x') and (DeviceId eq 'y')"}, "DeviceId"),
        (INSTALLATIONS, {"top": "all"}, "body"),
    ],
)
async def test_what_a_report_cannot_answer_is_refused(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], says: str
) -> None:
    refused = await client.post(path, json=body)
    assert refused.status_code == 400
    assert says in json.loads(refused.json()["error"]["message"])["Message"]


async def test_a_report_is_posted(client: httpx.AsyncClient) -> None:
    assert (await client.get(SETTINGS)).status_code == 405


async def test_the_summary_of_apps_agrees_with_their_devices(client: httpx.AsyncClient) -> None:
    every = rows(await client.post(SUMMARY, json={}))
    failing = rows(await client.post(SUMMARY, json={"filter": "(FailedDeviceCount gt '0')"}))
    assert failing == [row for row in every if row["FailedDeviceCount"] > 0]
    assert 5 <= len(failing) < len(every)
    for row in failing:
        wanted = f"(ApplicationId eq '{row['ApplicationId']}')"
        devices = rows(await client.post(INSTALLATIONS, json={"filter": wanted}))
        failed = rows(await client.post(INSTALLATIONS, json={"filter": f"{wanted} and (AppInstallState eq '2')"}))
        assert [each for each in devices if each["AppInstallState"] == 2] == failed
        assert len(failed) == row["FailedDeviceCount"]
        assert len({each["DeviceId"] for each in devices}) == len(devices)
        for each in failed:
            assert each["AppInstallState_loc"] == "Failed"
            assert each["ErrorCode"] < 0, "a signed number of 32 bits"
            assert each["HexErrorCode"] == f"0x{each['ErrorCode'] + (1 << 32):08X}"


async def test_failing_devices_of_an_app_are_devices_of_the_fleet(client: httpx.AsyncClient) -> None:
    fleet = {row["id"]: row for row in (await client.get("/v1.0/deviceManagement/managedDevices")).json()["value"]}
    for app in rows(await client.post(SUMMARY, json={"filter": "(FailedDeviceCount gt '0')"})):
        wanted = f"(ApplicationId eq '{app['ApplicationId']}')"
        for row in rows(await client.post(INSTALLATIONS, json={"filter": wanted})):
            assert fleet[row["DeviceId"]]["deviceName"] == row["DeviceName"]
            assert fleet[row["DeviceId"]]["userPrincipalName"] == row["UserPrincipalName"]


async def test_an_unknown_app_has_no_installations(client: httpx.AsyncClient) -> None:
    assert rows(await client.post(INSTALLATIONS, json={"filter": "(ApplicationId eq 'nobody knows')"})) == []


async def test_apps_show_their_assignments_when_asked(client: httpx.AsyncClient) -> None:
    plain = (await client.get(f"{APPS}?$select=id,displayName")).json()["value"]
    assert not [row for row in plain if "assignments" in row]
    told = (await client.get(f"{APPS}?$select=id,displayName&$expand=assignments")).json()["value"]
    intents = {assignment["intent"] for row in told for assignment in row["assignments"]}
    assert intents == {"required", "available", "uninstall"}
    assert [row["id"] for row in told] == [row["id"] for row in plain]
    required = {row["id"] for row in told if any(each["intent"] == "required" for each in row["assignments"])}
    failing = rows(await client.post(SUMMARY, json={"filter": "(FailedDeviceCount gt '0')"}))
    assert {row["ApplicationId"] for row in failing} - required, "an app that is merely available fails too"
    assert (await client.get(f"{APPS}?$expand=nothing")).status_code == 400


async def test_events_come_in_pages_of_one_instant(client: httpx.AsyncClient, clock: Clock) -> None:
    whole = (await client.get(EVENTS)).json()["value"]
    link: str | None = f"{EVENTS}?$top=2"
    paged = []
    while link is not None:
        page = (await client.get(link)).json()
        paged += page["value"]
        link = page.get("@odata.nextLink")
        clock.now += timedelta(days=1)
    assert paged == whole
    assert {row["@odata.type"] for row in whole} == {"#microsoft.graph.enrollmentTroubleshootingEvent"}
    assert all(EPOCH - timedelta(days=30) < datetime.fromisoformat(row["eventDateTime"]) <= EPOCH for row in whole)


async def test_the_properties_of_enrolment_events_cannot_be_selected(client: httpx.AsyncClient) -> None:
    refused = await client.get(f"{EVENTS}?$select=id,failureCategory")
    assert refused.status_code == 400
    base = (await client.get(f"{EVENTS}?$select=id,eventDateTime")).json()["value"]
    assert base
    assert all(row.keys() == {"@odata.type", "id", "eventDateTime"} for row in base)
