"""The journal's files: `journal-NNNNNN.jsonl`, compressed when closed; read without any lock."""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from omconsole.store.files import Replacement, sync_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from gzip import GzipFile
    from pathlib import Path

FIRST_SEGMENT = 1
NO_HASH = "0" * 64
"""Stands for the line before the first one."""
SEGMENT_BYTES = 32 * 1024 * 1024
READ_BYTES = 4 * 1024 * 1024

_NAME = re.compile(r"journal-(\d{6,})\.jsonl(?:\.gz)?")


class Position(msgspec.Struct, frozen=True):
    """A place between two lines of the journal.

    `seq` and `hash` (sha256, hexadecimal) are those of the line before; `offset` counts bytes of the uncompressed
    segment.
    """

    seq: int = 0
    segment: int = FIRST_SEGMENT
    offset: int = 0
    hash: str = NO_HASH


START = Position()


class Segments:
    """The segments of one directory, plain or compressed. Reading makes and writes nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._prefix = f"{directory}/journal-"
        """Names are joined as text where it matters: an acknowledgement looks at a handful of files."""

    def name(self, number: int) -> str:
        """The plain segment's path as text."""
        return f"{self._prefix}{number:06}.jsonl"

    def plain(self, number: int) -> Path:
        return self.directory / f"journal-{number:06}.jsonl"

    def packed(self, number: int) -> Path:
        return self.directory / f"journal-{number:06}.jsonl.gz"

    def path(self, number: int) -> Path:
        """The file that holds the segment now."""
        plain = self.plain(number)
        return plain if plain.exists() else self.packed(number)

    def numbers(self) -> list[int]:
        """Every segment there is, oldest first."""
        try:
            names = os.listdir(self.directory)
        except FileNotFoundError:
            return []
        return sorted({int(match[1]) for match in map(_NAME.fullmatch, names) if match})

    def exists(self, number: int) -> bool:
        name = self.name(number)
        return os.path.exists(name) or os.path.exists(f"{name}.gz")

    def size(self, number: int) -> int:
        """Bytes of the uncompressed segment; 0 when there is none.

        Raises:
            OSError: it cannot be read.
        """
        try:
            return os.stat(self.name(number)).st_size
        except FileNotFoundError:
            pass
        try:
            with self.packed(number).open("rb") as file:
                file.seek(-4, os.SEEK_END)
                return int(struct.unpack("<I", file.read(4))[0])  # gzip's ISIZE
        except FileNotFoundError:
            return 0

    def read(self, number: int, offset: int, limit: int = READ_BYTES) -> bytes:
        """Return up to `limit` bytes of a segment from `offset`.

        Raises:
            OSError: it cannot be read.
            EOFError: a compressed segment is cut short.
        """
        try:
            descriptor = os.open(self.name(number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self._read_packed(number, offset, limit)
        try:
            return os.pread(descriptor, limit, offset)
        finally:
            os.close(descriptor)

    def blocks(self, number: int) -> Iterator[bytes]:
        """Yield the whole lines of a segment in blocks; an unfinished last line is left out."""
        with self._open(number) as file:
            rest = b""
            while block := file.read(READ_BYTES):
                block = rest + block
                end = block.rfind(b"\n") + 1
                rest = block[end:]
                if end:
                    yield block[:end]

    def compress(self, number: int) -> None:
        """Replace a closed segment by its compressed form: written beside, made durable, put in place.

        Raises:
            OSError: the plain segment stays.
        """
        import gzip
        import shutil

        plain = self.plain(number)
        if not self.packed(number).exists():
            status = plain.stat()
            replacement = Replacement(self.packed(number), status.st_mode & 0o777)
            try:
                with (
                    plain.open("rb") as source,
                    gzip.GzipFile(filename="", mode="wb", fileobj=replacement.file, mtime=0) as target,
                ):
                    shutil.copyfileobj(source, target, 1024 * 1024)
                replacement.commit()
            except BaseException:
                replacement.discard()
                raise
        plain.unlink()
        sync_directory(self.directory)

    def _open(self, number: int) -> BinaryIO | GzipFile:
        try:
            return self.plain(number).open("rb")
        except FileNotFoundError:
            import gzip

            return gzip.open(self.packed(number), "rb")

    def _read_packed(self, number: int, offset: int, limit: int) -> bytes:
        import gzip

        path = self.packed(number)
        if not path.exists() or offset >= self.size(number):
            return b""
        with gzip.open(path, "rb") as file:
            file.seek(offset)
            return file.read(limit)
