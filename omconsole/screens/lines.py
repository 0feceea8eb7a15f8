"""Text set in columns: what detail, help and reader are made of. Everything handed in is literal text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Line: TypeAlias = tuple[str, str | Content]
    """What it is, and what it is like; without the first, the second goes on from the line above."""

INKS = ("$ink-dim", "$ink", "$ink-dim")
"""The inks of the first, second and third column."""
GAP = 2
LEAST_ROOM = 16
"""Cells below which the last column starts at the left edge again when it wraps."""
WIDEST = 36
"""Cells that a column takes at most before the next one starts."""


def columns(
    rows: Sequence[Sequence[str | Content]], inks: Sequence[str] = INKS, *, width: int | None = None
) -> Content:
    """Return rows whose cells line up; the last column wraps below itself where `width` cells do not suffice."""
    cells = [[_inked(cell, inks[place]) for place, cell in enumerate(row)] for row in rows]
    widths = [
        min(WIDEST, max((row[place].cell_length for row in cells if place < len(row) - 1), default=0))
        for place in range(max((len(row) for row in cells), default=0))
    ]
    return Content("\n").join([_line(row, widths, width) for row in cells])


def heading(text: str, *, first: bool = False) -> Content:
    """Return a heading, after a blank line unless it is the first."""
    title = Content.styled(text, "bold $ink-soft")
    return title if first else Content.assemble("\n", title)


def paragraph(text: str) -> Content:
    """Return a remark."""
    return Content.styled(text, "$ink-dim")


def _inked(cell: str | Content, ink: str) -> Content:
    return Content.styled(cell, ink) if isinstance(cell, str) else cell


def _line(row: Sequence[Content], widths: Sequence[int], width: int | None) -> Content:
    parts = [cell.pad_right(max(0, widths[place] - cell.cell_length) + GAP) for place, cell in enumerate(row[:-1])]
    head, last = Content("").join(parts), row[-1]
    room = 0 if width is None else width - head.cell_length
    if room < LEAST_ROOM or (last.cell_length <= room and "\n" not in last.plain):
        return head + last
    indent = Content(" " * head.cell_length)
    first, *rest = last.wrap(room)
    return Content("\n").join([head + first, *(indent + line for line in rest)])
