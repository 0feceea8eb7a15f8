"""The views of a pane of items: what lives, what was there before the console, and every row by itself."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from omconsole.domain.filters import count_needing
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
    needing = count_needing(rows)
    # What needs action stands first, the worst in front of all, and none of it is backlog.
    critical = bisect_right(rows, -Severity.CRITICAL.rank, hi=needing, key=lambda item: -item.triage.severity.rank)
    rest = rows[needing:]
    backlog = tuple([item for item in rest if item.triage.backlog])
    live = (*rows[:needing], *[item for item in rest if not item.triage.backlog]) if backlog else rows
    kinds = Counter([item.triage.kind for item in live])
    causes = sum(count for kind, count in kinds.items() if kind.startswith("cause."))
    return Split(live, backlog, causes, critical)
