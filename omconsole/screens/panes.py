"""A pane of the dashboard: a rule, a table of rows, a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from textual import work
from textual.message import Message

from omconsole.domain import filters
from omconsole.i18n import _, ngettext, number
from omconsole.screens import summary
from omconsole.screens.columns import layout
from omconsole.screens.narrowing import Narrowing, R
from widgets.pane import Pane, PaneRule
from widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events

    from omconsole.domain.filters import Filter
    from omconsole.domain.health import SourceHealth
    from omconsole.screens.reading import Reading
    from widgets.columns import Column


class RowsPane(Pane, Generic[R]):
    """Shows the rows of one source. What it is told goes down: `take(rows)`, `narrow(filter)`, `tick()`."""

    class Narrowed(Message):
        """The filter has been applied; `count` rows pass."""

        def __init__(self, pane: RowsPane[R], count: int) -> None:
            super().__init__()
            self.pane = pane
            self.count = count

    def __init__(
        self,
        columns: Callable[[Reading, int], Sequence[Column[R]]],
        reading: Reading,
        *,
        name: str,
        title: str,
        source: str,
        waiting: Callable[[int], str],
        width: int,
    ) -> None:
        # The columns for the width that the pane most likely gets: other ones after the first paint cost a second one.
        self.table: QueueTable[R] = QueueTable(columns(reading, width), id=f"{name}-table")
        super().__init__(self.table, rule=PaneRule(title), id=name, classes="rows")
        self.source = source
        self.filter: Filter = filters.NOTHING
        self._title = title
        self._waiting = waiting
        self._columns = columns
        self._layout = layout(width)
        self._reading = reading
        self._rows: Sequence[R] = ()
        self._total = 0
        self._needed = 0
        self._narrowing: Narrowing[R] = Narrowing()

    def on_resize(self, event: events.Resize) -> None:
        """Show the columns that suit the width."""
        if self._layout != layout(event.size.width):
            self._layout = layout(event.size.width)
            self.table.set_columns(self._columns(self._reading, event.size.width))
        self.tick()

    @property
    def row(self) -> R | None:
        """The row under the cursor."""
        return self.table.cursor_row

    @property
    def hidden_rows(self) -> int:
        """How many rows the filter hides."""
        return len(self._rows) - len(self.table.rows) if self.filter else 0

    def take(self, rows: Sequence[R], total: int, needed: int) -> None:
        """Show these rows from now on, as far as they pass the filter.

        Args:
            rows: all rows, in order; unchanged ones are the same objects as before.
            total: how many there are in truth.
            needed: how many of them wait for somebody.
        """
        self._rows, self._total, self._needed = rows, max(total, len(rows)), needed
        if self.filter:
            self._narrow(fresh=False)
        else:
            self.table.show(rows)
        self.table.fill(self._health is None or self._health.last_ok is None)
        self.tick()

    def narrow(self, filter_: Filter) -> None:
        """Show only the rows that pass."""
        if filter_.text == self.filter.text:
            return
        self.filter = filter_
        if filter_:
            self._narrow(fresh=True)
        else:
            self.workers.cancel_group(self, "narrow")
            self._narrowing.forget()
            self.table.show(self._rows)
            self.tick()

    def tick(self) -> None:
        """Say anew what depends on the time or on the source's health."""
        self.table.empty = self._sentence()
        self.rule = PaneRule(self._title, " · ".join(filter(None, self._said())), self._warned())

    def step(self, direction: int) -> bool:
        """Move to the next (1) or previous (-1) row that needs action; tell whether there is one."""
        rows, at = self.table.rows, self.table.cursor_index
        # What needs action stands first, so the last one that does is found by halving.
        last = filters.count_needing(rows) - 1
        if last < 0:
            return False
        if direction > 0:
            return self.table.select(rows[at + 1 if at < last else 0].key)
        return self.table.select(rows[min(at, last + 1) - 1 if at > 0 else last].key)

    def go_on(self) -> None:
        """Leave a row that needs action for a neighbour that does, the next one rather than the one before."""
        rows, at = self.table.rows, self.table.cursor_index
        for index in (at, at + 1, at - 1) if at >= 0 else ():
            if not 0 <= index < len(rows) or not filters.needs(rows[index]):
                if index == at:
                    return
                continue
            if index != at:
                self.table.select(rows[index].key)
                return

    @work(group="narrow", exclusive=True)
    async def _narrow(self, *, fresh: bool) -> None:
        last: list[R] = []
        async for passing in self._narrowing.passing(self._rows, self.filter, self.size.height):
            last = passing
            if fresh:
                self.table.show(passing)
        self.table.show(last)
        self.tick()
        self.post_message(self.Narrowed(self, len(last)))

    def _said(self) -> Sequence[str]:
        count = number(self._total)
        needed = self._waiting(self._needed)
        if self.filter:
            hidden = ngettext("{n} hidden", "{n} hidden", self.hidden_rows).format(n=number(self.hidden_rows))
            return _("filter: {words}").format(words=self.filter.text), hidden, self._progress()
        return count if self._total else "", needed if self._needed else "", self._progress()

    def _progress(self) -> str:
        return summary.progress(self._health, self._reading)

    def _warned(self) -> str:
        return summary.warning(self._health, self._reading, self.size.width)

    def _sentence(self) -> str:
        health = self._health
        if self.filter:
            return _("No row passes the filter. esc clears it.")
        if health is None or health.last_ok is None:
            return summary.unread(health, self._reading)
        return _("Nothing here. Read {age} ago.").format(age=self._reading.age(health.last_ok))

    @property
    def _health(self) -> SourceHealth | None:
        return self._reading.snapshot.source(self.source)
