"""A pane of the dashboard: a rule, a table of rows, a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic

from textual import work
from textual.message import Message

from omconsole.domain import filters
from omconsole.i18n import _, ngettext, number
from omconsole.screens import summary
from omconsole.screens.columns import layout
from omconsole.screens.folding import Member
from omconsole.screens.narrowing import Narrowing, R
from widgets.pane import Pane, PaneRule
from widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from textual import events

    from omconsole.domain.filters import Filter
    from omconsole.domain.health import SourceHealth
    from omconsole.screens.reading import Reading
    from widgets.columns import Column


class RowsPane(Pane, Generic[R]):
    """Shows rows. What it is told goes down: `take(rows, total)`, `narrow(filter)`, `tick()`.

    Subclasses name their columns, what the rule says of the rows, and the sentence that stands in for none.
    """

    ANEW: ClassVar[bool] = False
    """Whether cells tell of a row what is no part of it, such as how many fold under it."""

    class Narrowed(Message):
        """The filter has been applied; `count` rows pass."""

        def __init__(self, pane: RowsPane[R], count: int) -> None:
            super().__init__()
            self.pane = pane
            self.count = count

    def __init__(self, reading: Reading, *, name: str, title: str, sources: tuple[str, ...], width: int) -> None:
        self.reading = reading
        # The columns for the width that the pane most likely gets: other ones after the first paint cost a second one.
        self.table: QueueTable[R] = QueueTable(self.columns(width), id=f"{name}-table")
        super().__init__(self.table, rule=PaneRule(title), id=name, classes="rows")
        self.sources = sources
        self.filter: Filter = filters.NOTHING
        self.total = 0
        self._title = title
        self._layout = layout(width)
        self._rows: Sequence[R] = ()
        self._keys: frozenset[str] | None = None
        self._changed_at: datetime | None = None
        self._narrowing: Narrowing[R] = Narrowing()

    # For subclasses

    def columns(self, width: int) -> Sequence[Column[R]]:
        """Return the columns of a table so many cells wide."""
        raise NotImplementedError

    def counts(self) -> Sequence[str]:
        """Return what the rule says of the rows, the most important first."""
        raise NotImplementedError

    def view_title(self) -> str:
        """Return the title."""
        return self._title

    def candidates(self) -> Iterable[R]:
        """Yield the rows among which a filter looks; those that need somebody first."""
        return self._rows

    def nothing(self) -> str:
        """Return the sentence of a pane that has been read and holds no rows."""
        if self._changed_at is not None:
            return _("Nothing needs you here. Last change {age} ago.").format(age=self.reading.past(self._changed_at))
        read = max((each.last_ok for each in self.healths() if each.last_ok is not None), default=None)
        if read is None:
            return _("Nothing needs you here.")
        return _("Nothing needs you here. Read {age} ago.").format(age=self.reading.past(read))

    def laid(self, rows: Sequence[R]) -> Sequence[R]:
        """Return what the table shows of rows that pass the filter."""
        return rows

    # What comes down

    def on_resize(self, event: events.Resize) -> None:
        """Show the columns that suit the width."""
        if self._layout != layout(event.size.width):
            self._layout = layout(event.size.width)
            self.table.set_columns(self.columns(event.size.width))
        self.tick()

    def take(self, rows: Sequence[R], total: int) -> None:
        """Show these rows from now on, as far as they pass the filter.

        Args:
            rows: all rows, in order; unchanged ones are the same objects as before.
            total: how many there are in truth.
        """
        self._notice_change(rows)
        self._rows, self.total = rows, max(total, len(rows))
        self.refill(fresh=False)
        self.table.fill(not any(each.last_ok for each in self.healths()))
        self.tick()

    def _notice_change(self, rows: Sequence[R]) -> None:
        """Remember when the last row went: only of a pane that is empty or nearly so is that ever told."""
        if not rows and self._rows:
            self._changed_at = self.reading.now

    def narrow(self, filter_: Filter) -> None:
        """Show only the rows that pass."""
        if filter_.text == self.filter.text:
            return
        self.filter = filter_
        self.refill(fresh=True)

    def refill(self, *, fresh: bool) -> None:
        """Show what there is to show now; `fresh`: at once as much of it as is found soon."""
        if self.filter:
            self._narrow(fresh=fresh)
            return
        self.workers.cancel_group(self, "narrow")
        self._narrowing.forget()
        self.show(self._rows, fresh=fresh)

    def show(self, rows: Sequence[R], *, fresh: bool = False) -> None:
        """Show rows that pass the filter; `fresh`: another view or filter, in which the cursor's row may not stand."""
        before = self.table.cursor_row
        self.table.show(self.laid(rows), anew=self.ANEW)
        if fresh and before is not None and before.key != self.table.cursor_key:
            self._find(before)
        self.tick()

    def _find(self, row: R) -> None:
        """Go to a member where it stands by itself; else to the first row, not to one that stands there by chance."""
        if not (isinstance(row, Member) and self.table.select(row.item.key)):
            self.table.action_first()

    def tick(self) -> None:
        """Say anew what depends on the time or on the sources' health."""
        self.table.empty = self._sentence()
        hidden = self.table.hidden_count if self.table.size.height else 0
        self.rule = PaneRule(
            self.view_title(),
            " · ".join(filter(None, self._said())),
            warning=summary.warning(self.healths(), self.reading, self.size.width),
            more=f"+{number(hidden)}" if hidden else "",
        )

    def healths(self) -> list[SourceHealth]:
        """Return the health of the sources, those that this profile has."""
        return [each for name in self.sources if (each := self.reading.snapshot.source(name)) is not None]

    # Cursor

    @property
    def row(self) -> R | None:
        """The row under the cursor."""
        return self.table.cursor_row

    def index(self) -> int:
        """Return the position among `standing` of the row under the cursor; -1 when it is not one of them."""
        return self.table.cursor_index

    def standing(self) -> Sequence[R]:
        """Return the rows that a verb leads to: those that need somebody stand first."""
        return self.table.rows

    def step(self, direction: int) -> bool:
        """Move to the next (1) or previous (-1) row that needs action; tell whether there is one."""
        rows, at = self.standing(), self.index()
        # What needs action stands first, so the last one that does is found by halving.
        last = filters.count_needing(rows) - 1  # type: ignore[arg-type]  # members are never among them
        if last < 0:
            return False
        if direction > 0:
            return self.table.select(rows[at + 1 if at < last else 0].key)
        return self.table.select(rows[min(at, last + 1) - 1 if at > 0 else last].key)

    def go_on(self) -> None:
        """Leave a row that needs action for a neighbour that does, the next one rather than the one before."""
        rows, at = self.standing(), self.index()
        for index in (at, at + 1, at - 1) if at >= 0 else ():
            if not 0 <= index < len(rows) or not filters.needs(rows[index]):  # type: ignore[arg-type]
                if index == at:
                    return
                continue
            if index != at:
                self.table.select(rows[index].key)
                return

    # Rule and sentence

    @work(group="narrow", exclusive=True)
    async def _narrow(self, *, fresh: bool) -> None:
        last: list[R] = []
        async for passing in self._narrowing.passing(self.candidates(), self.filter, self.size.height):
            last = passing
            if fresh:
                self.show(passing, fresh=True)
        self.show(last, fresh=fresh)
        self.post_message(self.Narrowed(self, len(last)))

    def _said(self) -> Sequence[str]:
        progress = summary.progress(self.healths(), self.reading)
        if self.filter:
            left_out = max(0, self._narrowing.looked_at - len(self.standing()))
            hidden = ngettext("{n} hidden", "{n} hidden", left_out).format(n=number(left_out))
            return _("filter: {words}").format(words=self.filter.text), hidden, progress
        return (*self.counts(), progress)

    def _sentence(self) -> str:
        if self.filter:
            return _("No row passes the filter. esc clears it.")
        healths = self.healths()
        if self.sources and not any(each.last_ok for each in healths):
            return summary.unread(healths[0] if healths else None, self.reading)
        return self.nothing()
