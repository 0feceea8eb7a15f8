"""The tenant's own servers and the partners it is bound to, and when each was last heard of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.connector_conditions import (
    CONDITIONS,
    DEFENSE_SILENT_SINCE,
    PATIENCE,
    Which,
    draw_of,
    last_heard,
)
from omconsole.simulator.instants import DAY, HOUR, MINUTE, NEVER, iso, iso_fraction, seconds
from omconsole.simulator.people import DOMAIN

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

#: The application of Microsoft Defender for Endpoint, whose id its connector has.
DEFENDER: Final = "fc780465-2017-40d4-a0c5-307022471b92"


def _certificate_servers(world: World, now: datetime) -> list[tuple[str, str, int, int]]:
    """(id, machine, enrolled, last heard of) of the servers with the certificate connector."""
    found = []
    for number in range(2):
        draw = draw_of(world, Which.NDES, number)
        id_, enrolled = draw.uuid(), world.begin - draw.between(200, 500) * DAY
        found.append(
            (id_, f"SRV-NDES-{number + 1:02d}.corp.{DOMAIN}", enrolled, last_heard(draw, seconds(now), 15 * MINUTE))
        )
    return found


def ndes_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `ndesConnectors`."""
    return [
        {
            "id": id_,
            "displayName": machine.partition(".")[0],
            "machineName": machine,
            "state": "active",
            "healthStatus": "noActionRequired",
            "healthChecks": [],
            "connectorVersion": "6.2406.0.1001",
            "lastConnectionDateTime": iso_fraction(heard, 1_234_567),
            "enrolledDateTime": iso_fraction(enrolled, 7_654_321),
        }
        for id_, machine, enrolled, heard in _certificate_servers(world, now)
    ]


def certificate_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `certificateConnectorDetails`: the same servers once more."""
    return [
        {
            "id": id_,
            "connectorName": machine.partition(".")[0],
            "machineName": machine,
            "connectorVersion": "6.2406.0.1001",
            "enrollmentDateTime": iso_fraction(enrolled, 7_654_321),
            "lastCheckinDateTime": iso_fraction(heard, 1_234_567),
        }
        for id_, machine, enrolled, heard in _certificate_servers(world, now)
    ]


def domain_join_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `domainJoinConnectors`."""
    draw = draw_of(world, Which.JOIN)
    return [
        {
            "id": draw.uuid(),
            "displayName": f"SRV-ODJ-01.corp.{DOMAIN}",
            "state": "active",
            "version": "6.2501.2000.5",
            "lastConnectionDateTime": iso_fraction(last_heard(draw, seconds(now), 30 * MINUTE), draw.below(10_000_000)),
        }
    ]


def exchange_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `exchangeConnectors`; few tenants have one left."""
    if not CONDITIONS[world.scenario].has_partners:
        return []
    draw = draw_of(world, Which.EXCHANGE)
    return [
        {
            "id": draw.uuid(),
            "serverName": f"srv-ex-01.corp.{DOMAIN}",
            "connectorServerName": "SRV-EXC-01",
            "exchangeConnectorType": "onPremises",
            "status": "connected",
            "lastSyncDateTime": iso_fraction(last_heard(draw, seconds(now), 6 * HOUR), draw.below(10_000_000)),
            "version": "15.2.1544",
            "primarySmtpAddress": f"intune-exchange@{DOMAIN}",
        }
    ]


def threat_defense_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `mobileThreatDefenseConnectors`: Defender for Endpoint, and one that was never set up."""
    draw, at = draw_of(world, Which.DEFENSE), seconds(now)
    silent = CONDITIONS[world.scenario].defense_is_silent
    heard = last_heard(draw, at, 2 * HOUR, world.begin + DEFENSE_SILENT_SINCE if silent else None)
    unresponsive = at - heard >= PATIENCE * DAY
    switches: Row = {"androidEnabled": True, "iosEnabled": True, "windowsEnabled": True}
    return [
        {
            "id": DEFENDER,
            "partnerState": "unresponsive" if unresponsive else "enabled",
            "lastHeartbeatDateTime": iso_fraction(heard, draw.below(10_000_000)),
            "partnerUnresponsivenessThresholdInDays": PATIENCE,
            **switches,
            "microsoftDefenderForEndpointAttachEnabled": True,
        },
        {
            "id": draw.uuid(),
            "partnerState": "unavailable",
            "lastHeartbeatDateTime": iso(NEVER),
            "partnerUnresponsivenessThresholdInDays": 0,
            **dict.fromkeys(switches, False),
            "microsoftDefenderForEndpointAttachEnabled": False,
        },
    ]


def device_partners(world: World, now: datetime) -> list[Row]:
    """The rows of `deviceManagementPartners`: those that Intune knows, set up or not."""
    never = iso(NEVER)
    rows: list[Row] = []
    for number, name in enumerate(("Jamf", "TeamViewer")):
        draw = draw_of(world, Which.DEVICE_PARTNERS, number)
        configured = number == 1 and CONDITIONS[world.scenario].has_partners
        heard = iso_fraction(last_heard(draw, seconds(now), 3 * HOUR), draw.below(10_000_000)) if configured else never
        rows.append(
            {
                "id": draw.uuid(),
                "displayName": name,
                "partnerState": "enabled" if configured else "unknown",
                "partnerAppType": "multiTenantApp",
                "isConfigured": configured,
                "lastHeartbeatDateTime": heard,
                "whenPartnerDevicesWillBeRemovedDateTime": None,
                "whenPartnerDevicesWillBeMarkedAsNonCompliantDateTime": None,
            }
        )
    return rows


def compliance_partners(world: World, now: datetime) -> list[Row]:
    """The rows of `complianceManagementPartners`."""
    if not CONDITIONS[world.scenario].has_partners:
        return []
    draw = draw_of(world, Which.COMPLIANCE_PARTNERS)
    return [
        {
            "id": draw.uuid(),
            "displayName": "Jamf Device Compliance",
            "partnerState": "enabled",
            "lastHeartbeatDateTime": iso_fraction(last_heard(draw, seconds(now), HOUR), draw.below(10_000_000)),
            "macOsOnboarded": True,
            "iosOnboarded": False,
            "androidOnboarded": False,
        }
    ]
