"""What can be said of any row, whatever pane it is of: an item, a post, or an occurrence of the checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import checklist_words, words
from omconsole.domain.checklist import Occurrence
from omconsole.domain.inbox import severity_of
from omconsole.domain.items import Condition, Item, Label
from omconsole.domain.kinds import kind_of
from omconsole.domain.updates import Update
from omconsole.i18n import _, number
from widgets.columns import Column
from widgets.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omconsole.domain.rows import Row
    from omconsole.screens.reading import Reading

FOLDS = "▸"
"""Stands before what has rows folded under it."""
CURVE_WIDTH = 5
LEAST_SPREAD = 0.1
"""The share of a cause's greatest count that fills the height of its curve at the least."""
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


def label_content(item: Item) -> Content:
    """Return the label; a question mark beside it says that the source is stale."""
    text = words.label_word(item.label)
    return Content.styled(f"{text}?" if item.condition is Condition.UNKNOWN else text, "$ink-bright")


def curve_of(item: Item) -> tuple[int, ...]:
    """Return how many devices were behind a cause, oldest first; nothing for other items."""
    facts = item.seen.facts if item.seen is not None and item.is_cause else {}
    return tuple(int(point[1]) for point in facts.get("curve") or ())


def inbox_columns(reading: Reading, width: int) -> Sequence[Column[Row]]:
    """Return the columns of rows of all panes: letter, fold mark, what, pane, how many, curve, age, who."""
    wide = width >= 156

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
            width=10 if wide else 7 if width >= 72 else 6,
            cell=soft(lambda row: count(row, reading)),
            align="right",
            drop_below=44,
        ),
        Column(id="curve", width=CURVE_WIDTH, cell=_curve_cell, align="right", drop_below=64),
        Column(
            id="age", title=_("age"), width=5, cell=soft(lambda row: age(row, reading)), align="right", drop_below=36
        ),
        Column(
            id="who",
            title=_("who"),
            width=12 if wide else 10 if width >= 100 else 7,
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
    return Content.styled(FOLDS, "$ink-soft") if reading.snapshot.folded(row) or row.is_cause else Content("")


def what_cell(row: Row, reading: Reading) -> Content:
    """Return what a row is about, with what makes it wait for somebody."""
    name = title(row, reading)
    if isinstance(row, Item):
        ink = "bold $ink-bright" if row.label is Label.NEW else "$ink"
        stale = (f" {_('STALE')}", "$severity-medium") if row.condition is Condition.UNKNOWN else ""
        return Content.assemble((name, ink), stale)
    if isinstance(row, Update):
        at = row.post.act_by
        until = _("by {day}").format(day=words.day(at, reading.tz)) if at else ""
        tone = f"bold $severity-{severity_of(row, reading.now).value}"
        ink = "$ink" if row.read else "bold $ink-bright"
        return Content.assemble((until, tone), " " if until else "", (name, ink))
    missing = row.missing
    why = f"  {checklist_words.part_line(missing)}" if missing is not None else ""
    return Content.assemble((name, "$ink"), (why, "$ink-dim"))


def count(row: Row, reading: Reading) -> str:
    """Return the devices behind a cause, else how many rows fold under it; nothing where there is nothing to count."""
    if not isinstance(row, Item):
        return ""
    n = row.triage.firing if row.is_cause else reading.snapshot.folded(row)
    return number(n) if n else ""


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


def _curve_cell(row: Row) -> Content:
    curve = curve_of(row) if isinstance(row, Item) else ()
    return Content.styled(
        sparkline(curve, CURVE_WIDTH, least_spread=LEAST_SPREAD * max(curve)) if len(curve) > 1 else "", "$ink-soft"
    )
