"""The stylesheet of everything that is opened from the first screen; not parsed before its first paint."""

from __future__ import annotations

from typing import Final

from styles import WIDGETS_CSS

PAGES_CSS: Final = WIDGETS_CSS.with_name("pages.tcss")
"""For `Screen.CSS_PATH`."""
MARGINS: Final = 3
"""Cells of a page that are not text: a blank at each side and the scroll bar."""
