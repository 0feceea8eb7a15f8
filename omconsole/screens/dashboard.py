"""The first screen: the fleet in one line, what needs somebody, and the news."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from omconsole.domain import filters
from omconsole.domain.items import Item
from omconsole.i18n import _, ngettext, number
from omconsole.screens import keys, summary
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.columns import issue_columns, update_columns
from omconsole.screens.panes import RowsPane
from widgets.queue_table import QueueTable
from widgets.tiles import HeaderLine

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from omconsole.domain.updates import Update
    from omconsole.screens.filter_line import FilterLine
    from omconsole.screens.ports import Host, Row


TALL = 30
"""Lines from which the columns have names."""


class DashboardScreen(ConsoleScreen):
    """Header, issues, updates, and the last line. The pane with the focus has the most room."""

    TEACHES: ClassVar[tuple[str, ...]] = (
        "item.open",
        "triage.ack",
        "triage.note",
        "pane.needs_action",
        "pane.filter",
        "view.sources",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        reading = host.reading
        self.header = HeaderLine(id="header")
        self.issues: RowsPane[Item] = RowsPane(
            issue_columns,
            reading,
            name="issues",
            title=_("2 Issues"),
            source="devices",
            waiting=lambda n: ngettext("{n} needs you", "{n} need you", n).format(n=number(n)),
            width=host.size.width,
        )
        self.updates: RowsPane[Update] = RowsPane(
            update_columns,
            reading,
            name="updates",
            title=_("3 Updates"),
            source="messages",
            waiting=lambda n: ngettext("{n} unread", "{n} unread", n).format(n=number(n)),
            width=host.size.width,
        )
        self.current: RowsPane[Item] | RowsPane[Update] = self.issues
        self._notice: Static | None = None
        self._filter_line: FilterLine | None = None
        self.issues.add_class("-grown")
        self._name_columns(host.size.height)

    def compose(self) -> ComposeResult:
        """Yield the parts from top to bottom, filled: the first paint is the whole picture."""
        self._fill()
        yield self.header
        yield Container(self.issues, self.updates, id="panes")
        yield self.foot

    def on_mount(self) -> None:
        """Put the focus on the issues."""
        self.set_focus(self.issues.table)
        self.show_trouble()

    def on_resize(self, event: events.Resize) -> None:
        """Name the columns where there is room for names."""
        self._name_columns(event.size.height)

    def _name_columns(self, height: int) -> None:
        for pane in (self.issues, self.updates):
            pane.table.show_header = height >= TALL

    # What comes down

    def show_picture(self) -> None:
        """Show a new picture."""
        if self.is_mounted:
            self._fill()
            self.show_trouble()

    def _fill(self) -> None:
        picture = self.host.reading.snapshot
        unread = filters.count_needing(picture.updates)
        self.issues.take(picture.issues, picture.totals.get("issues", 0), filters.count_needing(picture.issues))
        self.updates.take(picture.updates, picture.totals.get("updates", 0), unread)
        self._say_head()

    def tick(self) -> None:
        """Let ages grow."""
        for pane in (self.issues, self.updates):
            pane.table.refresh_cells()
        self._tick_panes()
        self._say_head()
        self.show_trouble()

    def show_trouble(self) -> None:
        """Say in two lines why nothing is polled, or what is wrong with the state."""
        trouble, notice = self.host.trouble, self.host.reading.snapshot.notice
        lines: list[Content] = []
        if trouble is not None:
            lines.append(Content.styled(trouble.what, "bold $severity-high"))
            lines.append(Content.styled(trouble.do, "$ink-soft"))
        elif notice:
            lines.append(Content.styled(notice, "$severity-medium"))
        if self._notice is None and not lines:
            return
        if self._notice is None:
            self._notice = Static(id="trouble")
            self.mount(self._notice, after=self.header)
        self._notice.display = bool(lines)
        self._notice.update(Content("\n").join(line for line in lines if line.plain))

    def _say_head(self) -> None:
        reading = self.host.reading
        self.header.tiles = summary.tiles(reading)
        self.header.right = reading.clock(reading.now)
        self.header.summary = summary.summary(reading)
        self.header.summary_right = _("paused") if self.host.paused else summary.freshness(reading)

    def _tick_panes(self) -> None:
        self.issues.tick()
        self.updates.tick()

    # Panes

    def target(self) -> Row | None:
        """The row under the cursor of the pane with the focus."""
        return self.current.row

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Give the room to the pane with the focus."""
        for pane in (self.issues, self.updates):
            if event.widget is pane.table:
                self.current = pane
        for pane in (self.issues, self.updates):
            pane.set_class(pane is self.current, "-grown")

    def verb_pane_issues(self) -> None:
        self.set_focus(self.issues.table)

    def verb_pane_updates(self) -> None:
        self.set_focus(self.updates.table)

    def verb_pane_next(self) -> None:
        self.set_focus(self._other().table)

    def verb_pane_previous(self) -> None:
        self.set_focus(self._other().table)

    def _other(self) -> RowsPane[Item] | RowsPane[Update]:
        return self.updates if self.current is self.issues else self.issues

    def verb_pane_needs_action(self) -> None:
        if not self.current.step(1):
            self.say(_("Nothing in this pane needs action."))

    def verb_pane_needs_action_before(self) -> None:
        if not self.current.step(-1):
            self.say(_("Nothing in this pane needs action."))

    def verb_pane_zoom(self) -> None:
        self.query_one("#panes").toggle_class("-zoomed")

    def verb_poll_refresh(self) -> None:
        self.host.refresh_source(self.current.source)

    def verb_triage_ack(self) -> None:
        """Acknowledge, and go on to the next row at once: the row itself will move down to what is handled."""
        super().verb_triage_ack()
        self.current.go_on()

    # Filter

    async def verb_pane_filter(self) -> None:
        from omconsole.screens.filter_line import FilterLine, filter_hints

        if self._filter_line is not None:
            await self._filter_line.remove()
        self._filter_line = FilterLine(self.current)
        await self.mount(self._filter_line, before=self.foot)
        self.foot.keys = filter_hints()
        self.set_focus(self._filter_line.words)

    def step_back(self) -> None:
        """Escape: close the filter's line, clear the filter, give up the zoom."""
        if self._filter_line is not None:
            self.close_filter()
        elif self.current.filter:
            self.current.narrow(filters.NOTHING)
        else:
            self.query_one("#panes").remove_class("-zoomed")

    def on_filter_line_closed(self) -> None:
        """The filter has been typed."""
        self.close_filter()

    def close_filter(self) -> None:
        """Take the filter's line away; the filter stays."""
        if self._filter_line is not None:
            self._filter_line.remove()
            self._filter_line = None
        self.foot.keys = keys.hints(self.TEACHES)
        self.set_focus(self.current.table)

    async def hint_pressed(self, action: str) -> None:
        """While a filter is typed the hints are those of its line."""
        if self._filter_line is None:
            await super().hint_pressed(action)
        elif action == "clear":
            self._filter_line.action_clear()
        elif action == "close":
            self._filter_line.action_close()
        else:
            self._filter_line.write(action)

    # Opening and leaving

    @on(QueueTable.RowOpened)
    def open_row(self, message: QueueTable.RowOpened) -> None:
        """Show an item, or read a post."""
        message.stop()
        self.verb_item_open()

    def verb_item_open(self) -> None:
        row = self.target()
        if isinstance(row, Item):
            from omconsole.screens.detail import DetailScreen

            self.app.push_screen(DetailScreen(self.host, row))
        elif row is not None:
            from omconsole.screens.reader import ReaderScreen

            self.app.push_screen(ReaderScreen(self.host, row.post.id))

    def leave(self) -> None:
        """Ask before leaving the console: this is the root."""
        from omconsole.screens.dialogs import QuitDialog

        def answer(leave: bool | None) -> None:
            if leave:
                self.app.exit()

        self.app.push_screen(QuitDialog(), answer)
