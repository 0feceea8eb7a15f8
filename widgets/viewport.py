"""Which rows are on the screen and where the cursor stands, kept by key when the rows change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, runtime_checkable

from widgets.columns import R

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAR = 200
"""Rows on either side in which a key is looked for before all keys are read."""


@runtime_checkable
class Findable(Protocol):
    """Rows that find a key better than by asking each of them for its own."""

    def position_of(self, key: str) -> int | None:
        """Return the index of the row with a key, None when there is none."""


class Viewport(Generic[R]):
    """A window of `page` lines on a sequence of rows, and a cursor in it.

    `cursor` is -1 when there are no rows. Rows are never copied and never scanned, except once for a key that is not
    near its old position.
    """

    def __init__(self) -> None:
        self.rows: Sequence[R] = ()
        self.cursor = -1
        self.top = 0
        self.page = 0
        self.moved = False
        """Somebody has put the cursor or the window somewhere."""
        self.filling = True
        """The rows are coming in for the first time: a cursor that nobody has moved waits on the first one."""
        self._key: str | None = None
        self._positions: dict[str, int] | None = None

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._key

    @property
    def cursor_in_view(self) -> bool:
        """Whether the cursor's row is on the screen."""
        return self.top <= self.cursor < self.top + self.page

    @property
    def thumb(self) -> range:
        """The lines that show which part of the rows is in view; none when all are."""
        count, page = len(self.rows), self.page
        if count <= page or page < 2:
            return range(0)
        length = max(1, page * page // count)
        start = -(-self.top * (page - length) // (count - page))
        return range(start, start + length)

    def show(self, rows: Sequence[R]) -> None:
        """Hold other rows; the cursor stays on its key, else goes to the row that stood below, else keeps its place."""
        before, cursor, top, in_view = self.rows, self.cursor, self.top, self.cursor_in_view
        self.rows, self._positions = rows, None
        self._put(self._cursor_after(before, cursor))
        if in_view:
            shift = self.cursor - cursor
        else:
            found = self._near(before[top].key, top) if top < len(before) else None
            shift = 0 if found is None else found - top
        # At the top, what is new comes into view from above; further down nothing moves under the reader's eyes.
        at_top = top == 0 and (not in_view or self.cursor < self.page)
        self.scroll(0 if at_top else top + shift)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, the first or last when there is none with this index, and bring it into view."""
        self.moved = True
        self._put(max(0, min(index, len(self.rows) - 1)) if self.rows else -1)
        self.reveal()

    def reveal(self) -> None:
        """Bring the cursor into view, mid-screen: a jump of half a page costs a slow line less than single rows."""
        if self.page and self.cursor >= 0 and not self.cursor_in_view:
            self.scroll(self.cursor - self.page // 2)

    def scroll(self, top: int) -> None:
        """Show the rows from an index on, as far as there are any."""
        self.top = max(0, min(top, len(self.rows) - self.page))

    def position_of(self, key: str) -> int | None:
        """Return the index of the row with a key, None when there is none."""
        if isinstance(self.rows, Findable):
            return self.rows.position_of(key)
        index = self._near(key, max(self.cursor, 0))
        if index is not None:
            return index
        if self._positions is None:
            self._positions = {row.key: number for number, row in enumerate(self.rows)}
        return self._positions.get(key)

    def _put(self, cursor: int) -> None:
        self.cursor = cursor
        self._key = self.rows[cursor].key if cursor >= 0 else None

    def _cursor_after(self, before: Sequence[R], cursor: int) -> int:
        if self.filling and not self.moved:
            return min(0, len(self.rows) - 1)
        if self._key is not None:
            index = self.position_of(self._key)
            if index is None and cursor + 1 < len(before):
                index = self._near(before[cursor + 1].key, cursor)
            if index is not None:
                return index
        return min(max(cursor, 0), len(self.rows) - 1)

    def _near(self, key: str, position: int) -> int | None:
        rows = self.rows
        for index in range(max(0, position - NEAR), min(len(rows), position + NEAR)):
            if rows[index].key == key:
                return index
        return None
