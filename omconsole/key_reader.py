"""Reads keys without waking up for nothing.

Textual 8.2.8 looks for keys ten times a second, which is all the processor time that an idle program uses. Here the
thread sleeps until a key or the end comes. After a key it goes on looking for a second, since an escape that nothing
follows is told from the start of a sequence by time alone.
"""

from __future__ import annotations

import os
import selectors
import threading
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from textual._parser import ParseEOF, ParseError
from textual._xterm_parser import XTermParser

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.message import Message

LOOK_S: Final = 0.1
LOOK_FOR_S: Final = 1.0


class AudibleEvent(threading.Event):
    """An event that a selector hears too, through the descriptor `heard`."""

    def __init__(self) -> None:
        super().__init__()
        self.heard, self._bell = os.pipe()
        os.set_blocking(self.heard, False)
        os.set_blocking(self._bell, False)

    def set(self) -> None:
        """Set it, and wake whoever selects."""
        super().set()
        with suppress(BlockingIOError):  # a full pipe is heard too
            os.write(self._bell, b"\0")

    def clear(self) -> None:
        """Clear it, and let the next one wait."""
        with suppress(BlockingIOError):
            os.read(self.heard, 4096)
        super().clear()


def read_keys(descriptor: int, stop: AudibleEvent, dispatch: Callable[[Message], object], *, debug: bool) -> None:
    """Dispatch what is typed until `stop` is set. At the end of the input it only waits for that.

    Raises:
        OSError: the terminal cannot be read.
    """
    parser = XTermParser(debug)
    decode = getincrementaldecoder("utf-8")("replace").decode
    looked_at = float("-inf")
    with selectors.SelectSelector() as selector:  # Textual's choice: macOS has no other for terminals
        selector.register(stop.heard, selectors.EVENT_READ)
        selector.register(descriptor, selectors.EVENT_READ)
        while not stop.is_set():
            recent = time.monotonic() - looked_at < LOOK_FOR_S
            ready = selector.select(LOOK_S if recent else None)
            if any(key.fd == descriptor for key, _mask in ready):
                data = os.read(descriptor, 4096)
                looked_at = time.monotonic()
                if not data:
                    selector.unregister(descriptor)
                for message in parser.feed(decode(data)) if data else ():
                    dispatch(message)
            for message in parser.tick():
                dispatch(message)
    with suppress(ParseEOF, ParseError):
        for _message in parser.feed(""):
            pass
