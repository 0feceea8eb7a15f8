"""Work in the background takes turns: however many tasks have steps to do, one of them does one between two rounds of
the event loop, so that a key waits for a single step (a few milliseconds) and not for one of each task."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary


class _Queue:
    """The tasks of one loop that wait for their turn, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._called = False

    def wait(self) -> asyncio.Future[None]:
        mine = self._loop.create_future()
        self._waiting.append(mine)
        if not self._called:
            self._called = True
            self._loop.call_soon(self._next)
        return mine

    def _next(self) -> None:
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():  # else its task was cancelled
                first.set_result(None)
                break
        # What was let go runs in the next round, before the one after it is let go.
        self._called = bool(self._waiting)
        if self._called:
            self._loop.call_soon(self._next)


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()


async def next_turn() -> None:
    """Give way to the event loop, and go on when it is this task's turn among all that called this."""
    loop = asyncio.get_running_loop()
    queue = _queues.get(loop)
    if queue is None:
        queue = _queues[loop] = _Queue(loop)
    await queue.wait()
