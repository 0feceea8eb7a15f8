"""How fresh each source is, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual.content import Content
from textual.widgets import Static

from omconsole.domain import words
from omconsole.domain.health import SourceHealth, SourceState
from omconsole.i18n import _, number, short_age
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.sign_in_page import account_words
from widgets.columns import Column
from widgets.pane import Pane, PaneRule
from widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from omconsole.screens.ports import Host
    from omconsole.screens.reading import Reading

TONES: dict[SourceState, str] = {
    "ok": "$ink",
    "fetching": "$accent-ink",
    "stale": "bold $severity-high",
    "failed": "bold $severity-high",
    "forbidden": "bold $severity-high",
    "throttled": "$severity-medium",
    "off": "$ink-dim",
}


class SourceRow(msgspec.Struct, frozen=True):
    """A source as a row of a table."""

    health: SourceHealth

    @property
    def key(self) -> str:
        return self.health.name


class SourcesScreen(ConsoleScreen):
    """One row a source."""

    TEACHES: ClassVar[tuple[str, ...]] = (
        "console.back",
        "poll.refresh",
        "poll.refresh_all",
        "console.palette",
        "console.help",
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.table: QueueTable[SourceRow] = QueueTable(
            source_columns(host.reading), empty=_("No source has been set up."), show_header=True
        )
        self._pane = Pane(self.table, rule=PaneRule(_("5 Sources")))
        self._account = Static(id="account", markup=False)
        self._said = Static(id="said", markup=False)

    def compose(self) -> ComposeResult:
        """Yield the table, the whole of what its row says, and the last line."""
        yield self._pane
        yield self._account
        yield self._said
        yield self.foot

    def on_mount(self) -> None:
        """Show what is known."""
        self.table.focus()
        self.show_picture()

    def show_picture(self) -> None:
        """Show the sources' health."""
        snapshot = self.host.reading.snapshot
        polling = {
            "self": _("this console polls"),
            "other": _("another process polls"),
            "nobody": _("nobody polls"),
        }
        self._pane.rule = PaneRule(_("5 Sources"), polling[snapshot.polling])
        self.table.show([SourceRow(source) for source in snapshot.sources])
        self.table.refresh_cells()
        account = account_words(snapshot.sign_in)
        self._account.display = bool(account)
        is_needed = snapshot.sign_in is not None and snapshot.sign_in.needed
        self._account.update(Content.styled(account, "bold $severity-high" if is_needed else "$ink-soft"))
        self._say_whole()

    def on_queue_table_row_highlighted(self, message: QueueTable.RowHighlighted) -> None:
        """Say the whole of what the row has no room for."""
        message.stop()
        self._say_whole()

    def _say_whole(self) -> None:
        row = self.table.cursor_row
        text = said(row.health) if row is not None else ""
        self._said.display = bool(text)
        self._said.update(Content.styled(text, "$ink"))

    def verb_poll_refresh(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.host.refresh_source(row.key)

    def on_queue_table_row_opened(self, message: QueueTable.RowOpened) -> None:
        """There is no more to a source than what is said."""
        message.stop()
        row = self.table.cursor_row
        if row is not None and not said(row.health):
            self.say(_("No trouble."))


def source_columns(reading: Reading) -> Sequence[Column[SourceRow]]:
    """Return the columns of sources."""

    def soft(text: Callable[[SourceHealth], str]) -> Callable[[SourceRow], Content]:
        return lambda row: Content.styled(text(row.health), "$ink-soft")

    def state(row: SourceRow) -> Content:
        word = row.health.state(reading.now)
        return Content.styled(state_word(word), TONES[word])

    return (
        Column(id="source", title=_("source"), width=22, cell=lambda row: words.source_word(row.key)),
        Column(id="state", title=_("state"), width=11, cell=state),
        Column(
            id="ok", title=_("last good"), width=9, cell=soft(lambda each: reading.age(each.last_ok)), align="right"
        ),
        Column(
            id="sweep",
            title=_("sweep"),
            width=7,
            cell=soft(lambda each: reading.age(each.last_sweep)),
            align="right",
            drop_below=60,
        ),
        Column(
            id="every",
            title=_("every"),
            width=6,
            cell=soft(lambda each: interval(each.interval_s)),
            align="right",
            drop_below=70,
        ),
        Column(
            id="items",
            title=_("items"),
            width=8,
            cell=soft(lambda each: number(each.items)),
            align="right",
            drop_below=50,
        ),
        Column(id="said", title=_("what it says"), width=None, cell=soft(said), gap=3),
    )


def interval(seconds: float) -> str:
    """Return a time between two polls, short: `30 s`, `15 m`."""
    return short_age(seconds) if seconds >= 60 else _("{n} s").format(n=number(int(seconds)))


def state_word(state: SourceState) -> str:
    """Return the one word for a state."""
    return {
        "ok": _("fresh"),
        "fetching": _("fetching"),
        "stale": _("STALE"),
        "failed": _("failed"),
        "forbidden": _("forbidden"),
        "throttled": _("throttled"),
        "off": _("off"),
    }[state]


def said(health: SourceHealth) -> str:
    """Return a source's error, the permissions that it lacks, and what it does not cover."""
    needs = _("needs {permissions}").format(permissions=_(" or ").join(health.needs)) if health.needs else ""
    return " · ".join(filter(None, (health.error, needs, words.uncovered_words(health.uncovered))))
