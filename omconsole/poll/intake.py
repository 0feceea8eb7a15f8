"""From a reading to events: the poller's half of the law, in slices that never hold the loop or the lock for long."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from omconsole.domain.changes import KEPT
from omconsole.domain.deployments import counted
from omconsole.domain.figures import sampled
from omconsole.domain.identity import item_key
from omconsole.domain.items import Condition, Handling
from omconsole.domain.triage import FIXED, OBJECT_GONE, on_clear, on_firing
from omconsole.domain.updates import on_post
from omconsole.i18n import _, number
from omconsole.poll.clearing import ABSENT_SWEEPS, BELIEVED_ABSENT
from omconsole.poll.reasons import Reasons
from omconsole.signals.slices import sliced
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omconsole.domain.events import Event
    from omconsole.domain.items import Observation, Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.signals.reading import Reading
    from omconsole.store import Store

    Decide = Callable[[str], Event | None]

EVENTS_A_HOLD = 50
"""At most this many events are appended while the state lock is held once, so that people's verbs get in between."""
SLICE = 50
"""Observations looked at between two turns of the loop (about 1 ms)."""
NEARLY_ALL = 0.99
"""A sweep by another principal proves absence only with this share of the last good sweep's objects."""
CHANGES_AT_MOST = 5_000
"""Audit events that are kept, the newest."""


class Tally(msgspec.Struct):
    """What one reading changed."""

    opened: int = 0
    changed: int = 0
    cleared: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.opened or self.changed or self.cleared)


class Intake:
    """Takes readings in, one at a time, into the ledger and the journal of one tenant.

    What it appends is durable with the `poll.finished` of the round; after a power cut the next poll finds it again.
    """

    def __init__(self, tenant: str, ledger: Ledger, store: Store) -> None:
        self._tenant = tenant
        self._ledger = ledger
        self._store = store
        self._absent: dict[str, int] = {}
        """By key, where no observation keeps it: complete sweeps in a row that did not show the item."""
        self._doubted: defaultdict[str, set[str]] = defaultdict(set)
        """By source: the keys that another sweep decides about."""
        self._reasons = Reasons(ledger)

    async def take(self, reading: Reading, now: datetime) -> Tally:
        """Everything that the reading means. Observations of known items are replaced at once, without an event."""
        tally = Tally()
        self._distrust(reading)
        found: dict[str, Observation] = {}
        async for seen in sliced(reading.observations):
            found[self._key(seen)] = seen
        await self._firing(reading, found, now, tally)
        await self._no_longer(reading, found, now, tally)
        await self._explicitly_over(reading, now, tally)
        await self._reasons.take(reading, now)
        self._keep_changes(reading, now)
        await self._feed(reading, now, tally)
        if reading.figures:
            await self._append([sampled(reading.figures)], now)
        if (counts := counted(self._ledger.deployments, reading.deployments, now)) is not None:
            await self._append([counts], now)
        return tally

    def _distrust(self, reading: Reading) -> None:
        """The clear rule: who sees less of the tenant than whoever swept it before proves no absence."""
        known = self._ledger.sources.get(reading.source)
        if reading.mode != "sweep" or not reading.complete or known is None or known.sweep_principal is None:
            return
        if reading.principal != known.sweep_principal and reading.items < NEARLY_ALL * known.sweep_items:
            reading.status, reading.complete = "partial", False
            reading.cleared.clear()  # a count of 0 is what this one sees, too
            reading.error = _(
                "This sign-in sees {n} of the {known} objects that another one saw; none is taken to be gone."
            ).format(n=number(reading.items), known=number(known.sweep_items))

    def _key(self, seen: Observation) -> str:
        return item_key(self._tenant, seen.source, seen.family, seen.subject_type, seen.subject_id, seen.sub_key)

    async def _firing(self, reading: Reading, found: dict[str, Observation], now: datetime, tally: Tally) -> None:
        def decide(key: str) -> Event | None:
            seen, current = found[key], self._triage(key)
            if not reading.has_read(seen):
                return by_time_alone(current, key, seen, now)
            if current is not None and self._is_resolved_by_hand(reading, current):
                return None
            return on_firing(current, key, seen, now, backlog=self._is_backlog(reading, seen, now))

        keys = list(found)
        for start in range(0, len(keys), SLICE):
            news = []
            for key in keys[start : start + SLICE]:
                follows = decide(key) is not None
                if reading.has_read(found[key]):
                    self._is_there(reading.source, key)
                if follows or reading.has_read(found[key]):
                    self._observe(key, found[key], now)
                if follows:
                    news.append(key)
            await next_turn()
            # Decided again under the lock: another process may have acted since.
            await self._append_for(news, decide, now, tally)
            await next_turn()

    def _observe(self, key: str, seen: Observation, now: datetime) -> None:
        """Replace the observation only when it says something new, so that unchanged rows stay the same objects."""
        before = self._ledger.seen.get(key)
        causes = seen.causes or self._reasons.of(key, seen, before)
        fresh = replace(seen, last_seen=before.last_seen if before else now, causes=causes)
        if before != fresh:
            self._ledger.observe(key, replace(fresh, last_seen=now))

    def _is_backlog(self, reading: Reading, seen: Observation, now: datetime) -> bool:
        """Day one: no complete sweep of the source has ever looked for this kind, or by this threshold."""
        health = self._ledger.sources.get(reading.source)
        if health is None or health.last_sweep is None:
            return True
        if health.kinds and seen.kind not in health.kinds:
            return True
        before = health.thresholds.get("stale_days", ())
        if seen.kind != "device.stale" or not before or seen.evidence_at is None:
            return False
        # Of a changed threshold's finds only those that the former one would have made are news.
        return before != reading.thresholds.get("stale_days") and now - seen.evidence_at < timedelta(days=before[0])

    def _is_resolved_by_hand(self, reading: Reading, current: Triage) -> bool:
        """T11: what somebody resolved while it fired comes back when the second sweep after that still shows it."""
        if current.handling is not Handling.RESOLVED or current.condition is not Condition.FIRING:
            return False
        health = self._ledger.sources.get(reading.source)
        if reading.mode != "sweep" or health is None or health.last_sweep is None or current.resolved_at is None:
            return True
        return health.last_sweep <= current.resolved_at

    async def _explicitly_over(self, reading: Reading, now: datetime, tally: Tally) -> None:
        """Single items of which the source says that they are over."""
        reasons = {
            item_key(
                self._tenant, reading.source, each.family, each.subject_type, each.subject_id, each.sub_key
            ): each.reason
            async for each in sliced([] if reading.doubtful else reading.cleared)
        }

        def decide(key: str) -> Event | None:
            current = self._triage(key)
            return None if current is None else on_clear(current, reasons[key])

        known = [key async for key in sliced(list(reasons)) if self._fires(key)]
        await self._append_for(known, decide, now, tally)

    def _fires(self, key: str) -> bool:
        current = self._triage(key)
        return current is not None and current.is_open and current.condition is Condition.FIRING

    def _keep_changes(self, reading: Reading, now: datetime) -> None:
        if not reading.changes:
            return
        known = self._ledger.changes
        known.update((change.id, change) for change in reading.changes if now - change.at <= KEPT)
        newest = sorted(known.values(), key=lambda change: change.at, reverse=True)[:CHANGES_AT_MOST]
        known.clear()
        known.update((change.id, change) for change in newest if now - change.at <= KEPT)

    async def _no_longer(self, reading: Reading, found: dict[str, Observation], now: datetime, tally: Tally) -> None:
        """The clear rule over the source's firing items that the reading does not show."""
        absent, firing = await self._absent_from(reading, found)
        if reading.mode == "sweep" and reading.complete:
            await self._doubt(absent, firing, reading)
        reasons: dict[str, str] = {}
        async for triage in sliced(list(absent.values()), SLICE):
            if (reason := self._gone(reading, triage)) is not None:
                reasons[triage.key] = reason
        doubted = self._doubted[reading.source]
        async for key in sliced(list(doubted)):
            if key not in absent or key in reasons:
                doubted.discard(key)
        if doubted and reading.mode == "sweep":
            reading.status, reading.complete = "partial", False
            reading.error = _(
                "More than half of the problems of this source ({n}) vanished at once; another whole list decides."
            ).format(n=number(len(doubted)))

        def decide(key: str) -> Event | None:
            current = self._triage(key)
            return None if current is None else on_clear(current, reasons[key])

        await self._append_for(list(reasons), decide, now, tally)

    async def _absent_from(self, reading: Reading, found: dict[str, Observation]) -> tuple[dict[str, Triage], int]:
        """The source's firing items that the reading did not show, by key, and how many fire in all."""
        absent: dict[str, Triage] = {}
        firing = 0
        async for row in sliced(list(self._ledger.rows)):
            if row.is_cause or row.triage.source != reading.source:
                continue  # causes end with their members, not with what a source shows
            if row.triage.condition is Condition.FIRING:
                firing += 1
                if row.key not in found or not reading.has_read(found[row.key]):
                    absent[row.key] = row.triage
        return absent, firing

    async def _doubt(self, absent: dict[str, Triage], firing: int, reading: Reading) -> None:
        """When most of a source's items vanish at once, the source is suspicious before they are gone."""
        vanished = [
            triage.key
            async for triage in sliced(list(absent.values()))
            if not reading.speaks_of(triage.subject_id, triage.sub_key) and self._absences(triage.key) is None
        ]
        if len(vanished) > BELIEVED_ABSENT and 2 * len(vanished) > firing:
            async for key in sliced(vanished):
                self._doubted[reading.source].add(key)

    def _is_there(self, source: str, key: str) -> None:
        self._absent.pop(key, None)
        self._doubted[source].discard(key)
        seen = self._ledger.seen.get(key)
        if seen is not None and seen.absences:
            self._ledger.observe(key, replace(seen, absences=0))

    def _gone(self, reading: Reading, triage: Triage) -> str | None:
        """Why the item is confirmed clear, or None while it is not."""
        if reading.doubtful:
            return None
        if reading.speaks_of(triage.subject_id, triage.sub_key):
            self._is_there(reading.source, triage.key)
            if (triage.subject_id, triage.family) not in reading.withheld:
                return FIXED
            self._was_not_shown(reading, triage.key)
            return None
        if reading.mode != "sweep" or not reading.complete:
            return None
        self._was_not_shown(reading, triage.key)
        known = self._absences(triage.key)
        count = 1 + (known if known is not None else -(triage.key in self._doubted[reading.source]))
        self._keep_absences(triage.key, count)
        if count < ABSENT_SWEEPS:
            return None
        return FIXED if triage.subject_id in reading.present else OBJECT_GONE

    def _absences(self, key: str) -> int | None:
        """Complete sweeps in a row that did not show the item, doubted ones one lower; None while none has."""
        if key in self._absent:
            return self._absent[key]
        seen = self._ledger.seen.get(key)
        return seen.absences if seen is not None and seen.absences else None

    def _keep_absences(self, key: str, count: int) -> None:
        """Beside the observation, so that the next process goes on counting; a count of none it begins anew."""
        self._absent[key] = count
        seen = self._ledger.seen.get(key)
        if seen is not None:
            self._ledger.observe(key, replace(seen, absences=count))

    def _was_not_shown(self, reading: Reading, key: str) -> None:
        """Keep when a sweep last showed the item, before one that did not becomes the last."""
        seen = self._ledger.seen.get(key)
        item = self._ledger.item(key)
        if reading.mode == "sweep" and seen is not None and item is not None and not seen.missing:
            last = item.last_seen(self._ledger.sources[reading.source].last_sweep)
            self._ledger.observe(key, replace(seen, missing=True, last_seen=last))

    async def _feed(self, reading: Reading, now: datetime, tally: Tally) -> None:
        known = self._ledger.known_posts
        health = self._ledger.sources.get(reading.source)
        first = health is None or health.last_sweep is None
        drafts = []
        for post in reading.posts:
            event = on_post(known.get(post.id), post.id in known, post, backlog=first)
            if event is not None:
                drafts.append(event)
                tally.opened += event.event == "update.posted"
                tally.changed += event.event == "update.revised"
            if self._ledger.posts.get(post.id) != post:
                self._ledger.posts[post.id] = post
                self._ledger.revision += 1
        if reading.mode == "sweep" and reading.complete and reading.posts:
            self._forget_posts({post.id for post in reading.posts})
        for start in range(0, len(drafts), EVENTS_A_HOLD):
            await self._append(drafts[start : start + EVENTS_A_HOLD], now)

    def _forget_posts(self, shown: set[str]) -> None:
        """Microsoft withdraws posts when their time is over; what people read stays in the history."""
        for gone in [id_ for id_ in self._ledger.posts if id_ not in shown]:
            del self._ledger.posts[gone]

    def _triage(self, key: str) -> Triage | None:
        return self._ledger.triage.get(key)

    async def _append_for(self, keys: list[str], decide: Decide, now: datetime, tally: Tally) -> None:
        for start in range(0, len(keys), EVENTS_A_HOLD):
            async with self._store.writing(self._ledger, durable=False) as writing:
                drafts = [draft for key in keys[start : start + EVENTS_A_HOLD] if (draft := decide(key)) is not None]
                writing.append(drafts, now)
            self._count(drafts, tally)
            await next_turn()

    async def _append(self, drafts: Sequence[Event], now: datetime) -> None:
        async with self._store.writing(self._ledger, durable=False) as writing:
            writing.append(drafts, now)

    def _count(self, drafts: list[Event], tally: Tally) -> None:
        for draft in drafts:
            if draft.event == "item.opened":
                tally.opened += 1
            elif draft.event == "item.cleared":
                tally.cleared += 1
                self._absent.pop(draft.key or "", None)
                current = self._ledger.triage.get(draft.key or "")
                if current is not None and current.handling is Handling.RESOLVED:
                    self._ledger.forget_observation(current.key)
            else:
                tally.changed += 1


def by_time_alone(current: Triage | None, key: str, seen: Observation, now: datetime) -> Event | None:
    """The event that follows for an object that was not read again: time opens and worsens, and undoes nothing.

    What is kept of the object between polls may be older than the history, which wins: an item that cleared fires
    again only for what began after that.
    """
    if current is not None and current.is_open and current.condition is Condition.FIRING:
        worse = current.kind == seen.kind and seen.severity.rank > current.severity.rank
        return on_firing(current, key, seen, now) if worse else None
    ended = None if current is None else current.cleared_at or current.resolved_at
    if ended is not None and (seen.first_seen is None or seen.first_seen <= ended):
        return None
    return on_firing(current, key, seen, now)
