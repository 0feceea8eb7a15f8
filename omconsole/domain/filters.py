"""What the words of a filter mean: `lap -windows user:anna severity>low needs:action "exact words"`.

A row passes when it holds every word and none that stands after a minus. Words are looked for in subject, problem,
user, platform, label and id of an item, in title, id, services and platforms of a post, and in title, area and
evidence of a task of the checklist, without regard to case.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from omconsole.domain import rows as law
from omconsole.domain import words
from omconsole.domain.checklist_words import area_word
from omconsole.domain.items import Item, Severity
from omconsole.domain.occurrences import Occurrence
from omconsole.domain.rows import Row
from omconsole.domain.updates import Update
from omconsole.i18n import _

Test: TypeAlias = Callable[[Row, str], bool]

_TOKEN = re.compile(r'(?P<minus>-?)(?:(?P<field>[^\W\d]\w*)(?P<op>[:>]))?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S*))')


class FilterError(ValueError):
    """A filter that cannot be understood.

    Args:
        what: what is wrong, in the user's language, to stand after the place.
        at: where, in characters from the start of the text.
    """

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


class _Term(msgspec.Struct, frozen=True):
    test: Test
    wanted: bool


class Filter(msgspec.Struct, frozen=True):
    """A filter as typed and what it asks for; without terms everything passes."""

    text: str = ""
    terms: tuple[_Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches(self, row: Row) -> bool:
        """Tell whether a row passes."""
        return self.matches_text(row, searchable(row))

    def matches_text(self, row: Row, text: str) -> bool:
        """Tell whether a row passes whose `searchable` text is at hand already."""
        return all(term.test(row, text) is term.wanted for term in self.terms)


NOTHING = Filter()
"""The filter that every row passes."""


def parse(text: str) -> Filter:
    """Return the filter that a text describes; `needs:action` is judged at the time of matching.

    Raises:
        FilterError: an unknown field or value. A field that has no value yet asks for nothing.
    """
    terms = tuple(_term(match) for match in _TOKEN.finditer(text) if match["quoted"] or match["plain"])
    return Filter(text.strip(), terms)


def searchable(row: Row) -> str:
    """Return the text in which words are looked for, case-folded."""
    if isinstance(row, Update):
        post = row.post
        return "\n".join((post.title, post.id, *post.services, *post.platforms)).casefold()
    if isinstance(row, Occurrence):
        evidence = (part.why for part in row.parts)
        return "\n".join((row.title, row.id, row.area, area_word(row.area), *evidence)).casefold()
    seen = row.seen
    parts = (
        words.title(row) if row.is_cause else words.subject(row),
        words.kind_word(row.triage.kind),
        row.triage.kind,
        (seen.user if seen else "") or "",
        (seen.platform if seen else "") or "",
        row.id,
        words.label_word(row.label),
        row.label.value,
    )
    return "\n".join(parts).casefold()


def _term(match: re.Match[str]) -> _Term:
    value = (match["quoted"] or match["plain"]).casefold()
    wanted = not match["minus"]
    name = match["field"]
    if name is None:
        return _Term(lambda _row, text: value in text, wanted)
    if name.casefold() not in _FIELDS:
        known = ", ".join(f"{each}:" for each in _FIELDS)
        problem = _("no field “{name}”; there are {known}; quotes make it text")
        raise FilterError(problem.format(name=name, known=known), match.start("field"))
    if match["op"] == ">":
        return _Term(_more_than(name.casefold(), value, match), wanted)
    return _Term(_FIELDS[name.casefold()](value, match), wanted)


def _more_than(name: str, value: str, match: re.Match[str]) -> Test:
    if name != "severity":
        problem = _("only severity can be compared with “>”")
        raise FilterError(problem, match.start("op"))
    floor = _severity(value, match)
    return lambda row, _text: isinstance(row, Item) and row.triage.severity.rank > floor.rank


def _severity(value: str, match: re.Match[str]) -> Severity:
    for severity in Severity:
        names = {severity.value, severity.letter.casefold(), words.severity_word(severity).casefold()}
        if value in names or (value and severity.value.startswith(value)):
            return severity
    known = ", ".join(severity.value for severity in Severity)
    problem = _("no severity “{value}”; there are {known}")
    raise FilterError(problem.format(value=value, known=known), match.end("op"))


def _by_severity(value: str, match: re.Match[str]) -> Test:
    severity = _severity(value, match)
    return lambda row, _text: isinstance(row, Item) and row.triage.severity is severity


def _by_kind(value: str, _match: re.Match[str]) -> Test:
    """A part of the name will do: `kind:cause` and `kind:device` are every kind that begins so."""
    return lambda row, _text: value in _kind(row)


def _kind(row: Row) -> str:
    if isinstance(row, Item):
        return row.triage.kind
    return row.post.category.casefold() if isinstance(row, Update) else row.template


def _by_platform(value: str, _match: re.Match[str]) -> Test:
    return lambda row, _text: any(value in platform.casefold() for platform in _platforms(row))


def _platforms(row: Row) -> tuple[str, ...]:
    """Where a row belongs; a cause stands on every platform of its members."""
    if isinstance(row, Occurrence):
        return ()
    if isinstance(row, Update):
        return row.post.platforms
    platform = row.seen.platform if row.seen else None
    return (platform,) if platform else row.triage.platforms


def _by_user(value: str, _match: re.Match[str]) -> Test:
    return lambda row, _text: isinstance(row, Item) and value in ((row.seen.user if row.seen else "") or "").casefold()


def _by_need(value: str, match: re.Match[str]) -> Test:
    if not any(each.startswith(value) for each in ("action", _("action").casefold())):
        problem = _("only needs:action is known")
        raise FilterError(problem, match.end("op"))
    return lambda row, _text: law.needs(row, datetime.now(UTC))


def _by_state(value: str, match: re.Match[str]) -> Test:
    for name, test in _STATES.items():
        if name.startswith(value):
            return lambda row, _text: test(row)
    known = ", ".join(f"is:{name}" for name in _STATES)
    problem = _("“is:{value}” is not known; there are {known}")
    raise FilterError(problem.format(value=value, known=known), match.end("op"))


_STATES: dict[str, Callable[[Row], bool]] = {
    "backlog": lambda row: row.triage.backlog if isinstance(row, Item) else isinstance(row, Update) and row.backlog,
    "cause": lambda row: isinstance(row, Item) and row.is_cause,
    "done": lambda row: row.done if isinstance(row, Update) else isinstance(row, Occurrence) and row.state == "done",
    "folded": lambda row: isinstance(row, Item) and bool(row.suppressed_by),
    "unread": lambda row: isinstance(row, Update) and not row.read,
}


def needs(row: Row) -> bool:
    """Tell whether a row waits for somebody: an item or task that needs action, a post that has not been read."""
    return not row.read if isinstance(row, Update) else row.needs_action


def count_needing(rows: Sequence[Row]) -> int:
    """Return how many rows wait for somebody; those stand before all others."""
    return bisect_left(rows, True, key=lambda row: not needs(row))


_FIELDS: dict[str, Callable[[str, re.Match[str]], Test]] = {
    "is": _by_state,
    "kind": _by_kind,
    "needs": _by_need,
    "platform": _by_platform,
    "severity": _by_severity,
    "user": _by_user,
}
