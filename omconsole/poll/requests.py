"""Others' requests to poll: which of them still wait for an answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.events import Event

ANSWER_WITHIN = timedelta(minutes=10)
"""How long who asked waits (design.md §5)."""


def answered(finished: Event | None) -> int:
    """The number of the newest `poll.requested` that a `poll.finished` answers; 0 when it answers none."""
    return int(finished.data.get("answers") or 0) if finished else 0


def waiting(asked: Iterable[Event], finished: Event | None, now: datetime) -> list[Event]:
    """The requests that no round has answered and for whose answer somebody still waits; `now` is UTC."""
    newest = answered(finished)
    return [each for each in asked if each.seq > newest and each.at is not None and now - each.at < ANSWER_WITHIN]
