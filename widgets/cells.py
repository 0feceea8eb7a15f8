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


def _alike(old: Sequence[Segment], new: Sequence[Segment]) -> int:
    """How many segments at the beginning are the same."""
    count = 0
    for before, after in zip(old, new, strict=False):
        if before is not after and before != after:
            break
        count += 1
    return count


def changed_span(old: Sequence[Segment], new: Sequence[Segment]) -> tuple[int, int] | None:
    """Return the cells [start, stop) outside which two drawings of one width are the same, None when they are alike.

    Exact for plain characters inside a segment whose style stays; otherwise whole segments count.
    """
    head = _alike(old, new)
    if head == len(old) == len(new):
        return None
    rest_old, rest_new = old[head:], new[head:]
    tail = _alike(rest_old[::-1], rest_new[::-1])
    rest_old, rest_new = rest_old[: len(rest_old) - tail], rest_new[: len(rest_new) - tail]
    start = width_of(new[:head])
    if len(rest_old) == len(rest_new) == 1 and rest_old[0].style == rest_new[0].style:
        before, after = rest_old[0].text, rest_new[0].text
        if len(before) == len(after) == cell_len(before) == cell_len(after):
            differing = [index for index, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
            return start + differing[0], start + differing[-1] + 1
    return start, start + max(width_of(rest_old), width_of(rest_new))
