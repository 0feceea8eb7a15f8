"""MessagePack in frames: a length (32 bits, big-endian) and that many bytes, so that long lists are read in steps."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

ITEMS_A_FRAME = 100
ENCODER = msgspec.msgpack.Encoder()

T = TypeVar("T")


class DamagedError(Exception):
    """A file of this program's own is not what was written. Caches are made again, so that nobody else sees this."""


def write_frame(file: BinaryIO, payload: bytes) -> None:
    file.write(len(payload).to_bytes(4, "big"))
    file.write(payload)


def write_list(file: BinaryIO, values: Iterable[object]) -> Generator[None, None, int]:
    """Write values in frames of `ITEMS_A_FRAME`, a step each; return how many."""
    batch: list[object] = []
    count = 0
    for value in values:
        batch.append(value)
        if len(batch) == ITEMS_A_FRAME:
            write_frame(file, ENCODER.encode(batch))
            count += len(batch)
            batch.clear()
            yield
    if batch:
        write_frame(file, ENCODER.encode(batch))
    return count + len(batch)


def frames(content: memoryview) -> Iterator[memoryview]:
    """Yield each frame's payload.

    Raises:
        DamagedError: the last one is cut short.
    """
    at, size = 0, len(content)
    while at < size:
        if at + 4 > size:
            raise DamagedError("a frame has no length")
        (length,) = struct.unpack_from(">I", content, at)
        at += 4 + length
        if at > size:
            raise DamagedError("a frame is cut short")
        yield content[at - length : at]


def read_lists(content: memoryview, decoder: msgspec.msgpack.Decoder[list[T]]) -> Iterator[list[T]]:
    """Yield what `write_list` wrote, a frame at a time.

    Raises:
        DamagedError: a frame does not hold such values.
    """
    for frame in frames(content):
        try:
            yield decoder.decode(frame)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise DamagedError(str(error)) from error


def read_bytes(path: Path) -> bytes | None:
    """The file's content, or None when there is none or it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
