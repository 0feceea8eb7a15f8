"""Source `enrollment`: devices that could not be enrolled, one item per user and device (or platform)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.domain.triage import FIXED
from omconsole.graph import TROUBLESHOOTING_EVENTS, TROUBLESHOOTING_EVENTS_ASKED, Flaws, TroubleshootingEvent, pages
from omconsole.i18n import _
from omconsole.signals import autopilot
from omconsole.signals.autopilot import read_deployments
from omconsole.signals.known import nothing_known
from omconsole.signals.names import UserNames
from omconsole.signals.reading import Cleared, Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from omconsole.graph import GraphClient, ManagedDevice, Round
    from omconsole.graph.user_shapes import AutopilotEvent
    from omconsole.signals.autopilot import Deployments
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing, Known

NAME = "enrollment"
KIND = "enrollment.failed"
AGED_OUT = "aged out"
"""The reason of a clear: nobody has tried again for `AGES_AFTER`."""
AGES_AFTER = timedelta(days=14)
NOBODY = "00000000-0000-0000-0000-000000000000"
"""Graph's id for no user; failures before anybody is known are one item a device or platform."""
ENROLLMENT = "enrollmenttroubleshootingevent"
"""The type of the events that are failed enrolments, in lower case."""
_PLATFORMS = (("windows", "windows"), ("ipad", "ios"), ("ios", "ios"), ("mac", "macos"), ("android", "android"))

Key = tuple[str, str]
"""User id, and device identifier or platform: what one item is."""
Enrolled = dict[tuple[str, str], datetime]
"""The latest enrolment by user id and platform, UTC."""


class EnrollmentSignal:
    """Reads the troubleshooting events and keeps the newest failure of each user and device, or platform.

    Events are no state: an item never ends by absence from the list. It ends explicitly, when the same user has
    enrolled a device of the same platform since the failure, or when the last failure is 14 days old.

    Deployments by Autopilot that failed are read beside them, once each: one that is told as a failed enrolment too is
    that one's. They end also when a later deployment of the same device went well.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire; they end also when Graph has forgotten their events.
        names: of users.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementManagedDevices.Read.All",)
    kinds: frozenset[str] = frozenset({KIND, "cause.enrollment"})

    def __init__(
        self,
        fleet: Callable[[], Awaitable[Fleet]],
        firing: Firing = nothing_known,
        names: UserNames | None = None,
    ) -> None:
        self._fleet = fleet
        self._firing = firing
        self._names = names or UserNames()
        self._lasting: dict[Key, Failure] | None = None
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    async def lasting(self) -> Mapping[Key, Failure] | None:
        """The failures that are not over, as last read; who asks while they are being read waits. None before that."""
        await self._at_rest.wait()
        return self._lasting

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read every event that Graph still has."""
        self._at_rest.clear()
        try:
            return await self._sweep(graph, budget, now, progress)
        finally:
            self._at_rest.set()

    async def _sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        reading = Reading(source=NAME, mode="sweep")
        newest: dict[Key, Failure] = {}
        flaws = Flaws()
        async for page in pages(
            graph,
            TROUBLESHOOTING_EVENTS_ASKED.path,
            decoder=TROUBLESHOOTING_EVENTS,
            workload="troubleshooting",
            in_round=budget,
        ):
            reading.items += len(page.rows)
            flaws += page.flaws
            async for event in sliced(page.rows, LIGHT_SLICE):
                flaws += _keep(event, newest)
            progress(reading.items)
        unmapped = Unmapped()
        deployments = await read_deployments(graph, budget, unmapped)
        reading.items += len(deployments.newest)
        reading.mark(flaws + deployments.flaws)
        _say(deployments, reading)
        unmapped.tell(reading)
        firing = {(known.triage.subject_id, known.triage.sub_key): known for known in await self._firing()}
        devices = list((await self._fleet()).devices.values())
        recovered = await _add(deployments, newest, devices)
        enrolled = await enrolments(devices, {user for user, _sub_key in (*newest, *firing)})
        lasting = {key: each for key, each in newest.items() if over(key, each, enrolled, now) is None}
        self._lasting = lasting
        await self._names.learn({user for user, _sub_key in lasting} - {NOBODY}, devices, graph, budget)
        async for key, failure in sliced(list(lasting.items())):
            reading.observations.append(self._observed(key, failure))
        silent = {key: each for key, each in firing.items() if key not in lasting}
        _conclude(reading, silent, newest, enrolled, now)
        _recover(reading, silent, recovered)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Whether Graph filters events by time is not known; the list is short."""
        return await self.sweep(graph, budget, now, progress)

    def _observed(self, key: Key, failure: Failure) -> Observation:
        (user_id, sub_key), event = key, failure.event
        name = failure.user or self._names[user_id]
        category = event.failure_category or "unknown"
        return Observation(
            kind=KIND,
            source=NAME,
            severity=Severity.MEDIUM,
            subject_type="user",
            subject_id=user_id,
            subject_name=(failure.device or sub_key if user_id == NOBODY else name) or user_id,
            sub_key=sub_key,
            user=name if name != user_id else None,
            platform=event.operating_system or None,
            evidence_at=failure.at,
            first_seen=failure.at,
            facts={
                "failureCategory": event.failure_category,
                "failureReason": event.failure_reason,
                "enrollmentType": event.enrollment_type,
                "eventDateTime": iso(failure.at),
                "managedDeviceIdentifier": event.managed_device_identifier,
                "deviceId": event.device_id,
                "userId": event.user_id,
                "operatingSystem": event.operating_system,
                "osVersion": event.os_version,
                **failure.more,
            },
            causes=(Cause("enrollment", category, category, code=event.failure_reason or None),),
        )


class Failure(msgspec.Struct, frozen=True):
    """The newest failure of one key, and when it was."""

    event: TroubleshootingEvent
    at: datetime
    user: str | None = None
    """The user's principal name, where the event itself has it."""
    device: str | None = None
    """What the device is called, where the event says it."""
    more: dict[str, str | None] = {}
    """Facts that only a deployment has."""


def _keep(event: TroubleshootingEvent, newest: dict[Key, Failure]) -> Flaws:
    """Take in an event that is a failed enrolment, when it is the newest of its key; one without a time is a flaw."""
    if event.type and not event.type.casefold().endswith(ENROLLMENT):
        return Flaws()
    if event.event_date_time is None:
        return Flaws(rejected=1, example="eventDateTime")
    key = (event.user_id or NOBODY, event.managed_device_identifier or event.operating_system or "")
    before = newest.get(key)
    if before is None or event.event_date_time > before.at:
        newest[key] = Failure(event, event.event_date_time)
    return Flaws()


def _say(deployments: Deployments, reading: Reading) -> None:
    """Why the deployments are missing: not covered, or not read this time."""
    if deployments.uncovered:
        reading.uncovered = (deployments.uncovered,)
    if deployments.error:
        reading.status, reading.complete = "partial", False
        told = _("The Autopilot deployments could not be read: {reason}").format(reason=deployments.error)
        reading.error = f"{reading.error} {told}" if reading.error else told


async def _add(
    deployments: Deployments, newest: dict[Key, Failure], devices: Sequence[ManagedDevice]
) -> dict[str, datetime]:
    """Lay failed deployments beside failed enrolments; returns when others ended well, by their devices' names."""
    users: dict[str, str] = {}
    if deployments.newest:
        async for device in sliced(devices, LIGHT_SLICE):
            users[(device.user_principal_name or "").casefold()] = device.user_id or NOBODY
    enrolled = list(newest.items())
    recovered: dict[str, datetime] = {}
    async for name, event in sliced(list(deployments.newest.items())):
        at = event.event_date_time
        assert at is not None
        if autopilot.has_ended_well(event):
            recovered[name] = at
        elif autopilot.has_failed(event):
            upn = (event.user_principal_name or "").casefold()
            known = event.user_id if event.user_id != NOBODY else None
            user = known or (users.get(upn, NOBODY) if upn else NOBODY)
            if not any(_is_same(event, user, key, each) for key, each in enrolled):
                newest[user, name] = _deployed(event, user, at)
    return recovered


def _is_same(event: AutopilotEvent, user: str, key: Key, failure: Failure) -> bool:
    is_windows = same_platform(failure.event.operating_system) == "windows"
    same_user = user == key[0] != NOBODY and is_windows
    return autopilot.is_told_by(event, failure.at, failure.event.device_id, same_user=same_user)


def _deployed(event: AutopilotEvent, user: str, at: datetime) -> Failure:
    """A failed deployment as an event of the kind that the others are."""
    told = TroubleshootingEvent(
        id=event.id,
        event_date_time=at,
        failure_category=autopilot.CATEGORY,
        failure_reason=autopilot.reason_of(event),
        device_id=event.device_id,
        user_id=user,
        operating_system="Windows",
        os_version=event.os_version,
    )
    more = {
        "deploymentState": event.deployment_state,
        "enrollmentFailureDetails": event.enrollment_failure_details,
        "deviceName": event.managed_device_name,
        "serialNumber": event.device_serial_number,
    }
    return Failure(told, at, event.user_principal_name, event.managed_device_name, more)


def _recover(reading: Reading, silent: dict[Key, Known], recovered: dict[str, datetime]) -> None:
    """End what a later deployment of the same device has mended."""
    ended = {(each.subject_id, each.sub_key) for each in reading.cleared}
    for key, known in silent.items():
        at = recovered.get(key[1])
        since = (known.seen.evidence_at if known.seen else None) or known.triage.opened_at
        if at is not None and at > since and key not in ended:
            triage = known.triage
            reading.cleared.append(
                Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, FIXED)
            )


async def enrolments(devices: Sequence[ManagedDevice], users: Collection[str]) -> Enrolled:
    """When these users last enrolled a device, by platform."""
    latest: Enrolled = {}
    async for device in sliced(devices, LIGHT_SLICE):
        if device.user_id in users and device.enrolled_date_time is not None:
            of = (device.user_id or "", same_platform(device.operating_system))
            latest[of] = max(device.enrolled_date_time, latest.get(of, device.enrolled_date_time))
    return latest


def over(key: Key, failure: Failure, enrolled: Enrolled, now: datetime) -> str | None:
    """Why a failure is over: its user enrolled a device of its platform since, or it is too long ago; else None."""
    return over_since(key[0], failure.event.operating_system, failure.at, enrolled, now)


def over_since(user_id: str, platform: str | None, at: datetime, enrolled: Enrolled, now: datetime) -> str | None:
    """Why a failure of a user on a platform at `at` is over, as `over` tells it; all times are UTC."""
    since = enrolled.get((user_id, same_platform(platform))) if platform and user_id != NOBODY else None
    if since is not None and since > at:
        return FIXED
    return AGED_OUT if now - at >= AGES_AFTER else None


def same_platform(name: str | None) -> str:
    """One word for what events and devices call a platform: `Windows 10` is Windows, an iPad runs iOS."""
    text = (name or "").strip().casefold()
    return next((platform for start, platform in _PLATFORMS if text.startswith(start)), text)


def _conclude(
    reading: Reading, silent: dict[Key, Known], newest: dict[Key, Failure], enrolled: Enrolled, now: datetime
) -> None:
    """End the firing items that are over. Of everything else the reading says nothing but what it shows."""
    for key, known in silent.items():
        triage, seen = known.triage, known.seen
        at = (seen.evidence_at if seen else None) or triage.opened_at
        platform = seen.platform if seen else None
        if key in newest and newest[key].at >= at:
            at, platform = newest[key].at, newest[key].event.operating_system
        reason = over_since(triage.subject_id, platform, at, enrolled, now)
        if reason is not None:
            reading.cleared.append(
                Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, reason)
            )
    reading.subjects = {seen.subject_id for seen in reading.observations} | {user for user, _sub_key in silent}
    reading.withheld = {(user, KIND) for user in reading.subjects}
