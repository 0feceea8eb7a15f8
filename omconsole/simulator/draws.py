"""Numbers drawn from integers alone, so that a world is the same on every machine and Python version."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_MASK = (1 << 64) - 1
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
    """A stream of draws that depends on its key alone (splitmix64)."""

    __slots__ = ("_state",)

    def __init__(self, *key: int) -> None:
        self._state = mix(*key)

    def bits(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + _GOLDEN) & _MASK
        return scramble(self._state)

    def below(self, limit: int) -> int:
        """An integer in `[0, limit)`."""
        return self.bits() % limit

    def between(self, low: int, high: int) -> int:
        """An integer in `[low, high]`."""
        return low + self.bits() % (high - low + 1)

    def chance(self, per_mille: int) -> bool:
        """True in `per_mille` of 1000 cases."""
        return self.bits() % 1000 < per_mille

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`."""
        return choices[self.bits() % len(choices)]

    def letters(self, alphabet: str, length: int) -> str:
        """`length` characters of `alphabet`."""
        bits, size, drawn = self.bits() | (self.bits() << 64), len(alphabet), []
        for _ in range(length):
            bits, at = divmod(bits, size)
            drawn.append(alphabet[at])
        return "".join(drawn)

    def uuid(self) -> str:
        """A version 4 UUID in lower-case hexadecimal with dashes."""
        raw = f"{self.bits():016x}{self.bits():016x}"
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-{'89ab'[int(raw[16], 16) % 4]}{raw[17:20]}-{raw[20:]}"
