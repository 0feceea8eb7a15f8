"""How one device moves through time: each course gives its state at any instant by arithmetic, without memory.

A device's compliance state changes only at its check-ins, so that whoever asks for what has synced since then sees
every change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from omconsole.simulator.instants import DAY, HOUR, NEVER, OPEN_ENDED

#: How long a policy of this tenant lets a device stay in grace.
GRACE = 72 * HOUR


class Moving(NamedTuple):
    """What of a device changes with time; instants in seconds since 1970 UTC."""

    last_sync: int
    state: str
    grace_until: int
    encrypted: bool | None
    jail_broken: str
    enrolled: int
    #: When the management certificate ends, and `partnerReportedThreatState`; see `wear.py`.
    certificate: int = NEVER
    threat: str = "unknown"


class Course(Protocol):
    """A device's way through time."""

    def at(self, now: int) -> Moving:
        """The state at `now`."""
        ...

    def generation(self, now: int) -> int:
        """Which device stands in this place at `now`; it changes when one is retired and another enrolled."""
        ...


def _grace_until(state: str, since: int) -> int:
    if state == "inGracePeriod":
        return since + GRACE
    return since if state == "noncompliant" else OPEN_ENDED


class _OneDevice:
    """The same device for ever."""

    __slots__ = ()

    def generation(self, now: int) -> int:
        return 0


@dataclass(slots=True, frozen=True)
class Steady(_OneDevice):
    """Checks in every `period` seconds and never changes."""

    period: int
    offset: int
    enrolled: int
    state: str = "compliant"
    encrypted: bool | None = True
    jail_broken: str = "False"
    failing_since: int = OPEN_ENDED

    def at(self, now: int) -> Moving:
        until = self.failing_since if self.state == "noncompliant" else OPEN_ENDED
        last = now - (now - self.offset) % self.period
        return Moving(last, self.state, until, self.encrypted, self.jail_broken, self.enrolled)


@dataclass(slots=True, frozen=True)
class Caught(_OneDevice):
    """Was well until a changed policy; noncompliant from its check-in at `turn` on."""

    before: Steady
    turn: int

    def at(self, now: int) -> Moving:
        was = self.before.at(now)
        if now < self.turn:
            return was
        return was._replace(last_sync=max(was.last_sync, self.turn), state="noncompliant", grace_until=self.turn)


@dataclass(slots=True, frozen=True)
class Replaced:
    """A place whose device is retired at the instant at which its user, having failed since `first_failure`, enrols."""

    before: Steady
    first_failure: int
    enrolled: int

    PERIOD = 8 * HOUR

    def generation(self, now: int) -> int:
        return int(now >= self.enrolled)

    def at(self, now: int) -> Moving:
        if now < self.enrolled:
            return self.before.at(now)
        last = now - (now - self.enrolled) % self.PERIOD
        return Moving(last, "compliant", OPEN_ENDED, True, "False", self.enrolled)


@dataclass(slots=True, frozen=True)
class Lively(_OneDevice):
    """Falls into `state` for `bad` seconds of every `period`, reporting in at both turns."""

    period: int
    offset: int
    enrolled: int
    bad: int
    state: str
    encrypted_while_bad: bool
    jail_broken: str = "False"

    def at(self, now: int) -> Moving:
        since = (now - self.offset) % self.period
        if since < self.bad:
            turn = now - since
            until = _grace_until(self.state, turn)
            return Moving(turn, self.state, until, self.encrypted_while_bad, self.jail_broken, self.enrolled)
        return Moving(now - since + self.bad, "compliant", OPEN_ENDED, True, self.jail_broken, self.enrolled)


@dataclass(slots=True, frozen=True)
class InGrace(_OneDevice):
    """Enters its grace period once in every `cycle`, is repaired before it ends; checks in every `period`."""

    cycle: int
    phase: int
    period: int
    offset: int
    enrolled: int
    jail_broken: str = "False"

    #: Repaired at the first check-in after this; with check-ins at most 10 h apart that is before the grace ends.
    REPAIRED_AFTER = 60 * HOUR

    def at(self, now: int) -> Moving:
        last = now - (now - self.offset) % self.period
        since = (last - self.phase) % self.cycle
        if since < self.REPAIRED_AFTER:
            until = last - since + GRACE
            return Moving(last, "inGracePeriod", until, True, self.jail_broken, self.enrolled)
        return Moving(last, "compliant", OPEN_ENDED, True, self.jail_broken, self.enrolled)


@dataclass(slots=True, frozen=True)
class Gone(_OneDevice):
    """Has not been heard of since `last_sync`."""

    last_sync: int
    enrolled: int
    state: str

    def at(self, now: int) -> Moving:
        return Moving(
            self.last_sync, self.state, _grace_until(self.state, self.last_sync), True, "False", self.enrolled
        )


@dataclass(slots=True, frozen=True)
class Returning(_OneDevice):
    """Checks in every `period` for `active` seconds, then is silent for the rest of the `cycle`, and comes back."""

    cycle: int
    phase: int
    active: int
    period: int
    enrolled: int
    state: str

    def at(self, now: int) -> Moving:
        since = (now - self.phase) % self.cycle
        checked_in = min(since, self.active) // self.period * self.period
        last = now - since + checked_in
        return Moving(last, self.state, _grace_until(self.state, now - since), True, "False", self.enrolled)


@dataclass(slots=True, frozen=True)
class Newcomer:
    """A place where a device is enrolled, stays `LIFE` seconds, is retired, and the next one is enrolled."""

    phase: int
    state: str
    encrypted: bool
    jail_broken: str

    LIFE = 3 * DAY
    #: Until then Intune knows the device and the device has reported nothing.
    FIRST_CONTACT = 4 * HOUR
    PERIOD = 8 * HOUR

    def generation(self, now: int) -> int:
        return (now - self.phase) // self.LIFE

    def enrolled(self, generation: int) -> int:
        """When the device of that generation is enrolled, in seconds since 1970 UTC."""
        return self.phase + generation * self.LIFE

    def at(self, now: int) -> Moving:
        since = (now - self.phase) % self.LIFE
        enrolled = now - since
        if since < self.FIRST_CONTACT:
            return Moving(NEVER, "unknown", OPEN_ENDED, False, "Unknown", enrolled)
        first = enrolled + self.FIRST_CONTACT
        last = first + (now - first) // self.PERIOD * self.PERIOD
        return Moving(last, self.state, _grace_until(self.state, first), self.encrypted, self.jail_broken, enrolled)
