"""After a round: what many items have in common becomes, stays or ceases to be a cause, and old CLEARED items end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.domain import causes as law
from omconsole.domain.backlog import FIGURE, FOUND
from omconsole.domain.figures import sampled
from omconsole.domain.identity import ID_LENGTH
from omconsole.domain.items import Condition
from omconsole.domain.kinds import kind_of
from omconsole.domain.standings import standings
from omconsole.domain.triage import EXPLAINED, FIXED, on_clear, on_time
from omconsole.poll.blindness import take_blindness
from omconsole.poll.blocked import explain_blocked
from omconsole.signals.slices import sliced
from omconsole.store.slices import in_slices
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omconsole.domain.changes import Change, Resource
    from omconsole.domain.events import Event
    from omconsole.domain.items import Item, Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.standings import CauseThresholds, Standing
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
        self._touching: dict[str, list[tuple[Change, Resource]]] = {}
        """By the id of what it touched: the changes that are known."""

    async def after_round(self, now: datetime, *, unswept: frozenset[str], swept: frozenset[str]) -> None:
        """Look at every open item, and append what follows.

        Args:
            unswept: the sources that no complete sweep had read before this round.
            swept: the sources that the round has read wholly.

        Raises:
            StateError: it cannot be written.
        """
        await explain_blocked(self._ledger, now)
        rows = list(self._ledger.rows)
        found = await in_slices(
            standings(
                rows,
                under_stale=self._ledger.is_under_stale,
                held=self._ledger.causes_of,
                thresholds=self._thresholds,
            )
        )
        shown = set()
        self._grown = False
        self._touching = {}
        async for change in sliced(list(self._ledger.changes.values())):
            for resource in change.resources:
                self._touching.setdefault(resource.id, []).append((change, resource))
        for standing in found:
            key = standing.key(self._tenant)
            shown.add(key)
            await self._stands(key, standing, now, unswept=unswept, swept=swept)
        await self._gone(rows, shown, now)
        await take_blindness(self._tenant, self._ledger, self._store, now)
        await in_slices(self._ledger.settling())
        await self._count_backlog(now)

    async def _stands(
        self, key: str, standing: Standing, now: datetime, *, unswept: frozenset[str], swept: frozenset[str]
    ) -> None:
        before = self._ledger.seen.get(key)
        seen = law.observe(
            standing,
            before,
            now,
            fleet=self._fleet(),
            thresholds=self._thresholds,
            changes=self._touching.get(standing.identity.id, ()),
        )
        if seen is not before:
            self._ledger.observe(key, seen)
        sources = {kind_of(standing.identity.kind).source, kind_of(standing.identity.id).source, "devices"}
        first = bool(sources & unswept)

        def decide() -> list[Event]:
            current = self._ledger.triage.get(key)
            if current is not None and self._is_resolved_by_hand(current, swept):
                return []
            return law.decide(current, key, seen, standing, now, first_sweep=first)

        if follows := decide():
            self._grown = self._grown or any(each.event == "item.opened" or each.data.get("joined") for each in follows)
            await self._append(decide, now)
        await next_turn()

    def _is_resolved_by_hand(self, current: Triage, swept: frozenset[str]) -> bool:
        """T11: what somebody resolved while it fired comes back when the second sweep after that still shows it."""
        if current.is_open or current.condition is not Condition.FIRING:
            return False
        source = current.evidence_source
        health = self._ledger.sources.get(source)
        if health is None or source not in swept or current.resolved_at is None or health.last_sweep is None:
            return True
        return health.last_sweep <= current.resolved_at

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
        return int(self._newest(FLEET))

    async def _count_backlog(self, now: datetime) -> None:
        """The burn-down: a sample whenever the number of open backlog items has changed."""
        count = 0
        async for row in sliced(list(self._ledger.rows)):
            count += row.triage.backlog and not row.is_cause
        values = {}
        if self._newest(FIGURE) != count:
            values[FIGURE] = float(count)
        if self._newest(FOUND) < count:
            values[FOUND] = float(count)
        if values:
            await self._append(lambda: [sampled(values)], now)

    def _newest(self, figure: str) -> float:
        samples = self._ledger.metrics.get(figure)
        return samples[-1].value if samples else 0.0
