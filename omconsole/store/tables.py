"""TinyDB's file layout, written in steps from encoded documents; without importing TinyDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator

Tables = dict[str, dict[str, bytes]]
"""Encoded documents by table and document id."""

_DOCUMENTS_A_STEP: Final = 200
_encode: Final = msgspec.json.Encoder().encode


def write_tables(file: BinaryIO, tables: Tables) -> Generator[None, None, None]:
    """Write TinyDB's layout in steps.

    Raises:
        OSError: the disk does not take it.
    """
    opening = b"{"
    for table, rows in tables.items():
        file.write(opening + _encode(table) + b":{")
        between = b""
        for index, (id_, document) in enumerate(rows.items()):
            file.write(b'%s"%s":%s' % (between, id_.encode(), document))
            between = b","
            if index % _DOCUMENTS_A_STEP == 0:
                yield
        file.write(b"}")
        opening = b","
    file.write(b"}" if tables else b"{}")
