"""Defender, firewalls and malware in the simulated tenant: what is planted is found, and ends."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.domain import words
from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Condition, Severity
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.graph.budgets import Budget, Budgets
from omconsole.poll.intake import Intake
from omconsole.poll.sources import firing_of
from omconsole.signals.defender import DefenderSignal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.firewall import FirewallSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.malware import MalwareSignal
from omconsole.simulator.app import create_app
from omconsole.simulator.detections import Detections
from omconsole.simulator.world import World
from omconsole.store import Store
from tests.unit.graph_tools import FakeTime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from omconsole.domain.events import Event

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
KINDS = DefenderSignal.kinds | FirewallSignal.kinds | MalwareSignal.kinds
MANAGEMENT = f"{ROOT}/v1.0/deviceManagement"


class Console:
    """The three sources over a simulated tenant, taken in as the poller would."""

    def __init__(self, directory: Path, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)
        self.refused = 0
        healths = [SourceHealth(name=name, interval_s=1800) for name in ("defender", "firewall", "malware")]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.devices = DevicesSignal(DeviceThresholds())
        self.signals = [
            signal(self.devices.settled, partial(firing_of, self.ledger, signal.name))
            for signal in (DefenderSignal, FirewallSignal, MalwareSignal)
        ]

    async def sweep(self, graph: GraphClient) -> None:
        await self.devices.increment(graph, Round(), self.now, lambda _rows: None)
        for signal in self.signals:
            reading = await signal.sweep(graph, Round(), self.now, lambda _rows: None)
            assert (reading.status, reading.complete) == ("ok", True), (signal.name, reading.error)
            assert (reading.error is None) or "FirewallStatus: ManagedElsewhere" in reading.error
            await self.intake.take(reading, self.now)

    def planted(self) -> set[tuple[str, str, str]]:
        return {(kind, id_, key) for kind, id_, key in self.world.planted(self.now) if kind in KINDS}

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING and not item.is_cause
        }

    def endings(self) -> Counter[tuple[str, str | None]]:
        journal = self.store.journal
        journal.rewind()
        events: list[Event] = []
        while more := journal.read_new():
            events.extend(more)
        ended = [event for event in events if event.event == "item.cleared"]
        return Counter((self.ledger.triage[event.key or ""].kind, event.why) for event in ended)


class Refusing(httpx.ASGITransport):
    """A tenant whose beta has no report of malware."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/getActiveMalwareReport"):
            return httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": "none"}})
        return await super().handle_async_request(request)


def client(http: httpx.AsyncClient) -> GraphClient:
    time, budgets = FakeTime(), Budgets({}, Budget(()))  # weeks pass in a second, in which nobody waits
    return GraphClient(ROOT, http, ReadyToken("token"), clock=time.clock, sleep=time.sleep, budgets=budgets)


@pytest.fixture
async def console(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Console, GraphClient]]:
    scenario, devices = request.param
    console = Console(tmp_path / "work", scenario, devices)
    transport = httpx.ASGITransport(app=console.app)
    async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
        yield console, client(http)


@pytest.mark.parametrize("console", [("calm", 4_000), ("busy", 2_500), ("storm", 1_200), ("story", 900)], indirect=True)
async def test_a_sweep_finds_what_is_planted(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    await desk.sweep(graph)
    assert desk.firing() == desk.planted()
    if desk.world.scenario != "story":
        assert {kind for kind, _id, _key in desk.planted()} == KINDS
    for item in desk.ledger.rows:
        said = words.title(item)
        assert "\n" not in said
        assert item.triage.severity in {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
        assert words.problem(item) != words.kind_word(item.triage.kind) or "firewall" in said


@pytest.mark.parametrize("console", [("calm", 2_500), ("busy", 1_500)], indirect=True)
async def test_what_fires_follows_the_tenant_for_two_weeks(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    for _step in range(9):
        # What is absent is over after two sweeps.
        for _again in range(2):
            await desk.sweep(graph)
        assert desk.firing() == desk.planted()
        desk.now += timedelta(hours=36)
    endings = desk.endings()
    assert {why for _kind, why in endings} == {"fixed"}
    assert {kind for kind, _why in endings} == KINDS


@pytest.mark.parametrize("console", [("busy", 6_000)], indirect=True)
async def test_without_the_report_v1_tells_the_same_of_devices_with_names_of_their_own(
    console: tuple[Console, GraphClient],
) -> None:
    desk, _graph = console
    async with build_client(TransportSettings(graph_url=ROOT), transport=Refusing(app=desk.app)) as http:
        graph = client(http)
        await desk.devices.sweep(graph, Round(), desk.now, lambda _rows: None)
        reading = await desk.signals[-1].sweep(graph, Round(), desk.now, lambda _rows: None)
    assert (reading.status, reading.complete) == ("ok", True)
    assert reading.uncovered == ("Malware is matched to devices by their names: the report with their ids is refused.",)
    found = {(each.kind, each.subject_id, each.sub_key) for each in reading.observations}
    planted = {each for each in desk.planted() if each[0] == "protection.malware"}
    names = Counter((device.device_name or "").casefold() for device in desk.devices.fleet.devices.values())
    expected = set()
    for kind, id_, malware in planted:
        name = desk.devices.fleet.devices[id_].device_name or ""
        expected.add((kind, id_ if names[name.casefold()] == 1 else f"name:{name}", malware))
    assert found == expected
    assert len(planted) > 3


@pytest.mark.parametrize("scenario", ["calm", "busy", "story"])
@pytest.mark.parametrize("days", [0, 3, 11])
async def test_the_overviews_count_what_the_reports_show(scenario: str, days: int) -> None:
    now = EPOCH + timedelta(days=days, hours=5)
    world = World(1, scenario, EPOCH, 3_000)
    transport = httpx.ASGITransport(app=create_app(world, clock=lambda: now, token=None, root=ROOT))
    async with httpx.AsyncClient(transport=transport) as http:
        protection = (await http.get(f"{MANAGEMENT}/deviceProtectionOverview")).json()
        malware = (await http.get(f"{MANAGEMENT}/windowsMalwareOverview")).json()
        agents = await rows(http, "getUnhealthyDefenderAgentsReport")
        found = await rows(http, "getActiveMalwareReport")
    counts = {name: value for name, value in protection.items() if name.endswith("DeviceCount")}
    assert counts["totalReportedDeviceCount"] == sum(counts.values()) / 2
    shown = [row for row in agents if row["ProductStatus_loc"] != "NoStatusFlagsSet" or not said(row)]
    assert len(shown) == counts["totalReportedDeviceCount"] - counts["cleanDeviceCount"]
    assert malware["totalMalwareCount"] == len(found)
    assert malware["malwareDetectedDeviceCount"] == len({row["DeviceId"] for row in found})
    states = Counter(str(row["State_loc"]).casefold() for row in found)
    assert {
        each["state"].casefold(): each["malwareDetectionCount"] for each in malware["malwareStateSummary"]
    } == states


def said(row: dict[str, Any]) -> bool:
    """Whether real-time protection is on."""
    return str(row["RealTimeProtectionEnabled"]) == "True"


async def rows(http: httpx.AsyncClient, action: str) -> list[dict[str, Any]]:
    body = (await http.post(f"{ROOT}/beta/deviceManagement/reports/{action}", json={})).json()
    names = [column["Column"] for column in body["Schema"]]
    return [dict(zip(names, values, strict=True)) for values in body["Values"]]


def test_a_device_may_have_more_than_one_malware() -> None:
    world = World(1, "busy", EPOCH, 20_000)
    found = world.part(Detections).at(int(EPOCH.timestamp()) + 9 * 3600)
    assert max(Counter(each.place for each in found).values()) == 2
    assert 10 <= sum(each.is_active for each in found) <= 20
