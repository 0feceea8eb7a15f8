"""What the console finds in the simulated tenant is what the tenant's world knows to be wrong."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole.graph import GraphClient, Round
from omconsole.graph.tokens import ReadyToken
from omconsole.signals.apps import AppsSignal
from omconsole.signals.compliance import ComplianceSignal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.enrollment import EnrollmentSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.simulator.app import create_app
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.world import Truth, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omconsole.signals.fleet import Fleet
    from omconsole.signals.reading import Reading

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "http://127.0.0.1"
FAILING = ("device.noncompliant", "device.in-grace", "device.compliance-error")

scenarios = pytest.mark.parametrize("scenario", list(SCENARIOS))
instants = pytest.mark.parametrize(
    "elapsed", [timedelta(0), timedelta(minutes=50), timedelta(hours=31, seconds=7), timedelta(days=70)]
)


@asynccontextmanager
async def tenant(world: World, now: datetime) -> AsyncIterator[GraphClient]:
    app = create_app(world, clock=lambda: now, token="a-token-of-the-test", root=ROOT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        yield GraphClient(ROOT, http, ReadyToken("a-token-of-the-test"))


def found(reading: Reading) -> list[Truth]:
    return sorted(Truth(seen.kind, seen.subject_id, seen.sub_key) for seen in reading.observations)


def planted(world: World, now: datetime, kind: str) -> list[Truth]:
    return sorted(truth for truth in world.planted(now) if truth.kind.startswith(kind))


@scenarios
@instants
async def test_a_sweep_finds_every_planted_problem_and_no_other(scenario: str, elapsed: timedelta) -> None:
    now = EPOCH + elapsed
    world = World(21, scenario, EPOCH, 1200)
    async with tenant(world, now) as graph:
        devices = DevicesSignal(DeviceThresholds())
        reading = await devices.sweep(graph, Round(), now, lambda _: None)

        async def fleet() -> Fleet:
            return devices.fleet

        apps = await AppsSignal(fleet).sweep(graph, Round(), now, lambda _: None)
        enrolments = await EnrollmentSignal(fleet).sweep(graph, Round(), now, lambda _: None)
    assert [each.status for each in (reading, apps)] == ["ok", "ok"]
    shown = sorted(Truth(seen.kind, seen.subject_id) for seen in reading.observations)
    assert shown == sorted(truth for truth in world.planted(now) if truth.kind in DevicesSignal.kinds)
    assert found(apps) == planted(world, now, "app.")
    assert found(enrolments) == planted(world, now, "enrollment.")


@scenarios
@instants
async def test_every_failing_device_says_which_setting_it_fails_and_no_other_does(
    scenario: str, elapsed: timedelta
) -> None:
    now = EPOCH + elapsed
    world = World(21, scenario, EPOCH, 1200)
    async with tenant(world, now) as graph:
        reading = await ComplianceSignal().sweep(graph, Round(), now, lambda _: None)
    assert (reading.status, reading.complete) == ("ok", True)
    explained = {device for device, _family in reading.causes}
    failing = {
        world.device_id(index, now)
        for index in range(world.devices)
        if world.moving(index, now).state in ("noncompliant", "inGracePeriod", "error", "conflict")
    }
    assert explained == failing
    assert explained >= {truth.subject_id for truth in world.planted(now) if truth.kind in FAILING}
    ids = {str(policy["id"]) for policy in world.compliance_policies()}
    unresolved = {cause.name for causes in reading.causes.values() for cause in causes if cause.id not in ids}
    assert unresolved == ({"Built-in Device Compliance Policy"} if scenario == "storm" else set())
