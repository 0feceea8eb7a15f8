"""What binds the tenant to Apple, Google and Autopilot: when it ends, when it was last in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator import story
from omconsole.simulator.connector_conditions import (
    CONDITIONS,
    DEFENSE_SILENT_SINCE,
    VPP_SILENT_SINCE,
    Which,
    draw_of,
    last_heard,
)
from omconsole.simulator.instants import DAY, HOUR, NEVER, iso, iso_fraction, seconds
from omconsole.simulator.partners import DEFENDER
from omconsole.simulator.people import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_YEAR: Final = 365 * DAY
_APPLE_ID: Final = f"apple-mdm@{DOMAIN}"


def apple_push(world: World, now: datetime) -> Row:
    """`applePushNotificationCertificate`."""
    draw = draw_of(world, Which.PUSH)
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
    draw, at = draw_of(world, Which.ADE), seconds(now)
    expires = world.begin + CONDITIONS[world.scenario].ade_expires
    synced = last_heard(draw, at, 12 * HOUR)
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
        draw = draw_of(world, Which.VPP, number)
        id_, silent = draw.uuid(), number == 0 and CONDITIONS[world.scenario].vpp_is_silent
        until = world.begin + VPP_SILENT_SINCE if silent else None
        fails = world.mix.story and number == 1 and _is_failing(at - world.begin)
        synced = last_heard(draw, world.begin + story.VPP_SYNC_FAILED if fails else at, 8 * HOUR, until)
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
    draw = draw_of(world, Which.PLAY)
    return {
        "bindStatus": "boundAndValidated",
        "lastAppSyncStatus": "success",
        "lastAppSyncDateTime": iso_fraction(last_heard(draw, seconds(now), 4 * HOUR), draw.below(10_000_000)),
        "lastModifiedDateTime": iso_fraction(world.begin - 700 * DAY, draw.below(10_000_000)),
        "ownerUserPrincipalName": f"android-mdm@{DOMAIN}",
        "ownerOrganizationName": "Contoso GmbH",
        "enrollmentTarget": "all",
        "managedGooglePlayEnterpriseType": "managedGooglePlay",
    }


def autopilot(world: World, now: datetime) -> Row | None:
    """`windowsAutopilotSettings`; None in a tenant that never used Autopilot."""
    if not CONDITIONS[world.scenario].has_autopilot:
        return None
    draw = draw_of(world, Which.AUTOPILOT)
    synced = last_heard(draw, seconds(now), 12 * HOUR)
    return {
        "lastSyncDateTime": iso_fraction(synced, draw.below(10_000_000)),
        "lastManualSyncTriggerDateTime": iso(NEVER),
        "syncStatus": "completed",
    }


def subscription_state(world: World, now: datetime) -> Row:
    """`subscriptionState`; in a storm nobody has renewed it in time."""
    return {"value": "warning" if world.scenario == "storm" else "active"}


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
    if CONDITIONS[world.scenario].defense_is_silent and at >= world.begin + DEFENSE_SILENT_SINCE + _SILENT:
        found.append(("connector.unhealthy", f"mobileThreatDefenseConnector:{DEFENDER}"))
    return found
