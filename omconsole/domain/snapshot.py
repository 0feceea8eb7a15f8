"""What goes down to the screens: one frozen picture of everything, replaced as a whole, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from omconsole.domain.backlog import Backlog
from omconsole.domain.figures import Figure
from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Item
from omconsole.domain.occurrences import Occurrence
from omconsole.domain.sign_in import SignInState
from omconsole.domain.updates import Update

Polling = Literal["self", "other", "nobody"]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One picture of the state. `issues`, `alerts` and `updates` hold open ones in order of priority.

    Of alerts and issues only those that fold under nothing; `members` has the others.

    Rows that did not change are the same objects as in the snapshot before, so that a table finds what changed by
    identity. A head (first paint, 200 rows a pane) has `complete=False` and the true counts in `totals`.
    """

    tenant: str
    """The profile's display name."""
    at: datetime
    """When the picture was made, UTC."""
    seq: int
    """The last event of the journal that it reflects."""
    issues: tuple[Item, ...] = ()
    alerts: tuple[Item, ...] = ()
    updates: tuple[Update, ...] = ()
    """Unread first, then by last change, newest first."""
    members: Mapping[str, tuple[Item, ...]] = {}
    """By the id of a cause, a stale device's item or an incident: the rows that fold directly under it, by priority."""
    checklist: tuple[Occurrence, ...] = ()
    backlog: Backlog | None = None
    sources: tuple[SourceHealth, ...] = ()
    figures: tuple[Figure, ...] = ()
    persons: dict[str, str] = {}
    """Opaque id to display name, for those who appear in the rows."""
    polling: Polling = "nobody"
    complete: bool = True
    totals: dict[str, int] = {}
    """Rows a pane has in truth, by pane name; `folded` counts those that fold under another."""
    sign_in: SignInState | None = None
    """How this console stands with the tenant's sign-in; None in the demo and with a ready token."""
    notice: str | None = None
    """One sentence about the state itself (read-only, damaged file kept aside, disk full), in the user's language."""

    def source(self, name: str) -> SourceHealth | None:
        """The source's health, or None when this version or profile does not poll it."""
        return next((source for source in self.sources if source.name == name), None)

    def folded(self, item: Item) -> int:
        """How many rows fold directly under an item: of a cause its members, although a head does not hold them."""
        return len(self.members.get(item.id, ()))

    def behind(self, item: Item) -> int:
        """How many devices, or users where there is no device, are behind an item that others fold under."""
        if item.is_cause:
            return item.triage.firing
        return sum(member.triage.firing if member.is_cause else 1 for member in self.members.get(item.id, ()))

    def figure(self, name: str) -> Figure | None:
        """The figure, or None while it has not been measured."""
        return next((figure for figure in self.figures if figure.name == name), None)


EMPTY = Snapshot(tenant="", at=datetime.min, seq=0)  # noqa: DTZ901 - stands for "no picture yet"
