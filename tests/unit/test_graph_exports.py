"""Export jobs: the waiting, the file from a storage that sees no token, and its rows within bounds."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from omconsole.errors import GraphError, GraphProtocolError, GraphRejected, GraphUnreachable
from omconsole.graph import GraphClient, ReadyToken, ReportDecoder, Round, TransportSettings, build_client
from omconsole.graph.addresses import check_download
from omconsole.graph.decoding import Count, Identifier, Instant, Text
from omconsole.graph.exports import ExportBounds, export_job
from omconsole.request_log import open_request_log
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from tests.unit.graph_tools import ROOT, TOKEN, Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from omconsole.graph import Page

FILE_URL = "https://storage.example/reports/Devices_1.zip?sig=sas-secret"
ID = "Devices_1"


class Row(msgspec.Struct, frozen=True, rename="pascal"):
    device_id: Identifier
    device_name: Text = None
    failures: Count = None
    encrypted: bool | None = None
    seen: Instant = None


DECODER = ReportDecoder(Row)
COLUMNS = ("DeviceId", "DeviceName", "Failures", "Encrypted", "Seen")


def table(rows: Sequence[Sequence[object]], columns: Sequence[str] = COLUMNS, *, bom: bool = True) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([columns, *rows])
    return written.getvalue().encode("utf-8-sig" if bom else "utf-8")


def zipped(content: bytes, name: str = "Devices_1.csv", *more: str, packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive:
        for each in (name, *more):
            archive.writestr(each, content)
    return file.getvalue()


def job(status: str, url: object = None) -> httpx.Response:
    return httpx.Response(201, json={"id": ID, "status": status, "url": url})


class Storage:
    """Graph with a job that goes through these states, and a storage that answers so."""

    def __init__(self, *files: httpx.Response | bytes | Exception, states: Sequence[object] = ()) -> None:
        self.states = list(states) or [job("notStarted"), job("inProgress"), job("completed", FILE_URL)]
        self.files = list(files)
        self.fetched: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.example":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            assert isinstance(state, httpx.Response)
            return httpx.Response(state.status_code, content=state.content, headers=state.headers)
        self.fetched.append(request)
        answer = self.files.pop(0) if len(self.files) > 1 else self.files[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer, headers={"content-type": "application/octet-stream"})
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)


async def exported(tenant: Tenant, **more: Any) -> list[Page[Row]]:
    return [page async for page in export_job(tenant.client, "Devices", COLUMNS, decoder=DECODER, **more)]


async def rows_of(content: bytes, name: str = "x.csv", **more: Any) -> list[Row]:
    pages = await exported(Tenant(Storage(zipped(content, name))), **more)
    return [row for page in pages for row in page.rows]


async def test_a_report_is_ordered_waited_for_and_read() -> None:
    rows: list[list[object]] = [
        ["d1", "Büro, 1", 3, "True", "2026-11-22 09:41:03.1234567"],
        ["d2", 'a "b"\nc', "", "", ""],
    ]
    storage = Storage(zipped(table(rows)))
    tenant = Tenant(storage)
    (page,) = await exported(tenant, filter_="(OwnerType eq '1')")
    assert page.rows == (
        Row("d1", "Büro, 1", 3, True, datetime(2026, 11, 22, 9, 41, 3, 123456, tzinfo=UTC)),
        Row("d2", 'a "b"⏎c'),
    )
    assert (page.index, page.complete, bool(page.flaws)) == (0, True, False)
    order, *looks = tenant.wire.requests[:-1]
    assert (order.method, order.url.path) == ("POST", "/v1.0/deviceManagement/reports/exportJobs")
    assert json.loads(order.content) == {
        "reportName": "Devices",
        "select": list(COLUMNS),
        "format": "csv",
        "localizationType": "LocalizedValuesAsAdditionalColumn",
        "filter": "(OwnerType eq '1')",
    }
    assert {str(look.url) for look in looks} == {f"{ROOT}/v1.0/deviceManagement/reports/exportJobs('{ID}')"}


async def test_looks_become_rarer_up_to_a_deadline() -> None:
    tenant = Tenant(Storage(b"", states=[job("inProgress")]))
    turn = Round()
    with pytest.raises(GraphUnreachable, match="60 s"):
        await exported(tenant, bounds=ExportBounds(written_s=60), in_round=turn)
    assert tenant.time.slept == [2, 4, 8, 15, 15, 15]
    assert (turn.waited_s, {wait.reason for wait in tenant.waits}) == (0, {"report"})


async def test_s21_the_storage_sees_neither_token_nor_ids() -> None:
    storage = Storage(zipped(table([])))
    tenant = Tenant(storage)
    tenant.client.http.headers["Authorization"] = f"Bearer {TOKEN}"
    tenant.client.http.cookies.set("session", "secret", domain="storage.example")
    await exported(tenant)
    (fetched,) = storage.fetched
    assert str(fetched.url) == FILE_URL
    assert not {"authorization", "cookie", "client-request-id"} & set(fetched.headers)
    assert TOKEN not in str(fetched.headers.raw)


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.example/x",
        "http://127.0.0.1/x",
        "https://user:pass@storage.example/x",
        "https://storage.example\\@evil.example/x",
        "ftp://storage.example/x",
        "//storage.example/x",
        "/x",
        "https://",
        "https://sto rage/x",
        "file:///etc/passwd",
    ],
)
async def test_s21_only_an_encrypted_address_is_fetched_from(url: str) -> None:
    storage = Storage(b"", states=[job("completed", url)])
    with pytest.raises(GraphProtocolError) as told:
        await exported(Tenant(storage))
    assert storage.fetched == []
    assert "pass" not in told.value.what


def test_s21_in_the_clear_from_this_machine_to_itself_alone() -> None:
    near = "http://127.0.0.1:8000"
    assert check_download("http://localhost:8000/x?sig=1", near) == "http://localhost:8000/x?sig=1"
    assert check_download("https://far.example/x", near)
    with pytest.raises(GraphProtocolError):
        check_download("http://far.example/x", near)


async def test_s22_a_redirect_of_the_storage_is_not_followed() -> None:
    storage = Storage(httpx.Response(302, headers={"location": "https://evil.example/x"}))
    with pytest.raises(GraphProtocolError, match=r"evil\.example"):
        await exported(Tenant(storage))
    assert len(storage.fetched) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416])
async def test_an_expired_link_is_told_by_its_host_alone(status: int) -> None:
    with pytest.raises(GraphRejected) as told:
        await exported(Tenant(Storage(httpx.Response(status, text="<Error>"))))
    assert "storage.example" in told.value.what
    assert str(status) in told.value.what
    assert "sas-secret" not in f"{told.value.what} {told.value.do}"


async def test_trouble_with_the_storage_is_tried_three_times() -> None:
    good = zipped(table([["d1", "a", 1, "", ""]]))
    storage = Storage(httpx.Response(503), httpx.ReadError("cut"), good)
    assert (await exported(Tenant(storage)))[0].rows
    assert len(storage.fetched) == 3
    with pytest.raises(GraphUnreachable, match=r"storage\.example"):
        await exported(Tenant(Storage(httpx.ConnectError("no"))))


@pytest.mark.parametrize("status", [429, 503])
async def test_s25_the_storage_is_given_the_time_it_asks_for(status: int) -> None:
    tenant = Tenant(Storage(httpx.Response(status, headers={"retry-after": "9"}), zipped(table([]))))
    await exported(tenant)
    assert tenant.time.slept[-1] == 9.0


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (job("failed"), GraphRejected),
        (job("unknown"), GraphProtocolError),
        (job("unknownFutureValue\x1b[2J"), GraphProtocolError),
        (job("completed"), GraphProtocolError),
        (job("completed", 7), GraphProtocolError),
        (httpx.Response(200, json={"status": "completed", "url": FILE_URL}), GraphProtocolError),
        (httpx.Response(200, json={"id": "..", "status": "inProgress"}), GraphProtocolError),
        (httpx.Response(200, json={"id": "a\nbc", "status": "inProgress"}), GraphProtocolError),
        (httpx.Response(200, json=[]), GraphProtocolError),
        (httpx.Response(200, content=b"{"), GraphProtocolError),
        (httpx.Response(400, json={"error": {"code": "BadRequest", "message": "Invalid report name"}}), GraphRejected),
    ],
)
async def test_a_job_that_comes_to_nothing_is_told_in_words(state: httpx.Response, kind: type[GraphError]) -> None:
    for states in ([state], [job("notStarted"), state]):
        storage = Storage(b"", states=states)
        with pytest.raises(kind) as told:
            await exported(Tenant(storage))
        assert "\x1b" not in told.value.what
        assert storage.fetched == []


async def test_waiting_for_a_report_is_cancelled_at_once() -> None:
    asleep = asyncio.Event()

    async def for_ever(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    tenant = Tenant(Storage(b""))
    tenant.client = tenant.built(for_ever)
    asking = asyncio.create_task(exported(tenant))
    await asleep.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_the_log_names_the_storages_host_alone(tmp_path: Path) -> None:
    log = open_request_log(tmp_path, "contoso")
    assert log is not None
    await exported(Tenant(Storage(zipped(table([])))))
    log.close()
    text = (tmp_path / "requests-contoso.log").read_text()
    assert "GET https://storage.example/ 200" in text
    assert "sas-secret" not in text
    assert "Devices_1.zip" not in text


# --- the file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Welcome</html>",
        zipped(table([]))[:-10],
        zipped(table([]), "x.csv", "y.csv"),
        zipped(table([]), "x.exe"),
        zipped(table([]), "x.csv/"),
        zipped(table([]), packed=zipfile.ZIP_LZMA),
        zipped(b"a" * 100, "x.csv"),
        zipped(b"", "x.csv"),
        zipped(b"DeviceId,DeviceId\r\n1,2\r\n"),
        zipped(b"Other\r\n1\r\n"),
        zipped(b'DeviceId\r\n"' + b"x\n" * 200_000),
        zipped(b"DeviceId\r\n" + b"x" * 3_000_000),
        zipped(b"[" * 50_000, "x.json"),
        zipped(b'{"values": {}}', "x.json"),
        zipped(b'{"values": [7]}', "x.json"),
        zipped(b'{"values": [{"DeviceId": "d1"}', "x.json"),
        zipped(b'{"values": [{"DeviceId": "' + b"x" * 3_000_000 + b'"}]}', "x.json"),
        zipped(b"x" * 3_000_000, "x.json"),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
async def test_a_file_that_is_no_table_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(GraphProtocolError) as told:
        await exported(Tenant(Storage(content)))
    assert told.value.what


async def test_a_zip_with_a_wrong_checksum_is_damaged() -> None:
    good = zipped(table([["d1", "name", 1, "", ""]]), packed=zipfile.ZIP_STORED)
    with pytest.raises(GraphProtocolError, match="damaged"):
        await exported(Tenant(Storage(good.replace(b"name", b"eman"))))


async def test_s24_a_bomb_is_given_up_at_the_cap() -> None:
    bomb = zipped(b"DeviceId\r\n" + b"x\r\n" * 3_000_000)
    assert len(bomb) < 50_000
    with pytest.raises(GraphProtocolError, match="larger"):
        await exported(Tenant(Storage(bomb)), bounds=ExportBounds(decoded_bytes=1_000_000))
    # One that hides its size is stopped where it stands.
    honest = (9_000_010).to_bytes(4, "little")
    with pytest.raises(GraphProtocolError):
        await exported(Tenant(Storage(bomb.replace(honest, (50).to_bytes(4, "little")))))


async def test_s24_a_zip_has_a_cap_of_its_own() -> None:
    large = zipped(table([["d", "x" * 5_000, "", "", ""]]), packed=zipfile.ZIP_STORED)
    with pytest.raises(GraphProtocolError, match="larger"):
        await exported(Tenant(Storage(large)), bounds=ExportBounds(file_bytes=4_000))


async def test_s24_a_zip_of_countless_files_is_not_listed() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"{number}.csv", b"")
    with pytest.raises(GraphProtocolError, match="zip"):
        await exported(Tenant(Storage(file.getvalue())))


@pytest.mark.parametrize("bom", [True, False])
async def test_rows_come_in_pages_of_which_only_the_last_is_complete(bom: bool) -> None:
    content = table([[f"d{n}", "ü" * 20, n, "false", "2026-11-22T09:41:03Z"] for n in range(1_050)], bom=bom)
    pages = await exported(Tenant(Storage(zipped(content))), slice_rows=200)
    assert [page.complete for page in pages] == [False] * 5 + [True]
    assert [page.index for page in pages] == list(range(6))
    assert [row.failures for page in pages for row in page.rows] == list(range(1_050))
    assert not any(page.flaws for page in pages)


async def test_values_that_do_not_fit_are_counted() -> None:
    rows: list[list[object]] = [
        ["d1", "a", "many", "perhaps", "soon"],
        ["", "b", 1, "", ""],
        ["d3", "c"],
        ["d4", "d", "4", "1", ""],
    ]
    (page,) = await exported(Tenant(Storage(zipped(table(rows)))))
    assert page.rows == (Row("d1", "a"), Row("d4", "d", 4, True))
    assert (page.flaws.rejected, page.flaws.values) == (2, 3)


async def test_an_unwanted_column_or_another_order_changes_nothing() -> None:
    content = table([["x", "7", "d1"], ["y", "8", "d2"]], ["New", "Failures", "DeviceId"])
    assert await rows_of(content) == [Row("d1", failures=7), Row("d2", failures=8)]


async def test_json_gives_the_same_rows() -> None:
    rows = [{"DeviceId": f"d{n}", "DeviceName": 'a"]{', "Failures": n, "Encrypted": True} for n in range(3_000)]
    found = await rows_of(json.dumps({"values": rows}, indent=1).encode(), "x.json")
    assert found == [Row(f"d{n}", 'a"]{', n, True) for n in range(3_000)]
    assert await rows_of(b'\xef\xbb\xbf{"values":[]}', "x.json") == []


async def test_reading_gives_way_to_the_loop() -> None:
    content = table([[f"d{n}", f"PC {n} " + "x" * 60, n, "True", "2026-11-22 09:41:03"] for n in range(20_000)])
    tenant = Tenant(Storage(zipped(content)))
    steps: list[float] = []

    async def watch() -> None:
        while True:
            began = time.process_time()
            await asyncio.sleep(0)
            steps.append(time.process_time() - began)

    watching = asyncio.create_task(watch())
    pages = await exported(tenant)
    watching.cancel()
    assert sum(len(page.rows) for page in pages) == 20_000
    assert len(steps) >= 100


@pytest.mark.parametrize("format_", ["csv", "json"])
async def test_the_simulated_tenants_devices_are_exported_whole(format_: Any) -> None:
    now = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
    root = "http://localhost"
    app = create_app(
        World(1, "busy", datetime(2026, 11, 22, tzinfo=UTC), 600), clock=lambda: now, token=TOKEN, root=root
    )
    async with build_client(TransportSettings(graph_url=root), transport=httpx.ASGITransport(app=app)) as http:
        client = GraphClient(root, http, ReadyToken(TOKEN), sleep=_no_wait)
        ids: set[str] = set()
        async for page in export_job(client, "Devices", ["DeviceId", "DeviceName"], decoder=DECODER, format=format_):
            ids |= {row.device_id for row in page.rows}
            assert not page.flaws
            complete = page.complete
    assert (len(ids), complete) == (600, True)


async def _no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)
