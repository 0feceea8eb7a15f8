"""Sources: what Graph's rows mean, held against the simulated tenant's own truth."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole.domain import words
from omconsole.domain.items import Item, Severity
from omconsole.graph import GraphClient, ManagedDevice, ReadyToken, Round, TransportSettings, build_client
from omconsole.graph.shapes import (
    Body,
    CompliancePolicyDeviceStateSummary,
    DeviceProtectionOverview,
    ServiceUpdateMessage,
)
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds, Judge
from omconsole.signals.messages import MessagesSignal, as_post, is_relevant
from omconsole.signals.overview import OverviewSignal, compliant_percent, protected_percent
from omconsole.signals.reading import Reading
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from omconsole.store import fleet as fleet_file
from tests.unit.signal_tools import SmallGraph, triage_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ROOT = "http://localhost"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
NOW = EPOCH + timedelta(hours=9, minutes=41)


class Tenant:
    """A simulated tenant with a clock that the test moves."""

    def __init__(self, scenario: str, devices: int) -> None:
        self.now = NOW
        self.world = World(1, scenario, EPOCH, devices)
        self.app = create_app(self.world, clock=lambda: self.now, token=None, root=ROOT)

    def truth(self) -> set[tuple[str, str]]:
        return {(kind, id_) for kind, id_, _key in self.world.planted(self.now) if kind in DevicesSignal.kinds}


@pytest.fixture
def tenant() -> Tenant:
    return Tenant("busy", 600)


@pytest.fixture
async def graph(tenant: Tenant) -> AsyncIterator[GraphClient]:
    transport = httpx.ASGITransport(app=tenant.app)
    async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
        yield GraphClient(ROOT, http, ReadyToken("token"))


def nothing(_rows: int) -> None:
    """Nobody watches the progress."""


def found(reading: Reading) -> set[tuple[str, str]]:
    return {(seen.kind, seen.subject_id) for seen in reading.observations}


@pytest.mark.parametrize("scenario", ["calm", "busy", "storm"])
async def test_a_sweep_finds_every_planted_problem_and_no_other(scenario: str) -> None:
    tenant = Tenant(scenario, 1_500)
    transport = httpx.ASGITransport(app=tenant.app)
    async with build_client(TransportSettings(graph_url=ROOT), transport=transport) as http:
        client = GraphClient(ROOT, http, ReadyToken("token"))
        reading = await DevicesSignal(DeviceThresholds()).sweep(client, Round(), tenant.now, nothing)
    assert (reading.status, reading.complete, reading.items) == ("ok", True, 1_500)
    assert found(reading) == tenant.truth()
    assert {kind for kind, _device in found(reading)} >= {
        *("device.noncompliant", "device.stale", "device.unencrypted", "device.jailbroken"),
    }


async def test_increments_keep_up_with_what_devices_report(tenant: Tenant, graph: GraphClient) -> None:
    signal = DevicesSignal(DeviceThresholds())
    shown = found(await signal.sweep(graph, Round(), tenant.now, nothing))
    for _poll in range(12):
        tenant.now += timedelta(minutes=10)
        reading = await signal.increment(graph, Round(), tenant.now, nothing)
        known = set(signal.fleet.devices)
        assert reading.mode == "increment"
        assert len(reading.subjects) < len(known) / 2
        shown = {(kind, device) for kind, device in shown if device not in reading.subjects} | found(reading)
        # What is enrolled or retired meanwhile is news for the next sweep; everything known must be right at once.
        assert shown == {pair for pair in tenant.truth() if pair[1] in known}


async def test_an_increment_speaks_of_what_it_read_and_of_what_time_alone_does(
    tenant: Tenant, graph: GraphClient
) -> None:
    """The fleet may have been kept from before the newest events of the history."""
    signal = DevicesSignal(DeviceThresholds())
    await signal.sweep(graph, Round(), tenant.now, nothing)
    tenant.now += timedelta(minutes=10)
    reading = await signal.increment(graph, Round(), tenant.now, nothing)
    unread = [seen for seen in reading.observations if seen.subject_id not in reading.subjects]
    assert {seen.kind for seen in unread} >= {"device.stale"}
    assert not [seen for seen in unread if seen.kind in {"device.noncompliant", "device.jailbroken"}]
    assert {id_ for id_, _family in reading.withheld} <= reading.subjects


async def test_an_increment_asks_for_little(tenant: Tenant, graph: GraphClient) -> None:
    signal = DevicesSignal(DeviceThresholds())
    whole, some = Round(), Round()
    await signal.sweep(graph, whole, tenant.now, nothing)
    tenant.now += timedelta(minutes=5)
    await signal.increment(graph, some, tenant.now, nothing)
    assert some.decoded_bytes < whole.decoded_bytes / 4


async def test_an_increment_without_a_fleet_is_a_sweep(tenant: Tenant, graph: GraphClient) -> None:
    reading = await DevicesSignal(DeviceThresholds()).increment(graph, Round(), tenant.now, nothing)
    assert (reading.mode, found(reading)) == ("sweep", tenant.truth())


async def test_each_poll_measures_the_fleet(tenant: Tenant, graph: GraphClient) -> None:
    signal = DevicesSignal(DeviceThresholds())
    for reading in (
        await signal.sweep(graph, Round(), tenant.now, nothing),
        await signal.increment(graph, Round(), tenant.now, nothing),
    ):
        assert set(reading.figures) == {
            *("active_devices", "checked_in_percent", "encrypted_percent", "os_current_percent"),
            *("patch_current_percent", "windows_current_build_percent"),
            *("windows_previous_build_percent", "windows_older_build_percent"),
        }
        stale = sum(seen.kind == "device.stale" for seen in reading.observations)
        assert 600 - reading.figures["active_devices"] >= stale
        assert all(0 < value <= 100 for name, value in reading.figures.items() if name != "active_devices")


async def test_who_asks_for_the_first_fleet_waits_until_it_is_read(tenant: Tenant, graph: GraphClient) -> None:
    signal = DevicesSignal(DeviceThresholds())
    assert not (await signal.settled()).devices  # nobody reads, so nobody is waited for
    sweep = asyncio.create_task(signal.sweep(graph, Round(), tenant.now, nothing))
    await asyncio.sleep(0)
    assert len((await signal.settled()).devices) == 600
    await sweep
    refused = DevicesSignal(DeviceThresholds())
    failing = asyncio.create_task(refused.sweep(graph, Round(max_wait_s=0), tenant.now, nothing))
    await asyncio.sleep(0)
    failing.cancel()
    assert not (await refused.settled()).devices


async def test_the_overview_counts_the_fleet(tenant: Tenant, graph: GraphClient) -> None:
    reading = await OverviewSignal().sweep(graph, Round(), tenant.now, nothing)
    assert reading.figures["devices"] == 600
    assert 50 < reading.figures["compliant_percent"] < 100
    assert 50 < reading.figures["protected_percent"] <= 100


@pytest.mark.parametrize("status", [200, 404])
async def test_the_overview_is_one_request_where_the_tenant_knows_batches(tenant: Tenant, status: int) -> None:
    asked: list[str] = []
    app = httpx.ASGITransport(app=tenant.app)

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        if asked[-1] == "$batch" and status != 200:
            return httpx.Response(status)
        return await app.handle_async_request(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        graph = GraphClient(ROOT, http, ReadyToken("token"))
        for _twice in range(2):
            reading = await OverviewSignal().sweep(graph, Round(), tenant.now, nothing)
            assert len(reading.figures) == 4
    assert asked.count("$batch") == (2 if status == 200 else 1)
    assert len(asked) == (2 if status == 200 else 9)


async def test_a_figure_that_may_not_be_read_hides_no_other(tenant: Tenant) -> None:
    app = httpx.ASGITransport(app=tenant.app)

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$batch"):
            return httpx.Response(404)
        if request.url.path.endswith("DeviceStateSummary"):
            error = {"code": "Forbidden", "message": "Needs DeviceManagementConfiguration.Read.All."}
            return httpx.Response(403, json={"error": error})
        return await app.handle_async_request(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        graph = GraphClient(ROOT, http, ReadyToken("token"))
        reading = await OverviewSignal().sweep(graph, Round(), tenant.now, nothing)
    assert (reading.status, reading.complete) == ("forbidden", False)
    assert reading.needs == ("DeviceManagementConfiguration.Read.All",)
    assert reading.figures.keys() == {"devices", "protected_percent", "malware_devices"}


async def test_the_feed_keeps_what_concerns_device_management(tenant: Tenant, graph: GraphClient) -> None:
    signal = MessagesSignal()
    reading = await signal.sweep(graph, Round(), tenant.now, nothing)
    assert reading.posts
    assert reading.items == len(reading.posts) < len(tenant.world.messages(tenant.now))
    assert not any(post.services == ("Exchange Online",) for post in reading.posts)
    again = await signal.increment(graph, Round(), tenant.now, nothing)
    assert again.mode == "increment"


def test_what_graph_does_not_count_is_not_zero() -> None:
    assert compliant_percent(CompliancePolicyDeviceStateSummary()) is None
    assert compliant_percent(CompliancePolicyDeviceStateSummary(compliant_device_count=0)) is None
    assert protected_percent(DeviceProtectionOverview(total_reported_device_count=0, clean_device_count=0)) is None


def device(**changes: object) -> ManagedDevice:
    fields: dict[str, object] = {
        "id": "d1",
        "device_name": "LAP-1",
        "user_id": "u1",
        "compliance_state": "compliant",
        "last_sync_date_time": NOW - timedelta(hours=1),
        "enrolled_date_time": NOW - timedelta(days=400),
        "is_encrypted": True,
        "jail_broken": "False",
        "managed_device_owner_type": "company",
    }
    return ManagedDevice(**{**fields, **changes})  # type: ignore[arg-type]


def judged(one: ManagedDevice, *, lucky: bool = False) -> Reading:
    reading = Reading(source="devices", mode="sweep")
    Judge(DeviceThresholds(), NOW, {"u1"} if lucky else set())(one, reading)
    return reading


@pytest.mark.parametrize(
    ("changes", "kind", "severity"),
    [
        ({"compliance_state": "noncompliant"}, "device.noncompliant", Severity.MEDIUM),
        ({"compliance_state": "NonCompliant"}, "device.noncompliant", Severity.MEDIUM),
        ({"compliance_state": "error"}, "device.compliance-error", Severity.MEDIUM),
        ({"compliance_state": "conflict"}, "device.compliance-error", Severity.MEDIUM),
        ({"compliance_state": "inGracePeriod"}, "device.in-grace", Severity.INFO),
        ({"last_sync_date_time": NOW - timedelta(days=30)}, "device.stale", Severity.LOW),
        ({"last_sync_date_time": NOW - timedelta(days=91)}, "device.stale", Severity.MEDIUM),
        ({"is_encrypted": False}, "device.unencrypted", Severity.MEDIUM),
        ({"is_encrypted": False, "managed_device_owner_type": "personal"}, "device.unencrypted", Severity.LOW),
        ({"jail_broken": "True"}, "device.jailbroken", Severity.HIGH),
        ({"partner_reported_threat_state": "lowSeverity"}, "device.threat", Severity.HIGH),
        ({"partner_reported_threat_state": "MediumSeverity"}, "device.threat", Severity.HIGH),
        ({"partner_reported_threat_state": "highSeverity"}, "device.threat", Severity.HIGH),
        ({"partner_reported_threat_state": "Compromised"}, "device.threat", Severity.HIGH),
        (
            {"management_certificate_expiration_date": NOW + timedelta(days=30)},
            "device.certificate-expiring",
            Severity.MEDIUM,
        ),
        (
            {"management_certificate_expiration_date": NOW - timedelta(days=3)},
            "device.certificate-expiring",
            Severity.MEDIUM,
        ),
    ],
)
def test_each_rule_and_its_severity(changes: dict[str, object], kind: str, severity: Severity) -> None:
    reading = judged(device(**changes))
    assert [(seen.kind, seen.severity) for seen in reading.observations] == [(kind, severity)]


def test_a_grace_period_that_ends_soon_matters_when_the_user_has_no_other_device() -> None:
    soon = device(
        compliance_state="inGracePeriod", compliance_grace_period_expiration_date_time=NOW + timedelta(hours=40)
    )
    assert judged(soon).observations[0].severity is Severity.MEDIUM
    assert judged(soon, lucky=True).observations[0].severity is Severity.INFO


def test_what_graph_does_not_say_is_neither_a_problem_nor_its_end() -> None:
    silent = device(compliance_state="unknown", is_encrypted=None, jail_broken="Unknown")
    reading = judged(silent)
    assert reading.observations == []
    assert reading.withheld == {
        *(("d1", "device.compliance"), ("d1", "device.unencrypted"), ("d1", "device.jailbroken")),
        *(("d1", "device.threat"), ("d1", "device.certificate-expiring")),
    }


@pytest.mark.parametrize("looks", ["activated", "Secured"])
def test_a_partner_that_finds_nothing_ends_a_threat(looks: str) -> None:
    reading = judged(device(partner_reported_threat_state=looks))
    assert (reading.observations, ("d1", "device.threat") in reading.withheld) == ([], False)


@pytest.mark.parametrize("looks_away", ["unknown", "deactivated", "Unresponsive", "misconfigured", "haunted", None])
def test_a_partner_that_does_not_look_says_nothing_of_a_threat(looks_away: str | None) -> None:
    reading = judged(device(partner_reported_threat_state=looks_away))
    assert (reading.observations, ("d1", "device.threat") in reading.withheld) == ([], True)


def test_a_fleet_that_an_older_version_kept_is_taken_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / fleet_file.FILE_NAME).open("wb") as file:
        for _step in fleet_file.write(file, [{"id": "d1", "deviceName": "LAP-1"}]):
            pass
    reading = fleet_file.read(tmp_path, ManagedDevice)
    found: list[ManagedDevice] = []
    while not found:
        try:
            next(reading)
        except StopIteration as end:
            found = end.value
    assert found == [ManagedDevice(id="d1", device_name="LAP-1")]


async def test_an_unknown_threat_state_is_named() -> None:
    graph = SmallGraph({"managedDevices": [{"id": "d1", "partnerReportedThreatState": "haunted"}]})
    reading = await DevicesSignal(DeviceThresholds()).sweep(graph.client, Round(), NOW, lambda _rows: None)
    assert "partnerReportedThreatState: haunted" in (reading.error or "")


def test_a_certificate_ends_by_time_alone() -> None:
    one = device(management_certificate_expiration_date=NOW + timedelta(days=31))
    assert judged(one).observations == []
    assert ("d1", "device.certificate-expiring") not in judged(one).withheld
    reading = Reading(source="devices", mode="increment")
    Judge(DeviceThresholds(), NOW + timedelta(days=2), set()).by_time(one, reading)
    (seen,) = reading.observations
    assert (seen.kind, seen.first_seen) == ("device.certificate-expiring", NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"partner_reported_threat_state": "lowSeverity"}, "threat reported: low severity"),
        ({"partner_reported_threat_state": "Compromised"}, "threat reported: the device is compromised"),
        (
            {"management_certificate_expiration_date": NOW + timedelta(days=3)},
            f"management certificate ends on {words.day(NOW + timedelta(days=3), UTC)}",
        ),
        (
            {"management_certificate_expiration_date": NOW - timedelta(days=3)},
            f"management certificate ended on {words.day(NOW - timedelta(days=3), UTC)}",
        ),
    ],
)
def test_threats_and_certificates_are_told_in_one_line(changes: dict[str, object], said: str) -> None:
    (seen,) = judged(device(**changes)).observations
    assert words.problem(Item(triage=triage_of(seen), seen=seen), now=NOW) == said


def test_a_device_that_never_reported_is_not_called_unencrypted() -> None:
    assert judged(device(is_encrypted=False, last_sync_date_time=None, enrolled_date_time=NOW)).observations == []


def test_a_device_is_judged_a_day_after_enrolment_but_a_jailbreak_and_a_threat_at_once() -> None:
    young = device(
        enrolled_date_time=NOW - timedelta(hours=3),
        compliance_state="noncompliant",
        jail_broken="True",
        partner_reported_threat_state="highSeverity",
        management_certificate_expiration_date=NOW,
    )
    assert [seen.kind for seen in judged(young).observations] == ["device.jailbroken", "device.threat"]


def test_a_post_without_a_service_is_shown_rather_than_lost() -> None:
    assert is_relevant(ServiceUpdateMessage(id="MC1"))
    assert is_relevant(ServiceUpdateMessage(id="MC1", services=("Exchange Online", "microsoft intune")))
    assert not is_relevant(ServiceUpdateMessage(id="MC1", services=("Exchange Online",)))


def test_a_post_keeps_its_date_its_body_and_its_class() -> None:
    act_by = NOW + timedelta(days=8)
    post = as_post(
        ServiceUpdateMessage(
            id="MC123456",
            title="Plan for Change: iOS 17 becomes the minimum",
            category="PlanForChange",
            action_required_by_date_time=act_by,
            body=Body("html", "<p>one</p>"),
        )
    )
    assert (post.act_by, post.body, post.triage, post.platforms) == (act_by, "<p>one</p>", "act", ("iOS",))
