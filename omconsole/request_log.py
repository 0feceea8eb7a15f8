"""The log of requests: one line for each try, without query, token or body, kept in the user's own directory.

`logged` writes to the logger "omconsole.requests", which goes nowhere until `open_request_log` gives it a file. The
client-request-id in a line is what Microsoft's support finds a request by.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

from omconsole.errors import ConsoleError
from omconsole.i18n import _
from omconsole.paths import prepare_state_directory, validate_profile_name
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import TextIOWrapper
    from pathlib import Path

LOGGER: Final = logging.getLogger("omconsole.requests")
LOGGER.addHandler(logging.NullHandler())
LOGGER.propagate = False

FILE_BYTES: Final = 1_000_000
FILES_BEFORE: Final = 2
"""Full files that are kept beside the one that is written."""
_PRIVATE: Final = 0o600


class RequestLine:
    """What is known of one try; the ends of an answer fill it in."""

    __slots__ = (
        *("client_request_id", "failure", "method", "path", "request_id", "status", "tries", "wire_bytes", "workload"),
    )

    def __init__(self, method: str, path: str, workload: str, tries: int, client_request_id: str) -> None:
        self.method = method
        self.path = path
        self.workload = workload
        self.tries = tries
        self.client_request_id = client_request_id
        self.status: int | None = None
        self.failure = ""
        """The kind of the error that ended the try."""
        self.request_id = ""
        """Graph's own, sanitised."""
        self.wire_bytes = 0

    def write(self, seconds: float) -> None:
        """Hands the line to whoever keeps the log."""
        outcome = " ".join(word for word in (str(self.status or ""), self.failure) if word)
        LOGGER.info(
            "%s %s %s %.0f ms %d B try %d %s client-request-id=%s request-id=%s",
            self.method,
            sanitize(self.path.partition("?")[0], 300).replace(" ", "%20"),
            outcome,
            1_000 * seconds,
            self.wire_bytes,
            self.tries,
            self.workload,
            self.client_request_id or "-",
            self.request_id or "-",
        )


@contextmanager
def logged(method: str, path: str, workload: str, tries: int, client_request_id: str) -> Iterator[RequestLine]:
    """Writes a line when the try is over, also when it failed or was cancelled."""
    line = RequestLine(method, path, workload, tries, client_request_id)
    began = time.perf_counter()
    try:
        yield line
    except BaseException as error:
        line.failure = type(error).__name__
        raise
    finally:
        line.write(time.perf_counter() - began)


class RequestLog(RotatingFileHandler):
    """The file, 0600, of 1 MB and two older ones of that size. It never raises: trouble turns it off.

    Processes of one user may share it: what another one has moved away is opened anew.

    Args:
        file: in a directory that only its owner can enter.
        tell: told once, in words, why nothing is kept any more.
    """

    def __init__(self, file: Path, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self.is_off = False
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=FILES_BEFORE, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.baseFilename, flags, _PRIVATE)
        os.fchmod(descriptor, _PRIVATE)
        return open(descriptor, "a", encoding="utf-8", errors="replace")

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        if self.is_off:
            return
        try:
            self._follow()
        except OSError as error:
            self._turn_off(error)
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name and form of logging's hook
        """Turns the log off; called while the error is handled."""
        self._turn_off(sys.exception())

    def _follow(self) -> None:
        if self.stream is not None:
            try:
                there: os.stat_result | None = os.stat(self.baseFilename)
            except FileNotFoundError:
                there = None
            mine = os.fstat(self.stream.fileno())
            if there is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
                self.stream.close()
                self.stream = None  # as `delay` leaves it: opened with the next line

    def _turn_off(self, error: BaseException | None) -> None:
        if self.is_off:
            return
        self.is_off = True
        LOGGER.removeHandler(self)
        reason = getattr(error, "strerror", None) or error
        self._tell(_("Requests are no longer logged: {reason}").format(reason=sanitize(reason, 200)))

    def close(self) -> None:
        """Ends the log; what was written stays."""
        LOGGER.removeHandler(self)
        try:
            super().close()
        except OSError:  # what could not be flushed was told of when it was written
            self.is_off = True


def open_request_log(
    directory: Path, profile: str, tell: Callable[[str], object] = lambda _words: None
) -> RequestLog | None:
    """Keeps the lines of a profile in `<directory>/requests-<profile>.log` until the returned log is closed.

    Args:
        directory: the user's own, made 0700 where it is missing.
        profile: its name.
        tell: told once, in words, when nothing can be kept; called on the thread that sends a request.

    Returns:
        The log; None where the directory cannot be used, which `tell` was told.
    """
    try:
        prepare_state_directory(directory)
        log = RequestLog(directory / f"requests-{validate_profile_name(profile)}.log", tell)
    except (ConsoleError, OSError) as error:
        tell(_("Requests are not logged: {reason}").format(reason=sanitize(error, 200)))
        return None
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    log.setFormatter(formatter)
    LOGGER.addHandler(log)
    LOGGER.setLevel(logging.INFO)
    return log
