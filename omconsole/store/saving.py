"""Writing the files that can be made again: in steps beside the old one, then durably in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.store import fleet, observed, observed_writing, state
from omconsole.store.files import Replacement, Signature, file_mode, unwritable
from omconsole.store.locks import StateLock
from omconsole.store.tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path
    from typing import BinaryIO


class Saver:
    """Makes `observed.msgpack`, `fleet.msgpack` and `state.json` of one directory.

    Each file has a generator that writes it beside, and a blocking step that puts it in place.

    Raises:
        StateError: from both; the file in place stays as it was.
    """

    def __init__(self, directory: Path, *, group_mode: bool = False) -> None:
        self._directory = directory
        self._mode = file_mode(group_mode=group_mode)
        self._lock = StateLock(directory, group_mode=group_mode)
        self._encoder = state.StateEncoder()

    def write_observed(self, contents: observed_writing.Contents) -> Generator[None, None, Replacement]:
        """Write what was captured, in steps."""
        path = self._directory / observed.FILE_NAME
        return self._beside(path, lambda file: observed_writing.write(file, contents))

    def write_fleet(self, devices: Iterable[object]) -> Generator[None, None, Replacement]:
        """Write the device list, in steps."""
        return self._beside(self._directory / fleet.FILE_NAME, lambda file: fleet.write(file, devices))

    def write_state(self, captured: state.Captured) -> Generator[None, None, Replacement]:
        """Encode what has changed and write the whole file, in steps."""
        tables = yield from self._encoder.tables(captured)
        path = self._directory / state.FILE_NAME
        return (yield from self._beside(path, lambda file: write_tables(file, tables)))

    def commit(self, replacement: Replacement) -> Signature:
        """Put a file in place, durably; return its signature."""
        try:
            return replacement.commit()
        except OSError as error:
            replacement.discard()
            raise unwritable(replacement.path, error) from error

    def commit_state(self, replacement: Replacement, meta: state.Meta) -> None:
        """Put `state.json` in place under `state.lock`, unless another process has put a later one there."""
        try:
            replacement.settle()
            self._lock.acquire()
            try:
                there = state.read_meta(replacement.path)
                if there is None or there.position.seq <= meta.position.seq:
                    replacement.commit()
            finally:
                self._lock.release()
        except OSError as error:
            raise unwritable(replacement.path, error) from error
        finally:
            replacement.discard()

    def _beside(
        self, path: Path, write: Callable[[BinaryIO], Generator[None, None, None]]
    ) -> Generator[None, None, Replacement]:
        try:
            replacement = Replacement(path, self._mode)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            yield from write(replacement.file)
        except OSError as error:
            replacement.discard()
            raise unwritable(path, error) from error
        except BaseException:
            replacement.discard()
            raise
        return replacement
