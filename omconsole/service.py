"""The one place that wires a profile: commands in, snapshots out. The console and the command line are its clients."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from omconsole.domain.commands import Command, Outcome
from omconsole.domain.events import Actor, Event
from omconsole.domain.handling import Answers, decide, decide_post
from omconsole.domain.health import SourceHealth
from omconsole.domain.triage import Refusal
from omconsole.domain.words import refusal_words
from omconsole.errors import ConsoleError, SignInError, StateError
from omconsole.i18n import _
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from omconsole.config import Settings
    from omconsole.domain.events import Via
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.snapshot import Snapshot
    from omconsole.domain.updates import Post
    from omconsole.poll.poller import Clock, Poller, RoundReport
    from omconsole.poll.tenant import Transport
    from omconsole.signals.reading import Mode

SAVE_AFTER_S = 1.0
"""Seconds without another change after which `state.json` is brought up to date."""
ANSWERS_KEPT = 256
"""Command ids whose answers are remembered: the same id twice gives the same answer."""
TICK_S = 15.0
"""Seconds between looks at what time alone changes: staleness, and a poller's seat that became free."""


def utc_now() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


def configured_sources(settings: Settings) -> list[SourceHealth]:
    """Every source of this version with the profile's interval."""
    return [
        SourceHealth(name=name, interval_s=settings.profile.poll.get(name, interval))
        for name, interval in DEFAULT_INTERVALS.items()
    ]


class Service:
    """One profile's state, live: whoever holds the poller's seat polls, every other follows; both take commands.

    Open with `Service.open`; `run` until cancelled; `close` at the end. All methods belong to the event loop's thread.
    """

    def __init__(self, settings: Settings, store: Store, ledger: Ledger, person: str, via: Via, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._ledger = ledger
        self._actor = Actor(person, via)
        self._clock = clock
        self._transport = _demo_transport(settings) if settings.is_demo else None
        self._poller: Poller | None = None
        self._trouble: str | None = None
        self.on_report: Callable[[RoundReport], object] | None = None
        """Told of every round of this process."""
        self._subscribers: list[Callable[[Snapshot], None]] = []
        self._answers: dict[str, Outcome] = {}
        self._changed = asyncio.Event()
        self._unsaved = asyncio.Event()
        self._ledger.set_stale(self._stale_sources())
        self.snapshot = self._picture()

    @classmethod
    async def open(
        cls, settings: Settings, *, login: str, name: str, via: Via = "console", clock: Clock = utc_now
    ) -> Service:
        """Open the profile's state without polling yet.

        Raises:
            StateError: the state directory cannot be used, belongs to another tenant or is newer.
        """
        store = await asyncio.to_thread(
            Store.open,
            settings.state_directory,
            tenant=settings.profile.tenant_id or settings.profile_name,
            profile=settings.profile_name,
            sources=configured_sources(settings),
        )
        ledger = await store.load()
        person = await asyncio.to_thread(store.persons.person_for, login, name)
        return cls(settings, store, ledger, person, via, clock)

    def subscribe(self, changed: Callable[[Snapshot], None]) -> None:
        """Be told of every new picture, on the loop's thread."""
        self._subscribers.append(changed)

    # --- commands -----------------------------------------------------------------------------------------------------

    async def command(self, verb: str, ids: Sequence[str], *, why: str | None = None) -> Outcome:
        """Apply a verb to items and posts; durable when it returns."""
        command = Command(verb=verb, ids=tuple(ids), actor=self._actor, command_id=uuid.uuid4().hex, why=why)
        return await self.execute(command)

    async def execute(self, command: Command) -> Outcome:
        """Apply a command once: the same command id again gives the same answer.

        Raises:
            StateError: nothing could be written; nothing has changed.
        """
        if command.command_id in self._answers:
            return self._answers[command.command_id]
        answers = Answers(refusal_words, self._store.persons.names())
        async with self._store.writing(self._ledger) as writing:
            drafts = [
                event
                for id_ in dict.fromkeys(command.ids)
                if (event := self._decide(command, id_, answers)) is not None
            ]
            before = [self._ledger.by_id(event.item or "") for event in drafts]
            written = writing.append(drafts, self._clock())
        for current, event in zip(before, written, strict=True):
            if current is not None:
                answers.item_done(current, event)
            else:
                answers.done(event.ref or "", None, event.event.removeprefix("update."))
        outcome = answers.outcome()
        self._answers[command.command_id] = outcome
        if len(self._answers) > ANSWERS_KEPT:
            del self._answers[next(iter(self._answers))]
        self._touch()
        return outcome

    def _decide(self, command: Command, id_: str, answers: Answers) -> Event | None:
        post = self._ledger.posts.get(id_)
        current = self._ledger.by_id(id_)
        if post is not None:
            receipt = self._ledger.receipts.get(command.actor.person, {}).get(id_)
            verdict = decide_post(command, post, is_read=receipt is not None and receipt.changed == post.changed)
        elif current is not None:
            verdict = decide(command, current)
        else:
            answers.failed(id_, _("there is no such item"))
            return None
        if isinstance(verdict, Refusal):
            answers.refused(id_, verdict)
            return None
        return verdict

    # --- reading ------------------------------------------------------------------------------------------------------

    async def history(self, key: str) -> list[Event]:
        """Every event of an item (by key) or a post (by id), oldest first."""
        return await asyncio.to_thread(self._store.history, key)

    async def post(self, id_: str) -> Post | None:
        """A post with its body."""
        return self._ledger.posts.get(id_)

    async def refresh(self, source: str | None) -> None:
        """Poll a source (None: all) soon, whoever polls."""
        if self._poller is not None:
            self._poller.request(source)
            return
        async with self._store.writing(self._ledger) as writing:
            request = Event(
                event="poll.requested", ref=source, actor=self._actor.person, actor_kind="user", via=self._actor.via
            )
            writing.append([request], self._clock())

    async def ask_for_poll(self) -> dict[str, Any]:
        """Ask the process that polls for a round, and wait for its answer: the data of its `poll.finished`."""
        await self.refresh(None)
        asked = self._ledger.seq
        async for _change in self._store.watch():
            await self._store.follow(self._ledger)
            finished = self._ledger.last_poll
            if finished is not None and finished.seq > asked:
                return finished.data
        raise StateError(_("The state folder can no longer be watched."), _("Try again."))

    # --- living -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the others' changes, and poll whenever the seat is free, until cancelled."""
        parts = (self._follow, self._publish, self._save, self._tick_for_ever, self._sit)
        try:
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(part())
        except* ConsoleError as errors:
            raise errors.exceptions[0] from errors

    async def poll_once(self, mode: Mode) -> RoundReport | None:
        """One round of every source; None while another process polls."""
        if not self._store.seat.try_take():
            return None
        try:
            async with self._polling() as poller:
                return await poller.round([(name, mode) for name in self._ledger.sources])
        finally:
            self._store.seat.release()

    async def _sit(self) -> None:
        """Take the poller's seat as soon as it is free, and give it up when the state cannot be written."""
        while True:
            if self._store.seat.try_take():
                try:
                    async with self._polling() as poller:
                        await poller.run()
                except (StateError, SignInError) as error:
                    # Another process may have more room or a better token: it gets the seat until the next look.
                    self._trouble = f"{error.what} {error.do}"
                finally:
                    self._store.seat.release()
                self._touch_view()
            await asyncio.sleep(TICK_S)

    @asynccontextmanager
    async def _polling(self) -> AsyncIterator[Poller]:
        """A poller on an open connection; everything that knows HTTP is imported here, after the first paint."""
        tenant = await asyncio.to_thread(import_module, "omconsole.poll.tenant")
        async with tenant.open_poller(
            self._settings,
            self._store,
            self._ledger,
            transport=self._transport,
            clock=self._clock,
            changed=self._touch_view,
            after_round=self._after_round,
        ) as poller:
            self._poller = poller
            try:
                yield poller
            finally:
                self._poller = None

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._tick()

    def _tick(self) -> None:
        if self._ledger.set_stale(self._stale_sources()):
            self._touch_view()

    def _stale_sources(self) -> list[str]:
        now = self._clock()
        return [health.name for health in self._ledger.sources.values() if health.is_stale(now)]

    async def _follow(self) -> None:
        async for _change in self._store.watch():
            if await self._store.follow(self._ledger):
                self._ledger.set_stale(self._stale_sources())
                self._hear()
                self._touch()

    def _hear(self) -> None:
        """A follower's refresh appends `poll.requested`; who polls answers with a round."""
        for request in self._ledger.take_requests():
            if self._poller is not None:
                self._poller.request(request.ref)

    async def _after_round(self, report: RoundReport) -> None:
        self._trouble = None
        if self.on_report is not None:
            self.on_report(report)
        self._ledger.set_stale(self._stale_sources())
        self._touch()
        await self._store.save_caches(self._ledger, self._picture())
        if all("sign-in" in reading.needs for reading in report.readings):
            raise SignInError(report.readings[0].error or "")

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
            self.publish()
            await asyncio.sleep(0.05)

    def publish(self) -> None:
        """Make a picture and hand it to every subscriber."""
        self.snapshot = self._picture()
        for tell in self._subscribers:
            tell(self.snapshot)

    async def _save(self) -> None:
        while True:
            await self._unsaved.wait()
            await asyncio.sleep(SAVE_AFTER_S)
            self._unsaved.clear()
            await self._store.save_state(self._ledger)

    def _picture(self) -> Snapshot:
        poller = self._poller
        picture = self._ledger.picture(
            tenant=self._settings.profile_name,
            now=self._clock(),
            person=self._actor.person,
            persons=self._store.persons.names(),
            polling="self" if poller else "other" if self._store.seat.taken_by_other() else "nobody",
            notice=" ".join([*self._store.notices, *([self._trouble] if self._trouble else [])]) or None,
        )
        if poller is None or not poller.fetching:
            return picture
        sources = [
            replace(each, fetching_since=fetching.since, fetched=fetching.rows)
            if (fetching := poller.fetching.get(each.name))
            else each
            for each in picture.sources
        ]
        return replace(picture, sources=tuple(sources))

    async def close(self) -> None:
        """Write what is not yet written, and let go of locks."""
        with suppress(ConsoleError):  # the journal holds everything; the view is rebuilt from it
            await self._store.save_state(self._ledger)
        self._store.close()


def _demo_transport(settings: Settings) -> Transport:
    """The way to the simulated world that this state directory keeps."""
    from omconsole.demo import demo_transport, keep_world

    choice = keep_world(settings.state_directory)
    return lambda: demo_transport(choice, settings.profile.graph_url)
