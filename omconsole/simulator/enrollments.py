"""Enrolments that failed: the rows of `troubleshootingEvents`. Each user who failed enrols in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omconsole.simulator.courses import Newcomer, Replaced
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, MINUTE, iso, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.fleet import Place
    from omconsole.simulator.world import World

_FAILURES, _EVENTS, _WAITS = 71, 72, 73

# failureCategory and failureReason.
_EVERYDAY = (
    ("userValidation", "UserLicenseTypeInvalid"),
    ("enrollmentRestrictionsEnforced", "DeviceTypeNotSupported"),
    ("authorization", "DeviceCapReached"),
    ("authentication", "MultiFactorAuthenticationRequired"),
)
_OUTAGE = (
    ("accountValidation", "AccountValidationServiceUnavailable"),
    ("userValidation", "UserValidationTimedOut"),
)
_OUTAGE_SECOND_PER_MILLE = 250

#: Intune shows an event for so long.
KEPT = 30 * DAY
#: Users try again so long after the first time.
_AGAIN = (0, 25 * MINUTE, 26 * HOUR)
#: The longest time that somebody fails before the device is enrolled, in days; the shortest is one.
_LONGEST_DAYS = 9


class Failing(NamedTuple):
    """A user who fails to enrol a device from `first` until `enrolled`; instants in seconds since 1970 UTC."""

    place: int
    generation: int
    first: int
    enrolled: int
    #: Failed for the outage of the story.
    outage: bool


class Attempts(NamedTuple):
    """What one user tried so far: the rows of it, oldest first."""

    user_id: str
    identifier: str
    platform: str
    enrolled: int
    rows: tuple[dict[str, object], ...]

    @property
    def sub_key(self) -> str:
        """Which of the user's failures it is: the device's identifier, or else the platform."""
        return self.identifier or self.platform


class Enrolments:
    """Who fails to enrol in one world."""

    def __init__(self, world: World, places: list[Place]) -> None:
        self._world = world
        self._kept: dict[tuple[int, int], dict[str, object]] = {}
        self._arriving = [
            (index, place.course) for index, place in enumerate(places) if isinstance(place.course, Newcomer | Replaced)
        ]

    def attempts(self, now: int) -> list[Attempts]:
        """Everybody with an event that is shown at `now`, in seconds since 1970 UTC."""
        found = (self._tried(failing, now) for failing in self._failing(now))
        return [each for each in found if each is not None]

    def rows(self, now: int) -> list[dict[str, object]]:
        """The rows of `troubleshootingEvents` at `now`, oldest first."""
        rows = [row for each in self.attempts(now) for row in each.rows]
        return sorted(rows, key=lambda row: (str(row["eventDateTime"]), str(row["id"])))

    def unsolved(self, now: int) -> set[tuple[str, str]]:
        """(user id, sub key) of everybody who failed and has enrolled no device of that platform since."""
        latest = self._enrolled(now)
        return {
            (each.user_id, each.sub_key)
            for each in self.attempts(now)
            if latest.get((each.user_id, _family(each.platform)), "") < str(each.rows[-1]["eventDateTime"])
        }

    def _enrolled(self, now: int) -> dict[tuple[str, str], str]:
        """When each user last enrolled a device of each family, among those that arrived of late."""
        latest: dict[tuple[str, str], str] = {}
        for index, course in self._arriving:
            enrolled = course.at(now).enrolled
            if isinstance(course, Replaced) and enrolled != course.enrolled:
                continue
            shown = self._shown(index, course.generation(now), enrolled, outage=isinstance(course, Replaced))
            key = (str(shown["userId"]), _family(str(shown["operatingSystem"])))
            latest[key] = max(latest.get(key, ""), iso(enrolled))
        return latest

    def _failing(self, now: int) -> Iterator[Failing]:
        chosen = self._world.mix.troubled_enrolments
        for rank, (index, course) in enumerate(self._arriving):
            if isinstance(course, Replaced):
                if course.first_failure <= now < course.enrolled + KEPT:
                    yield Failing(index, 1, course.first_failure, course.enrolled, outage=True)
                continue
            present = course.generation(now)
            for generation in range(present, present + _LONGEST_DAYS * DAY // course.LIFE + 2):
                place = 5 * rank + 3 * generation
                enrolled = course.enrolled(generation)
                if place % 8 >= chosen:
                    continue
                waited = Draw(self._world.seed, _WAITS, index, generation).between(DAY, _LONGEST_DAYS * DAY)
                if enrolled - waited <= now:
                    yield Failing(index, generation, enrolled - waited, enrolled, outage=False)

    def _tried(self, failing: Failing, now: int) -> Attempts | None:
        shown = self._shown(failing.place, failing.generation, failing.enrolled, outage=failing.outage)
        rows = tuple(_events(self._world.seed, failing, shown, now)) if shown["userId"] else ()
        if not rows:
            return None
        user_id, identifier, platform = (
            str(shown[name]) for name in ("userId", "managedDeviceIdentifier", "operatingSystem")
        )
        return Attempts(user_id, identifier, platform, failing.enrolled, rows)

    def _shown(self, index: int, generation: int, enrolled: int, *, outage: bool) -> dict[str, object]:
        """What all attempts to enrol one device have in common."""
        if (index, generation) not in self._kept:
            self._kept[index, generation] = self._drawn(index, generation, enrolled, outage=outage)
        return self._kept[index, generation]

    def _drawn(self, index: int, generation: int, enrolled: int, *, outage: bool) -> dict[str, object]:
        draw = Draw(self._world.seed, _FAILURES, index, generation)
        row = self._world.device_row(index, moment(enrolled))
        identifier = draw.uuid() if draw.chance(300) else ""
        if outage:
            category, reason = _OUTAGE[int(draw.chance(_OUTAGE_SECOND_PER_MILLE))]
        else:
            category, reason = draw.pick(_EVERYDAY)
        return {
            "enrollmentType": row["deviceEnrollmentType"],
            "failureCategory": category,
            "failureReason": reason,
            "managedDeviceIdentifier": identifier,
            "deviceId": "",
            "userId": row["userId"],
            "operatingSystem": row["operatingSystem"],
            "osVersion": row["osVersion"],
        }


def _family(platform: str) -> str:
    """Tablets of Apple report either name."""
    return "iOS" if platform == "iPadOS" else platform


def _events(seed: int, failing: Failing, shown: dict[str, object], now: int) -> Iterator[dict[str, object]]:
    for attempt, later in enumerate(_AGAIN):
        at = failing.first + later
        if at > now or at >= failing.enrolled or now - at >= KEPT:
            continue
        draw = Draw(seed, _EVENTS, failing.place, failing.generation, attempt)
        yield {
            "@odata.type": "#microsoft.graph.enrollmentTroubleshootingEvent",
            "id": draw.uuid(),
            "eventDateTime": iso(at),
            "correlationId": draw.uuid(),
            **shown,
        }
