"""Who in the fleet has which course: exact shares, dealt out by a seeded order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from omconsole.simulator.courses import Course, Gone, InGrace, Lively, Newcomer, Returning, Steady
from omconsole.simulator.draws import Draw, mix, scramble
from omconsole.simulator.instants import DAY, HOUR
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
            return Newcomer(phase, "compliant", encrypted=True, jail_broken="True")
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
    _deal_steady(dealer, [*hostile, *order], courses, platforms)
    return [Place(platforms[index], courses[index]) for index in range(devices)]


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
    jail_broken = share(devices, scenario.jail_broken)
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


def _expected_noncompliant(course: Course) -> float:
    if isinstance(course, Lively):
        return 1 / _BAD_PART if course.state == "noncompliant" else 0
    return float(isinstance(course, Gone | Returning | Newcomer) and course.state == "noncompliant")
