"""The columns of the checklist: what each cell says of a task, and what gives way when there is little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import checklist_words
from omconsole.i18n import _
from omconsole.screens.columns import MARK_GAP
from omconsole.screens.rows import OCCURRENCE_MARKS
from widgets.columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.domain.occurrences import Occurrence
    from omconsole.screens.reading import Reading

NARROW = 56
"""Cells below which a row has its mark and its title alone."""


def checklist_columns(reading: Reading, width: int) -> Sequence[Column[Occurrence]]:
    """Return the columns of the checklist: mark, title, area, and in one line what is missing and what supplies it."""
    what: Column[Occurrence] = Column(
        id="title",
        title=_("task"),
        width=None if width < NARROW else 32 if width < 100 else 42,
        cell=title_cell,
        gap=MARK_GAP,
    )
    room = width - 40 if width < 100 else width - 50 - 16 * ((width >= 120) + (width >= 156))
    mark: Column[Occurrence] = Column(id="mark", width=1, cell=mark_cell)
    if width < NARROW:
        return (mark, what)
    return (
        mark,
        what,
        Column(id="missing", title=_("evidence"), width=None, cell=lambda row: evidence_cell(row, room), gap=2),
        Column(
            id="area",
            title=_("area"),
            width=14,
            cell=lambda row: Content.styled(checklist_words.area_word(row.area), "$ink-soft"),
            gap=2,
            drop_below=120,
        ),
        Column(
            id="cadence",
            title=_("how often"),
            width=14,
            cell=lambda row: Content.styled(checklist_words.cadence_word(row.cadence), "$ink-soft"),
            drop_below=156,
            gap=2,
        ),
    )


def mark_cell(row: Occurrence) -> Content:
    """Return `✓`, `✗`, or `○` while nobody can know; red in the colour of what needs somebody."""
    sign, ink = OCCURRENCE_MARKS[row.ok]
    return Content.styled(sign, ink if row.needs_action or row.ok is not False else "$ink")


def title_cell(row: Occurrence) -> Content:
    """Return the task's name: dim when it is done, bright when it asks for somebody."""
    return Content.styled(row.title, "$ink-dim" if row.ok else "bold $ink-bright" if row.needs_action else "$ink")


def evidence_cell(row: Occurrence, room: int) -> Content:
    """Return what is missing and the command that supplies it; the command only where `room` cells hold both."""
    part = row.missing
    if part is None:
        return Content.styled(checklist_words.why(row), "$ink-dim")
    command = f"  {part.command}" if part.command else ""
    if len(part.why) + len(command) > room:
        return Content.styled(part.why, "$ink-soft")
    return Content.assemble((part.why, "$ink-soft"), (command, "$accent-ink"))
