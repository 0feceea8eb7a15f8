"""What came of a verb, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from omconsole.domain.items import Label
from omconsole.i18n import _, ngettext, number
from omconsole.screens.rows import title
from widgets.cells import drawable, fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.domain.commands import Outcome
    from omconsole.screens.ports import Row
    from omconsole.screens.reading import Reading

PLAIN = Style()
MARGIN = 1
"""Cells before the sentence."""
LEAST_NAME = 16
"""Cells that a name keeps."""


def outcome_words(verb: str, outcome: Outcome, rows: Mapping[str, Row], reading: Reading, width: int) -> str:
    """Return what came of it: of one row by its name, of several by numbers and the first reason for a failure.

    Args:
        verb: the verb's command word.
        outcome: the answer.
        rows: the rows that the verb was given to, by id.
        reading: for names and times.
        width: cells of the line; a long name gives way in its middle, the reason stays.
    """
    if len(outcome.done) + len(outcome.already) + len(outcome.failed) == 1:
        return _of_one(verb, outcome, rows, reading, width)
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


def _of_one(verb: str, outcome: Outcome, rows: Mapping[str, Row], reading: Reading, width: int) -> str:
    if outcome.done:
        done = outcome.done[0]
        return _named(_done(verb, done.label), _name(rows.get(done.id), done.id, reading), "", width)
    refused = outcome.already[0] if outcome.already else outcome.failed[0]
    return _named(_("{name}: {why}."), _name(rows.get(refused.id), refused.id, reading), refused.why, width)


def _named(pattern: str, name: str, why: str, width: int) -> str:
    """Put a name into a sentence, cut in its middle where the sentence would not fit."""
    room = max(LEAST_NAME, width - MARGIN - cell_len(pattern.format(name="", why=why)))
    shown = (
        name
        if cell_len(name) <= room
        else "".join(part.text for part in fit([Segment(name)], room, PLAIN, cut="middle"))
    )
    return pattern.format(name=shown.strip(), why=why)


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
    return drawable(id_ if row is None else title(row, reading))
