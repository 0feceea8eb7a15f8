"""The items of a source that fire at this moment, for sources whose problems end with words about single items."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from omconsole.domain.items import Observation, Triage


class Known(msgspec.Struct, frozen=True):
    """A firing item as its source needs it; `seen` is None while what the source last showed is lost."""

    triage: Triage
    seen: Observation | None = None


Firing = Callable[[], Awaitable[list[Known]]]
"""Reads them, in slices, when a poll has its answers."""


async def nothing_known() -> list[Known]:
    """For a source without a history."""
    return []
