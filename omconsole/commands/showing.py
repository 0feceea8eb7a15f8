"""`omconsole show`: one item, post or task with everything that the saved state knows about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omconsole.commands.listing import Reader, item_row
from omconsole.commands.output import print_columns, print_json, say
from omconsole.commands.resolving import resolve_row
from omconsole.domain.checklist_words import evidence_words, mark, part_line, part_word
from omconsole.domain.contract import event_json
from omconsole.domain.items import Item
from omconsole.domain.sharing import shared
from omconsole.domain.updates import Update
from omconsole.domain.words import event_words, label_word, moment, severity_word, title
from omconsole.i18n import _, datetime_medium, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.config import Settings
    from omconsole.domain.events import Event
    from omconsole.domain.occurrences import Occurrence
    from omconsole.domain.rows import Row

RELATED_SHOWN = 50
"""Siblings under the same parent; there may be thousands, and the parent tells how many."""
MEMBERS_SHOWN = 20
"""Rows behind a cause that a person is shown; JSON has all of them."""


def run_show(settings: Settings, login: tuple[str, str], typed: str, *, as_json: bool) -> int:
    """Show one item, post or task with everything known about it.

    Raises:
        UsageError: nothing, or more than one thing is meant.
    """
    reader = Reader(settings, login)
    row = resolve_row(reader.ledger, typed, reader.person, lambda: reader.checklist)
    history = reader.store.history(row.key if isinstance(row, Item | Update) else row.template)
    members = reader.members.get(row.id, ()) if isinstance(row, Item) else ()
    if as_json:
        print_json(
            {
                "item": reader.json(row),
                "evidence": _evidence(row),
                "explanation": [],
                "runbook": None,
                "history": [event_json(event, reader.persons) for event in history],
                "members": [reader.json(each) for each in members],
                "related": [reader.json(each) for each in _related(reader, row)],
            }
        )
        return 0
    if isinstance(row, Item):
        _print_item(row, reader)
        _print_members(reader, members)
    elif isinstance(row, Update):
        _print_post(row)
    else:
        _print_task(row)
    for event in history:
        say(_told(event, reader))
    return 0


def _evidence(row: Row) -> dict[str, Any] | None:
    """What the source showed, by Graph's names; of a cause also its curve and who changed what before it began."""
    return row.seen.facts if isinstance(row, Item) and row.seen else None


def _related(reader: Reader, row: Row) -> list[Item]:
    """The other open items of the same device or policy, then the siblings under the same parent."""
    if not isinstance(row, Item):
        return []
    subject = (row.triage.subject_type, row.triage.subject_id)
    found = {
        item.key: item
        for item in reader.ledger.items(row.triage.pane)
        if (item.triage.subject_type, item.triage.subject_id) == subject
    }
    for parent in row.suppressed_by:
        siblings = reader.members.get(parent, ())[: RELATED_SHOWN + 1]
        found.update((each.key, each) for each in siblings)
    found.pop(row.key, None)
    return list(found.values())


def _print_item(item: Item, reader: Reader) -> None:
    say(f"{severity_word(item.triage.severity)} · {label_word(item.label)} · {item.id}")
    say(title(item, now=reader.now))
    facts = item.seen.facts if item.seen else {}
    for name, value in facts.items():
        if not isinstance(value, list | dict):
            say(f"  {name}: {'–' if value is None else value}")
        elif value and not item.is_cause:
            say(f"  {name}: {number(len(value))}")
    for change in facts.get("changes", ()) if item.is_cause else ():
        at = moment(change["at"])
        when = datetime_medium(at, reader.zone) if at is not None else change["at"]
        say(f"{when}  {change['actor']} · {change['activity']} · {change['resource']}")
        for name, old, new in change["properties"]:
            say(f"  {name}: {old} → {new}")
    if item.seen and item.seen.portal_url:
        say(item.seen.portal_url)


def _print_members(reader: Reader, members: Sequence[Item]) -> None:
    """What folds under it: what they have in common, and the first of them."""
    if not members:
        return
    told = ngettext("{n} row is folded under it:", "{n} rows are folded under it:", len(members))
    say(told.format(n=number(len(members))))
    for each in shared(members):
        value = each.value if each.value is not None else _("they differ")
        say(f"  {each.name}: {value} ({number(round(100 * each.share))} %)")
    print_columns([item_row(reader, each) for each in members[:MEMBERS_SHOWN]], right=frozenset({4, 5}))
    if (more := len(members) - MEMBERS_SHOWN) > 0:
        say(ngettext("and {n} more", "and {n} more", more).format(n=number(more)))


def _print_post(update: Update) -> None:
    from markdownify import markdownify

    say(f"{update.post.id} · {', '.join(update.post.services)}")
    say(update.post.title)
    say("")
    say(markdownify(update.post.body).strip())


def _print_task(row: Occurrence) -> None:
    say(f"{mark(row.ok)} {row.id}")
    say(row.title)
    print_columns([(f"  {mark(each.ok)}", part_word(each.name), part_line(each)) for each in row.parts])


def _told(event: Event, reader: Reader) -> str:
    assert event.at is not None
    words = evidence_words(event) if event.event == "checklist.evidence" else event_words(event, reader.persons)
    return f"{datetime_medium(event.at, reader.zone)}  {words}"
