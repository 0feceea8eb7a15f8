"""Ids as people type them: exact, or a unique prefix of four characters or more (design.md §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain.checklist import AREAS, TASKS
from omconsole.domain.identity import normalised
from omconsole.domain.items import Item
from omconsole.errors import UsageError
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store.lookup import SHORTEST_PREFIX, meant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from omconsole.domain.items import Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.occurrences import Occurrence
    from omconsole.domain.rows import Row

CANDIDATES_SHOWN = 8


def resolve(typed: str, items: Sequence[Triage], post_ids: Callable[[], Iterable[str]]) -> str:
    """The one id that is meant.

    Args:
        typed: an id, or the beginning of one.
        items: what it means among the items (`meant`, `Finder.find`).
        post_ids: the feed's ids, asked for only when no item has this very id.

    Raises:
        UsageError: nothing or more than one thing is meant; the candidates are named.
    """
    found = [triage.id for triage in items]
    if found == [normalised(typed)]:
        return found[0]
    wanted = typed.strip().casefold()
    for id_ in post_ids():
        if id_.casefold() == wanted:
            return id_
        if len(wanted) >= SHORTEST_PREFIX and id_.casefold().startswith(wanted):
            found.append(id_)
    if len(found) == 1:
        return found[0]
    raise unresolved(typed, found)


def unresolved(typed: str, candidates: list[str]) -> UsageError:
    """Why an id cannot be used: unknown, or ambiguous with its candidates."""
    shown = sanitize(typed, 60)
    if not candidates:
        return UsageError(
            _("There is no item “{id}”.").format(id=shown),
            _("See the ids with: omconsole list issues"),
        )
    return UsageError(
        _("“{id}” could be any of {n} items.").format(id=shown, n=len(candidates)),
        _("Write more of it: {ids}").format(ids=", ".join(sorted(candidates)[:CANDIDATES_SHOWN])),
    )


TEMPLATES = frozenset(each.name for each in (*TASKS, *AREAS))


def is_task(typed: str) -> bool:
    """Tell whether a task of the checklist is meant, at its present time or at another: `m17`, `m17@2026-11-22`."""
    return typed.strip().casefold().partition("@")[0] in TEMPLATES


def resolve_row(ledger: Ledger, typed: str, person: str, checklist: Callable[[], Sequence[Occurrence]]) -> Row:
    """The item, post or task that is meant, as a row; the checklist is asked for only when a task is meant.

    Raises:
        UsageError: nothing, or more than one thing is meant.
    """
    wanted = normalised(typed)
    if is_task(typed):
        return _task(typed.strip().casefold(), checklist())
    lives = (*ledger.triage.values(), *ledger.past.values())
    items = meant(wanted, lives) if len(wanted) >= SHORTEST_PREFIX else []
    id_ = resolve(typed, items, lambda: ledger.posts)
    if id_ in ledger.posts:
        return next(update for update in ledger.updates(person) if update.post.id == id_)
    triage = ledger.by_id(id_)
    assert triage is not None
    item = ledger.item(triage.key)
    return item if item is not None and item.id == id_ else Item(triage=triage)


def _task(typed: str, checklist: Sequence[Occurrence]) -> Occurrence:
    found = [row for row in checklist if typed == row.template or row.id.startswith(typed)]
    if not found:
        raise UsageError(
            _("There is no task “{id}” at present.").format(id=sanitize(typed, 60)),
            _("See the tasks with: omconsole list checklist"),
        )
    return found[0]
