"""How much is asked of each workload: below Graph's limits for one program, since others share the tenant's.

The figures are four fifths of what graph.md §15 names for one app in one tenant. A report action counts as a write,
until a tenant shows otherwise (graph.md §5).
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STEP: Final = 10
"""Who waits for a full window waits until a tenth of it is free: hundreds of requests then wake up seldom."""


class Limit(msgspec.Struct, frozen=True):
    """So many requests in any so many seconds."""

    requests: int
    seconds: float


class Budget(msgspec.Struct, frozen=True):
    """What one workload may be asked."""

    every: tuple[Limit, ...]
    """Reads and writes together."""
    writes: tuple[Limit, ...] = ()


class Need(msgspec.Struct, frozen=True):
    """Requests that are sent together."""

    workload: str
    write: bool = False
    count: int = 1


class Full(msgspec.Struct, frozen=True):
    """A workload that has to wait."""

    workload: str
    until: float
    limit: Limit | None = None
    """None where Graph has named the time."""


EXPORTS: Final = "reportExports"
"""The workload of export jobs."""

OTHERS: Final = Budget((Limit(800, 20),), (Limit(80, 20),))
"""Intune's other families: applications, auditing, configuration, enrolment, troubleshooting, and the reports."""

BUDGETS: Final[Mapping[str, Budget]] = {
    "devices": Budget((Limit(1600, 20),), (Limit(160, 20),)),
    "serviceAnnouncement": Budget((Limit(192, 60), Limit(640, 3600))),
    EXPORTS: Budget((Limit(40, 60),)),
    "security": Budget((Limit(120, 60),)),
}


class _Window:
    """The times of the last requests under one limit, in monotonic seconds."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._times: deque[float] = deque(maxlen=limit.requests)

    def free_at(self, at: float, count: int) -> float:
        """Returns when so many requests may be sent, `at` if now."""
        times, size = self._times, self.limit.requests
        lacking = min(count, size) - (size - len(times))
        if lacking <= 0 or times[lacking - 1] + self.limit.seconds <= at:
            return at
        step = min(max(lacking, size // _STEP), len(times))
        return max(at, times[step - 1] + self.limit.seconds)

    def take(self, at: float, count: int) -> None:
        self._times.extend([at] * min(count, self.limit.requests))


class Budgets:
    """Sliding windows of what was sent, by workload; `at` are monotonic seconds.

    Args:
        table: by workload.
        others: for every other workload.
    """

    def __init__(self, table: Mapping[str, Budget] = BUDGETS, others: Budget = OTHERS) -> None:
        self._table = table
        self._others = others
        self._windows: dict[str, tuple[list[_Window], list[_Window]]] = {}

    def full(self, needs: Iterable[Need], at: float) -> Full | None:
        """Returns which of these requests has to wait for longest; None when all may be sent."""
        worst: Full | None = None
        for need in needs:
            for window in self._of(need):
                until = window.free_at(at, need.count)
                if until > max(at, worst.until if worst else -math.inf):
                    worst = Full(need.workload, until, window.limit)
        return worst

    def take(self, needs: Iterable[Need], at: float) -> None:
        """Counts requests that are sent now."""
        for need in needs:
            for window in self._of(need):
                window.take(at, need.count)

    def _of(self, need: Need) -> list[_Window]:
        windows = self._windows.get(need.workload)
        if windows is None:
            budget = self._table.get(need.workload, self._others)
            windows = list(map(_Window, budget.every)), list(map(_Window, budget.writes))
            self._windows[need.workload] = windows
        every, writes = windows
        return [*every, *writes] if need.write else every
