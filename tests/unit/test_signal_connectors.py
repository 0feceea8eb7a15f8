"""Connectors: when what expires is how bad, who is silent, and what may not be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Condition, Observation, Severity
from omconsole.errors import GraphForbidden, GraphRejected, GraphUnreachable
from omconsole.graph import Round
from omconsole.poll.intake import Intake
from omconsole.signals.connector_rules import ConnectorJudge, ConnectorThresholds
from omconsole.signals.connector_table import CONNECTORS
from omconsole.signals.connectors import ConnectorsSignal
from omconsole.signals.known import Known
from omconsole.signals.reading import Reading
from omconsole.signals.unmapped import Unmapped
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import DAY, HOUR, NOW, SmallGraph, firing, nothing
from tests.unit.store_builders import new_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BY_NAME = {connector.name: connector for connector in CONNECTORS}
SECOND = timedelta(seconds=1)
BOUND: dict[str, dict[str, Any]] = {
    "googlePlay": {"bindStatus": "boundAndValidated"},
    "mtd": {"partnerState": "enabled"},
    "mdmPartner": {"partnerState": "enabled", "isConfigured": True},
    "compliancePartner": {"partnerState": "enabled"},
    "exchange": {"status": "connected"},
    "domainJoin": {"state": "active"},
    "autopilot": {"syncStatus": "completed"},
    "vpp": {"state": "valid"},
}
"""What makes a connector configured and heard."""


def judged(
    name: str,
    row: Mapping[str, Any] | None = None,
    *,
    days: tuple[int, int, int, int] = (60, 30, 14, 7),
) -> Reading:
    connector = BY_NAME[name]
    values: dict[str, Any] = dict.fromkeys(connector.asked.select)
    values.update({"id": "c-1"} if not connector.single else {})
    values.update({connector.heartbeat: NOW - HOUR} if connector.heartbeat else {})
    values.update({connector.expires: NOW + 365 * DAY} if connector.expires else {})
    values |= BOUND.get(name, {})
    reading, unmapped = Reading(source="connectors", mode="sweep"), Unmapped()
    ConnectorJudge(ConnectorThresholds(days), NOW, unmapped)(connector, {**values, **(row or {})}, reading)
    unmapped.warn(reading)
    return reading


def shown(reading: Reading) -> list[tuple[str, Severity]]:
    return [(seen.kind.removeprefix("connector."), seen.severity) for seen in reading.observations]


@pytest.mark.parametrize("name", BY_NAME)
def test_one_that_works_is_explicitly_clear(name: str) -> None:
    reading = judged(name)
    assert (reading.observations, reading.withheld, reading.error) == ([], set(), None)
    connector = BY_NAME[name]
    assert reading.subjects == {connector.subject if connector.single else f"{connector.subject}:c-1"}


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda each: each.name)
def test_the_table_names_only_properties_that_are_asked_for(connector: Any) -> None:
    named = {connector.expires, connector.heartbeat, connector.born, *connector.named, *connector.bad}
    named |= {*connector.errors, (connector.beats_while or [None])[0], (connector.expired or [None])[0]}
    assert named - {None} <= set(connector.asked.select)
    for name, bad in connector.bad.items():
        assert bad <= {member.casefold() for member in connector.asked.enums[name]}


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (60 * DAY + SECOND, []),
        (60 * DAY, [("expiring", Severity.LOW)]),
        (30 * DAY + SECOND, [("expiring", Severity.LOW)]),
        (30 * DAY, [("expiring", Severity.MEDIUM)]),
        (14 * DAY, [("expiring", Severity.HIGH)]),
        (7 * DAY + SECOND, [("expiring", Severity.HIGH)]),
        (7 * DAY, [("expiring", Severity.CRITICAL)]),
        (SECOND, [("expiring", Severity.CRITICAL)]),
        (timedelta(0), [("expired", Severity.CRITICAL)]),
        (-400 * DAY, [("expired", Severity.CRITICAL)]),
    ],
)
@pytest.mark.parametrize("name", ["applePush", "ade", "vpp"])
def test_what_expires(name: str, left: timedelta, expected: list[tuple[str, Severity]]) -> None:
    assert shown(judged(name, {BY_NAME[name].expires or "": NOW + left})) == expected


def test_the_profile_says_when() -> None:
    soon = {"expirationDateTime": NOW + 80 * DAY}
    assert shown(judged("applePush", soon, days=(90, 45, 20, 5))) == [("expiring", Severity.LOW)]
    assert shown(judged("applePush", soon)) == []


def test_an_item_says_since_when_and_until_when() -> None:
    seen = judged("ade", {"tokenExpirationDateTime": NOW + 5 * DAY, "tokenName": "EDU"}).observations[0]
    assert (seen.subject_id, seen.subject_name) == ("depOnboardingSetting:c-1", "EDU")
    assert seen.first_seen is None, "the thresholds are ours: Graph tells no time from which on it is a problem"
    assert seen.facts["connector"] == "ade"
    assert seen.facts["expirationDateTime"] == seen.facts["tokenExpirationDateTime"] == "2026-11-27T09:41:00Z"


def test_an_expiry_that_graph_does_not_tell_is_neither_good_nor_bad() -> None:
    reading = judged("vpp", {"expirationDateTime": None})
    assert reading.withheld == {("vppToken:c-1", "connector.lifetime")}


def test_a_token_that_says_so_has_expired_whatever_its_date() -> None:
    assert shown(judged("vpp", {"state": "Expired"})) == [("expired", Severity.CRITICAL)]
    assert shown(judged("vpp", {"state": "expired", "expirationDateTime": None})) == [("expired", Severity.CRITICAL)]


HEARD = [name for name, connector in BY_NAME.items() if connector.heartbeat]


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        (DAY - SECOND, []),
        (DAY, [("unhealthy", Severity.MEDIUM)]),
        (3 * DAY - SECOND, [("unhealthy", Severity.MEDIUM)]),
        (3 * DAY, [("unhealthy", Severity.HIGH)]),
    ],
)
@pytest.mark.parametrize("name", HEARD)
def test_silence(name: str, silent: timedelta, expected: list[tuple[str, Severity]]) -> None:
    connector = BY_NAME[name]
    reading = judged(name, {connector.heartbeat or "": NOW - silent - connector.late})
    assert shown(reading) == expected
    for seen in reading.observations:
        assert seen.facts["failing"] == [connector.heartbeat]
        assert seen.evidence_at == NOW - silent - connector.late


@pytest.mark.parametrize("name", [name for name in HEARD if name != "autopilot"])
def test_one_that_was_never_heard_is_silent_since_it_was_made(name: str) -> None:
    connector = BY_NAME[name]
    never: dict[str, Any] = {connector.heartbeat or "": None, **({"windowsEnabled": True} if name == "mtd" else {})}
    if connector.born:
        assert shown(judged(name, {**never, connector.born: NOW - HOUR})) == []
        assert shown(judged(name, {**never, connector.born: NOW - 4 * DAY})) == [("unhealthy", Severity.HIGH)]
    assert shown(judged(name, never)) == [("unhealthy", Severity.MEDIUM)]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("applePush", {"expirationDateTime": None}),
        ("googlePlay", {"bindStatus": "notBound", "lastAppSyncDateTime": None}),
        ("mtd", {"partnerState": "unavailable", "lastHeartbeatDateTime": None}),
        ("mdmPartner", {"partnerState": "unresponsive", "isConfigured": False}),
        ("mdmPartner", {"partnerState": "unknown", "isConfigured": None, "lastHeartbeatDateTime": None}),
        ("compliancePartner", {"partnerState": "unavailable", "lastHeartbeatDateTime": None}),
        ("exchange", {"status": "none", "lastSyncDateTime": None}),
        ("autopilot", {"syncStatus": "unknown", "lastSyncDateTime": None}),
    ],
)
def test_what_nobody_has_set_up_is_no_problem(name: str, row: dict[str, Any]) -> None:
    reading = judged(name, row)
    assert (reading.observations, len(reading.subjects)) == ([], 1)


@pytest.mark.parametrize(
    ("name", "row"), [("mtd", {"partnerState": "available"}), ("googlePlay", {"bindStatus": "unbinding"})]
)
def test_nobody_waits_for_one_that_is_not_in_use(name: str, row: dict[str, Any]) -> None:
    connector = BY_NAME[name]
    reading = judged(name, {connector.heartbeat or "": NOW - 9 * DAY, **row})
    assert connector.heartbeat not in [each for seen in reading.observations for each in seen.facts["failing"]]


def states() -> list[Any]:
    return [
        pytest.param(connector.name, name, spelt, member.casefold() in bad, id=f"{connector.name}.{name}={spelt}")
        for connector in CONNECTORS
        for name, bad in connector.bad.items()
        for member in connector.asked.enums[name]
        for spelt in (member, member[0].upper() + member[1:])
    ]


@pytest.mark.parametrize(("name", "state", "member", "bad"), states())
def test_every_state_in_either_case(name: str, state: str, member: str, bad: bool) -> None:
    unhealthy = [seen for seen in judged(name, {state: member}).observations if seen.kind == "connector.unhealthy"]
    assert [(seen.severity, seen.facts["failing"]) for seen in unhealthy] == ([(Severity.HIGH, [state])] if bad else [])


@pytest.mark.parametrize(
    ("name", "state"), [(connector.name, state) for connector in CONNECTORS for state in connector.bad]
)
def test_an_unknown_state_is_medium_and_named(name: str, state: str) -> None:
    reading = judged(name, {state: "aMemberOfNextYear"})
    assert shown(reading) == [("unhealthy", Severity.MEDIUM)]
    assert f"{name}.{state}: aMemberOfNextYear" in (reading.error or "")
    assert reading.status == "ok"


@pytest.mark.parametrize(
    ("name", "row"),
    [("ade", {"lastSyncErrorCode": 3}), ("applePush", {"certificateUploadFailureReason": "The topic differs."})],
)
def test_an_error_that_graph_tells_is_high(name: str, row: dict[str, Any]) -> None:
    assert shown(judged(name, row)) == [("unhealthy", Severity.HIGH)]
    assert shown(judged(name, {each: 0 if each == "lastSyncErrorCode" else None for each in row})) == []


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


GOOD = {
    "applePushNotificationCertificate": {"expirationDateTime": iso(NOW + 5 * DAY), "appleIdentifier": "it@contoso"},
    "vppTokens": [{"id": "v1", "organizationName": "EDU", "expirationDateTime": iso(NOW + DAY), "state": "valid"}],
    "ndesConnectors": [
        {"id": "n1", "machineName": "SRV-1", "state": "active", "lastConnectionDateTime": iso(NOW - 2 * DAY)}
    ],
    "certificateConnectorDetails": [
        {"id": "k1", "machineName": "srv-1", "lastCheckinDateTime": iso(NOW - 2 * DAY)},
        {"id": "k2", "machineName": "srv-2", "lastCheckinDateTime": iso(NOW - 2 * DAY)},
    ],
}


def found(reading: Reading) -> set[tuple[str, str]]:
    return {(seen.kind.removeprefix("connector."), seen.subject_id) for seen in reading.observations}


async def test_a_sweep_reads_all_that_is_configured() -> None:
    graph = SmallGraph(GOOD, batches=True)
    reading = await ConnectorsSignal(ConnectorThresholds()).sweep(graph.client, Round(), NOW, nothing)
    assert (reading.status, reading.complete, reading.error) == ("ok", True, None)
    assert found(reading) == {
        ("expiring", "applePushNotificationCertificate"),
        ("expiring", "vppToken:v1"),
        ("unhealthy", "vppToken:v1"),
        ("unhealthy", "ndesConnector:n1"),
        ("unhealthy", "certificateConnectorDetail:k2"),
    }
    assert len(graph.tenant.wire.requests) == 2  # a batch for v1.0, one for beta
    assert len(graph.parts) == len(CONNECTORS)
    asked = next(httpx.URL(part["url"]) for part in graph.parts if "vppTokens" in part["url"])
    assert "token" not in asked.params["$select"].split(",")


async def test_one_forbidden_connector_fails_no_other_and_its_items_stay() -> None:
    graph = SmallGraph({**GOOD, "vppTokens": refused(403, "no", "Forbidden")})
    kept = Observation(
        kind="connector.expired",
        source="connectors",
        severity=Severity.CRITICAL,
        subject_type="connector",
        subject_id="vppToken:v1",
        subject_name="EDU",
    )
    signal = ConnectorsSignal(ConnectorThresholds(), firing=firing(kept))
    reading = await signal.sweep(graph.client, Round(), NOW, nothing)
    assert reading.status == "partial"
    assert ("vppToken:v1", "connector.lifetime") in reading.withheld
    assert "VPP token" in (reading.error or "")
    assert reading.needs == ("DeviceManagementServiceConfig.Read.All",)
    assert ("expiring", "applePushNotificationCertificate") in found(reading)


async def test_one_that_graph_refuses_fails_no_other() -> None:
    graph = SmallGraph({**GOOD, "ndesConnectors": refused(400, "Not in this cloud.", "BadRequest")})
    reading = await ConnectorsSignal(ConnectorThresholds()).sweep(graph.client, Round(), NOW, nothing)
    assert (reading.status, reading.needs) == ("partial", ())
    assert "Certificate connector" in (reading.error or "")
    assert ("unhealthy", "certificateConnectorDetail:k1") in found(reading)


async def test_when_all_is_forbidden_the_source_is() -> None:
    graph = SmallGraph({})
    graph.tenant.wire.answers = [refused(403, "no", "Forbidden")]
    with pytest.raises(GraphForbidden) as caught:
        await ConnectorsSignal(ConnectorThresholds()).sweep(graph.client, Round(), NOW, nothing)
    assert set(caught.value.needs) == set(ConnectorsSignal.asks)


async def test_when_all_is_refused_the_source_is() -> None:
    graph = SmallGraph({})
    graph.tenant.wire.answers = [refused(400, "no")]
    with pytest.raises(GraphRejected):
        await ConnectorsSignal(ConnectorThresholds()).sweep(graph.client, Round(), NOW, nothing)


async def test_a_graph_that_does_not_answer_fails_the_source() -> None:
    graph = SmallGraph({})
    graph.tenant.wire.answers = [httpx.ConnectError("refused")]
    with pytest.raises(GraphUnreachable):
        await ConnectorsSignal(ConnectorThresholds()).sweep(graph.client, Round(), NOW, nothing)


async def test_what_is_not_configured_is_no_failure() -> None:
    graph = SmallGraph({"applePushNotificationCertificate": {}, "androidManagedStoreAccountEnterpriseSettings": None})
    reading = await ConnectorsSignal(ConnectorThresholds()).sweep(graph.client, Round(), NOW, nothing)
    assert (reading.status, reading.observations) == ("ok", [])


async def test_the_consoles_own_credential_expires_too() -> None:
    expiry = datetime(2026, 11, 30, tzinfo=UTC)
    signal = ConnectorsSignal(ConnectorThresholds(), credential_expiry=lambda: expiry)
    graph = SmallGraph({})  # nothing at all is configured
    reading = await signal.sweep(graph.client, Round(), NOW, nothing)
    seen = reading.observations[0]
    assert (seen.kind, seen.severity, seen.subject_id) == ("connector.expiring", Severity.HIGH, "credential")
    assert seen.facts == {"connector": "credential", "expirationDateTime": "2026-11-30T00:00:00Z"}


async def test_what_may_not_be_read_stays_and_what_is_gone_goes(tmp_path: Path) -> None:
    """Through the law: three sweeps without permission change nothing; the others' connectors still clear."""
    store = new_store(tmp_path, sources=(SourceHealth(name="connectors", interval_s=3600),))
    ledger = store.load_now()
    intake = Intake("contoso", ledger, store)

    async def known() -> list[Known]:
        return [Known(row.triage, row.seen) for row in ledger.rows if row.triage.condition is Condition.FIRING]

    signal = ConnectorsSignal(ConnectorThresholds(), firing=known)
    graph = SmallGraph(GOOD)

    async def polled(minutes: int) -> set[str]:
        now = NOW + timedelta(minutes=minutes)
        await intake.take(await signal.sweep(graph.client, Round(), now, nothing), now)
        return {each.triage.subject_id for each in await known()}

    everything = await polled(0)
    assert "vppToken:v1" in everything
    graph.answers["vppTokens"] = refused(403, "no", "Forbidden")
    graph.answers["certificateConnectorDetails"] = []
    assert await polled(1) == everything
    assert await polled(2) == everything - {"certificateConnectorDetail:k2"}
    graph.answers["vppTokens"] = []
    assert "vppToken:v1" in await polled(3)
    assert "vppToken:v1" not in await polled(4)


class Firm:
    """A tenant of one kind of connector, whose items end by the law."""

    def __init__(self, directory: Path, name: str) -> None:
        self.store = new_store(directory, sources=(SourceHealth(name="connectors", interval_s=3600),))
        self.ledger = self.store.load_now()
        self.name, self.now = name, NOW

    async def known(self) -> list[Known]:
        return [Known(row.triage, row.seen) for row in self.ledger.rows if row.triage.condition is Condition.FIRING]

    async def polled(self, *rows: dict[str, Any]) -> list[str]:
        """The kinds that fire after a poll that showed these rows."""
        self.now += timedelta(minutes=1)
        signal = ConnectorsSignal(ConnectorThresholds(), firing=self.known)
        reading = await signal.sweep(SmallGraph({self.name: list(rows)}).client, Round(), self.now, nothing)
        await Intake("contoso", self.ledger, self.store).take(reading, self.now)
        return sorted(each.triage.kind for each in await self.known())


@pytest.mark.parametrize(
    "damaged", [{"lastSyncErrorCode": "seven"}, {"lastSyncErrorCode": None}, {"syncedDeviceCount": {}}]
)
async def test_an_error_that_is_no_longer_told_is_not_over(tmp_path: Path, damaged: dict[str, Any]) -> None:
    firm = Firm(tmp_path, "depOnboardingSettings")
    good = {
        "id": "t1",
        "tokenExpirationDateTime": iso(NOW + 300 * DAY),
        "lastSuccessfulSyncDateTime": iso(NOW),
        "lastSyncErrorCode": 0,
    }
    assert await firm.polled({**good, "lastSyncErrorCode": 7}) == ["connector.unhealthy"]
    assert await firm.polled({**good, **damaged}) == ["connector.unhealthy"]
    assert await firm.polled(good) == []


@pytest.mark.parametrize("damaged", [{"id": "p1"}, {"id": "p1", "isConfigured": None, "displayName": "Jamf"}])
async def test_a_partner_of_which_nothing_is_said_is_not_taken_away(tmp_path: Path, damaged: dict[str, Any]) -> None:
    firm = Firm(tmp_path, "deviceManagementPartners")
    bad = {"id": "p1", "isConfigured": True, "partnerState": "terminated"}
    assert await firm.polled(bad) == ["connector.unhealthy"]
    assert await firm.polled(damaged) == ["connector.unhealthy"]
    assert await firm.polled({**bad, "isConfigured": False}) == []
