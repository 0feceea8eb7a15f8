"""`$batch` of the simulated tenant."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.simulator.app import create_app
from omconsole.simulator.sign_in import Registration, SignInServer
from omconsole.simulator.sign_in_sessions import Asked
from omconsole.simulator.tokens import Subject
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "http://tenant.example"
WORLD = World(4, "busy", EPOCH, 80)
OVERVIEW = "/deviceManagement/managedDeviceOverview"
APPS = "/deviceManagement/reports/getAppsInstallSummaryReport"
SETTINGS = "/deviceManagement/reports/getNoncompliantDevicesAndSettingsReport"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def sign_in() -> SignInServer:
    person = Subject("7d0a", "Anna Müller", "anna@contoso.example")
    return SignInServer(Registration("t-1", "c-1", person), ROOT, lambda: EPOCH, without=["ServiceHealth.Read.All"])


@pytest.fixture
async def client(sign_in: SignInServer) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(WORLD, clock=lambda: EPOCH, token="secret", root=ROOT, sign_in=sign_in)
    headers = {"Authorization": "Bearer secret"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ROOT, headers=headers) as opened:
        yield opened


def get(name: str, url: str = OVERVIEW, **more: Any) -> dict[str, Any]:
    return {"id": name, "method": "GET", "url": url, **more}


async def answers(
    client: httpx.AsyncClient, *parts: dict[str, Any], version: str = "v1.0"
) -> dict[str, dict[str, Any]]:
    response = await client.post(f"/{version}/$batch", json={"requests": list(parts)})
    assert response.status_code == 200, response.text
    return {each["id"]: each for each in response.json()["responses"]}


async def test_each_part_is_answered_as_if_it_had_come_alone(client: httpx.AsyncClient) -> None:
    device = f"/deviceManagement/managedDevices/{WORLD.device_id(3, EPOCH)}?$select=id,deviceName"
    came = await answers(client, get("a"), get("b", device), get("c", "/deviceManagement/managedDevices/nobody"))
    assert came["a"]["body"] == (await client.get(f"/v1.0{OVERVIEW}")).json()
    assert came["b"]["body"]["deviceName"]
    assert came["b"]["headers"]["content-type"].startswith("application/json")
    assert came["c"]["status"] == 404
    assert json.loads(came["c"]["body"]["error"]["message"])["Message"]


async def test_answers_come_in_an_order_of_their_own(client: httpx.AsyncClient) -> None:
    sent = [get(str(number), f"{OVERVIEW}?$select=enrolledDeviceCount") for number in range(20)]
    response = await client.post("/v1.0/$batch", json={"requests": sent})
    came = [each["id"] for each in response.json()["responses"]]
    assert sorted(came, key=int) == [part["id"] for part in sent]
    assert came != [part["id"] for part in sent]


async def test_a_report_comes_in_base64(client: httpx.AsyncClient) -> None:
    part = {"id": "r", "method": "POST", "url": SETTINGS, "headers": JSON, "body": {"top": 3}}
    came = await answers(client, part)
    alone = await client.post(f"/v1.0{SETTINGS}", json={"top": 3})
    assert json.loads(b64decode(came["r"]["body"])) == alone.json()
    assert came["r"]["headers"]["content-type"] == "application/octet-stream"


async def test_a_batch_of_one_version_knows_nothing_of_the_other(client: httpx.AsyncClient) -> None:
    part = {"id": "r", "method": "POST", "url": APPS, "headers": JSON, "body": {}}
    assert (await answers(client, part))["r"]["status"] == 400
    assert (await answers(client, part, version="beta"))["r"]["status"] == 200


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [get(str(number)) for number in range(21)],
        [get("one"), get("ONE")],
        [{"id": "r", "method": "POST", "url": SETTINGS, "body": {}}],
        [get("a", dependsOn=["b"]), get("b", dependsOn=["a"])],
        [{"id": "a"}],
    ],
    ids=["none", "21", "id twice", "body without type", "circle", "no method"],
)
async def test_a_batch_that_is_none_is_refused_as_a_whole(
    client: httpx.AsyncClient, parts: list[dict[str, Any]]
) -> None:
    response = await client.post("/v1.0/$batch", json={"requests": parts})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "BadRequest"


async def test_what_depends_on_a_failure_fails(client: httpx.AsyncClient) -> None:
    wrong = get("1", "/deviceManagement/nothing")
    came = await answers(client, get("3", dependsOn=["2"]), get("2", dependsOn=["1"]), wrong, get("4"))
    assert {name: each["status"] for name, each in came.items()} == {"1": 400, "2": 424, "3": 424, "4": 200}


async def test_a_batch_in_a_batch_and_a_foreign_address_are_refused(client: httpx.AsyncClient) -> None:
    came = await answers(client, get("a", "/$batch"), get("b", "https://elsewhere.example/v1.0/me"))
    assert [each["status"] for each in came.values()] == [400, 400]


async def test_each_part_needs_its_permission(client: httpx.AsyncClient, sign_in: SignInServer) -> None:
    token = sign_in.issued(Asked("c-1", ""), sign_in.person)["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    came = await answers(client, get("a"), get("b", "/admin/serviceAnnouncement/issues"))
    assert (came["a"]["status"], came["b"]["status"]) == (200, 403)
    client.headers["Authorization"] = "Bearer another"
    assert (await client.post("/v1.0/$batch", json={"requests": [get("a")]})).status_code == 401
