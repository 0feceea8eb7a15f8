"""What goes up from screens and command line: a verb on ids; and what comes back."""

from __future__ import annotations

from datetime import datetime

import msgspec

from omconsole.domain.events import Actor

LONGEST_NOTE = 2_000
"""Characters of a note or a reason."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One wish. The same `command_id` twice gives the same answer; `expected` is the version a person saw, by id."""

    verb: str
    ids: tuple[str, ...]
    actor: Actor
    command_id: str
    why: str | None = None
    expected: dict[str, int] = {}


class Done(msgspec.Struct, frozen=True):
    id: str
    version: int | None
    label: str


class Already(msgspec.Struct, frozen=True):
    id: str
    why: str


class Failed(msgspec.Struct, frozen=True):
    """`by` is a display name, `at` a UTC time: who changed it first, when somebody did."""

    id: str
    why: str
    by: str | None = None
    at: datetime | None = None


class Outcome(msgspec.Struct, frozen=True):
    """The answer to a command: nothing is silent and nothing raises (triage.md, "Transitions")."""

    done: tuple[Done, ...] = ()
    already: tuple[Already, ...] = ()
    failed: tuple[Failed, ...] = ()
