"""What an error of the program itself shows and keeps: its traceback, never the values of variables.

Tokens live in variables. The messages of errors are shown, and are as safe as whoever raised them made them; control
characters in them are taken out.
"""

from __future__ import annotations

import os
import platform
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.paths import prepare_state_directory, user_directory
from omconsole.sanitize import sanitize, sanitize_block

if TYPE_CHECKING:
    from pathlib import Path


def crash_text(error: BaseException) -> str:
    """Return the traceback of an error and of what caused it, safe to show in a terminal."""
    return sanitize_block("".join(traceback.format_exception(error)))


def crash_report(text: str) -> str:
    """Return what a user is shown after a crash: the traceback, and where it was kept."""
    try:
        kept = _("The report above is also in {path}.").format(path=sanitize(keep_crash(text)))
    except (OSError, StateError) as error:
        kept = _("The report above could not be kept in a file: {reason}").format(reason=sanitize(error))
    ended = _("The console ended because of an error of its own.")
    return f"{text}{ended}\n{kept}\n"


def keep_crash(text: str) -> Path:
    """Write the report of the latest crash into the user's own directory and return its path.

    Raises:
        OSError, StateError: it cannot be written.
    """
    from omconsole import __version__

    path = prepare_state_directory(user_directory() / "log") / "crash.txt"
    head = f"omconsole {__version__}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
    path.unlink(missing_ok=True)  # the latest alone is kept, and nobody's file or link in its place is written
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(head + text)
    return path
