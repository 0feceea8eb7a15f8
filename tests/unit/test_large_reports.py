"""Reports of many rows: exported where the tenant exports them, read page by page where it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.graph import (
    NONCOMPLIANT_SETTINGS,
    NONCOMPLIANT_SETTINGS_ASKED,
    GraphClient,
    ReadyToken,
    Round,
    TransportSettings,
    build_client,
)
from omconsole.graph.large_reports import whole_report
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = "http://localhost"
NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
REPORT = "getNoncompliantDevicesAndSettingsReport"
EXPORT = "NoncompliantDevicesAndSettings"

Rows = set[tuple[str, str | None]]


@cache
def _world() -> World:
    return World(1, "storm", datetime(2026, 11, 22, tzinfo=UTC), 4_500)


class Refusing(httpx.AsyncBaseTransport):
    """The simulated tenant, which refuses some paths and remembers what it was asked for."""

    def __init__(self, refused: str = "", status: int = 403) -> None:
        self._app = httpx.ASGITransport(app=create_app(_world(), clock=lambda: NOW, token=None, root=ROOT))
        self._refused, self._status = refused, status
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rpartition("/")[2])
        if self._refused and self._refused in request.url.path:
            return httpx.Response(self._status, json={"error": {"code": "Forbidden", "message": "no"}})
        return await self._app.handle_async_request(request)


async def read(client: GraphClient, budget: Round, **more: Any) -> tuple[Rows, bool]:
    rows: Rows = set()
    complete = False
    async for page in whole_report(
        client,
        NONCOMPLIANT_SETTINGS_ASKED,
        decoder=NONCOMPLIANT_SETTINGS,
        workload="reports",
        export=EXPORT,
        in_round=budget,
        **more,
    ):
        assert not page.flaws
        rows |= {(row.device_id, row.setting_name) for row in page.rows}
        complete = page.complete
    return rows, complete


async def no_wait(_seconds: float) -> None:
    return None


@pytest.fixture
async def tenant() -> AsyncIterator[tuple[Refusing, GraphClient]]:
    transport = Refusing()
    async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
        yield transport, GraphClient(ROOT, http, ReadyToken("token"), sleep=no_wait)


async def test_a_long_report_is_exported_and_brings_the_same_rows_in_fewer_requests(
    tenant: tuple[Refusing, GraphClient],
) -> None:
    _transport, client = tenant
    by_pages, by_export = Round(), Round()
    rows, complete = await read(client, by_pages, exported_from=100_000)
    assert (len(rows) > 2_000, complete) == (True, True)
    assert await read(client, by_export, exported_from=1_000) == (rows, True)
    # The first page tells how long the report is; the job is ordered, looked for three times and fetched.
    assert (by_pages.requests, by_export.requests) == (3, 6)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_tenant_that_does_not_export_is_read_by_pages_and_not_asked_again(status: int) -> None:
    transport = Refusing("/exportJobs", status)
    async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
        client = GraphClient(ROOT, http, ReadyToken("token"), sleep=no_wait)
        first = await read(client, Round(), exported_from=1_000)
        transport.asked.clear()
        assert await read(client, Round(), exported_from=1_000) == first
    assert first[1]
    assert set(transport.asked) == {REPORT}
