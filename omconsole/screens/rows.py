"""What can be said of any row, whatever pane it is of: an item, a post, or an occurrence of the checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain import words
from omconsole.domain.items import Condition, Item
from omconsole.domain.kinds import kind_of
from omconsole.domain.occurrences import Occurrence
from omconsole.domain.updates import Update
from omconsole.i18n import _

if TYPE_CHECKING:
    from omconsole.domain.rows import Row
    from omconsole.screens.reading import Reading

OCCURRENCE_MARKS = {True: ("✓", "$ink-soft"), False: ("✗", "bold $severity-high"), None: ("○", "$ink-soft")}
"""Sign and ink of evidence: green, red, and not known."""


def row_id(row: Row) -> str:
    """Return the id that people type for a row."""
    return row.post.id if isinstance(row, Update) else row.id


def title(row: Row, reading: Reading) -> str:
    """Return one line that says what a row is about."""
    if isinstance(row, Item):
        return words.title(row, now=reading.now, tz=reading.tz)
    return row.post.title if isinstance(row, Update) else row.title


def source(row: Row) -> str | None:
    """Return the source that a row comes from; None for the checklist, whose evidence comes from all of them."""
    if isinstance(row, Item):
        return kind_of(row.triage.subject_id).source if row.triage.source == "rule" else row.triage.source
    return "messages" if isinstance(row, Update) else None


def pane_word(row: Row) -> str:
    """Return what the pane is called that a row is of."""
    if isinstance(row, Item):
        return _("alerts") if row.triage.pane == "alerts" else _("issues")
    return _("updates") if isinstance(row, Update) else _("checklist")


def asks_why(row: Row) -> bool:
    """Tell whether resolving a row needs a reason: its source reports it still, or nobody knows."""
    return isinstance(row, Item) and row.condition is not Condition.CLEAR and row.triage.is_open


def is_checklist(row: Row | None) -> bool:
    """Tell whether a row is a task or an area of the checklist."""
    return isinstance(row, Occurrence)
