"""Columns of a table: what they show and where they stand.

Public: `Row`, `Column(id, title, width, align, cell, cut, drop_below, gap, hide_title)`, `Slot`, `place(...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec
from textual.content import Content

from widgets.cells import Align, Cut

if TYPE_CHECKING:
    from collections.abc import Sequence


class Row(Protocol):
    """One line of a table: anything with a key; an unchanged row is the same object."""

    @property
    def key(self) -> str:
        """The name of the row, unique in its table and stable over time."""


R = TypeVar("R", bound=Row)

FLEXIBLE_MINIMUM = 20
"""Cells that a column without a width keeps for as long as another column may be dropped."""
LAST_RESORT = 8
"""Cells for which it takes the place even of the columns at its right that are always shown."""


class Column(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One column of a table."""

    id: str
    title: str = ""
    width: int | None
    """Cells, without the gap; None takes what the others leave (several share it evenly)."""
    cell: Callable[[R], Content | str]
    """What to show of a row. A `str` is literal text; a `Content` may carry styles such as ``$severity-critical``."""
    align: Align = "left"
    cut: Cut = "end"
    drop_below: int = 0
    """The table's width in cells below which the column is hidden; 0: none. Among columns that must go so that the
    flexible ones keep 20 cells, the one with the highest value goes first; those with 0 go last, from the right, when a
    flexible one would keep less than 8."""
    gap: int = 1
    """Blank cells before the column; the first shown column has none."""
    hide_title: bool = False
    """Whether the header line leaves the column's title out."""


class Slot(msgspec.Struct, Generic[R], frozen=True):
    """Where a column stands: cells from the left edge of the table, gap included."""

    column: Column[R]
    x: int
    gap: int
    width: int

    @property
    def end(self) -> int:
        """The first cell after the column."""
        return self.x + self.gap + self.width


def _needed(columns: Sequence[Column[R]], minimum: int) -> int:
    gaps = sum(column.gap for column in columns[1:])
    return gaps + sum(minimum if column.width is None else column.width for column in columns)


def _kept(columns: Sequence[Column[R]], width: int, room: int) -> list[Column[R]]:
    kept = [column for column in columns if width >= column.drop_below]
    while _needed(kept, FLEXIBLE_MINIMUM) > room:
        droppable = [column for column in kept if column.drop_below > 0]
        if not droppable:
            break
        kept.remove(max(reversed(droppable), key=lambda column: column.drop_below))
    while _needed(kept, LAST_RESORT) > room and len(kept) > 1 and kept[-1].width is not None:
        kept.pop()
    return kept


def place(columns: Sequence[Column[R]], width: int, left: int, right: int) -> tuple[Slot[R], ...]:
    """Return the columns that fit a table `width` cells wide, with their places.

    `left` and `right` are cells at the edges that the columns leave free. Columns beyond the right edge are cut, then
    left out.
    """
    room = width - left - right
    if room <= 0:
        return ()
    kept = _kept(columns, width, room)
    flexible = sum(column.width is None for column in kept)
    fixed = sum(column.gap for column in kept[1:]) + sum(column.width or 0 for column in kept)
    rest = max(0, room - fixed)
    slots: list[Slot[R]] = []
    x = left
    for position, column in enumerate(kept):
        gap = column.gap if position else 0
        share = column.width
        if share is None:
            share = -(-rest // flexible)
            rest -= share
            flexible -= 1
        share = min(share, width - right - x - gap)
        if share <= 0:
            continue
        slots.append(Slot(column, x, gap, share))
        x += gap + share
    return tuple(slots)
