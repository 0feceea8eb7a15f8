"""What the console finds in the simulated tenant is what the tenant's world knows to be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from omconsole.graph import GraphClient, Round
from omconsole.graph.tokens import ReadyToken
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.simulator.app import create_app
from omconsole.simulator.world import Truth, World

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "http://127.0.0.1"


@pytest.mark.parametrize("scenario", ["calm", "busy", "storm"])
@pytest.mark.parametrize("elapsed", [timedelta(0), timedelta(hours=31, seconds=7), timedelta(days=70)])
async def test_a_sweep_finds_every_planted_problem_and_no_other(scenario: str, elapsed: timedelta) -> None:
    now = EPOCH + elapsed
    world = World(21, scenario, EPOCH, 1200)
    app = create_app(world, clock=lambda: now, token="a-token-of-the-test", root=ROOT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        graph = GraphClient(ROOT, http, ReadyToken("a-token-of-the-test"))
        reading = await DevicesSignal(DeviceThresholds()).sweep(graph, Round(), now, lambda _: None)
    assert reading.status == "ok"
    found = [Truth(observation.kind, observation.subject_id) for observation in reading.observations or []]
    assert sorted(found) == sorted(world.planted(now))
