"""A task of the checklist at its time, as panes, lists and scripts see it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Part(msgspec.Struct, frozen=True):
    """One piece of evidence; `ok` is None while nobody can know. `command` supplies what is missing."""

    name: str
    ok: bool | None
    why: str
    command: str | None = None


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the checklist at its time, or the sum of one of the five areas. `due` is UTC.

    `area`, `cadence`, `state` and the parts' names are words of the contract; `checklist_words` translates them.
    """

    id: str
    """`template@YYYY-MM-DD`: the day in the profile's zone on which its period begins."""
    template: str
    title: str
    area: str
    cadence: str
    state: str
    due: datetime | None = None
    """When its period ends."""
    owner: str | None = None
    parts: tuple[Part, ...] = ()
    ok: bool | None = None
    """All parts are green; False when one is red, None when nobody can know."""
    was_green: bool = False
    """A part that is red now was green before. An area asks nothing by itself, its tasks do: always False there."""
    version: int = 1

    @property
    def key(self) -> str:
        return self.id

    @property
    def needs_action(self) -> bool:
        """The evidence turned red after having been green."""
        return self.was_green and self.ok is False

    @property
    def missing(self) -> Part | None:
        """The part to see to first: the first red one, else one that nobody can know; what is measured stands first."""
        return next((part for ok in (False, None) for part in self.parts if part.ok is ok), None)
