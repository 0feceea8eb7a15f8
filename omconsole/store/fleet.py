"""`fleet.msgpack`: the device list that the last sweep built, so that an increment can go on from it; a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

import msgspec

from omconsole.store.frames import DamagedError, read_bytes, read_lists, write_list

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

FILE_NAME: Final = "fleet.msgpack"
_MAGIC: Final = b"omcflt\n\1"

T = TypeVar("T")


def write(file: BinaryIO, devices: Iterable[object]) -> Generator[None, None, None]:
    """Write the whole file in steps.

    Raises:
        OSError: the disk does not take it.
    """
    file.write(_MAGIC)
    yield from write_list(file, devices)


def read(directory: Path, type_: type[T]) -> Generator[None, None, list[T]]:
    """Read every device in steps; a missing or damaged file is an empty list, since the next sweep makes it again."""
    content = read_bytes(directory / FILE_NAME)
    if content is None or not content.startswith(_MAGIC):
        return []
    devices: list[T] = []
    try:
        for batch in read_lists(memoryview(content)[len(_MAGIC) :], msgspec.msgpack.Decoder(list[type_])):  # type: ignore[valid-type]
            devices.extend(batch)
            yield
    except DamagedError:
        return []
    return devices
