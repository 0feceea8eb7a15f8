"""Questions: they open above the last line, and on the harmless answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from omconsole.domain.commands import LONGEST_NOTE
from omconsole.i18n import _
from omconsole.screens.pages import PAGES_CSS
from omconsole.screens.rows import title
from widgets.pane import Pane, PaneRule

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from omconsole.screens.ports import Row
    from omconsole.screens.reading import Reading


class TextDialog(ModalScreen[str | None]):
    """Asks for a line of text; the answer is None when nothing is to be done.

    Args:
        question: what the rule says.
        hint: what the keys do.
        placeholder: what to write.
    """

    CSS_PATH = PAGES_CSS
    BINDINGS = [Binding("escape", "cancel", "cancel", show=False)]
    NEEDED: ClassVar[bool] = False
    """Whether an answer must have text; else one without means that nothing is to be done."""

    def __init__(self, question: str, hint: str, placeholder: str) -> None:
        super().__init__()
        self.text = Input(placeholder=placeholder, max_length=LONGEST_NOTE, compact=True)
        self.text.cursor_blink = False
        self.pane = Pane(self.text, rule=PaneRule(question, hint))

    def compose(self) -> ComposeResult:
        """Yield the question and the input."""
        with Vertical(classes="dialog"):
            yield self.pane

    @on(Input.Submitted)
    def save(self, message: Input.Submitted) -> None:
        """Answer with what was typed."""
        message.stop()
        text = message.value.strip()
        if text or not self.NEEDED:
            self.dismiss(text or None)
        else:
            self.pane.rule = PaneRule(self.pane.rule.title, warning=_("A reason is needed; esc cancels."))

    def action_cancel(self) -> None:
        """Write nothing."""
        self.dismiss(None)


class NoteDialog(TextDialog):
    """Asks for the text of a note."""

    def __init__(self, row: Row, reading: Reading) -> None:
        question = _("Note on {name}").format(name=title(row, reading))
        super().__init__(question, _("⏎ save · esc cancel"), _("What do the others need to know?"))


class ReasonDialog(TextDialog):
    """Asks why something is declared over that is still reported."""

    NEEDED = True

    def __init__(self, row: Row, reading: Reading) -> None:
        question = _("Resolve {name}").format(name=title(row, reading))
        why = _("It is still reported: why is it over? It comes back if it stays.")
        super().__init__(question, _("⏎ resolve · esc cancel"), why)


class Choice(Static, can_focus=True):
    """Two words, of which one is chosen."""

    ALLOW_SELECT = False
    BINDINGS = [
        Binding("left,right,h,l,tab,shift+tab", "change", "change", show=False),
        Binding("enter,space", "choose", "choose", show=False),
    ]

    yes: reactive[bool] = reactive(False)
    """The harmful word is chosen."""

    def __init__(self, no: str, yes: str) -> None:
        super().__init__(markup=False)
        self._words = (no, yes)

    def render(self) -> Content:
        """Return both words, the chosen one marked by more than colour."""
        parts: list[Content] = []
        for word, chosen in zip(self._words, (not self.yes, self.yes), strict=True):
            style = "bold $ink-bright on $cursor-row" if chosen else "$ink-dim"
            parts.append(Content.styled(f" ▸ {word} " if chosen else f"   {word} ", style))
        return Content("  ").join(parts)

    def action_change(self) -> None:
        """Choose the other word."""
        self.yes = not self.yes

    def action_choose(self) -> None:
        """Answer."""
        self.screen.dismiss(self.yes)

    def on_click(self, event: events.Click) -> None:
        """Choose the word that was clicked, and answer."""
        at = event.get_content_offset(self)
        if at is not None and at.x < Content(self._words[0]).cell_length + 4:
            self.screen.dismiss(False)
        elif at is not None and at.x < sum(Content(word).cell_length for word in self._words) + 10:
            self.screen.dismiss(True)


class QuitDialog(ModalScreen[bool | None]):
    """Asks before the console is left."""

    CSS_PATH = PAGES_CSS
    BINDINGS = [
        Binding("escape,n,q", "answer(False)", "stay", show=False),
        Binding("y", "answer(True)", "leave", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Yield the question and the two answers."""
        with Vertical(classes="dialog"):
            rule = PaneRule(_("Leave the console?"), _("←→ choose · ⏎ answer · esc stay"))
            yield Pane(Choice(_("Stay"), _("Leave")), rule=rule)

    def action_answer(self, leave: bool) -> None:
        """Answer."""
        self.dismiss(leave)
