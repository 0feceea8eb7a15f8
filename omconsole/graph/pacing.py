"""When each workload may be asked: not before Graph's own time, and not above the program's own budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from omconsole.graph.budgets import Full
from omconsole.graph.throttling import Waiting
from omconsole.graph.trouble import paced_until, throttled_until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omconsole.errors import GraphThrottled
    from omconsole.graph.budgets import Budgets, Need
    from omconsole.graph.throttling import Reason, Round


class Pacing:
    """What all requests of one client share: times before which workloads are not asked, and budgets.

    Args:
        clock: monotonic seconds.
        sleep: waits for seconds.
        budgets: of each workload.
        on_event: told of every wait.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        budgets: Budgets,
        on_event: Callable[[Waiting], None] | None,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self._budgets = budgets
        self._on_event = on_event
        self._not_before: dict[str, float] = {}

    def full(self, needs: Sequence[Need], at: float) -> Full | None:
        """Returns which of these requests has to wait for longest at a time; None when all may be sent."""
        full = self._budgets.full(needs, at)
        for need in needs:
            until = self._not_before.get(need.workload, -math.inf)
            if until > max(at, full.until if full else -math.inf):
                full = Full(need.workload, until)
        return full

    async def clear(self, needs: Sequence[Need], turn: Round) -> float:
        """Waits until these requests may be sent, and returns the time that it waited for.

        Raises:
            GraphThrottled: that is later than the round waits.
        """
        at = self.clock()
        while (full := self.full(needs, at)) is not None:
            now = self.clock()
            if not turn.grant(now, full.until):
                raise _too_long(full, full.until - now)
            await self.wait(full.until - at, full.workload, "throttled" if full.limit is None else "budget")
            at = max(full.until, self.clock())
        return at

    def take(self, needs: Sequence[Need], cleared: float) -> bool:
        """Counts requests that are sent now, after `clear`; False when another one came first."""
        at = max(self.clock(), cleared)
        if self.full(needs, at) is not None:
            return False
        self._budgets.take(needs, at)
        return True

    def hold_back(self, workload: str, seconds: float) -> None:
        """Lets nobody ask a workload for so long."""
        until = self.clock() + seconds
        self._not_before[workload] = max(self._not_before.get(workload, -math.inf), until)

    def held_back(self, workload: str) -> GraphThrottled:
        """Returns the error for a workload that Graph holds back, with the time that is left."""
        return throttled_until(max(0.0, self._not_before.get(workload, -math.inf) - self.clock()), workload)

    async def wait(self, seconds: float, workload: str, reason: Reason) -> None:
        """Waits, and tells so."""
        if self._on_event is not None:
            self._on_event(Waiting(workload, seconds, reason))
        await self._sleep(seconds)


def _too_long(full: Full, seconds: float) -> GraphThrottled:
    if full.limit is None:
        return throttled_until(seconds, full.workload)
    return paced_until(seconds, full.workload, full.limit)
