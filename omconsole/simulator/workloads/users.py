"""Users of the directory, their protected apps, and the deployments of Autopilot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from omconsole.simulator import listing, odata
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import seconds
from omconsole.simulator.people import DOMAIN, person
from omconsole.simulator.served import Served
from omconsole.simulator.user_care import INTUNE, UserCare
from omconsole.simulator.users import admins
from omconsole.simulator.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import Truth, World

USERS = Served(
    "v1.0",
    "/users",
    "user",
    ("id", "userPrincipalName", "accountEnabled", "assignedPlans"),
    {"assignedPlans.capabilityStatus": ("enabled", "warning", "deleted")},
)
FLAGGED_USERS = Served(
    "v1.0",
    "/deviceAppManagement/managedAppRegistrations/getUserIdsWithFlaggedAppRegistration",
    "Edm.String",
    ("value",),
)
REGISTRATIONS = Served(
    "v1.0",
    "/users/{id}/managedAppRegistrations",
    "managedAppRegistration",
    (
        *("id", "userId", "deviceName", "deviceType", "platformVersion", "applicationVersion", "managementSdkVersion"),
        *("createdDateTime", "lastSyncDateTime", "deviceTag", "flaggedReasons"),
    ),
)
DEPLOYMENTS = Served(
    "beta",
    "/deviceManagement/autopilotEvents",
    "deviceManagementAutopilotEvent",
    (
        *("id", "deviceId", "userId", "eventDateTime", "deviceRegisteredDateTime", "enrollmentStartDateTime"),
        *("enrollmentType", "deviceSerialNumber", "managedDeviceName", "userPrincipalName"),
        *("windowsAutopilotDeploymentProfileDisplayName", "enrollmentState", "deploymentState", "deviceSetupStatus"),
        *("accountSetupStatus", "osVersion", "enrollmentFailureDetails", "deploymentTotalDuration"),
    ),
    {"deploymentState": ("success", "failure"), "enrollmentState": ("enrolled", "failed")},
)

_LARGEST_PAGE: Final = 999
_ACCOUNTS: Final = 284
#: The only filter on plans that this directory knows.
_NOT_PLANNED = re.compile(
    r"not\(assignedPlans/any\((\w+):\1/servicePlanId eq ([0-9a-f-]{36}) and \1/capabilityStatus eq 'Enabled'\)\)"
)


def users_page(world: World, root: str, options: Mapping[str, str], now: datetime) -> Row:
    """A page of the directory's users: `$top` is its size, up to 999.

    Raises:
        odata.OptionError: a filter that needs `$count`, or that nobody knows.
    """
    names = odata.selected(options, USERS.entity, USERS.properties)
    care = world.part(UserCare)
    lacking = care.without_licence(seconds(now))
    ids = _wanted(care, lacking, options)
    ids += [each.id for each in admins(world.seed)] + [
        _account(world, number) for number in range(world.devices // 100)
    ]
    size = min(odata.whole(options, "$top") or listing.PAGE, _LARGEST_PAGE)
    start = odata.whole(options, "$skiptoken") or 0
    head: Row = {"@odata.count": len(ids)} if "$count" in options else {}
    if start + size < len(ids):
        head["@odata.nextLink"] = listing.next_link(root, USERS, options, {"$skiptoken": str(start + size)})
    rows = [_row(world, id_, lacking) for id_ in ids[start : start + size]]
    return head | {"value": [listing.chosen(row, names) for row in rows]}


def _wanted(care: UserCare, lacking: set[str], options: Mapping[str, str]) -> list[str]:
    text = options.get("$filter")
    if not text:
        return list(care.numbers)
    found = _NOT_PLANNED.fullmatch(text.strip())
    if found is None or found[2] != INTUNE or options.get("$count") != "true":
        raise odata.OptionError("Unsupported or invalid query filter clause specified for property 'assignedPlans'.")
    return care.without_usual_plan(lacking)


def _account(world: World, number: int) -> str:
    """The id of an account that is nobody's: a room, a service."""
    return Draw(world.seed, _ACCOUNTS, number).uuid()


def _row(world: World, id_: str, lacking: set[str]) -> Row:
    care = world.part(UserCare)
    number = care.numbers.get(id_)
    name = f"account-{id_[:8]}@{DOMAIN}" if number is None else person(world.seed, number).user_principal_name
    return {"id": id_, "userPrincipalName": name, **plans_of(world, id_, lacking)}


def plans_of(world: World, id_: str, lacking: set[str]) -> Row:
    """What the directory says of a user's account and plans."""
    return {"accountEnabled": True, "assignedPlans": world.part(UserCare).plans(id_, lacking)}


def _planted(world: World, now: datetime) -> Iterator[Truth]:
    from omconsole.simulator.world import Truth  # the world knows the workloads

    care, at = world.part(UserCare), seconds(now)
    for kind, users in (
        ("user.blocked", care.blocked(at)),
        ("user.no-licence", care.without_licence(at)),
        ("user.device-limit", care.limited(at)),
        ("app-protection.failed", set(care.flagged_users(at))),
    ):
        yield from (Truth(kind, user) for user in sorted(users))
    yield from (Truth("enrollment.failed", *key) for key in care.given_up(at))


WORKLOAD = Workload(
    surface=(USERS, FLAGGED_USERS, REGISTRATIONS, DEPLOYMENTS),
    collections={DEPLOYMENTS.path: lambda world, now: world.part(UserCare).deployment_rows(seconds(now))},
    singletons={FLAGGED_USERS.path: lambda world, now: {"value": world.part(UserCare).flagged_users(seconds(now))}},
    keyed={REGISTRATIONS.path: lambda world, key, now: world.part(UserCare).registrations(key, seconds(now))},
    planted=_planted,
)
