"""The truth: what people, timers and rules did and what the poller found changed, one event a line, never edited.

Each line carries the SHA-256 of the line before, over all segments. Appending needs `state.lock`. A last line that a
killed writer left unfinished is no event: the next writer cuts it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import FORMAT, Event
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store.files import file_mode, sync_directory, unwritable, write_whole
from omconsole.store.locks import TIMEOUT_S, StateLock
from omconsole.store.reading import JournalReader
from omconsole.store.segments import SEGMENT_BYTES, Position

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

EVENTS_A_HOLD: Final = 500
"""At most so many events are appended while the lock is held once, so that others get their turn (callers' duty)."""

_encode: Final = msgspec.json.Encoder().encode


class Journal(JournalReader):
    """One directory's history, to read and to append to.

    Args:
        directory: the profile's state directory; it need not exist for reading.
        group_mode: files are 0660 instead of 0600.
        segment_bytes: the size from which `wants_roll` is true.
    """

    def __init__(self, directory: Path, *, group_mode: bool = False, segment_bytes: int = SEGMENT_BYTES) -> None:
        super().__init__(directory)
        self.lock = StateLock(directory, group_mode=group_mode)
        self.notices: list[str] = []
        """What the user must be told once: a line that was cut."""
        self._mode = file_mode(group_mode=group_mode)
        self._segment_bytes = segment_bytes
        self._unsynced: int | None = None
        self._new_name = False

    # --- writing ----------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self, timeout_s: float = TIMEOUT_S) -> Iterator[Journal]:
        """Hold `state.lock`.

        Raises:
            StateLocked: another process holds it for longer than `timeout_s` seconds.
        """
        self.lock.acquire(timeout_s)
        try:
            yield self
        finally:
            self.lock.release()

    def append(self, drafts: Sequence[Event], at: datetime) -> list[Event]:
        """Append events in one write, after `read_new` has returned everything; return them as written.

        Each gets the next sequence number, the hash of the line before and, where it has none, the time `at` (UTC).
        They are durable after `sync`.

        Raises:
            StateError: nothing was appended.
        """
        assert self.lock.held
        if not drafts:
            return []
        seq, digest = self._position.seq, self._position.hash
        events, lines = [], []
        for draft in drafts:
            seq += 1
            event = replace(draft, v=FORMAT, seq=seq, at=draft.at or at, prev_hash=digest)
            line = _encode(event)
            digest = sha256(line).hexdigest()
            events.append(event)
            lines.append(line)
        lines.append(b"")
        content = b"\n".join(lines)
        self._write(content)
        self._position = replace(self._position, seq=seq, offset=self._position.offset + len(content), hash=digest)
        return events

    def sync(self) -> None:
        """Make what was appended durable.

        Raises:
            StateError: the disk does not take it.
        """
        descriptor, self._unsynced = self._unsynced, None
        if descriptor is None:
            return
        try:
            getattr(os, "fdatasync", os.fsync)(descriptor)
            if self._new_name:
                sync_directory(self.directory)
                self._new_name = False
        except OSError as error:
            raise unwritable(self.segments.plain(self._position.segment), error) from error
        finally:
            os.close(descriptor)

    # --- segments ---------------------------------------------------------------------------------------------------

    @property
    def wants_roll(self) -> bool:
        """The segment has reached its size."""
        return self._position.offset >= self._segment_bytes

    def checkpoint_path(self, segment: int) -> Path:
        """Where the state before a segment lies."""
        return self.directory / f"checkpoint-{segment:06}.msgpack"

    def next_segment(self) -> Position:
        """The position that `roll` will lead to."""
        return replace(self._position, segment=self._position.segment + 1, offset=0)

    def roll(self, checkpoint: bytes) -> None:
        """Start the next segment, behind a durable checkpoint of everything so far. Needs the lock.

        Raises:
            StateError: the journal goes on in its present segment.
        """
        assert self.lock.held
        self.sync()
        following = self.next_segment()
        try:
            write_whole(self.checkpoint_path(following.segment), checkpoint, self._mode)
            descriptor = os.open(
                self.segments.plain(following.segment), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, self._mode
            )
            os.fchmod(descriptor, self._mode)
            os.close(descriptor)
            sync_directory(self.directory)
        except OSError as error:
            raise unwritable(self.checkpoint_path(following.segment), error) from error
        self._position = following

    def compress_closed(self) -> None:
        """Compress every segment that another follows; needs no lock, since nobody writes to them any more.

        Raises:
            StateError: the disk does not take it; the plain segments stay.
        """
        for number in self.segments.numbers()[:-1]:
            if self.segments.plain(number).exists():
                try:
                    self.segments.compress(number)
                except FileNotFoundError:
                    continue  # another process has just done it
                except OSError as error:
                    raise unwritable(self.segments.packed(number), error) from error

    # --- parts ------------------------------------------------------------------------------------------------------

    def _write(self, content: bytes) -> None:
        name = self.segments.name(self._position.segment)
        try:
            descriptor = self._open(name)
        except OSError as error:
            raise unwritable(Path(name), error) from error
        offset = self._position.offset
        try:
            self._cut_torn_line(descriptor, name)
            written = 0
            while written < len(content):
                written += os.pwrite(descriptor, content[written:], offset + written)
        except OSError as error:
            with suppress(OSError):  # the next writer cuts it
                os.ftruncate(descriptor, offset)
            raise unwritable(Path(name), error) from error

    def _open(self, name: str) -> int:
        """The segment's descriptor, kept until `sync`."""
        if self._unsynced is not None:
            return self._unsynced
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            if self._position.offset:
                raise
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(name, flags, self._mode)
            os.fchmod(descriptor, self._mode)
            self._new_name = True
        self._unsynced = descriptor
        return descriptor

    def _cut_torn_line(self, descriptor: int, name: str) -> None:
        """What lies behind the position under the lock was never finished, so nobody was told that it is kept."""
        size = os.fstat(descriptor).st_size
        if size > self._position.offset:
            os.ftruncate(descriptor, self._position.offset)
            self.notices.append(
                _("An unfinished last line of {count} bytes was cut from {path}.").format(
                    count=size - self._position.offset, path=sanitize(os.path.basename(name))
                )
            )
