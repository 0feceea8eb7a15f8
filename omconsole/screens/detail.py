"""One item: what, whom, since when, why this severity, the evidence, what folds under it, and what has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.containers import Container
from textual.widgets import Static

from omconsole.domain import words
from omconsole.domain.items import Condition, Item
from omconsole.i18n import _
from omconsole.screens import keys
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.common import Common
from omconsole.screens.finding import find
from omconsole.screens.members import MembersPane, member_columns
from omconsole.screens.pages import MARGINS, PAGES_CSS, Page
from omconsole.screens.rows import source
from omconsole.screens.sheets import history, sheet
from widgets.pane import PaneRule, RuleLine
from widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from omconsole.domain.events import Event
    from omconsole.screens.ports import Host


BESIDE = 117
"""Cells of text from which the history stands beside the facts (`pages.tcss`: 120 with the margins)."""
GUTTER = 3
EDGES = 2
"""Lines of the screen's first and last line."""
WIDE = 160
"""Cells from which Graph's own names stand beside the facts."""


class DetailScreen(ConsoleScreen):
    """Everything that is known of one item. Opening it says that somebody has seen it.

    Verbs are for the item, or for the member under the cursor while the members have the focus.
    """

    CSS_PATH = PAGES_CSS
    TEACHES: ClassVar[tuple[str, ...]] = (
        "console.back",
        "triage.ack",
        "triage.unack",
        "triage.resolve",
        "triage.note",
        "item.copy_id",
        "console.palette",
        "console.help",
    )
    TEACHES_WITH_MEMBERS: ClassVar[tuple[str, ...]] = (
        "console.back",
        "pane.next",
        "item.open",
        "triage.ack",
        "triage.resolve",
        "triage.note",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host, item: Item) -> None:
        super().__init__(host)
        self.item = item
        self._events: Sequence[Event] = ()
        self._over = False
        self._common = Common()
        self._rule = RuleLine(PaneRule(""))
        self._page = Page(id="page")
        self._left = Static(id="facts", markup=False)
        self._right = Static(id="history", markup=False)
        self.members = MembersPane(host.reading, host.size.width)

    def compose(self) -> ComposeResult:
        """Yield title, text, members and last line."""
        yield self._rule
        with self._page, Container(id="sheet"):
            yield self._left
            yield self._right
        yield self.members
        yield self.foot

    def on_mount(self) -> None:
        """Show the item, mark it seen, and fetch its history."""
        self._page.focus()
        self._draw()
        self.host.order("seen", [self.item], quiet=True)
        self._read_history()

    def target(self) -> Item:
        """The member under the cursor while the members have the focus, else the item."""
        member = self.members.table.cursor_row if self.members.table.has_focus else None
        return member or self.item

    def show_picture(self) -> None:
        """Take the item from the new picture; one that is no longer open stays as it was last, and says so."""
        snapshot = self.host.reading.snapshot
        found = find(snapshot, self.item)
        over = found is None and snapshot.complete
        changed = over is not self._over or (found is not None and found is not self.item)
        self.item, self._over = found or self.item, over
        self._draw()
        if changed:
            self._read_history()

    def on_resize(self) -> None:
        """Show as much as there is room for."""
        self.members.table.set_columns(member_columns(self.host.reading, self.size.width))
        self._draw()

    def tick(self) -> None:
        """Let ages grow."""
        self._draw()

    def verb_poll_refresh(self) -> None:
        self.host.refresh_source(source(self.item))

    def verb_pane_next(self) -> None:
        if not self.members.display:
            self.say(_("There is nothing else here to go to."))
            return
        self.set_focus(self._page if self.members.table.has_focus else self.members.table)

    def verb_pane_previous(self) -> None:
        self.verb_pane_next()

    def verb_item_open(self) -> None:
        if self.target() is not self.item:
            self.show_row(self.target())

    @on(QueueTable.RowOpened)
    def open_member(self, message: QueueTable.RowOpened) -> None:
        """Show everything about a member."""
        message.stop()
        self.verb_item_open()

    @work(group="history", exclusive=True)
    async def _read_history(self) -> None:
        key = self.item.key
        events = await self.host.ask(lambda console: console.history(key))
        if events is not None:
            self._events = events
            self._draw()

    def _draw(self) -> None:
        reading, item = self.host.reading, self.item
        self._show_members()
        state = _("no longer open") if self._over else words.label_word(item.label)
        right = f"{words.severity_word(item.triage.severity)} · {state} · {reading.age(item.triage.first_seen)}"
        stale = _("STALE") if item.condition is Condition.UNKNOWN else ""
        self._rule.say(PaneRule(words.title(item, now=reading.now, tz=reading.tz), right, warning=stale))
        room = self.size.width - MARGINS
        beside = room >= BESIDE
        first, second = ((room - GUTTER) * 3 // 5, (room - GUTTER) * 2 // 5) if beside else (room, room)
        self._left.update(sheet(item, reading, first, self._common.known(item), wide=self.size.width >= WIDE))
        self._right.update(history(self._events, reading, second))
        if self._common.is_due(item, reading):
            self._count_common(item)

    @work(group="common", exclusive=True)
    async def _count_common(self, item: Item) -> None:
        await self._common.count(item, self.host.reading)
        self._draw()

    def _show_members(self) -> None:
        rows = self.host.reading.snapshot.members.get(self.item.id, ())
        if bool(rows) != self.has_class("-folds"):
            self.set_class(bool(rows), "-folds")
            self.foot.keys = keys.hints(self.TEACHES_WITH_MEMBERS if rows else self.TEACHES)
            if not rows and self.members.table.has_focus:
                self._page.focus()
        # Few members leave the page what they do not need; many take two fifths of the screen, and what it leaves them.
        room = max(0, self.size.height - EDGES)
        self._page.styles.max_height = room - min(len(rows) + 1, room * 2 // 5) if rows else None
        self.members.take(rows)
