"""What each source of the console asks a simulated tenant for, and what it costs: calls, requests and bytes.

Each source is read twice (scenario `busy`, day one), as a sweep and as an increment, both taken in as the poller does;
requests and bytes, compressed as they cross the network, are counted on the way.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import httpx
import msgspec

from omconsole.config.thresholds import Thresholds
from omconsole.domain.answers import Answers
from omconsole.domain.health import SourceHealth
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.graph.budgets import Budget, Budgets
from omconsole.poll.intake import Intake
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.poll.sources import every_signal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.reading import Mode, Reading
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from omconsole.domain.ledger import Ledger
    from omconsole.poll.access import Access
    from omconsole.signals.reading import Signal

ROOT: Final = "http://localhost"
BEGIN: Final = datetime(2026, 11, 22, tzinfo=UTC)
NOW: Final = BEGIN + timedelta(hours=9, minutes=41)
PROBED: Final = Answers(keeps_session=True, batches_reports=True)
"""As after `omconsole doctor --probe` in the simulated tenant, but for the size of the devices' pages."""
MODES: Final[tuple[Mode, ...]] = ("sweep", "increment")
BATCH: Final = "$batch"

Call = tuple[str, str, str]
"""Method, version and path."""


class Cost(msgspec.Struct, frozen=True):
    """Requests and bytes of one poll; a batch is one request."""

    requests: int
    bytes: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, self.bytes + other.bytes)


class Measured(msgspec.Struct):
    """What was found of one source: its calls, and its costs by size of the fleet and mode."""

    calls: set[Call] = set()
    costs: dict[tuple[int, Mode], Cost] = {}


class _Poll(NamedTuple):
    source: str
    mode: Mode
    calls: set[Call]
    reading: Reading
    cost: Cost


class _Counting(httpx.AsyncBaseTransport):
    """Asks the tenant and remembers the calls."""

    def __init__(self, app: Any) -> None:
        self._app = httpx.ASGITransport(app=app)
        self.calls: set[Call] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        version, _, path = request.url.path.strip("/").partition("/")
        if path == BATCH:
            for part in msgspec.json.decode(request.content)["requests"]:
                self.calls.add((part["method"], version, "/" + httpx.URL(part["url"]).path.strip("/")))
        else:
            self.calls.add((request.method, version, f"/{path}"))
        return await self._app.handle_async_request(request)


async def measure(sizes: Iterable[int], between: timedelta = timedelta(minutes=1)) -> dict[str, Measured]:
    """Read every source of tenants of these sizes; `between` passes after the sweeps.

    Raises:
        AssertionError: a source could not be read.
    """
    found: defaultdict[str, Measured] = defaultdict(Measured)
    for devices in sizes:
        with tempfile.TemporaryDirectory(prefix="omconsole-costs-") as name:
            async for poll in _polls(Path(name) / "work", devices, between):
                assert poll.reading.status == "ok", (poll.source, poll.reading.status, poll.reading.error)
                found[poll.source].calls |= poll.calls
                found[poll.source].costs[devices, poll.mode] = poll.cost
    return dict(found)


async def _polls(directory: Path, devices: int, between: timedelta) -> AsyncIterator[_Poll]:
    now = NOW
    counting = _Counting(create_app(World(1, "busy", BEGIN, devices), clock=lambda: now, token=None, root=ROOT))
    healths = [SourceHealth(name=name, interval_s=interval) for name, interval in DEFAULT_INTERVALS.items()]
    store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
    ledger = store.load_now()
    intake = Intake("contoso", ledger, store)
    signals = _signals(ledger)
    async with build_client(TransportSettings(graph_url=ROOT), transport=counting) as http:
        budgets = Budgets({}, Budget(()))
        graph = GraphClient(ROOT, http, ReadyToken("token"), budgets=budgets, sleep=lambda _s: asyncio.sleep(0))
        for mode in MODES:
            for signal in signals:
                counting.calls.clear()
                budget = Round()
                read = signal.sweep if mode == "sweep" else signal.increment
                reading = await read(graph, budget, now, lambda _rows: None)
                cost = Cost(budget.requests, budget.wire_bytes)
                await intake.take(reading, now)
                yield _Poll(signal.name, mode, set(counting.calls), reading, cost)
            now += between


def _signals(ledger: Ledger) -> list[Signal]:
    thresholds = Thresholds()
    access = cast("Access", SimpleNamespace(credential_expires=None))
    devices = DevicesSignal(DeviceThresholds(thresholds.stale_days), answers=PROBED)
    return every_signal(thresholds, devices, ledger, access, PROBED)
