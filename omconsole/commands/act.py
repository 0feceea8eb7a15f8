"""Triage verbs on the command line: durable, idempotent, and quick whatever the size of the state."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from omconsole.commands.output import print_json, say, warn
from omconsole.commands.resolving import is_task, resolve
from omconsole.domain.commands import LONGEST_NOTE, Command, Outcome
from omconsole.domain.events import Actor, Event
from omconsole.domain.handling import Answers, decide, decide_post
from omconsole.domain.items import Label
from omconsole.domain.triage import Refusal
from omconsole.domain.updates import Post
from omconsole.domain.words import label_word, refusal_words
from omconsole.errors import SourceFailed, UsageError
from omconsole.i18n import _, number
from omconsole.paths import prepare_state_directory
from omconsole.sanitize import sanitize, sanitize_block
from omconsole.store.journal import EVENTS_A_HOLD
from omconsole.store.lookup import Finder
from omconsole.store.origin import refuse_other_tenant
from omconsole.store.persons import Persons

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.config import Settings
    from omconsole.domain.items import Triage
    from omconsole.domain.updates import Update

ASK_ABOVE = 20
"""A filter that means more rows than this needs `--yes`."""


class Wish(msgspec.Struct, frozen=True):
    """A verb as typed: ids, or a filter in their place."""

    verb: str
    ids: tuple[str, ...]
    why: str | None
    filter: str | None
    yes: bool


def act(settings: Settings, login: tuple[str, str], wish: Wish, *, view_only: bool, as_json: bool) -> int:
    """Do it and tell the outcome; 5 when some ids failed.

    Raises:
        UsageError: an id is unknown or ambiguous, or the wish cannot be understood; nothing has been done.
        StateError: nothing could be written.
    """
    if view_only:
        raise UsageError(_("With --view-only nothing can be changed."), _("Leave the option out."))
    why = None if wish.why is None else sanitize_block(wish.why, LONGEST_NOTE).strip() or None
    if wish.verb == "note" and why is None:
        raise UsageError(_("A note needs text."), _("Write it after --why."))
    ids = _filtered(settings, login, wish) if wish.filter is not None else wish.ids
    if not ids and wish.filter is None:
        raise UsageError(
            _("No item is named."), _("Name ids, or rows with --filter; see them with: omconsole list issues")
        )
    _refuse_unfit_state(settings)
    finder = Finder(settings.state_directory)

    @cache
    def feed() -> dict[str, Update]:
        from omconsole.commands.listing import Reader

        reader = Reader(settings, login)
        return {update.post.id: update for update in reader.ledger.updates(reader.person)}

    named = {each.id: each for each in (_name(finder, feed, typed) for typed in dict.fromkeys(ids))}
    if not named:
        _tell(Outcome(), as_json=as_json)
        return 0
    persons = Persons(settings.state_directory)
    person = persons.person_for(*login)
    command = Command(
        verb=wish.verb, ids=tuple(named), actor=Actor(person, "cli"), command_id=uuid.uuid4().hex, why=why
    )
    outcome = _execute(finder, command, list(named.values()), Answers(refusal_words, persons.names))
    _tell(outcome, as_json=as_json)
    return SourceFailed.exit_code if outcome.failed else 0


def _refuse_unfit_state(settings: Settings) -> None:
    """The same refusals as of every reader, without what loading the state costs.

    Raises:
        StateError: the directory cannot be used, or holds another tenant's state.
    """
    directory = settings.state_directory
    if directory.exists():
        prepare_state_directory(directory)
    refuse_other_tenant(directory, settings.tenant)


class Named(msgspec.Struct, frozen=True):
    """What one typed id means: an item, or a post of the feed that this person has `read` and the team `done`."""

    id: str
    post: Post | None = None
    read: bool = False
    done: bool = False


def _name(finder: Finder, feed: Callable[[], dict[str, Update]], typed: str) -> Named:
    """Find what is meant in the index; only a post costs loading the feed.

    Raises:
        UsageError: nothing, or more than one thing.
    """
    if is_task(typed):
        raise UsageError(
            _("A task of the checklist is ticked by its evidence."),
            _("See what is missing with: omconsole show {id}").format(id=sanitize(typed, 60)),
        )
    items = finder.find(typed)
    id_ = resolve(typed, items, finder.post_ids)
    if any(triage.id == id_ for triage in items):
        return Named(id_)
    update = feed()[id_]
    return Named(id_, update.post, update.read, update.done)


def _filtered(settings: Settings, login: tuple[str, str], wish: Wish) -> tuple[str, ...]:
    """The ids that the filter shows; above twenty only with `--yes`. A verb on a cause covers what folds under it."""
    from omconsole.commands.listing import Reader, apart, parse_filter

    if wish.ids:
        raise UsageError(_("Ids and --filter do not go together."), _("Use one of them."))
    chosen = parse_filter(wish.filter or "")
    reader = Reader(settings, login)
    found = [row for pane in ("alerts", "issues") for row in reader.ledger.items(pane) if chosen.matches(row)]
    rows = apart(found, chosen=True)
    warn(_("{n} rows match.").format(n=number(len(rows))))
    if len(rows) > ASK_ABOVE and not wish.yes:
        raise UsageError(
            _("More than {n} rows match, so nothing has been done.").format(n=ASK_ABOVE), _("Add --yes to do it.")
        )
    return tuple(row.id for row in rows)


def _execute(finder: Finder, command: Command, named: list[Named], answers: Answers) -> Outcome:
    """Decide on fresh state under the lock and append, in holds that let others in; then answer id by id.

    Raises:
        StateError: a hold could not write; what earlier ones wrote stays, and the same wish again says so.
    """
    for begin in range(0, len(named), EVENTS_A_HOLD):
        _execute_hold(finder, command, named[begin : begin + EVENTS_A_HOLD], answers)
    return answers.outcome()


def _execute_hold(finder: Finder, command: Command, named: list[Named], answers: Answers) -> None:
    """Decide and append everything of one hold at once."""
    before: list[Triage | None] = []
    drafts: list[Event] = []
    with finder.writing() as journal:
        for each in named:
            verdict, current = _decide(finder, command, each)
            if isinstance(verdict, Refusal):
                answers.refused(each.id, verdict)
            else:
                drafts.append(verdict)
                before.append(current)
        journal.append(drafts, datetime.now(UTC))
    for current, event in zip(before, drafts, strict=True):
        if current is not None:
            answers.item_done(current, event)
        else:
            answers.done(event.ref or "", None, event.event.removeprefix("update."))


def _decide(finder: Finder, command: Command, named: Named) -> tuple[Event | Refusal, Triage | None]:
    if named.post is not None:
        return decide_post(command, named.post, is_read=named.read, is_done=named.done), None
    current = finder.find(named.id)[0]
    return decide(command, current), current


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
        return
    for done in outcome.done:
        say(f"{done.id}  {label_word(Label(done.label)) if done.label in set(Label) else done.label}")
    for already in outcome.already:
        say(f"{already.id}  {already.why}")
    for failed in outcome.failed:
        warn(f"{failed.id}  {failed.why}")
