"""Being told of others' changes: the folder is watched, since a watched file is lost when it is replaced (S29)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omconsole.store import observed, persons
from omconsole.store.file_systems import file_system_of
from omconsole.store.files import Signature, signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

POLL_S: Final = 1.0
_DEBOUNCE_MS: Final = 100
_STEP_MS: Final = 400
"""watchfiles looks at what the kernel told it once in this time, and tells it the next time: within 0.8 s. Each look
wakes the process: at 20 ms an idle console used three times the processor time of an empty one."""


def is_ours(name: str) -> bool:
    """Tells whether a file's change means something new to read."""
    return name.startswith("journal-") or name in {observed.FILE_NAME, persons.FILE_NAME}


async def watch(directory: Path, cannot: Callable[[], None]) -> AsyncIterator[None]:
    """Yield after each change of the folder's files; where it cannot be watched, look each second after `cannot()`."""
    from watchfiles import awatch

    before = _signatures(directory)
    is_network = await asyncio.to_thread(on_network, directory)  # macOS tells it by a program
    if not is_network:
        if _signatures(directory) != before:
            yield
        try:
            async for _changes in awatch(
                directory,
                watch_filter=lambda _change, path: is_ours(Path(path).name),
                debounce=_DEBOUNCE_MS,
                step=_STEP_MS,
                recursive=False,
            ):
                yield
        except (OSError, RuntimeError):  # watchfiles raises its own RuntimeError; inotify's limits are an OSError
            pass
        else:
            return
    cannot()
    while True:
        await asyncio.sleep(POLL_S)
        now = _signatures(directory)
        if now != before:
            before = now
            yield


def on_network(directory: Path) -> bool:
    """Tells whether the directory is on a network file system, as far as the system says so."""
    return file_system_of(directory).is_network


def _signatures(directory: Path) -> dict[str, Signature | None]:
    return {path.name: signature(path) for path in directory.iterdir() if is_ours(path.name)}
