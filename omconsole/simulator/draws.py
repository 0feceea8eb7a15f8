"""Numbers drawn from integers alone, so that a world is the same on every machine and Python version."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_MASK = (1 << 64) - 1
# A pool below this has too few digits left for another draw of up to 128 bits.
_LEAST = 1 << 160
_VARIANT = "89ab"
_GOLDEN = 0x9E3779B97F4A7C15

T = TypeVar("T")


def scramble(value: int) -> int:
    """The splitmix64 finaliser (Steele, Lea, Flood 2014): a bijection of 64-bit integers that looks random."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def mix(*parts: int) -> int:
    """One 64-bit integer from several, order mattering."""
    state = 0
    for part in parts:
        state = scramble(((state ^ part) + _GOLDEN) & _MASK)
    return state


class Draw:
    """A stream of draws that depends on its key alone: digits of BLAKE2b digests, taken off one after another."""

    __slots__ = ("_block", "_key", "_pool")

    def __init__(self, *key: int) -> None:
        self._key = repr(key).encode()
        self._block = 0
        self._pool = int.from_bytes(blake2b(self._key).digest(), "little")

    def below(self, limit: int) -> int:
        """An integer in `[0, limit)`; `limit` at most 2**128."""
        if self._pool < _LEAST:
            self._block += 1
            self._pool = int.from_bytes(blake2b(self._key + b"%d" % self._block).digest(), "little")
        self._pool, drawn = divmod(self._pool, limit)
        return drawn

    def between(self, low: int, high: int) -> int:
        """An integer in `[low, high]`."""
        return low + self.below(high - low + 1)

    def chance(self, per_mille: int) -> bool:
        """True in `per_mille` of 1000 cases."""
        return self.below(1000) < per_mille

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.below(len(choices))]

    def letters(self, alphabet: str, length: int) -> str:
        """`length` characters of `alphabet`."""
        size = len(alphabet)
        rest, drawn = self.below(size**length), []
        for _ in range(length):
            rest, at = divmod(rest, size)
            drawn.append(alphabet[at])
        return "".join(drawn)

    def uuid(self) -> str:
        """A version 4 UUID in lower-case hexadecimal with dashes."""
        bits = self.below(1 << 128)
        raw = f"{bits:032x}"
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{_VARIANT[bits >> 62 & 3]}{raw[17:20]}-{raw[20:]}"
