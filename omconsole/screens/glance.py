"""The row under the cursor in short, at the right of the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.containers import Vertical
from textual.widgets import Static

from omconsole.domain import words
from omconsole.domain.inbox import severity_of
from omconsole.domain.items import Item
from omconsole.i18n import _
from omconsole.screens.common import Common
from omconsole.screens.rows import pane_word, title
from omconsole.screens.sheets import glance
from widgets.pane import PaneRule, RuleLine

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from omconsole.domain.rows import Row
    from omconsole.screens.reading import Reading

MARGINS = 2


class Glance(Vertical):
    """A rule with the row's title, and below it what is known; costs nothing while it is not displayed."""

    DEFAULT_CSS = """
    Glance { width: 1fr; height: 1fr; overflow: hidden hidden; }
    """

    def __init__(self) -> None:
        super().__init__(id="glance")
        self._rule = RuleLine(PaneRule(""))
        self._text = Static(id="glance-text", markup=False)
        self._common = Common()
        self._shown: tuple[Row | None, Reading] | None = None

    def compose(self) -> ComposeResult:
        """Yield rule and text."""
        yield self._rule
        yield self._text

    def on_resize(self) -> None:
        """Wrap the lines anew."""
        if self._shown is not None:
            self.show(*self._shown)

    def show(self, row: Row | None, reading: Reading) -> None:
        """Show a row, or nothing."""
        self._shown = (row, reading)
        if not self.display or not self.size.width:
            return
        if row is None:
            self._rule.say(PaneRule(""))
            self._text.update("")
            return
        self._rule.say(PaneRule(title(row, reading), _right(row, reading)))
        common = self._common.known(row) if isinstance(row, Item) else ()
        self._text.update(glance(row, reading, self.size.width - MARGINS, common))
        if isinstance(row, Item) and self._common.is_due(row, reading):
            self._count(row, reading)

    @work(group="common", exclusive=True)
    async def _count(self, row: Item, reading: Reading) -> None:
        await self._common.count(row, reading)
        if self._shown is not None and self._shown[0] is row:
            self.show(row, reading)


def _right(row: Row, reading: Reading) -> str:
    if not isinstance(row, Item):
        return pane_word(row)
    severity = words.severity_word(severity_of(row, reading.now)).upper()
    since = _("since {time}").format(time=reading.since(row.triage.first_seen))
    return f"{severity} · {words.label_word(row.label)} · {since}"
