"""JSON on standard output, aligned text for people, words on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_json(value: Any) -> None:
    """One object on one line, nothing else on standard output."""
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def say(text: str) -> None:
    """A line for a person on standard output."""
    click.echo(text)


def warn(*lines: str) -> None:
    """Lines on standard error."""
    for line in lines:
        if line:
            click.echo(line, err=True)


def print_columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> None:
    """Rows as aligned columns, two spaces between them; the last column is not padded."""
    if not rows:
        return
    widths = [max(cell_len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for row in rows:
        cells = []
        for index, cell in enumerate(row):
            room = " " * (widths[index] - cell_len(cell))
            cells.append(room + cell if index in right else cell + room)
        say("  ".join(cells).rstrip())
