"""Windows updates of the simulated tenant: what it serves, and that the source finds what is planted over time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Condition
from omconsole.domain.ledger import Ledger
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.graph.budgets import Budget, Budgets
from omconsole.poll.intake import Intake
from omconsole.poll.sources import firing_of
from omconsole.signals.os_updates import UpdatesSignal
from omconsole.simulator.app import create_app
from omconsole.simulator.instants import DAY, seconds
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.update_policies import WindowsUpdates
from omconsole.simulator.update_rings import configurations, rings_paused
from omconsole.simulator.world import World
from tests.unit.recorded_tenant import Notebook
from tests.unit.signal_tools import nothing

if TYPE_CHECKING:
    from omconsole.store import Store

EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
FAILED, PAUSED = "osupdate.failed", "osupdate.ring-paused"


def test_the_same_world_has_the_same_updates() -> None:
    one, other = (World(3, "busy", EPOCH, 300) for _twice in range(2))
    at = seconds(EPOCH)
    for world in (one, other):
        assert list(world.part(WindowsUpdates).alerts(world.part(WindowsUpdates).policies[0].id, at))
    assert configurations(one, EPOCH) == configurations(other, EPOCH)
    assert one.planted(EPOCH) == other.planted(EPOCH)


def test_a_ring_shows_its_flag_for_a_while_after_the_pause() -> None:
    world = World(3, "busy", EPOCH, 30)
    stale = 0
    for day in range(60):
        now = EPOCH + timedelta(days=day, hours=5)
        paused = set(rings_paused(world, seconds(now)))
        rows = [row for row in configurations(world, now) if "pdateForBusiness" in str(row["@odata.type"])]
        flagged = {str(row["id"]) for row in rows if row["qualityUpdatesPaused"] or row["featureUpdatesPaused"]}
        assert paused <= flagged
        stale += flagged != paused
    assert 1 <= stale <= 3


def test_the_counts_of_policies_are_those_of_their_devices() -> None:
    world = World(3, "busy", EPOCH, 2_000)
    updates = world.part(WindowsUpdates)
    for at in range(world.begin, world.begin + 12 * DAY, DAY):
        counted = {str(row["PolicyId"]): row["NumberOfDevicesWithErrors"] for row in updates.feature_policies(at)}
        counted |= {str(row["PolicyId"]): row["CountDevicesErrorStatus"] for row in updates.expedited_policies(at)}
        for policy in updates.policies:
            rows = [row for row in updates.alerts(policy.id, at) if str(row["AlertStatus"]).lower() == "active"]
            assert counted.get(policy.id, 0) == len({row["DeviceId"] for row in rows})


def test_members_come_in_both_casings_and_solved_alerts_too() -> None:
    world = World(3, "storm", EPOCH, 2_000)
    updates = world.part(WindowsUpdates)
    rows: list[dict[str, Any]] = [
        row for policy in updates.policies for row in updates.alerts(policy.id, world.begin + DAY)
    ]
    assert {row["AlertStatus"] for row in rows} == {"Active", "active", "Resolved", "resolved"}
    assert {"DiskFull", "diskFull"} <= {row["AlertMessage"] for row in rows}


class Console:
    """The source over a simulated tenant, taken in as the poller would."""

    def __init__(self, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.ledger = Ledger()
        self.ledger.sources["osupdates"] = SourceHealth(name="osupdates", interval_s=1800)
        self.notebook = Notebook()
        self.intake = Intake("contoso", self.ledger, cast("Store", self.notebook))
        self.signal = UpdatesSignal(partial(firing_of, self.ledger, "osupdates"))

    async def sweep(self, graph: GraphClient) -> None:
        reading = await self.signal.sweep(graph, Round(), self.now, nothing)
        assert (reading.status, reading.complete) == ("ok", True), reading.error
        await self.intake.take(reading, self.now)

    def planted(self) -> set[tuple[str, str, str]]:
        return {(*truth,) for truth in self.world.planted(self.now) if truth.kind.startswith("osupdate.")}

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING
        }


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_what_fires_follows_the_simulated_tenant(scenario: str) -> None:
    console = Console(scenario, 600)
    app = create_app(console.world, clock=lambda: console.now, token=None, root="http://localhost")

    async def at_once(_seconds: float) -> None:
        """Reports are written while nobody waits."""

    seen: set[tuple[str, str, str]] = set()
    transport = httpx.ASGITransport(app=app)
    async with build_client(TransportSettings(graph_url="http://localhost"), transport=transport) as http:
        graph = GraphClient(
            "http://localhost", http, ReadyToken("token"), sleep=at_once, budgets=Budgets({}, Budget(()))
        )
        for _step in range(16):
            for _again in range(2):  # what is absent is over after two sweeps
                await console.sweep(graph)
            assert console.firing() == console.planted()
            seen |= console.planted()
            console.now += timedelta(days=3)
    ended = [event for event in console.notebook.events if event.event == "item.cleared"]
    assert {kind for kind, _id, _key in seen} == {FAILED, PAUSED}
    assert {console.ledger.triage[event.key or ""].kind for event in ended} == {FAILED, PAUSED}
    assert {event.why for event in ended} == {"fixed"}
