"""Source `security` held against the simulated tenant's own truth, while Defender's analysts work."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Condition
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.poll.intake import Intake
from omconsole.poll.sources import firing_of
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.security import SecuritySignal
from omconsole.simulator.app import create_app
from omconsole.simulator.workloads import security
from omconsole.simulator.world import World
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from omconsole.signals.reading import Reading, Signal

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)


class Console:
    """The source in a simulated tenant, taken in as the poller would."""

    def __init__(self, directory: Path, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)
        healths = [SourceHealth(name=name, interval_s=300) for name in ("devices", "security")]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.devices = DevicesSignal(DeviceThresholds())
        self.security = SecuritySignal(self.devices.settled, partial(firing_of, self.ledger, "security"))

    @asynccontextmanager
    async def graph(self) -> AsyncIterator[GraphClient]:
        transport = httpx.ASGITransport(app=self.app)
        async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
            yield GraphClient(ROOT, http, ReadyToken("token"))

    async def poll(self, graph: GraphClient, *, sweep: bool) -> Reading:
        signal: Signal = self.security
        budget = Round()
        read = signal.sweep if sweep else signal.increment
        reading = await read(graph, budget, self.now, lambda _rows: None)
        assert (reading.status, reading.complete) == ("ok", True), reading.error
        assert budget.requests == 2
        await self.intake.take(reading, self.now)
        return reading

    def firing(self) -> set[tuple[str, str]]:
        return {
            (item.triage.kind, item.triage.subject_id)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING
        }

    def open(self) -> set[tuple[str, str]]:
        return set(security.WORKLOAD.alerts(self.world, self.now))


@pytest.mark.parametrize("scenario", ["calm", "busy"])
async def test_what_fires_is_what_is_open_for_a_week(tmp_path: Path, scenario: str) -> None:
    desk = Console(tmp_path, scenario, 300)
    async with desk.graph() as graph:
        await desk.devices.sweep(graph, Round(), desk.now, lambda _rows: None)
        first = await desk.poll(graph, sweep=True)
        assert desk.firing() == desk.open()
        devices = desk.devices.fleet.devices
        named = [each["id"] for seen in first.observations for each in seen.facts["devices"]]
        assert set(named) <= set(devices)
        assert len(named) >= len(first.observations) // 2
        before = desk.open()
        for _step in range(30):
            desk.now += timedelta(hours=6)
            await desk.poll(graph, sweep=False)
            assert desk.firing() == desk.open()
        assert not desk.open() & before
