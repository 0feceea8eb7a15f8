"""When to ask again: what Graph says about waiting, back-off, and how long a round may wait."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

BACK_OFF_S: Final = 0.5
BACK_OFF_CAP_S: Final = 60.0
LONGEST_WAIT_S: Final = 365 * 24 * 3600.0
"""No wait is longer, whatever an answer says: no calendar has room for every number."""

Reason = Literal["throttled", "retry", "budget", "report"]
"""Graph says so, something went wrong on the way, the program itself holds back, or a report is being written."""


class Waiting(msgspec.Struct, frozen=True):
    """A request waits: what `on_event` is told, so that a screen can say so."""

    workload: str
    seconds: float
    reason: Reason


class Round:
    """One poll of one source, or of several: how long it may wait in all, and what it has cost.

    Waits of requests in flight at the same time count once.
    """

    def __init__(self, *, max_wait_s: float = 60.0) -> None:
        self.max_wait_s = max_wait_s
        self.waited_s = 0.0
        self.requests = 0
        self.decoded_bytes = 0
        self.wire_bytes = 0
        self._waiting_until = -math.inf

    def grant(self, now: float, until: float) -> bool:
        """Takes a wait between two readings of the monotonic clock from what is left; False when that is too little."""
        more = until - max(now, self._waiting_until)
        if more > 0:
            if self.waited_s + more > self.max_wait_s:
                return False
            self.waited_s += more
            self._waiting_until = until
        return True


def back_off(tries: int, random: Callable[[], float]) -> float:
    """Returns the seconds before another try after `tries` failures: 0.5 s doubling to 60 s, half by chance."""
    full = min(BACK_OFF_CAP_S, BACK_OFF_S * 2.0 ** (min(tries, 16) - 1))
    return full * (0.5 + 0.5 * random())


def seconds_asked(value: object, date: str | None = None) -> float | None:
    """Returns a Retry-After in seconds from now: a number, also with a fraction, or an HTTP date; None if neither.

    A year at most.

    Args:
        value: the header, or `RetryAfter` in the error's message.
        date: the answer's own `Date`, so that a difference between the clocks does not matter.
    """
    if isinstance(value, bool) or value is None:
        return None
    try:
        seconds = float(str(value).strip())
    except ValueError:
        return _seconds_until(str(value), date)
    return min(seconds, LONGEST_WAIT_S) if math.isfinite(seconds) and seconds > 0 else None


def _seconds_until(value: str, date: str | None) -> float | None:
    at = http_date(value)
    if at is None:
        return None
    seconds = (at - (http_date(date) or datetime.now(UTC))).total_seconds()
    return min(seconds, LONGEST_WAIT_S) if seconds > 0 else None


def http_date(value: str | None) -> datetime | None:
    """Returns the moment that an HTTP date names, aware; None when it is none."""
    try:
        at = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
