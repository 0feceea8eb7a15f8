"""Reports as Graph sends them, and as a confused service might."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.errors import GraphError, GraphProtocolError, GraphRejected, GraphThrottled
from omconsole.graph import (
    NONCOMPLIANT_SETTINGS,
    NONCOMPLIANT_SETTINGS_ASKED,
    Flaws,
    NoncompliantSetting,
    Page,
    Round,
    report,
)
from omconsole.graph.reports import first_request, opened
from tests.unit.graph_tools import Tenant, ok, refused

COLUMNS = ("DeviceId", "PolicyName", "SettingName", "SettingStatus")


def table(
    rows: list[Any], total: Any = None, columns: tuple[str, ...] = COLUMNS, kind: str = "application/octet-stream"
) -> httpx.Response:
    schema = [{"Column": name, "PropertyType": "String"} for name in columns]
    document = {"TotalRowCount": len(rows) if total is None else total, "Schema": schema, "Values": rows}
    return httpx.Response(200, content=json.dumps(document).encode(), headers={"content-type": kind})


def row(n: int) -> list[Any]:
    return [f"d{n}", "Baseline", "BitLocker", 4]


async def read(tenant: Tenant, **more: Any) -> list[Page[NoncompliantSetting]]:
    reading = report(
        tenant.client, NONCOMPLIANT_SETTINGS_ASKED, decoder=NONCOMPLIANT_SETTINGS, workload="reports", **more
    )
    return [page async for page in reading]


def ids(pages: list[Page[NoncompliantSetting]]) -> list[str]:
    return [each.device_id for page in pages for each in page.rows]


def flaws(pages: list[Page[NoncompliantSetting]]) -> Flaws:
    return sum((page.flaws for page in pages), Flaws())


def asked(tenant: Tenant) -> list[dict[str, Any]]:
    return [json.loads(request.content) for request in tenant.wire.requests]


async def test_a_report_is_asked_for_by_its_columns_and_filter() -> None:
    tenant = Tenant(table([row(1)]))
    pages = await read(tenant, filter_="(PolicyName eq 'it''s')")
    assert asked(tenant) == [{"select": list(COLUMNS), "skip": 0, "top": 1000, "filter": "(PolicyName eq 'it''s')"}]
    request = tenant.wire.requests[0]
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert "application/octet-stream" in request.headers["accept"]
    assert request.headers["authorization"].startswith("Bearer ")
    assert pages[0].rows == (NoncompliantSetting("d1", "Baseline", "BitLocker", 4),)
    assert [page.complete for page in pages] == [True]


async def test_columns_stand_in_the_order_of_the_schema_with_localised_twins() -> None:
    columns = ("SettingStatus_loc", "SettingName", "PolicyName", "SettingStatus", "DeviceName", "DeviceId")
    pages = await read(Tenant(table([["Not compliant", "BitLocker", "Baseline", 4, "LAP", "d1"]], columns=columns)))
    assert pages[0].rows == (NoncompliantSetting("d1", "Baseline", "BitLocker", 4),)
    assert not pages[0].flaws


async def test_pages_go_on_behind_what_came_not_behind_what_was_asked_for() -> None:
    tenant = Tenant(table([row(1), row(2)], 5), table([row(3), row(4)], 5), table([row(5)], 5))
    pages = await read(tenant)
    assert ids(pages) == ["d1", "d2", "d3", "d4", "d5"]
    assert [body["skip"] for body in asked(tenant)] == [0, 2, 4]
    assert [page.complete for page in pages] == [False, False, True]
    assert not flaws(pages)


@pytest.mark.parametrize(("known_to_work", "sent"), [(True, [None, "s-1"]), (False, [None, None])])
async def test_a_session_is_sent_back_where_that_is_known_to_work(known_to_work: bool, sent: list[str | None]) -> None:
    first = table([row(1), row(2)], 3)
    first._content = json.dumps(json.loads(first.content) | {"SessionId": "s-1"}).encode()
    tenant = Tenant(first, table([row(3)], 3))
    assert ids(await read(tenant, keeps_session=known_to_work)) == ["d1", "d2", "d3"]
    assert [body.get("sessionId") for body in asked(tenant)] == sent


async def test_a_report_goes_on_behind_a_first_page_that_was_asked_for_elsewhere() -> None:
    tenant = Tenant(table([row(3)], 3))
    assert ids(await read(tenant, first=table([row(1), row(2)], 3).content)) == ["d1", "d2", "d3"]
    assert [body["skip"] for body in asked(tenant)] == [2]


async def test_the_first_request_is_the_same_wherever_it_is_asked() -> None:
    tenant = Tenant(table([row(1)]))
    await read(tenant, filter_="(PolicyName eq 'x')")
    assert tenant.wire.requests[0].content == first_request(NONCOMPLIANT_SETTINGS_ASKED, filter_="(PolicyName eq 'x')")


async def test_rows_that_never_come_are_flaws() -> None:
    """Nothing may be taken as gone for a report that ends early."""
    pages = await read(Tenant(table([row(1), row(2)], 20), table([], 20)))
    assert ids(pages) == ["d1", "d2"]
    assert pages[-1].complete
    assert flaws(pages) == Flaws(rejected=18, example="TotalRowCount: 20")


@pytest.mark.parametrize("total", [0, 1, -3, "many", None, [1], 2.5, True])
async def test_a_total_that_cannot_be_true_is_not_believed(total: object) -> None:
    first, second = table([row(1), row(2)]), table([row(3)])
    for answer in (first, second):
        answer._content = json.dumps(json.loads(answer.content) | {"TotalRowCount": total}).encode()
    pages = await read(Tenant(first, second, table([], 0)))
    assert ids(pages) == ["d1", "d2", "d3"]
    assert not flaws(pages)


async def test_a_full_page_that_calls_itself_all_is_not_the_end() -> None:
    tenant = Tenant(table([row(1), row(2)], 2), table([row(3)], 3))
    assert ids(await read(tenant, page_rows=2)) == ["d1", "d2", "d3"]


async def test_an_empty_report_needs_no_columns() -> None:
    for columns in (COLUMNS, ()):
        pages = await read(Tenant(table([], columns=columns)))
        assert [(page.rows, page.complete, bool(page.flaws)) for page in pages] == [((), True, False)]


async def test_a_page_that_comes_again_ends_the_reading() -> None:
    tenant = Tenant(table([row(1), row(2)], 6))
    with pytest.raises(GraphProtocolError, match="already"):
        await read(tenant)
    assert len(tenant.wire.requests) == 2


async def test_pages_are_bounded() -> None:
    def another(request: httpx.Request) -> httpx.Response:
        return table([row(json.loads(request.content)["skip"])], 10**6)

    tenant = Tenant(another)
    with pytest.raises(GraphProtocolError, match="5 pages"):
        await read(tenant, max_pages=5)


async def test_a_row_that_is_shorter_or_longer_than_the_schema_is_left_out() -> None:
    rows = [row(1), row(2)[:3], [*row(3), 1], [], "d4", None, {"DeviceId": "d5"}]
    pages = await read(Tenant(table(rows)))
    assert ids(pages) == ["d1"]
    assert flaws(pages).rejected == 6


async def test_values_of_another_type_are_lost_and_counted() -> None:
    rows = [["d1", 5, "BitLocker", 4], [7, "Baseline", "BitLocker", 4], ["d2", "Base\x1b[31mline", None, "4"]]
    pages = await read(Tenant(table(rows)))
    assert pages[0].rows == (
        NoncompliantSetting("d1", None, "BitLocker", 4),
        NoncompliantSetting("d2", "Baseline", None, "4"),
    )
    assert (pages[0].flaws.rejected, pages[0].flaws.values) == (1, 1)


@pytest.mark.parametrize(
    "columns",
    [
        ("DeviceId", "PolicyName", "SettingName", "SettingStatus_loc"),
        ("DeviceId", "PolicyName", "DeviceId", "SettingStatus"),
        (),
    ],
)
async def test_a_report_without_its_columns_is_none(columns: tuple[str, ...]) -> None:
    with pytest.raises(GraphProtocolError) as told:
        await read(Tenant(table([row(1)], columns=columns)))
    assert "column" in told.value.what


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"Values": 5}',
        b'{"Values": null}',
        b'{"Schema": [], "Values": [[1]]}',
        b'{"Schema": [{"Column": 5}], "Values": [[1]]}',
        b'{"TotalRowCount": 3, "Schema": [{"Column": "DeviceId"}], "Values": [["d1"], ["d2"',
    ],
)
async def test_what_is_no_table_is_refused_in_words(body: bytes) -> None:
    tenant = Tenant(httpx.Response(200, content=body, headers={"content-type": "application/octet-stream"}))
    with pytest.raises(GraphProtocolError) as told:
        await read(tenant)
    assert "proxy" in told.value.do


async def test_a_report_waits_and_is_asked_again_like_any_reading() -> None:
    tenant = Tenant(refused(429, retry_after="7"), httpx.ConnectError("no route"), refused(503), table([row(1)]))
    budget = Round()
    assert ids(await read(tenant, in_round=budget)) == ["d1"]
    assert tenant.time.slept[0] == 7.0
    assert budget.requests == 4
    assert len({request.content for request in tenant.wire.requests}) == 1
    with pytest.raises(GraphThrottled):
        await read(Tenant(refused(429, retry_after="600")))
    with pytest.raises(GraphRejected):
        await read(Tenant(refused(400, "no such column")))


async def test_reports_and_lists_share_their_workloads_waiting() -> None:
    tenant = Tenant(refused(429, retry_after="30"), table([row(1)]), ok())
    await read(tenant)
    await tenant.ask(workload="reports")
    assert tenant.wire.times == [1000.0, 1030.0, 1030.0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
SCHEMAS = st.lists(st.sampled_from([*COLUMNS, "Other"]).map(lambda name: {"Column": name}), max_size=6) | JSON
TABLES = st.fixed_dictionaries(
    {"Schema": SCHEMAS, "Values": st.lists(st.lists(JSON | st.just("x"), max_size=6) | JSON, max_size=6) | JSON},
    optional={"TotalRowCount": JSON},
)
BODIES = (
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | TABLES.map(lambda value: json.dumps(value).encode())
    | st.tuples(TABLES, st.integers(0, 400)).map(lambda cut: json.dumps(cut[0]).encode()[: cut[1]])
)


@given(BODIES)
async def test_no_body_raises_anything_but_an_error_of_graph(body: bytes) -> None:
    tenant = Tenant(httpx.Response(200, content=body, headers={"content-type": "application/octet-stream"}))
    try:
        pages = await read(tenant, max_pages=3)
    except GraphError:
        return
    assert all(each.isascii() and each.isprintable() and each for each in ids(pages))


async def test_a_large_page_is_decoded_in_slices() -> None:
    """A page of 20,000 rows leaves the loop to others; typed, and row by row."""
    statuses: tuple[object, ...] = (4, [])
    for status in statuses:
        rows = [[f"d{n}", "Baseline", "Setting é", status] for n in range(20_000)]
        table_ = opened(table(rows).content)
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.get_running_loop().create_task(others())
        read_, _flaws = await NONCOMPLIANT_SETTINGS.rows(table_)
        task.cancel()
        assert len(read_) == 20_000
        assert turns >= 200
