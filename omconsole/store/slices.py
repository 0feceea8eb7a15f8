"""Long work as generators: the console runs it in slices between keys, the command line at once."""

from __future__ import annotations

import asyncio
from contextlib import closing
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

SLICE_S = 0.005
"""Seconds of work after which the loop gets its turn; with the last step it stays under the budget of 8 ms."""
T = TypeVar("T")


async def in_slices(work: Generator[None, None, T]) -> T:
    """Run work to its end on the event loop, giving way after each slice; return what it returns."""
    began = perf_counter()
    with closing(work):
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            if perf_counter() - began > SLICE_S:
                await next_turn()
                began = perf_counter()


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work beside the loop; a cancellation waits until it has ended, since a thread cannot be stopped.

    What the caller holds, a lock above all, is then let go only when nothing needs it any more.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()  # the cancellation says more than how the work ended
        raise


def at_once(work: Generator[None, None, T]) -> T:
    """Run work to its end; return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
