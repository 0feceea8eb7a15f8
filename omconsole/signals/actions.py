"""Source `actions`: remote actions that failed and that nobody has done successfully since, one item each."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.domain.triage import AGED_OUT, FIXED, OBJECT_GONE
from omconsole.graph import Flaws, pages
from omconsole.graph.action_shapes import REMOTE_ACTIONS, RemoteActionAudit
from omconsole.graph.action_surface import REMOTE_ACTIONS_ASKED
from omconsole.signals.asking import first_understood
from omconsole.signals.installations import is_too_young
from omconsole.signals.known import nothing_known
from omconsole.signals.reading import Cleared, Mode, Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from omconsole.graph import GraphClient, Round
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing

NAME: Final = "actions"
KIND: Final = "device.action-failed"
LOOKS_BACK: Final = timedelta(days=14)
"""Failures that are older say nothing any more."""
WAITS_FOR: Final = timedelta(days=1)
"""An action that is pending is watched so closely for this long; some, as a wipe, stay pending for ever."""
AGAIN_S: Final = 60.0
OVERLAP: Final = timedelta(minutes=5)

_UNDER_WAY: Final = frozenset({"pending", "active"})
_STATES: Final = frozenset(each.casefold() for each in REMOTE_ACTIONS_ASKED.enums["actionState"])

Key = tuple[str, str]
"""Managed device's id, and the action by Graph's name."""


class Course(msgspec.Struct):
    """What became of one action on one device; requests in any order."""

    failed: RemoteActionAudit | None = None
    """The newest failure that no success follows."""
    failures: int = 0
    failing_since: datetime | None = None
    done_at: datetime | None = None
    """When the newest success was asked for."""
    waiting: list[datetime] = []
    """When those that are under way were asked for, oldest first."""


class ActionsSignal:
    """Reads the audit of remote actions, which has one row an action and device.

    Requests are no state: an item never ends by absence from the list. It ends explicitly: when the same action
    succeeds, when the device is gone, or when the failure is 14 days old.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire.
    """

    name = NAME
    asks: tuple[str, ...] = (REMOTE_ACTIONS_ASKED.permission,)
    kinds: frozenset[str] = frozenset({KIND})

    def __init__(self, fleet: Callable[[], Awaitable[Fleet]], firing: Firing = nothing_known) -> None:
        self._fleet = fleet
        self._firing = firing
        self._waiting_since: datetime | None = None

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read what was asked for in the last 14 days."""
        return await self._read("sweep", now - LOOKS_BACK, graph, budget, now, progress)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read what was asked for since the oldest action that is awaited; without one, sweep."""
        if self._waiting_since is None:
            return await self.sweep(graph, budget, now, progress)
        return await self._read("increment", self._waiting_since - OVERLAP, graph, budget, now, progress)

    async def _read(
        self, mode: Mode, since: datetime, graph: GraphClient, budget: Round, now: datetime, progress: Progress
    ) -> Reading:
        """Graph may ignore the time, or not know it; what is older is left out here as well.

        The list goes back for months: where it comes newest first, it is read no further than it matters.
        """

        async def read(options: Mapping[str, str]) -> tuple[list[RemoteActionAudit], Flaws]:
            rows: list[RemoteActionAudit] = []
            flaws = Flaws()
            async for page in pages(
                graph,
                REMOTE_ACTIONS_ASKED.path,
                version=REMOTE_ACTIONS_ASKED.version,
                decoder=REMOTE_ACTIONS,
                workload=NAME,
                params={**REMOTE_ACTIONS_ASKED.params(), **options},
                in_round=budget,
            ):
                rows += page.rows
                flaws += page.flaws
                progress(len(rows))
                if _goes_back_to(rows, since):
                    break
            return rows, flaws

        newest = {"$filter": f"requestDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}", "$orderby": "requestDateTime desc"}
        rows, flaws = await first_understood([newest, {}], read)
        reading = Reading(source=NAME, mode=mode)
        unmapped = Unmapped()
        courses, more = await _courses(rows, max(since, now - LOOKS_BACK), unmapped)
        reading.mark(flaws + more)
        reading.items = sum(course.failures for course in courses.values())
        await self._take(reading, courses, now)
        unmapped.tell(reading)
        awaited = [at for course in courses.values() for at in course.waiting if now - at < WAITS_FOR]
        self._waiting_since = min(awaited, default=None)
        reading.again_after_s = AGAIN_S if awaited else None
        return reading

    async def _take(self, reading: Reading, courses: dict[Key, Course], now: datetime) -> None:
        fleet = await self._fleet()
        for key, course in courses.items():
            device = fleet.devices.get(key[0])
            is_gone = bool(fleet.devices) and device is None
            if course.failed is not None and not is_gone and not (device and is_too_young(device, now)):
                reading.observations.append(_observed(key, course, course.failed, fleet, now))
        shown = {(seen.subject_id, seen.sub_key) for seen in reading.observations}
        for known in await self._firing():
            triage = known.triage
            reading.subjects.add(triage.subject_id)
            if (triage.subject_id, triage.sub_key) in shown:
                continue
            at = (known.seen.evidence_at if known.seen else None) or triage.first_seen
            done_at = courses.get((triage.subject_id, triage.sub_key), Course()).done_at
            if (reason := _over(triage.subject_id, at, done_at, fleet, now)) is not None:
                reading.cleared.append(
                    Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, reason)
                )
        reading.subjects |= {subject for subject, _action in shown}
        reading.withheld = {(subject, KIND) for subject in reading.subjects}


def _goes_back_to(rows: list[RemoteActionAudit], since: datetime) -> bool:
    """Whether the rows have come newest first so far, and the last one is too old to matter."""
    times = [row.request_date_time for row in rows if row.request_date_time is not None]
    return bool(times) and times[-1] < since and all(earlier >= later for earlier, later in pairwise(times))


async def _courses(
    rows: list[RemoteActionAudit], since: datetime, unmapped: Unmapped
) -> tuple[dict[Key, Course], Flaws]:
    """What became of each action on each device. A row that names no device is nobody's."""
    courses: dict[Key, Course] = {}
    flaws = Flaws()
    ordered: list[tuple[datetime, RemoteActionAudit]] = []
    async for row in sliced(rows, LIGHT_SLICE):
        if row.request_date_time is None:
            flaws += Flaws(rejected=1, example="requestDateTime")
        elif row.request_date_time >= since:
            ordered.append((row.request_date_time, row))
    for at, row in sorted(ordered, key=lambda each: each[0]):
        state = (row.action_state or "").casefold()
        if state and state not in _STATES:
            unmapped.add("actionState", row.action_state or "")
        if row.managed_device_id and row.action:
            _follow(courses.setdefault((row.managed_device_id, _name(row.action)), Course()), state, at, row)
    return courses, flaws


def _follow(course: Course, state: str, at: datetime, row: RemoteActionAudit) -> None:
    """One more request, later than those before. One that was cancelled, or not supported, decides nothing."""
    if state == "failed":
        course.failed, course.failures = row, course.failures + 1
        course.failing_since = course.failing_since or at
    elif state == "done":
        course.failed, course.failures, course.failing_since, course.done_at = None, 0, None, at
    elif state in _UNDER_WAY:
        course.waiting.append(at)


def _waits_long(course: Course, now: datetime) -> bool:
    return bool(course.waiting) and now - course.waiting[0] >= WAITS_FOR


def _name(action: str) -> str:
    """Graph's name of an action, whose first letter stands in either case."""
    return action[:1].lower() + action[1:]


def _over(device: str, at: datetime, done_at: datetime | None, fleet: Fleet, now: datetime) -> str | None:
    """Why a failure of `at` is over; None while it is not."""
    if done_at is not None and done_at > at:
        return FIXED
    if fleet.devices and device not in fleet.devices:
        return OBJECT_GONE
    return AGED_OUT if now - at >= LOOKS_BACK else None


def _observed(key: Key, course: Course, failed: RemoteActionAudit, fleet: Fleet, now: datetime) -> Observation:
    device_id, action = key
    device = fleet.devices.get(device_id)
    name = (device.device_name if device else None) or failed.device_display_name
    owner = (device.user_principal_name if device else None) or failed.device_owner_user_principal_name
    return Observation(
        kind=KIND,
        source=NAME,
        severity=Severity.MEDIUM,
        subject_type="device",
        subject_id=device_id,
        subject_name=name or device_id,
        sub_key=action,
        user=owner or None,
        platform=device.operating_system if device else None,
        evidence_at=failed.request_date_time,
        first_seen=course.failing_since,
        facts={
            "action": action,
            "actionState": failed.action_state,
            "requestDateTime": iso(failed.request_date_time),
            "initiatedByUserPrincipalName": failed.initiated_by_user_principal_name,
            "failedCount": course.failures,
            **({"pendingSince": iso(course.waiting[0])} if _waits_long(course, now) else {}),
        },
        portal_url=f"https://intune.microsoft.com/#view/Microsoft_Intune_Devices/DeviceSettingsMenuBlade/mdmDeviceId/{device_id}",
    )
