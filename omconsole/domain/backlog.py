"""Day one: what was there before the console, how it shrinks, and until when it shall be gone (triage.md)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.domain.figures import Sample

TARGET = timedelta(days=30)
"""The backlog of a first sweep shall be worked off by then."""
FIGURE = "backlog_open"
"""The metric of its open items."""
FOUND = "backlog_found"
"""The metric of the most that ever were open: what the burn-down begins with."""


class Backlog(msgspec.Struct, frozen=True):
    """The burn-down: open problems now and at the beginning, oldest sample first. Times are UTC."""

    open: int
    at_start: int
    since: datetime
    target: datetime
    curve: tuple[float, ...] = ()

    def expected(self, now: datetime) -> int:
        """What should be left at `now`, were it worked off evenly until the target date."""
        whole = (self.target - self.since).total_seconds()
        left = max((self.target - now).total_seconds(), 0.0)
        return round(self.at_start * left / whole) if whole > 0 else 0


def burn_down(samples: Sequence[Sample], found: Sequence[Sample], points: int = 24) -> Backlog | None:
    """The burn-down from the stored metrics (`FIGURE` and `FOUND`); None while nothing has been counted."""
    if not samples or not found:
        return None
    begun = found[-1]
    curve = tuple(sample.value for sample in samples[-points:])
    return Backlog(int(samples[-1].value), int(begun.value), begun.at, begun.at + TARGET, curve)
