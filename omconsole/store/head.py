"""The first rows of the saved state for the first paint: no lock, nothing written, nothing heavy imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from omconsole.domain.fold import fold
from omconsole.domain.items import Item
from omconsole.errors import StateError
from omconsole.store.frames import DamagedError
from omconsole.store.observed import FORMAT, open_observed
from omconsole.store.tail import small_tail

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.events import Event
    from omconsole.domain.snapshot import Snapshot


def read_head(directory: Path) -> Snapshot | None:
    """Return the first 200 rows a pane as they were saved, brought up to date from the journal where that is quick.

    `complete` is False and `totals` has the true counts. None when there is no saved state, or it is damaged or of a
    newer format: the console then starts empty and loading says why.
    """
    try:
        observed = open_observed(directory)
        if observed is None or observed.header.format > FORMAT:
            return None
        head = observed.head()
        events = small_tail(directory, observed.header.position)
    except (DamagedError, StateError, OSError):
        return None
    return _brought_up_to_date(head, events) if events else head


def _brought_up_to_date(head: Snapshot, events: list[Event]) -> Snapshot:
    rows = {item.key: item for item in (*head.issues, *head.alerts)}
    panes = {
        "issues": dict.fromkeys(item.key for item in head.issues),
        "alerts": dict.fromkeys(item.key for item in head.alerts),
    }
    totals = dict(head.totals)
    for event in events:
        if event.key is None:
            continue
        row = rows.get(event.key)
        if row is not None and event.item != row.id and event.event != "item.opened":
            continue  # about an earlier life
        triage = fold(row.triage if row else None, event)
        if triage is None:
            continue  # below the rows of the head: it comes with the whole
        was_open = row is not None and row.triage.is_open
        totals[triage.pane] = totals.get(triage.pane, 0) + triage.is_open - was_open
        rows[event.key] = Item(triage=triage) if row is None else replace(row, triage=triage)
        panes[triage.pane][event.key] = None

    def ordered(pane: str) -> tuple[Item, ...]:
        items = (rows[key] for key in panes[pane])
        return tuple(sorted((item for item in items if item.triage.is_open), key=lambda item: item.order))

    return replace(head, seq=events[-1].seq, issues=ordered("issues"), alerts=ordered("alerts"), totals=totals)
