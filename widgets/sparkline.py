"""A curve in one line of text.

sparkline((1, None, 3), width=3) -> "▁·█"
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BARS: Final = "▁▂▃▄▅▆▇█"
FLAT: Final = BARS[3]
MISSING: Final = "·"


def sparkline(values: Sequence[float | None], width: int, *, least_spread: float = 0.0) -> str:
    """Return the values, oldest first, as bars between their own least and greatest value.

    None is drawn as `·`, so that what is unknown never looks like zero; a series without change stands at mid-height.
    Of more values than cells, each bar shows the last known value of its share, so that the newest is always the last
    bar. Fewer values than cells are not stretched. Without any known value the curve is empty. Values that differ by
    less than `least_spread` are drawn around mid-height as if they differed by so much: noise must not look like news.
    """
    if width <= 0 or all(value is None for value in values):
        return ""
    count = len(values)
    if count > width:
        bounds = [count * cell // width for cell in range(width + 1)]
        values = [_last_known(values[start:end]) for start, end in itertools.pairwise(bounds)]
    known = [value for value in values if value is not None]
    low, spread = min(known), max(known) - min(known)
    if 0 < spread < least_spread:
        low, spread = low - (least_spread - spread) / 2, least_spread
    return "".join([MISSING if value is None else _bar(value - low, spread) for value in values])


def _last_known(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def _bar(height: float, spread: float) -> str:
    return FLAT if spread == 0 else BARS[min(len(BARS) - 1, int(height / spread * len(BARS)))]
