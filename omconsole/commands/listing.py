"""`omconsole list` and `omconsole show`: readers of the saved state, which never write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from omconsole.commands.output import print_columns, print_json, say, warn
from omconsole.commands.resolving import resolve_row
from omconsole.domain.contract import event_json, iso, item_json, source_json, update_json
from omconsole.domain.filters import FilterError, parse
from omconsole.domain.grouping import Group, Grouping, group
from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Item
from omconsole.domain.words import event_words, label_word, severity_word, source_word, title
from omconsole.errors import SourceFailed, UsageError
from omconsole.i18n import _, datetime_medium, ngettext, number, short_age
from omconsole.sanitize import sanitize
from omconsole.service import configured_sources
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.config import Settings
    from omconsole.domain.filters import Filter
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.updates import Update

SOURCES_OF = {"issues": ("devices",), "alerts": (), "updates": ("messages",), "sources": ()}
"""The sources whose oldest good poll is a list's `as_of`; none means every source."""


class Reader:
    """The saved state of a profile, as one person sees it, at the moment of reading."""

    def __init__(self, settings: Settings, login: tuple[str, str]) -> None:
        self.now = datetime.now(UTC)
        self.settings = settings
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

    def asked(self, names: Sequence[str]) -> list[SourceHealth]:
        """The sources that a list is made from; all, when none is named, but for those that the tenant refuses."""
        every = self.ledger.sources.values()
        return [each for each in every if (each.name in names if names else each.status != "forbidden")]

    def as_of(self, names: Sequence[str]) -> datetime | None:
        """The oldest good poll of the sources asked; None when one was never good."""
        times = [each.last_ok for each in self.asked(names)]
        return None if None in times else min((time for time in times if time is not None), default=None)


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
    as_of = reader.as_of(SOURCES_OF[what])
    rows = _rows(reader, what, chosen, every=listing.every)
    groups = group(rows, listing.group_by) if listing.group_by else None
    if listing.as_json:
        found = {"as_of": iso(as_of), "count": len(rows), "items": [_json(reader, row) for row in rows]}
        print_json(found if groups is None else {**found, "groups": groups})
    elif groups is not None:
        _print_groups(groups)
    else:
        _print(reader, what, rows)
    if as_of is not None or what == "sources":
        return 0
    _say_never_read(reader.asked(SOURCES_OF[what]))
    return SourceFailed.exit_code


def _say_never_read(asked: Sequence[SourceHealth]) -> None:
    """Why a list has no time: a source was asked, but never read well, or nobody has asked yet."""
    troubled = [each for each in asked if each.last_ok is None and each.error]
    if troubled:
        names = ", ".join(source_word(each.name) for each in troubled)
        warn(_("Not every source could be read: {names}.").format(names=names), troubled[0].error or "")
    else:
        warn(_("Nothing has been read from this tenant yet."), _("Read it once with: omconsole poll --once"))


def run_show(settings: Settings, login: tuple[str, str], typed: str, *, as_json: bool) -> int:
    """Show one item or post with everything known about it."""
    reader = Reader(settings, login)
    row = resolve_row(reader.ledger, typed, reader.person)
    key = row.key
    history = reader.store.history(key)
    if as_json:
        print_json(
            {
                "item": _json(reader, row),
                "evidence": row.seen.facts if isinstance(row, Item) and row.seen else None,
                "explanation": [],
                "runbook": None,
                "history": [event_json(event, reader.persons) for event in history],
                "members": [],
                "related": _related(reader, row),
            }
        )
        return 0
    if isinstance(row, Item):
        _print_item(row, reader.now)
    else:
        _print_post(row)
    for event in history:
        assert event.at is not None
        say(f"{datetime_medium(event.at, reader_zone(settings))}  {event_words(event, reader.persons)}")
    return 0


def reader_zone(settings: Settings) -> Any:
    """The zone in which times are told."""
    from zoneinfo import ZoneInfo

    return ZoneInfo(settings.timezone)


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
    if what == "updates":
        rows: list[Any] = list(reader.ledger.updates(reader.person))
    else:
        rows = list(reader.ledger.items(what, every=every))
    return [row for row in rows if chosen.matches(row)] if chosen else rows


def _json(reader: Reader, row: Item | Update | SourceHealth) -> dict[str, Any]:
    if isinstance(row, Item):
        return item_json(row, reader.persons, reader.now, reader.ledger.sources.get(row.triage.source))
    return source_json(row, reader.now) if isinstance(row, SourceHealth) else update_json(row)


def _related(reader: Reader, row: Item | Update) -> list[dict[str, Any]]:
    """The other open items of the same device."""
    if not isinstance(row, Item):
        return []
    same = row.triage.subject_id
    return [
        _json(reader, item)
        for item in reader.ledger.items(row.triage.pane)
        if item.triage.subject_id == same and item.key != row.key
    ]


def _print(reader: Reader, what: str, rows: list[Any]) -> None:
    if what == "sources":
        print_columns([_source_row(each, reader.now) for each in rows])
    elif what == "updates":
        print_columns([("●" if not each.read else " ", each.post.id, each.post.title) for each in rows])
    else:
        print_columns([_item_row(item, reader.now) for item in rows], right=frozenset({4}))
    say(ngettext("{n} row", "{n} rows", len(rows)).format(n=number(len(rows))))


def _print_groups(groups: list[Group]) -> None:
    rows = [(each.worst.letter, number(each.count), number(each.needs_action), each.title or "–") for each in groups]
    print_columns(rows, right=frozenset({1, 2}))
    say(ngettext("{n} group", "{n} groups", len(groups)).format(n=number(len(groups))))


def _item_row(item: Item, now: datetime) -> tuple[str, ...]:
    age = short_age((now - item.triage.first_seen).total_seconds())
    user = item.seen.user if item.seen else None
    return (item.triage.severity.letter, label_word(item.label), item.id, title(item, now=now), age, user or "–")


def _source_row(health: SourceHealth, now: datetime) -> tuple[str, ...]:
    age = "–" if health.last_ok is None else short_age((now - health.last_ok) / timedelta(seconds=1))
    return (source_word(health.name), health.state(now), age, number(health.items), health.error or "")


def _print_item(item: Item, now: datetime) -> None:
    say(f"{severity_word(item.triage.severity)} · {label_word(item.label)} · {item.id}")
    say(title(item, now=now))
    for name, value in (item.seen.facts if item.seen else {}).items():
        say(f"  {name}: {'–' if value is None else value}")
    if item.seen and item.seen.portal_url:
        say(item.seen.portal_url)


def _print_post(update: Update) -> None:
    from markdownify import markdownify

    say(f"{update.post.id} · {', '.join(update.post.services)}")
    say(update.post.title)
    say("")
    say(markdownify(update.post.body).strip())
