"""Signing in and out on the screen: what a person has to do now, and nothing that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from omconsole.domain.sign_in import Account, DeviceCode
from omconsole.errors import ConsoleError
from omconsole.i18n import _
from omconsole.screens.dialogs import Choice
from omconsole.screens.foot import Foot
from omconsole.screens.pages import MARGINS, PAGES_CSS, Page
from omconsole.screens.sign_in_page import Progress, page
from widgets.key_bar import KeyBar, KeyHint
from widgets.pane import Pane, PaneRule, RuleLine

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.timer import Timer

    from omconsole.domain.sign_in import SignInStep
    from omconsole.screens.ports import Host

RULE_AND_KEYS = 2
"""Lines of the dialog besides its page."""


class SignInDialog(ModalScreen[Account | None]):
    """Shows what to do, until somebody is signed in or leaves. The answer is who signed in, None for nobody.

    Args:
        host: signs in.
        at_once: begin when the dialog opens; else when its key is pressed, since nobody may be there.
    """

    CSS_PATH = PAGES_CSS
    BINDINGS = [
        Binding("escape,q", "cancel", "cancel", show=False),
        Binding("enter,r", "begin", "sign in", show=False),
        Binding("y", "copy", "copy", show=False),
    ]

    def __init__(self, host: Host, *, at_once: bool) -> None:
        super().__init__()
        state = host.reading.snapshot.sign_in
        self._host = host
        self._at_once = at_once
        self._progress = Progress(why=state.why if state is not None and state.needed else "")
        self._worker: Worker[None] | None = None
        self._minute: Timer | None = None
        self._signed_in: Account | None = None
        self._text = Static(id="sign-in-text", markup=False)
        self._foot = Foot(())

    def compose(self) -> ComposeResult:
        """Yield title, page and keys."""
        tenant = self._host.reading.snapshot.tenant
        title = _("Sign in to {tenant}").format(tenant=tenant) if tenant else _("Sign in")
        with Vertical(classes="dialog", id="sign-in"):
            rule = RuleLine(PaneRule(title))
            rule.brighten(True)
            yield rule
            with Page(id="sign-in-page"):
                yield self._text
            yield self._foot

    def on_mount(self) -> None:
        """Begin, or say why somebody is asked."""
        self.query_one("#sign-in-page").focus()
        if self._at_once:
            self.action_begin()
        else:
            self._draw()

    def on_resize(self) -> None:
        """Set the lines anew."""
        self._draw()

    def on_screen_resume(self) -> None:
        """Close if somebody has signed in while the command line lay over this."""
        if self._signed_in is not None:
            self.dismiss(self._signed_in)

    def action_begin(self) -> None:
        """Sign in, or try it again."""
        if self._progress.is_running:
            return
        self._progress.begin()
        self._draw()
        self._worker = self._sign_in()

    def action_cancel(self) -> None:
        """Leave at once; nothing of a sign-in under way is kept."""
        if self._worker is not None:
            self._worker.cancel()
        self.dismiss(None)

    def action_copy(self) -> None:
        """Send the code, or the address, to the terminal's clipboard."""
        copied = self._progress.to_copy
        if not copied:
            self._foot.say(_("There is no code to copy at present."), "warning")
            return
        self.app.copy_to_clipboard(copied)
        self._foot.say(
            _("{id} was sent to the terminal's clipboard.").format(id=copied)
            if self._progress.has_code
            else _("The address was sent to the terminal's clipboard.")
        )

    def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        """A hint of the last line was clicked."""
        message.stop()
        {"begin": self.action_begin, "cancel": self.action_cancel, "copy": self.action_copy}[message.action]()

    # The sign-in

    @work(name="sign-in", group="sign-in", exclusive=True, exit_on_error=False)
    async def _sign_in(self) -> None:
        try:
            account = await self._host.sign_in(self._take)
        except ConsoleError as error:
            self._end(error)
        else:
            self._signed_in = account
            if self.app.screen is self:  # else something lies over it, and `dismiss` would take that away
                self.dismiss(account)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A defect ends the sign-in, not the console."""
        if event.state is WorkerState.ERROR:
            name = type(event.worker.error).__name__
            self._end(ConsoleError(_("That did not work: an unexpected error ({name}).").format(name=name)))

    def _take(self, step: SignInStep) -> None:
        if self._worker is not None and not self._worker.is_cancelled:
            self._progress.take(step)
            self._draw()

    def _end(self, error: ConsoleError) -> None:
        self._progress.end(error)
        self._draw()

    # The page

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        now = self._host.clock()
        width, height = self.app.size
        self.query_one("#sign-in-page").styles.max_height = max(1, height - RULE_AND_KEYS)
        self._text.update(page(self._progress, now, width - MARGINS, height))
        self._foot.keys = self._keys()
        self._count_down(now)

    def _keys(self) -> tuple[KeyHint, ...]:
        progress = self._progress
        if progress.trouble is not None:
            return KeyHint("⏎", _("try again"), "begin"), KeyHint("esc", _("close"), "cancel")
        if not progress.is_running:
            return KeyHint("⏎", _("sign in"), "begin"), KeyHint("esc", _("later"), "cancel")
        cancel = KeyHint("esc", _("cancel"), "cancel")
        if not progress.to_copy:
            return (cancel,)
        return KeyHint("y", _("copy the code") if progress.has_code else _("copy the address"), "copy"), cancel

    def _count_down(self, now: datetime) -> None:
        """Look again when the minutes that are left have changed."""
        if self._minute is not None:
            self._minute.stop()
            self._minute = None
        step = self._progress.page
        if self._progress.is_running and isinstance(step, DeviceCode) and step.expires_at > now:
            self._minute = self.set_timer((step.expires_at - now).total_seconds() % 60 + 0.1, self._draw)


class SignOutDialog(ModalScreen[bool | None]):
    """Asks before the tokens of this user are removed."""

    CSS_PATH = PAGES_CSS
    BINDINGS = [
        Binding("escape,n,q", "answer(False)", "stay", show=False),
        Binding("y", "answer(True)", "sign out", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def compose(self) -> ComposeResult:
        """Yield the question and the two answers."""
        question = _("Sign {name} out?").format(name=self._name) if self._name else _("Sign out?")
        with Vertical(classes="dialog"):
            rule = PaneRule(question, _("←→ choose · ⏎ answer · esc stay"))
            yield Pane(Choice(_("Stay signed in"), _("Sign out")), rule=rule)

    def action_answer(self, leave: bool) -> None:
        """Answer."""
        self.dismiss(leave)
