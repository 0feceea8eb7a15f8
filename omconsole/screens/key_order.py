"""Keys one after the other, also when several arrive at once.

Textual hands a key to the widget that has the focus when the key arrives; what the key before it does to the focus
comes later. Over a slow line `/lap` may arrive in one piece, and its `a` would acknowledge a row instead of standing in
the filter. So a key waits until the one before has done its work.
"""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.events import Key

LONGEST_WAIT_S = 1.0
"""A key whose widget has gone never comes back; after this time nobody waits for it."""


class KeyOrder:
    """Tells whether a key must wait, and which one is next."""

    def __init__(self) -> None:
        self._waiting: deque[Key] = deque()
        self._forwarded_at: float | None = None

    def must_wait(self, key: Key) -> bool:
        """Keep a key back while the one before is still on its way."""
        if self._forwarded_at is None or monotonic() - self._forwarded_at > LONGEST_WAIT_S:
            return False
        self._waiting.append(key)
        return True

    def forwarded(self) -> None:
        """A key is on its way to a widget and will come back."""
        self._forwarded_at = monotonic()

    def done(self) -> Key | None:
        """The key has done its work; return the next one."""
        self._forwarded_at = None
        return self._waiting.popleft() if self._waiting else None
