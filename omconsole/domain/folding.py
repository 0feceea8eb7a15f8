"""What folds under what: members under causes, a stale device's items under its staleness, failures under an outage.

Derived from triage states and observations alone, so that replay gives the same. A change of one parent concerns
thousands of rows: they are marked here and placed anew by `Ledger.settling`, in steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain.identity import ID_LENGTH
from omconsole.domain.inhibition import KIND as INCIDENT
from omconsole.domain.inhibition import Incident, incident
from omconsole.domain.items import Condition, Severity
from omconsole.domain.kinds import NEVER_BACKLOG, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omconsole.domain.items import Item, Observation, Triage

STALE = "device.stale"


class Folding:
    """The parents of every open item, kept up to date event by event."""

    def __init__(self, triage: dict[str, Triage]) -> None:
        self._triage = triage
        self._causes: dict[str, tuple[str, ...]] = {}
        """By the first characters of a member's key: the keys of its causes."""
        self._stale: dict[str, str] = {}
        """By device id: the id of the item that says that it is stale."""
        self._items_of: dict[str, tuple[str, ...]] = {}
        """By device id: the keys of its open items."""
        self._incidents: dict[str, Incident] = {}
        self.marked: dict[str, None] = {}
        """First characters of the keys whose rows are to be placed anew."""
        self.marks_all = False

    def take(self, before: Triage | None, after: Triage, seen: Observation | None) -> None:
        """An item has changed: remember what it folds, and mark the rows that this concerns."""
        if after.subject_type == "device":
            self._take_device(after)
        if after.is_cause:
            self._take_cause(before, after)
        elif after.kind == STALE:
            self._take_stale(after)
        elif after.kind == INCIDENT or (before is not None and before.kind == INCIDENT):
            self.take_incident(after, seen)

    def take_incident(self, triage: Triage, seen: Observation | None) -> None:
        """An incident begins, ends, or turns out to be about something else."""
        now, before = incident(triage, seen), self._incidents.get(triage.key)
        if now == before:
            return
        if now is None:
            del self._incidents[triage.key]
        else:
            self._incidents[triage.key] = now
        self.marks_all = True

    def parents(self, triage: Triage, seen: Observation | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ids that an open item folds under, and those of incidents that a critical one is only marked with."""
        exempt = _is_exempt(triage)
        stale = self._stale.get(triage.subject_id) if triage.subject_type == "device" else None
        if stale is not None and stale != triage.id and not exempt and not triage.detached:
            return (stale,), ()
        if not triage.detached and (causes := self._causes_of(triage, seen)):
            return causes, ()
        if kind_of(triage.kind).pane != "issues" or not self._incidents:
            return (), ()
        opened = triage.first_seen if triage.backlog else triage.opened_at
        outages = tuple(each.id for each in self._incidents.values() if each.explains(triage.evidence_source, opened))
        if exempt:
            return (), outages
        return (outages, ()) if not triage.detached else ((), ())

    def is_under_stale(self, item: Item) -> bool:
        """Tell whether an item is left out of counts, since its device is stale."""
        stale = self._stale.get(item.triage.subject_id) if item.triage.subject_type == "device" else None
        return stale is not None and stale != item.triage.id and not _is_exempt(item.triage)

    def causes_of(self, triage: Triage) -> list[Triage]:
        """The causes that have an item as a member, whatever its source shows of it."""
        return [self._triage[key] for key in self._causes.get(triage.key[:ID_LENGTH], ())]

    def prepare(self, seen: dict[str, Observation]) -> Iterator[None]:
        """Learn from scratch what all items fold, in steps of some 100 of them; nothing is marked afterwards."""
        for index, triage in enumerate(self._triage.values()):
            if triage.is_open:
                self.take(None, triage, seen.get(triage.key))
            if index % 200 == 199:
                yield
        self.marked.clear()
        self.marks_all = False

    def _causes_of(self, triage: Triage, seen: Observation | None) -> tuple[str, ...]:
        """An item folds when every cause that it has is firing."""
        keys = self._causes.get(triage.key[:ID_LENGTH])
        if not keys or triage.condition is Condition.CLEAR:
            return ()
        causes = [self._triage[key] for key in keys]
        if not all(_folds(cause) for cause in causes):
            return ()
        known = len(seen.causes) if seen is not None and causes[0].kind != "cause.kind" else 0
        return tuple(cause.id for cause in causes) if len(causes) >= known else ()

    def _take_cause(self, before: Triage | None, after: Triage) -> None:
        then: tuple[str, ...] = before.members if before is not None and before.is_open else ()
        now: tuple[str, ...] = after.members if after.is_open else ()
        if then is not now:
            held = set(now)
            for left in then:
                if left not in held:
                    self._leave(left, after.key)
            for joined in now:
                keys = self._causes.get(joined, ())
                if after.key not in keys:
                    self._causes[joined] = (*keys, after.key)
                    self.marked[joined] = None
        if before is None or _folds(before) != _folds(after) or before.id != after.id:
            self.marked.update(dict.fromkeys(now))

    def _leave(self, member: str, cause: str) -> None:
        rest = tuple(key for key in self._causes.get(member, ()) if key != cause)
        if rest:
            self._causes[member] = rest
        else:
            self._causes.pop(member, None)
        self.marked[member] = None

    def _take_stale(self, triage: Triage) -> None:
        firing = triage.is_open and triage.condition is Condition.FIRING
        before = self._stale.get(triage.subject_id)
        if before == (triage.id if firing else None):
            return
        if firing:
            self._stale[triage.subject_id] = triage.id
        else:
            del self._stale[triage.subject_id]
        self._mark(key for key in self._items_of.get(triage.subject_id, ()) if key != triage.key)

    def _take_device(self, triage: Triage) -> None:
        keys = self._items_of.get(triage.subject_id, ())
        if triage.is_open and triage.key not in keys:
            self._items_of[triage.subject_id] = (*keys, triage.key)
        elif not triage.is_open and triage.key in keys:
            rest = tuple(key for key in keys if key != triage.key)
            if rest:
                self._items_of[triage.subject_id] = rest
            else:
                del self._items_of[triage.subject_id]

    def _mark(self, keys: Iterable[str]) -> None:
        self.marked.update(dict.fromkeys(key[:ID_LENGTH] for key in keys))


def _is_exempt(triage: Triage) -> bool:
    """Malware, threat, jailbreak and criticals never fold under a stale device or an incident, nor do their causes."""
    return triage.severity is Severity.CRITICAL or bool({triage.kind, triage.subject_id} & NEVER_BACKLOG)


def _folds(cause: Triage) -> bool:
    """A cause folds its members while it fires, whatever its handling; one resolved while firing counts as gone."""
    return cause.is_open and cause.condition is Condition.FIRING
