"""`omconsole list`: a reader of the saved state, which never writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from omconsole.commands.output import print_columns, print_json, say, warn
from omconsole.domain.assessment import assessed
from omconsole.domain.checklist_words import mark, why
from omconsole.domain.contract import item_json, occurrence_json, source_json, update_json
from omconsole.domain.filters import FilterError, parse
from omconsole.domain.grouping import Group, Grouping, group
from omconsole.domain.health import SourceHealth
from omconsole.domain.instants import iso
from omconsole.domain.items import Item
from omconsole.domain.kinds import KINDS
from omconsole.domain.updates import Update
from omconsole.domain.words import label_word, source_word, title, uncovered_words
from omconsole.errors import SourceFailed, UsageError
from omconsole.i18n import _, ngettext, number, short_age
from omconsole.sanitize import sanitize
from omconsole.service import configured_sources
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from omconsole.config import Settings
    from omconsole.domain.filters import Filter
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.occurrences import Occurrence
    from omconsole.domain.rows import Row

SOURCES_OF = {
    **{pane: frozenset(kind.source for kind in KINDS.values() if kind.pane == pane) for pane in ("alerts", "issues")},
    "updates": frozenset({"messages"}),
}
"""The sources whose oldest good poll is a list's `as_of`; none means every source."""
ALWAYS_THERE = frozenset({"sources", "checklist"})
"""What is listed before anything has been read too."""


class Reader:
    """The saved state of a profile, as one person sees it, at the moment of reading."""

    def __init__(self, settings: Settings, login: tuple[str, str]) -> None:
        self.now = datetime.now(UTC)
        self.settings = settings
        self.zone = ZoneInfo(settings.timezone)
        store = Store.open(
            settings.state_directory,
            tenant=settings.tenant,
            profile=settings.profile_name,
            sources=configured_sources(settings),
            read_only=True,
        )
        self.store = store
        self.ledger: Ledger = store.load_now()
        self.ledger.set_stale(each.name for each in self.ledger.sources.values() if each.is_stale(self.now))
        self.persons = store.persons.names()
        self.person = store.persons.known(login[0]) or ""
        warn(*store.notices)

    @cached_property
    def members(self) -> Mapping[str, Sequence[Item]]:
        """What folds under what, by the parent's id, in order of priority."""
        return self.ledger.members()

    @cached_property
    def checklist(self) -> tuple[Occurrence, ...]:
        """The tasks and areas by what this state proves now."""
        picture = self.ledger.picture(
            tenant=self.settings.profile_name,
            now=self.now,
            person=self.person,
            persons=self.persons,
            polling="nobody",
            notice=None,
        )
        return assessed(picture, self.ledger, self.person, self.zone).checklist

    def asked(self, what: str) -> list[SourceHealth]:
        """The sources that a list is made from, but for those that the tenant refuses; all of them for most lists."""
        every = [each for each in self.ledger.sources.values() if each.status != "forbidden"]
        return [each for each in every if each.name in SOURCES_OF.get(what, ())] or every

    def as_of(self, what: str) -> datetime | None:
        """The oldest good poll of the sources asked; None when one was never good."""
        times = [each.last_ok for each in self.asked(what)]
        return None if None in times else min((time for time in times if time is not None), default=None)

    def json(self, row: Row | SourceHealth) -> dict[str, Any]:
        """A row as scripts read it."""
        if isinstance(row, SourceHealth):
            return source_json(row, self.now)
        if isinstance(row, Update):
            return update_json(row, self.now)
        if not isinstance(row, Item):
            return occurrence_json(row)
        parents = (self.ledger.by_id(parent) for parent in row.suppressed_by)
        return item_json(
            row,
            self.persons,
            self.now,
            self.ledger.sources.get(row.triage.source),
            parents=[each for each in parents if each is not None],
            folded=len(self.members.get(row.id, ())),
        )


class Listing(Struct, frozen=True, kw_only=True):
    """What to list, and how."""

    what: str
    expression: str = ""
    every: bool = False
    group_by: Grouping | None = None
    as_json: bool = False


def run_list(settings: Settings, login: tuple[str, str], listing: Listing) -> int:
    """List what the state holds; 5 when nothing has been polled yet.

    Raises:
        UsageError: the filter or the grouping cannot be used.
    """
    what = listing.what
    chosen = parse_filter(listing.expression)
    if listing.group_by and what not in {"alerts", "issues"}:
        raise UsageError(_("Only alerts and issues can be grouped."), _("Leave --group-by out."))
    if listing.expression.strip() and what == "sources":
        raise UsageError(_("Sources cannot be filtered."), _("Leave --filter out."))
    reader = Reader(settings, login)
    as_of = reader.as_of(what)
    rows = _rows(reader, what, chosen, every=listing.every)
    groups = group(rows, listing.group_by, _open_causes(reader)) if listing.group_by else None
    if listing.as_json:
        found = {"as_of": iso(as_of), "count": len(rows), "items": [reader.json(row) for row in rows]}
        print_json(found if groups is None else {**found, "groups": groups})
    elif groups is not None:
        _print_groups(groups)
    else:
        _print(reader, listing, rows)
    if as_of is not None or what in ALWAYS_THERE:
        return 0
    _say_never_read(reader.asked(what))
    return SourceFailed.exit_code


def _say_never_read(asked: Sequence[SourceHealth]) -> None:
    """Why a list has no time: a source was asked, but never read well, or nobody has asked yet."""
    troubled = [each for each in asked if each.last_ok is None and each.error]
    if troubled:
        names = ", ".join(source_word(each.name) for each in troubled)
        warn(_("Not every source could be read: {names}.").format(names=names), troubled[0].error or "")
    else:
        warn(_("Nothing has been read from this tenant yet."), _("Read it once with: omconsole poll --once"))


def parse_filter(expression: str) -> Filter:
    """A filter as typed.

    Raises:
        UsageError: it cannot be understood; the second line shows where.
    """
    try:
        return parse(expression)
    except FilterError as error:
        shown = sanitize(f"{expression[: error.at]}→{expression[error.at :]}")
        raise UsageError(error.what, _("Correct it at the arrow: {filter}").format(filter=shown)) from error


def _rows(reader: Reader, what: str, chosen: Filter, *, every: bool) -> list[Any]:
    if what == "sources":
        return list(reader.ledger.sources.values())
    rows: list[Any]
    if what == "checklist":
        rows = list(reader.checklist)
    elif what == "updates":
        rows = list(reader.ledger.updates(reader.person))
    else:
        rows = list(reader.ledger.items(what, every=every))
    return [row for row in rows if chosen.matches(row)] if chosen else rows


def _open_causes(reader: Reader) -> list[Item]:
    return [row for row in reader.ledger.rows if row.is_cause]


def apart(rows: Sequence[Item], *, chosen: bool) -> list[Item]:
    """Leave out what folds: under anything, or when rows were chosen by a filter, under one that was chosen too."""
    shown: Collection[str] = {row.id for row in rows} if chosen else ()
    return [row for row in rows if not (set(row.suppressed_by) & set(shown) if chosen else row.suppressed_by)]


def _print(reader: Reader, listing: Listing, rows: list[Any]) -> None:
    if listing.what == "sources":
        print_columns([_source_row(each, reader.now) for each in rows])
    elif listing.what == "checklist":
        print_columns([_task_row(each) for each in rows])
    elif listing.what == "updates":
        print_columns([(_post_mark(each), each.post.id, each.post.title) for each in rows])
    else:
        _print_items(reader, rows, chosen=bool(listing.expression.strip()))
        return
    say(ngettext("{n} row", "{n} rows", len(rows)).format(n=number(len(rows))))


def _print_items(reader: Reader, rows: list[Item], *, chosen: bool) -> None:
    """What folds is told by a count behind its parent."""
    shown = apart(rows, chosen=chosen)
    print_columns([item_row(reader, item) for item in shown], right=frozenset({4, 5}))
    told = ngettext("{n} row", "{n} rows", len(shown)).format(n=number(len(shown)))
    if folded := len(rows) - len(shown):
        more = ngettext("{n} more is folded under another", "{n} more are folded under others", folded)
        told = f"{told}, {more.format(n=number(folded))}"
    say(told)


def _print_groups(groups: list[Group]) -> None:
    rows = [(each.worst.letter, number(each.count), number(each.needs_action), each.title or "–") for each in groups]
    print_columns(rows, right=frozenset({1, 2}))
    say(ngettext("{n} group", "{n} groups", len(groups)).format(n=number(len(groups))))


def item_row(reader: Reader, item: Item) -> tuple[str, ...]:
    """Severity, label, id, title, how many are behind it, age, user."""
    now = reader.now
    age = short_age((now - item.triage.first_seen).total_seconds())
    user = item.seen.user if item.seen else None
    behind = item.triage.firing if item.is_cause else len(reader.members.get(item.id, ()))
    return (
        item.triage.severity.letter,
        label_word(item.label),
        item.id,
        title(item, now=now),
        number(behind) if behind else "",
        age,
        user or "–",
    )


def _post_mark(update: Update) -> str:
    """`✓` when the team is done, `●` while unread."""
    return "✓" if update.done else " " if update.read else "●"


def _task_row(row: Occurrence) -> tuple[str, ...]:
    """A mark for each piece of evidence, and the line about what is missing."""
    return ("".join(mark(part.ok) for part in row.parts), row.id, row.title, why(row))


def _source_row(health: SourceHealth, now: datetime) -> tuple[str, ...]:
    age = "–" if health.last_ok is None else short_age((now - health.last_ok) / timedelta(seconds=1))
    told = " · ".join(filter(None, (health.error, uncovered_words(health.uncovered))))
    return (source_word(health.name), health.state(now), age, number(health.items), told)
