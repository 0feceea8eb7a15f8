"""The one place that wires a profile: commands in, snapshots out. The console and the command line are its clients."""

from __future__ import annotations

import asyncio
import gc
import uuid
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from omconsole.accounts import login_of
from omconsole.domain.assessment import assessed
from omconsole.domain.commands import LONGEST_NOTE, Command, Outcome
from omconsole.domain.events import Actor, Event
from omconsole.errors import ConsoleError, SignInError, StateError
from omconsole.poll.requests import answer_to, ask, waiting
from omconsole.poll.schedule import configured_sources as configured_sources  # noqa: PLC0414 - commands name it beside the service
from omconsole.sanitize import sanitize_block
from omconsole.signing_in import SigningIn
from omconsole.store import Store
from omconsole.store.execution import Execution
from omconsole.store.slices import in_slices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from omconsole.config import Settings
    from omconsole.domain.events import Via
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.sign_in import Account, SignInStep
    from omconsole.domain.snapshot import Snapshot
    from omconsole.domain.updates import Post
    from omconsole.poll.poller import Clock, Poller, RoundReport
    from omconsole.poll.tenant import Transport
    from omconsole.signals.reading import Mode

SAVE_AFTER_S = 1.0
"""Seconds without another change after which `state.json` is brought up to date."""
TICK_S = 15.0
"""Seconds between looks at what time alone changes: staleness, and a poller's seat that became free."""
SIGN_IN_AGAIN_S = 60.0
"""Seconds for which a process that Graph does not let in leaves the seat to others."""


def utc_now() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


class Service:
    """One profile's state, live: whoever holds the poller's seat polls, every other follows; both take commands.

    Open with `Service.open`; `run` until cancelled; `close` at the end. All methods belong to the event loop's thread.
    """

    def __init__(
        self, settings: Settings, store: Store, ledger: Ledger, actor: Actor, clock: Clock, tick_s: float
    ) -> None:
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._actor = actor
        self._clock = clock
        self._tick_s = tick_s
        self._transport: Transport | None = None
        if settings.is_demo:
            from omconsole.demo import kept_transport

            self._transport = kept_transport(settings.state_directory, settings.profile.graph_url)
        self._poller: Poller | None = None
        self._troubles: dict[str, str] = {}
        """By what it keeps from being done."""
        self._unkept: StateError | None = None
        self._asked: list[Event] = []
        """Requests to poll that no round has answered yet."""
        self.on_report: Callable[[RoundReport], object] | None = None
        """Told of every round of this process."""
        self._subscribers: list[Callable[[Snapshot], None]] = []
        self._tz = ZoneInfo(settings.timezone)
        self._signing_in = SigningIn(settings, self._touch_view)
        self._execution = Execution(store, ledger, clock)
        self._changed = asyncio.Event()
        self._unsaved = asyncio.Event()
        self.snapshot = self._picture()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        login: str,
        name: str,
        via: Via = "console",
        clock: Clock = utc_now,
        tick_s: float = TICK_S,
    ) -> Service:
        """Open the profile's state without polling yet.

        Args:
            login: finds the person again; `name` is what others see.
            tick_s: seconds between looks at staleness and at the poller's seat.

        Raises:
            StateError: the state directory cannot be used, belongs to another tenant or is newer.
        """
        store = await asyncio.to_thread(
            Store.open,
            settings.state_directory,
            tenant=settings.tenant,
            profile=settings.profile_name,
            sources=configured_sources(settings),
        )
        ledger = await store.load()
        await in_slices(ledger.marking_stale(ledger.stale_sources(clock())))
        gc.freeze()  # a full collection over 50,000 loaded items would hold the loop for 36 ms each time
        person = await asyncio.to_thread(store.persons.person_for, login, name)
        return cls(settings, store, ledger, Actor(person, via), clock, tick_s)

    def subscribe(self, changed: Callable[[Snapshot], None]) -> None:
        """Be told of every new picture, on the loop's thread."""
        self._subscribers.append(changed)

    # --- commands -----------------------------------------------------------------------------------------------------

    async def command(
        self, verb: str, ids: Sequence[str], *, why: str | None = None, expected: Mapping[str, int] | None = None
    ) -> Outcome:
        """Apply a verb to items and posts; durable when it returns. `expected` is the version that was seen, by id."""
        return await self.execute(
            Command(
                verb=verb,
                ids=tuple(ids),
                actor=self._actor,
                command_id=uuid.uuid4().hex,
                why=why and sanitize_block(why, LONGEST_NOTE),
                expected=dict(expected or {}),
            )
        )

    async def execute(self, command: Command) -> Outcome:
        """Apply a command once: the same command id again gives the same answer.

        Raises:
            StateError: nothing could be written; nothing has changed.
        """
        outcome = await self._execution.execute(command)
        self._touch()
        return outcome

    # --- reading ------------------------------------------------------------------------------------------------------

    async def history(self, key: str) -> list[Event]:
        """Every event of an item (by key) or a post (by id), oldest first."""
        return await asyncio.to_thread(self._store.history, key)

    async def post(self, id_: str) -> Post | None:
        """A post with its body."""
        return self._ledger.posts.get(id_)

    async def refresh(self, source: str | None) -> None:
        """Poll a source (None: all) soon, whoever polls."""
        self._signing_in.try_again()
        if self._poller is not None:
            self._poller.request(source)
        else:
            await ask(self._store, self._ledger, self._actor, source, self._clock())

    async def ask_for_poll(self) -> dict[str, Any] | None:
        """Ask the process that polls for a round and wait for its answer.

        Returns:
            The data of the `poll.finished` that answers; None when nobody polls any more.
        """
        number = await ask(self._store, self._ledger, self._actor, None, self._clock())
        return await answer_to(number, self._store, self._ledger)

    # --- signing in ---------------------------------------------------------------------------------------------------

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Sign this user in, then poll; cancelling takes effect at once. Who signed in is who acts from now on.

        Raises:
            SignInError: it was declined, came too late or is not possible. GraphUnreachable: no server answers.
            UsageError: this profile has no sign-in.
        """
        account = await self._signing_in.sign_in(tell)
        login = login_of(account)
        if login is not None:
            person = await asyncio.to_thread(self._store.persons.person_for, login, account.name)
            self._actor = Actor(person, self._actor.via)
        await self.refresh(None)
        self._touch_view()
        return account

    async def sign_out(self) -> bool:
        """Forget this user's tokens; True when there were any."""
        return await self._signing_in.sign_out()

    # --- living -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the others' changes, and poll whenever the seat is free, until cancelled.

        Raises:
            StateError: the history is damaged or newer. SettingsError: the way to the tenant cannot be used.
        """
        # What happened between loading and watching is looked for once: tasks begin in this order.
        parts = (self._follow, self._look, self._publish, self._save, self._tick, self._sit)
        try:
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(part())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def poll_once(self, mode: Mode) -> RoundReport | None:
        """One round of every source; None while another process polls.

        Raises:
            StateError: what was found cannot be written, or the caches of it.
        """
        if not self._store.seat.try_take():
            return None
        try:
            async with self._polling() as poller:
                report = await poller.round([(name, mode) for name in self._ledger.sources])
            if self._unkept is not None:
                raise self._unkept
            return report
        finally:
            self._store.seat.release()

    async def _sit(self) -> None:
        """Take the poller's seat as soon as it is free; another process may have more room or a better token."""
        while True:
            pause = self._tick_s
            if self._store.seat.try_take():
                try:
                    async with self._polling() as poller:
                        await self._look()
                        self._touch_view()
                        await poller.run()
                except StateError as error:
                    self._troubles["poll"] = _sentences(error)
                except SignInError as error:
                    if not self._signing_in.needed:  # the screens ask for it where it is
                        self._troubles["poll"] = _sentences(error)
                    pause = max(pause, SIGN_IN_AGAIN_S)
                finally:
                    self._store.seat.release()
                self._touch_view()
            await self._signing_in.wait(pause)

    @asynccontextmanager
    async def _polling(self) -> AsyncIterator[Poller]:
        """A poller on an open connection; everything that knows HTTP is imported here, after the first paint."""
        tenant = await asyncio.to_thread(import_module, "omconsole.poll.tenant")
        async with tenant.open_poller(
            self._settings,
            self._store,
            self._ledger,
            transport=self._transport,
            access=await self._signing_in.access(),
            clock=self._clock,
            changed=self._touch_view,
            picture=self._picture,
            after_round=self._after_round,
            keeps=self._keeps,
        ) as poller:
            self._poller = poller
            try:
                yield poller
            finally:
                self._poller = None

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            await self._look()
            # Also the checklist may turn by time alone, as when a notice has waited past its limit.
            if await self._mark_stale() or self._picture().checklist != self.snapshot.checklist:
                self._touch_view()

    async def _mark_stale(self) -> bool:
        return await in_slices(self._ledger.marking_stale(self._ledger.stale_sources(self._clock())))

    async def _follow(self) -> None:
        async for _change in self._store.watch():
            await self._look()

    async def _look(self) -> None:
        """Take in what others wrote. Beside the watch also once after it began and then at each tick."""
        changed = await self._store.follow(self._ledger)
        self._hear()
        # A write of this process takes in what others wrote before it, and following then finds nothing new.
        if changed or self._ledger.seq != self.snapshot.seq:
            await self._mark_stale()
            self._touch()

    def _hear(self) -> None:
        """A follower's refresh appends `poll.requested`; who polls answers with a round."""
        asked = (*self._asked, *self._ledger.take_requests())
        self._asked = waiting(asked, self._ledger.last_poll, self._clock())
        if self._poller is not None:
            for request in self._asked:
                self._poller.request(request.ref, asked=request.seq)

    async def _after_round(self, report: RoundReport) -> None:
        self._troubles.pop("poll", None)
        self._troubles.pop("clock", None)
        if report.wrong_clock:
            self._troubles["clock"] = report.wrong_clock
        if self.on_report is not None:
            self.on_report(report)
        await self._mark_stale()
        self._hear()
        self._touch()

    def _keeps(self, error: StateError | None) -> None:
        """Whether the caches of the last round could be written; the journal has everything."""
        self._unkept = error
        if error is not None:
            self._troubles["caches"] = _sentences(error)
        elif self._troubles.pop("caches", None) is None:
            return
        self._touch_view()

    def _touch(self) -> None:
        """The ledger changed: picture and `state.json` follow."""
        self._unsaved.set()
        self._touch_view()

    def _touch_view(self) -> None:
        self._changed.set()

    async def _publish(self) -> None:
        """Hand out a new picture after changes; those that come together make one."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await in_slices(self._ledger.settling())
            self.publish()
            await asyncio.sleep(0.05)

    def publish(self) -> None:
        """Make a picture and hand it to every subscriber."""
        self.snapshot = self._picture()
        for tell in self._subscribers:
            tell(self.snapshot)

    async def _save(self) -> None:
        """Keep `state.json` up to date; the journal has everything, so a full disk is a trouble and not the end."""
        while True:
            await self._unsaved.wait()
            await asyncio.sleep(SAVE_AFTER_S)
            self._unsaved.clear()
            try:
                await self._store.save_state(self._ledger)
            except StateError as error:
                self._troubles["save"] = _sentences(error)
                self._touch()
                await asyncio.sleep(self._tick_s)
            else:
                if self._troubles.pop("save", None):
                    self._touch_view()

    def _picture(self) -> Snapshot:
        poller = self._poller
        picture = self._ledger.picture(
            tenant=self._settings.profile_name,
            now=self._clock(),
            person=self._actor.person,
            persons=self._store.persons.names(),
            polling="self" if poller else "other" if self._store.seat.taken_by_other() else "nobody",
            notice=" ".join(dict.fromkeys([*self._store.notices, *self._signing_in.notices, *self._troubles.values()]))
            or None,
        )
        picture = replace(picture, sign_in=self._signing_in.state)
        before = getattr(self, "snapshot", None)
        picture = assessed(
            picture, self._ledger, self._actor.person, self._tz, before.checklist if before is not None else ()
        )
        return picture if poller is None else poller.with_fetching(picture)

    async def close(self) -> None:
        """Let the command under way end, write what is not yet written, and let go of locks."""
        async with self._execution.at_rest():
            with suppress(ConsoleError):  # the journal holds everything; the view is rebuilt from it
                await self._store.save_state(self._ledger)
            self._store.close()
        await self._signing_in.close()


def _sentences(error: ConsoleError) -> str:
    return f"{error.what} {error.do}".strip()
