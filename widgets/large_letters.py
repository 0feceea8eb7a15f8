"""Letters four lines high, for what is read from another device than the one that it stands on."""

from __future__ import annotations

from typing import Final

GAP: Final = 2
"""Cells between two letters."""
WIDTH: Final = 5
HEIGHT: Final = 4

# Seven rows of five dots, each row a digit of base 32 whose highest bit is the dot at the left. Zero has a stroke.
_DOTS: Final = {
    "A": "EHHVHHH", "B": "UHHUHHU", "C": "EHGGGHE", "D": "UHHHHHU", "E": "VGGUGGV", "F": "VGGUGGG", "G": "EHGNHHF",
    "H": "HHHVHHH", "I": "E44444E", "J": "72222IC", "K": "HIKOKIH", "L": "GGGGGGV", "M": "HRLLHHH", "N": "HHPLJHH",
    "O": "EHHHHHE", "P": "UHHUGGG", "Q": "EHHHLID", "R": "UHHUKIH", "S": "FGGE11U", "T": "V444444", "U": "HHHHHHE",
    "V": "HHHHHA4", "W": "HHHLLLA", "X": "HHA4AHH", "Y": "HHHA444", "Z": "V1248GV", "0": "EHJLPHE", "1": "4C4444E",
    "2": "EH1248V", "3": "V2421HE", "4": "26AIV22", "5": "VGU11HE", "6": "68GUHHE", "7": "V124888", "8": "EHHEHHE",
    "9": "EHHF12C", "-": "000V000",
}  # fmt: skip
_HALVES: Final = " ▄▀█"
"""By two bits: the upper dot, the lower dot."""


def width(text: str) -> int:
    """Return the cells that a line of these letters takes."""
    return max(0, len(text) * (WIDTH + GAP) - GAP)


def large(text: str) -> list[str] | None:
    """Return the lines of a text of `A`-`Z`, `0`-`9` and `-`; None when it has another letter."""
    rows = [[int(each, 32) for each in _DOTS.get(letter, "")] for letter in text]
    if not all(rows):
        return None
    return [(" " * GAP).join(_line(dots, at) for dots in rows) for at in range(0, 2 * HEIGHT, 2)]


def _line(dots: list[int], at: int) -> str:
    upper, lower = dots[at], dots[at + 1] if at + 1 < len(dots) else 0
    places = range(WIDTH - 1, -1, -1)
    return "".join(_HALVES[(upper >> place & 1) << 1 | lower >> place & 1] for place in places)
