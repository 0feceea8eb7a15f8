"""Values that no table of this version knows: the source's health names each, and what it becomes (triage.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.i18n import _

if TYPE_CHECKING:
    from omconsole.signals.reading import Reading

_NAMED = 5
"""So many are named; the rest is counted by its absence from a list that ends in an ellipsis."""


class Unmapped:
    """Collects them during one poll, each property's value once."""

    def __init__(self) -> None:
        self._values: dict[str, None] = {}

    def add(self, name: str, value: str) -> None:
        """Take down a value (sanitised) of a property, by Graph's name."""
        self._values[f"{name}: {value}"] = None

    def warn(self, reading: Reading) -> None:
        """Say it in the reading, whose status stays as it is: nothing is missing, only its severity is a guess."""
        if self._values:
            self._say(reading, _("Unknown values are taken for medium: {values}."))

    def tell(self, reading: Reading) -> None:
        """Say it of values that could mean good or bad: what was known before stays."""
        if self._values:
            self._say(reading, _("Unknown values change nothing: {values}."))

    def _say(self, reading: Reading, pattern: str) -> None:
        named = ", ".join(list(self._values)[:_NAMED]) + (", …" if len(self._values) > _NAMED else "")
        warning = pattern.format(values=named)
        reading.error = f"{reading.error} {warning}" if reading.error else warning
