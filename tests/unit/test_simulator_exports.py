"""Export jobs of the simulated tenant."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.simulator.app import create_app
from omconsole.simulator.exports import REPORTS, storage_of
from omconsole.simulator.update_policies import WindowsUpdates
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "http://tenant.example"
WORLD = World(4, "busy", EPOCH, 300)
JOBS = "/v1.0/deviceManagement/reports/exportJobs"
TOKEN = {"Authorization": "Bearer secret"}
SETTINGS = "NoncompliantDevicesAndSettings"


class Clock:
    now = EPOCH

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(WORLD, clock=clock, token="secret", root=ROOT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT) as opened:
        yield opened


async def finished(client: httpx.AsyncClient, **order: Any) -> str:
    """The address of the file that an order comes to."""
    response = await client.post(JOBS, json=order, headers=TOKEN)
    assert response.status_code == 201, response.text
    job = response.json()
    assert job["id"].startswith(f"{order['reportName']}_")
    assert job["status"] == "notStarted"
    states = []
    while job["status"] != "completed":
        assert job["url"] is None
        job = (await client.get(f"{JOBS}('{job['id']}')", headers=TOKEN)).json()
        states.append(job["status"])
    assert states == ["inProgress", "inProgress", "completed"]
    return str(job["url"])


async def unpacked(client: httpx.AsyncClient, url: str) -> tuple[str, bytes]:
    response = await client.get(url)
    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name)


async def test_the_file_has_what_the_report_has(client: httpx.AsyncClient) -> None:
    url = await finished(client, reportName=SETTINGS, localizationType="LocalizedValuesAsAdditionalColumn")
    name, raw = await unpacked(client, url)
    assert name.endswith(".csv")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    action = "/v1.0/deviceManagement/reports/getNoncompliantDevicesAndSettingsReport"
    table = (await client.post(action, json={}, headers=TOKEN)).json()
    names = [column["Column"] for column in table["Schema"]]
    assert list(rows[0]) == names
    assert len(rows) == table["TotalRowCount"] > 20
    written = [["" if value is None else str(value) for value in row] for row in table["Values"]]
    assert [list(row.values()) for row in rows] == written


async def test_texts_stand_in_the_place_of_numbers_unless_asked_for_beside_them(client: httpx.AsyncClient) -> None:
    url = await finished(client, reportName=SETTINGS, select=["DeviceId", "SettingStatus"], format="json")
    name, raw = await unpacked(client, url)
    assert name.endswith(".json")
    rows = json.loads(raw)["values"]
    assert rows[0].keys() == {"DeviceId", "SettingStatus"}
    assert all(isinstance(row["SettingStatus"], str) for row in rows)


async def test_devices_are_those_of_the_list_at_the_time_of_the_order(client: httpx.AsyncClient, clock: Clock) -> None:
    every = (await client.get("/v1.0/deviceManagement/managedDevices", headers=TOKEN)).json()["value"]
    select = ["DeviceId", "deviceName", "LastContact", "UPN"]  # the case of columns is no matter
    url = await finished(client, reportName="Devices", select=select, format="json")
    clock.now += timedelta(hours=5)
    rows = json.loads((await unpacked(client, url))[1])["values"]
    assert {row["DeviceId"]: row["LastContact"] for row in rows} == {
        row["id"]: row["lastSyncDateTime"] for row in every
    }
    url = await finished(client, reportName="Devices", filter="(CompliantState eq '2')", select=["DeviceId"])
    found = (await unpacked(client, url))[1].decode("utf-8-sig").splitlines()
    now = (await client.get("/v1.0/deviceManagement/managedDevices", headers=TOKEN)).json()["value"]
    assert sorted(found[1:]) == sorted(row["id"] for row in now if row["complianceState"] == "noncompliant")


@pytest.mark.parametrize("name", sorted(REPORTS))
async def test_every_report_can_be_ordered(client: httpx.AsyncClient, name: str) -> None:
    updates = WORLD.part(WindowsUpdates).errors
    policy = next(error.policy.id for error in updates if error.policy.expedited == name.startswith("Quality"))
    ids = {"ApplicationId": WORLD.apps.apps[0].id, "PolicyId": policy, None: ""}
    required = REPORTS[name][0].required
    wanted = f"({required} eq '{ids[required]}')" if required else ""
    url = await finished(client, reportName=name, filter=wanted)
    assert len((await unpacked(client, url))[1].splitlines()) > 1


async def test_the_storage_is_another_host_and_refuses_the_token(client: httpx.AsyncClient, clock: Clock) -> None:
    url = await finished(client, reportName="Devices")
    assert url.startswith("http://storage.tenant.example/exports/Devices_")
    shown = await client.get(url, headers=TOKEN)
    assert (shown.status_code, shown.headers["x-ms-error-code"]) == (400, "InvalidAuthenticationInfo")
    assert (await client.get(url.replace("sig=", "sig=0"))).status_code == 403
    clock.now += timedelta(hours=7)
    assert (await client.get(url)).status_code == 403


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"reportName": "Nothing"},
        {"reportName": "Devices", "select": ["Colour"]},
        {"reportName": "Devices", "filter": "(LastContact eq '1')"},
        {"reportName": "Devices", "format": "pdf"},
        {"reportName": "Devices", "localizationType": "none"},
        {"reportName": "DeviceInstallStatusByApp"},
    ],
)
async def test_what_cannot_be_exported_is_refused(client: httpx.AsyncClient, order: dict[str, Any]) -> None:
    response = await client.post(JOBS, json=order, headers=TOKEN)
    assert response.status_code == 400
    assert json.loads(response.json()["error"]["message"])["Message"]


async def test_there_is_no_job_that_nobody_ordered(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{JOBS}/Devices_1", headers=TOKEN)).status_code == 404


@pytest.mark.parametrize(
    ("root", "storage"),
    [
        ("https://127.0.0.1:8443", "https://localhost:8443"),
        ("http://[::1]:80", "http://localhost:80"),
        ("https://localhost", "https://127.0.0.1"),
    ],
)
def test_on_this_machine_the_other_host_is_another_name_of_it(root: str, storage: str) -> None:
    assert storage_of(root) == storage
