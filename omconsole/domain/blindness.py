"""`console.blind`: sources that cannot be read for too long; those with one reason are one alert (design.md §3)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.health import SourceHealth

KIND: Final = "console.blind"
SOURCE: Final = "rule"
SUBJECT: Final = "console"
INTERVALS: Final = 3
AT_LATEST: Final = timedelta(minutes=30)
"""A source is blind after three of its intervals, after this at the latest."""


def is_blind(health: SourceHealth, now: datetime) -> bool:
    """Tells whether a source has failed for too long; `now` is UTC.

    Throttling is a state of the service, not a blindness. What has never been permitted is a choice of who set the
    console up; what was permitted once and no longer is was taken away.
    """
    if health.status == "forbidden" and health.last_ok is None:
        return False
    if health.status not in {"failed", "forbidden"} or health.since is None:
        return False
    return now - health.since >= min(timedelta(seconds=INTERVALS * health.interval_s), AT_LATEST)


def blindness(sources: Iterable[SourceHealth], now: datetime) -> list[Observation]:
    """What is to be alerted of: one observation a reason, critical when no source at all is left."""
    asked = [health for health in sources if health.status not in {None, "skipped"}]
    unseen: defaultdict[str, list[SourceHealth]] = defaultdict(list)
    for health in asked:
        if is_blind(health, now):
            unseen[health.reason or health.status or ""].append(health)
    all_of_them = sum(map(len, unseen.values())) == len(asked)
    return [_observed(reason, blind, all_of_them) for reason, blind in sorted(unseen.items())]


def _observed(reason: str, blind: list[SourceHealth], all_of_them: bool) -> Observation:
    since = min(health.since for health in blind if health.since is not None)
    return Observation(
        kind=KIND,
        source=SOURCE,
        severity=Severity.CRITICAL if all_of_them else Severity.HIGH,
        subject_type=SUBJECT,
        subject_id=SUBJECT,
        subject_name="omconsole",
        sub_key=reason,
        evidence_at=since,
        first_seen=since,
        facts={
            "sources": sorted(health.name for health in blind),
            "all": all_of_them,
            "error": next((health.error for health in blind if health.error), None),
            "since": iso(since),
        },
    )
