"""The last line of defence against control characters: nothing of the kind leaves the program, whatever drew it.

Textual 8.2.8 applies the filters in `App._filters` to every line of every widget. It has no public way to add one, so
the app appends it in its constructor, last, after those that change colours:

    class ConsoleApp(App[None]):
        def __init__(self) -> None:
            super().__init__()
            self._filters.append(control_filter())  # Textual 8.2.8 has no public way

Text is made safe on its way in (`omconsole.sanitize`) and again by the widgets (`widgets.cells.drawable`); the filter
stands for what slips past both.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.filter import LineFilter

from widgets.cells import JOINERS, REPLACEMENT

if TYPE_CHECKING:
    from rich.style import Style
    from textual.color import Color


def _safe_character(character: str) -> str:
    if character.isprintable() or character in JOINERS or unicodedata.category(character) == "Zs":
        return character
    return REPLACEMENT * cell_len(character)


def safe_text(text: str) -> str:
    """Return the text without control, format, private and unassigned characters, as wide as before.

    What Textual laid out with a width becomes U+FFFD, what it counted as no cell vanishes.
    """
    if text.isprintable():
        return text
    safe = "".join([_safe_character(character) for character in text])
    width = cell_len(text)
    return safe if cell_len(safe) == width else set_cell_size(safe, width)


def _safe_style(style: Style | None) -> Style | None:
    """A link is written to the terminal as it is, so one with control characters goes."""
    if style is None or style.link is None or style.link.isprintable():
        return style
    return style.update_link(None)


class ControlFilter(LineFilter):
    """Replaces what a terminal would obey instead of show."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # Textual's signature
        """Return the segments with harmless text; the same list when there is nothing to do."""
        if all(text.isprintable() and (style is None or style.link is None) for text, style, _ in segments):
            return segments
        return [Segment(safe_text(text), _safe_style(style)) for text, style, _ in segments]


def control_filter() -> ControlFilter:
    """Return the filter for `App._filters`."""
    return ControlFilter()
