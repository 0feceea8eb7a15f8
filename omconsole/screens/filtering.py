"""A screen whose rows a filter narrows: the line in which it is typed, and what escape does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain import filters
from omconsole.screens import keys
from omconsole.screens.base import ConsoleScreen

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget

    from omconsole.screens.filter_line import Filtered, FilterLine
    from omconsole.screens.ports import Host


class FilteringScreen(ConsoleScreen):
    """Subclasses name the rows with `filtered` and what takes the focus afterwards with `resting`."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._filter_line: FilterLine | None = None

    def filtered(self) -> Filtered:
        """The rows that the filter narrows."""
        raise NotImplementedError

    def resting(self) -> Widget:
        """Where the focus goes when the filter has been typed."""
        raise NotImplementedError

    async def verb_pane_filter(self) -> None:
        from omconsole.screens.filter_line import FilterLine, filter_hints

        if self._filter_line is not None:
            await self._filter_line.remove()
            self._filter_line = None
        line = FilterLine(self.filtered())
        await self.mount(line, before=self.foot)
        self._filter_line = line
        self.foot.keys = filter_hints()
        self.set_focus(line.words)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Take the filter's line away when the focus has left it: below it letters are verbs again."""
        line = self._filter_line
        # What has the focus now, not what the event tells of: the line may have been opened since.
        if line is not None and self.focused is not None and line not in self.focused.ancestors:
            self._take_line_away()

    def step_back(self) -> None:
        """Escape: close the filter's line, clear the filter, leave."""
        if self._filter_line is not None:
            self.on_filter_line_closed()
        elif self.filtered().filter:
            self.filtered().narrow(filters.NOTHING)
        else:
            self.leave()

    def on_filter_line_closed(self) -> None:
        """Take the filter's line away; the filter stays."""
        self._take_line_away()
        self.set_focus(self.resting())

    def _take_line_away(self) -> None:
        if self._filter_line is not None:
            self._filter_line.remove()
            self._filter_line = None
        self.foot.keys = keys.hints(self.TEACHES)

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
