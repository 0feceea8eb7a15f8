"""The look of a table's lines: strips that stay the same object while nothing about them changes.

Textual keeps in a strip what filters and rendering made of it: a line that is shown again costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeAlias

import msgspec
from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.style import Style

from widgets.cells import drawable, fit, joined
from widgets.columns import Column, R, Slot, place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.style import Style as RichStyle

Piece: TypeAlias = tuple[Segment, ...]
Line: TypeAlias = tuple[Strip, ...]
"""One strip a slice: the columns up to the flexible one, then each by itself, the last with the right margin."""

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


class Looks(msgspec.Struct, frozen=True):
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
        self._widths: list[int] = []
        self._lines: dict[tuple[str, Look, bool], tuple[R, Line]] = {}
        self._resolved: dict[tuple[str | Style, Style], RichStyle] = {}
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
        self._widths = [end - start for start, end in self.spans(size.width)]
        self.forget()

    def spans(self, width: int) -> list[tuple[int, int]]:
        """Return the cells [start, end) of each slice of a table so many cells wide."""
        ends = [group[-1].end for group in _grouped(place(self.columns, width, BAR_WIDTH, MARGIN))]
        return list(pairwise([0, *ends[:-1], width]))

    def restyle(self, looks: Looks) -> None:
        """Draw with these styles from now on."""
        if looks != self.looks:
            self.looks = looks
            self.forget()

    def forget(self) -> None:
        """Draw every line anew, also those of unchanged rows."""
        self._lines.clear()
        self._resolved.clear()
        self._blank = ()

    def row(self, row: R, look: Look, *, thumb: bool) -> Line:
        """Return the line of a row; `thumb`: with the mark that shows which part of the rows is in view."""
        known = self._lines.get((row.key, look, thumb))
        if known is None or known[0] is not row:
            if len(self._lines) > CACHED_SCREENS * max(self.size.height, 1):
                self._lines.clear()
            known = self._lines[row.key, look, thumb] = (row, self._draw(row, look, thumb=thumb))
        return known[1]

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
        return [self._sliced([edge, *self._segments(line, style)]) for line in content.wrap(width)]

    @property
    def _styles(self) -> Looks:
        assert self.looks is not None, "restyle() comes before drawing"
        return self.looks

    def _sliced(self, parts: Sequence[Segment]) -> Line:
        """A line that does not care about columns, cut into the slices."""
        width = self.size.width
        strip = Strip(fit(parts, width, self._styles.rows[Look.PLAIN].rich_style), width)
        spans = self.spans(width)
        pieces = strip.divide([end for _start, end in spans])
        return tuple(
            [Strip(joined(list(piece)), end - start) for piece, (start, end) in zip(pieces, spans, strict=True)]
        )

    def _bar(self, look: Look) -> Segment:
        return Segment(" " if look is Look.PLAIN else BAR, self._styles.bars[look].rich_style)

    def _margin(self, look: Look, *, thumb: bool) -> Piece:
        """The cells after the last column."""
        style = self._styles.rows[look].rich_style
        width = self.size.width - (self._slots[-1].end if self._slots else BAR_WIDTH)
        if not (thumb and width > 0):
            return fit((), width, style)
        return (*fit((), width - 1, style), Segment(THUMB, self._styles.thumbs[look].rich_style))

    def _draw(self, row: R, look: Look, *, thumb: bool) -> Line:
        style = self._styles.rows[look]
        pieces = [
            [part for slot in group for part in self._cell(slot, slot.column.cell(row), style)]
            for group in self._groups
        ] or [[]]
        pieces[0].insert(0, self._bar(look))
        pieces[-1] += self._margin(look, thumb=thumb)
        return tuple([Strip(joined(parts), width) for parts, width in zip(pieces, self._widths, strict=True)])

    def _cell(self, slot: Slot[R], value: Content | str, style: Style) -> Piece:
        blank = style.rich_style
        parts = [Segment(drawable(value), blank)] if isinstance(value, str) else self._segments(value, style)
        piece = fit(parts, slot.width, blank, slot.column.align, slot.column.cut)
        return (Segment(" " * slot.gap, blank), *piece) if slot.gap else piece

    def _segments(self, content: Content, style: Style) -> list[Segment]:
        if not content:
            return []
        spans = content.spans
        if len(spans) == 1 and spans[0].start == 0 and spans[0].end == len(content):
            # Nearly every cell is of one style; Content.render takes five times as long.
            own = spans[0].style
            resolved = self._resolved.get((own, style))
            if resolved is None:
                resolved = next(iter(content.render(style, end="")))[1].rich_style
                self._resolved[own, style] = resolved
            return [Segment(drawable(content.plain), resolved)]
        return [Segment(drawable(text), part.rich_style) for text, part in content.render(style, end="") if text]


def most_slices(columns: Sequence[Column[R]]) -> int:
    """Return into how many slices the lines of these columns are cut at most, at whatever width.

    Without room for a flexible column none stands to its right.
    """
    first = next((number for number, column in enumerate(columns) if column.width is None), None)
    if first is None or columns[first].drop_below:
        return max(len(columns), 1)
    return max(len(columns) - first, first, 1)


def _grouped(slots: Sequence[Slot[R]]) -> list[list[Slot[R]]]:
    flexible = next((number for number, slot in enumerate(slots) if slot.column.width is None), 0)
    groups = [list(slots[: flexible + 1]), *([slot] for slot in slots[flexible + 1 :])]
    return [group for group in groups if group]
