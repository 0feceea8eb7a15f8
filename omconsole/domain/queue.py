"""The open items of one pane in order of priority, kept in order row by row."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from omconsole.domain.items import Item

Order = tuple[bool, int, int, float, str]
Place = tuple[Order, str, "Item"]
"""An item's order, its key, which settles ties, and its row."""

_STEP = 1_000


class Queue:
    """One pane's rows. A change costs two searches by halving; a picture of 50,000 rows costs one copy of a list."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        """Begin with rows and their places; quick when they come nearly in order."""
        ordered = sorted(places)
        self._orders = [(order, key) for order, key, _row in ordered]
        self._rows = [row for _order, _key, row in ordered]
        self._placed = 0
        """Counts the changes."""
        self._copy: tuple[Item, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self._rows)

    @property
    def rows(self) -> tuple[Item, ...]:
        """Every row, the one to look at first in front."""
        if self._copy is None:
            self._copy = tuple(self._rows)
        return self._copy

    def place(self, before: Item | None, after: Item | None) -> None:
        """Put an item's new row where it belongs; None where there was or will be no row."""
        self._placed += 1
        self._copy = None
        if before is not None:
            index = bisect_left(self._orders, (before.order, before.key))
            if after is not None and after.order == before.order:
                self._rows[index] = after
                return
            del self._orders[index], self._rows[index]
        if after is not None:
            place = (after.order, after.key)
            index = bisect_left(self._orders, place)
            self._orders.insert(index, place)
            self._rows.insert(index, after)

    def renewing(self, renew: Callable[[Item], Item], rows: dict[str, Item]) -> Generator[None, None, None]:
        """Put new rows where the old ones are, whose order they share, and into `rows` by key; in steps.

        The queue changes in one of them. Rows that were placed before that make it begin again, at once.
        """
        begun = self._placed
        before = list(self._rows)
        renewed: list[Item] = []
        for start in range(0, len(before), _STEP):
            renewed += [renew(row) for row in before[start : start + _STEP]]
            yield
        if self._placed != begun:
            before = list(self._rows)
            renewed = [renew(row) for row in before]
        self._rows = list(renewed)
        self._copy = None
        self._placed += 1
        yield
        while renewed:
            for old, new in zip(before[-_STEP:], renewed[-_STEP:], strict=True):
                if rows.get(new.triage.key) is old:
                    rows[new.triage.key] = new
            del before[-_STEP:], renewed[-_STEP:]
            yield
