"""How the number of devices behind a cause went: its curve, and the curve in words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from omconsole.i18n import _, number, short_age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.domain.items import Item

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=90)
"""A pace that ends later than this says nothing."""
Point = tuple[datetime, int]
"""When it was counted (UTC), and the count; it holds until the next point."""


def points(item: Item) -> list[Point]:
    """Return the counts of a cause, oldest first; only changes are points."""
    facts = item.seen.facts if item.seen is not None else {}
    return [(datetime.fromisoformat(at), int(n)) for at, n in facts.get("curve") or ()]


def evenly(curve: Sequence[Point], now: datetime, cells: int) -> tuple[int, ...]:
    """Return the counts at `cells` times that lie evenly between the first point and `now` (UTC)."""
    if len(curve) < 2 or cells < 2:
        return tuple(n for _at, n in curve)
    first = curve[0][0]
    step = max(now - first, timedelta(0)) / (cells - 1)
    return tuple(count_at(curve, first + step * cell) for cell in range(cells))


def count_at(curve: Sequence[Point], at: datetime) -> int:
    """Return the count that held at a time (UTC), the first one for any time before."""
    return next((n for since, n in reversed(curve) if since <= at), curve[0][1])


def course_words(curve: Sequence[Point], now: datetime) -> str:
    """Return which way it goes, and how fast.

    `rising: +640 in the last hour`, `falling: −12 in the last hour, done in 3 h at this pace`, `steady for 5 h`.
    """
    if not curve:
        return ""
    last, n = curve[-1]
    if len(curve) == 1:
        return _("unchanged for {age}").format(age=short_age(max((now - last).total_seconds(), 60)))
    over = min(HOUR, now - curve[0][0])
    moved = n - count_at(curve, now - over)
    since = (
        _("in the last hour") if over == HOUR else _("in {age}").format(age=short_age(max(over.total_seconds(), 60)))
    )
    if moved > 0:
        return _("rising: +{n} {since}").format(n=number(moved), since=since)
    if moved < 0:
        text = _("falling: −{n} {since}").format(n=number(-moved), since=since)
        left = over * (n / -moved)
        if left > LONGEST:
            return text
        done = _("done in {age} at this pace").format(age=short_age(max(left.total_seconds(), 60)))
        return f"{text}, {done}"
    return _("steady for {age}").format(age=short_age(max((now - last).total_seconds(), 60)))
