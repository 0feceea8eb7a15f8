"""Who may write (`state.lock`) and who polls (`poller.lock`)."""

from __future__ import annotations

import fcntl
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from omconsole.errors import StateLocked
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store.files import file_mode, unwritable

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import FileLock

TIMEOUT_S = 10.0
_PAUSE_S = 0.001
_PROBE_AGAIN_S = 2.0


class StateLock:
    """`state.lock`: one writer at a time, over processes.

    It takes the same kernel lock as `filelock` does on the same file, without importing asyncio (70 ms) for it, since
    the command line's verbs live from being quick. A killed holder's lock is free at once.
    """

    def __init__(self, directory: Path, *, group_mode: bool = False) -> None:
        self.path = directory / "state.lock"
        self._mode = file_mode(group_mode=group_mode)
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self) -> bool:
        """Take the lock if it is free now.

        Raises:
            StateError: the lock file cannot be made or opened.
        """
        assert self._descriptor is None
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            raise unwritable(self.path, error) from error
        self._descriptor = descriptor
        return True

    def acquire(self, timeout_s: float = TIMEOUT_S) -> None:
        """Take the lock, waiting for it.

        Raises:
            StateLocked: another process has held it for `timeout_s` seconds.
        """
        deadline = time.monotonic() + timeout_s
        while not self.try_acquire():
            if time.monotonic() >= deadline:
                raise self.locked_out(timeout_s)
            time.sleep(_PAUSE_S)

    def release(self) -> None:
        """Let the next one write. Closing the descriptor frees the kernel's lock."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def locked_out(self, timeout_s: float) -> StateLocked:
        return StateLocked(
            _("Another process has been writing to {path} for {seconds} seconds.").format(
                path=sanitize(self.path.parent), seconds=round(timeout_s)
            ),
            _("Try again; if it stays so, end the other omconsole that uses this directory."),
        )

    def _open(self) -> int:
        try:
            try:
                return os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            except FileNotFoundError:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, self._mode)
                os.fchmod(descriptor, self._mode)
                return descriptor
        except OSError as error:
            raise unwritable(self.path, error) from error


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits in the poller's seat; `started_at` is UTC."""

    pid: int
    host: str
    started_at: datetime


class PollerSeat:
    """`poller.lock`: exactly one process polls, the others follow and take over when it ends, however it ends."""

    def __init__(self, directory: Path, *, group_mode: bool = False) -> None:
        self.path = directory / "poller.lock"
        self._mode = file_mode(group_mode=group_mode)
        self._lock: FileLock | None = None
        self._other = False
        self._probed_at = float("-inf")

    @property
    def taken(self) -> bool:
        """This object holds the seat."""
        return self._lock is not None and self._lock.is_locked

    def try_take(self) -> bool:
        """Take the seat if nobody sits in it.

        Raises:
            StateError: the lock file cannot be made or opened.
        """
        from filelock import FileLock, Timeout

        if self._lock is None:
            self._lock = FileLock(self.path, mode=self._mode, thread_local=False)
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            self._remember(other=True)
            return False
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._remember(other=False)
        self._sign()
        return True

    def release(self) -> None:
        """Leave the seat to the next one; without it this does nothing."""
        if self._lock is not None and self._lock.is_locked:
            self._lock.release()

    def taken_by_other(self) -> bool:
        """Tells whether another process polls, as seen at most two seconds ago. It writes and makes nothing."""
        if self.taken:
            return False
        if time.monotonic() - self._probed_at > _PROBE_AGAIN_S:
            self._remember(other=self._probe())
        return self._other

    def holder(self) -> Holder | None:
        """Who polls, or polled last; None when nobody ever did."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Holder)
        except (OSError, msgspec.MsgspecError):
            return None

    def _probe(self) -> bool:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _remember(self, *, other: bool) -> None:
        self._other = other
        self._probed_at = time.monotonic()

    def _sign(self) -> None:
        holder = Holder(pid=os.getpid(), host=os.uname().nodename, started_at=datetime.now(UTC))
        try:
            self.path.write_bytes(msgspec.json.encode(holder))
        except OSError as error:
            self.release()
            raise unwritable(self.path, error) from error
