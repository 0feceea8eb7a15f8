"""Stylesheets and themes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HERE = Path(__file__).parent

WIDGETS_CSS: Final = _HERE / "widgets.tcss"
"""The look of the classes in `widgets`; for `App.CSS_PATH`."""
