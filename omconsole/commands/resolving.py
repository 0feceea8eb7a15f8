"""Ids as people type them: exact, or a unique prefix of four characters or more (design.md §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain.identity import normalised
from omconsole.domain.items import Item
from omconsole.errors import UsageError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.ledger import Ledger
    from omconsole.domain.updates import Update

SHORTEST_PREFIX = 4
CANDIDATES_SHOWN = 8


def resolve(ids: Iterable[str], typed: str, *, post_ids: Iterable[str] = ()) -> str:
    """The one id that is meant.

    Raises:
        UsageError: nothing or more than one thing is meant; the candidates are named.
    """
    wanted = typed.strip()
    posts = [id_ for id_ in post_ids if id_.casefold() == wanted.casefold()]
    if posts:
        return posts[0]
    wanted = normalised(wanted)
    found = [id_ for id_ in ids if id_ == wanted]
    if not found and len(wanted) >= SHORTEST_PREFIX:
        found = [id_ for id_ in ids if id_.startswith(wanted)]
        found += [id_ for id_ in post_ids if id_.casefold().startswith(typed.strip().casefold())]
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
    ids = [*(triage.id for triage in ledger.triage.values()), *ledger.past]
    id_ = resolve(ids, typed, post_ids=list(ledger.posts))
    if id_ in ledger.posts:
        return next(update for update in ledger.updates(person) if update.post.id == id_)
    triage = ledger.by_id(id_)
    assert triage is not None
    item = ledger.item(triage.key)
    return item if item is not None and item.id == id_ else Item(triage=triage)
