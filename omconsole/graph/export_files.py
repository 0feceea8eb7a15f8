"""The file of an export job: a zip with one CSV or JSON file, read in pieces and within bounds (graph.md §14)."""

from __future__ import annotations

import codecs
import csv
import json
import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, Final

from omconsole.errors import GraphProtocolError
from omconsole.graph.answers import proxy_advice
from omconsole.graph.lenient import not_graph
from omconsole.graph.reports import Table, named
from omconsole.i18n import _, natural_size
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.graph.reports import Columns

_PIECE: Final = 65_536
_SLICE_CHARACTERS: Final = 131_072
"""Of rows that are read in one step of the event loop; some 2 ms."""
_ROW_AT_MOST: Final = 1_048_576
"""Characters of one line or object."""
_DIRECTORY_AT_MOST: Final = 131_072
"""Bytes that the list of a zip's files may have: enough for one file, too little to fill memory."""
_START: Final = re.compile(r'\s*(?:\{\s*"values"\s*:\s*)?\[', re.IGNORECASE)
_BETWEEN: Final = re.compile(r"[\s,]*")
_STORED_OR_DEFLATED: Final = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
BROKEN: Final = (zipfile.BadZipFile, zlib.error, csv.Error, EOFError, NotImplementedError, RuntimeError, OSError)
"""What reading a damaged zip or table raises."""


class _Bounded:
    """A file of which nobody reads much at once: zipfile reads the list of files as a whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        if count > _DIRECTORY_AT_MOST:
            raise zipfile.BadZipFile("too many files")
        read = self._file.read(_DIRECTORY_AT_MOST + 1 if count < 0 else count)
        if len(read) > _DIRECTORY_AT_MOST:
            raise zipfile.BadZipFile("too many files")
        return read


class ExportFile:
    """The rows in a zip, as tables of some rows each.

    Args:
        file: the zip, which stays open as long as this.
        at_most: decoded bytes.
        slice_rows: of one table.

    Raises:
        GraphProtocolError: it is no zip with exactly one CSV or JSON file that is small enough.
    """

    def __init__(self, file: IO[bytes], *, at_most: int, slice_rows: int) -> None:
        self._at_most = at_most
        self._slice_rows = slice_rows
        try:
            self._archive = zipfile.ZipFile(_Bounded(file))
        except (*BROKEN, ValueError, UnicodeDecodeError):
            raise not_graph(_("the file of the report is no zip")) from None
        members = self._archive.infolist()
        name = members[0].filename.casefold() if len(members) == 1 else ""
        self._is_json = name.endswith(".json")
        if not name.endswith((".csv", ".json")):
            raise not_graph(_("the zip of the report holds other files than one CSV or JSON file"))
        self._member = members[0]
        if self._member.flag_bits & 1 or self._member.compress_type not in _STORED_OR_DEFLATED:
            raise not_graph(_("the zip of the report is encrypted or packed in an unknown way"))
        if self._member.file_size > at_most:
            raise self._too_large()

    def tables(self) -> Iterator[Table]:
        """Yields the rows, each table read in one step of a few milliseconds; at least one table, empty without rows.

        Raises:
            GraphProtocolError: the zip is damaged, too large, or no table.
        """
        try:
            with self._archive.open(self._member) as member:
                yield from self._from_json(member) if self._is_json else self._from_csv(member)
        except BROKEN as error:
            reason = sanitize(error, 120)
            raise not_graph(_("the file of the report is damaged ({reason})").format(reason=reason)) from None

    def _from_csv(self, member: IO[bytes]) -> Iterator[Table]:
        progress = [0]
        reader = csv.reader(self._lines(member, progress))
        columns = named(next(reader, []))
        rows: list[list[str]] = []
        began = progress[0]
        for row in reader:
            if row:  # an empty line is none
                rows.append(row)
            if len(rows) >= self._slice_rows or progress[0] - began > _SLICE_CHARACTERS:
                yield Table(columns, rows, None, written=True)
                rows, began = [], progress[0]
        yield Table(columns, rows, None, written=True)

    def _from_json(self, member: IO[bytes]) -> Iterator[Table]:
        progress = [0]
        columns: Columns = ()
        rows: list[list[Any]] = []
        began = 0
        for row in self._objects(member, progress):
            columns = columns or named(list(row))
            rows.append([row.get(name) for name in columns])
            if len(rows) >= self._slice_rows or progress[0] - began > _SLICE_CHARACTERS:
                yield Table(columns, rows, None)
                rows, began = [], progress[0]
        yield Table(columns, rows, None)

    def _lines(self, member: IO[bytes], progress: list[int]) -> Iterator[str]:
        rest = ""
        for piece in self._texts(member):
            *lines, rest = (rest + piece).split("\n")
            if len(rest) > _ROW_AT_MOST:
                raise not_graph(_("a line of the report has no end"))
            for line in lines:
                progress[0] += len(line)
                yield f"{line}\n"
        if rest:
            yield rest

    def _objects(self, member: IO[bytes], progress: list[int]) -> Iterator[dict[str, Any]]:
        decode = json.JSONDecoder(strict=False).raw_decode
        texts = self._texts(member)
        text = next(texts, "")
        start = _START.match(text)
        if start is None:
            raise not_graph(_("the list named values is missing"))
        at = start.end()
        while True:
            between = _BETWEEN.match(text, at)
            at = between.end() if between else at
            if text[at : at + 1] == "]":
                return
            try:
                row, end = decode(text, at)
            except (ValueError, RecursionError):
                more = next(texts, "")
                if not more or len(text) - at > _ROW_AT_MOST:
                    raise not_graph(_("it is no JSON, or it is cut off")) from None
                text, at = text[at:] + more, 0
                continue
            if not isinstance(row, dict):
                raise not_graph(_("an object is missing"))
            progress[0] += end - at
            at = end
            yield row

    def _texts(self, member: IO[bytes]) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        size = 0
        while piece := member.read(_PIECE):
            size += len(piece)
            if size > self._at_most:
                raise self._too_large()
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)

    def _too_large(self) -> GraphProtocolError:
        return GraphProtocolError(
            _("The report is larger than {size} when unpacked and was not read to its end.").format(
                size=natural_size(self._at_most)
            ),
            proxy_advice(),
        )
