"""Faults of the simulated tenant: how they are written, which requests they meet, and what comes then."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from omconsole.simulator.app import create_app
from omconsole.simulator.fault_kinds import KINDS
from omconsole.simulator.faults import Faults, fault_table
from omconsole.simulator.sign_in_script import STEPS
from omconsole.simulator.world import World

ROOT = "https://graph.example"
NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
DEVICES = "/v1.0/deviceManagement/managedDevices"
MESSAGES = "/v1.0/admin/serviceAnnouncement/messages"
VPP = "/v1.0/deviceAppManagement/vppTokens"
AUTOPILOT = "/beta/deviceManagement/windowsAutopilotSettings"
SETTINGS = "/v1.0/deviceManagement/reports/getNoncompliantDevicesAndSettingsReport"
COLUMNS = ["DeviceId", "PolicyName", "SettingName", "SettingStatus"]
WORLD = World(1, "busy", NOW, 250)


class Desk:
    """Asks one tenant; `faults` is what goes wrong there."""

    def __init__(self, *specs: str) -> None:
        self.faults = Faults.parse(specs)
        app = create_app(WORLD, clock=lambda: NOW, token=None, root=ROOT, faults=self.faults)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ROOT)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self._http.get(path, headers=headers)

    async def report(self, skip: int = 0, top: int = 20) -> dict[str, Any]:
        body = {"select": COLUMNS, "skip": skip, "top": top}
        return dict((await self._http.post(SETTINGS, json=body)).json())

    async def batch(self, *paths: str) -> dict[str, int]:
        parts = [{"id": path, "method": "GET", "url": path} for path in paths]
        answers = (await self._http.post("/v1.0/$batch", json={"requests": parts})).json()["responses"]
        return {answer["id"]: answer["status"] for answer in answers}


def rows(response: httpx.Response) -> list[dict[str, Any]]:
    return list(response.json()["value"])


# --- how they are written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("thunder", "There is no fault “thunder”. There are: throttled, 500, "),
        ("", "A fault is written NAME[=VALUE][@PATH-PART][*TIMES]; “” is not."),
        ("500*0", "A fault is written NAME"),
        ("500@", "A fault is written NAME"),
        (
            "throttled=soon",
            "The fault “throttled” takes SECONDS, date:SECONDS, message:SECONDS or none; 30, not “soon”.",
        ),
        ("expired=1", "The fault “expired” takes no value, not “1”."),
        ("huge=-1", "The fault “huge” takes MEGABYTES; 100, not “-1”."),
        ("types=boxes", "The fault “types” takes object, list, rows, texts or numbers; object, not “boxes”."),
        ("500,thunder", "There is no fault “thunder”."),
        ("sign-in=thunder", "“thunder” is no step of sign-in"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_there_is(spec: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Faults.parse([spec])


def test_every_fault_is_in_the_table_and_can_be_had_without_a_value() -> None:
    lines = fault_table().splitlines()
    assert [line.split()[0] for line in lines] == [*KINDS, *STEPS]
    assert all(len(line.split()) > 2 for line in lines)
    Faults.parse(KINDS)


async def test_a_fault_of_signing_in_is_handed_over() -> None:
    desk = Desk("sign-in=pending+500, throttled=90", "renewal=mfa")
    assert [desk.faults.script.next("sign-in") for _ in range(3)] == ["pending", "500", ""]
    assert desk.faults.script.next("renewal") == "mfa"
    assert (await desk.get(VPP)).status_code == 429
    desk.faults.add("renewal=revoked")
    desk.faults.clear()
    assert desk.faults.script.next("renewal") == ""
    assert (await desk.get(VPP)).status_code == 200


# --- which requests they meet -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "statuses"),
    [
        ("500", [500, 500, 500]),
        ("500@managedDevices", [500, 200, 200]),
        ("500@beta", [200, 200, 500]),
        ("500@Devices,404@none", [500, 200, 200]),
        ("500@vppTokens,502@beta", [200, 500, 502]),
        ("500*2", [500, 500, 200]),
        ("500@beta*1,502", [502, 502, 500]),
    ],
)
async def test_a_fault_meets_the_paths_it_names_so_often(spec: str, statuses: list[int]) -> None:
    desk = Desk(spec.replace(",404@none", ""))
    assert [(await desk.get(path)).status_code for path in (DEVICES, VPP, AUTOPILOT)] == statuses


async def test_faults_are_switched_on_and_off_while_it_serves() -> None:
    desk = Desk()
    assert (await desk.get(VPP)).status_code == 200
    desk.faults.add("503=20@vpp*1")
    answer = await desk.get(VPP)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "20")
    assert (await desk.get(VPP)).status_code == 200


async def test_no_fault_meets_what_is_not_asked_of_graph_unless_it_is_named() -> None:
    desk = Desk("500")
    assert (await desk.get("/exports/nothing.zip")).status_code != 500
    desk.faults.add("502@/exports/")
    assert (await desk.get("/exports/nothing.zip")).status_code == 502


async def test_each_part_of_a_batch_has_its_own_fault() -> None:
    desk = Desk("throttled@vppTokens")
    short = "/deviceAppManagement/vppTokens", "/admin/serviceAnnouncement/messages"
    assert await desk.batch(*short) == {short[0]: 429, short[1]: 200}
    desk.faults.add("500@$batch")
    assert (await desk._http.post("/v1.0/$batch", json={"requests": []})).status_code == 500


# --- in place of the tenant -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "header", "inside"),
    [
        ("throttled", "30", None),
        ("throttled=2.128", "2.128", None),
        ("throttled=date:90", "Sun, 22 Nov 2026 09:42:30 GMT", None),
        ("throttled=message:90", None, 90.0),
        ("throttled=none", None, None),
    ],
)
async def test_throttling_says_when_in_its_own_way(spec: str, header: str | None, inside: float | None) -> None:
    answer = await Desk(spec).get(DEVICES)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], answer.headers.get("retry-after")) == (429, "TooManyRequests", header)
    if inside is not None:
        assert json.loads(error["message"])["RetryAfter"] == inside


async def test_a_missing_permission_is_refused_in_the_words_of_each_service() -> None:
    desk = Desk("forbidden")
    message = json.loads((await desk.get(VPP)).json()["error"]["message"])["Message"]
    assert "DeviceManagementServiceConfig.Read.All, DeviceManagementServiceConfig.ReadWrite.All" in message
    assert "does not have the permission" in (await desk.get(MESSAGES)).json()["error"]["message"]
    named = (await Desk("forbidden=A.Read.All+B.Read.All").get(VPP)).json()["error"]["message"]
    assert "one of the following scopes: A.Read.All, B.Read.All" in named


async def test_a_claims_challenge_ends_when_a_token_meets_it() -> None:
    desk = Desk("claims=c4")
    refused = await desk.get(VPP, Authorization="Bearer opaque")
    assert refused.status_code == 401
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_claims"' in challenge
    claims = json.loads(base64.b64decode(challenge.partition('claims="')[2].rstrip('"')))
    assert claims == {"access_token": {"acrs": {"essential": True, "value": "c4"}}}

    def bearer(claims: dict[str, Any]) -> str:
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        return f"Bearer e30.{payload}.x"

    assert (await desk.get(VPP, Authorization=bearer({"acrs": ["c1"]}))).status_code == 401
    assert (await desk.get(VPP, Authorization=bearer({"acrs": ["c1", "c4"]}))).status_code == 200
    assert (await desk.get(VPP, Authorization=bearer({"acrs": "c4"}))).status_code == 200


async def test_portals_answer_with_pages_and_send_elsewhere() -> None:
    page = await Desk("html=503").get(VPP)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")
    moved = await Desk("redirect=https://wifi.example/terms").get(VPP)
    assert (moved.status_code, moved.headers["location"]) == (302, "https://wifi.example/terms")


# --- content ----------------------------------------------------------------------------------------------------------


async def test_a_body_is_cut_within_the_json() -> None:
    whole = (await Desk().get(VPP)).content
    cut = await Desk("truncated").get(VPP)
    assert cut.content == whole[: len(whole) // 2]
    assert cut.headers["content-length"] == str(len(cut.content))


async def test_types_are_other_ones() -> None:
    def of(value: str) -> Desk:
        return Desk(f"types={value}")

    assert isinstance((await of("object").get(VPP)).json()["value"], dict)
    assert isinstance((await of("object").report())["Values"], dict)
    assert isinstance((await of("list").get(VPP)).json(), list)
    assert all(isinstance(row, str) for row in (await of("rows").get(VPP)).json()["value"])
    assert {row["isEncrypted"] for row in rows(await of("texts").get(DEVICES))} <= {"True", "False", None}
    devices = rows(await of("numbers").get(DEVICES))
    assert {row["deviceName"] for row in devices} == {17}
    assert len({row["id"] for row in devices}) == 250


async def test_some_rows_are_damaged_the_others_not() -> None:
    damaged = rows(await Desk("damaged=5").get(DEVICES))
    good = rows(await Desk().get(DEVICES))
    changed = [place for place, (row, other) in enumerate(zip(damaged, good, strict=True)) if row != other]
    assert changed == list(range(4, 250, 5))
    values = (await Desk("damaged=2").report())["Values"]
    assert [isinstance(row, dict) for row in values] == [False, True] * 10


@pytest.mark.parametrize("fault", ["nulls", "missing"])
async def test_everything_but_ids_is_left_out(fault: str) -> None:
    row = rows(await Desk(fault).get(DEVICES))[0]
    assert {name for name, value in row.items() if value is not None} == {"id"}
    alone = rows(await Desk(f"{fault}=deviceName").get(DEVICES))[0]
    assert alone.get("deviceName") is None
    assert alone["operatingSystem"]
    table = await Desk(fault).report()
    columns = [column["Column"] for column in table["Schema"]]
    said = {name for name, value in zip(columns, table["Values"][0], strict=True) if value is not None}
    assert said == {"DeviceId"}
    single = (await Desk(fault).get(AUTOPILOT)).json()
    assert not any(value for name, value in single.items() if not name.startswith("@"))


async def test_members_are_new_ones_in_lists_and_reports() -> None:
    desk = Desk("unknown-members")
    assert {row["complianceState"] for row in rows(await desk.get(DEVICES))} == {"addedLastWeek"}
    table = await desk.report()
    columns = [column["Column"] for column in table["Schema"]]
    assert {row[columns.index("SettingStatus")] for row in table["Values"]} == {98_765}


async def test_columns_are_shuffled_with_their_values() -> None:
    def named(table: dict[str, Any]) -> list[dict[str, Any]]:
        columns = [column["Column"] for column in table["Schema"]]
        return [dict(zip(columns, row, strict=True)) for row in table["Values"]]

    shuffled, plain = await Desk("shuffled").report(), await Desk().report()
    assert shuffled["Schema"] != plain["Schema"]
    assert named(shuffled) == named(plain)


async def test_a_clock_is_ahead_in_every_time_or_in_the_header_alone() -> None:
    plain, ahead, header = [await Desk(*spec).get(DEVICES) for spec in ((), ("clock=1.5",), ("date=1.5",))]
    assert header.json() == plain.json()
    assert (plain.headers["date"], header.headers["date"]) == (
        "Sun, 22 Nov 2026 09:41:00 GMT",
        "Sun, 22 Nov 2026 11:11:00 GMT",
    )
    assert ahead.headers["date"] == header.headers["date"]
    pairs = [
        (datetime.fromisoformat(row["lastSyncDateTime"]), datetime.fromisoformat(other["lastSyncDateTime"]))
        for row, other in zip(rows(plain), rows(ahead), strict=True)
        if row["lastSyncDateTime"]
    ]
    assert {(later - before).total_seconds() for before, later in pairs if before.year > 1} == {5_400.0}


# --- pages ------------------------------------------------------------------------------------------------------------


async def read(desk: Desk, most: int = 10) -> list[list[str]]:
    """The ids of the devices, page by page."""
    found: list[list[str]] = []
    url = f"{DEVICES}?$select=id&$top=100"
    while url and len(found) < most:
        page = (await desk.get(url)).json()
        found.append([row["id"] for row in page["value"]])
        url = page.get("@odata.nextLink", "")
    return found


async def test_links_lead_elsewhere_or_nowhere() -> None:
    page = (await Desk("foreign-link").get(DEVICES)).json()
    assert page["@odata.nextLink"].startswith("https://graph.elsewhere.example/v1.0/deviceManagement/managedDevices?")
    page = (await Desk("loop").get(f"{DEVICES}?$top=100")).json()
    assert page["@odata.nextLink"] == f"{ROOT}{DEVICES}?$top=100"
    endless = await read(Desk("endless"))
    assert [len(page) for page in endless] == [100] * 10


async def test_a_report_without_end_never_shows_the_same_page_or_always() -> None:
    endless, loop = Desk("endless"), Desk("loop")
    pages = [(await endless.report(skip))["Values"] for skip in (0, 20, 40)]
    assert len({json.dumps(page[0]) for page in pages}) == 3
    assert [(await loop.report(skip))["Values"] for skip in (0, 20)] == [(await Desk().report())["Values"]] * 2


async def test_the_second_page_fails() -> None:
    desk = Desk("second-page")
    assert (await desk.get((await desk.get(f"{DEVICES}?$top=100")).json()["@odata.nextLink"])).status_code == 500
    assert (await desk._http.post(SETTINGS, json={"select": COLUMNS, "skip": 20})).status_code == 500


async def test_lists_are_empty_and_say_nothing_of_it() -> None:
    desk = Desk("emptied")
    page = (await desk.get(f"{DEVICES}?$top=100&$count=true")).json()
    assert (page["value"], page["@odata.count"]) == ([], 0)
    assert "@odata.nextLink" not in page
    table = await desk.report()
    assert (table["Values"], table["TotalRowCount"]) == ([], 0)
    assert "value" not in (await desk.get(AUTOPILOT)).json()


async def test_who_sees_less_sees_the_same_part_each_time() -> None:
    desk = Desk("narrowed=40")
    first, second = await read(desk), await read(desk)
    assert first == second
    assert 60 < sum(map(len, first)) < 140


async def test_rows_come_twice() -> None:
    pages, plain = await read(Desk("duplicates")), await read(Desk())
    assert pages[-1] == [*plain[-1], plain[-1][-1], plain[0][0]]
    assert {id_ for page in pages for id_ in page} == {id_ for page in plain for id_ in page}
    table = await Desk("duplicates").report(top=1000)
    assert table["TotalRowCount"] == len(table["Values"]) == len((await Desk().report(top=1000))["Values"]) + 2


async def test_rows_move_between_pages_others_each_time() -> None:
    desk, plain = Desk("moving"), await read(Desk())
    unseen = []
    for _turn in range(2):
        pages = await read(desk)
        assert [len(page) for page in pages] == [len(page) for page in plain]
        assert plain[0][-1] in pages[1]
        unseen.append({id_ for page in plain for id_ in page} - {id_ for page in pages for id_ in page})
    assert [len(each) for each in unseen] == [2, 2]
    assert unseen[0].isdisjoint(unseen[1])


async def test_the_number_of_rows_is_another_one() -> None:
    assert (await Desk("total=3").report())["TotalRowCount"] == 3
