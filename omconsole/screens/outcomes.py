"""What came of a verb, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from omconsole.domain.items import Label
from omconsole.i18n import _, ngettext, number
from omconsole.screens.rows import title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.domain.commands import Outcome
    from omconsole.screens.ports import Row
    from omconsole.screens.reading import Reading


def outcome_words(verb: str, outcome: Outcome, rows: Mapping[str, Row], reading: Reading) -> str:
    """Return what came of it: of one row by its name, of several by numbers and the first reason for a failure.

    Args:
        verb: the verb's command word.
        outcome: the answer.
        rows: the rows that the verb was given to, by id.
        reading: for names and times.
    """
    if len(outcome.done) + len(outcome.already) + len(outcome.failed) == 1:
        return _of_one(verb, outcome, rows, reading)
    parts: list[str] = []
    if outcome.done:
        count = len(outcome.done)
        parts.append(ngettext("{n} done", "{n} done", count).format(n=number(count)))
    if outcome.already:
        count = len(outcome.already)
        parts.append(ngettext("{n} already", "{n} already", count).format(n=number(count)))
    if outcome.failed:
        count = len(outcome.failed)
        text = ngettext("{n} failed: {why}", "{n} failed: {why}", count)
        parts.append(text.format(n=number(count), why=outcome.failed[0].why))
    return ", ".join(parts) or _("Nothing to do.")


def outcome_tone(outcome: Outcome) -> Literal["plain", "warning"]:
    """Return `warning` when something failed."""
    return "warning" if outcome.failed else "plain"


def _of_one(verb: str, outcome: Outcome, rows: Mapping[str, Row], reading: Reading) -> str:
    for done in outcome.done:
        return _done(verb, done.label).format(name=_name(rows.get(done.id), done.id, reading))
    refused = outcome.already[0] if outcome.already else outcome.failed[0]
    return _("{name}: {why}.").format(name=_name(rows.get(refused.id), refused.id, reading), why=refused.why)


def _done(verb: str, label: str) -> str:
    if verb == "ack" and label == Label.RESOLVED:
        return _("Acknowledged and resolved: {name}")
    if verb == "resolve" and label == "done":
        return _("Done: {name}")
    patterns = {
        "ack": lambda: _("Acknowledged: {name}"),
        "unack": lambda: _("Acknowledgement given back: {name}"),
        "note": lambda: _("Noted: {name}"),
        "resolve": lambda: _("Resolved: {name}"),
        "reopen": lambda: _("Taken up again: {name}"),
    }
    return patterns[verb]() if verb in patterns else _("Done: {name}")


def _name(row: Row | None, id_: str, reading: Reading) -> str:
    return id_ if row is None else title(row, reading)
