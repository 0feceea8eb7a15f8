"""Text from outside made harmless for a terminal: one function, on the way in.

Whatever comes from Graph, from other people or from files may carry escape sequences, direction overrides,
invisible characters or towers of combining marks. `sanitize` leaves the visible text on one line and nothing
that a terminal would obey. It does not escape markup: the result goes into `Content` or `Text`, never through
a markup parser. Calls to Graph keep the raw value.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

NEWLINE_SIGN: Final = "⏎"
"""Stands for a line break in text of one line."""

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS: Final = "…"

_MARKS_PER_BASE: Final = 4
_JOINERS: Final = "\u200c\u200d"
_CSV_FORMULA_STARTS: Final = "=+-@＝＋－＠"

# Assigned, visible, one character each, no marks: the scripts that most names are written in pass in whole runs.
_PLAIN: Final = (
    " -~\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e"
    "\u3041-\u3096\u30a1-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
)
# Direction controls; zero-width and invisible characters; Hangul fillers; variation selectors (terminals disagree
# with wcwidth on the width of what follows VS15 and VS16); tag characters.
_INVISIBLE: Final = (
    "\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c"
    "\u200b\u2060-\u2064\ufeff\u00ad\u180e\u034f\u115f\u1160\u3164\uffa0"
    "\ufe00-\ufe0f\U000e0000-\U000e01ef"
)


def sanitize(text: object, limit: int = 512) -> str:
    """Return the visible text of a foreign value on one line.

    Line breaks become `⏎`, a tab one space, escape sequences disappear with their payload, and what Unicode does
    not assign (by the tables of the running Python) becomes U+FFFD. The result of printable ASCII is the same
    object.

    Args:
        text: the foreign value; None is the empty text, anything else is taken as `str(text)`.
        limit: the longest result in characters, at least 1; longer text ends in `…`.
    """
    if type(text) is str and text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return _clean(text, limit, NEWLINE_SIGN)


def sanitize_block(text: object, limit: int = 100_000) -> str:
    """Return the visible text of a foreign value, keeping its line breaks as `\\n`; otherwise as `sanitize`."""
    if type(text) is str and text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return _clean(text, limit, "\n")


def defuse_csv(text: str) -> str:
    """Return a CSV cell that no spreadsheet takes for a formula: an apostrophe goes before `= + - @`."""
    start = text.lstrip()[:1]
    return f"'{text}" if start and start in _CSV_FORMULA_STARTS else text


def _clean(value: object, limit: int, newline: str) -> str:
    if limit < 1:
        raise ValueError("limit must be at least 1")
    text = "" if value is None else str(value)
    # A bound on the work comes before the work: a foreign string may have any length.
    overlong = len(text) > 8 * limit
    text = text[: 8 * limit]
    if not _plain().fullmatch(text):
        text = _escape_sequences().sub("", text)
        text = _line_breaks().sub(newline, text).replace("\t", " ")
        text = _visible(_dropped().sub("", text))
    if overlong or len(text) > limit:
        text = text[: limit - 1].rstrip(_JOINERS) + ELLIPSIS
    return text


def _visible(text: str) -> str:
    """Replace what cannot be shown, keep at most four marks a base, and joiners only between visible characters."""
    from unicodedata import category

    out: list[str] = []
    based, marks = False, 0
    for piece in _pieces().findall(text):
        if piece in _JOINERS:
            out.append(piece)  # neither a base nor a mark: a joiner must not start a new count of marks
        elif category(piece[0]).startswith("M"):
            marks += 1
            if based and marks <= _MARKS_PER_BASE:
                out.append(piece)
        else:
            out.append(piece if piece.isprintable() or piece.isspace() else REPLACEMENT)
            based, marks = piece != "\n", 0
    return _joiners().sub(_joiner_between, "".join(out))


def _joiner_between(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    inside = start > 0 and end < len(text)
    return text[start] if inside and not text[start - 1].isspace() and not text[end].isspace() else ""


# The patterns are compiled at their first use: most names are ASCII and need none before the first paint.


@cache
def _plain() -> re.Pattern[str]:
    return re.compile(f"[{_PLAIN}]*")


@cache
def _pieces() -> re.Pattern[str]:
    return re.compile(f"[{_PLAIN}]+|.", re.DOTALL)


@cache
def _joiners() -> re.Pattern[str]:
    return re.compile(f"[{_JOINERS}]+")


@cache
def _escape_sequences() -> re.Pattern[str]:
    strings = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f]).*?(?:\x07|\x9c|\x1b\\|\Z)"  # OSC, DCS, SOS, PM, APC
    csi = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    others = r"\x1b[ -/]*[0-~]?"
    return re.compile(f"{strings}|{csi}|{others}", re.DOTALL)


@cache
def _line_breaks() -> re.Pattern[str]:
    return re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")


@cache
def _dropped() -> re.Pattern[str]:
    """Match C0 (without the line feed that a block keeps), DEL, C1 and the invisible characters."""
    return re.compile(f"[\0-\x09\x0b-\x1f\x7f-\x9f{_INVISIBLE}]")
