"""TinyDB's storage for this program: documents are kept encoded, written in steps, and put in place as a whole file.

A file written so is an ordinary TinyDB file: stock `TinyDB(path)` reads it. Only the holder of `state.lock` writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from tinydb.storages import Storage

from omconsole.store.files import Replacement, unwritable
from omconsole.store.slices import at_once
from omconsole.store.tables import Tables, write_tables

if TYPE_CHECKING:
    from pathlib import Path

_encode: Final = msgspec.json.Encoder().encode


class SlicedStorage(Storage):
    """Documents of one file. TinyDB's writes change memory; `flush` or `close` makes the file.

    Raises:
        DecodeError, ValidationError: (when first read) the file is not TinyDB's.
    """

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self._path = path
        self._mode = mode
        self._dirty = False
        self.tables: Tables = {}
        if path.exists():
            raw = msgspec.json.decode(path.read_bytes() or b"{}", type=dict[str, dict[str, msgspec.Raw]])
            self.tables = {table: {id_: bytes(each) for id_, each in rows.items()} for table, rows in raw.items()}

    def read(self) -> dict[str, dict[str, Any]] | None:
        """All documents, decoded, as TinyDB wants them."""
        decode = msgspec.json.decode
        return {table: {id_: decode(each) for id_, each in rows.items()} for table, rows in self.tables.items()} or None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Take all documents from TinyDB; the file follows with `flush` or `close`."""
        self.tables = {
            table: {str(id_): _encode(dict(each)) for id_, each in rows.items()} for table, rows in data.items()
        }
        self._dirty = True

    def flush(self) -> None:
        """Write the file.

        Raises:
            StateError: the file in place stays as it was.
        """
        if not self._dirty:
            return
        try:
            replacement = Replacement(self._path, self._mode)
            try:
                at_once(write_tables(replacement.file, self.tables))
                replacement.commit()
            except BaseException:
                replacement.discard()
                raise
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._dirty = False

    def close(self) -> None:
        self.flush()
