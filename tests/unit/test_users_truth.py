"""Source `users` and the deployments of Autopilot held against the simulated tenant's own truth, while time goes by."""

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
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.enrollment import EnrollmentSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.users import UsersSignal
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
KINDS = frozenset({"enrollment.failed", *UsersSignal.kinds})


class Console:
    """The sources that speak of users in a simulated tenant, each taken in as the poller would."""

    def __init__(self, directory: Path, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)
        healths = [SourceHealth(name=name, interval_s=900) for name in ("devices", "enrollment", "users")]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.devices = DevicesSignal(DeviceThresholds())
        enrollment = EnrollmentSignal(self.devices.settled, partial(firing_of, self.ledger, "enrollment"))
        firing = partial(firing_of, self.ledger, "users")
        self.users = UsersSignal(self.devices.up_to_date, enrollment.lasting, firing)
        self.signals: list[Signal] = [self.devices, enrollment, self.users]
        self.rounds: dict[str, Round] = {}

    async def poll(self, graph: GraphClient, *, sweep: bool = True) -> dict[str, Reading]:
        readings = {}
        for signal in self.signals:
            self.rounds[signal.name] = budget = Round()
            read = signal.sweep if sweep else signal.increment
            reading = await read(graph, budget, self.now, lambda _rows: None)
            assert (reading.status, reading.complete) == ("ok", True), (signal.name, reading.error)
            await self.intake.take(reading, self.now)
            readings[signal.name] = reading
        return readings

    def planted(self) -> set[tuple[str, str, str]]:
        return {tuple(each) for each in self.world.planted(self.now) if each.kind in KINDS}  # type: ignore[misc]

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING and item.triage.kind in KINDS
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
        # Weeks pass in a second, in which nobody waits for a minute's budget.
        yield console, GraphClient(ROOT, http, ReadyToken("token"), budgets=Budgets({}, Budget(())))


@pytest.mark.parametrize("console", [("calm", 800), ("busy", 2_500), ("storm", 1_200)], indirect=True)
async def test_a_sweep_finds_what_is_planted_and_an_increment_keeps_it(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    await desk.poll(graph)
    assert desk.firing() == desk.planted()
    assert {kind for kind, *_rest in desk.firing()} == KINDS
    desk.now += timedelta(minutes=15)
    await desk.poll(graph, sweep=False)
    assert desk.rounds["users"].requests <= 3  # who is flagged, and the apps of these few
    assert desk.firing() == desk.planted()


@pytest.mark.parametrize("console", [("busy", 1_200)], indirect=True)
async def test_what_fires_follows_the_users_for_three_weeks(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    for _step in range(14):
        # What is absent is over after two sweeps.
        for _again in range(2):
            await desk.poll(graph)
        assert desk.firing() == desk.planted()
        desk.now += timedelta(hours=36)
    endings = desk.endings()
    for kind in KINDS:
        assert endings[kind, "fixed"], kind
    assert not endings["enrollment.failed", "object gone"]
