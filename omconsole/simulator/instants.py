"""Instants as whole seconds since 1970-01-01 UTC, and the texts Graph gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MINUTE = 60
HOUR = 3600
DAY = 86400

#: Graph's placeholder for "no contact yet" (0001-01-01T00:00:00Z).
NEVER = -62135596800
#: Intune's placeholder for "no grace period is running" (9999-12-31T23:59:59Z).
OPEN_ENDED = 253402300799

_BASE = datetime(1970, 1, 1, tzinfo=UTC)
# No locale has a say here.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def seconds(moment: datetime) -> int:
    """The whole second `moment` falls in; `ValueError` when it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a time zone is missing: {moment.isoformat()}; use an aware datetime in UTC")
    return (moment - _BASE) // timedelta(seconds=1)


def moment(instant: int) -> datetime:
    """The aware UTC datetime of `instant`."""
    return _BASE + timedelta(seconds=instant)


def iso(instant: int) -> str:
    """`2027-03-01T08:15:00Z`."""
    if instant == OPEN_ENDED:  # the most frequent one
        return "9999-12-31T23:59:59Z"
    return moment(instant).isoformat()[:19] + "Z"


def iso_fraction(instant: int, ticks: int) -> str:
    """The same with `ticks` of 100 ns, seven digits as several Graph services write them."""
    return f"{moment(instant).isoformat()[:19]}.{ticks % 10_000_000:07d}Z"


def long_date(instant: int) -> str:
    """`April 30, 2027`, as message-centre posts write dates."""
    day = moment(instant)
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def month_of(instant: int) -> str:
    """`April 2027`."""
    day = moment(instant)
    return f"{_MONTHS[day.month - 1]} {day.year}"


def service_release(instant: int) -> str:
    """Intune's name of the month's release: `April (2704)`."""
    day = moment(instant)
    return f"{_MONTHS[day.month - 1]} ({day.year % 100:02d}{day.month:02d})"
