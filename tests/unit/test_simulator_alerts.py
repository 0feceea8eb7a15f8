"""The alerts that the console finds in the simulated tenant are those that its world knows of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole.graph import GraphClient, Round
from omconsole.graph.tokens import ReadyToken
from omconsole.signals.audit import AuditSignal
from omconsole.signals.connector_rules import ConnectorThresholds
from omconsole.signals.connectors import ConnectorsSignal
from omconsole.signals.security import SecuritySignal
from omconsole.signals.service import ServiceSignal
from omconsole.signals.subscription import SubscriptionSignal
from omconsole.simulator import story
from omconsole.simulator.alerts import planted_alerts
from omconsole.simulator.app import create_app
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.world import World
from tests.unit.signal_tools import fleet_of

if TYPE_CHECKING:
    from omconsole.signals.reading import Reading, Signal

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "http://127.0.0.1"
WORLDS = {scenario: World(11, scenario, EPOCH, 300) for scenario in SCENARIOS}


async def sweep(signal: Signal, world: World, now: datetime) -> Reading:
    app = create_app(world, clock=lambda: now, token=None, root=ROOT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        return await signal.sweep(GraphClient(ROOT, http, ReadyToken("a-token")), Round(), now, lambda _rows: None)


@pytest.mark.parametrize("scenario", list(SCENARIOS))
@pytest.mark.parametrize("minutes", [0, 7, 16, 41, 200, 30 * 60, 10 * 24 * 60, 250 * 24 * 60])
async def test_sweeps_find_every_planted_alert_and_no_other(scenario: str, minutes: int) -> None:
    now = EPOCH + timedelta(minutes=minutes)
    signals: list[Signal] = [
        ServiceSignal(),
        ConnectorsSignal(ConnectorThresholds()),
        SubscriptionSignal(),
        SecuritySignal(fleet_of()),
    ]
    readings = [await sweep(signal, WORLDS[scenario], now) for signal in signals]
    assert [(reading.status, reading.error) for reading in readings] == [("ok", None)] * 4
    found = [(seen.kind, seen.subject_id) for reading in readings for seen in reading.observations]
    assert sorted(found) == sorted(planted_alerts(WORLDS[scenario], now))


async def test_the_audit_source_reads_who_changed_the_policy() -> None:
    reading = await sweep(AuditSignal(), WORLDS["story"], EPOCH)
    (change,) = [each for each in reading.changes if each.resources[0].name == story.CHANGED_POLICY]
    assert change.actor.startswith("k-admin@")
    assert change.resources[0].name == story.CHANGED_POLICY
    assert (story.CHANGED_PROPERTY, story.OLD_MINIMUM, story.NEW_MINIMUM) in change.resources[0].properties
