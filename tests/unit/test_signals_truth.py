"""Compliance, apps and enrolments held against the simulated tenant's own truth, also while time goes by."""

from __future__ import annotations

from collections import Counter
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
from omconsole.signals.apps import AppsSignal
from omconsole.signals.compliance import ComplianceSignal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.enrollment import EnrollmentSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from omconsole.domain.events import Event
    from omconsole.signals.reading import Reading, Signal

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)


class Console:
    """The sources of a simulated tenant, each taken in as the poller would."""

    def __init__(self, directory: Path, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)
        healths = [SourceHealth(name=name, interval_s=900) for name in ("devices", "compliance", "apps", "enrollment")]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.devices = DevicesSignal(DeviceThresholds())
        self.signals: list[Signal] = [
            self.devices,
            ComplianceSignal(),
            AppsSignal(self.devices.settled, partial(firing_of, self.ledger, "apps")),
            EnrollmentSignal(self.devices.settled, partial(firing_of, self.ledger, "enrollment")),
        ]

    async def sweep(self, graph: GraphClient) -> dict[str, Reading]:
        readings = {}
        for signal in self.signals:
            reading = await signal.sweep(graph, Round(), self.now, lambda _rows: None)
            assert (reading.status, reading.complete) == ("ok", True), (signal.name, reading.error)
            await self.intake.take(reading, self.now)
            readings[signal.name] = reading
        return readings

    def planted(self) -> set[tuple[str, str, str]]:
        """Of the kinds that these sources show."""
        kinds = {kind for signal in self.signals for kind in signal.kinds}
        return {(kind, id_, key) for kind, id_, key in self.world.planted(self.now) if kind in kinds}

    def firing(self) -> set[tuple[str, str, str]]:
        """Kind, subject and sub key of everything that fires."""
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING
        }

    def endings(self) -> Counter[tuple[str, str | None]]:
        """How many items of each kind ended for which reason."""
        journal = self.store.journal
        journal.rewind()
        events: list[Event] = []
        while more := journal.read_new():
            events.extend(more)
        ended = [event for event in events if event.event == "item.cleared"]
        return Counter((self.ledger.triage[event.key or ""].kind, event.why) for event in ended)


@pytest.fixture
async def console(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Console, GraphClient]]:
    scenario, devices = request.param
    console = Console(tmp_path / "work", scenario, devices)
    transport = httpx.ASGITransport(app=console.app)
    async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
        # Three weeks pass in a second, in which nobody waits for a minute's budget.
        yield console, GraphClient(ROOT, http, ReadyToken("token"), budgets=Budgets({}, Budget(())))


@pytest.mark.parametrize("console", [("calm", 800), ("busy", 2_500), ("storm", 1_200)], indirect=True)
async def test_a_sweep_finds_what_is_planted_and_why(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    readings = await desk.sweep(graph)
    assert desk.firing() == desk.planted()
    explained = {device for device, _family in readings["compliance"].causes}
    shown = {
        item.triage.subject_id: item.seen.causes
        for item in desk.ledger.rows
        if item.seen is not None and item.triage.family == "device.compliance"
    }
    assert shown.keys() <= explained  # the report also has devices that are not judged on their first day
    assert all(shown.values())
    for item in desk.ledger.rows:
        if item.seen is not None and item.triage.source in {"apps", "enrollment"}:
            assert len(item.seen.causes) == 1
            assert item.seen.platform in {"Windows", "iOS", "macOS", "Android"}


@pytest.mark.parametrize("console", [("busy", 1_200)], indirect=True)
async def test_what_fires_follows_the_tenant_for_three_weeks(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    for _step in range(14):
        # What is absent is over after two sweeps.
        for _again in range(2):
            await desk.sweep(graph)
        assert desk.firing() == desk.planted()
        desk.now += timedelta(hours=36)
    endings = desk.endings()
    assert endings["enrollment.failed", "fixed"]
    assert not endings["enrollment.failed", "object gone"]
