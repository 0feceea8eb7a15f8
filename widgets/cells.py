"""Text in terminal cells: what may be drawn, how wide it is, where it is cut.

Public: `drawable(text)`, `fit(parts, width, ...)`, `joined(parts)`, `changed_span(old, new)`, `Cut`, `Align`.
Widths are those of `rich.cells`, which Textual lays out with.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Literal, TypeAlias

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

Align: TypeAlias = Literal["left", "right"]
"""The side of its column on which a text stands."""

Cut: TypeAlias = Literal["end", "middle"]
"""Where a text that is too long loses characters."""

ELLIPSIS = "…"
REPLACEMENT = "\ufffd"
JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe0e\ufe0f"


def _drawable_character(character: str) -> str:
    """Map one character that `str.isprintable` refuses to what may be drawn in its place."""
    if character in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    category = unicodedata.category(character)
    if category == "Zs" or character in JOINERS:
        return character
    return "" if category == "Cf" else REPLACEMENT


def drawable(text: str) -> str:
    """Return the text without anything that a terminal obeys, hides, or measures otherwise than `rich` does.

    Controls, surrogates, private and unassigned characters become U+FFFD; line breaks and tabs a space; invisible
    format characters (bidi controls, zero-width space, tags) vanish. Variation selectors 15 and 16 vanish as well:
    with them terminals and `rich` disagree about the width. Joiners stay: they hold emoji families together.
    """
    if not text.isprintable():
        text = "".join([char if char.isprintable() else _drawable_character(char) for char in text])
    if "\ufe0e" in text or "\ufe0f" in text:
        text = text.translate({ord(selector): None for selector in _SELECTORS})
    return text


def _first_cells(text: str, cells: int) -> str:
    """The longest beginning of a text that takes at most so many cells."""
    if cell_len(text) <= cells:
        return text
    end = 0
    for start, stop, width in split_graphemes(text)[0]:
        cells -= width
        if cells < 0:
            return text[:start]
        end = stop
    return text[:end]


def _last_cells(text: str, cells: int) -> str:
    """The longest end of a text that takes at most so many cells."""
    if cell_len(text) <= cells:
        return text
    for _start, stop, width in reversed(split_graphemes(text)[0]):
        cells -= width
        if cells < 0:
            return text[stop:]
    return text


def _head(parts: Sequence[Segment], cells: int) -> list[Segment]:
    kept: list[Segment] = []
    for text, style, _ in parts:
        if cells <= 0:
            break
        piece = _first_cells(text, cells)
        kept.append(Segment(piece, style))
        if piece != text:
            break
        cells -= cell_len(piece)
    return [segment for segment in kept if segment.text]


def _tail(parts: Sequence[Segment], cells: int) -> list[Segment]:
    kept: list[Segment] = []
    for text, style, _ in reversed(parts):
        if cells <= 0:
            break
        piece = _last_cells(text, cells)
        kept.append(Segment(piece, style))
        if piece != text:
            break
        cells -= cell_len(piece)
    return [segment for segment in reversed(kept) if segment.text]


def width_of(parts: Sequence[Segment]) -> int:
    """Return the cells that the segments take together."""
    return sum([cell_len(text) for text, _, _ in parts])


def fit(
    parts: Sequence[Segment], width: int, padding: Style, align: Align = "left", cut: Cut = "end"
) -> tuple[Segment, ...]:
    """Return the segments cut or padded to exactly `width` cells.

    A wide character that would be halved is left out and its cell padded. `padding` is the style of the blanks.
    """
    if width <= 0:
        return ()
    taken = width_of(parts)
    kept = list(parts)
    if taken > width:
        left = width - 1 if cut == "end" else width // 2
        head = _head(parts, left)
        tail = [] if cut == "end" else _tail(parts, width - 1 - left)
        style = head[-1].style if head else parts[0].style
        kept = [*head, Segment(ELLIPSIS, style), *tail]
        taken = width_of(kept)
    if taken < width:
        blank = Segment(" " * (width - taken), padding)
        kept = [blank, *kept] if align == "right" else [*kept, blank]
    return tuple(kept)


def _carries_blanks(style: Style | None, blank: Style | None) -> bool:
    """Whether blanks of one style look the same in the other: only the background shows."""
    if style is None or blank is None:
        return style is blank
    lines = style.underline or style.underline2 or style.overline or style.strike or style.reverse
    return style.bgcolor == blank.bgcolor and not lines and style.link is None


def joined(parts: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the same cells in as few segments as possible: each costs some 40 bytes of escape sequences."""
    runs: list[Segment] = []
    for part in parts:
        text, style, _ = part
        if runs:
            before, before_style, _ = runs[-1]
            if style == before_style or (text.isspace() and _carries_blanks(before_style, style)):
                runs[-1] = Segment(before + text, before_style)
                continue
            if before.isspace() and _carries_blanks(style, before_style):
                runs[-1] = Segment(before + text, style)
                continue
        runs.append(part)
    return tuple(runs)


def _cells(parts: Sequence[Segment]) -> list[tuple[str, Style | None]]:
    """One entry a cell; the second cell of a wide character repeats it, marks that take no cell join the one before."""
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in parts:
        for start, stop, width in split_graphemes(text)[0]:
            cells.extend([(text[start:stop], style)] * width)
    return cells


def changed_span(old: Sequence[Segment], new: Sequence[Segment]) -> tuple[int, int] | None:
    """Return the cells [start, stop) in which two drawings differ, or None when they are alike."""
    if old is new or list(old) == list(new):
        return None
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return 0, max(len(before), len(after))
    start, stop = 0, len(after)
    while start < stop and before[start] == after[start]:
        start += 1
    while stop > start and before[stop - 1] == after[stop - 1]:
        stop -= 1
    return (start, stop) if start < stop else None
