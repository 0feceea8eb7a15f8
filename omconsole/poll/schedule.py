"""When a source is due, and how: pure, from its health and the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from omconsole.domain.health import SourceHealth, is_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omconsole.config import Settings
    from omconsole.signals.reading import Mode

RETRY_FAILED = timedelta(seconds=60)
"""A source that failed is asked again after this, or after its interval if that is shorter."""

NOTHING_AWAITED: Final[Mapping[str, float]] = MappingProxyType({})

DEFAULT_INTERVALS = {
    "devices": 15 * 60.0,
    "service": 2 * 60.0,
    "actions": 30 * 60.0,
    "security": 5 * 60.0,
    "enrollment": 15 * 60.0,
    "users": 15 * 60.0,
    "messages": 15 * 60.0,
    "compliance": 30 * 60.0,
    "apps": 30 * 60.0,
    "audit": 30 * 60.0,
    "osupdates": 30 * 60.0,
    "policies": 30 * 60.0,
    "nopolicy": 30 * 60.0,
    "defender": 30 * 60.0,
    "firewall": 30 * 60.0,
    "malware": 15 * 60.0,
    "connectors": 60 * 60.0,
    "overview": 60 * 60.0,
    "subscription": 60 * 60.0,
}
"""Seconds between two polls (design.md §3)."""
SWEEP_INTERVALS = {
    "devices": 6 * 3600.0,
    "messages": 6 * 3600.0,
    "service": 3600.0,
    "security": 3600.0,
    "audit": 6 * 3600.0,
    "users": 6 * 3600.0,
    "osupdates": 2 * 3600.0,
}
"""Seconds between two sweeps; a source that is not named sweeps each time."""


def configured_sources(settings: Settings) -> list[SourceHealth]:
    """Every source of this version with the profile's interval."""
    return [
        SourceHealth(name=name, interval_s=settings.profile.poll.get(name, interval))
        for name, interval in DEFAULT_INTERVALS.items()
    ]


def sweep_interval(source: str, interval_s: float) -> timedelta:
    """The time between two sweeps of a source."""
    return timedelta(seconds=max(SWEEP_INTERVALS.get(source, interval_s), interval_s))


def waits_until(health: SourceHealth, now: datetime) -> datetime | None:
    """The time before which Graph wants nothing to be asked; None without one.

    With a clock that was set back since Graph said it, the time means nothing: the source may be asked. The client
    still holds requests back by a clock that nobody sets, and Graph names the time again.
    """
    if health.status != "throttled" or (health.since is not None and is_ahead(health.since, now)):
        return None
    return health.not_before


def must_wait(health: SourceHealth, now: datetime) -> bool:
    """Graph has named a time before which nothing may be asked, and it has not come."""
    until = waits_until(health, now)
    return until is not None and now < until


def due_at(
    health: SourceHealth, attempted: datetime | None, now: datetime, again_after_s: float | None = None
) -> datetime:
    """When the source may be asked next; a throttled one never earlier than it was told.

    Args:
        attempted: when it was last asked.
        again_after_s: seconds after which a good poll has asked for the next one, if that is before its interval.
    """
    until = waits_until(health, now)
    if until is not None:
        return until
    last = attempted or health.last_ok
    if last is None or is_ahead(last, now):
        return now
    wait = timedelta(seconds=health.interval_s)
    if again_after_s is not None:
        wait = min(wait, timedelta(seconds=again_after_s))
    return last + (min(wait, RETRY_FAILED) if health.status == "failed" else wait)


def mode(health: SourceHealth, now: datetime) -> Mode:
    """A sweep when none was good for long enough, else an increment."""
    last = health.last_sweep
    if last is None or is_ahead(last, now) or now - last >= sweep_interval(health.name, health.interval_s):
        return "sweep"
    return "increment"


def plan(
    sources: Iterable[SourceHealth],
    attempted: dict[str, datetime],
    now: datetime,
    sooner: Mapping[str, float] = NOTHING_AWAITED,
) -> list[tuple[str, Mode]]:
    """The sources that are due now, each with the way to read it; `sooner` as `again_after_s` of `due_at`, by name."""
    return [
        (health.name, mode(health, now))
        for health in sources
        if due_at(health, attempted.get(health.name), now, sooner.get(health.name)) <= now
    ]


def next_due(
    sources: Iterable[SourceHealth],
    attempted: dict[str, datetime],
    now: datetime,
    sooner: Mapping[str, float] = NOTHING_AWAITED,
) -> datetime:
    """When the next source becomes due; far ahead when there is none. Arguments as of `plan`."""
    times = [due_at(health, attempted.get(health.name), now, sooner.get(health.name)) for health in sources]
    return min(times, default=now + timedelta(days=1))
