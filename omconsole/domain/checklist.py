"""The checklist: what the seed asks for, red or green by evidence (mission.md M17-M20)."""

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
    """A task of the checklist at its time. `due` is UTC."""

    id: str
    template: str
    title: str
    area: str
    cadence: str
    state: str
    due: datetime | None = None
    owner: str | None = None
    parts: tuple[Part, ...] = ()
    ok: bool | None = None
    was_green: bool = False
    version: int = 1

    @property
    def key(self) -> str:
        return self.id

    @property
    def needs_action(self) -> bool:
        """The evidence turned red after having been green."""
        return self.was_green and self.ok is False
