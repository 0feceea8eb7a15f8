"""The line in which a filter is typed: it works while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from omconsole.domain import filters
from omconsole.i18n import _
from widgets.key_bar import KeyHint

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from omconsole.domain.filters import Filter


class Filtered(Protocol):
    """Rows that a filter narrows."""

    filter: Filter
    """The one that holds now."""

    def narrow(self, filter_: Filter) -> None:
        """Show only the rows that pass."""


class FilterLine(Horizontal):
    """A slash, an input, and at the right what cannot be understood."""

    DEFAULT_CSS = """
    FilterLine {
        height: 1;
        & Input, & Input:focus { width: 1fr; background: $background; background-tint: 0%; color: $ink-bright; }
        & #filter-sign { width: 3; padding: 0 1; color: $accent-ink; text-style: bold; }
        & #filter-hint { width: auto; max-width: 60%; padding: 0 1; color: $ink-dim; }
        & #filter-hint { text-wrap: nowrap; text-overflow: ellipsis; }
        & #filter-hint.-wrong { max-width: 80%; color: $severity-high; }
    }
    """
    BINDINGS = [
        Binding("escape", "clear", "clear", show=False),
        Binding("down,up", "close", "rows", show=False),
    ]

    class Closed(Message):
        """The user has finished typing; the filter stays as it is."""

    def __init__(self, pane: Filtered) -> None:
        super().__init__(id="filter-line")
        self.pane = pane
        self.words = Input(pane.filter.text, placeholder=_("words, -word, severity:high, user:anna"), compact=True)
        self.words.cursor_blink = False
        self._hint = Static("", id="filter-hint", markup=False)

    def compose(self) -> ComposeResult:
        """Yield the parts from left to right."""
        yield Static("/", id="filter-sign", markup=False)
        yield self.words
        yield self._hint

    @on(Input.Changed)
    def narrow(self, message: Input.Changed) -> None:
        """Narrow the pane to what has been typed."""
        message.stop()
        try:
            filter_ = filters.parse(message.value)
        except filters.FilterError as error:
            self._hint.update(_("character {n}: {what}").format(n=error.at + 1, what=error.what))
            self._hint.add_class("-wrong")
            return
        self._accept()
        self.pane.narrow(filter_)

    @on(Input.Submitted)
    def action_close(self) -> None:
        """Keep the filter, go to the rows."""
        self.post_message(self.Closed())

    def action_clear(self) -> None:
        """Give the filter up."""
        self.pane.narrow(filters.NOTHING)
        self.post_message(self.Closed())

    def _accept(self) -> None:
        self._hint.remove_class("-wrong")
        self._hint.update("")

    def write(self, text: str) -> None:
        """Put a piece of a filter where the cursor is."""
        self.words.insert_text_at_cursor(text)
        self.words.focus()


def filter_hints() -> tuple[KeyHint, ...]:
    """Return what the last line teaches while a filter is typed; a click does it or writes it."""
    return (
        KeyHint("⏎", _("keep"), "close"),
        KeyHint("esc", _("clear"), "clear"),
        KeyHint("-", _("without a word"), "-"),
        KeyHint("user:", _("of a user"), "user:"),
        KeyHint("severity>low", _("worse"), "severity>low"),
        KeyHint("needs:action", _("to do"), "needs:action"),
    )
