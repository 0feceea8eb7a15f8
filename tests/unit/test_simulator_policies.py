"""Configuration policies and devices without one in the simulated tenant: what is planted is found, and ends."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Condition
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client, report
from omconsole.graph.budgets import Budget, Budgets
from omconsole.graph.exports import export_job
from omconsole.graph.policy_shapes import POLICY_DEVICES, policy_status
from omconsole.graph.policy_surface import POLICY_DEVICES_ASKED
from omconsole.poll.intake import Intake
from omconsole.poll.sources import firing_of
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.no_policy import NoPolicySignal
from omconsole.signals.policies import AMISS, EXPORT, PoliciesSignal
from omconsole.simulator.app import create_app
from omconsole.simulator.configurations import Configurations
from omconsole.simulator.world import World
from omconsole.store import Store
from tests.unit.graph_tools import FakeTime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from omconsole.domain.events import Event

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
KINDS = PoliciesSignal.kinds | NoPolicySignal.kinds
REPORTS = f"{ROOT}/v1.0/deviceManagement/reports"
SUMMARY = f"{REPORTS}/getConfigurationPolicyNonComplianceSummaryReport"
DEVICES = f"{REPORTS}/getConfigurationPolicyNonComplianceReport"


class Console:
    """The two sources over a simulated tenant, taken in as the poller would."""

    def __init__(self, directory: Path, scenario: str, devices: int) -> None:
        self.now = EPOCH + timedelta(hours=9, minutes=41)
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)
        healths = [SourceHealth(name=name, interval_s=1800) for name in ("policies", "nopolicy")]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.devices = DevicesSignal(DeviceThresholds())
        self.policies = PoliciesSignal(self.devices.settled, partial(firing_of, self.ledger, "policies"))
        self.without = NoPolicySignal(self.devices.settled, partial(firing_of, self.ledger, "nopolicy"))

    async def sweep(self, graph: GraphClient, mode: str = "sweep") -> None:
        await self.devices.increment(graph, Round(), self.now, lambda _rows: None)
        for signal in (self.policies, self.without):
            reading = await getattr(signal, mode)(graph, Round(), self.now, lambda _rows: None)
            assert (reading.status, reading.complete) == ("ok", True), (signal.name, reading.error)
            await self.intake.take(reading, self.now)

    def planted(self) -> set[tuple[str, str, str]]:
        return {(kind, id_, key) for kind, id_, key in self.world.planted(self.now) if kind in KINDS}

    def firing(self) -> set[tuple[str, str, str]]:
        return {
            (item.triage.kind, item.triage.subject_id, item.triage.sub_key)
            for item in self.ledger.rows
            if item.triage.condition is Condition.FIRING
        }

    def endings(self) -> Counter[tuple[str, str | None]]:
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
        # Weeks pass in a second, in which nobody waits for a minute's budget or for an export.
        time, budgets = FakeTime(), Budgets({}, Budget(()))
        yield console, GraphClient(ROOT, http, ReadyToken("token"), clock=time.clock, sleep=time.sleep, budgets=budgets)


@pytest.mark.parametrize("console", [("calm", 4_000), ("busy", 2_500), ("storm", 1_200), ("story", 900)], indirect=True)
async def test_a_sweep_finds_what_is_planted(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    await desk.sweep(graph)
    assert desk.firing() == desk.planted()
    if desk.world.scenario in {"calm", "busy"}:
        assert {kind for kind, _id, _key in desk.planted()} == {"policy.failed", "policy.conflict", "device.no-policy"}


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
    assert {kind for kind, _why in endings} == {"policy.failed", "policy.conflict", "device.no-policy"}


@pytest.mark.parametrize("console", [("busy", 1_500)], indirect=True)
async def test_increments_find_what_comes_between_two_sweeps(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    await desk.sweep(graph)
    before = desk.firing()
    for _step in range(6):
        desk.now += timedelta(hours=6)
        await desk.sweep(graph, "increment")
    failed = {each for each in desk.planted() if each[0] == "policy.failed"}
    assert failed - before, "something new fails"
    assert len(failed - desk.firing()) <= 1  # two that change places leave a count as it was


# --- the reports ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(World(1, "busy", EPOCH, 2_000), clock=lambda: EPOCH, token=None, root=ROOT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as opened:
        yield opened


async def asked(client: httpx.AsyncClient, url: str, **body: Any) -> list[dict[str, Any]]:
    response = await client.post(url, json=body)
    assert response.status_code == 200, response.text
    told = response.json()
    names = [column["Column"] for column in told["Schema"]]
    return [dict(zip(names, values, strict=True)) for values in told["Values"]]


async def test_the_counts_of_a_policy_are_those_of_its_rows(client: httpx.AsyncClient) -> None:
    policies = await asked(client, SUMMARY)
    assert len({each["PolicyId"] for each in policies}) == len(policies) >= 12
    assert {each["UnifiedPolicyType"] for each in policies} >= {"SettingsCatalog", "DeviceConfiguration"}
    names = Counter(each["PolicyName"] for each in policies)
    assert [name for name, count in names.items() if count > 1] == ["Pilot – Taskleiste"]
    for each in policies:
        rows = await asked(client, DEVICES, filter=f"(PolicyId eq '{each['PolicyId']}')")
        states = Counter(row["ReportStatus"] for row in rows)
        assert (states[4], states[5], states[6]) == (
            each["NumberOfNonCompliantDevices"],
            each["NumberOfErrorDevices"],
            each["NumberOfConflictDevices"],
        )
        assert states[2], "also devices on which it applies"


async def test_rows_have_the_quirks_of_the_service(client: httpx.AsyncClient) -> None:
    rows = await asked(client, DEVICES)
    assert {type(row["PolicyStatus"]) for row in rows} == {int, str}, "some name the member"
    assert any(row["PspdpuLastModifiedTimeUtc"].partition(".")[2][-2] != "0" for row in rows), "seven digits"
    assert list(rows[0])[-1] == "PolicyId", "an order of its own"
    assert "PolicyStatus_loc" in rows[0]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("((PolicyStatus eq '5') or (PolicyStatus eq '6'))", {5, 6}),
        ("(PolicyStatus eq '5')", {5}),
        ("PolicyStatus eq '5' or PolicyStatus eq '6'", {5, 6}),
    ],
)
async def test_a_filter_may_name_several_states(client: httpx.AsyncClient, filter_: str, expected: set[int]) -> None:
    rows = await asked(client, DEVICES, filter=filter_)
    assert {row["ReportStatus"] for row in rows} == expected


@pytest.mark.parametrize(
    "filter_", ["(PolicyStatus eq '5') or (PolicyId eq 'x')", "PolicyStatus gt '5' or PolicyStatus gt '6'", "a or b"]
)
async def test_other_alternatives_are_refused(client: httpx.AsyncClient, filter_: str) -> None:
    refused = await client.post(DEVICES, json={"filter": filter_})
    assert refused.status_code == 400
    assert "message" in json.loads(refused.content)["error"]


async def test_the_audit_log_tells_of_changed_configuration_policies(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"{ROOT}/v1.0/deviceManagement/auditEvents")).json()["value"]
    ids = {policy.id for policy in World(1, "busy", EPOCH, 2_000).part(Configurations).policies}
    touched = [each for each in told if each["resources"][0]["resourceId"] in ids]
    assert touched
    assert {each["activityType"] for each in touched} <= {
        "Patch DeviceManagementConfigurationPolicy",
        "Patch DeviceConfiguration",
    }


@pytest.mark.parametrize("console", [("busy", 1_500)], indirect=True)
async def test_the_export_of_a_policy_has_the_rows_of_its_report(console: tuple[Console, GraphClient]) -> None:
    desk, graph = console
    policy = desk.world.part(Configurations).policies[0]
    filter_ = f"(PolicyId eq '{policy.id}') and {AMISS}"
    asked_: dict[str, Any] = {"decoder": POLICY_DEVICES, "filter_": filter_}
    paged = [
        row async for page in report(graph, POLICY_DEVICES_ASKED, workload="reports", **asked_) for row in page.rows
    ]
    columns = POLICY_DEVICES_ASKED.select
    exported = [row async for page in export_job(graph, EXPORT, columns, **asked_) for row in page.rows]
    assert len(paged) > 2
    assert [(row.intune_device_id, policy_status(row.policy_status)) for row in exported] == [
        (row.intune_device_id, policy_status(row.policy_status)) for row in paged
    ]
