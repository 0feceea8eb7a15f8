"""Finding single items by id without loading the state: the command line's verbs on a tenant of any size."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from typing import TYPE_CHECKING

from omconsole.domain.fold import fold
from omconsole.domain.identity import ID_LENGTH, normalised
from omconsole.errors import StateError
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.store.frames import DamagedError
from omconsole.store.journal import Journal
from omconsole.store.observed import FILE_NAME, FORMAT, ObservedFile, open_observed
from omconsole.store.segments import START

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from omconsole.domain.events import Event
    from omconsole.domain.items import Triage

SHORTEST_PREFIX = 4
"""Characters of an id that may stand for it."""


def meant(wanted: str, lives: Iterable[Triage]) -> list[Triage]:
    """Return what an id in its normal form means among `lives`: that very life, else the latest of each item, by id."""
    latest: dict[str, Triage] = {}
    for triage in lives:
        if triage.id == wanted:
            return [triage]
        other = latest.get(triage.key)
        if triage.id.startswith(wanted) and (other is None or triage.opened_at >= other.opened_at):
            latest[triage.key] = triage
    return [] if "." in wanted else sorted(latest.values(), key=lambda triage: triage.id)


class Finder:
    """Items by id: the cache's index, and over it what the journal says since.

    Raises:
        StateError: the journal cannot be read; StateNewer: a newer program has written to it.
    """

    def __init__(self, directory: Path, *, group_mode: bool = False) -> None:
        self.journal = Journal(directory, group_mode=group_mode)
        self._observed = self._open(directory)
        self._since: dict[str, Triage] = {}
        """By id: the lives that events since the cache was written have changed or begun."""
        self._sorted: list[str] | None = None
        if self._observed is None:
            self.journal.rewind()
            self._start_from_checkpoint(directory)
        else:
            self.journal.seek(self._observed.header.position)
        self.refresh()

    def find(self, typed: str) -> list[Triage]:
        """Return the item with this id, or every item whose id begins so, by id; the latest life of each.

        A whole id (`x7k2m9qf3a`, `x7k2m9qf3a.2`) names one life; a prefix needs four characters.
        """
        wanted = normalised(typed)
        if wanted in self._since:
            return [self._since[wanted]]
        name = wanted.partition(".")[0]
        if not SHORTEST_PREFIX <= len(name) <= ID_LENGTH or not name.isascii():
            return []
        lives = {triage.id: triage for triage in self._indexed(name)}
        if wanted not in lives:
            lives.update((id_, self._since[id_]) for id_ in self._recent(name))
        return meant(wanted, lives.values())

    def post_ids(self) -> list[str]:
        """The ids of the feed's posts, as the cache has them."""
        return [post.id for post in self._observed.posts()] if self._observed is not None else []

    def refresh(self) -> None:
        """Take in what the journal says since the last look.

        Raises:
            StateError: it cannot be read.
        """
        while events := self.journal.read_new():
            for event in events:
                self._fold(event)

    @contextmanager
    def writing(self) -> Iterator[Journal]:
        """Hold `state.lock` on an up-to-date view; what is appended is durable and folded in afterwards.

        Raises:
            StateLocked, StateError: nothing can be written.
        """
        with self.journal.locked():
            self.refresh()
            before = self.journal.position
            try:
                yield self.journal
            finally:
                self.journal.sync()
        self.journal.seek(before)
        self.refresh()

    def _fold(self, event: Event) -> None:
        if event.item is None or event.key is None or not event.event.startswith("item."):
            return
        current = self._since.get(event.item)
        if current is None and event.event != "item.opened":
            current = next((each for each in self._indexed(event.item) if each.id == event.item), None)
        after = fold(current, event)
        if after is not None:
            if after.id not in self._since:
                self._sorted = None
            self._since[after.id] = after

    def _recent(self, prefix: str) -> Iterator[str]:
        """The ids that begin so among those of `_since`; sorted once, since a bulk verb asks for thousands."""
        if self._sorted is None:
            self._sorted = sorted(self._since)
        for index in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            if not self._sorted[index].startswith(prefix):
                return
            yield self._sorted[index]

    def _indexed(self, prefix: str) -> list[Triage]:
        if self._observed is None:
            return []
        try:
            return self._observed.starting_with(prefix.partition(".")[0])
        except DamagedError as error:
            path = self.journal.directory / FILE_NAME
            raise StateError(
                _("{path} is damaged.").format(path=sanitize(path)),
                _("Move it away: it is a cache and is made again by the next poll."),
            ) from error

    def _open(self, directory: Path) -> ObservedFile | None:
        try:
            observed = open_observed(directory)
        except DamagedError:
            return None
        usable = observed is not None and observed.header.format <= FORMAT
        return observed if usable and observed is not None and self.journal.holds(observed.header.position) else None

    def _start_from_checkpoint(self, directory: Path) -> None:
        from omconsole.store.checkpoint import newest_checkpoint

        checkpoint = newest_checkpoint(directory) if self.journal.position != START or self._rolled() else None
        if checkpoint is not None:
            self._since = {triage.id: triage for triage in (*checkpoint.triage, *checkpoint.past)}
            self._sorted = None
            self.journal.seek(checkpoint.head.position)

    def _rolled(self) -> bool:
        return len(self.journal.segments.numbers()) > 1


def find(directory: Path, typed: str) -> list[Triage]:
    """Return the item with this id, or every item whose id begins so (see `Finder.find`).

    Raises:
        StateError: the journal cannot be read; StateNewer: a newer program has written to it.
    """
    return Finder(directory).find(typed)
