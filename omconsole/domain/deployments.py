"""How far apps and policies have come: counts of devices over time, an object at a time; what rollouts are seen by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from omconsole.domain.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEPT = timedelta(days=90)
"""How long counts are kept."""
AT_MOST = 96
"""Counts that are kept of one object; what is long ago is kept more coarsely than what is new."""
STEP = timedelta(hours=6)
"""What changes within this time of the last count is not kept by itself: rollouts go on for days."""

Type = Literal["app", "policy"]


class Deployment(msgspec.Struct, frozen=True, array_like=True):
    """What a report counts of one assigned app or policy, in devices; None where it does not say."""

    type: Type
    id: str
    name: str
    succeeded: int | None = None
    failed: int | None = None
    """Errors and conflicts included."""
    pending: int | None = None


class Count(msgspec.Struct, frozen=True, array_like=True):
    """One count of an object; `at` is UTC."""

    at: datetime
    succeeded: int | None
    failed: int | None
    pending: int | None

    @property
    def devices(self) -> tuple[int | None, int | None, int | None]:
        """Succeeded, failed and pending."""
        return self.succeeded, self.failed, self.pending


class Course(msgspec.Struct, frozen=True):
    """The counts of one object, oldest first, under its newest name."""

    type: Type
    id: str
    name: str
    counts: tuple[Count, ...] = ()


def key_of(type_: str, id_: str) -> str:
    """What an object's course is kept under."""
    return f"{type_}/{id_}"


def counted(courses: Mapping[str, Course], found: Iterable[Deployment], now: datetime) -> Event | None:
    """The event that keeps what has changed since it was last kept (`deployment.counted`); None without anything."""
    news = [each for each in found if _is_news(courses.get(key_of(each.type, each.id)), each, now)]
    return Event(event="deployment.counted", data={"deployments": msgspec.to_builtins(news)}) if news else None


def _is_news(course: Course | None, found: Deployment, now: datetime) -> bool:
    if course is None or not course.counts:
        return True
    last = course.counts[-1]
    return last.devices != (found.succeeded, found.failed, found.pending) and now - last.at >= STEP


def add(courses: dict[str, Course], data: Mapping[str, Any], at: datetime) -> None:
    """Fold a `deployment.counted` of `at` (UTC) in; of too many counts every other one of the older half goes."""
    for each in msgspec.convert(data.get("deployments", ()), list[Deployment]):
        key = key_of(each.type, each.id)
        course = courses.get(key)
        counts = [*(course.counts if course else ()), Count(at, each.succeeded, each.failed, each.pending)]
        if len(counts) > AT_MOST:
            half = len(counts) // 2
            counts[:half] = counts[:half:2]
        kept = tuple(count for count in counts if count.at >= at - KEPT)
        courses[key] = Course(each.type, each.id, each.name, kept)
