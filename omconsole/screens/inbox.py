"""The triage inbox: what needs somebody, of all panes, worst first. Empty is the goal, and looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Static

from omconsole.domain import filters
from omconsole.domain.inbox import inbox
from omconsole.domain.items import Item
from omconsole.i18n import _, ngettext, number
from omconsole.screens import calm, summary
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.filtering import FilteringScreen
from omconsole.screens.glance import Glance
from omconsole.screens.inbox_columns import inbox_columns
from omconsole.screens.pages import PAGES_CSS
from omconsole.screens.rows import source
from widgets.pane import PaneRule, RuleLine
from widgets.queue_table import QueueTable
from widgets.tiles import HeaderLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult

    from omconsole.domain.filters import Filter
    from omconsole.domain.rows import Row
    from omconsole.screens.ports import Host

PREVIEW_FROM = 140
"""Cells of the terminal from which the row under the cursor is told at the right."""
LIST_SHARE = 0.44
"""The list's share of the width beside the preview."""
NAMED_FROM = 30
"""Lines of the terminal from which the columns have names."""


class InboxScreen(FilteringScreen):
    """One table of what needs action. Its order changes with a new picture alone."""

    CSS_PATH = PAGES_CSS
    TEACHES: ClassVar[tuple[str, ...]] = (
        "item.open",
        "triage.ack",
        "triage.resolve",
        "triage.note",
        "pane.filter",
        "console.back",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.filter: Filter = filters.NOTHING
        self.header = HeaderLine(id="header")
        self._notice = Static(id="trouble", markup=False)
        self._rule = RuleLine(PaneRule(""))
        self._width = self._list_width(host.size.width)
        self.table: QueueTable[Row] = QueueTable(inbox_columns(host.reading, self._width), id="inbox-table")
        self._calm = Static(id="calm", markup=False)
        self._list = Container(self._rule, self.table, self._calm, id="inbox-list")
        self._glance = Glance()
        self._rows: Sequence[Row] = ()
        self._last = calm.LastChange()

    def compose(self) -> ComposeResult:
        """Yield the parts from top to bottom, filled: the first paint is the whole picture."""
        self._rule.brighten(True)
        self._size_up(self.host.size.width, self.host.size.height)
        self._fill()
        yield self.header
        yield self._notice
        with Horizontal(id="inbox"):
            yield self._list
            yield self._glance
        yield self.foot

    def on_mount(self) -> None:
        """Put the focus on the rows."""
        self.set_focus(self.table)

    def on_resize(self, event: events.Resize) -> None:
        """Show the columns, and the preview, for which there is room."""
        self._size_up(event.size.width, event.size.height)
        self._say()

    def _size_up(self, width: int, height: int) -> None:
        self._glance.display = width >= PREVIEW_FROM
        self.table.show_header = height >= NAMED_FROM
        if self._width != self._list_width(width):
            self._width = self._list_width(width)
            self.table.set_columns(inbox_columns(self.host.reading, self._width))
        self._list.styles.width = self._width

    @staticmethod
    def _list_width(width: int) -> int:
        return int(width * LIST_SHARE) if width >= PREVIEW_FROM else width

    # What comes down

    def show_picture(self) -> None:
        """Show a new picture."""
        if self.is_mounted:
            self._fill()

    def tick(self) -> None:
        """Let ages grow; what needs somebody, and its order, are those of the picture."""
        self.table.refresh_cells()
        self._say()

    def _fill(self) -> None:
        reading = self.host.reading
        self._rows = inbox(reading.snapshot, reading.now)
        self._last.look(self._rows, reading)
        self._show_rows()

    def _show_rows(self) -> None:
        shown = tuple(row for row in self._rows if self.filter.matches(row)) if self.filter else self._rows
        self.table.show(shown)
        self.table.refresh_cells()
        self._say()

    def _say(self) -> None:
        reading = self.host.reading
        self.header.tiles = summary.tiles(reading)
        self.header.right = reading.clock(reading.now)
        self._rule.say(self._title())
        notice = calm.notice(self.host)
        self._notice.display = bool(notice)
        self._notice.update(notice)
        is_empty = not self.table.rows
        if self.table.display is is_empty or self._calm.display is not is_empty:
            self._calm.display, self.table.display = is_empty, not is_empty
            if not is_empty and self.is_mounted and self._filter_line is None:
                self.set_focus(self.table)
        if is_empty:
            self._calm.update(self._sentence())
        self._glance.show(self.table.cursor_row, reading)

    def _title(self) -> PaneRule:
        count = len(self._rows)
        needing = self._needing(count)
        title = " ─ ".join([_("Inbox"), needing]) if count else _("Inbox")
        if self.filter:
            left_out = count - len(self.table.rows)
            hidden = ngettext("{n} hidden", "{n} hidden", left_out).format(n=number(left_out))
            chip = _("filter: {words}").format(words=self.filter.text)
            return PaneRule(title, f"{chip} · {hidden}", warning=self._warned())
        return PaneRule(title, _("paused") if self.host.paused else self._freshness(), warning=self._warned())

    def _needing(self, count: int) -> str:
        """How many; the rows that were saved for the first paint may be some of them."""
        snapshot = self.host.reading.snapshot
        items = sum(isinstance(row, Item) for row in self._rows)
        if snapshot.complete or items < len(snapshot.alerts) + len(snapshot.issues):
            return ngettext("{n} needs somebody", "{n} need somebody", count).format(n=number(count))
        return ngettext("at least {n} needs somebody", "at least {n} need somebody", count).format(n=number(count))

    def _freshness(self) -> str:
        return "" if self._warned() else summary.freshness(self.host.reading)

    def _warned(self) -> str:
        reading = self.host.reading
        troubled = summary.sign_in_needed(reading) or any(
            summary.trouble(each, reading) for each in reading.snapshot.sources
        )
        return summary.freshness(reading) if troubled else ""

    def _sentence(self) -> Content:
        if self._rows:
            return Content.styled(_("No row passes the filter. esc clears it."), "$ink-soft")
        return calm.sentence(self.host.reading, self._last.at)

    # Rows

    def target(self) -> Row | None:
        """The row under the cursor."""
        return self.table.cursor_row

    @on(QueueTable.RowHighlighted)
    def look_at(self, message: QueueTable.RowHighlighted) -> None:
        """Tell more of the row under the cursor where there is room."""
        message.stop()
        self._glance.show(self.table.cursor_row, self.host.reading)

    @on(QueueTable.RowOpened)
    def open_it(self, message: QueueTable.RowOpened) -> None:
        """Show everything about the row."""
        message.stop()
        self.verb_item_open()

    def verb_item_open(self) -> None:
        row = self.target()
        if row is not None:
            self.show_row(row)

    def verb_pane_needs_action(self) -> None:
        self._step(1)

    def verb_pane_needs_action_before(self) -> None:
        self._step(-1)

    def _step(self, direction: int) -> None:
        rows = self.table.rows
        if rows:
            self.table.select(rows[(self.table.cursor_index + direction) % len(rows)].key)

    def given(self, verb: str, row: Row) -> None:
        """Go to the next row at once: the one that was handled leaves with the next picture."""
        leaves = verb == "resolve" or (verb == "ack" and isinstance(row, Item))
        rows = self.table.rows
        at = next((index for index, each in enumerate(rows) if each.key == row.key), None)
        if leaves and at is not None and self.table.cursor_key == row.key and len(rows) > 1:
            self.table.select(rows[at + 1 if at + 1 < len(rows) else at - 1].key)

    def verb_poll_refresh(self) -> None:
        row = self.target()
        self.host.refresh_source(source(row) if row is not None else None)

    def verb_view_inbox(self) -> None:
        self.say(_("This is the inbox."))

    # The panes below

    async def verb_pane_alerts(self) -> None:
        await self._go_to("pane.alerts")

    async def verb_pane_issues(self) -> None:
        await self._go_to("pane.issues")

    async def verb_pane_updates(self) -> None:
        await self._go_to("pane.updates")

    async def verb_pane_checklist(self) -> None:
        await self._go_to("pane.checklist")

    async def _go_to(self, verb: str) -> None:
        root = self.app.screen_stack[0]
        while len(self.app.screen_stack) > 1:  # details may lie between the inbox and the panes
            self.app.pop_screen()
        if isinstance(root, ConsoleScreen):
            await root.action_verb(verb)

    # Filter

    def filtered(self) -> InboxScreen:
        """The screen itself."""
        return self

    def resting(self) -> QueueTable[Row]:
        """The rows."""
        return self.table

    def narrow(self, filter_: Filter) -> None:
        """Show only the rows that pass."""
        self.filter = filter_
        self._show_rows()
