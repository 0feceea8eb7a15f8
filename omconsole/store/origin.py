"""Whose state a directory holds: the first line of its history says so, and every file beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.events import Event
from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store import observed, state
from omconsole.store.frames import DamagedError
from omconsole.store.segments import Segments

if TYPE_CHECKING:
    from pathlib import Path

STATE_CREATED: Final = "state.created"
"""The first event of a history; its `data` holds tenant and profile."""


def remembered_tenant(directory: Path) -> str | None:
    """Return the tenant whose state this is, or None for an empty directory. Reads little and writes nothing."""
    return _from_journal(directory) or _from_cache(directory) or _from_state(directory)


def refuse_other_tenant(directory: Path, tenant: str) -> None:
    """Leave a directory alone that is another tenant's.

    Raises:
        StateError: it is.
    """
    known = remembered_tenant(directory)
    if known is not None and known != tenant:
        raise StateError(
            _("The state in {path} belongs to another tenant ({known}).").format(
                path=sanitize(directory), known=sanitize(known)
            ),
            _("Give this profile another name or another directory (state_dir, --state-dir)."),
        )


def _from_journal(directory: Path) -> str | None:
    segments = Segments(directory)
    try:
        numbers = segments.numbers()
        line = segments.read(numbers[0], 0, 16_384).partition(b"\n")[0] if numbers else b""
        event = msgspec.json.decode(line, type=Event)
    except (OSError, EOFError, msgspec.MsgspecError, UnicodeDecodeError):
        return None  # loading says what is wrong with it
    tenant = event.data.get("tenant") if event.event == STATE_CREATED else None
    return str(tenant) if tenant else None


def _from_cache(directory: Path) -> str | None:
    try:
        file = observed.open_observed(directory)
    except DamagedError:
        return None
    return file.header.tenant if file else None


def _from_state(directory: Path) -> str | None:
    meta = state.read_meta(directory / state.FILE_NAME)
    return meta.tenant if meta else None
