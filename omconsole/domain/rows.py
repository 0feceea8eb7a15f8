"""What the panes have in common: a row is an item, a post or an occurrence of the checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from omconsole.domain.items import Item
from omconsole.domain.occurrences import Occurrence
from omconsole.domain.updates import Update

if TYPE_CHECKING:
    from datetime import datetime

Row: TypeAlias = Item | Update | Occurrence


def needs(row: Row, now: datetime) -> bool:
    """Tell whether a row needs action (triage.md, "Needs action"); `now` is UTC."""
    return row.needs_action(now) if isinstance(row, Update) else row.needs_action
