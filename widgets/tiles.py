"""The head of a screen: figures with trend and age, and at the right what must always be seen.

    header = HeaderLine(id="header")
    header.tiles = (Tile("", "Contoso"), Tile("compliant", "93.1 %", trend=(92.0, None, 93.1), age="12 m"))
    header.right = "09:41"                          # clock or freshness; stays at every width
    header.summary = "7 need you · 2 critical"      # the second line; without it there is one line
    header.summary_right = "all fresh"

Tiles are ordered by importance: when the width does not suffice the last ones go; an age never goes without its figure,
and trends take what is left.
All texts are literal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.widget import Widget

from widgets.cells import drawable, fit, width_of
from widgets.drawn_lines import DrawnLines
from widgets.sparkline import sparkline

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.geometry import Size
    from textual.strip import Strip

    from widgets.drawn_lines import Parts

TREND_WIDTH = 5
GAP = 3
SEPARATOR = " · "
LEAST_NOTE = 8
"""Cells below which a note at the right says nothing."""


class Tile(msgspec.Struct, frozen=True):
    """One figure."""

    label: str
    value: str
    trend: tuple[float | None, ...] = ()
    """Values, oldest first; None where nothing is known."""
    least_spread: float = 0.0
    """The difference between values that fills the height of the curve at the least."""
    age: str | None = None
    """How old the figure is, when it is older than its source's interval."""
    tone: Literal["normal", "warning", "critical"] = "normal"


class Corner(Widget):
    """The right end of a header's first line, in a widget of its own.

    Textual 8.2.8 repaints a line from the left edge of its widget: a clock in the same widget as the tiles would write
    700 bytes a minute instead of 60.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Corner { dock: right; width: 6; height: 1; }
    """

    def __init__(self, header: HeaderLine) -> None:
        super().__init__()
        self._header = header
        self._shown: Strip | None = None

    def redraw(self) -> None:
        """Repaint if it differs."""
        if self._shown is not None and self._cut_out() != self._shown:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw what the header has here."""
        self._shown = self._cut_out()
        return self._shown

    def _cut_out(self) -> Strip:
        end = self._header.size.width
        return self._header.render_line(0).crop(end - self.size.width, end)


class HeaderLine(DrawnLines):
    """One or two lines at the top of a screen."""

    DEFAULT_CSS = """
    HeaderLine { height: auto; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "header--label",
        "header--value",
        "header--trend",
        "header--age",
        "header--warning",
        "header--critical",
        "header--right",
    }

    tiles: reactive[tuple[Tile, ...]] = reactive((), repaint=False)
    """The figures, the most important first."""
    right: reactive[str] = reactive("", repaint=False)
    """What stands at the right edge of the first line."""
    summary: reactive[str] = reactive("", repaint=False)
    """The sentence of the second line; empty: there is no second line."""
    summary_right: reactive[str] = reactive("", repaint=False)
    """What stands at the right edge of the second line."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id, classes=classes)
        self._corner = Corner(self)

    def compose(self) -> ComposeResult:
        """Yield what lies over the right end."""
        yield self._corner

    def redraw(self) -> None:
        """Draw anew and repaint what differs."""
        super().redraw()
        self._corner.redraw()

    def watch_tiles(self) -> None:
        """Repaint what differs."""
        self.redraw()

    def watch_right(self) -> None:
        """Repaint what differs."""
        self.redraw()

    def watch_summary(self, before: str, now: str) -> None:
        """Repaint what differs; take or free the second line."""
        self.redraw()
        if bool(before) != bool(now):
            self.refresh(layout=True)

    def watch_summary_right(self) -> None:
        """Repaint what differs."""
        self.redraw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # Textual's signature
        """Return 2 with a summary, else 1."""
        return 2 if self.summary else 1

    def draw(self, width: int) -> list[Parts]:
        """Return the lines."""
        right = self._style("right")
        lines = [self._across(self._tiles(width - self._room(self.right)), self.right, width, right)]
        if self.summary:
            sentence, note = self._beside(drawable(self.summary), drawable(self.summary_right), width - 2)
            lines.append(self._across([Segment(sentence, self._style("value"))], note, width, right))
        return lines

    def _style(self, name: str) -> Style:
        return self.get_visual_style(f"header--{name}").rich_style

    @staticmethod
    def _room(right: str) -> int:
        """Cells that the text at the right takes, blanks included."""
        return width_of([Segment(drawable(right))]) + GAP + 1 if right else 2

    @staticmethod
    def _beside(sentence: str, note: str, room: int) -> tuple[str, str]:
        """Both texts, without the last parts of the sentence where they would touch, and with a note cut if it must."""
        parts = sentence.split(SEPARATOR)
        while len(parts) > 1 and cell_len(SEPARATOR.join(parts)) + GAP + cell_len(note) > room:
            parts.pop()
        kept = SEPARATOR.join(parts)
        left = room - GAP - cell_len(kept)
        if cell_len(note) <= left:
            return kept, note
        return (
            (kept, "".join(part.text for part in fit([Segment(note)], left, Style())))
            if left >= LEAST_NOTE
            else (kept, "")
        )

    def _across(self, left: Parts, right: str, width: int, style: Style) -> Parts:
        blank = self.visual_style.rich_style
        edge = Segment(" ", blank)
        end = [edge, Segment(drawable(right), style), edge] if right else [edge]
        room = max(0, width - 1 - width_of(end))
        return [edge, *fit(left, room, blank), *end]

    def _tiles(self, room: int) -> list[Segment]:
        """As many tiles as fit with their ages, the most important first; then as many of their trends."""
        tiles: list[list[Segment]] = []
        taken = 0
        for tile in self.tiles:
            parts = self._figure(tile)
            more = width_of(parts) + (GAP if tiles else 0)
            if tiles and taken + more > room:
                break
            taken += more
            tiles.append(parts)
        for tile, parts in zip(self.tiles, tiles, strict=False):
            curve = self._trend(tile)
            if taken + width_of(curve) <= room:
                parts[1 + bool(tile.label) : 1 + bool(tile.label)] = curve
                taken += width_of(curve)
        blank = Segment(" " * GAP, self.visual_style.rich_style)
        return [segment for number, parts in enumerate(tiles) for segment in ([blank] if number else []) + parts]

    def _figure(self, tile: Tile) -> list[Segment]:
        parts = [Segment(drawable(tile.value), self._style("value" if tile.tone == "normal" else tile.tone))]
        if tile.label:
            parts.append(Segment(f" {drawable(tile.label)}", self._style("label")))
        if tile.age:
            parts.append(Segment(f"{SEPARATOR}{drawable(tile.age)}", self._style("age")))
        return parts

    def _trend(self, tile: Tile) -> list[Segment]:
        curve = sparkline(tile.trend, TREND_WIDTH, least_spread=tile.least_spread)
        return [Segment(f" {curve}", self._style("trend"))] if curve else []
