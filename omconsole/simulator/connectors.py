"""What binds the tenant to Apple, Google, partners and its own servers: when it ends, when it was last heard of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from omconsole.simulator import story
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, MINUTE, NEVER, iso, iso_fraction, seconds
from omconsole.simulator.people import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_CONNECTORS: Final = 81
_PUSH, _ADE, _VPP, _PLAY, _NDES, _JOIN, _EXCHANGE, _DEFENSE, _DEVICE_PARTNERS, _COMPLIANCE_PARTNERS = range(10)
_AUTOPILOT: Final = 10
_YEAR: Final = 365 * DAY
_APPLE_ID: Final = f"apple-mdm@{DOMAIN}"
#: The application of Microsoft Defender for Endpoint, whose id its connector has.
_DEFENDER: Final = "fc780465-2017-40d4-a0c5-307022471b92"
#: A partner's silence after which Intune calls it unresponsive, in days.
_PATIENCE: Final = 3


@dataclass(slots=True, frozen=True)
class Condition:
    """What is wrong in a scenario, in seconds from the epoch; by default nothing."""

    push_expires: int = 200 * DAY + 5 * HOUR
    ade_expires: int = 240 * DAY
    #: Whether the first volume purchase token has not synced since 26 hours before the epoch.
    vpp_is_silent: bool = False
    #: Whether the mobile threat defence has not been heard of since 3 days and 4 hours before the epoch.
    defense_is_silent: bool = False
    has_autopilot: bool = True
    #: Whether Exchange and a Mac management partner are connected too.
    has_partners: bool = False


_VPP_SILENT_SINCE: Final = -26 * HOUR
_DEFENSE_SILENT_SINCE: Final = -(_PATIENCE * DAY + 4 * HOUR)
_BUSY = Condition(ade_expires=11 * DAY + 3 * HOUR, vpp_is_silent=True, defense_is_silent=True, has_partners=True)
CONDITIONS: dict[str, Condition] = {
    "calm": Condition(has_autopilot=False),
    "busy": _BUSY,
    "storm": Condition(
        push_expires=5 * DAY + 2 * HOUR,
        ade_expires=_BUSY.ade_expires,
        vpp_is_silent=True,
        defense_is_silent=True,
        has_partners=True,
    ),
    "story": Condition(push_expires=story.APPLE_PUSH_EXPIRES),
}


def _draw(world: World, which: int, number: int = 0) -> Draw:
    return Draw(world.seed, _CONNECTORS, which, number)


def _heard(draw: Draw, now: int, period: int, until: int | None = None) -> int:
    """When something that reports every `period` seconds was last heard of; never again after `until`."""
    return until if until is not None and now >= until else now - (now + draw.below(period)) % period


def apple_push(world: World, now: datetime) -> Row:
    """`applePushNotificationCertificate`."""
    draw = _draw(world, _PUSH)
    expires = world.begin + CONDITIONS[world.scenario].push_expires
    return {
        "appleIdentifier": _APPLE_ID,
        "topicIdentifier": f"com.apple.mgmt.External.{draw.uuid()}",
        "expirationDateTime": iso(expires),
        "lastModifiedDateTime": iso_fraction(expires - _YEAR, draw.below(10_000_000)),
        "certificateSerialNumber": draw.letters("0123456789ABCDEF", 16),
        "certificateUploadStatus": None,
        "certificateUploadFailureReason": None,
    }


def ade_tokens(world: World, now: datetime) -> list[Row]:
    """The rows of `depOnboardingSettings`."""
    draw, at = _draw(world, _ADE), seconds(now)
    expires = world.begin + CONDITIONS[world.scenario].ade_expires
    synced = _heard(draw, at, 12 * HOUR)
    return [
        {
            "id": draw.uuid(),
            "tokenName": "Apple Business Manager – Contoso",
            "tokenType": "dep",
            "appleIdentifier": _APPLE_ID,
            "tokenExpirationDateTime": iso(expires),
            "lastSuccessfulSyncDateTime": iso_fraction(synced, draw.below(10_000_000)),
            "lastSyncTriggeredDateTime": iso_fraction(synced - 20, draw.below(10_000_000)),
            "lastSyncErrorCode": 0,
            "syncedDeviceCount": max(1, world.devices // 6),
            "lastModifiedDateTime": iso_fraction(expires - _YEAR, draw.below(10_000_000)),
        }
    ]


def vpp_tokens(world: World, now: datetime) -> list[Row]:
    """The rows of `vppTokens`."""
    at = seconds(now)
    rows: list[Row] = []
    for number, organisation in enumerate(("Contoso GmbH", story.VPP_ORGANIZATION)):
        draw = _draw(world, _VPP, number)
        id_, silent = draw.uuid(), number == 0 and CONDITIONS[world.scenario].vpp_is_silent
        until = world.begin + _VPP_SILENT_SINCE if silent else None
        fails = world.mix.story and number == 1 and _is_failing(at - world.begin)
        synced = _heard(draw, world.begin + story.VPP_SYNC_FAILED if fails else at, 8 * HOUR, until)
        if world.mix.story and number == 1 and at - world.begin >= story.VPP_SYNC_WORKS:
            synced = max(synced, world.begin + story.VPP_SYNC_WORKS)
        rows.append(
            {
                "id": id_,
                "organizationName": organisation,
                "appleId": _APPLE_ID if number == 0 else f"apple-edu@{DOMAIN}",
                "countryOrRegion": "de",
                "expirationDateTime": iso(world.begin + (310 if number == 0 else 150) * DAY),
                "lastSyncDateTime": iso_fraction(synced, draw.below(10_000_000)),
                "lastSyncStatus": "failed" if fails else "completed",
                "state": "valid",
                "vppTokenAccountType": "business" if number == 0 else "education",
                "automaticallyUpdateApps": number == 0,
            }
        )
    return rows


def _is_failing(since: int) -> bool:
    return story.VPP_SYNC_FAILED <= since < story.VPP_SYNC_WORKS


def google_play(world: World, now: datetime) -> Row:
    """`androidManagedStoreAccountEnterpriseSettings`."""
    draw = _draw(world, _PLAY)
    return {
        "bindStatus": "boundAndValidated",
        "lastAppSyncStatus": "success",
        "lastAppSyncDateTime": iso_fraction(_heard(draw, seconds(now), 4 * HOUR), draw.below(10_000_000)),
        "lastModifiedDateTime": iso_fraction(world.begin - 700 * DAY, draw.below(10_000_000)),
        "ownerUserPrincipalName": f"android-mdm@{DOMAIN}",
        "ownerOrganizationName": "Contoso GmbH",
        "enrollmentTarget": "all",
        "managedGooglePlayEnterpriseType": "managedGooglePlay",
    }


def _certificate_servers(world: World, now: datetime) -> list[tuple[str, str, int, int]]:
    """(id, machine, enrolled, last heard of) of the servers with the certificate connector."""
    found = []
    for number in range(2):
        draw = _draw(world, _NDES, number)
        id_, enrolled = draw.uuid(), world.begin - draw.between(200, 500) * DAY
        found.append(
            (id_, f"SRV-NDES-{number + 1:02d}.corp.{DOMAIN}", enrolled, _heard(draw, seconds(now), 15 * MINUTE))
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
    draw = _draw(world, _JOIN)
    return [
        {
            "id": draw.uuid(),
            "displayName": f"SRV-ODJ-01.corp.{DOMAIN}",
            "state": "active",
            "version": "6.2501.2000.5",
            "lastConnectionDateTime": iso_fraction(_heard(draw, seconds(now), 30 * MINUTE), draw.below(10_000_000)),
        }
    ]


def exchange_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `exchangeConnectors`; few tenants have one left."""
    if not CONDITIONS[world.scenario].has_partners:
        return []
    draw = _draw(world, _EXCHANGE)
    return [
        {
            "id": draw.uuid(),
            "serverName": f"srv-ex-01.corp.{DOMAIN}",
            "connectorServerName": "SRV-EXC-01",
            "exchangeConnectorType": "onPremises",
            "status": "connected",
            "lastSyncDateTime": iso_fraction(_heard(draw, seconds(now), 6 * HOUR), draw.below(10_000_000)),
            "version": "15.2.1544",
            "primarySmtpAddress": f"intune-exchange@{DOMAIN}",
        }
    ]


def threat_defense_connectors(world: World, now: datetime) -> list[Row]:
    """The rows of `mobileThreatDefenseConnectors`: Defender for Endpoint, and one that was never set up."""
    draw, at = _draw(world, _DEFENSE), seconds(now)
    silent = CONDITIONS[world.scenario].defense_is_silent
    heard = _heard(draw, at, 2 * HOUR, world.begin + _DEFENSE_SILENT_SINCE if silent else None)
    unresponsive = at - heard >= _PATIENCE * DAY
    switches: Row = {"androidEnabled": True, "iosEnabled": True, "windowsEnabled": True}
    return [
        {
            "id": _DEFENDER,
            "partnerState": "unresponsive" if unresponsive else "enabled",
            "lastHeartbeatDateTime": iso_fraction(heard, draw.below(10_000_000)),
            "partnerUnresponsivenessThresholdInDays": _PATIENCE,
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
        draw = _draw(world, _DEVICE_PARTNERS, number)
        configured = number == 1 and CONDITIONS[world.scenario].has_partners
        heard = iso_fraction(_heard(draw, seconds(now), 3 * HOUR), draw.below(10_000_000)) if configured else never
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
    draw = _draw(world, _COMPLIANCE_PARTNERS)
    return [
        {
            "id": draw.uuid(),
            "displayName": "Jamf Device Compliance",
            "partnerState": "enabled",
            "lastHeartbeatDateTime": iso_fraction(_heard(draw, seconds(now), HOUR), draw.below(10_000_000)),
            "macOsOnboarded": True,
            "iosOnboarded": False,
            "androidOnboarded": False,
        }
    ]


def autopilot(world: World, now: datetime) -> Row | None:
    """`windowsAutopilotSettings`; None in a tenant that never used Autopilot."""
    if not CONDITIONS[world.scenario].has_autopilot:
        return None
    draw = _draw(world, _AUTOPILOT)
    synced = _heard(draw, seconds(now), 12 * HOUR)
    return {
        "lastSyncDateTime": iso_fraction(synced, draw.below(10_000_000)),
        "lastManualSyncTriggerDateTime": iso(NEVER),
        "syncStatus": "completed",
    }


def subscription_state(world: World, now: datetime) -> Row:
    """`subscriptionState`."""
    return {"value": "active"}


#: (kind of the subject, rows, property with the end) of what ends one day.
_ENDING: tuple[tuple[str, Callable[[World, datetime], list[Row]], str], ...] = (
    ("applePushNotificationCertificate", lambda world, now: [apple_push(world, now)], "expirationDateTime"),
    ("depOnboardingSetting", ade_tokens, "tokenExpirationDateTime"),
    ("vppToken", vpp_tokens, "expirationDateTime"),
)
#: An end is worth a word from this long before it on; silence after this long.
_NOTICE, _SILENT = 60 * DAY, DAY


def planted(world: World, now: datetime) -> list[tuple[str, str]]:
    """(kind, subject id) of every connector that ends soon or is unhealthy at `now`; a subject is `kind:id`."""
    at = seconds(now)
    found = []
    for subject, rows, name in _ENDING:
        for row in rows(world, now):
            whose = f"{subject}:{row['id']}" if "id" in row else subject
            if str(row[name]) <= iso(at):
                found.append(("connector.expired", whose))
            elif str(row[name]) <= iso(at + _NOTICE):
                found.append(("connector.expiring", whose))
    found += [
        ("connector.unhealthy", f"vppToken:{row['id']}")
        for row in vpp_tokens(world, now)
        if row["lastSyncStatus"] == "failed" or str(row["lastSyncDateTime"]) <= iso(at - _SILENT)
    ]
    if CONDITIONS[world.scenario].defense_is_silent and at >= world.begin + _DEFENSE_SILENT_SINCE + _SILENT:
        found.append(("connector.unhealthy", f"mobileThreatDefenseConnector:{_DEFENDER}"))
    return found
