"""The keys, from the same table that binds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widgets import Static

from omconsole import verbs
from omconsole.domain import words
from omconsole.domain.items import Severity
from omconsole.i18n import _
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.lines import columns, heading, paragraph
from omconsole.screens.pages import MARGINS, PAGES_CSS, Page
from widgets.pane import PaneRule, RuleLine

if TYPE_CHECKING:
    from typing import TypeAlias

    from textual.app import ComposeResult

    from omconsole.screens.ports import Host
    from omconsole.verbs import Group

    Row: TypeAlias = tuple[Content, Content, Content]

KEY_WIDTH, COMMAND_WIDTH, MARK_WIDTH = 6, 15, 9
"""Cells, the same in every group so that the sentences line up down the page."""


class HelpScreen(ConsoleScreen):
    """Every verb with key, command and sentence; what does not apply to the screen before is dim and says why."""

    CSS_PATH = PAGES_CSS
    TEACHES: ClassVar[tuple[str, ...]] = ("console.back", "console.palette")

    def __init__(self, host: Host, asked_from: ConsoleScreen) -> None:
        super().__init__(host)
        self._asked_from = asked_from
        self._text = Static(id="help", markup=False)

    def compose(self) -> ComposeResult:
        """Yield title, list and last line."""
        yield RuleLine(PaneRule(_("Help"), _("every key is also a : command and a line of the palette")))
        with Page(id="page"):
            yield self._text
        yield self.foot

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one("#page").focus()
        self._draw()

    def verb_console_help(self) -> None:
        self.leave()

    def on_resize(self) -> None:
        """Wrap the sentences anew."""
        self._draw()

    def _draw(self) -> None:
        self._text.update(help_content(self._asked_from, self.size.width - MARGINS))


def help_content(screen: ConsoleScreen, width: int | None = None) -> Content:
    """Return the whole help for a screen, in lines of at most `width` cells."""
    titles: dict[Group, str] = {
        "triage": _("Triage"),
        "move": _("Move"),
        "view": _("View"),
        "console": _("Console"),
    }
    parts: list[Content] = []
    for group, title in titles.items():
        parts.append(heading(title, first=not parts))
        rows = [_of(each, screen) for each in verbs.VERBS if each.group == group]
        if group == "move":
            rows += [_line(each, "", text) for each, text in _more_keys()]
        parts.append(columns(rows, width=width))
    parts.append(heading(_("Marks")))
    parts.append(columns([_mark(mark, text) for mark, text in _marks()], width=width))
    parts.append(heading(_("Labels")))
    parts.append(paragraph(_("A question mark beside a label: its source is stale, so nobody knows at present.")))
    return Content("\n").join(parts)


def _more_keys() -> list[tuple[str, str]]:
    return [
        ("j k ↑↓", _("Move; page up and page down as well.")),
        ("g G", _("Go to the first, to the last row.")),
        ("esc", _("Close, clear the filter, go back. It never quits.")),
    ]


def _marks() -> list[tuple[str, str]]:
    severities = ", ".join(words.severity_word(each) for each in Severity)
    return [
        (" ".join(each.letter for each in Severity), _("How bad: {severities}.").format(severities=severities)),
        ("▸ ▾", _("Rows fold under this one; they are shown below it.")),
        ("●", _("Nobody at this keyboard has read it.")),
        ("✓ ✗ ○", _("The evidence is there, is missing, or nobody can know.")),
        ("▁▃▅█", _("How it went until now.")),
    ]


def _mark(mark: str, text: str) -> tuple[Content, Content]:
    return Content.styled(mark.ljust(MARK_WIDTH), "$accent-ink"), Content.styled(text, "$ink")


def _of(verb: verbs.Verb, screen: ConsoleScreen) -> Row:
    refusal = screen.refusal(verb)
    if refusal is None:
        return _line(verbs.key_word(verb), f":{verb.command}", verbs.help_text(verb))
    text = f"{verbs.help_text(verb)} ({refusal.rstrip('.')})"
    return _line(verbs.key_word(verb), f":{verb.command}", text, ink="$ink-dim")


def _line(key: str, command: str, text: str, *, ink: str | None = None) -> Row:
    return (
        Content.styled(key.ljust(KEY_WIDTH), ink or "$accent-ink"),
        Content.styled(command.ljust(COMMAND_WIDTH), ink or "$ink-soft"),
        Content.styled(text, ink or "$ink"),
    )
