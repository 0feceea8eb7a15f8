"""Reading the journal: from a position on, for history, or for what a line contains; no lock, nothing written."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import FORMAT, Event
from omconsole.errors import StateError, StateNewer
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store.files import unreadable
from omconsole.store.segments import FIRST_SEGMENT, READ_BYTES, START, Position, Segments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omconsole.store.chain import Problem

_LONGEST_LINE: Final = 16 * 1024 * 1024
_decode: Final = msgspec.json.Decoder(Event).decode


class JournalRewrittenError(StateError):
    """The journal does not go on where this position says: read it again from its beginning."""


class _Format(msgspec.Struct):
    v: int = 0


class JournalReader:
    """One directory's history, read up to `position`. The directory need not exist."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.segments = Segments(directory)
        self._position = START

    # --- where ------------------------------------------------------------------------------------------------------

    @property
    def position(self) -> Position:
        """What this object has read or written up to."""
        return self._position

    def seek(self, position: Position) -> None:
        """Go on from a position that `position` once gave."""
        self._position = position

    def rewind(self) -> None:
        """Go to the first line that there is: old segments may have been deleted."""
        numbers = self.segments.numbers()
        self._position = Position(segment=numbers[0] if numbers else FIRST_SEGMENT)

    def holds(self, position: Position) -> bool:
        """Tells whether the journal has the line that `position` stands behind."""
        if position.offset == 0:
            return position == START or self.segments.exists(position.segment)
        start = max(0, position.offset - _LONGEST_LINE)
        near = max(start, position.offset - 8192)
        for begin in (near, start):
            before = self.segments.read(position.segment, begin, position.offset - begin)
            if len(before) < position.offset - begin or not before.endswith(b"\n"):
                return False
            cut = before.rfind(b"\n", 0, -1) + 1
            if cut or begin == 0:
                return sha256(before[cut:-1]).hexdigest() == position.hash
        return False

    # --- reading ----------------------------------------------------------------------------------------------------

    def read_new(self, limit: int = READ_BYTES) -> list[Event]:
        """Return what was appended since `position`, at most about `limit` bytes of it, and move behind it.

        An empty list means that there is nothing more. An unfinished last line is not an event yet.

        Raises:
            StateNewer: a newer program has written to it.
            JournalRewrittenError: it is shorter than it was.
            StateError: a line is damaged, or the system does not let us read.
        """
        while True:
            at = self._position
            try:
                followed = self.segments.exists(at.segment + 1)  # asked first: a followed segment grows no more
                if not followed and self.segments.size(at.segment) == at.offset:
                    return []  # nothing new, without opening the file: a command asks this each time
                block = self.segments.read(at.segment, at.offset, limit)
                end = block.rfind(b"\n") + 1
                if not end and len(block) == limit:
                    block = self.segments.read(at.segment, at.offset, _LONGEST_LINE)
                    end = block.rfind(b"\n") + 1
                self._expect_whole(at, block, followed=followed)
            except (OSError, EOFError) as error:
                raise _unreadable(self.segments.path(at.segment), error) from error
            if end:
                return self._take(block[:end])
            if not followed:
                return []
            self._position = replace(at, segment=at.segment + 1, offset=0)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after sequence number `since`, oldest first, from the files as they are now."""
        reader = JournalReader(self.directory)
        reader.rewind()
        while events := reader.read_new():
            yield from (event for event in events if event.seq > since)

    def lines_with(self, text: str) -> Iterator[Event]:
        """Yield the events whose line contains `text`, oldest first, without decoding any other."""
        needle = text.encode()
        for number in self.segments.numbers():
            for block in self.segments.blocks(number):
                found = block.find(needle)
                while found >= 0:
                    end = block.index(b"\n", found)
                    line = block[block.rfind(b"\n", 0, found) + 1 : end]
                    yield self._event(line, number, 0)
                    found = block.find(needle, end)

    def verify(self) -> list[Problem]:
        """Check every line of every segment; an empty list is a whole chain."""
        from omconsole.store.chain import verify

        return verify(self.segments)

    # --- parts ------------------------------------------------------------------------------------------------------

    def _take(self, block: bytes) -> list[Event]:
        at = self._position
        lines = block.split(b"\n")
        del lines[-1]
        events = [self._event(line, at.segment, at.offset, index) for index, line in enumerate(lines)]
        if at.offset and events[0].prev_hash != at.hash and not self.holds(at):  # an edited line is for `verify`
            raise _rewritten(self.directory)
        self._position = Position(events[-1].seq, at.segment, at.offset + len(block), sha256(lines[-1]).hexdigest())
        return events

    def _event(self, line: bytes, segment: int, offset: int, index: int = 0) -> Event:
        try:
            event = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if _newer(line):
                raise _written_by_newer(self.directory) from error
            raise self._damaged(segment, offset, index) from error
        if event.v > FORMAT:
            raise _written_by_newer(self.directory)
        return event

    def _damaged(self, segment: int, offset: int, index: int) -> StateError:
        before = self.segments.read(segment, 0, offset).count(b"\n") if offset else 0
        return StateError(
            _("Line {line} of {path} is damaged; nothing has been changed or lost.").format(
                line=before + index + 1, path=sanitize(self.segments.path(segment))
            ),
            _("Put the file back from a backup, or repair that line; “omconsole doctor” checks the whole history."),
        )

    def _expect_whole(self, at: Position, block: bytes, *, followed: bool) -> None:
        """Refuse a segment that has become shorter, or that ends in the middle of a line although another follows."""
        if not block and at.offset and self.segments.size(at.segment) < at.offset:
            raise _rewritten(self.directory)
        if followed and block and b"\n" not in block:
            raise self._damaged(at.segment, at.offset, 0)


def _newer(line: bytes) -> bool:
    try:
        return msgspec.json.decode(line, type=_Format).v > FORMAT
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def _written_by_newer(directory: Path) -> StateNewer:
    return StateNewer(
        _("The state in {path} was written by a newer omconsole.").format(path=sanitize(directory)),
        _("Update this omconsole; until then it changes nothing there."),
    )


def _rewritten(directory: Path) -> JournalRewrittenError:
    return JournalRewrittenError(
        _("The journal in {path} has been replaced or cut while it was in use.").format(path=sanitize(directory)),
        _("Start again; “omconsole doctor” checks the whole history."),
    )


def _unreadable(path: Path, error: OSError | EOFError) -> StateError:
    if isinstance(error, OSError) and error.errno:
        return unreadable(path, error)
    return StateError(
        _("{path} is damaged and cannot be unpacked.").format(path=sanitize(path)),
        _("Put the file back from a backup."),
    )
