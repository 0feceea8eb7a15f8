"""Files that are whole or absent: written beside, made durable, put in place; and the words when that fails."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from pathlib import Path

TEMPORARY = ".tdb-"
"""Part of every temporary file's name; the leading dot hides them from `ls`."""

Signature = tuple[int, int, int]


def file_mode(*, group_mode: bool) -> int:
    """The mode of a state file: the owner's alone, or the team's on a shared host."""
    return 0o660 if group_mode else 0o600


class Replacement:
    """A new content for `path`: write to `file`, then `commit` (or `discard`).

    The temporary file is locked while it is written, so that `clean_stale` tells living ones from leftovers.

    Raises:
        OSError: from each step; the file in place stays as it was.
    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self._path = path
        self._mode = mode
        descriptor = self._create()
        while not _is_in_place(descriptor, self._temporary):  # cleaned away between its making and its locking
            os.close(descriptor)
            descriptor = self._create()
        self.file: BinaryIO = os.fdopen(descriptor, "r+b")

    def _create(self) -> int:
        self._temporary = self._path.with_name(f".{self._path.name}{TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}")
        descriptor = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, self._mode)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.fchmod(descriptor, self._mode)  # whatever the umask took away
        return descriptor

    @property
    def path(self) -> Path:
        return self._path

    def settle(self) -> None:
        """Make the content durable, not yet in place."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def commit(self) -> Signature:
        """Make the content durable and put it in place; return the new file's signature."""
        self.settle()
        os.replace(self._temporary, self._path)
        written = _signature(os.fstat(self.file.fileno()))
        self.file.close()
        sync_directory(self._path.parent)
        return written

    def discard(self) -> None:
        """Let go of the temporary file, if it has not been put in place."""
        with suppress(OSError):
            self.file.close()
        with suppress(FileNotFoundError):
            self._temporary.unlink()


def _is_in_place(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> Signature:
    """Replace a file's content durably in one step.

    Raises:
        OSError: the file in place stays as it was.
    """
    replacement = Replacement(path, mode)
    try:
        replacement.file.write(content)
        return replacement.commit()
    except BaseException:
        replacement.discard()
        raise


def sync_directory(directory: Path) -> None:
    """Make a new or replaced name durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def signature(path: Path) -> Signature | None:
    """What tells one content of a replaced file from the next: time in ns, inode, size. None when there is none."""
    try:
        return _signature(path.stat())
    except OSError:
        return None


def clean_stale(directory: Path) -> int:
    """Remove temporary files that no living process writes; return how many there were (S30)."""
    removed = 0
    for path in directory.glob(f".*{TEMPORARY}*"):
        with suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a living writer holds it: BlockingIOError
                path.unlink()
                removed += 1
            finally:
                os.close(descriptor)
    return removed


def unwritable(path: Path, error: OSError) -> StateError:
    """The two lines for a failed write. Nothing has changed when they are shown."""
    reason = sanitize(error.strerror or type(error).__name__)
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        do = _("Make room on that disk and try again; nothing has changed.")
    else:
        do = _("Make the directory writable or choose another one with --state-dir; nothing has changed.")
    return StateError(_("{path} cannot be written: {reason}.").format(path=sanitize(path), reason=reason), do)


def unreadable(path: Path, error: OSError) -> StateError:
    """The two lines for a file that the system does not let us read."""
    reason = sanitize(error.strerror or type(error).__name__)
    return StateError(
        _("{path} cannot be read: {reason}.").format(path=sanitize(path), reason=reason),
        _("Make it readable for you or choose another directory with --state-dir."),
    )


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_ino, status.st_size
