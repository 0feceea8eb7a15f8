"""Makes `docs/signals.md`: `python docs/signals.py [DEVICES...]`; what each source asks Graph for, and what that costs.

Each source is read twice from a simulated tenant (scenario `busy`, day one), as a sweep and as an increment a minute
later; calls, requests and bytes (compressed, as they cross the network) are counted on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

import httpx
import msgspec

from omconsole.config.thresholds import Thresholds
from omconsole.domain.answers import Answers
from omconsole.domain.health import SourceHealth
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.graph.budgets import Budget, Budgets
from omconsole.graph.surface import ASKED, USER_ASKED
from omconsole.poll.intake import Intake
from omconsole.poll.schedule import DEFAULT_INTERVALS, SWEEP_INTERVALS
from omconsole.poll.sources import every_signal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.reading import Mode
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.ledger import Ledger
    from omconsole.graph.asked import Asked
    from omconsole.poll.access import Access
    from omconsole.signals.reading import Signal

DOCS: Final = Path(__file__).parent
ROOT: Final = "http://localhost"
BEGIN: Final = datetime(2026, 11, 22, tzinfo=UTC)
SIZES: Final = (1_000, 20_000, 100_000)
PROBED: Final = Answers(device_page=None, keeps_session=True, batches_reports=True)
"""As after `omconsole doctor --probe` in the simulated tenant, but for the size of the devices' pages."""
BATCH: Final = "$batch"


class Cost(msgspec.Struct, frozen=True):
    """Requests and bytes of one poll; parts of a batch are one request."""

    requests: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.requests:,} · {_bytes(self.bytes)}"


class Counting(httpx.AsyncBaseTransport):
    """Asks the tenant and remembers the calls: method, version and path."""

    def __init__(self, app: Any) -> None:
        self._app = httpx.ASGITransport(app=app)
        self.calls: set[tuple[str, str, str]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        version, _, path = request.url.path.strip("/").partition("/")
        if path == BATCH:
            for part in msgspec.json.decode(request.content)["requests"]:
                self.calls.add((part["method"], version, "/" + httpx.URL(part["url"]).path.strip("/")))
        else:
            self.calls.add((request.method, version, f"/{path}"))
        return await self._app.handle_async_request(request)


class Measured(msgspec.Struct):
    """What was found of one source: its calls, and its costs by size of the fleet and mode."""

    calls: set[tuple[str, str, str]]
    costs: dict[tuple[int, Mode], Cost]


async def measure(sizes: Iterable[int]) -> dict[str, Measured]:
    """Read every source of tenants of these sizes."""
    found: defaultdict[str, Measured] = defaultdict(lambda: Measured(set(), {}))
    for devices in sizes:
        with tempfile.TemporaryDirectory(prefix="omconsole-signals-") as name:
            async for source, mode, calls, reading, cost in _polls(Path(name) / "work", devices):
                assert reading.status in {"ok", "partial"}, (source, reading.status, reading.error)
                found[source].calls |= calls
                found[source].costs[devices, mode] = cost
    return dict(found)


async def _polls(directory: Path, devices: int) -> Any:
    """Yields each poll of each source, taken in as the poller does."""
    now = BEGIN + timedelta(hours=9, minutes=41)
    counting = Counting(create_app(World(1, "busy", BEGIN, devices), clock=lambda: now, token=None, root=ROOT))
    healths = [SourceHealth(name=name, interval_s=interval) for name, interval in DEFAULT_INTERVALS.items()]
    store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
    ledger = store.load_now()
    intake = Intake("contoso", ledger, store)
    signals = _signals(ledger)
    async with build_client(TransportSettings(graph_url=ROOT), transport=counting) as http:
        budgets = Budgets({}, Budget(()))
        graph = GraphClient(ROOT, http, ReadyToken("token"), budgets=budgets, sleep=lambda _s: asyncio.sleep(0))
        modes: tuple[Mode, ...] = ("sweep", "increment")
        for mode in modes:
            for signal in signals:
                counting.calls.clear()
                budget = Round()
                read = signal.sweep if mode == "sweep" else signal.increment
                reading = await read(graph, budget, now, lambda _rows: None)
                cost = Cost(budget.requests, budget.wire_bytes)
                await intake.take(reading, now)
                yield signal.name, mode, set(counting.calls), reading, cost
            now += timedelta(minutes=1)


def _signals(ledger: Ledger) -> list[Signal]:
    thresholds = Thresholds()
    access = cast("Access", SimpleNamespace(credential_expires=None))
    devices = DevicesSignal(DeviceThresholds(thresholds.stale_days), answers=PROBED)
    return every_signal(thresholds, devices, ledger, access, PROBED)


def page(found: dict[str, Measured], sizes: tuple[int, ...]) -> str:
    """The text of the page."""
    lines = [
        "# Sources: what is asked, how often, and what it costs",
        "",
        "Made by `python docs/signals.py`. Measured on the simulated tenant (scenario `busy`, day one), every source",
        "read as a sweep and, a minute later, as an increment; *requests · bytes*, compressed, headers included.",
        "A batch of up to twenty calls is one request. A source without increments reads the same again.",
        "",
        "| source | every | sweep every |" + "".join(f" sweep {size:,} | increment {size:,} |" for size in sizes),
        "|---|---|---|" + "---|---|" * len(sizes),
    ]
    totals: defaultdict[tuple[int, str], list[Cost]] = defaultdict(list)
    for name, interval in DEFAULT_INTERVALS.items():
        if name not in found:
            continue
        cells = [f"`{name}`", _span(interval), _span(SWEEP_INTERVALS.get(name, interval))]
        for size in sizes:
            for mode in ("sweep", "increment"):
                cost = found[name].costs[size, mode]
                totals[size, mode].append(cost)
                cells.append(str(cost))
        lines.append(f"| {' | '.join(cells)} |")
    sums = [
        str(Cost(sum(each.requests for each in totals[size, mode]), sum(each.bytes for each in totals[size, mode])))
        for size in sizes
        for mode in ("sweep", "increment")
    ]
    lines += [f"| **all** | | | {' | '.join(sums)} |", "", "## Calls", ""]
    lines += ["| source | call | version | permission |", "|---|---|---|---|"]
    for name in DEFAULT_INTERVALS:
        # Many objects are asked for in the same words.
        lines += sorted({_call(name, *call) for call in (found[name].calls if name in found else ())})
    return "\n".join(lines) + "\n"


def _call(source: str, method: str, version: str, path: str) -> str:
    asked = asked_for(method, version, path)
    shown, permission = (asked.path, asked.permission) if asked else (path, "")
    return f"| `{source}` | {method} `{shown}` | {version} | {permission} |"


def asked_for(method: str, version: str, path: str) -> Asked | None:
    """What the console says of a call."""
    for asked in (*ASKED, USER_ASKED):
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(asked.path))
        if (asked.method, asked.version) == (method, version) and re.fullmatch(pattern, path):
            return asked
    return None


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devices", nargs="*", type=int)
    sizes = tuple(parser.parse_args().devices) or SIZES
    found = asyncio.run(measure(sizes))
    (DOCS / "signals.md").write_text(page(found, sizes), "utf-8")


if __name__ == "__main__":
    main()
