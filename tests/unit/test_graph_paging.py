"""Collections and single values as Graph sends them, and as a confused service might."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.errors import GraphError, GraphProtocolError
from omconsole.graph import (
    ASKED,
    DEVICE_PROTECTION_OVERVIEW,
    DEVICE_PROTECTION_OVERVIEW_ASKED,
    MANAGED_DEVICES,
    MANAGED_DEVICES_ASKED,
    SERVICE_UPDATE_MESSAGES,
    ManagedDevice,
    Page,
    pages,
    single,
)
from tests.unit.graph_tools import ROOT, Tenant, ok

NEXT = "@odata.nextLink"


async def read(tenant: Tenant, **more: Any) -> list[Page[ManagedDevice]]:
    asked = MANAGED_DEVICES_ASKED
    reading = pages(
        tenant.client, asked.path, decoder=MANAGED_DEVICES, workload="devices", params=asked.params(), **more
    )
    return [page async for page in reading]


async def test_pages_follow_the_next_link_as_it_came() -> None:
    link = f"{ROOT}/v1.0/deviceManagement/managedDevices?$skiptoken=a'b+c%20d&$select=id"
    tenant = Tenant(ok({"value": [{"id": "a"}], NEXT: link}), ok({"value": [{"id": "b"}]}))
    first, second = await read(tenant, headers={"Prefer": "odata.maxpagesize=1"})
    assert [row.id for page in (first, second) for row in page.rows] == ["a", "b"]
    assert [(page.index, page.complete) for page in (first, second)] == [(0, False), (1, True)]
    assert tenant.urls[1] == link
    assert "%24select" not in tenant.urls[0]
    assert tenant.wire.requests[1].headers["prefer"] == "odata.maxpagesize=1"


async def test_s21_foreign_next_link_sees_no_token() -> None:
    tenant = Tenant(ok({"value": [{"id": "a"}], NEXT: "https://evil.example/v1.0/next"}))
    with pytest.raises(GraphProtocolError, match=r"evil\.example"):
        await read(tenant)
    assert {request.url.host for request in tenant.wire.requests} == {"graph.example"}


async def test_s21_a_next_link_with_an_impossible_host_is_foreign() -> None:
    tenant = Tenant(ok({"value": [{"id": "a"}], NEXT: "https://xn--a/v1.0/next?secret"}))
    with pytest.raises(GraphProtocolError) as caught:
        await read(tenant)
    assert "secret" not in caught.value.what


async def test_s24_a_repeated_next_link_ends_the_reading() -> None:
    links = [f"{ROOT}/v1.0/x?page={n}" for n in (1, 2, 1)]
    tenant = Tenant(*(ok({"value": [], NEXT: link}) for link in links))
    with pytest.raises(GraphProtocolError, match="already"):
        await read(tenant)
    assert len(tenant.wire.requests) == 3


async def test_s24_pages_are_bounded() -> None:
    def another(request: httpx.Request) -> httpx.Response:
        n = int(request.url.params.get("page", "0")) + 1
        return ok({"value": [], NEXT: f"{ROOT}/v1.0/x?page={n}"})

    tenant = Tenant(another)
    with pytest.raises(GraphProtocolError, match="5 pages"):
        await read(tenant, max_pages=5)
    assert len(tenant.wire.requests) == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"value": null}',
        b'{"value": {}}',
        b'{"value": [], "@odata.nextLink": 5}',
        b'{"value": [{"id": "a"},',
        b'{"value": ' + b"[" * 100_000,
        b"\xff\xfe\x00",
        b"hello",
    ],
)
async def test_s24_what_is_no_page_is_refused_in_words(body: bytes) -> None:
    tenant = Tenant(httpx.Response(200, content=body, headers={"content-type": "application/json"}))
    with pytest.raises(GraphProtocolError) as told:
        await read(tenant)
    assert "proxy" in told.value.do


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([name for asked in ASKED for name in asked.select] + ["@odata.type"])
ROWS = st.lists(st.dictionaries(NAMES, JSON | st.just("x"), max_size=8) | JSON, max_size=6)
BODIES = (
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"value": ROWS | JSON}).map(lambda value: json.dumps(value).encode())
    | st.tuples(ROWS, st.integers(0, 400)).map(lambda cut: json.dumps({"value": cut[0]}).encode()[: cut[1]])
)


@given(BODIES)
async def test_no_body_raises_anything_but_an_error_of_graph(body: bytes) -> None:
    for decoder in (MANAGED_DEVICES, SERVICE_UPDATE_MESSAGES):
        try:
            batch = await decoder.page(body)
        except GraphError:
            continue
        assert all(row.id.isascii() and row.id.isprintable() and row.id for row in batch.rows)
    with suppress(GraphError):
        DEVICE_PROTECTION_OVERVIEW.single(body)


@given(BODIES)
async def test_no_body_makes_paging_raise_anything_but_an_error_of_graph(body: bytes) -> None:
    tenant = Tenant(httpx.Response(200, content=body, headers={"content-type": "application/json"}))
    with suppress(GraphError):
        await read(tenant, max_pages=3)


@pytest.mark.parametrize(
    ("answer", "clean"),
    [
        (ok({"cleanDeviceCount": 7, "@odata.context": "x"}), 7),
        (ok({"value": {"cleanDeviceCount": 7}}), 7),
        (ok({"cleanDeviceCount": "seven"}), None),
        (ok({"totalReportedDeviceCount": 7}), None),
    ],
)
async def test_a_single_value_is_read_bare_or_wrapped(answer: httpx.Response, clean: int | None) -> None:
    asked = DEVICE_PROTECTION_OVERVIEW_ASKED
    got = await single(Tenant(answer).client, asked.path, decoder=DEVICE_PROTECTION_OVERVIEW, workload="devices")
    assert got.value is not None
    assert got.value.clean_device_count == clean
    assert bool(got.flaws) == (b"seven" in answer.content)


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(204), httpx.Response(200, content=b""), ok({"value": None}), httpx.Response(200, json=None)],
)
async def test_a_tenant_may_have_no_value(answer: httpx.Response) -> None:
    asked = DEVICE_PROTECTION_OVERVIEW_ASKED
    tenant = Tenant(answer)
    got = await single(tenant.client, asked.path, decoder=DEVICE_PROTECTION_OVERVIEW, workload="devices")
    assert got.value is None
    assert not got.flaws


async def test_a_list_instead_of_a_value_is_refused() -> None:
    with pytest.raises(GraphProtocolError):
        DEVICE_PROTECTION_OVERVIEW.single(b"[1]")
