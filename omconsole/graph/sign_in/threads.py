"""Calls that may hang, made in threads that nobody has to wait for.

`asyncio.to_thread` would keep a console from ending while a sign-in server is silent: the interpreter joins its
threads.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Returns what `work` returns, or raises what it raises; once the awaiting task is cancelled that is nobody's."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: T | None = None
        trouble: BaseException | None = None
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            trouble = error
        with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
            loop.call_soon_threadsafe(settle, value, trouble)

    threading.Thread(target=run, name="sign-in", daemon=True).start()
    return await outcome
