"""The remote actions that administrators ask for: most succeed, some fail until they are asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.courses import Steady
from omconsole.simulator.draws import Draw, scramble
from omconsole.simulator.instants import DAY, HOUR, MINUTE, iso_fraction, moment
from omconsole.simulator.people import DOMAIN
from omconsole.simulator.scenarios import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_CHOSEN, _ROUND, _PLAIN = 300, 301, 302
_ACTIONS: Final = ("syncDevice", "rebootNow", "remoteLock", "resetPasscode", "rotateBitLockerKeys", "wipe")
#: The audit shows an action for so long; the console's own bound is shorter.
_KEPT: Final = 30 * DAY
_SAYS: Final = 14 * DAY
#: One device in so many is troubled for once and nobody tries again.
_GIVEN_UP_EVERY: Final = 4
_OF_DEVICE: Final = ("id", "deviceName", "userDisplayName", "userPrincipalName")
_CYCLE, _LONG_CYCLE = 3 * DAY, 24 * DAY


class Request(NamedTuple):
    """One action; instants in seconds since 1970 UTC."""

    place: int
    action: str
    asked: int
    finished: int
    result: str

    def state(self, now: int) -> str:
        """`actionState` at `now`."""
        return self.result if now >= self.finished else "pending"


class RemoteActions:
    """The audit of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        mix = world.mix
        count = share(world.devices, mix.remote_actions) if mix.remote_actions else 0
        places = world.places
        order = sorted(range(world.devices), key=lambda index: scramble(world.seed + _CHOSEN ^ index))
        self._troubled = [index for index in order if isinstance(places[index].course, Steady)][:count]
        troubled = set(self._troubled)
        self._devices: dict[int, dict[str, object]] = {}
        self._rows: tuple[int, list[Row]] = (-1, [])
        self._plain = [index for index in order if index not in troubled][: world.devices // 50]

    def _requests(self, now: int) -> Iterator[Request]:
        for rank, index in enumerate(self._troubled):
            yield from self._of(rank, index, now)
        begin = self._world.begin
        for index in self._plain:
            draw = Draw(self._world.seed, _PLAIN, index)
            asked = begin + draw.below(_KEPT)
            asked -= (asked - now + _KEPT - 1) // _KEPT * _KEPT  # the newest that is not ahead
            yield Request(index, draw.pick(_ACTIONS), asked, asked + draw.between(MINUTE, 20 * MINUTE), "done")

    def _of(self, rank: int, index: int, now: int) -> Iterator[Request]:
        """What was asked for on a troubled device, always the same action: it fails, and is tried again."""
        cycle = _LONG_CYCLE if rank % _GIVEN_UP_EVERY == 1 else _CYCLE
        own = Draw(self._world.seed, _ROUND, index)
        action, phase = own.pick(_ACTIONS), self._world.begin - own.below(cycle)
        last = (now - phase) // cycle
        for round_ in range(last - _KEPT // cycle - 1, last + 1):
            draw = Draw(self._world.seed, _ROUND, index, round_)
            asked = phase + round_ * cycle
            failed = asked + draw.between(2 * MINUTE, 40 * MINUTE)
            again = failed + draw.between(HOUR, 30 * HOUR)
            tries = [Request(index, action, asked, failed, "failed")]
            if cycle == _CYCLE:
                stuck = draw.chance(250)  # the device answers days later
                took = draw.between(26 * HOUR, 30 * HOUR) if stuck else draw.between(2 * MINUTE, 40 * MINUTE)
                tries.append(Request(index, action, again, again + took, "done"))
            yield from (each for each in tries if now - _KEPT < each.asked <= now)

    def failing(self, now: int) -> list[tuple[str, str]]:
        """(device id, action) of every failure of the last 14 days after which nothing succeeded."""
        newest: dict[int, Request] = {}
        for rank, index in enumerate(self._troubled):
            for request in self._of(rank, index, now):
                if request.finished <= now and request.asked > newest.get(index, request._replace(asked=0)).asked:
                    newest[index] = request
        return [
            (self._world.device_id(index, moment(now)), request.action)
            for index, request in newest.items()
            if request.result == "failed" and now - request.asked <= _SAYS
        ]

    def rows(self, now: int) -> list[Row]:
        """The rows of `remoteActionAudits`, newest first."""
        if self._rows[0] != now:
            rows = [self._row(each, now) for each in self._requests(now)]
            rows.sort(key=lambda row: (str(row["requestDateTime"]), str(row["id"])), reverse=True)
            self._rows = (now, rows)
        return self._rows[1]

    def _device(self, index: int, at: int) -> dict[str, object]:
        generation = self._world.places[index].course.generation(at)
        key = index + generation * self._world.devices
        if key not in self._devices:
            row = self._world.device_row(index, moment(at))
            self._devices[key] = {name: row[name] for name in _OF_DEVICE}
        return self._devices[key]

    def _row(self, each: Request, now: int) -> Row:
        draw = Draw(self._world.seed, _ROUND, each.place, each.asked, 1)
        device = self._device(each.place, each.asked)
        state = each.state(now)
        pascal = draw.chance(200)
        return {
            "id": draw.uuid(),
            "deviceDisplayName": device["deviceName"],
            "managedDeviceId": device["id"],
            "userName": device["userDisplayName"],
            "initiatedByUserPrincipalName": f"helpdesk{draw.below(4)}@{DOMAIN}",
            "action": _pascal(each.action) if pascal else each.action,
            "actionState": _pascal(state) if pascal else state,
            "requestDateTime": iso_fraction(each.asked, draw.below(10_000_000)),
            "deviceOwnerUserPrincipalName": device["userPrincipalName"],
            "bulkDeviceActionId": None,
        }


def _pascal(text: str) -> str:
    return text[0].upper() + text[1:]
