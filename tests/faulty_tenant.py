"""A console whose simulated tenant goes wrong when it is told to, beside the model of what is true there."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx
import uvicorn

from omconsole import demo
from omconsole.config import Options, load
from omconsole.demo import keep_world
from omconsole.domain.items import Condition
from omconsole.domain.kinds import kind_of
from omconsole.graph import GraphClient
from omconsole.service import Service
from omconsole.simulator.app import create_app
from omconsole.simulator.connections import Protocol
from omconsole.simulator.faults import Faults
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    import pytest
    from starlette.types import ASGIApp

    from omconsole.domain.events import Event
    from omconsole.domain.health import SourceHealth
    from omconsole.graph.request import Bounds
    from omconsole.poll.poller import Poller

EPOCH: Final = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
DEVICES: Final = 300
TURN: Final = timedelta(minutes=5)
ENDING: Final = ("devices", "apps", "enrollment", "connectors")

Open = tuple[str, str, str]
"""What is known of an open item: its kind, its subject and its sub key."""


class FaultyTenant:
    """One console, its tenant and its faults. The console's time goes on with each poll, the tenant's when told to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        self.now = self.served = EPOCH
        self.waited_s = 0.0
        """How long requests have waited, as they believe."""
        self.service: Service
        self.poller: Poller
        self.client: GraphClient

    @contextmanager
    def bound(self, bounds: Bounds | None) -> Iterator[None]:
        """Requests may cost no more than this, for a while."""
        usual = self.client.bounds
        self.client.bounds = bounds or usual
        yield
        self.client.bounds = usual

    async def sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        await asyncio.sleep(0)

    def monotonic(self) -> float:
        return self.now.timestamp() + self.waited_s

    async def polls(self, *sources: str, times: int = 1, increment: bool = False) -> None:
        """Poll these sources, all without a name, so often, a turn after one another."""
        for _turn in range(times):
            self.now += TURN
            names = sources or tuple(self.service._ledger.sources)
            await self.poller.round([(name, "increment" if increment else "sweep") for name in names])
        self.service.publish()

    async def recovers(self, *sources: str) -> None:
        """All is well again: these sources are polled, in a world that has gone on meanwhile.

        Those with items that end by absence are polled twice, since it takes two sweeps.
        """
        self.faults.clear()
        self.now += timedelta(hours=2)
        for names in (sources, ENDING):
            self.served = self.now + TURN
            await self.polls(*names)

    def source(self, name: str) -> SourceHealth:
        source = self.service.snapshot.source(name)
        assert source is not None
        return source

    def known(self) -> set[tuple[str, ...]]:
        """All that people see: what is open, why, and the posts. Faults may add to it, and take nothing away."""
        rows = [row for row in self.service._ledger.rows if not row.is_cause and row.triage.is_open]
        reasons = {
            (row.key, cause.type, cause.id, cause.setting or "")
            for row in rows
            for cause in (row.seen.causes if row.seen is not None else ())
        }
        return {(row.key,) for row in rows} | reasons | {(post,) for post in self.service._ledger.posts}

    def open(self, source: str) -> set[Open]:
        """The open items of a source, whether they fire or are not known to."""
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.service._ledger.rows
            if item.triage.source == source and not item.is_cause and item.triage.condition is not Condition.CLEAR
        }

    def true(self, source: str) -> set[Open]:
        """What is wrong in the tenant, of the kinds that a source owns."""
        return {(*truth,) for truth in self.world.planted(self.served) if kind_of(truth.kind).source == source}

    def told(self) -> list[Event]:
        """Every event of the history."""
        journal = self.service._store.journal
        journal.rewind()
        events: list[Event] = []
        while more := journal.read_new():
            events.extend(more)
        return events

    def is_cause(self, event: Event) -> bool:
        return self.service._ledger.triage[event.key or ""].kind.startswith("cause.")

    def cleared(self) -> list[Event]:
        """The events by which items have ended."""
        return [event for event in self.told() if event.event == "item.cleared"]


@contextmanager
def listening(app: ASGIApp, uds: Path) -> Iterator[None]:
    """A real server on a socket, in a thread of its own."""
    config = uvicorn.Config(
        app, uds=str(uds), http=Protocol, log_config=None, access_log=False, lifespan="off", date_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    ready = threading.Event()
    while not server.started and thread.is_alive():
        ready.wait(0.005)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


@asynccontextmanager
async def faulty_tenant(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    on_a_wire: bool = False,
    devices: int = DEVICES,
) -> AsyncIterator[FaultyTenant]:
    """A console that has not polled yet; `on_a_wire` its tenant answers over a socket, else in this process."""
    tenant = FaultyTenant(World(1, "busy", EPOCH, devices))
    keep_world(root / "demo", devices=devices)
    settings = load(None, {}, Options(profile="demo", state_dir=str(root)))
    app = create_app(
        tenant.world,
        clock=lambda: tenant.served,
        token=None,
        root=settings.profile.graph_url,
        faults=tenant.faults,
    )

    @asynccontextmanager
    async def way(*_choice: object) -> AsyncIterator[httpx.AsyncBaseTransport]:
        if not on_a_wire:
            yield httpx.ASGITransport(app=app)
            return
        with listening(app, root / "graph.sock"):
            yield httpx.AsyncHTTPTransport(uds=str(root / "graph.sock"))

    monkeypatch.setattr(demo, "demo_transport", way)
    service = tenant.service = await Service.open(settings, login="as:anna", name="anna", clock=lambda: tenant.now)

    def connected(*arguments: Any, **_settings: object) -> GraphClient:
        # The console's time goes on with each poll, and the tenant's does not: their clocks are right all the same.
        tenant.client = GraphClient(*arguments, clock=tenant.monotonic, sleep=tenant.sleep, wall=lambda: tenant.served)
        return tenant.client

    monkeypatch.setattr("omconsole.poll.tenant.GraphClient", connected)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(service.close)
        assert service._store.seat.try_take()
        stack.callback(service._store.seat.release)
        tenant.poller = await stack.enter_async_context(service._polling())
        yield tenant
