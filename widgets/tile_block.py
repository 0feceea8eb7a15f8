"""Figures side by side in two lines: each with its curve, below it what it is and how old.

    block = TileBlock(id="health")
    block.tiles = (Tile("compliant", "93.1 %", trend=(92.0, None, 93.1), age="12 m"), ...)

Every tile takes the same width, so that the figures stand still while their digits change. All texts are literal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.reactive import reactive

from widgets.cells import drawable, fit
from widgets.drawn_lines import DrawnLines
from widgets.sparkline import sparkline
from widgets.tiles import SEPARATOR, Tile

if TYPE_CHECKING:
    from rich.style import Style

    from widgets.drawn_lines import Parts

LEAST = 21
"""Cells of a tile at the least, the gap behind it included."""
WIDEST = 30
GAP = 3
LONGEST_CURVE = 12


class TileBlock(DrawnLines):
    """Two lines of figures; those that do not fit are left out, the last ones first."""

    DEFAULT_CSS = """
    TileBlock { height: 2; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tiles--label",
        "tiles--value",
        "tiles--trend",
        "tiles--age",
        "tiles--warning",
        "tiles--critical",
    }

    tiles: reactive[tuple[Tile, ...]] = reactive((), repaint=False)
    """The figures, the most important first."""

    def watch_tiles(self) -> None:
        """Repaint what differs."""
        self.redraw()

    def draw(self, width: int) -> list[Parts]:
        """Return the two lines."""
        shown = self.tiles[: max(1, (width - 1) // LEAST)]
        if not shown:
            return []
        each = min(WIDEST, (width - 1) // len(shown))
        blank = self.visual_style.rich_style
        above: list[Segment] = [Segment(" ", blank)]
        below: list[Segment] = [Segment(" ", blank)]
        for tile in shown:
            above += fit(self._figure(tile, each - GAP), each, blank)
            below += fit(self._words(tile), each - GAP, blank)
            below.append(Segment(" " * GAP, blank))
        return [above, below]

    def _figure(self, tile: Tile, room: int) -> list[Segment]:
        value = drawable(tile.value)
        parts = [Segment(value, self._style("value" if tile.tone == "normal" else tile.tone))]
        cells = min(LONGEST_CURVE, room - cell_len(value) - 2)
        curve = sparkline(tile.trend, cells, least_spread=tile.least_spread)
        return [*parts, Segment(f"  {curve}", self._style("trend"))] if curve else parts

    def _words(self, tile: Tile) -> list[Segment]:
        name = Segment(drawable(tile.label), self._style("label"))
        return [name, Segment(f"{SEPARATOR}{drawable(tile.age)}", self._style("age"))] if tile.age else [name]

    def _style(self, name: str) -> Style:
        return self.get_visual_style(f"tiles--{name}").rich_style
