"""The look of a table's lines: pieces of segments that stay the same object while nothing about them changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeAlias

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size

from widgets.cells import drawable, fit
from widgets.columns import Column, R, Slot, place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.style import Style

Piece: TypeAlias = tuple[Segment, ...]
Line: TypeAlias = tuple[Piece, ...]
"""The bar's cell, one piece a column with the gap before it, and the rest of the line."""

BAR = "▍"
THUMB = "▐"
BAR_WIDTH = 1
MARGIN = 1
CACHED_SCREENS = 4
"""Lines are kept for so many screens before the cache starts afresh."""


class Look(Enum):
    """How the line of a row is drawn."""

    PLAIN = "queue-table--row"
    CURSOR = "queue-table--cursor"
    CURSOR_BLURRED = "queue-table--cursor-blurred"


@dataclass(frozen=True, slots=True)
class Looks:
    """The resolved styles of a table."""

    rows: Mapping[Look, Style]
    bars: Mapping[Look, Style]
    thumbs: Mapping[Look, Style]
    header: Style
    empty: Style

    @classmethod
    def resolve(cls, style_of: Callable[..., Style]) -> Looks:
        """Resolve the component classes; `style_of` is the widget's `get_visual_style`."""
        bar = {Look.CURSOR: "queue-table--bar", Look.CURSOR_BLURRED: "queue-table--bar-blurred"}
        return cls(
            rows={look: style_of(look.value) for look in Look},
            bars={look: style_of(look.value, bar[look]) if look in bar else style_of(look.value) for look in Look},
            thumbs={look: style_of(look.value, "queue-table--thumb") for look in Look},
            header=style_of("queue-table--header"),
            empty=style_of("queue-table--empty"),
        )


class TableDrawing(Generic[R]):
    """Draws rows as lines of a given width and remembers those it has drawn."""

    def __init__(self, columns: Sequence[Column[R]]) -> None:
        self.columns = tuple(columns)
        self.size = Size(0, 0)
        self.looks: Looks | None = None
        self._slots: tuple[Slot[R], ...] = ()
        self._lines: dict[tuple[str, Look], tuple[R, Line]] = {}
        self._tails: dict[tuple[Look, bool], Piece] = {}
        self._blank: Line = ()

    def set_columns(self, columns: Sequence[Column[R]]) -> None:
        """Draw other columns from now on."""
        self.columns = tuple(columns)
        self.resize(self.size)

    def resize(self, size: Size) -> None:
        """Place the columns anew for a size in cells."""
        self.size = size
        self._slots = place(self.columns, size.width, BAR_WIDTH, MARGIN)
        self.forget()

    def restyle(self, looks: Looks) -> None:
        """Draw with these styles from now on."""
        if looks != self.looks:
            self.looks = looks
            self.forget()

    def forget(self) -> None:
        """Draw every line anew, also those of unchanged rows."""
        self._lines.clear()
        self._tails.clear()
        self._blank = ()

    @property
    def piece_ends(self) -> list[int]:
        """The cell after each piece of a line."""
        return [BAR_WIDTH, *(slot.end for slot in self._slots), self.size.width]

    def row(self, row: R, look: Look, *, thumb: bool) -> Line:
        """Return the line of a row."""
        known = self._lines.get((row.key, look))
        if known is None or known[0] is not row:
            if len(self._lines) > CACHED_SCREENS * max(self.size.height, 1):
                self._lines.clear()
            known = self._lines[row.key, look] = (row, self._draw(row, look))
        return (*known[1], self._tail(look, thumb))

    def blank(self) -> Line:
        """Return the line below the last row."""
        if not self._blank:
            style = self._styles.rows[Look.PLAIN].rich_style
            self._blank = (fit((), self.size.width, style),)
        return self._blank

    def header(self) -> Line:
        """Return the line of titles."""
        style = self._styles.header
        titles = [self._cell(slot, "" if slot.column.hide_title else slot.column.title, style) for slot in self._slots]
        blank = self._styles.rows[Look.PLAIN].rich_style
        return (fit((), min(BAR_WIDTH, self.size.width), blank), *titles, self._tail(Look.PLAIN, False))

    def empty(self, sentence: Content | str) -> list[Line]:
        """Return the lines of a sentence, wrapped between the margins."""
        width = self.size.width - BAR_WIDTH - MARGIN
        style = self._styles.empty
        blank = self._styles.rows[Look.PLAIN].rich_style
        if width <= 0:
            return []
        content = Content(sentence) if isinstance(sentence, str) else sentence
        edge = fit((), BAR_WIDTH, blank)
        return [(edge, fit(_segments(line, style), width + MARGIN, blank)) for line in content.wrap(width)]

    @property
    def _styles(self) -> Looks:
        assert self.looks is not None, "restyle() comes before drawing"
        return self.looks

    def _tail(self, look: Look, thumb: bool) -> Piece:
        tail = self._tails.get((look, thumb))
        if tail is None:
            style = self._styles.rows[look]
            used = self._slots[-1].end if self._slots else BAR_WIDTH
            rest = self.size.width - used
            if thumb and rest:
                mark = Segment(THUMB, self._styles.thumbs[look].rich_style)
                tail = (*fit((), rest - 1, style.rich_style), mark)
            else:
                tail = fit((), rest, style.rich_style)
            self._tails[look, thumb] = tail
        return tail

    def _draw(self, row: R, look: Look) -> Line:
        bar = Segment(" " if look is Look.PLAIN else BAR, self._styles.bars[look].rich_style)
        style = self._styles.rows[look]
        edge = (bar,) if self.size.width else ()
        return (edge, *[self._cell(slot, slot.column.cell(row), style) for slot in self._slots])

    def _cell(self, slot: Slot[R], value: Content | str, style: Style) -> Piece:
        blank = style.rich_style
        parts = [Segment(drawable(value), blank)] if isinstance(value, str) else _segments(value, style)
        piece = fit(parts, slot.width, blank, slot.column.align, slot.column.cut)
        return (Segment(" " * slot.gap, blank), *piece) if slot.gap else piece


def _segments(content: Content, style: Style) -> list[Segment]:
    return [Segment(drawable(text), part.rich_style) for text, part in content.render(style, end="") if text]
