"""The Textual shell: themes, the picture, the one timer, and the wire between screens and console."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar
from zoneinfo import ZoneInfo

from textual import events, work
from textual.widgets import Input
from textual.worker import Worker, WorkerError, WorkerState

from omconsole.domain.items import Item
from omconsole.domain.snapshot import EMPTY
from omconsole.errors import ConsoleError
from omconsole.i18n import _
from omconsole.screens.asking import SignInAsking
from omconsole.screens.base import ConsoleScreen
from omconsole.screens.dashboard import DashboardScreen
from omconsole.screens.key_order import KeyOrder
from omconsole.screens.outcomes import outcome_tone, outcome_words
from omconsole.screens.ports import Console, Row, Trouble
from omconsole.screens.reading import Reading
from omconsole.screens.rows import row_id
from omconsole.terminal import GuardedApp
from styles import WIDGETS_CSS
from styles.themes import THEMES, theme_variables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.command import Provider
    from textual.screen import Screen

    from omconsole.domain.commands import Outcome
    from omconsole.domain.sign_in import Account, SignInStep
    from omconsole.domain.snapshot import Snapshot
    from omconsole.verbs import Verb

T = TypeVar("T")

TICK_S = 10.0
"""Seconds between two looks at the clock; ages are told in minutes, so that nothing is drawn more often than that."""
SIGN_IN_VERBS = frozenset({"console.sign_in", "console.sign_out"})
OBJECTS_A_COLLECTION = (700, 10, 10)
"""Python's own thresholds of the garbage collector, for the time after the first paint."""


def _verb_provider() -> type[Provider]:
    from omconsole.screens.palette import VerbProvider

    return VerbProvider


class ConsoleApp(GuardedApp):
    """The console on one profile.

    Args:
        head: the first rows as they were saved; shown before anything else is loaded. None: there are none yet.
        open_console: opens the profile; called after the first paint. Its `ConsoleError` is told on the screen.
        theme: `om-dark`, `om-light`, or the name of any other theme of Textual.
        timezone: an IANA name; empty for the machine's own zone.
        read_only: the state can be read but not written.
        view_only: nobody may change anything from here.
        clock: returns the time, aware, UTC.
        title: the terminal's title.
    """

    CSS_PATH = [WIDGETS_CSS, WIDGETS_CSS.with_name("screens.tcss")]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_verb_provider}
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        *,
        head: Snapshot | None,
        open_console: Callable[[], Awaitable[Console]],
        theme: str = "om-dark",
        timezone: str = "",
        read_only: bool = False,
        view_only: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        title: str = "omconsole",
    ) -> None:
        super().__init__()
        self.title = title
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self._start_in(theme)
        self.clock = clock
        now = clock()
        self._minute = now.replace(second=0, microsecond=0)
        zone = ZoneInfo(timezone) if timezone else now.astimezone().tzinfo
        self.reading = Reading(now, zone or UTC, head or EMPTY)
        self.opens_on: Literal["dashboard", "inbox"] = "dashboard"
        """What is on top at the start; set before the app runs."""
        self.is_demo = False
        """Whether the tenant is the simulated one; set before the app runs."""
        self.opened: Console | None = None
        self.trouble: Trouble | None = None
        self._settled = asyncio.Event()
        self._ordered: set[asyncio.Future[Outcome]] = set()
        self.paused = False
        self._open_console = open_console
        self._read_only = read_only
        self._view_only = view_only
        self._newest = self.reading.snapshot
        self._keys = KeyOrder()
        self._asking = SignInAsking()

    def _start_in(self, theme: str) -> None:
        """Wear a theme from the beginning: its watcher would read every style sheet a second time."""
        self.set_reactive(ConsoleApp.theme, theme)
        dark = self.current_theme.dark
        self.update_classes({f"-theme-{theme}": True, "-dark-mode": dark, "-light-mode": not dark}, update=False)
        self._refresh_truecolor_filter(self.ansi_theme)
        self.stylesheet.set_variables(self.get_css_variables())

    def get_default_screen(self) -> Screen[None]:
        """Start on the dashboard."""
        return DashboardScreen(self)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give every theme the console's tokens; its own themes have them."""
        return {} if self.current_theme in THEMES else theme_variables(self.current_theme)

    # Keys

    async def on_event(self, event: events.Event) -> None:
        """Keep a key back while the one before has not done its work; text goes straight to its input."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif not self._keys.must_wait(event):
            await self._forward(event)

    async def _forward(self, key: events.Key) -> None:
        writing = isinstance(self.focused, Input)
        await super().on_event(key)
        if key.is_forwarded and not writing:
            self._keys.forwarded()

    def on_key(self) -> None:
        """A key has come back from its widget: Textual looks for its binding now, then the next key's turn comes."""
        self.call_next(self._next_key)

    async def _next_key(self) -> None:
        key = self._keys.done()
        while key is not None:
            await self._forward(key)
            key = None if key.is_forwarded and not isinstance(self.focused, Input) else self._keys.done()

    # The console's life

    def on_mount(self) -> None:
        """Lay the inbox over the dashboard for those who start there."""
        if self.opens_on == "inbox":
            from omconsole.screens.inbox import InboxScreen

            self.push_screen(InboxScreen(self))

    def on_ready(self) -> None:
        """Open the profile once the first picture is on the screen."""
        self.set_interval(TICK_S, self._tick)
        self.call_after_refresh(self._serve)

    @work(name="console", group="console", exit_on_error=False)
    async def _serve(self) -> None:
        try:
            self.opened = await self._open_console()
            self._settled.set()
            self.opened.subscribe(self._receive)
            self._receive(self.opened.snapshot)
            await self.opened.run()
        except ConsoleError as error:
            self._tell_trouble(Trouble(error.what, error.do))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A defect in the console's own work ends that work, not the picture."""
        if event.state is not WorkerState.ERROR or event.worker.node is not self:
            return
        name = type(event.worker.error).__name__
        if event.worker.group == "console":
            what = _("The console has stopped polling after an unexpected error ({name}).").format(name=name)
            self._tell_trouble(Trouble(what, _("What is shown stays. Leave and start it again.")))
        else:
            self._say(_("That did not work: an unexpected error ({name}).").format(name=name), warning=True)

    async def on_unmount(self) -> None:
        """Stop polling and let the console write what is to be kept."""
        for worker in self.workers.cancel_group(self, "console"):
            with suppress(WorkerError):  # cancelled, as it was asked to be
                await worker.wait()
        if self._ordered:
            await asyncio.wait(self._ordered)
        if self.opened is not None:
            await self.opened.close()

    def _tell_trouble(self, trouble: Trouble | None) -> None:
        self.trouble = trouble
        self._settled.set()
        self._show()

    # The picture goes down

    def _receive(self, snapshot: Snapshot) -> None:
        self._newest = snapshot
        if not self.paused:
            self._show()

    def pause(self, held: bool) -> None:
        """Hold the picture still, or let it go on."""
        self.paused = held
        self._show()

    def _show(self) -> None:
        self.reading.now = self.clock()
        if not self.paused:
            self.reading.snapshot = self._newest
        with self.batch_update():
            for screen in self.screen_stack:
                if isinstance(screen, ConsoleScreen):
                    screen.show_picture()
        self._ask_to_sign_in()

    def _ask_to_sign_in(self) -> None:
        """Open the dialog of the sign-in when it is due and nobody is at something else."""
        if self._view_only or self._read_only or self.opened is None or self.paused or not self.screen_stack:
            return
        screen = self.screen_stack[-1]
        if not isinstance(screen, ConsoleScreen) or isinstance(self.focused, Input):
            return
        if self._asking.is_due(self._newest, self.reading):
            # A code begins to run out at once: it is asked for only while somebody surely sits there.
            state, is_first = self._newest.sign_in, self._asking.is_first
            screen.ask_to_sign_in(at_once=is_first and state is not None and state.method == "device-code")
            self._asking.asked(self._newest)

    def _tick(self) -> None:
        self._ask_to_sign_in()
        now = self.clock()
        minute = now.replace(second=0, microsecond=0)
        if minute == self._minute:
            return
        self._minute = minute
        self.reading.now = now
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.tick()

    # Wishes go up

    def refusal(self, verb: Verb) -> str | None:
        """Return why a verb cannot be given to anything at present, None when it can."""
        if verb.group == "triage" and self._view_only:
            return _("This is a view only: nothing can be changed from here.")
        if verb.group == "triage" and self._read_only:
            return _("The state can be read but not written: nothing can be changed.")
        if verb.id in SIGN_IN_VERBS:
            return self._sign_in_refusal(verb)
        if (verb.group == "triage" or verb.id.startswith("poll.")) and self.opened is None:
            return self.trouble.what if self.trouble is not None else None
        return None

    def _sign_in_refusal(self, verb: Verb) -> str | None:
        if self.is_demo:
            return _("Nobody signs in to the demonstration.")
        if self.opened is not None and self._newest.sign_in is None:
            return _("This console uses a ready token; nobody signs in.")
        if verb.id == "console.sign_out" and self._view_only:
            return _("This is a view only: nothing can be changed from here.")
        return self.trouble.what if self.opened is None and self.trouble is not None else None

    def order(self, verb: str, rows: Sequence[Row], *, why: str | None = None, quiet: bool = False) -> None:
        """Give a verb to rows, by the ids they have now; tell the outcome unless `quiet`."""
        if not self._view_only and not self._read_only:
            self._order(verb, {row_id(row): row for row in rows}, why, quiet=quiet)

    @work(name="order", group="orders", exit_on_error=False)
    async def _order(self, verb: str, rows: dict[str, Row], why: str | None, *, quiet: bool) -> None:
        await self._settled.wait()  # a key pressed on the saved rows waits for the profile to open
        console = self.opened
        if console is None:
            return
        try:
            expected = {id_: row.triage.version for id_, row in rows.items() if isinstance(row, Item)}
            # Leaving cancels every worker; what was ordered before is done all the same.
            order = asyncio.ensure_future(console.command(verb, list(rows), why=why, expected=expected))
            self._ordered.add(order)
            order.add_done_callback(self._ordered.discard)
            outcome = await asyncio.shield(order)
        except ConsoleError as error:
            self._say(f"{error.what} {error.do}".strip(), warning=True)
            return
        if not quiet or outcome.failed:
            self._say(
                outcome_words(verb, outcome, rows, self.reading, self.size.width),
                warning=outcome_tone(outcome) == "warning",
            )

    def refresh_source(self, source: str | None) -> None:
        """Ask Graph again: one source, or with None all of them."""
        self._refresh_source(source)

    @work(name="refresh", group="orders", exit_on_error=False)
    async def _refresh_source(self, source: str | None) -> None:
        await self._settled.wait()
        console = self.opened
        if console is None:
            return
        self._say(_("Graph is being asked again."))
        try:
            await console.refresh(source)
        except ConsoleError as error:
            self._say(f"{error.what} {error.do}".strip(), warning=True)

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Sign somebody in once the profile is open.

        Raises:
            ConsoleError: it was declined, came too late or is not possible; no server answers; nothing is open.
        """
        await self._settled.wait()
        if self.opened is None:
            trouble = self.trouble or Trouble("")
            raise ConsoleError(trouble.what, trouble.do)
        self._asking.asked(self._newest)
        account = await self.opened.sign_in(tell)
        self._asking.signed_in()
        return account

    async def sign_out(self) -> bool | None:
        """Forget this user's tokens: True when there were any; None, with a notice, when that was not possible."""
        self._asking.signed_out()
        return await self.ask(lambda console: console.sign_out())

    async def ask(self, question: Callable[[Console], Awaitable[T]]) -> T | None:
        """Return the console's answer; None, with a notice, when it has none."""
        await self._settled.wait()
        if self.opened is None:
            return None
        try:
            return await question(self.opened)
        except ConsoleError as error:
            self._say(f"{error.what} {error.do}".strip(), warning=True)
            return None

    def _say(self, text: str, *, warning: bool = False) -> None:
        for screen in reversed(self.screen_stack):
            if isinstance(screen, ConsoleScreen):
                screen.say(text, "warning" if warning else "plain")
                return
