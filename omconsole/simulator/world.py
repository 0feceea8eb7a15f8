"""The simulated tenant's world: a pure function of (seed, scenario, epoch, device count) and the instant asked for.

The same arguments give the same bytes, on every machine. Nothing is remembered but what does not change (caches).
Instants are aware datetimes; the world's clock has whole seconds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from omconsole.simulator import policies, posts
from omconsole.simulator.app_failures import AppFailures
from omconsole.simulator.compliance_settings import FailingSettings
from omconsole.simulator.courses import Moving, Newcomer, Replaced
from omconsole.simulator.enrollments import Enrolments
from omconsole.simulator.fleet import Place, deal, hostile_name
from omconsole.simulator.hardware import category, describe, describe_more, enrolment, identity
from omconsole.simulator.instants import DAY, NEVER, iso, seconds
from omconsole.simulator.people import headcount
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.wear import Wear, is_certificate_ending, is_threatened
from omconsole.simulator.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

P = TypeVar("P")

#: Devices that have not synced for this long are stale.
STALE = 30 * DAY
#: A device is judged only so long after its enrolment; a jailbroken one at once.
SETTLED = DAY

#: How many selections of properties keep their encoded rows.
_KEPT_SELECTIONS = 3


class Truth(NamedTuple):
    """One problem that the world has at an instant: a device's, or where there is none a user's."""

    kind: str
    subject_id: str
    #: Which of the subject's problems of this kind: the app's id, or the device identifier or platform of a failed
    #: enrolment.
    sub_key: str = ""


class Census(NamedTuple):
    """The fleet counted at one instant."""

    #: Devices by `complianceState`.
    states: Counter[str]
    #: Devices by platform (`fleet.PLATFORMS`).
    platforms: Counter[str]
    co_managed: int


class World:
    """A tenant in `scenario` (a name of `SCENARIOS`) with that many `devices`, begun at `epoch` (aware)."""

    def __init__(self, seed: int, scenario: str, epoch: datetime, devices: int) -> None:
        if scenario not in SCENARIOS:
            raise ValueError(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
        if devices < 1:
            raise ValueError(f"a tenant of {devices} devices is none; ask for 1 or more")
        self.seed = seed
        self.scenario = scenario
        self.epoch = epoch
        self.devices = devices
        self.mix = SCENARIOS[scenario]
        #: The epoch in seconds since 1970 UTC.
        self.begin = self._epoch = seconds(epoch)
        self._people = headcount(devices)
        self._places: list[Place] = deal(seed, self._epoch, devices, self.mix)
        self._wear = Wear(seed, self._epoch, self._places, self.mix)
        self._still: dict[tuple[str, ...], list[tuple[int, bytes] | None]] = {}
        self._passing = [
            index for index, place in enumerate(self._places) if isinstance(place.course, Newcomer | Replaced)
        ]
        self._by_id: dict[str, int] | None = None
        self._platforms = Counter(place.platform for place in self._places)
        staying = set(range(devices)).difference(self._passing)
        self._staying_co_managed = sum(self._co_managed(index, self._epoch) for index in staying)
        self._census: tuple[int, Census] | None = None
        self._parts: dict[object, Any] = {}
        self.settings = FailingSettings(self, self._places)
        self.apps = AppFailures(self, self._places)
        self.enrolments = Enrolments(self, self._places)

    # --- one device ---------------------------------------------------------------------------------------------

    def moving(self, index: int, now: datetime) -> Moving:
        """What moves of the device at `index`, at `now`."""
        return self._moving(index, seconds(now))

    def _moving(self, index: int, now: int) -> Moving:
        return self._wear.worn(index, self._places[index].course.at(now))

    def _key(self, index: int, now: int) -> tuple[int, int, int]:
        return (self.seed, index, self._places[index].course.generation(now))

    def _describe(self, index: int, now: int) -> dict[str, object]:
        place = self._places[index]
        enrolled = place.course.at(now).enrolled
        row = describe(self._key(index, now), place.platform, enrolled, self._epoch, self._people)
        name = hostile_name(index, self.devices)
        if name is not None:
            row["deviceName"] = name
        if place.os_version is not None:
            row["osVersion"] = place.os_version
        return row

    def device_row(self, index: int, now: datetime) -> dict[str, object]:
        """The properties that stay the same of the device that stands at `index` at `now`."""
        return self._describe(index, seconds(now))

    def device_id(self, index: int, now: datetime) -> str:
        """The id of the device that stands at `index` at `now`."""
        return identity(self._key(index, seconds(now)))

    def index_of(self, device_id: str, now: datetime) -> int | None:
        """Where the device with that id stands at `now`; None when there is none."""
        if self._by_id is None:
            self._by_id = {self.device_id(index, now): index for index in range(self.devices)}
        index = self._by_id.get(device_id)
        if index is not None and self.device_id(index, now) == device_id:
            return index
        return next((index for index in self._passing if self.device_id(index, now) == device_id), None)

    def category(self, index: int, now: datetime) -> str:
        """`deviceCategoryDisplayName` of the device at `index`."""
        return category(self._key(index, seconds(now)))

    def device(self, index: int, now: datetime) -> dict[str, object]:
        """Every property of one device, with those that a list shows empty."""
        at = seconds(now)
        place = self._places[index]
        row = self._describe(index, at) | _moving_properties(self._moving(index, at))
        return row | describe_more(self._key(index, at), place.platform)

    # --- the fleet ----------------------------------------------------------------------------------------------

    def rows(self, now: datetime, select: tuple[str, ...], start: int = 0) -> Iterator[tuple[int, Moving, bytes]]:
        """(index, moving part, the row as JSON) of every device from index `start` on."""
        at = seconds(now)
        still = tuple(name for name in select if name not in _MOVING)
        moving = [_MOVING[name] for name in select if name in _MOVING]
        for index in range(start, self.devices):
            state = self._moving(index, at)
            parts = [self._still_json(index, at, still)] if still else []
            parts.extend(write(state).encode() for write in moving)
            yield index, state, b"{" + b",".join(parts) + b"}"

    def _still_json(self, index: int, now: int, still: tuple[str, ...]) -> bytes:
        kept = self._still.get(still)
        if kept is None:
            while len(self._still) >= _KEPT_SELECTIONS:
                self._still.pop(next(iter(self._still)))
            kept = self._still[still] = [None] * self.devices
        generation = self._places[index].course.generation(now)
        known = kept[index]
        if known is None or known[0] != generation:
            row = self._describe(index, now)
            known = kept[index] = (generation, msgspec.json.encode({name: row.get(name) for name in still})[1:-1])
        return known[1]

    def census(self, now: datetime) -> Census:
        """The fleet counted at `now`; it agrees with the rows of that instant."""
        at = seconds(now)
        if self._census is not None and self._census[0] == at:
            return self._census[1]
        states = Counter(place.course.at(at).state for place in self._places)
        passing = sum(self._co_managed(index, at) for index in self._passing)
        census = Census(states, self._platforms, self._staying_co_managed + passing)
        self._census = (at, census)
        return census

    def _co_managed(self, index: int, now: int) -> bool:
        platform = self._places[index].platform
        return platform == "Windows" and enrolment(self._key(index, now), platform).kind == "windowsCoManagement"

    def planted(self, now: datetime) -> list[Truth]:
        """Every problem of a device, of an app on a device or of an enrolment at `now`, devices' own first."""
        at = seconds(now)
        found = [
            Truth(kind, identity(self._key(index, at)))
            for index in range(self.devices)
            for kind in problems(self._moving(index, at), at)
        ]
        found += [
            Truth("app.install-failed", identity(self._key(index, at)), app.id)
            for app in self.apps.apps
            if app.is_required
            for index in self.apps.failing(app, at)
        ]
        found += [Truth("enrollment.failed", *key) for key in sorted(self.enrolments.unsolved(at))]
        return found + [each for workload in WORKLOADS for each in workload.planted(self, now)]

    def part(self, kind: Callable[[World], P]) -> P:
        """What a part of the service keeps of this world: made once, by its class."""
        if kind not in self._parts:
            self._parts[kind] = kind(self)
        part: P = self._parts[kind]
        return part

    @property
    def places(self) -> list[Place]:
        """The fleet as it was dealt: each device's platform and course."""
        return self._places

    # --- the rest of the tenant ---------------------------------------------------------------------------------

    def messages(self, now: datetime) -> list[dict[str, object]]:
        """The message centre's posts at `now`, oldest first."""
        return posts.messages(self.seed, self._epoch, seconds(now))

    def compliance_policies(self) -> list[dict[str, object]]:
        """The compliance policies."""
        return policies.compliance_policies(self.seed, self._epoch, namesakes=self.scenario == "busy")

    def mobile_apps(self) -> list[dict[str, object]]:
        """The apps, with their assignments."""
        return self.apps.rows()


_COMPLIANCE = {
    "noncompliant": "device.noncompliant",
    "error": "device.compliance-error",
    "conflict": "device.compliance-error",
    "inGracePeriod": "device.in-grace",
}


def problems(state: Moving, now: int) -> Iterator[str]:
    """The kinds of problems a device has at `now` (seconds since 1970 UTC)."""
    if state.jail_broken == "True":
        yield "device.jailbroken"
    if is_threatened(state):
        yield "device.threat"
    if now - state.enrolled < SETTLED:
        return
    if state.state in _COMPLIANCE:
        yield _COMPLIANCE[state.state]
    if state.last_sync == NEVER:
        return
    if now - state.last_sync >= STALE:
        yield "device.stale"
    if state.encrypted is False:
        yield "device.unencrypted"
    if is_certificate_ending(state, now):
        yield "device.certificate-expiring"


def _moving_properties(state: Moving) -> dict[str, object]:
    written = ",".join(write(state) for write in _MOVING.values())
    properties: dict[str, object] = msgspec.json.decode("{" + written + "}")
    return properties


_JSON = {True: "true", False: "false", None: "null"}

# The properties that move, each as JSON; their values need no escaping.
_MOVING: dict[str, Callable[[Moving], str]] = {
    "lastSyncDateTime": lambda state: f'"lastSyncDateTime":"{iso(state.last_sync)}"',
    "complianceState": lambda state: f'"complianceState":"{state.state}"',
    "complianceGracePeriodExpirationDateTime": lambda state: (
        f'"complianceGracePeriodExpirationDateTime":"{iso(state.grace_until)}"'
    ),
    "isEncrypted": lambda state: f'"isEncrypted":{_JSON[state.encrypted]}',
    "jailBroken": lambda state: f'"jailBroken":"{state.jail_broken}"',
    "partnerReportedThreatState": lambda state: f'"partnerReportedThreatState":"{state.threat}"',
    "managementCertificateExpirationDate": lambda state: (
        f'"managementCertificateExpirationDate":"{iso(state.certificate)}"'
    ),
}
