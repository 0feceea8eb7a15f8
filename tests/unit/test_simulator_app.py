"""The simulated tenant over HTTP, as a client of Microsoft Graph meets it."""

from __future__ import annotations

import json
from collections import Counter
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
DEVICES = "/v1.0/deviceManagement/managedDevices"
MESSAGES = "/v1.0/admin/serviceAnnouncement/messages"
WORLD = World(4, "busy", EPOCH, 600)


class Clock:
    """A clock that moves by `step` whenever it is read."""

    def __init__(self) -> None:
        self.now = EPOCH
        self.step = timedelta(0)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(WORLD, clock=clock, token="secret", root=ROOT)
    headers = {"Authorization": "Bearer secret", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT, headers=headers) as opened:
        yield opened


async def sweep(client: httpx.AsyncClient, url: str, **headers: str) -> list[list[dict[str, Any]]]:
    pages = []
    link: str | None = url
    while link is not None:
        response = await client.get(link, headers=headers)
        assert response.status_code == 200, response.text
        body = response.json()
        pages.append(body["value"])
        link = body.get("@odata.nextLink")
        assert link is None or link.startswith(ROOT + "/v1.0/")
    return pages


async def test_pages_of_a_sweep_show_one_instant_while_time_goes_on(client: httpx.AsyncClient, clock: Clock) -> None:
    at_once = (await client.get(DEVICES)).json()["value"]
    clock.step = timedelta(minutes=40)
    clock.now -= clock.step
    pages = await sweep(client, f"{DEVICES}?$top=70")
    assert [len(page) for page in pages] == [70] * 8 + [40]
    assert [row for page in pages for row in page] == at_once
    assert (await client.get(DEVICES)).json()["value"] != at_once


async def test_pages_keep_the_selection_and_the_filter(client: httpx.AsyncClient) -> None:
    pages = await sweep(client, f"{DEVICES}?$select=id,deviceName&$top=9&$filter=deviceCategoryDisplayName eq 'Büro'")
    assert len(pages) > 3
    assert all(row.keys() == {"id", "deviceName"} for page in pages for row in page)
    rows = (await client.get(DEVICES)).json()["value"]
    wanted = [row["id"] for row in rows if row["deviceCategoryDisplayName"] == "Büro"]
    assert [row["id"] for page in pages for row in page] == wanted


@pytest.mark.parametrize(
    "ignored",
    [
        "complianceState eq 'noncompliant'",
        "lastSyncDateTime ge 2026-11-02T07:30:00Z",
        "operatingSystem eq 'iOS' or jailBroken eq 'True'",
        "deviceEnrollmentType eq 'userEnrollment'",
        "nonsense",
    ],
)
async def test_an_undocumented_filter_is_ignored_without_a_word(client: httpx.AsyncClient, ignored: str) -> None:
    response = await client.get(DEVICES, params={"$filter": ignored})
    assert response.status_code == 200
    assert len(response.json()["value"]) == 600


async def test_a_documented_filter_filters(client: httpx.AsyncClient) -> None:
    everything = (await client.get(DEVICES)).json()["value"]

    async def ids(text: str) -> set[str]:
        return {row["id"] for row in (await client.get(DEVICES, params={"$filter": text})).json()["value"]}

    since = "2026-11-02T05:00:00Z"
    assert await ids(f"lastSyncDateTime gt {since}") == {r["id"] for r in everything if r["lastSyncDateTime"] > since}
    assert await ids(f"lastSyncDateTime lt {since}") == {r["id"] for r in everything if r["lastSyncDateTime"] < since}
    year = "2025-11-02T08:00:00.0000000Z"
    older = {r["id"] for r in everything if r["enrolledDateTime"] < year[:19]}
    assert await ids(f"enrolledDateTime lt {year}") == older
    assert 0 < len(older) < 600
    jailed = {r["id"] for r in everything if r["jailBroken"] == "True"}
    assert jailed
    assert await ids("jailBroken eq 'True'") == jailed
    # Of an `or` over two properties only the first is evaluated.
    assert await ids("jailBroken eq 'True' or deviceCategoryDisplayName eq 'Kiosk'") == jailed
    assert len(await ids("jailBroken eq 'True' or jailBroken eq 'False'")) >= 595


async def test_a_count_comes_only_when_asked_for(client: httpx.AsyncClient) -> None:
    assert "@odata.count" not in (await client.get(DEVICES)).json()
    body = (await client.get(f"{DEVICES}?$count=true&$top=5&$select=id")).json()
    assert body["@odata.count"] == 600
    assert body["@odata.context"] == f"{ROOT}/v1.0/$metadata#deviceManagement/managedDevices"


async def test_figures_agree_with_the_rows_of_the_same_instant(client: httpx.AsyncClient, clock: Clock) -> None:
    clock.now += timedelta(days=3, seconds=17)
    rows = (await client.get(DEVICES)).json()["value"]
    states = Counter(row["complianceState"] for row in rows)
    systems = Counter(row["operatingSystem"] for row in rows)
    summary = (await client.get("/v1.0/deviceManagement/deviceCompliancePolicyDeviceStateSummary")).json()
    assert summary["nonCompliantDeviceCount"] == states["noncompliant"]
    assert summary["compliantDeviceCount"] == states["compliant"]
    assert summary["inGracePeriodCount"] == states["inGracePeriod"]
    assert summary["errorDeviceCount"] == states["error"]
    assert summary["conflictDeviceCount"] == states["conflict"]
    assert summary["configManagerCount"] == states["configManager"]
    assert summary["unknownDeviceCount"] == states["unknown"]
    overview = (await client.get("/v1.0/deviceManagement/managedDeviceOverview")).json()
    platforms = overview["deviceOperatingSystemSummary"]
    assert overview["enrolledDeviceCount"] == 600
    assert overview["dualEnrolledDeviceCount"] == sum(r["deviceEnrollmentType"] == "windowsCoManagement" for r in rows)
    assert platforms["windowsCount"] == systems["Windows"]
    assert platforms["iosCount"] == systems["iOS"] + systems["iPadOS"]
    assert platforms["androidCount"] == systems["Android"]
    protection = (await client.get("/v1.0/deviceManagement/deviceProtectionOverview")).json()
    counts = [value for name, value in protection.items() if name.endswith("DeviceCount")]
    assert protection["totalReportedDeviceCount"] == systems["Windows"] == sum(counts) / 2


async def test_one_device_shows_what_a_list_shows_and_more(client: httpx.AsyncClient) -> None:
    row = (await client.get(DEVICES)).json()["value"][77]
    body = (await client.get(f"{DEVICES}/{row['id']}")).json()
    assert {name: body[name] for name in row} == row
    assert "physicalMemoryInBytes" in body
    chosen = (await client.get(f"{DEVICES}/{row['id']}?$select=id,iccid")).json()
    assert chosen.keys() == {"@odata.context", "id", "iccid"}


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer other", "Basic secret", "secret"])
async def test_a_foreign_token_is_refused(client: httpx.AsyncClient, authorization: str) -> None:
    response = await client.get(DEVICES, headers={"Authorization": authorization})
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("url", "status", "code", "words"),
    [
        (f"{DEVICES}?$top=many", 400, "BadRequest", "$top"),
        (f"{DEVICES}?$top=-1", 400, "BadRequest", "$top"),
        (f"{DEVICES}?$top=0", 400, "BadRequest", "$top"),
        (f"{DEVICES}?$select=id,devicename", 400, "BadRequest", "'devicename' on type 'microsoft.graph.managedDevice'"),
        (f"{DEVICES}?$skiptoken=x!", 400, "BadRequest", "Skip token"),
        (f"{DEVICES}?$skiptoken=WzAsLTVd", 400, "BadRequest", "Skip token"),  # [0,-5]
        (f"{DEVICES}?$filter=lastSyncDateTime gt 2026-99-01T00:00:00Z", 400, "BadRequest", "2026-99-01"),
        (f"{MESSAGES}?$skip=-2", 400, "BadRequest", "$skip"),
        ("/v1.0/deviceManagement/nothing", 400, "BadRequest", "Resource not found for the segment 'nothing'."),
        ("/v1.0/me/drive", 400, "BadRequest", "segment 'me'"),
        ("/beta/deviceManagement/managedDevices", 400, "BadRequest", "Resource not found"),
        ("/v2/deviceManagement", 400, "BadRequest", "Invalid version: v2"),
        ("/", 400, "BadRequest", "Invalid version"),
    ],
)
async def test_a_bad_request_is_refused_as_graph_does(
    client: httpx.AsyncClient, url: str, status: int, code: str, words: str
) -> None:
    response = await client.get(url, headers={"client-request-id": "5f0c"})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert words in error["message"]
    assert error["innerError"]["date"] == "2026-11-02T08:00:00"
    assert error["innerError"]["client-request-id"] == response.headers["client-request-id"] == "5f0c"
    assert error["innerError"]["request-id"] == response.headers["request-id"]
    assert response.headers["Date"] == "Mon, 02 Nov 2026 08:00:00 GMT"


async def test_intune_writes_a_document_into_the_message(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{DEVICES}/00000000-0000-0000-0000-000000000000")
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (404, "ResourceNotFound")
    document = json.loads(error["message"])
    assert document["Message"].startswith("An error has occurred - Operation ID")
    assert document.keys() >= {"_version", "CustomApiErrorPhrase", "RetryAfter", "ErrorSourceService", "HttpHeaders"}


async def test_nothing_can_be_written(client: httpx.AsyncClient) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        assert (await client.request(method, DEVICES)).status_code == 405


async def test_posts_come_in_pages_of_the_preferred_size(client: httpx.AsyncClient) -> None:
    whole = await sweep(client, MESSAGES)
    assert len(whole) == 1
    paged = await sweep(client, MESSAGES, Prefer="odata.maxpagesize=7")
    assert [len(page) for page in paged] == [7, 7, len(whole[0]) - 14]
    assert [row for page in paged for row in page] == whole[0]
    first = (await client.get(MESSAGES, headers={"Prefer": "odata.maxpagesize=7"})).json()
    assert "$skip=7" in first["@odata.nextLink"]
    few = await sweep(client, f"{MESSAGES}?$top=12&$select=id", Prefer="odata.maxpagesize=7")
    assert [len(page) for page in few] == [7, 5]
    assert all(row["viewPoint"] is None for row in whole[0])


async def test_an_answer_is_compressed_only_when_asked_for(client: httpx.AsyncClient) -> None:
    plain = await client.get(DEVICES)
    small = await client.get(DEVICES, headers={"Accept-Encoding": "deflate, gzip;q=0.8"})
    refused = await client.get(DEVICES, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in refused.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) < len(plain.content) / 3
    assert small.json() == plain.json()


async def test_apps_and_policies_name_their_type(client: httpx.AsyncClient) -> None:
    for url in ("/v1.0/deviceAppManagement/mobileApps", "/v1.0/deviceManagement/deviceCompliancePolicies"):
        rows = (await client.get(f"{url}?$select=id,displayName")).json()["value"]
        assert all(row.keys() == {"@odata.type", "id", "displayName"} for row in rows)
        assert all(row["@odata.type"].startswith("#microsoft.graph.") for row in rows)
