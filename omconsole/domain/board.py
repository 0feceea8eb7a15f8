"""The open items as the panes show them: what stands by itself, pane by pane, and what folds under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from omconsole.domain.items import Item
    from omconsole.domain.queue import Place

PANES = ("alerts", "issues")


class Board:
    """Every open item's row in its place. A row that folds under several parents stands under each of them."""

    def __init__(self) -> None:
        self.rows: dict[str, Item] = {}
        """By key, in no order."""
        self._panes: dict[str, Queue] = {pane: Queue() for pane in PANES}
        self._under: dict[str, Queue] = {}
        """By the parent's id."""
        self._gathered: dict[tuple[str, str], list[Place]] = {}

    def gather(self, key: str, row: Item) -> None:
        """Take in one of many rows; `arrange` puts them all in order at once."""
        self.rows[key] = row
        place = (row.order, key, row)
        for parent in row.suppressed_by:
            self._gathered.setdefault(("", parent), []).append(place)
        if not row.suppressed_by:
            self._gathered.setdefault((row.triage.pane, ""), []).append(place)

    def arrange(self) -> None:
        """Put what was gathered in order; quick when it came nearly in order."""
        for (pane, parent), places in self._gathered.items():
            if parent:
                self._under[parent] = Queue(places)
            else:
                self._panes[pane] = Queue(places)
        self._gathered = {}

    def place(self, key: str, row: Item | None) -> None:
        """Put an item's new row where it belongs; None takes it off the board."""
        before = self.rows.pop(key, None)
        if row is not None:
            self.rows[key] = row
        if before is not None and row is not None and before.suppressed_by == row.suppressed_by:
            for queue in self._queues_of(row):
                queue.place(before, row)
            return
        if before is not None:
            for queue in self._queues_of(before):
                queue.place(before, None)
            for parent in before.suppressed_by:
                if not self._under[parent]:
                    del self._under[parent]
        if row is not None:
            for queue in self._queues_of(row):
                queue.place(None, row)

    def pane(self, pane: str) -> tuple[Item, ...]:
        """The rows of a pane that fold under nothing, in order of priority."""
        return self._panes[pane].rows

    def members(self) -> dict[str, tuple[Item, ...]]:
        """What folds under what, by the parent's id, in order of priority."""
        return {parent: queue.rows for parent, queue in self._under.items()}

    def renewing(self, renew: Callable[[Item], Item]) -> Generator[None, None, None]:
        """Put new rows where the old ones are, whose order they share, in steps."""
        for queue in (*self._panes.values(), *self._under.values()):
            yield from queue.renewing(renew, self.rows)

    def _queues_of(self, row: Item) -> list[Queue]:
        if not row.suppressed_by:
            return [self._panes[row.triage.pane]]
        return [self._under.setdefault(parent, Queue()) for parent in row.suppressed_by]
