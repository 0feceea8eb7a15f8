"""After a round: what many items have in common becomes, stays or ceases to be a cause, and old CLEARED items end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.domain import causes as law
from omconsole.domain.backlog import FIGURE
from omconsole.domain.figures import sampled
from omconsole.domain.identity import ID_LENGTH
from omconsole.domain.items import Condition
from omconsole.domain.kinds import kind_of
from omconsole.domain.triage import EXPLAINED, FIXED, on_clear, on_time
from omconsole.poll.intake import sliced
from omconsole.store.slices import in_slices

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omconsole.domain.causes import CauseThresholds, Standing
    from omconsole.domain.events import Event
    from omconsole.domain.items import Item, Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.store import Store

EXPLAINED_BY = {"device.compliance": "compliance"}
"""By family: the source that says why its items fire."""
AUDIT = "audit"
AUDIT_WHILE_GROWING = timedelta(minutes=5)
FLEET = "active_devices"
"""The metric that says how many devices were seen lately: the fleet that shares are of."""


class Causing:
    """Keeps the cause items of one tenant. One round's changes of a cause are one event."""

    def __init__(self, tenant: str, ledger: Ledger, store: Store, thresholds: CauseThresholds) -> None:
        self._tenant = tenant
        self._ledger = ledger
        self._store = store
        self._thresholds = thresholds
        self.wanted: frozenset[str] = frozenset()
        """Sources that may know why what fires does: they are worth asking before their time."""
        self._grown = False
        """A cause opened or grew in this round."""
        self._waits: dict[str, int] = {}
        """T11, by key: rounds in which a cause that somebody resolved while it fired has gone on firing."""

    async def after_round(self, now: datetime, *, unswept: frozenset[str], swept: bool) -> None:
        """Look at every open item, and append what follows.

        Args:
            unswept: the sources that no complete sweep had read before this round.
            swept: the round held a sweep; T11 counts those.

        Raises:
            StateError: it cannot be written.
        """
        rows = list(self._ledger.rows)
        standings = await in_slices(
            law.standings(
                rows,
                under_stale=self._ledger.is_under_stale,
                is_firing=self._is_firing,
                thresholds=self._thresholds,
            )
        )
        shown = set()
        self._grown = False
        for standing in standings:
            key = standing.key(self._tenant)
            shown.add(key)
            await self._stands(key, standing, now, unswept=unswept, swept=swept)
        await self._gone(rows, shown, now)
        await in_slices(self._ledger.settling())
        await self._count_backlog(now)

    def _is_firing(self, identity: law.CauseId) -> bool:
        current = self._ledger.triage.get(law.Standing(identity, "").key(self._tenant))
        return current is not None and current.is_open and current.condition is Condition.FIRING

    async def _stands(
        self, key: str, standing: Standing, now: datetime, *, unswept: frozenset[str], swept: bool
    ) -> None:
        before = self._ledger.seen.get(key)
        seen = law.observe(
            standing,
            before,
            now,
            fleet=self._fleet(),
            thresholds=self._thresholds,
            changes=self._ledger.changes.values(),
        )
        if seen is not before:
            self._ledger.observe(key, seen)
        if self._is_resolved_by_hand(key, swept=swept):
            return
        sources = {kind_of(standing.identity.kind).source, kind_of(standing.identity.id).source, "devices"}
        first = bool(sources & unswept)

        def decide() -> list[Event]:
            return law.decide(self._ledger.triage.get(key), key, seen, standing, now, first_sweep=first)

        if follows := decide():
            self._grown = self._grown or any(each.event == "item.opened" or each.data.get("joined") for each in follows)
            await self._append(decide, now)
        await asyncio.sleep(0)

    def _is_resolved_by_hand(self, key: str, *, swept: bool) -> bool:
        """T11: what somebody resolved while it fired comes back when two sweeps later it still does."""
        current = self._ledger.triage.get(key)
        if current is None or current.is_open or current.condition is not Condition.FIRING:
            self._waits.pop(key, None)
            return False
        self._waits[key] = self._waits.get(key, 0) + swept
        return self._waits[key] < 2

    async def _gone(self, rows: list[Item], shown: set[str], now: datetime) -> None:
        """Causes whose last member has gone, and what has been CLEARED for long enough."""
        firing: set[str] = set()
        ending: list[Item] = []
        wanted: set[str] = set()
        async for row in sliced(rows):
            if row.is_cause or row.triage.condition is Condition.CLEAR:
                ending.append(row)
            elif row.triage.condition is Condition.FIRING:
                firing.add(row.key[:ID_LENGTH])
                wanted.update(self._who_may_know(row))
        self.wanted = frozenset(wanted | self._who_changed_it(now))
        for row in ending:
            key = row.key
            if row.is_cause and key not in shown and row.triage.condition is Condition.FIRING:
                reason = FIXED if firing.isdisjoint(row.triage.members) else EXPLAINED
                await self._append_one(key, lambda current, reason=reason: on_clear(current, reason), now)  # type: ignore[misc]
            elif row.triage.condition is Condition.CLEAR and on_time(row.triage, now) is not None:
                await self._append_one(key, lambda current: on_time(current, now), now)

    def _who_may_know(self, row: Item) -> tuple[str, ...]:
        """The source that has not been read since the item opened, and may say why it fires."""
        source = EXPLAINED_BY.get(row.triage.family)
        if source is None or (row.seen is not None and row.seen.causes):
            return ()
        health = self._ledger.sources.get(source)
        if health is None or health.status != "ok" or health.last_ok is None:
            return ()  # what fails has its own time to be asked again
        return (source,) if health.last_ok < row.triage.opened_at else ()

    def _who_changed_it(self, now: datetime) -> set[str]:
        """While a cause grows the audit log is read every five minutes (design.md §3)."""
        health = self._ledger.sources.get(AUDIT)
        if not self._grown or health is None or health.status != "ok" or health.last_ok is None:
            return set()
        return {AUDIT} if now - health.last_ok >= AUDIT_WHILE_GROWING else set()

    async def _append_one(self, key: str, decide: Callable[[Triage], Event | None], now: datetime) -> None:
        def fresh() -> list[Event]:
            current = self._ledger.triage.get(key)
            event = decide(current) if current is not None else None
            return [event] if event is not None else []

        await self._append(fresh, now)
        current = self._ledger.triage.get(key)
        if current is not None and not current.is_open:
            self._ledger.forget_observation(key)

    async def _append(self, decide: Callable[[], list[Event]], now: datetime) -> None:
        """Decided again under the lock: another process may have acted since."""
        async with self._store.writing(self._ledger, durable=False) as writing:
            writing.append(decide(), now)

    def _fleet(self) -> int:
        samples = self._ledger.metrics.get(FLEET)
        return int(samples[-1].value) if samples else 0

    async def _count_backlog(self, now: datetime) -> None:
        """The burn-down: a sample whenever the number of open backlog items has changed."""
        count = 0
        async for row in sliced(list(self._ledger.rows)):
            count += row.triage.backlog and not row.is_cause
        samples = self._ledger.metrics.get(FIGURE)
        if (samples[-1].value if samples else 0) != count:
            await self._append(lambda: [sampled({FIGURE: float(count)})], now)
