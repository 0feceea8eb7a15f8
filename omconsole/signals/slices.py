"""Long lists in short steps: the loop gets its turn after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

T = TypeVar("T")

SLICE = 250
"""Devices judged between two turns of the loop (about 2 ms)."""
LIGHT_SLICE = 2_000
"""Devices only looked at between two turns of the loop (about 1 ms)."""


async def sliced(things: Sequence[T], slice_: int = SLICE) -> AsyncIterator[T]:
    """The things, with a turn of the loop after each slice."""
    for start in range(0, len(things), slice_):
        for thing in things[start : start + slice_]:
            yield thing
        await next_turn()
