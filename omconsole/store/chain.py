"""Checking the history: every line follows the one before and carries its hash."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import Event
from omconsole.sanitize import sanitize
from omconsole.store.segments import FIRST_SEGMENT, START, Position

if TYPE_CHECKING:
    from omconsole.store.segments import Segments


class Problem(msgspec.Struct, frozen=True):
    """A place where the chain of hashes or sequence numbers is broken; `line` counts from 1."""

    file: str
    line: int
    what: str


def verify(segments: Segments) -> list[Problem]:
    """Check every line: that it is an event, follows the one before, and carries its hash."""
    problems: list[Problem] = []
    before = START
    for number in segments.numbers():
        name, line = segments.path(number).name, 0
        first_of_all = before is START and number != FIRST_SEGMENT
        try:
            for block in segments.blocks(number):
                for text in block.split(b"\n")[:-1]:
                    line += 1
                    before, what = _check(text, before, first=first_of_all)
                    first_of_all = False
                    if what:
                        problems.append(Problem(name, line, what))
        except (OSError, EOFError) as error:
            problems.append(Problem(name, line + 1, sanitize(error)))
    return problems


def _check(text: bytes, before: Position, *, first: bool) -> tuple[Position, str]:
    """One line of the chain: the position behind it and, when it is broken, what is wrong."""
    digest = sha256(text).hexdigest()
    try:
        event = msgspec.json.decode(text, type=Event)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return replace(before, seq=before.seq + 1, hash=digest), "not an event"
    after = replace(before, seq=event.seq, hash=digest)
    if first:
        return after, ""
    if event.prev_hash != before.hash:
        return after, "does not carry the hash of the line before"
    return after, "" if event.seq == before.seq + 1 else "is out of sequence"
