"""When a source is due, and how: pure, from its health and the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.health import SourceHealth
    from omconsole.signals.reading import Mode

RETRY_FAILED = timedelta(seconds=60)
"""A source that failed is asked again after this, or after its interval if that is shorter."""

DEFAULT_INTERVALS = {"devices": 15 * 60.0, "messages": 15 * 60.0, "overview": 60 * 60.0}
"""Seconds between two polls (design.md §3)."""
SWEEP_INTERVALS = {"devices": 6 * 3600.0, "messages": 6 * 3600.0}
"""Seconds between two sweeps; a source that is not named sweeps each time."""


def sweep_interval(source: str, interval_s: float) -> timedelta:
    """The time between two sweeps of a source."""
    return timedelta(seconds=max(SWEEP_INTERVALS.get(source, interval_s), interval_s))


def must_wait(health: SourceHealth, now: datetime) -> bool:
    """Graph has named a time before which nothing may be asked, and it has not come."""
    return health.status == "throttled" and health.not_before is not None and now < health.not_before


def due_at(health: SourceHealth, attempted: datetime | None, now: datetime) -> datetime:
    """When the source may be asked next; a throttled one never earlier than it was told."""
    if health.status == "throttled" and health.not_before is not None:
        return health.not_before
    last = attempted or health.last_ok
    if last is None:
        return now
    wait = timedelta(seconds=health.interval_s)
    return last + (min(wait, RETRY_FAILED) if health.status == "failed" else wait)


def mode(health: SourceHealth, now: datetime) -> Mode:
    """A sweep when none was good for long enough, else an increment."""
    if health.last_sweep is None or now - health.last_sweep >= sweep_interval(health.name, health.interval_s):
        return "sweep"
    return "increment"


def plan(sources: Iterable[SourceHealth], attempted: dict[str, datetime], now: datetime) -> list[tuple[str, Mode]]:
    """The sources that are due now, each with the way to read it."""
    return [
        (health.name, mode(health, now)) for health in sources if due_at(health, attempted.get(health.name), now) <= now
    ]


def next_due(sources: Iterable[SourceHealth], attempted: dict[str, datetime], now: datetime) -> datetime:
    """When the next source becomes due; far ahead when there is none."""
    times = [due_at(health, attempted.get(health.name), now) for health in sources]
    return min(times, default=now + timedelta(days=1))
