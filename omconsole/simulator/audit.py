"""Intune's audit log: what administrators and an application do every day, and what the story says that one did."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator import story
from omconsole.simulator.configurations import SETTINGS_CATALOG, Configurations
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, MINUTE, iso_fraction, moment, seconds
from omconsole.simulator.users import admins, automation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.people import Person
    from omconsole.simulator.world import World

_DAYS, _STORY_EVENTS = 83, 84
#: The log goes back so far here.
KEPT: Final = 30 * DAY
_A_DAY: Final = 12
#: Work begins at this hour UTC and ends so much later; the application works at night.
_OPENS, _OPEN_FOR = 6 * HOUR, 11 * HOUR
_PORTAL: Final = ("5926fc8e-304e-4f59-8bed-58ca97cc39a4", "Microsoft Intune portal extension")
_EVERYTHING: Final = ["*"]

Property = tuple[str, str | None, str | None]


class Deed(NamedTuple):
    """What somebody did to one object."""

    #: As the log writes it: the operation's verb and Graph's type.
    verb: str
    type: str
    #: Patch, Create, Assign, Action, Delete.
    operation: str
    component: str
    category: str
    resource_id: str
    resource_name: str
    properties: tuple[Property, ...]


class AuditLog:
    """The events of one world; days that are told once are kept."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._days: dict[int, list[Row]] = {}
        self._apps = [row for row in world.mobile_apps() if row["displayName"] != story.CHANGED_APP]
        self._policies = [row for row in world.compliance_policies() if row["displayName"] != story.CHANGED_POLICY]

    async def rows(self, now: datetime) -> list[Row]:
        """The rows of `auditEvents` at `now`, newest first; a day that is told anew lets the loop have its turn."""
        at = seconds(now)
        first, last = (at - KEPT) // DAY, at // DAY
        for day in [day for day in self._days if not first <= day <= last]:
            del self._days[day]
        found = list(_told(self._world))
        for day in range(first, last + 1):
            found += await self._day(day)
        # Seven digits are always written, so that texts sort as instants do.
        begin, end = iso_fraction(at - KEPT, 0), iso_fraction(at, 9_999_999)
        shown = [row for row in found if begin < str(row["activityDateTime"]) <= end]
        return sorted(shown, key=lambda row: str(row["activityDateTime"]), reverse=True)

    async def _day(self, day: int) -> list[Row]:
        if day not in self._days:
            await asyncio.sleep(0)
            self._days[day] = [self._event(day, number) for number in range(_A_DAY)]
        return self._days[day]

    def _event(self, day: int, number: int) -> Row:
        draw = Draw(self._world.seed, _DAYS, day - self._world.begin // DAY, number)
        at = day * DAY + _OPENS + draw.below(_OPEN_FOR)
        who: Person | None = draw.pick(admins(self._world.seed))
        if number >= _A_DAY - 2:
            at, who = day * DAY + 2 * HOUR + draw.below(90 * MINUTE), None
            deed = self._assign_app(draw, at)
        else:
            deed = draw.pick(self._deeds)(self, draw, at)
        result = "Failure" if draw.chance(40) else "Success"
        return _row(self._world.seed, draw, at, who, deed, result)

    # --- what people do -----------------------------------------------------------------------------------------

    def _assign_app(self, draw: Draw, at: int) -> Deed:
        app = draw.pick(self._apps)
        group = draw.uuid()
        properties: tuple[Property, ...] = (
            ("Intent", None, draw.pick(("Required", "Available"))),
            ("Target.GroupId", None, group),
            ("Target.Type", None, "GroupAssignmentTarget"),
        )
        return _done("Create", "MobileAppAssignment", "MobileApp", "Application", app, properties)

    def _edit_app(self, draw: Draw, at: int) -> Deed:
        app = draw.pick(self._apps)
        properties: tuple[Property, ...] = (("Description", "", f"Geändert am {moment(at):%d.%m.%Y}"),)
        return _done("Patch", "MobileApp", "MobileApp", "Application", app, properties)

    def _assign_policy(self, draw: Draw, at: int) -> Deed:
        policy, group = draw.pick(self._policies), draw.uuid()
        properties: tuple[Property, ...] = (("Assignments.Target.GroupId", None, group),)
        return _done("Assign", "DeviceCompliancePolicy", "DeviceCompliancePolicy", "Compliance", policy, properties)

    def _describe_policy(self, draw: Draw, at: int) -> Deed:
        policy = draw.pick(self._policies)
        version = draw.between(2, 14)
        properties: tuple[Property, ...] = (("Version", str(version), str(version + 1)),)
        return _done("Patch", "DeviceCompliancePolicy", "DeviceCompliancePolicy", "Compliance", policy, properties)

    def _edit_configuration(self, draw: Draw, at: int) -> Deed:
        policy = draw.pick(self._world.part(Configurations).policies)
        row: Row = {"id": policy.id, "displayName": policy.name}
        catalog = policy.base_type == SETTINGS_CATALOG[0]
        type_ = "DeviceManagementConfigurationPolicy" if catalog else "DeviceConfiguration"
        version = draw.between(2, 30)
        properties: tuple[Property, ...] = (("Version", str(version), str(version + 1)),)
        return _done("Patch", type_, "DeviceConfiguration", "DeviceConfiguration", row, properties)

    def _act_on_device(self, draw: Draw, at: int) -> Deed:
        verb = draw.pick(("syncDevice", "syncDevice", "rebootNow", "remoteLock", "locateDevice", "retire"))
        row = self._world.device_row(draw.below(self._world.devices), moment(at))
        device: Row = {"id": row["id"], "displayName": row["deviceName"]}
        properties: tuple[Property, ...] = (("AzureADDeviceId", None, str(row["azureADDeviceId"])),)
        return _done(verb, "ManagedDevice", "ManagedDevice", "Device", device, properties)

    _deeds: tuple[Callable[[AuditLog, Draw, int], Deed], ...] = (
        _assign_app,
        _edit_app,
        _assign_policy,
        _describe_policy,
        _edit_configuration,
        _act_on_device,
        _act_on_device,
    )


_OPERATIONS: Final = {"Create": "Create", "Patch": "Patch", "Assign": "Assign"}


def _done(verb: str, kind: str, component: str, category: str, target: Row, properties: tuple[Property, ...]) -> Deed:
    id_, name = str(target["id"]), str(target["displayName"])
    return Deed(verb, kind, _OPERATIONS.get(verb, "Action"), component, category, id_, name, properties)


def _told(world: World) -> Iterator[Row]:
    """What the story says: a compliance policy that asks for a newer Windows, and a new version of an app."""
    if not world.mix.story:
        return
    draw = Draw(world.seed, _STORY_EVENTS)
    changed, uploaded = admins(world.seed)[:2]
    policy = next(row for row in world.compliance_policies() if row["displayName"] == story.CHANGED_POLICY)
    version: tuple[Property, ...] = ((story.CHANGED_PROPERTY, story.OLD_MINIMUM, story.NEW_MINIMUM),)
    deed = _done("Patch", "DeviceCompliancePolicy", "DeviceCompliancePolicy", "Compliance", policy, version)
    yield _row(world.seed, draw, world.begin + story.POLICY_CHANGED, changed, deed, "Success")
    app = next(row for row in world.mobile_apps() if row["displayName"] == story.CHANGED_APP)
    content: tuple[Property, ...] = (("CommittedContentVersion", "4", "5"),)
    deed = _done("Patch", "MobileApp", "MobileApp", "Application", app, content)
    yield _row(world.seed, draw, world.begin + story.APP_CHANGED, uploaded, deed, "Success")


def _actor(seed: int, who: Person | None) -> Row:
    """The log knows the account or the application; where from it never tells."""
    robot = automation(seed)
    id_, name = (robot.id, robot.display_name) if who is None else _PORTAL
    return {
        "auditActorType": "Application" if who is None else "ItPro",
        "userPermissions": _EVERYTHING,
        "applicationId": id_,
        "applicationDisplayName": name,
        "userPrincipalName": None if who is None else who.user_principal_name,
        "servicePrincipalName": name if who is None else None,
        "ipAddress": None,
        "userId": None if who is None else who.id,
    }


def _row(seed: int, draw: Draw, at: int, who: Person | None, deed: Deed, result: str) -> Row:
    # The service's own property stands in nearly every event.
    properties = (*deed.properties, ("DeviceManagementAPIVersion", None, "5025-06-11"))
    activity = f"{deed.verb} {deed.type}"
    return {
        "id": draw.uuid(),
        "displayName": activity,
        "componentName": deed.component,
        "activity": None,
        "activityDateTime": iso_fraction(at, draw.below(10_000_000)),
        "activityType": activity,
        "activityOperationType": deed.operation,
        "activityResult": result,
        "correlationId": draw.uuid(),
        "category": deed.category,
        "actor": _actor(seed, who),
        "resources": [
            {
                "displayName": deed.resource_name,
                "auditResourceType": deed.type,
                "resourceId": deed.resource_id,
                "modifiedProperties": [
                    {"displayName": name, "oldValue": old, "newValue": new} for name, old, new in properties
                ],
            }
        ],
    }
