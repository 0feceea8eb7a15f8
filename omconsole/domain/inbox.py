"""The triage inbox: what needs action, across panes, worst first."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from omconsole.domain.items import Item, Severity
from omconsole.domain.updates import Update

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.domain.rows import Row
    from omconsole.domain.snapshot import Snapshot


def inbox(snapshot: Snapshot, now: datetime) -> tuple[Row, ...]:
    """Every row that needs action: alerts and issues by priority, posts by their date, the checklist; `now` is UTC."""
    rows: list[tuple[tuple[int, int, float, str], Row]] = []
    for pane in (snapshot.alerts, snapshot.issues):
        rows += ((_item(each), each) for each in _needing(pane))
    rows += ((_update(each, now), each) for each in snapshot.updates if each.needs_action(now))
    rows += (
        ((-Severity.MEDIUM.rank, 0, float(index), each.key), each)
        for index, each in enumerate(snapshot.checklist)
        if each.needs_action
    )
    rows.sort(key=lambda entry: entry[0])
    return tuple(row for _order, row in rows)


def _needing(rows: tuple[Item, ...]) -> Iterator[Item]:
    """What needs action stands first in its pane."""
    return takewhile(lambda item: item.needs_action, rows)


def _item(item: Item) -> tuple[int, int, float, str]:
    triage = item.triage
    return -triage.severity.rank, -triage.escalation, triage.first_seen.timestamp(), triage.id


def severity_of(row: Row, now: datetime) -> Severity:
    """Where a row stands among the others; `now` is UTC.

    A post stands where an alert of its urgency would: high within 7 days or past, medium within 14, else low. The
    checklist stands at medium.
    """
    if isinstance(row, Item):
        return row.triage.severity
    if not isinstance(row, Update):
        return Severity.MEDIUM
    days = (row.post.act_by - now).days if row.post.act_by else 30
    return Severity.HIGH if days < 7 else Severity.MEDIUM if days < 14 else Severity.LOW


def _update(update: Update, now: datetime) -> tuple[int, int, float, str]:
    act_by = update.post.act_by
    return -severity_of(update, now).rank, 0, act_by.timestamp() if act_by else 0.0, update.key
