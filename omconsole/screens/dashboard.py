"""The first screen: the fleet in one line, and four panes of what is the matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from textual import on
from textual.containers import Container
from textual.widgets import Static

from omconsole.domain.items import Item
from omconsole.domain.kinds import sources_of
from omconsole.i18n import _
from omconsole.screens import calm, summary
from omconsole.screens.feed_panes import ChecklistPane, UpdatesPane
from omconsole.screens.filtering import FilteringScreen
from omconsole.screens.folding import Member
from omconsole.screens.item_panes import IssuesPane, ItemsPane
from widgets.queue_table import QueueTable
from widgets.tile_block import TileBlock
from widgets.tiles import HeaderLine

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from omconsole.screens.panes import RowsPane
    from omconsole.screens.ports import Host, Row

    AnyPane: TypeAlias = RowsPane[Any]

ALERT_SOURCES, ISSUE_SOURCES = sources_of("alerts"), sources_of("issues")
NAMED_FROM = 36
"""Lines from which the columns have names."""
BLOCK_FROM = (120, 40)
"""Cells and lines from which the fleet's figures have lines of their own."""
LESSONS = frozenset({"view.inbox", "item.open", "triage.ack"})
"""Verbs that the first line of the demonstration teaches, until one of them has been given."""


class DashboardScreen(FilteringScreen):
    """Header, four panes, and the last line. The pane with the focus has the most room."""

    VERTICAL_BREAKPOINTS = [
        (0, "-flat"),
        (8, "-low"),
        (20, "-mid"),
        (24, "-even"),
        (36, "-tall"),
        (45, "-high"),
        (60, "-huge"),
    ]
    AUTO_FOCUS = "#issues-table"
    TEACHES: ClassVar[tuple[str, ...]] = (
        "view.inbox",
        "item.open",
        "triage.ack",
        "triage.resolve",
        "triage.note",
        "pane.filter",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        reading, width = host.reading, host.size.width
        self.header = HeaderLine(id="header")
        self.health: TileBlock | None = None
        self.alerts = ItemsPane(reading, name="alerts", title=_("1 Alerts"), sources=ALERT_SOURCES, width=width)
        self.issues = IssuesPane(reading, name="issues", title=_("2 Issues"), sources=ISSUE_SOURCES, width=width)
        self.updates = UpdatesPane(reading, name="updates", title=_("3 Updates"), sources=("messages",), width=width)
        self.checklist = ChecklistPane(reading, name="checklist", title=_("4 Checklist"), sources=(), width=width)
        self.panes: tuple[AnyPane, ...] = (self.alerts, self.issues, self.updates, self.checklist)
        self.current: AnyPane = self.issues
        self._notice: Static | None = None
        self._lesson: Static | None = None
        self.issues.add_class("-grown")
        self._size_up(host.size.width, host.size.height)

    def compose(self) -> ComposeResult:
        """Yield the parts from top to bottom, filled: the first paint is the whole picture."""
        if self.host.is_demo:
            text = _("0 what needs you · enter open · a acknowledge")
            self._lesson = Static(text, id="lesson", markup=False)
            yield self._lesson
        yield self.header
        if self.health is not None:
            yield self.health
        self._fill()
        with Container(id="panes"):
            yield from self.panes
        yield self.foot

    def on_mount(self) -> None:
        """Say why nothing is polled."""
        self.show_trouble()

    def on_resize(self, event: events.Resize) -> None:
        """Name the columns, and show the figures in lines of their own, where there is room."""
        self._size_up(event.size.width, event.size.height)

    def _size_up(self, width: int, height: int) -> None:
        for pane in self.panes:
            pane.table.show_header = height >= NAMED_FROM
        roomy = width >= BLOCK_FROM[0] and height >= BLOCK_FROM[1]
        if roomy and self.health is None:
            self.health = TileBlock(id="health")
            if self.is_mounted:
                self.mount(self.health, after=self.header)
        if self.health is not None:
            self.health.display = roomy
        if self.is_mounted:
            self._say_head()

    # What comes down

    def show_picture(self) -> None:
        """Show a new picture."""
        if self.is_mounted:
            self._fill()
            self.show_trouble()

    def _fill(self) -> None:
        picture = self.host.reading.snapshot
        self.alerts.take_items(picture.alerts, picture.totals.get("alerts", 0))
        self.issues.take_items(picture.issues, picture.totals.get("issues", 0))
        self.updates.take(picture.updates, picture.totals.get("updates", 0))
        self.checklist.take(picture.checklist, len(picture.checklist))
        self._say_head()

    def tick(self) -> None:
        """Let ages grow."""
        for pane in self.panes:
            pane.table.refresh_cells()
            pane.tick()
        self._say_head()
        self.show_trouble()

    def show_trouble(self) -> None:
        """Say in two lines why nothing is polled, or what is wrong with the state."""
        notice = calm.notice(self.host)
        if self._notice is None and not notice:
            return
        if self._notice is None:
            self._notice = Static(id="trouble", markup=False)
            self.mount(self._notice, after=self.health or self.header)
        self._notice.display = bool(notice)
        self._notice.update(notice)

    def _say_head(self) -> None:
        reading = self.host.reading
        block = self.health if self.health is not None and self.health.display else None
        if block is not None:
            block.tiles = summary.health(reading)
        self.header.tiles = summary.who(reading) if block is not None else summary.tiles(reading)
        self.header.right = reading.clock(reading.now)
        self.header.summary = summary.summary(reading)
        self.header.summary_right = _("paused") if self.host.paused else summary.freshness(reading)

    # Panes

    def target(self) -> Row | None:
        """The row under the cursor of the pane with the focus."""
        row: Row | Member | None = self.current.row
        return row.item if isinstance(row, Member) else row

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Give the room to the pane with the focus."""
        focused = next((pane for pane in self.panes if event.widget is pane.table), self.current)
        if focused is not self.current:
            self.current.remove_class("-grown")
            self.current = focused
            self.current.add_class("-grown")

    def verb_pane_alerts(self) -> None:
        self.set_focus(self.alerts.table)

    def verb_pane_issues(self) -> None:
        self.set_focus(self.issues.table)

    def verb_pane_updates(self) -> None:
        self.set_focus(self.updates.table)

    def verb_pane_checklist(self) -> None:
        self.set_focus(self.checklist.table)

    def verb_pane_next(self) -> None:
        self._step_pane(1)

    def verb_pane_previous(self) -> None:
        self._step_pane(-1)

    def _step_pane(self, direction: int) -> None:
        at = self.panes.index(self.current)
        self.set_focus(self.panes[(at + direction) % len(self.panes)].table)

    def verb_pane_needs_action(self) -> None:
        self._step_row(1)

    def verb_pane_needs_action_before(self) -> None:
        self._step_row(-1)

    def _step_row(self, direction: int) -> None:
        if not self.current.step(direction):
            self.say(_("Nothing in this pane needs action."))

    def verb_pane_zoom(self) -> None:
        self.query_one("#panes").toggle_class("-zoomed")

    def verb_poll_refresh(self) -> None:
        if not self.current.sources:
            self.host.refresh_source(None)
        for health in self.current.healths():
            self.host.refresh_source(health.name)

    def given(self, verb: str, row: Row) -> None:
        """Go on to the next row at once: the row itself will move down to what is handled."""
        here = self.target()  # while a reason was typed a new picture may have moved the cursor
        if verb in {"ack", "resolve"} and here is not None and here.key == row.key:
            self.current.go_on()

    # Folding and views

    def verb_pane_unfold(self) -> None:
        if not (isinstance(self.current, ItemsPane) and self.current.unfold()):
            self._say_no_fold()

    def verb_pane_fold(self) -> None:
        if not (isinstance(self.current, ItemsPane) and self.current.fold()):
            self._say_no_fold()

    def _say_no_fold(self) -> None:
        row = self.target()
        if isinstance(row, Item) and row.is_cause and not self.host.reading.snapshot.complete:
            self.say(_("The rows are still being read."))
        else:
            self.say(_("Nothing folds under this row."))

    def verb_pane_grouping(self) -> None:
        if self.current is self.issues:
            self.issues.go_round()
        else:
            self.say(_("This pane has one view only; the issues have three."))

    # Filter

    def filtered(self) -> AnyPane:
        """The pane with the focus."""
        return self.current

    def resting(self) -> QueueTable[Any]:
        """Its rows."""
        return self.current.table

    def step_back(self) -> None:
        """Escape: close the filter's line, clear the filter, give up the zoom."""
        if self._filter_line is not None or self.current.filter:
            super().step_back()
        else:
            self.query_one("#panes").remove_class("-zoomed")

    # Opening and leaving

    async def action_verb(self, id_: str) -> None:
        """Do what a verb means here; one of those that the demonstration teaches has been learnt."""
        self._learn(id_)
        await super().action_verb(id_)

    def _learn(self, verb: str) -> None:
        if self._lesson is not None and verb in LESSONS:
            self._lesson.remove()
            self._lesson = None

    @on(QueueTable.RowOpened)
    def open_row(self, message: QueueTable.RowOpened) -> None:
        """Show everything about the row."""
        message.stop()
        self._learn("item.open")
        self.verb_item_open()

    def verb_item_open(self) -> None:
        row = self.target()
        if row is not None:
            self.show_row(row)

    def leave(self) -> None:
        """Ask before leaving the console: this is the root."""
        from omconsole.screens.dialogs import QuitDialog

        def answer(leave: bool | None) -> None:
            if leave:
                self.app.exit()

        self.app.push_screen(QuitDialog(), answer)
