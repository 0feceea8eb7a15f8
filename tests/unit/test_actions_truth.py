"""Source `actions` and the new kinds of `devices` held against the simulated tenant's own truth for three weeks."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Condition
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.graph.budgets import Budget, Budgets
from omconsole.poll.intake import Intake
from omconsole.poll.sources import firing_of
from omconsole.signals.actions import ActionsSignal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from omconsole.domain.events import Event
    from omconsole.signals.reading import Signal

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
KINDS = frozenset({*DevicesSignal.kinds, *ActionsSignal.kinds})
IN_TURNS = ("device.threat", "device.certificate-expiring", "device.action-failed")


class Console:
    """Both sources in a simulated tenant, taken in as the poller would."""

    def __init__(self, directory: Path, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)
        healths = [SourceHealth(name=name, interval_s=900) for name in ("devices", "actions")]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.devices = DevicesSignal(DeviceThresholds())
        self.actions = ActionsSignal(self.devices.settled, partial(firing_of, self.ledger, "actions"))
        self.signals: list[Signal] = [self.devices, self.actions]

    @asynccontextmanager
    async def graph(self) -> AsyncIterator[GraphClient]:
        transport = httpx.ASGITransport(app=self.app)
        async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
            yield GraphClient(ROOT, http, ReadyToken("token"), budgets=Budgets({}, Budget(())))

    async def poll(self, graph: GraphClient, *, sweep: bool) -> None:
        for signal in self.signals:
            read = signal.sweep if sweep else signal.increment
            reading = await read(graph, Round(), self.now, lambda _rows: None)
            assert (reading.status, reading.complete) == ("ok", True), reading.error
            await self.intake.take(reading, self.now)

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING
        }

    def planted(self) -> set[tuple[str, str, str]]:
        return {tuple(truth) for truth in self.world.planted(self.now) if truth.kind in KINDS}  # type: ignore[misc]

    def endings(self) -> Counter[tuple[str, str | None]]:
        """How many items of each kind ended for which reason."""
        journal = self.store.journal
        journal.rewind()
        events: list[Event] = []
        while more := journal.read_new():
            events.extend(more)
        ended = [event for event in events if event.event == "item.cleared"]
        return Counter((self.ledger.triage[event.key or ""].kind, event.why) for event in ended)


@pytest.mark.parametrize("scenario", ["calm", "busy"])
async def test_a_sweep_finds_what_is_planted(tmp_path: Path, scenario: str) -> None:
    desk = Console(tmp_path, scenario, 2_500)
    async with desk.graph() as graph:
        await desk.poll(graph, sweep=True)
        assert desk.firing() == desk.planted()
        assert {kind for kind, *_rest in desk.firing()} >= ({*IN_TURNS} if scenario == "busy" else set())
        for _minute in range(10):
            desk.now += timedelta(minutes=9)
            await desk.poll(graph, sweep=False)
            assert desk.firing() == desk.planted()


async def test_what_fires_follows_the_devices_for_three_weeks(tmp_path: Path) -> None:
    desk = Console(tmp_path, "busy", 1_000)
    async with desk.graph() as graph:
        for _step in range(28):
            # What is absent is over after two sweeps.
            for _again in range(2):
                await desk.poll(graph, sweep=True)
            assert desk.firing() == desk.planted()
            desk.now += timedelta(hours=18)
    endings = desk.endings()
    for kind in IN_TURNS:
        assert endings[kind, "fixed"], kind
    assert endings["device.action-failed", "aged out"]
