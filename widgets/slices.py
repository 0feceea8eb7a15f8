"""The upright slices of a table.

Textual 8.2.8 repaints a line of a widget from the widget's left edge to the last cell that has changed. A table that is
one widget would thus write 600 bytes for an age that goes from 9 to 10 at its right edge; as slices it writes 60.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import changed_span

if TYPE_CHECKING:
    from widgets.table_drawing import Line, Piece


class Sliced(Protocol):
    """A table that draws lines in pieces, one for each slice."""

    def spans(self, width: int) -> list[tuple[int, int]]:
        """Return the cells [start, end) of the slices."""

    def line(self, y: int) -> Line:
        """Return the line of the screen as it is to look now."""


class Slice(Widget):
    """The part of a table between two cells of its width."""

    ALLOW_SELECT = False

    def __init__(self, table: Sliced, number: int) -> None:
        super().__init__()
        self._table = table
        self._number = number
        self._drawn: dict[int, Piece] = {}
        self._drawn_size = Size(0, 0)

    def render_line(self, y: int) -> Strip:
        """Draw this slice's piece of a line."""
        if self._drawn_size != self.size:
            self._drawn_size = self.size
            self._drawn.clear()
        piece = self._drawn[y] = self._piece(self._table.line(y))
        return Strip(piece).adjust_cell_length(self.size.width)

    def repaint(self, lines: list[Line]) -> None:
        """Mark the cells as dirty that differ from what was drawn last."""
        if not self._drawn or self._drawn_size != self.size:
            self.refresh()
            return
        regions: list[Region] = []
        for y, line in enumerate(lines):
            before, after = self._drawn.get(y), self._piece(line)
            if before is None:
                regions.append(Region(0, y, self.size.width, 1))
            elif before is not after and (span := changed_span(before, after)):
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        if regions:
            self.refresh(*regions)

    def _piece(self, line: Line) -> Piece:
        # Between a change of columns and the layout that follows there may be slices too many.
        return line[self._number] if self._number < len(line) else ()


class SliceLayout(Layout):
    """Places the slices side by side."""

    name = "slices"

    def __init__(self, table: Sliced) -> None:
        self._table = table

    def arrange(
        self,
        parent: Widget,  # Textual's signature
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # Textual's signature
    ) -> ArrangeResult:
        """Return the places of as many children as the table has slices at this width."""
        return [
            WidgetPlacement(Region(start, 0, end - start, size.height), NULL_OFFSET, NULL_SPACING, child)
            for child, (start, end) in zip(children, self._table.spans(size.width), strict=False)
        ]
