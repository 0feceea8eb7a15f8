"""The stylesheet of everything that is opened from the first screen; not parsed before its first paint."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding
from textual.containers import VerticalScroll

from styles import WIDGETS_CSS

PAGES_CSS: Final = WIDGETS_CSS.with_name("pages.tcss")
"""For `Screen.CSS_PATH`."""
MARGINS: Final = 3
"""Cells of a page that are not text: a blank at each side and the scroll bar."""


class Page(VerticalScroll):
    """Text that is read: the keys that move in tables scroll it."""

    BINDINGS = [
        Binding("j", "scroll_down", "down", show=False),
        Binding("k", "scroll_up", "up", show=False),
        Binding("g", "scroll_home", "begin", show=False),
        Binding("G", "scroll_end", "end", show=False),
    ]
