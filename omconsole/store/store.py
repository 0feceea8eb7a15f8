"""One profile's state directory: loaded, written under the lock, followed, saved."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from omconsole.domain.events import Event
from omconsole.domain.ledger import Ledger
from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.paths import prepare_state_directory
from omconsole.sanitize import sanitize
from omconsole.store import fleet, observed, observed_writing, state, watching
from omconsole.store.checkpoint import checkpoint_bytes
from omconsole.store.files import Signature, clean_stale, signature
from omconsole.store.frames import DamagedError
from omconsole.store.journal import Journal
from omconsole.store.loading import Loader, catch_up, lay_beside
from omconsole.store.locks import TIMEOUT_S, PollerSeat
from omconsole.store.origin import STATE_CREATED, refuse_other_tenant
from omconsole.store.persons import Persons
from omconsole.store.reading import JournalRewrittenError
from omconsole.store.saving import Saver
from omconsole.store.segments import SEGMENT_BYTES
from omconsole.store.slices import at_once, in_slices, in_thread
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from omconsole.domain.health import SourceHealth
    from omconsole.domain.snapshot import Snapshot

_PAUSE_S: Final = 0.001
_LONG_HOLD_S: Final = 0.005
_COURTESY_S: Final = 0.002
"""Bulk writing that has held the lock for so long altogether leaves it alone for so long: others look each
millisecond."""
_FEW: Final = 10
"""Events of one hold; more are bulk."""

T = TypeVar("T")


class Writing:
    """A hold of `state.lock` with a ledger that reflects the whole journal."""

    def __init__(self, journal: Journal, ledger: Ledger, first: Event | None) -> None:
        self._journal = journal
        self._ledger = ledger
        self._first = first
        self.wrote = 0
        """Events appended in this hold."""

    def append(self, drafts: Sequence[Event], at: datetime) -> list[Event]:
        """Append events and fold them in; they are durable when the hold ends. `at` is UTC.

        Raises:
            StateError: nothing was appended and the ledger is as it was.
        """
        if not drafts:
            return []
        first = [self._first] if self._first is not None and self._journal.position.seq == 0 else []
        events = self._journal.append([*first, *drafts], at)
        self.wrote += len(events)
        for event in events:
            self._ledger.apply(event)
        self._ledger.reflect(self._journal.position.seq)
        return events[len(first) :]


class Store:
    """The files of one profile. Make one with `open`; all methods belong to the event loop's thread."""

    def __init__(
        self,
        directory: Path,
        *,
        tenant: str,
        profile: str,
        sources: Sequence[SourceHealth] = (),
        read_only: bool = False,
        group_mode: bool = False,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.directory = directory
        self.tenant = tenant
        self.profile = profile
        self.read_only = read_only
        self.journal = Journal(directory, group_mode=group_mode, segment_bytes=segment_bytes)
        self.persons = Persons(directory, group_mode=group_mode)
        self.seat = PollerSeat(directory, group_mode=group_mode)
        self._sources = tuple(sources)
        self._saver = Saver(directory, group_mode=group_mode)
        self._notices: list[str] = []
        self._mutex = asyncio.Lock()
        self._saving = asyncio.Lock()
        self._held_s = 0.0
        self._observed: Signature | None = None

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        tenant: str,
        profile: str,
        sources: Sequence[SourceHealth] = (),
        read_only: bool = False,
        group_mode: bool = False,
    ) -> Store:
        """Prepare a state directory and check that it is this tenant's.

        Args:
            tenant: what identifies the tenant for ever; a directory remembers it.
            sources: the configured ones; stored healths are laid over them.
            read_only: make and write nothing; the directory need not exist.

        Raises:
            StateError: it cannot be used or belongs to another tenant; StateNewer: a newer program has written to it.
        """
        if not read_only:
            prepare_state_directory(directory)
            clean_stale(directory)
        refuse_other_tenant(directory, tenant)
        return cls(
            directory, tenant=tenant, profile=profile, sources=sources, read_only=read_only, group_mode=group_mode
        )

    @property
    def notices(self) -> list[str]:
        """Sentences about the state itself that the user must know, in the user's language."""
        return [*self._notices, *self.journal.notices]

    # --- loading ----------------------------------------------------------------------------------------------------

    async def load(self) -> Ledger:
        """Make the ledger from the files, in slices.

        Raises:
            StateError: the state cannot be read; StateNewer: a newer program has written to it.
        """
        ledger = Ledger()
        await in_slices(self._load(ledger))
        return ledger

    def load_now(self) -> Ledger:
        """As `load`, at once: for the command line."""
        ledger = Ledger()
        at_once(self._load(ledger))
        return ledger

    def _load(self, ledger: Ledger) -> Generator[None, None, None]:
        loader = Loader(self.journal, self._sources, self.note, read_only=self.read_only)
        self._observed = signature(self.directory / observed.FILE_NAME)
        try:
            yield from loader.load(ledger)
        except JournalRewrittenError:
            ledger.clear()
            yield from loader.load(ledger, caches=False)
        yield from ledger.settling()

    def history(self, id_: str) -> list[Event]:
        """Every event about an item (key or id) or a post (id), oldest first, read from the files.

        Raises:
            StateError: they cannot be read.
        """
        return [event for event in self.journal.lines_with(f'"{id_}"') if id_ in {event.key, event.item, event.ref}]

    # --- writing ----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def writing(
        self, ledger: Ledger, *, durable: bool = True, timeout_s: float = TIMEOUT_S
    ) -> AsyncIterator[Writing]:
        """Hold `state.lock` with the ledger brought up to date.

        Args:
            durable: what was appended is on the disk when the hold ends, also by an exception. Without it the next
                durable hold or save makes it so: for what a poll would find again.
            timeout_s: how long to wait for other processes.

        Raises:
            StateLocked: another process holds the lock for longer than `timeout_s` seconds.
            StateError: nothing can be read or written; the ledger reflects what the file has.
        """
        async with self._mutex:
            await self._take_lock(timeout_s)
            began = time.monotonic()
            try:
                await in_slices(self._catch_up(ledger))
                writing = self._writing(ledger)
                try:
                    yield writing
                finally:
                    if writing.wrote and durable:
                        await self._sync()
            finally:
                self.journal.lock.release()
        if writing.wrote > _FEW:  # who acknowledges an item does not wait for what a poll has held
            self._held_s += time.monotonic() - began
        if writing.wrote > _FEW and self._held_s > _LONG_HOLD_S:
            self._held_s = 0.0
            await asyncio.sleep(_COURTESY_S)

    @contextmanager
    def writing_now(self, ledger: Ledger, timeout_s: float = TIMEOUT_S) -> Iterator[Writing]:
        """As `writing`, at once: for the command line."""
        self._refuse_read_only()
        with self.journal.locked(timeout_s):
            at_once(self._catch_up(ledger))
            try:
                yield self._writing(ledger)
            finally:
                self.journal.sync()

    async def follow(self, ledger: Ledger) -> bool:
        """Take in what other processes appended and, from a newer cache, what the sources showed them.

        Returns whether anything changed.

        Raises:
            StateError: the journal cannot be read, is damaged or newer.
        """
        async with self._mutex:
            before = self.journal.position.seq
            await in_slices(self._catch_up(ledger))
            observed_changed = await in_slices(self._reload_observed(ledger))
            return observed_changed or self.journal.position.seq != before

    async def watch(self) -> AsyncIterator[None]:
        """Yield whenever the folder's files have changed, by whomever; then `follow`."""

        def cannot() -> None:
            self.note(_("The state directory cannot be watched; others' changes are looked for each second."))

        async for _change in watching.watch(self.directory, cannot):
            yield

    # --- saving -----------------------------------------------------------------------------------------------------

    async def save_caches(self, ledger: Ledger, picture: Snapshot) -> None:
        """Write `observed.msgpack`: for the process that polls, after a round that changed something.

        Raises:
            StateError: the cache stays as it was; the ledger and the journal are not concerned.
        """
        self._refuse_read_only()
        async with self._saving:
            async with self._mutex:
                await self._sync()
                contents = observed_writing.capture(ledger, self.journal.position, self.tenant, picture)
            await next_turn()  # copying 50,000 entries took most of a slice
            replacement = await in_slices(self._saver.write_observed(contents))
            self._observed = await in_thread(lambda: self._saver.commit(replacement))

    def save_caches_now(self, ledger: Ledger, picture: Snapshot) -> None:
        """As `save_caches`, at once."""
        self._refuse_read_only()
        contents = observed_writing.capture(ledger, self.journal.position, self.tenant, picture)
        self._observed = self._saver.commit(at_once(self._saver.write_observed(contents)))

    async def save_state(self, ledger: Ledger) -> None:
        """Bring `state.json` up to date, and start the journal's next segment when this one is full.

        Raises:
            StateError: the file stays as it was; the journal has everything.
        """
        self._refuse_read_only()
        async with self._saving:
            async with self._mutex:
                await self._sync()
                captured = state.capture(ledger, self._meta())
            await next_turn()
            replacement = await in_slices(self._saver.write_state(captured))
            await in_thread(lambda: self._saver.commit_state(replacement, captured.meta))
            if self.journal.wants_roll:
                await self._roll(ledger)

    def save_state_now(self, ledger: Ledger) -> None:
        """As `save_state`, at once."""
        self._refuse_read_only()
        captured = state.capture(ledger, self._meta())
        self._saver.commit_state(at_once(self._saver.write_state(captured)), captured.meta)
        if self.journal.wants_roll:
            with self.writing_now(ledger):
                if self.journal.wants_roll:
                    self.journal.roll(at_once(self._checkpoint(ledger)))
            self.journal.compress_closed()

    async def save_fleet(self, devices: Sequence[object]) -> None:
        """Write `fleet.msgpack`: for the process that polls, after a sweep of the devices.

        Raises:
            StateError: the cache stays as it was.
        """
        self._refuse_read_only()
        async with self._saving:
            replacement = await in_slices(self._saver.write_fleet(devices))
            await in_thread(lambda: self._saver.commit(replacement))

    async def load_fleet(self, type_: type[T]) -> list[T]:
        """The device list as it was saved; empty when there is none that can be read as this type."""
        return await in_slices(fleet.read(self.directory, type_))

    def close(self) -> None:
        """Make durable what is not yet, and leave the poller's seat and every lock.

        Raises:
            StateError: the disk does not take it.
        """
        try:
            self.journal.sync()
        finally:
            self._leave()

    def _leave(self) -> None:
        self.seat.release()
        self.journal.lock.release()

    # --- parts ------------------------------------------------------------------------------------------------------

    def _writing(self, ledger: Ledger) -> Writing:
        data = {"tenant": self.tenant, "profile": self.profile}
        return Writing(self.journal, ledger, Event(event=STATE_CREATED, data=data))

    async def _sync(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.journal.sync)

    async def _take_lock(self, timeout_s: float) -> None:
        """Try until it is free; the loop goes on meanwhile."""
        self._refuse_read_only()
        deadline = time.monotonic() + timeout_s
        while not self.journal.lock.try_acquire():
            if time.monotonic() >= deadline:
                raise self.journal.lock.locked_out(timeout_s)
            await asyncio.sleep(_PAUSE_S)

    def _catch_up(self, ledger: Ledger) -> Generator[None, None, None]:
        try:
            yield from catch_up(self.journal, ledger)
        except JournalRewrittenError:
            ledger.clear()
            yield from self._load(ledger)

    def _reload_observed(self, ledger: Ledger) -> Generator[None, None, bool]:
        """Lay what a newer cache shows beside the items; the polling process has newer sights itself."""
        now = signature(self.directory / observed.FILE_NAME)
        if now is None or now == self._observed:
            return False
        self._observed = now
        if self.seat.taken:
            return False
        try:
            file = observed.open_observed(self.directory)
            if file is None or file.header.format > observed.FORMAT:
                return False
            return (yield from lay_beside(ledger, file))
        except DamagedError:
            return False  # a cache: the next one that is written is read instead

    async def _roll(self, ledger: Ledger) -> None:
        async with self.writing(ledger):
            if self.journal.wants_roll:
                checkpoint = await in_slices(self._checkpoint(ledger))
                await in_thread(lambda: self.journal.roll(checkpoint))
        await in_thread(self.journal.compress_closed)

    def _checkpoint(self, ledger: Ledger) -> Generator[None, None, bytes]:
        return checkpoint_bytes(ledger, self.tenant, self.journal.next_segment())

    def _meta(self) -> state.Meta:
        return state.Meta(format=state.FORMAT, tenant=self.tenant, profile=self.profile, position=self.journal.position)

    def note(self, sentence: str) -> None:
        """Say a sentence with every picture from now on, in the user's language."""
        if sentence not in self._notices:
            self._notices.append(sentence)

    def _refuse_read_only(self) -> None:
        if self.read_only:
            raise StateError(
                _("The state in {path} was opened for reading alone.").format(path=sanitize(self.directory)),
                _("Do this with an omconsole that may write there."),
            )
