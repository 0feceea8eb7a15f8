"""msal's token cache in a file of the user's own, shared by that user's consoles (S9).

The file is replaced as a whole, so a reader needs no lock; a writer holds one, takes in what others wrote since it last
read, and writes its own changes over that. A damaged file is moved aside, which signs the user out.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeGuard

import msal

from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.paths import prepare_state_directory
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Content = dict[str, dict[str, Any]]

_PRIVATE: Final = 0o600
_MAX_BYTES: Final = 8_000_000
_LOCKED_S: Final = 5.0
_LOOK_S: Final = 0.02


class KeptTokens:
    """The tokens of one app registration. Every method blocks, and may be called by several threads.

    Args:
        file: where they are kept; None keeps them in this process alone.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._read: tuple[int, int, int] | None = None
        self._base: Content = {}
        self._turn = 0
        """Counts who signed in or out by this object."""
        self.cache = msal.SerializableTokenCache()
        self.notice: str | None = None
        """What happened to a damaged file, a sentence."""

    @property
    def seen(self) -> tuple[int, int, int] | None:
        """The `signature` of the file as it was last read or written here."""
        return self._read

    def refresh(self) -> int:
        """Takes in what another console wrote; returns what `keep` has to be given after asking with it.

        Raises:
            StateError: the file or its directory cannot be used.
        """
        with self._guard:
            if self._file is not None and signature(self._file) != self._read:
                self._take(self._content(self._file))
            return self._turn

    def keep(self, turn: int) -> bool:
        """Writes what msal changed; nothing when it changed nothing.

        Args:
            turn: from the `refresh` before msal was asked.

        Returns:
            False when somebody signed in or out since: what msal brought is nobody's, and is dropped.

        Raises:
            StateError: it cannot be written.
        """
        with self._guard:
            if turn != self._turn:
                self._take(self._base)
                return False
            if not self.cache.has_state_changed:
                return True
            return self._merge(changes(self._base, json.loads(self.cache.serialize() or "{}")))

    def adopt(self, fresh: msal.SerializableTokenCache) -> Content:
        """Replaces everything by what a new sign-in brought; returns what was there, for `put`.

        Raises:
            StateError: it cannot be written.
        """
        return self.put(json.loads(fresh.serialize() or "{}"))

    def put(self, content: Content) -> Content:
        """Replaces everything; returns what was there.

        Raises:
            StateError: it cannot be written.
        """
        with self._guard:
            before = self._base
            if self._file is not None:
                with _locked(self._file):
                    before = self._content(self._file)
                    if any(content.values()):
                        self._replace(self._file, content)
                    else:
                        _remove_all(self._file)
                        self._read = None
            self._turn += 1
            self._take(content)
            self.notice = None
            return before

    def forget(self) -> bool:
        """Removes every token; True when there were any.

        Raises:
            StateError: the file cannot be removed.
        """
        return any(self.put({}).values())

    def _merge(self, changed: dict[tuple[str, str], Any]) -> bool:
        if self._file is None:
            self._base = json.loads(self.cache.serialize() or "{}")
            return True
        with _locked(self._file):
            content = self._content(self._file)
            # What was renewed for somebody who has signed out meanwhile must not come back.
            is_theirs = set(content.get("Account", ())) == set(self._base.get("Account", ()))
            if is_theirs:
                for (kind, key), entry in changed.items():
                    self._change(content, kind, key, entry)
                self._replace(self._file, content)
        self._take(content)
        return is_theirs

    def _change(self, content: Content, kind: str, key: str, entry: Any) -> None:
        if content.get(kind, {}).get(key) != self._base.get(kind, {}).get(key):
            return  # whoever signed in or renewed meanwhile has a later one
        if entry is None:
            content.get(kind, {}).pop(key, None)
        else:
            content.setdefault(kind, {})[key] = entry

    def _take(self, content: Content) -> None:
        self._base = content
        self.cache.deserialize(json.dumps(content))
        self.cache.has_state_changed = False

    def _content(self, file: Path) -> Content:
        """What the file holds; nothing when it is not there, or damaged and therefore moved aside."""
        prepare_state_directory(file.parent)
        self._read = signature(file)
        try:
            raw = _private_bytes(file)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unusable(file, error) from None
        try:
            content = json.loads(raw)
            if _is_whole(content):
                self.notice = None
                return content
        except (ValueError, RecursionError):
            pass
        aside = file.with_suffix(".damaged")
        with suppress(OSError):
            file.replace(aside)
        self._read = None
        self.notice = _("The kept tokens were damaged: sign in again. The file is kept as {file}.").format(
            file=sanitize(aside)
        )
        return {}

    def _replace(self, file: Path, content: Content) -> None:
        fresh = file.with_suffix(f".{os.getpid()}.new")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(fresh, flags, _PRIVATE), "wb") as stream:
                os.fchmod(stream.fileno(), _PRIVATE)
                stream.write(json.dumps(content).encode())
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(file)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise _unusable(file, error) from None
        self._read = signature(file)


def signature(file: Path) -> tuple[int, int, int] | None:
    """Returns what changes whenever a file is replaced or written; None when it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def changes(before: Content, after: Content) -> dict[tuple[str, str], Any]:
    """Returns the entries that are new or other, by kind and key, and None for those that have gone."""
    changed: dict[tuple[str, str], Any] = {}
    for kind in {*before, *after}:
        old, new = before.get(kind, {}), after.get(kind, {})
        changed |= {(kind, key): entry for key, entry in new.items() if old.get(key) != entry}
        changed |= {(kind, key): None for key in old if key not in new}
    return changed


def _is_whole(content: object) -> TypeGuard[Content]:
    """Whether it has the shape that msal reads: entries with fields, by kind and key."""
    return isinstance(content, dict) and all(
        isinstance(kind, dict) and all(isinstance(entry, dict) for entry in kind.values()) for kind in content.values()
    )


def _private_bytes(file: Path) -> bytes:
    """Reads a file of this user's, closed to all others before anything is read of it."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise PermissionError(0, _("it belongs to somebody else"))
        if stat.S_IMODE(found.st_mode) != _PRIVATE:
            os.fchmod(descriptor, _PRIVATE)
        return stream.read(_MAX_BYTES)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Holds the lock beside the file; the system frees that of a killed process."""
    prepare_state_directory(file.parent)
    lock = file.with_suffix(".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise _unusable(lock, error) from None
    try:
        _wait_for(descriptor, lock)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, lock: Path) -> None:
    until = time.monotonic() + _LOCKED_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise StateError(
                    _("Another process holds {file} for longer than {seconds} s.").format(
                        file=sanitize(lock), seconds=round(_LOCKED_S)
                    ),
                    _("Look for a console of yours that is stopped or hangs, and end it."),
                ) from None
            time.sleep(_LOOK_S)
        except OSError as error:  # a file system without locks
            raise _unusable(lock, error) from None
        else:
            return


def _remove_all(file: Path) -> None:
    """Removes the file, and with it the tokens in a damaged one and in those that a killed process did not finish."""
    for each in (file, file.with_suffix(".damaged"), *file.parent.glob(f"{file.stem}.*.new")):
        try:
            each.unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(each, error) from None


def _unusable(file: Path, error: OSError) -> StateError:
    return StateError(
        _("The tokens in {file} cannot be kept: {reason}.").format(
            file=sanitize(file), reason=sanitize(error.strerror or type(error).__name__)
        ),
        _('Make room or repair the folder; with token_cache = "off" tokens end with the program.'),
    )
