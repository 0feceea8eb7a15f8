"""Source `enrollment`: devices that could not be enrolled, one item per user and device (or platform)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.domain.triage import FIXED
from omconsole.graph import TROUBLESHOOTING_EVENTS, TROUBLESHOOTING_EVENTS_ASKED, Flaws, TroubleshootingEvent, pages
from omconsole.signals.known import nothing_known
from omconsole.signals.names import UserNames
from omconsole.signals.reading import Cleared, Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from omconsole.graph import GraphClient, ManagedDevice, Round
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

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read every event that Graph still has."""
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
        reading.mark(flaws)
        firing = {(known.triage.subject_id, known.triage.sub_key): known for known in await self._firing()}
        devices = list((await self._fleet()).devices.values())
        enrolled = await enrolments(devices, {user for user, _sub_key in (*newest, *firing)})
        lasting = {key: each for key, each in newest.items() if over(key, each, enrolled, now) is None}
        await self._names.learn({user for user, _sub_key in lasting} - {NOBODY}, devices, graph, budget)
        async for key, failure in sliced(list(lasting.items())):
            reading.observations.append(self._observed(key, failure))
        _conclude(reading, {key: each for key, each in firing.items() if key not in lasting}, newest, enrolled, now)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Whether Graph filters events by time is not known; the list is short."""
        return await self.sweep(graph, budget, now, progress)

    def _observed(self, key: Key, failure: Failure) -> Observation:
        (user_id, sub_key), event = key, failure.event
        name = self._names[user_id]
        category = event.failure_category or "unknown"
        return Observation(
            kind=KIND,
            source=NAME,
            severity=Severity.MEDIUM,
            subject_type="user",
            subject_id=user_id,
            subject_name=(sub_key if user_id == NOBODY else name) or user_id,
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
            },
            causes=(Cause("enrollment", category, category, code=event.failure_reason or None),),
        )


class Failure(msgspec.Struct, frozen=True):
    """The newest failure of one key, and when it was."""

    event: TroubleshootingEvent
    at: datetime


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
    return _over(key[0], failure.event.operating_system, failure.at, enrolled, now)


def _over(user_id: str, platform: str | None, at: datetime, enrolled: Enrolled, now: datetime) -> str | None:
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
        reason = _over(triage.subject_id, platform, at, enrolled, now)
        if reason is not None:
            reading.cleared.append(
                Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, reason)
            )
    reading.subjects = {seen.subject_id for seen in reading.observations} | {user for user, _sub_key in silent}
    reading.withheld = {(user, KIND) for user in reading.subjects}
