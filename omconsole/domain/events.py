"""The facts of the history: one event per change, never edited (design.md §5, "Event")."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

FORMAT = 1
"""The journal's format number; a program that meets a higher one turns read-only."""

ActorKind = Literal["user", "poller", "timer", "rule"]
Via = Literal["console", "cli", "wall", "poller"]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False, rename={"from_": "from"}):
    """One line of the journal. `seq`, `at` and `prev_hash` are given by the journal when it is appended.

    `version` is the item's version after the event; `actor` an opaque person id for users, else the process's part.
    """

    v: int = FORMAT
    seq: int = 0
    at: datetime | None = None
    event: str
    item: str | None = None
    key: str | None = None
    data: dict[str, Any] = {}
    actor: str | None = None
    actor_kind: ActorKind = "poller"
    via: Via = "poller"
    command_id: str | None = None
    from_: str | None = None
    to: str | None = None
    why: str | None = None
    until: datetime | None = None
    ref: str | None = None
    version: int | None = None
    prev_hash: str = ""


class Actor(msgspec.Struct, frozen=True):
    """Who acts: an opaque person id and the way the command came."""

    person: str
    via: Via
    kind: ActorKind = "user"


POLLER = Actor("poller", "poller", "poller")
