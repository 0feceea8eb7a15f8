"""A widget of one or few lines that repaints only the cells that have come to differ.

Subclasses implement `draw(width) -> list of lines of segments` and call `redraw()` when their data have changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from widgets.cells import changed_span, fit

Parts: TypeAlias = Sequence[Segment]


class DrawnLines(Widget):
    """Lines of text drawn as wholes, without children and without wrapping."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    DrawnLines { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: list[Parts] = []
        self._lines_width = -1

    def draw(self, width: int) -> list[Parts]:
        """Return the lines for a width in cells; what is missing is blank, what is too much is cut."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw anew and repaint what differs."""
        width, old = self._lines_width, self._lines
        if width != self.size.width:
            self.refresh()
            return
        self._lines = self._fitted(width)
        regions: list[Region] = []
        for y, line in enumerate(self._lines):
            span = changed_span(old[y], line) if y < len(old) else (0, width)
            if span:
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        if regions or len(old) != len(self._lines):
            self.refresh(*regions)

    def render_line(self, y: int) -> Strip:
        """Draw a line of the content."""
        width = self.size.width
        if width != self._lines_width:
            self._lines, self._lines_width = self._fitted(width), width
        if y < len(self._lines):
            return Strip(self._lines[y], width)
        return Strip.blank(width, self.visual_style.rich_style)

    def notify_style_update(self) -> None:
        """Draw anew after a change of theme or focus."""
        super().notify_style_update()
        if self.is_running:
            self.call_later(self.redraw)

    def _fitted(self, width: int) -> list[Parts]:
        style = self.visual_style.rich_style
        return [fit(line, width, style) for line in self.draw(width)]
