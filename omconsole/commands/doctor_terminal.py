"""The part of `omconsole doctor` about the terminal that it runs in."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from omconsole.commands.findings import Check
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SMALL: Final = (80, 24)
"""Columns and rows from which on every screen shows all that it has."""
TMUX_TORN: Final = (3, 5)
"""Older versions of tmux drop the marks that keep a picture from tearing."""


def terminal_checks(environ: Mapping[str, str]) -> Iterator[Check]:
    """What the terminal is, and what it can show."""
    stream = sys.__stderr__
    if stream is None or not stream.isatty():
        yield Check("terminal", ok=True, what=_("none; lists and the poller work without one"))
        return
    try:
        size: os.terminal_size | None = os.get_terminal_size(stream.fileno())
    except OSError:
        size = None
    yield from checks_of(environ, (stream.encoding or "").lower(), size)


def checks_of(environ: Mapping[str, str], encoding: str, size: os.terminal_size | None) -> Iterator[Check]:
    """The checks of a terminal with this environment, encoding and size (columns, rows)."""
    term = environ.get("TERM", "")
    if term in {"", "dumb"}:
        yield Check(
            "terminal",
            ok=False,
            what=_("TERM is “{term}”: the console cannot draw on it.").format(term=sanitize(term, 40)),
            do=_("Set TERM to what your terminal is, for example xterm-256color."),
        )
        return
    yield Check("terminal", ok=True, what=f"{sanitize(term, 40)}, {colours(environ)}")
    yield _encoding(environ, encoding)
    if size is not None:
        is_small = size.columns < SMALL[0] or size.lines < SMALL[1]
        what = _("{columns} columns, {rows} rows").format(columns=size.columns, rows=size.lines)
        do = _("From {columns} columns and {rows} rows on every screen shows all that it has.")
        yield Check(
            "terminal.size",
            ok=True,
            what=what,
            do=do.format(columns=SMALL[0], rows=SMALL[1]) if is_small else "",
            warning=is_small,
        )
    yield from _tmux(environ)


def colours(environ: Mapping[str, str]) -> str:
    """What colours the console uses there, in words."""
    if environ.get("NO_COLOR"):
        return _("no colors, since NO_COLOR is set")
    if environ.get("COLORTERM", "").casefold() in {"truecolor", "24bit"}:
        return _("16 million colors")
    return _("256 colors") if "256color" in environ.get("TERM", "") else _("16 colors")


def _encoding(environ: Mapping[str, str], encoding: str) -> Check:
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    shown = sanitize(f"{encoding}, {locale}" if locale else encoding, 80)
    if encoding.replace("-", "") == "utf8":
        return Check("terminal.encoding", ok=True, what=shown)
    return Check(
        "terminal.encoding",
        ok=True,
        what=_("{encoding}: the console writes UTF-8 nevertheless.").format(encoding=shown),
        do=_("Set LANG to a locale with UTF-8, for example C.UTF-8, and let the terminal show it."),
        warning=True,
    )


def _tmux(environ: Mapping[str, str]) -> Iterator[Check]:
    if not environ.get("TMUX"):
        return
    told = environ.get("TERM_PROGRAM_VERSION", "") if environ.get("TERM_PROGRAM") == "tmux" else ""
    parts = re.match(r"(\d+)\.(\d+)", told)
    what = _("an old one, or one that does not tell its version") if parts is None else f"tmux {sanitize(told, 20)}"
    is_torn = parts is None or (int(parts[1]), int(parts[2])) < TMUX_TORN
    yield Check(
        "terminal.tmux",
        ok=True,
        what=what,
        do=_("tmux older than 3.5 drops the marks that keep a picture from tearing.") if is_torn else "",
        warning=is_torn,
    )
