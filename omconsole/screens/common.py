"""What the members of a cause share, counted in slices: a large cause has 10,000 of them."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from omconsole.domain.sharing import sharing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.domain.items import Item
    from omconsole.domain.sharing import Shared
    from omconsole.screens.reading import Reading

SLICE_S = 0.005
"""Longest time at a stretch, in seconds."""


class Common:
    """Remembers what was counted last, of one cause."""

    def __init__(self) -> None:
        self._id = ""
        self._members: Sequence[Item] = ()
        self._found: Sequence[Shared] = ()

    def known(self, item: Item) -> Sequence[Shared]:
        """Return what was counted for this cause, maybe of members a moment ago; empty before."""
        return self._found if item.id == self._id else ()

    def is_due(self, item: Item, reading: Reading) -> bool:
        """Tell whether the members are others than those that were counted."""
        return item.is_cause and (item.id != self._id or reading.snapshot.members.get(item.id, ()) is not self._members)

    async def count(self, item: Item, reading: Reading) -> None:
        """Count what they share, without holding up the keyboard."""
        members = reading.snapshot.members.get(item.id, ())
        work = sharing(members)
        pause = perf_counter() + SLICE_S
        while True:
            try:
                next(work)
            except StopIteration as end:
                self._id, self._members, self._found = item.id, members, end.value
                return
            if perf_counter() >= pause:
                await asyncio.sleep(0)
                pause = perf_counter() + SLICE_S
