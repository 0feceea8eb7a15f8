"""Requests to poll between processes: asking, waiting for the answer, and which still wait for one."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from omconsole.domain.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.events import Actor
    from omconsole.domain.ledger import Ledger
    from omconsole.store import Store

ANSWER_WITHIN = timedelta(minutes=10)
"""How long who asked waits (design.md §5)."""
LOOK_S = 0.2
"""Seconds between two looks for an answer."""


def answered(finished: Event | None) -> int:
    """The number of the newest `poll.requested` that a `poll.finished` answers; 0 when it answers none."""
    return int(finished.data.get("answers") or 0) if finished else 0


def waiting(asked: Iterable[Event], finished: Event | None, now: datetime) -> list[Event]:
    """The requests that no round has answered and for whose answer somebody still waits; `now` is UTC."""
    newest = answered(finished)
    return [each for each in asked if each.seq > newest and each.at is not None and now - each.at < ANSWER_WITHIN]


async def ask(store: Store, ledger: Ledger, actor: Actor, source: str | None, now: datetime) -> int:
    """Ask whoever polls for a source (None: all); returns the request's number. `now` is UTC.

    Raises:
        StateError: the request cannot be written.
    """
    request = Event(event="poll.requested", ref=source, actor=actor.person, actor_kind="user", via=actor.via)
    async with store.writing(ledger) as writing:
        return writing.append([request], now)[0].seq


async def answer_to(number: int, store: Store, ledger: Ledger) -> dict[str, Any] | None:
    """Wait for the `poll.finished` that answers a request, and return its data; None when nobody polls any more.

    Raises:
        StateError: the history cannot be read.
    """
    while store.seat.taken_by_other():
        await store.follow(ledger)
        if (finished := ledger.last_poll) is not None and answered(finished) >= number:
            return finished.data
        await asyncio.sleep(LOOK_S)
    return None
