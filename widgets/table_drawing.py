"""The look of a table's lines: pieces of segments that stay the same object while nothing about them changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeAlias

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from widgets.cells import drawable, fit, joined
from widgets.columns import Column, R, Slot, place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.style import Style

Piece: TypeAlias = tuple[Segment, ...]
Line: TypeAlias = tuple[Piece, ...]
"""One piece a slice: the columns up to the flexible one, then every column by itself, then the right margin."""

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
        self._groups: list[list[Slot[R]]] = []
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
        self._groups = _grouped(self._slots)
        self.forget()

    def spans(self, width: int) -> list[tuple[int, int]]:
        """Return the cells [start, end) of each slice of a table so many cells wide."""
        ends = [group[-1].end for group in _grouped(place(self.columns, width, BAR_WIDTH, MARGIN))]
        return [span for span in pairwise([0, *ends, width]) if span[0] < span[1]]

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

    def row(self, row: R, look: Look, *, thumb: bool) -> Line:
        """Return the line of a row."""
        known = self._lines.get((row.key, look))
        if known is None or known[0] is not row:
            if len(self._lines) > CACHED_SCREENS * max(self.size.height, 1):
                self._lines.clear()
            known = self._lines[row.key, look] = (row, self._draw(row, look))
        return (*known[1], self._tail(look, thumb=thumb))

    def blank(self) -> Line:
        """Return the line below the last row."""
        if not self._blank:
            self._blank = self._sliced(())
        return self._blank

    def header(self) -> Line:
        """Return the line of titles."""
        style = self._styles.header
        parts = [Segment(" " * BAR_WIDTH, style.rich_style)]
        for slot in self._slots:
            parts += self._cell(slot, "" if slot.column.hide_title else slot.column.title, style)
        return self._sliced(parts)

    def empty(self, sentence: Content | str) -> list[Line]:
        """Return the lines of a sentence, wrapped between the margins."""
        width = self.size.width - BAR_WIDTH - MARGIN
        if width <= 0:
            return []
        style = self._styles.empty
        content = Content(sentence) if isinstance(sentence, str) else sentence
        edge = Segment(" " * BAR_WIDTH, style.rich_style)
        return [self._sliced([edge, *_segments(line, style)]) for line in content.wrap(width)]

    @property
    def _styles(self) -> Looks:
        assert self.looks is not None, "restyle() comes before drawing"
        return self.looks

    def _sliced(self, parts: Sequence[Segment]) -> Line:
        """A line that does not care about columns, cut into the slices."""
        width = self.size.width
        strip = Strip(fit(parts, width, self._styles.rows[Look.PLAIN].rich_style), width)
        pieces = strip.divide([end for _start, end in self.spans(width)])
        return tuple([joined(list(piece)) for piece in pieces])

    def _tail(self, look: Look, *, thumb: bool) -> Piece:
        tail = self._tails.get((look, thumb))
        if tail is None:
            style = self._styles.rows[look].rich_style
            rest = self.size.width - (self._slots[-1].end if self._slots else 0)
            if thumb and rest:
                tail = (*fit((), rest - 1, style), Segment(THUMB, self._styles.thumbs[look].rich_style))
            elif self._slots:
                tail = fit((), rest, style)
            else:
                tail = fit([self._bar(look)], rest, style)
            self._tails[look, thumb] = tail
        return tail

    def _bar(self, look: Look) -> Segment:
        return Segment(" " if look is Look.PLAIN else BAR, self._styles.bars[look].rich_style)

    def _draw(self, row: R, look: Look) -> Line:
        style = self._styles.rows[look]
        cells = [
            [part for slot in group for part in self._cell(slot, slot.column.cell(row), style)]
            for group in self._groups
        ]
        if cells:
            cells[0].insert(0, self._bar(look))
        return tuple([joined(parts) for parts in cells])

    def _cell(self, slot: Slot[R], value: Content | str, style: Style) -> Piece:
        blank = style.rich_style
        parts = [Segment(drawable(value), blank)] if isinstance(value, str) else _segments(value, style)
        piece = fit(parts, slot.width, blank, slot.column.align, slot.column.cut)
        return (Segment(" " * slot.gap, blank), *piece) if slot.gap else piece


def _grouped(slots: Sequence[Slot[R]]) -> list[list[Slot[R]]]:
    flexible = next((number for number, slot in enumerate(slots) if slot.column.width is None), 0)
    groups = [list(slots[: flexible + 1]), *([slot] for slot in slots[flexible + 1 :])]
    return [group for group in groups if group]


def _segments(content: Content, style: Style) -> list[Segment]:
    return [Segment(drawable(text), part.rich_style) for text, part in content.render(style, end="") if text]
