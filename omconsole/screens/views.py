"""The views of a pane of items: what lives, what was there before the console, and every row by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from omconsole.domain.items import Item, Severity

View = Literal["live", "backlog", "every"]
VIEWS: Final[tuple[View, ...]] = ("live", "backlog", "every")
"""In the order in which one key goes round."""


class Split(msgspec.Struct, frozen=True):
    """The rows of a pane that fold under nothing, in order of priority, and how many of the live ones are what."""

    live: Sequence[Item]
    backlog: Sequence[Item]
    causes: int
    critical: int
    """Live ones that need action."""


NOTHING: Final = Split((), (), 0, 0)


def split(rows: tuple[Item, ...]) -> Split:
    """Tell what lives from backlog (triage.md, "Day one")."""
    backlog = tuple([item for item in rows if item.triage.backlog])
    live = tuple([item for item in rows if not item.triage.backlog]) if backlog else rows
    causes = critical = 0
    for item in live:
        triage = item.triage
        causes += triage.is_cause
        critical += triage.severity is Severity.CRITICAL and item.needs_action
    return Split(live, backlog, causes, critical)
