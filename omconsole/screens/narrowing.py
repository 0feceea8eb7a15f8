"""Going through many rows without holding up the keyboard: in slices, the first screenful first."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Generic, TypeVar

from omconsole.domain.filters import searchable
from omconsole.screens.folding import Member
from omconsole.screens.ports import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from omconsole.domain.filters import Filter

R = TypeVar("R", bound=Row | Member)

SLICE_S = 0.005
"""Longest time at a stretch, in seconds."""
LOOK_EVERY = 32
"""Rows between two looks at the clock."""


class Narrowing(Generic[R]):
    """Finds the rows that pass a filter and remembers their searchable texts while a filter is set."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[R, str]] = {}
        self.looked_at = 0
        """Rows that were gone through last."""

    def forget(self) -> None:
        """Give the memory back."""
        self._texts = {}

    async def passing(self, rows: Iterable[R], filter_: Filter, screenful: int) -> AsyncIterator[list[R]]:
        """Yield the first `screenful` rows that pass as soon as they are found, then all; an empty filter lets all."""
        found: list[R] = []
        early = False
        pause = perf_counter() + SLICE_S
        position = -1
        for position, row in enumerate(rows):
            shown = row.item if isinstance(row, Member) else row
            if not filter_ or filter_.matches_text(shown, self._text(row, shown)):
                found.append(row)
            if position % LOOK_EVERY == 0 and perf_counter() >= pause:
                if not early and len(found) >= screenful:
                    early = True
                    yield list(found)
                await asyncio.sleep(0)
                pause = perf_counter() + SLICE_S
        self.looked_at = position + 1
        yield found

    def _text(self, row: R, shown: Row) -> str:
        known = self._texts.get(row.key)
        if known is not None and known[0] is row:
            return known[1]
        text = searchable(shown)
        self._texts[row.key] = (row, text)
        return text
