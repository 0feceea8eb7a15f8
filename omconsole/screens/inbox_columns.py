"""The columns of the inbox: what each cell says of a row, whatever pane it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import checklist_words, words
from omconsole.domain.inbox import severity_of
from omconsole.domain.items import Condition, Item
from omconsole.domain.occurrences import Occurrence
from omconsole.domain.updates import Update
from omconsole.i18n import _
from omconsole.screens import columns
from omconsole.screens.rows import OCCURRENCE_MARKS, pane_word, title
from widgets.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omconsole.domain.rows import Row
    from omconsole.screens.reading import Reading


def inbox_columns(reading: Reading, width: int) -> Sequence[Column[Row]]:
    """Return the columns of rows of all panes: letter, fold mark, what, pane, how many, curve, age, who."""
    wide = width >= columns.WIDE
    curve_width = 12 if wide else 8 if width >= 132 else 5

    def soft(text: Callable[[Row], str]) -> Callable[[Row], Content]:
        return lambda row: Content.styled(text(row), "$ink-soft")

    return (
        Column(id="severity", width=1, cell=lambda row: letter_cell(row, reading)),
        Column(id="mark", width=1, cell=lambda row: mark_cell(row, reading)),
        Column(id="what", title=_("what"), width=None, cell=lambda row: what_cell(row, reading), cut="middle"),
        Column(id="pane", title=_("pane"), width=10, cell=soft(pane_word), gap=2, drop_below=100),
        Column(
            id="count",
            title=_("count"),
            width=10 if wide else 7 if width >= columns.USUAL else 6,
            cell=soft(lambda row: count(row, reading)),
            align="right",
            drop_below=44,
        ),
        Column(id="curve", width=curve_width, cell=lambda row: curve(row, curve_width), align="right", drop_below=64),
        Column(
            id="age", title=_("age"), width=5, cell=soft(lambda row: age(row, reading)), align="right", drop_below=36
        ),
        Column(
            id="who",
            title=_("who"),
            width=12 if wide else 10 if width >= columns.ROOMY else 7,
            cell=soft(lambda row: who(row, reading)),
            gap=2,
            drop_below=56,
        ),
    )


def letter_cell(row: Row, reading: Reading) -> Content:
    """Return the letter of the severity, or of what comes near it, coloured."""
    severity = severity_of(row, reading.now)
    return Content.styled(severity.letter, f"bold $severity-{severity.value}")


def mark_cell(row: Row, reading: Reading) -> Content:
    """Return the fold mark, the dot of what is unread, or the checklist's sign."""
    if isinstance(row, Occurrence):
        sign, ink = OCCURRENCE_MARKS[row.ok]
        return Content.styled(sign, ink)
    if isinstance(row, Update):
        return Content("") if row.read else Content.styled("●", "$accent-ink")
    return columns.mark_cell(row, reading, lambda _key: False)


def what_cell(row: Row, reading: Reading) -> Content:
    """Return what a row is about, with what makes it wait for somebody."""
    name = title(row, reading)
    if isinstance(row, Item):
        stale = _("STALE") if row.condition is Condition.UNKNOWN else ""
        return Content.assemble((name, columns.ink(row)), " " if stale else "", (stale, "$severity-medium"))
    if isinstance(row, Update):
        at = row.post.act_by
        until = _("by {day}").format(day=words.day(at, reading.tz)) if at else ""
        tone = f"bold $severity-{severity_of(row, reading.now).value}"
        ink = "$ink" if row.read else "bold $ink-bright"
        return Content.assemble((until, tone), " " if until else "", (name, ink))
    missing = row.missing
    part = f" · {checklist_words.part_word(missing.name)}" if missing is not None else ""
    return Content.assemble((name, "bold $ink-bright"), (part, "$ink-soft"))


def count(row: Row, reading: Reading) -> str:
    """Return how many devices or rows stand behind it; nothing where there is nothing to count."""
    return columns.count(row, reading) if isinstance(row, Item) else ""


def curve(row: Row, width: int) -> Content:
    """Return how the number of devices behind a cause went."""
    return columns.curve_cell(row, width) if isinstance(row, Item) else Content("")


def age(row: Row, reading: Reading) -> str:
    """Return since when it is there, short; nothing for the checklist, which is always there."""
    if isinstance(row, Item):
        return reading.age(row.triage.first_seen)
    return reading.age(row.post.changed or row.post.published) if isinstance(row, Update) else ""


def who(row: Row, reading: Reading) -> str:
    """Return who has it."""
    if isinstance(row, Item):
        return reading.person(row.triage.assignee)
    return reading.person(row.owner) if isinstance(row, Occurrence) else "–"
