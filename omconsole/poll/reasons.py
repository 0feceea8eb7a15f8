"""Why an item fires, when another source than its own knows: laid beside it, and taken away as carefully as an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from omconsole.domain.items import Cause
from omconsole.poll.clearing import ABSENT_SWEEPS, BELIEVED_ABSENT
from omconsole.signals.slices import sliced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omconsole.domain.items import Item, Observation, Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.signals.reading import Reading

FAMILY = "device.compliance"
"""The items whose reasons come from another source."""
SLICE = 50
"""Items looked at between two turns of the loop (about 1 ms)."""


class Reasons:
    """The reasons that sources of reasons have named, by family and subject."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, dict[str, tuple[Cause, ...]]] = {}
        """By family, then subject id, as their source was last read."""
        self._lost: dict[str, int] = {}
        """By key: complete sweeps in a row of the source of reasons that did not name all that an item had."""

    def of(self, key: str, seen: Observation, before: Observation | None) -> tuple[Cause, ...]:
        """What is known of an item that its own source shows, or was known before this process began."""
        known = self._known.get(seen.family)
        if known is None or (before is not None and seen.subject_id not in known):
            return before.causes if before is not None else self._remembered(key, seen)
        return known.get(seen.subject_id, ())

    def _remembered(self, key: str, seen: Observation) -> tuple[Cause, ...]:
        """The reasons by which the history has the item under causes: all that is left when the caches were lost."""
        item = self._ledger.item(key)
        if item is None or seen.family != FAMILY:
            return ()
        return tuple(
            Cause("compliance", cause.subject_id, cause.subject_id, setting=cause.sub_key or None)
            for cause in self._ledger.causes_of(item)
            if cause.kind == "cause.compliance"
        )

    async def take(self, reading: Reading, now: datetime) -> None:
        """Lay what a source knows about another one's items beside them."""
        if reading.enriches is None:
            return
        whole = reading.mode == "sweep" and reading.complete
        fresh = {subject: causes for (subject, family), causes in reading.causes.items() if family == reading.enriches}
        known = self._known.setdefault(reading.enriches, {})
        rows = [
            row
            async for row in sliced(list(self._ledger.rows))
            if row.triage.family == reading.enriches and row.seen is not None
        ]
        less = {
            row.key async for row in sliced(rows) if whole and _names_less(row, fresh.get(row.triage.subject_id, ()))
        }
        doubt = len(less) > BELIEVED_ABSENT and 2 * len(less) > sum(bool(row.seen and row.seen.causes) for row in rows)
        if whole:
            self._known[reading.enriches] = known = dict(fresh)
            self._lost = {key: count for key, count in self._lost.items() if key in less}
        else:
            known.update(fresh)
        async for row in sliced(rows, SLICE):
            self._explain(row, known, reading, whole=whole, less=row.key in less, doubt=doubt, now=now)

    def _explain(
        self,
        row: Item,
        known: dict[str, tuple[Cause, ...]],
        reading: Reading,
        *,
        whole: bool,
        less: bool,
        doubt: bool,
        now: datetime,
    ) -> None:
        """Lay one item's reasons beside it. One that is no longer named goes after two whole sweeps, as items do."""
        subject = row.triage.subject_id
        seen = self._ledger.seen.get(row.key)
        if seen is None or (subject not in known and not less):
            return
        causes = self._since(known.get(subject, ()), seen, row.triage, reading, now)
        if less:
            self._lost[row.key] = self._lost.get(row.key, -1 if doubt else 0) + 1
            if self._lost[row.key] < ABSENT_SWEEPS:
                causes = _and_those_before(causes, seen)
            else:
                del self._lost[row.key]
        elif not whole:  # what is not named may stand in a row that could not be read
            causes = _and_those_before(causes, seen)
        if causes:
            known[subject] = causes
        if seen.causes != causes:
            self._ledger.observe(row.key, replace(seen, causes=causes, last_seen=now))

    def _since(
        self, causes: tuple[Cause, ...], seen: Observation, triage: Triage, reading: Reading, now: datetime
    ) -> tuple[Cause, ...]:
        """The reasons with the time from which an item that fired before has each of them."""
        before = {_reason(each): each.since for each in seen.causes}
        health = self._ledger.sources.get(reading.source)
        last = health.last_sweep if health is not None else None
        joined = now if last is not None and triage.opened_at <= last else None
        return tuple(replace(each, since=before.get(_reason(each), joined)) for each in causes)


def _reason(cause: Cause) -> tuple[str, str, str | None, str | None]:
    return cause.type, cause.id, cause.setting, cause.code


def _and_those_before(causes: tuple[Cause, ...], seen: Observation) -> tuple[Cause, ...]:
    """These reasons, and what an item had beside them."""
    named = {_reason(each) for each in causes}
    return (*causes, *(each for each in seen.causes if _reason(each) not in named))


def _names_less(row: Item, causes: Sequence[Cause]) -> bool:
    """Tell whether an item had a reason that is not among these."""
    had = row.seen.causes if row.seen is not None else ()
    return bool({_reason(each) for each in had} - {_reason(each) for each in causes})
