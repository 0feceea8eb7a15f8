"""Consoles on one state directory of the demo, as their users meet them, and the wire to the tenant that may fail."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from omconsole.config import Options, load
from omconsole.demo import keep_world
from omconsole.service import Service
from tests.command_line import DEVICES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    import pytest

    from omconsole.config import Settings
    from omconsole.domain.items import Item
    from omconsole.domain.snapshot import Snapshot

TICK_S = 0.05
PATIENCE_S = 10.0
"""How long anything may take on a busy machine; what is asserted to be quick has its own deadline."""


class Seat:
    """One running console: a service, and a way to wait for its picture to show something."""

    def __init__(self, service: Service, name: str) -> None:
        self.service = service
        self.name = name
        self._told = asyncio.Event()
        service.subscribe(lambda _snapshot: self._told.set())
        self.running = asyncio.create_task(service.run())

    @property
    def picture(self) -> Snapshot:
        return self.service.snapshot

    async def shows(self, what: Callable[[Snapshot], Any], within_s: float = PATIENCE_S) -> None:
        """Wait until a picture fulfils a condition; fail when that takes longer, or the console has ended."""
        async with asyncio.timeout(within_s):
            while not what(self.picture):
                self._told.clear()
                waiting = asyncio.ensure_future(self._told.wait())
                await asyncio.wait({waiting, self.running}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if self.running.done():
                    self.running.result()

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.service.close()

    def item(self, id_: str) -> Item:
        return next(item for item in self.picture.issues if item.id == id_)


class Office:
    """The demo's state directory, and the consoles that are open on it."""

    def __init__(self, root: Path, wire: Wire) -> None:
        keep_world(root / "demo", devices=DEVICES, scenario="busy")
        self.settings: Settings = load(None, {}, Options(profile="demo", state_dir=str(root)))
        self.wire = wire
        self.ahead = timedelta(0)
        self.open: list[Seat] = []

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def service(self, name: str) -> Service:
        return await Service.open(self.settings, login=f"as:{name}", name=name, clock=self.clock, tick_s=TICK_S)

    async def enter(self, name: str = "anna") -> Seat:
        seat = Seat(await self.service(name), name)
        self.open.append(seat)
        return seat

    async def leave(self, seat: Seat) -> None:
        self.open.remove(seat)
        await seat.end()


class Wire:
    """The way to the simulated tenant, which can be cut, and at whose end everything can be throttled."""

    def __init__(self) -> None:
        self.cut = False
        self.retry_after_s: int | None = None
        """Answer 429 with this Retry-After."""
        self.asked = 0

    async def answer(self, inner: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.cut:
            raise httpx.ConnectError("the wire is cut")
        if self.retry_after_s is not None:
            return httpx.Response(
                429,
                headers={"Retry-After": str(self.retry_after_s)},
                json={"error": {"code": "TooManyRequests", "message": "An error has occurred."}},
                request=request,
            )
        return await inner.handle_async_request(request)


@asynccontextmanager
async def an_office(root: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """An empty office whose consoles leave at the end."""
    from omconsole import demo

    wire = Wire()
    real = demo.demo_transport

    class Failing(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self.inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await wire.answer(self.inner, request)

    @asynccontextmanager
    async def failing(choice: demo.WorldChoice, graph_url: str) -> AsyncIterator[httpx.AsyncBaseTransport]:
        async with real(choice, graph_url) as inner:
            yield Failing(inner)

    monkeypatch.setattr(demo, "demo_transport", failing)
    monkeypatch.setattr("omconsole.graph.request.back_off", lambda *_: 0.001)
    office = Office(root, wire)
    yield office
    for seat in list(office.open):
        await office.leave(seat)
