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
    from widgets.table_drawing import Line


class Sliced(Protocol):
    """A table that draws lines in strips, one for each slice."""

    def spans(self, width: int) -> list[tuple[int, int]]:
        """Return the cells [start, end) of the slices."""

    def fill_slices(self) -> None:
        """Give every slice whose size has changed its part of the lines, as they are to look now."""


class Slice(Widget):
    """The part of a table between two cells of its width.

    It draws the strips of the table as they are, without Textual's cache of styled lines: there is no border, padding
    or opacity to add, and strips remember by themselves what has been made of them.
    """

    ALLOW_SELECT = False

    def __init__(self, table: Sliced, number: int) -> None:
        super().__init__()
        self._table = table
        self._number = number
        self._strips: list[Strip] = []
        self._strips_size = Size(0, 0)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of a frame."""
        if self.is_outdated:
            self._table.fill_slices()
        strips = self._strips[crop.y : crop.bottom]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, self._strips_size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """Draw one line, for those who ask what is under the mouse."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    @property
    def is_outdated(self) -> bool:
        """Whether the lines that it has are those of another size."""
        return self._strips_size != self.size

    def repaint(self, lines: list[Line]) -> None:
        """Take the lines and mark the cells as dirty that differ from those taken before."""
        before, size = self._strips, self._strips_size
        self.take(lines)
        if size != self._strips_size:
            self.refresh()
            return
        regions = [
            Region(span[0], y, span[1] - span[0], 1)
            for y, (old, new) in enumerate(zip(before, self._strips, strict=True))
            if old is not new and (span := changed_span(list(old), list(new)))
        ]
        if regions:
            self.refresh(*regions)

    def take(self, lines: list[Line]) -> None:
        """Draw these lines from now on."""
        self._strips_size = size = self.size
        # Between a change of columns or of size and the layout that follows, lines and slices may not fit each other.
        blank = Strip.blank(size.width, self.visual_style.rich_style)
        strips = [line[self._number] if self._number < len(line) else blank for line in lines[: size.height]]
        strips += [blank] * (size.height - len(strips))
        self._strips = [strip.adjust_cell_length(size.width) for strip in strips]


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
