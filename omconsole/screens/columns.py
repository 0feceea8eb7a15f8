"""The columns of alerts and issues: what each cell says of a row, and what gives way when there is little room."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import words
from omconsole.domain.items import Condition, Handling, Item, Label
from omconsole.i18n import _, ngettext, number
from omconsole.screens.folding import Member, item_of
from widgets.columns import Column
from widgets.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omconsole.domain.items import Observation
    from omconsole.screens.folding import ItemRow
    from omconsole.screens.reading import Reading

HANDLED = frozenset({Label.ACK, Label.SNOOZED, Label.RESOLVED, Label.SUPPRESSED, Label.CLEARED})
"""Labels of items that somebody has, or that are over: set in a dim ink."""
UNSAID = frozenset({Label.NEW, Label.OPEN, Label.ACK, Label.BACKLOG, Label.SUPPRESSED})
"""Labels that the ink, the person at the right, the view or the place say already where the state has no column."""
NARROW = 50
"""Cells below which a table of items has a letter and a name."""
USUAL = 72
ROOMY = 100
"""Cells from which the state has a column of its own."""
WIDE = 156
"""Cells from which nothing of it needs to be cut."""
WIDEST = 196
"""Cells from which there is room for what else the source tells."""
CURVED, DATED = 132, 176
"""Cells from which a curve shows more than five points, and from which a check-in has a column."""
STEPS = (NARROW, USUAL, ROOMY, CURVED, WIDE, DATED, WIDEST)
MARK_GAP = 3
"""Blank cells between a mark and a title that stands below titles with a letter and a fold mark."""
FOLDED, UNFOLDED = "▸", "▾"
INDENT = "  "
LEAST_SPREAD = 0.1
"""The share of a cause's greatest count that fills the height of its curve at the least."""


def layout(width: int) -> int:
    """Return the width from which a table of so many cells has the columns that it has."""
    return max((step for step in STEPS if step <= width), default=0)


def alert_columns(reading: Reading, width: int, is_unfolded: Callable[[str], bool]) -> Sequence[Column[ItemRow]]:
    """Return the columns of alerts; they stand where those of issues do."""
    return (*_left(reading, width, is_unfolded), *_right(reading, width))


def issue_columns(reading: Reading, width: int, is_unfolded: Callable[[str], bool]) -> Sequence[Column[ItemRow]]:
    """Return the columns of issues: letter, fold mark, state, what, the device's own, how many, curve, age, who.

    Args:
        reading: the picture and the time.
        width: cells of the table.
        is_unfolded: tells by a row's key whether its members are shown.
    """
    return (*_left(reading, width, is_unfolded), *_seen_columns(reading, width), *_right(reading, width))


def _left(reading: Reading, width: int, is_unfolded: Callable[[str], bool]) -> Iterator[Column[ItemRow]]:
    yield Column(id="severity", width=1, cell=severity_cell)
    if width >= NARROW:
        yield Column(id="mark", width=1, cell=lambda row: mark_cell(row, reading, is_unfolded))
    if width >= ROOMY:
        yield Column(id="label", title=_("state"), width=10, cell=label_cell)
    cell = partial(what_cell, reading=reading, says_state=width < ROOMY)
    yield Column(id="what", title=_("what"), width=None, cell=cell, cut="middle")


def _right(reading: Reading, width: int) -> Iterator[Column[ItemRow]]:
    if width < NARROW:
        return
    wide, roomy = width >= WIDE, width >= ROOMY
    curve = 12 if wide else 8 if width >= CURVED else 5
    yield Column(
        id="count",
        title=_("count"),
        width=9 if wide else 7,
        cell=_softly(lambda item: count(item, reading)),
        align="right",
        drop_below=NARROW,
        gap=2 if wide else 1,
    )
    yield Column(
        id="curve",
        width=curve,
        cell=lambda row: curve_cell(item_of(row), curve),
        align="right",
        drop_below=70,
        gap=2 if wide else 1,
    )
    yield Column(
        id="age",
        title=_("age"),
        width=5,
        cell=_softly(lambda item: reading.age(item.triage.first_seen)),
        align="right",
        drop_below=66,
        gap=2 if wide else 1,
    )
    yield Column(
        id="who",
        title=_("who"),
        width=12 if wide else 10 if roomy else 7,
        cell=lambda row: who_cell(row, reading),
        drop_below=76,
        gap=2,
    )


def _seen_columns(reading: Reading, width: int) -> Iterator[Column[ItemRow]]:
    """Yield the columns of what the source tells of a device, in the order in which they stand."""
    wide = width >= WIDE
    gap = 2 if wide else 1

    def checked_in(item: Item) -> str:
        at = item.seen.evidence_at if item.seen is not None else None
        return reading.age(at) if item.triage.subject_type == "device" else ""

    if width < ROOMY:
        return
    user = partial(affected, whole=wide)
    yield Column(
        id="user",
        title=_("user"),
        width=24 if wide else 20,
        cell=_softly(user),
        drop_below=CURVED,
        gap=gap,
    )
    if width >= WIDEST:
        yield Column(id="model", title=_("model"), width=18, cell=_softly(partial(fact, "model")), gap=2)
    yield Column(id="platform", title=_("platform"), width=9, cell=_softly(platforms), drop_below=112, gap=gap)
    if width >= WIDEST:
        yield Column(id="os", title=_("version"), width=15, cell=_softly(partial(fact, "osVersion")), gap=2)
    yield Column(
        id="seen", title=_("check-in"), width=9, cell=_softly(checked_in), align="right", drop_below=DATED, gap=gap
    )


def _softly(text: Callable[[Item], str]) -> Callable[[ItemRow], Content]:
    def cell(row: ItemRow) -> Content:
        item = item_of(row)
        return Content.styled(text(item), "$ink-dim" if item.label in HANDLED else "$ink-soft")

    return cell


# What cells say


def severity_cell(row: ItemRow) -> Content:
    """Return the letter, coloured; bold when the item needs action, dim on a member that its cause stands for."""
    item = item_of(row)
    severity = item.triage.severity
    style = "$ink-dim" if isinstance(row, Member) and item.suppressed_by else f"$severity-{severity.value}"
    return Content.styled(severity.letter, f"bold {style}" if item.needs_action else style)


def mark_cell(row: ItemRow, reading: Reading, is_unfolded: Callable[[str], bool]) -> Content:
    """Return whether rows fold under this one, and whether they are shown."""
    item = item_of(row)
    if is_unfolded(row.key):
        return Content.styled(UNFOLDED, "$accent-ink")
    return Content.styled(FOLDED, "$ink-soft") if item.is_cause or reading.snapshot.folded(item) else Content("")


def label_cell(row: ItemRow) -> Content:
    """Return the label; a question mark beside it says that the source is stale. A member's cause says it for it."""
    return Content.styled(_state(row), ink(item_of(row)))


def _state(row: ItemRow) -> str:
    item = item_of(row)
    if isinstance(row, Member) and item.label is Label.SUPPRESSED:
        return ""
    text = words.label_word(item.label)
    return f"{text}?" if item.condition is Condition.UNKNOWN else text


def what_cell(row: ItemRow, reading: Reading, *, says_state: bool) -> Content:
    """Return what it is, a member below its cause; `says_state`: with the label where nothing else tells it."""
    item = item_of(row)
    indent = INDENT * row.depth if isinstance(row, Member) else ""
    text = indent + words.title(item, now=reading.now, tz=reading.tz)
    told = _state(row) if says_state else ""
    if told and (item.label not in UNSAID or item.condition is Condition.UNKNOWN):
        return Content.assemble((text, ink(item)), (f"  {told}", "$ink-dim"))
    return Content.styled(text, ink(item))


def ink(item: Item) -> str:
    """Return the style of an item's name: bold while NEW, dim once somebody has it."""
    if item.label in HANDLED:
        return "$ink-dim"
    return "bold $ink-bright" if item.label is Label.NEW else "$ink"


def count(item: Item, reading: Reading) -> str:
    """Return the devices, or users, behind a cause or an outage; nothing where there is nothing to count."""
    n = reading.snapshot.behind(item)
    return number(n) if n else ""


def curve_cell(item: Item, width: int) -> Content:
    """Return how the number of devices behind a cause went."""
    points = item.seen.facts.get("curve") if item.is_cause and item.seen is not None else None
    if not points or len(points) < 2:
        return Content("")
    counts = [int(point[1]) for point in points]
    return Content.styled(sparkline(counts, width, least_spread=LEAST_SPREAD * max(counts)), "$ink-soft")


def who_cell(row: ItemRow, reading: Reading) -> Content:
    """Return who has it; of a member that somebody has its cause."""
    item = item_of(row)
    if isinstance(row, Member) and row.parent.triage.handling is not Handling.OPEN and not item.triage.assignee:
        return Content.styled(_("covered"), "$ink-dim")
    name = reading.person(item.triage.assignee)
    return Content.styled(name, "$ink-dim" if item.label in HANDLED else "$ink-soft")


def affected(item: Item, *, whole: bool) -> str:
    """Return the user of a device, or how many people a cause reaches; not `whole`: what stands before the @."""
    if item.seen is None:
        return ""
    if item.is_cause:
        people = int(item.seen.facts.get("users") or 0)
        return ngettext("{n} person", "{n} people", people).format(n=number(people)) if people else ""
    user = item.seen.user or ("" if item.triage.subject_type == "user" else "–")
    return user if whole else user.partition("@")[0]


def platforms(item: Item) -> str:
    """Return the platform; of a cause that has several, how many."""
    observed: Observation | None = item.seen
    if not item.is_cause:
        return (observed.platform if observed is not None else None) or "–"
    found = item.triage.platforms
    return found[0] if len(found) == 1 else f"{found[0]} +{len(found) - 1}" if found else ""


def fact(name: str, item: Item) -> str:
    """Return a fact as Graph tells it; nothing when it does not."""
    raw = item.seen.facts.get(name) if item.seen is not None else None
    return "" if raw is None else str(raw)
