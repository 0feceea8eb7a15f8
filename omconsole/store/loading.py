"""Making a ledger from the files: the caches and what the journal says since, or a checkpoint, or the whole journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omconsole.errors import StateError, StateNewer
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store import observed, state
from omconsole.store.checkpoint import newest_checkpoint
from omconsole.store.files import unreadable
from omconsole.store.frames import DamagedError
from omconsole.store.segments import FIRST_SEGMENT, START, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from omconsole.domain.health import SourceHealth
    from omconsole.domain.items import Observation
    from omconsole.domain.ledger import Ledger
    from omconsole.store.reading import JournalReader

READ_BYTES = 128 * 1024
"""Of the journal in one step: some 300 events."""


class Loader:
    """Fills an empty ledger from one directory and leaves the journal's reader behind what it reflects.

    Args:
        sources: what is configured; other sources' events change nothing.
        notice: is told what the user must know.
        read_only: a damaged file stays where it is.
    """

    def __init__(
        self, journal: JournalReader, sources: Sequence[SourceHealth], notice: Callable[[str], None], *, read_only: bool
    ) -> None:
        self._journal = journal
        self._sources = sources
        self._notice = notice
        self._read_only = read_only

    def load(self, ledger: Ledger, *, caches: bool = True) -> Generator[None, None, None]:
        """Load in steps. Without `caches` only checkpoint and journal are read.

        Raises:
            StateNewer: a newer program has written here.
            StateError: the history is damaged beyond what the files can make good.
        """
        items, rest = None, None
        ledger.sources = {health.name: health for health in self._sources}
        if caches:
            items = yield from self._load_items(ledger)
            rest = self._load_rest(ledger)
        if items is None or rest is None:
            from_checkpoint = self._load_checkpoint(ledger, items=items is None, rest=rest is None)
            items, rest = items or from_checkpoint, rest or from_checkpoint
        start = min((items, rest), key=lambda position: position.seq)
        yield from ledger.rebuilding()
        self._journal.seek(start)
        if start == START:
            self._journal.rewind()
        yield from catch_up(self._journal, ledger)
        ledger.take_requests()  # of another day

    def _load_items(self, ledger: Ledger) -> Generator[None, None, Position | None]:
        path = self._journal.directory / observed.FILE_NAME
        try:
            file = observed.open_observed(self._journal.directory)
            if file is None:
                return None
            if file.header.format > observed.FORMAT:
                raise newer(path)
            if not self._journal.holds(file.header.position):
                return None
            yield from file.load(ledger)
        except DamagedError:
            ledger.triage.clear()
            ledger.past.clear()
            ledger.seen.clear()
            ledger.posts.clear()
            self._notice(
                _("{path} was damaged; what the sources showed comes back with the next poll.").format(
                    path=sanitize(path.name)
                )
            )
            return None
        ledger.items_seq = file.header.position.seq
        return file.header.position

    def _load_rest(self, ledger: Ledger) -> Position | None:
        path = self._journal.directory / state.FILE_NAME
        meta = state.read_meta(path)
        if meta is not None and meta.format > state.FORMAT:
            raise newer(path)
        if meta is not None and not self._journal.holds(meta.position):
            return None
        try:
            meta = state.load_rest(path, ledger)
        except OSError as error:
            raise unreadable(path, error) from error
        except ValueError:
            self._set_aside(path)
            return None
        return meta.position if meta else None

    def _load_checkpoint(self, ledger: Ledger, *, items: bool, rest: bool) -> Position:
        """Fill the missing parts from the newest good checkpoint; without one the journal has it all."""
        segments = self._journal.segments.numbers()
        if len(segments) < 2 and segments[:1] in ([], [FIRST_SEGMENT]):
            return START
        checkpoint = newest_checkpoint(self._journal.directory)
        if checkpoint is None:
            if segments[0] != FIRST_SEGMENT:
                raise self._beyond_repair()
            return START
        if items:
            checkpoint.fill_items(ledger)
        if rest:
            checkpoint.fill_rest(ledger)
        return checkpoint.head.position

    def _set_aside(self, path: Path) -> None:
        if self._read_only:
            return
        aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        path.replace(aside)
        self._notice(
            _("{path} was damaged; it is kept as {aside} and has been made again from the journal.").format(
                path=sanitize(path.name), aside=sanitize(aside.name)
            )
        )

    def _beyond_repair(self) -> StateError:
        return StateError(
            _("The oldest part of the journal in {path} is missing, and there is no good checkpoint.").format(
                path=sanitize(self._journal.directory)
            ),
            _("Put the directory back from a backup, or start with another one (--state-dir)."),
        )


def catch_up(journal: JournalReader, ledger: Ledger) -> Generator[None, None, None]:
    """Fold what the journal says since its position into a ledger, in steps.

    Raises:
        StateError: the journal cannot be read, is damaged or newer, or does not go on from here.
    """
    while events := journal.read_new(READ_BYTES):
        for index, event in enumerate(events):
            ledger.apply(event)
            if index % 50 == 49:
                yield
        ledger.reflect(journal.position.seq)
        yield
    ledger.reflect(journal.position.seq)


def lay_beside(ledger: Ledger, file: observed.ObservedFile) -> Generator[None, None, bool]:
    """Lay what a cache shows beside a follower's items, in steps; return whether anything was new.

    Raises:
        DamagedError: a record cannot be decoded; nothing of it was taken over.
    """
    seen: dict[str, Observation] = {}
    yield from file.load_seen(seen, ledger.triage)
    changed = False
    for index, (key, observation) in enumerate(seen.items()):
        if ledger.seen.get(key) != observation:
            ledger.observe(key, observation)
            changed = True
        if index % 50 == 49:
            yield
    for key in [key for key in ledger.seen if key not in seen]:
        triage = ledger.triage.get(key)
        if triage is None or not triage.is_open:
            ledger.forget_observation(key)
    posts = {post.id: post for post in file.posts()}
    if posts != ledger.posts:
        ledger.posts.clear()
        ledger.posts.update(posts)
        changed = True
    return changed


def newer(path: Path) -> StateNewer:
    """The two lines for a file of a newer format."""
    return StateNewer(
        _("{path} was written by a newer omconsole.").format(path=sanitize(path)),
        _("Update this omconsole; until then it changes nothing there."),
    )
