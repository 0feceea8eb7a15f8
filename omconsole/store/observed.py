"""`observed.msgpack`: every item's triage state, what the sources last showed, and the posts; a cache.

Layout: a header of fixed size with the places of the sections; *head*, a picture of the first rows alone; *index*, the
sorted ids with the place of each record; *triage*, *past*, *seen*, *posts* in frames. One item or the head is read
without touching the rest. `observed_writing` writes it.
"""

from __future__ import annotations

import mmap
import struct
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec.structs import force_setattr

from omconsole.domain.identity import ID_LENGTH
from omconsole.domain.items import Observation, Triage
from omconsole.domain.snapshot import Snapshot
from omconsole.domain.updates import Post
from omconsole.store.frames import DamagedError, read_lists
from omconsole.store.segments import Position

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from omconsole.domain.ledger import Ledger

FILE_NAME: Final = "observed.msgpack"
FORMAT: Final = 1
MAGIC: Final = b"omcobs\n\0"
HEADER_BYTES: Final = 4096
ENTRY: Final = struct.Struct(">10sHQI")
"""Index: id, number of the life, offset and length of the record in the file."""

T = TypeVar("T")
Shared = TypeVar("Shared", Triage, Observation)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the file reflects; `sections` are (offset, length) by name."""

    format: int
    tenant: str
    position: Position
    counts: dict[str, int] = {}
    sections: dict[str, tuple[int, int]] = {}


def split_id(id_: str) -> tuple[bytes, int]:
    """An id as the index has it: the first ten characters, and the number of the life."""
    name, _dot, life = id_.partition(".")
    return name.encode()[:ID_LENGTH], int(life or 1)


def open_observed(directory: Path) -> ObservedFile | None:
    """Return the cache of a state directory, or None when there is none that can be read.

    Raises:
        DamagedError: it is there but not what was written.
    """
    try:
        with (directory / FILE_NAME).open("rb") as file:
            return ObservedFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError:
        return None
    except ValueError as error:  # an empty file cannot be mapped
        raise DamagedError(str(error)) from error


class ObservedFile:
    """The file, mapped into memory; a newer one that replaces it leaves this one readable."""

    def __init__(self, content: mmap.mmap) -> None:
        if content[:8] != MAGIC:
            raise DamagedError("not such a file")
        length = int.from_bytes(content[8:12], "big")
        self.content = content
        try:
            self.header = msgspec.msgpack.decode(content[12 : 12 + length], type=Header)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DamagedError(str(error)) from error
        begin, size = max(self.header.sections.values(), default=(0, 0))
        if begin + size > len(content):
            raise DamagedError("cut short")

    def head(self) -> Snapshot:
        """The first rows.

        Raises:
            DamagedError: they cannot be decoded.
        """
        begin, size = self.header.sections["head"]
        decoder: msgspec.msgpack.Decoder[Snapshot] = _decoder(Snapshot)
        return self._decode(begin, size, decoder)

    def starting_with(self, prefix: str) -> list[Triage]:
        """Every life of every item whose id begins with `prefix` (ten characters or fewer), by id and life.

        Raises:
            DamagedError: a record cannot be decoded.
        """
        begin, size = self.header.sections["index"]
        wanted = prefix.encode()[:ID_LENGTH]
        low, high = 0, size // ENTRY.size
        while low < high:
            middle = (low + high) // 2
            at = begin + middle * ENTRY.size
            if self.content[at : at + len(wanted)] < wanted:
                low = middle + 1
            else:
                high = middle
        found = []
        for at in range(begin + low * ENTRY.size, begin + size, ENTRY.size):
            name, _life, offset, length = ENTRY.unpack_from(self.content, at)
            if not name.startswith(wanted):
                break
            found.append(self._decode(offset, length, _decoder(Triage)))
        return found

    def load(self, ledger: Ledger) -> Generator[None, None, None]:
        """Fill a ledger's items part in steps; `rebuild` it afterwards.

        Raises:
            DamagedError: a record cannot be decoded; the ledger is filled in part.
        """
        same: dict[str, str] = {}
        for batch in read_lists(self._section("triage"), _decoder(list[Triage])):
            for triage in batch:
                ledger.triage[_share(triage, same).key] = triage
            yield
        for batch in read_lists(self._section("past"), _decoder(list[Triage])):
            ledger.past.update((triage.id, triage) for triage in batch)
            yield
        yield from self.load_seen(ledger.seen, ledger.triage)
        ledger.posts.update((post.id, post) for post in self.posts())

    def load_seen(self, seen: dict[str, Observation], triage: dict[str, Triage]) -> Generator[None, None, None]:
        """Fill in the observations in steps; texts that the triage state has too are shared with it."""
        same: dict[str, str] = {}
        for batch in read_lists(self._section("seen"), _decoder(list[tuple[str, Observation]])):
            for key, observation in batch:
                seen[key] = _share(observation, same)
                if observation.platform is not None:
                    force_setattr(observation, "platform", same.setdefault(observation.platform, observation.platform))
                owner = triage.get(key)
                if owner is not None:
                    force_setattr(observation, "subject_id", owner.subject_id)  # the key is made from it
            yield

    def posts(self) -> list[Post]:
        """The feed, with bodies."""
        return [post for batch in read_lists(self._section("posts"), _decoder(list[Post])) for post in batch]

    def _section(self, name: str) -> memoryview:
        begin, size = self.header.sections[name]
        return memoryview(self.content)[begin : begin + size]

    def _decode(self, offset: int, length: int, decoder: msgspec.msgpack.Decoder[T]) -> T:
        try:
            return decoder.decode(memoryview(self.content)[offset : offset + length])
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise DamagedError(str(error)) from error


@cache
def _decoder(type_: Any) -> msgspec.msgpack.Decoder[Any]:
    """Decoders are made when they are first needed: the head needs one alone."""
    return msgspec.msgpack.Decoder(type_)


def _share(value: Shared, same: dict[str, str]) -> Shared:
    """Replace texts that thousands of items have in common by one object, before anybody has seen the value."""
    one = same.setdefault
    force_setattr(value, "kind", one(value.kind, value.kind))
    force_setattr(value, "source", one(value.source, value.source))
    force_setattr(value, "subject_type", one(value.subject_type, value.subject_type))
    return value
