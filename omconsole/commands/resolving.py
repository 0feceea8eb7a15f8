"""Ids as people type them: exact, or a unique prefix of four characters or more (design.md §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from omconsole.domain.updates import Update

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


def resolve_row(ledger: Ledger, typed: str, person: str) -> Item | Update:
    """The item or post that is meant, as a row."""
    wanted = normalised(typed)
    lives = (*ledger.triage.values(), *ledger.past.values())
    items = meant(wanted, lives) if len(wanted) >= SHORTEST_PREFIX else []
    id_ = resolve(typed, items, lambda: ledger.posts)
    if id_ in ledger.posts:
        return next(update for update in ledger.updates(person) if update.post.id == id_)
    triage = ledger.by_id(id_)
    assert triage is not None
    item = ledger.item(triage.key)
    return item if item is not None and item.id == id_ else Item(triage=triage)
