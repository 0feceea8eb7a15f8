"""Who in the fleet has which course: exact shares, dealt out by a seeded order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from omconsole.simulator import story
from omconsole.simulator.courses import Caught, Course, Gone, InGrace, Lively, Newcomer, Replaced, Returning, Steady
from omconsole.simulator.draws import Draw, mix, scramble
from omconsole.simulator.hardware import describe
from omconsole.simulator.instants import DAY, HOUR, MINUTE
from omconsole.simulator.people import headcount
from omconsole.simulator.scenarios import Mix, lively_count, lively_period, share

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What Intune writes into `operatingSystem`; iPads report `iPadOS`, older ones `iOS`.
PLATFORMS = ("Windows", "iOS", "iPadOS", "macOS", "Android")
_PLATFORM_SHARES = (550, 200, 60, 70, 120)
_JAILABLE = ("iOS", "iPadOS", "Android")

#: Devices whose names try to do harm to whoever prints them; in every fleet of 20 and more, all noncompliant.
HOSTILE_NAMES: dict[int, str] = {
    3: "[@click=app.quit]x[/]",
    8: "PC-1\x1b]52;c;ZXZpbA==\x1b\\\x1b[2J\x1b[31m\x07",
    13: "LT-\u202e7-REGANAM\u202c-\u2066x",
}
_SMALLEST_WITH_HOSTILE = 20

_ORDER, _COURSE, _PLATFORM = 1, 2, 3

# Of the story's fleet 48 % run a Windows that the changed policy refuses; five in six of them have checked in since
# when the world begins, the others do so within the hour after.
_CAUGHT_PER_CENT, _CAUGHT_EARLY, _CAUGHT_IN_ALL = 48, 5, 6
_OLD_WINDOWS = ("10.0.22621.4890", "10.0.22621.4317", "10.0.22621.3880")
_NEW_WINDOWS = ("10.0.22631.4890", "10.0.22631.4460", "10.0.26100.3194", "10.0.26100.2894")
# Of 5,000 devices: users who have failed to enrol when the world begins, and the seconds from one to the next.
_KEPT_OUT_AT_EPOCH, _KEPT_OUT_PACE = 37, 120

# A lively device is bad for a quarter of its period; of twenty of them fifteen are noncompliant while they are.
_BAD_PART = 4
_LIVELY_STATES = ("noncompliant",) * 15 + ("inGracePeriod",) * 3 + ("error", "conflict")


def hostile_name(index: int, devices: int) -> str | None:
    """The harmful name of the device at `index` in a fleet of that size, if it has one."""
    return HOSTILE_NAMES.get(index) if devices >= _SMALLEST_WITH_HOSTILE else None


class Place(NamedTuple):
    """One place in the fleet: its platform and how the device in it moves."""

    platform: str
    course: Course
    #: `osVersion` of whatever device stands here, where the story needs a certain one.
    os_version: str | None = None


@dataclass(slots=True)
class _Dealer:
    seed: int
    epoch: int
    devices: int
    mix: Mix

    def draw(self, index: int) -> Draw:
        return Draw(self.seed, _COURSE, index)

    def enrolled(self, draw: Draw) -> int:
        return self.epoch - draw.between(120 * DAY, 1500 * DAY)

    def steady(
        self, index: int, state: str = "compliant", *, open_disk: bool = False, jail_broken: bool = False
    ) -> Steady:
        draw = self.draw(index)
        kind = draw.below(100)
        if kind < 80:
            period = draw.between(7 * HOUR, 9 * HOUR)
        elif kind < 95:
            period = draw.between(20 * HOUR, 40 * HOUR)
        else:
            period = draw.between(3 * DAY, 9 * DAY)
        offset, enrolled = draw.below(period), self.enrolled(draw)
        since = self.epoch - draw.between(HOUR, 40 * DAY)
        not_reported = draw.chance(10)
        encrypted = False if open_disk else None if not_reported else True
        return Steady(period, offset, enrolled, state, encrypted, str(jail_broken), since)

    def lively(self, index: int, rank: int, count: int) -> Lively:
        draw = self.draw(index)
        mean = lively_period(self.devices)
        period = draw.between(mean * 4 // 5, mean * 6 // 5)
        # Equal steps of the phase keep the number of bad ones level at every instant.
        offset = self.epoch + period * rank // count
        state = _LIVELY_STATES[rank % len(_LIVELY_STATES)]
        encrypted = not (state == "noncompliant" and rank % 20 == 7)
        return Lively(period, offset, self.enrolled(draw), period // _BAD_PART, state, encrypted)

    def in_grace(self, index: int, rank: int, count: int) -> InGrace:
        draw = self.draw(index)
        cycle, period = 144 * HOUR, draw.between(6 * HOUR, 10 * HOUR)
        return InGrace(cycle, self.epoch + cycle * rank // count, period, draw.below(period), self.enrolled(draw))

    def gone(self, index: int, rank: int, count: int) -> Gone:
        draw = self.draw(index)
        # Every other one is away for more than 90 days from the first day on.
        days = draw.between(91, 500) if rank % 2 == 0 else draw.between(31, 89)
        last = self.epoch - days * DAY - draw.below(DAY) - HOUR
        state = "noncompliant" if rank % 20 == min(9, count - 1) else "compliant"
        return Gone(last, last - draw.between(10 * DAY, 900 * DAY), state)

    def returning(self, index: int, rank: int, count: int) -> Returning:
        draw = self.draw(index)
        cycle, period = 100 * DAY, draw.between(7 * HOUR, 9 * HOUR)
        state = "noncompliant" if rank % 20 == 11 else "compliant"
        phase = self.epoch + cycle * rank // count + draw.below(DAY)
        return Returning(cycle, phase, 20 * DAY, period, self.epoch - draw.between(400 * DAY, 1500 * DAY), state)

    def newcomer(self, rank: int, count: int) -> Newcomer:
        phase = self.epoch + Newcomer.LIFE * rank // count
        if rank == 1:
            jail_broken = str(self.mix.jail_broken > 0)
            return Newcomer(phase, "compliant", encrypted=True, jail_broken=jail_broken)
        if rank == 2:
            return Newcomer(phase, "compliant", encrypted=False, jail_broken="False")
        return Newcomer(phase, "compliant" if rank % 4 else "noncompliant", encrypted=True, jail_broken="False")


def _platform(platform_seed: int, index: int) -> str:
    at = scramble(platform_seed ^ index) % 1000
    for name, part in zip(PLATFORMS, _PLATFORM_SHARES, strict=True):
        at -= part
        if at < 0:
            return name
    return PLATFORMS[0]


def deal(seed: int, epoch: int, devices: int, scenario: Mix) -> list[Place]:
    """The fleet's places, by index; `epoch` in seconds since 1970 UTC.

    Every kind that the mix has occurs from 50 devices on; smaller fleets may lack some.
    """
    dealer = _Dealer(seed, epoch, devices, scenario)
    platform_seed, order_seed = mix(seed, _PLATFORM), mix(seed, _ORDER)
    platforms = [_platform(platform_seed, index) for index in range(devices)]
    hostile = [index for index in HOSTILE_NAMES if devices >= _SMALLEST_WITH_HOSTILE]
    for index in hostile:
        platforms[index] = "Windows"
    order = iter(sorted(set(range(devices)).difference(hostile), key=lambda index: scramble(order_seed ^ index)))
    courses: dict[int, Course] = {}
    if devices >= _SMALLEST_WITH_HOSTILE:
        _deal_moving(dealer, order, courses, platforms)
    rest = [*hostile, *order]
    _deal_steady(dealer, rest, courses, platforms)
    versions: dict[int, str] = {}
    if scenario.story:
        versions = _deal_story(dealer, rest, courses, platforms)
    return [Place(platforms[index], courses[index], versions.get(index)) for index in range(devices)]


def _deal_moving(dealer: _Dealer, order: Iterator[int], courses: dict[int, Course], platforms: list[str]) -> None:
    devices, scenario = dealer.devices, dealer.mix
    newcomers = list(islice(order, max(3, share(devices, 30))))
    for rank, index in enumerate(newcomers):
        courses[index] = dealer.newcomer(rank, len(newcomers))
    platforms[newcomers[1]] = "Android"  # the jailbroken one
    gone = list(islice(order, max(2, share(devices, scenario.stale // 2))))
    for rank, index in enumerate(gone):
        courses[index] = dealer.gone(index, rank, len(gone))
    # A returning device is stale for half of its cycle: 20 days active, 30 not yet stale, 50 stale.
    returning = list(islice(order, share(devices, scenario.stale)))
    for rank, index in enumerate(returning):
        courses[index] = dealer.returning(index, rank, len(returning))
    # 60 of 144 hours in grace: 2.4 places for one that is in grace at any time.
    graced = list(islice(order, max(3, share(devices, scenario.in_grace * 12 // 5))))
    for rank, index in enumerate(graced):
        courses[index] = dealer.in_grace(index, rank, len(graced))
    for state, part in (("error", scenario.error), ("conflict", scenario.conflict)):
        for index in islice(order, share(devices, part)):
            courses[index] = dealer.steady(index, state)
    lively = list(islice(order, lively_count(devices, scenario)))
    for rank, index in enumerate(lively):
        courses[index] = dealer.lively(index, rank, len(lively))


def _deal_steady(dealer: _Dealer, order: list[int], courses: dict[int, Course], platforms: list[str]) -> None:
    devices, scenario = dealer.devices, dealer.mix
    elsewhere = sum(_expected_noncompliant(course) for course in courses.values())
    failing = max(4, share(devices, scenario.noncompliant) - round(elsewhere))
    unencrypted = share(devices, scenario.unencrypted)
    jail_broken = share(devices, scenario.jail_broken) if scenario.jail_broken else 0
    configuration_manager = share(devices, 40)
    for rank, index in enumerate(order):
        state = "noncompliant" if rank < failing else "compliant"
        jailed = jail_broken > 0 and platforms[index] in _JAILABLE and index not in HOSTILE_NAMES
        jail_broken -= jailed
        # Half of the unencrypted ones fail for it, the other half has no policy that asks.
        open_disk = failing - unencrypted // 2 - 1 <= rank < failing - unencrypted // 2 - 1 + unencrypted
        if not open_disk and state == "compliant" and platforms[index] == "Windows" and configuration_manager > 0:
            configuration_manager -= 1
            state = "configManager"
        courses[index] = dealer.steady(index, state, open_disk=open_disk, jail_broken=jailed)


def _deal_story(dealer: _Dealer, order: list[int], courses: dict[int, Course], platforms: list[str]) -> dict[int, str]:
    """Let a changed policy catch devices, and an outage keep users from enrolling theirs.

    Returns:
        The `osVersion` of every Windows device, by index: old enough for the policy where it catches the device.
    """
    well = {index: course for index in order if isinstance(course := courses[index], Steady) and _is_well(course)}
    windows = [index for index in well if platforms[index] == "Windows"]
    caught = windows[: dealer.devices * _CAUGHT_PER_CENT // 100]
    early = len(caught) * _CAUGHT_EARLY // _CAUGHT_IN_ALL
    for rank, index in enumerate(caught):
        if rank < early:
            turn = story.POLICY_CHANGED * (early - rank) // (early + 1)
        else:
            turn = HOUR * (rank - early + 1) // (len(caught) - early)
        courses[index] = Caught(well[index], dealer.epoch + turn)
    others = [index for index in well if platforms[index] != "Windows"]
    courses.update(_kept_out(dealer, others, well, platforms))
    versions = {}
    for index, platform in enumerate(platforms):
        if platform == "Windows":
            known = _OLD_WINDOWS if isinstance(courses[index], Caught) else _NEW_WINDOWS
            versions[index] = known[scramble(dealer.seed ^ index) % len(known)]
    return versions


def _is_well(course: Steady) -> bool:
    return course.state == "compliant" and course.encrypted is not False and course.jail_broken == "False"


def _kept_out(
    dealer: _Dealer, places: list[int], well: dict[int, Steady], platforms: list[str]
) -> Iterator[tuple[int, Replaced]]:
    """The places where the users will enrol who fail during the outage, each user once."""
    at_epoch = max(1, round(_KEPT_OUT_AT_EPOCH * dealer.devices / 5000))
    pace = max(1, _KEPT_OUT_PACE * _KEPT_OUT_AT_EPOCH // at_epoch)
    begins = [story.OUTAGE_BEGAN * (at_epoch - rank) // (at_epoch + 1) for rank in range(at_epoch)]
    begins += range(pace, story.OUTAGE_ENDED, pace)
    people: set[object] = set()
    waiting = iter(begins)
    for index in places:
        enrolled = dealer.epoch + story.OUTAGE_ENDED + MINUTE + dealer.draw(index).below(40 * MINUTE)
        row = describe((dealer.seed, index, 1), platforms[index], enrolled, dealer.epoch, headcount(dealer.devices))
        user = row["userId"]
        if not user or user in people:
            continue
        begin = next(waiting, None)
        if begin is None:
            return
        people.add(user)
        yield index, Replaced(well[index], dealer.epoch + begin, enrolled)


def _expected_noncompliant(course: Course) -> float:
    if isinstance(course, Lively):
        return 1 / _BAD_PART if course.state == "noncompliant" else 0
    return float(isinstance(course, Gone | Returning | Newcomer) and course.state == "noncompliant")
