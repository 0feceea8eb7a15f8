"""What all screens share: the verbs' keys, the last line, and the way from a key to what it does.

A verb `triage.ack` is done by the screen's method `verb_triage_ack`; without one it does not apply here and says so.
"""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from omconsole import verbs
from omconsole.domain.items import Item
from omconsole.domain.updates import Update
from omconsole.i18n import _
from omconsole.screens import keys
from omconsole.screens.foot import Foot, Tone
from omconsole.screens.rows import asks_why, is_checklist, row_id

if TYPE_CHECKING:
    from textual import events

    from omconsole.domain.sign_in import Account
    from omconsole.screens.ports import Host, Row
    from omconsole.verbs import Verb
    from widgets.key_bar import KeyBar


class ConsoleScreen(Screen[None]):
    """One screen of the console. Subclasses name the keys to teach in `TEACHES` and compose `self.foot` last."""

    BINDINGS = keys.bindings()
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (24, "-narrow"), (120, "-medium"), (240, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (8, "-low"), (16, "-mid"), (30, "-tall")]
    ESCAPE_TO_MINIMIZE = False
    TEACHES: ClassVar[tuple[str, ...]] = ("console.back", "console.palette", "console.help")

    def __init__(self, host: Host) -> None:
        super().__init__()
        # The classes for the size are set before the first paint: changing them later styles every widget again.
        for extent, steps in zip(host.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True):
            self.add_class(*self._get_breakpoint_classes(extent, steps or []))
        self.host = host
        self.foot = Foot(keys.hints(self.TEACHES))
        self._was_shown = False

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Do not style everything a second time when the screen is shown for the first: it just has been."""
        event.refresh_styles = event.refresh_styles and self._was_shown
        self._was_shown = True

    # For subclasses

    def target(self) -> Row | None:
        """The row that a verb is for at this moment."""
        return None

    def show_picture(self) -> None:
        """A new picture has come."""

    def tick(self) -> None:
        """Time has passed: ages and freshness may read differently."""
        self.show_picture()

    def given(self, verb: str, row: Row) -> None:
        """A verb has been given to a row, which a moment later may no longer be here."""

    def show_row(self, row: Row) -> None:
        """Show everything about a row."""
        self.app.push_screen(screen_of(row, self.host))

    def leave(self) -> None:
        """Go back to the screen before."""
        self.dismiss()

    def step_back(self) -> None:
        """Do what escape means here; it never quits."""
        self.leave()

    # Keys

    def say(self, text: str, tone: Tone = "plain") -> None:
        """Tell one sentence in the last line."""
        self.foot.say(text, tone)

    async def action_verb(self, id_: str) -> None:
        """Do what a verb means on this screen, or say why not."""
        verb = verbs.verb(id_)
        reason = self.refusal(verb)
        if reason is not None:
            self.say(reason, "warning")
            return
        done = getattr(self, method(verb))()
        if isawaitable(done):
            await done

    def refusal(self, verb: Verb) -> str | None:
        """Return why a verb does not apply here and now, None when it does."""
        if not hasattr(self, method(verb)):
            return _("“{verb}” does not apply here.").format(verb=verbs.words(verb))
        row = self.target() if verb.applies in {"item", "row"} else None
        if verb.applies in {"item", "row"} and row is None:
            return _("There is no row to apply “{verb}” to.").format(verb=verbs.words(verb))
        if verb.applies == "item" and is_checklist(row):
            return _("“{verb}” does not apply to the checklist: evidence alone turns it green.").format(
                verb=verbs.words(verb)
            )
        return self.host.refusal(verb)

    def action_step_back(self) -> None:
        """Escape."""
        if self.foot.notice:
            self.say("")
        self.step_back()

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        """A hint of the last line was clicked."""
        message.stop()
        await self.hint_pressed(message.action)

    async def hint_pressed(self, action: str) -> None:
        """Do what a hint of the last line teaches."""
        await self.action_verb(action)

    # Verbs that mean the same everywhere

    def verb_triage_ack(self) -> None:
        self._order("ack")

    def verb_triage_unack(self) -> None:
        self._order("unack")

    async def verb_triage_resolve(self) -> None:
        """Resolve; what is still reported is resolved with a reason."""
        row = self.target()
        if row is None or not asks_why(row):
            self._order("resolve")
            return
        from omconsole.screens.dialogs import ReasonDialog

        def resolve(why: str | None) -> None:
            if why:
                self._give("resolve", row, why)

        dialog = ReasonDialog(row, self.host.reading)
        await self.app.push_screen(dialog, resolve)
        dialog.set_focus(dialog.text)

    def verb_triage_reopen(self) -> None:
        self._order("reopen")

    async def verb_triage_note(self) -> None:
        from omconsole.screens.dialogs import NoteDialog

        row = self.target()
        if row is None:
            return

        def write(text: str | None) -> None:
            if text:
                self.host.order("note", [row], why=text)

        dialog = NoteDialog(row, self.host.reading)
        await self.app.push_screen(dialog, write)
        dialog.set_focus(dialog.text)

    def verb_item_copy_id(self) -> None:
        row = self.target()
        if row is not None:
            id_ = row_id(row)
            self.app.copy_to_clipboard(id_)
            self.say(_("{id} was sent to the terminal's clipboard.").format(id=id_))

    def verb_view_theme(self) -> None:
        self.app.theme = "om-light" if self.app.current_theme.dark else "om-dark"

    def verb_view_repaint(self) -> None:
        self.app.refresh(layout=True)

    def verb_view_pause(self) -> None:
        self.host.pause(not self.host.paused)
        self.say(_("The picture stands still; P lets it go on.") if self.host.paused else _("The picture goes on."))

    def verb_view_inbox(self) -> None:
        from omconsole.screens.inbox import InboxScreen

        if not self._went_back_to(InboxScreen):
            self.app.push_screen(InboxScreen(self.host))

    def verb_view_sources(self) -> None:
        from omconsole.screens.sources import SourcesScreen

        if not self._went_back_to(SourcesScreen):
            self.app.push_screen(SourcesScreen(self.host))

    def _went_back_to(self, kind: type[ConsoleScreen]) -> bool:
        """Leave what lies over a screen of this kind; tell whether there is one. No screen lies over another itself."""
        if not any(isinstance(each, kind) for each in self.app.screen_stack):
            return False
        while not isinstance(self.app.screen, kind):
            self.app.pop_screen()
        return True

    def verb_poll_refresh_all(self) -> None:
        self.host.refresh_source(None)

    def verb_console_palette(self) -> None:
        from omconsole.screens.palette import CommandLine

        self.app.push_screen(CommandLine())

    def verb_console_help(self) -> None:
        from omconsole.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.host, self))

    def verb_console_sign_in(self) -> None:
        self.ask_to_sign_in(at_once=True)

    def ask_to_sign_in(self, *, at_once: bool) -> None:
        """Open the dialog in which somebody signs in; it begins at once, or when its key is pressed."""
        from omconsole.screens.sign_in import SignInDialog
        from omconsole.screens.sign_in_page import account_name

        def told(account: Account | None) -> None:
            if account is not None:
                self.say(_("Signed in as {name}.").format(name=account_name(account)))

        self.app.push_screen(SignInDialog(self.host, at_once=at_once), told)

    def verb_console_sign_out(self) -> None:
        from omconsole.screens.sign_in import SignOutDialog
        from omconsole.screens.sign_in_page import account_name

        async def leave() -> None:
            were = await self.host.sign_out()
            if were is not None:
                self.say(_("Signed out. What was read stays.") if were else _("Nobody was signed in."))

        def answered(sure: bool | None) -> None:
            if sure:
                self.run_worker(leave(), name="sign-out", group="sign-out", exit_on_error=False)

        state = self.host.reading.snapshot.sign_in
        account = state.account if state is not None else None
        self.app.push_screen(SignOutDialog(account_name(account) if account is not None else ""), answered)

    def verb_console_back(self) -> None:
        self.leave()

    def verb_console_quit(self) -> None:
        self.app.exit()

    def _order(self, verb: str) -> None:
        row = self.target()
        if row is not None:
            self._give(verb, row)

    def _give(self, verb: str, row: Row, why: str | None = None) -> None:
        self.host.order(verb, [row], why=why)
        self.given(verb, row)


def method(verb: Verb) -> str:
    """Return the name of the method that does a verb."""
    return f"verb_{verb.id.replace('.', '_')}"


def screen_of(row: Row, host: Host) -> ConsoleScreen:
    """Return the screen that shows everything about a row."""
    if isinstance(row, Item):
        from omconsole.screens.detail import DetailScreen

        return DetailScreen(host, row)
    if isinstance(row, Update):
        from omconsole.screens.reader import ReaderScreen

        return ReaderScreen(host, row.post.id)
    from omconsole.screens.checklist import OccurrenceScreen

    return OccurrenceScreen(host, row)
