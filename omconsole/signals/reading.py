"""What one poll of one source brought."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from omconsole.domain.changes import Change
from omconsole.domain.deployments import Deployment
from omconsole.domain.health import PollStatus
from omconsole.domain.items import Cause, Observation
from omconsole.domain.updates import Post
from omconsole.i18n import _
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from omconsole.graph import Flaws, GraphClient, Round

Mode = Literal["sweep", "increment"]
Progress = Callable[[int], None]
"""Told how many rows have been taken in so far."""

_LET_GO = 1_000


class Cleared(msgspec.Struct, frozen=True):
    """One item of which a source says explicitly that it is over; `reason` as `triage.on_clear` takes it."""

    subject_type: str
    subject_id: str
    sub_key: str
    family: str
    reason: str


class Reading(msgspec.Struct, kw_only=True):
    """Everything that intake needs to know about one poll.

    A *complete* sweep proves absence: every page good, the whole list. An increment never does. `subjects` are the
    objects that the reading says something about: an item of such a subject that is not among the observations is
    explicitly clear, unless its family is in `withheld` (Graph did not say). An observation of any other subject is
    what time alone makes of an object as it was read before.
    """

    source: str
    mode: Mode
    status: PollStatus = "ok"
    complete: bool = True
    observations: list[Observation] = []
    subjects: set[str] = set()
    withheld: set[tuple[str, str]] = set()
    silent_about: set[str] = set()
    """Sub keys of which nothing was read, of no subject: their items end as those of subjects that were not read."""
    cleared: list[Cleared] = []
    """Items that are explicitly over although nothing else was read of their subjects."""
    present: set[str] = set()
    """Objects that exist although the list does not show them: what is absent of them is fixed, not gone."""
    enriches: str | None = None
    """The family of other sources' items whose causes this source knows."""
    causes: dict[tuple[str, str], tuple[Cause, ...]] = {}
    """By subject id and family: why another source's item fires. A complete sweep says it of every item."""
    changes: list[Change] = []
    """Who changed what, from the audit log."""
    posts: list[Post] = []
    doubtful: bool = False
    """What it says may open and change items, and ends none."""
    figures: dict[str, float] = {}
    deployments: list[Deployment] = []
    """How far apps and policies have come; kept over time."""
    items: int = 0
    """Rows read; of lists that name Microsoft's services, those of the services that concern devices."""
    kinds: frozenset[str] = frozenset()
    """The kinds of items that the poll has looked for."""
    thresholds: dict[str, tuple[float, ...]] = {}
    """What it was judged by, by the settings' names."""
    principal: str | None = None
    """Who read, by a name from which nothing can be read; None where nobody could."""
    error: str | None = None
    reason: str = ""
    """What kind of failure it is, in no language."""
    needs: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    """Sentences about what the source is for and cannot tell here: what Graph does not say, or a permission that
    only a part of it needs. Nothing is wrong with the rest, which stays `ok` and complete."""
    retry_at: datetime | None = None
    again_after_s: float | None = None
    """Seconds after which the source should be asked again, where something is awaited and the interval is longer."""
    requests: int = 0
    bytes: int = 0
    ms: int = 0

    def has_read(self, seen: Observation) -> bool:
        """Tells whether an observation is of an object that this poll has read."""
        return seen.subject_id in self.subjects

    def speaks_of(self, subject_id: str, sub_key: str) -> bool:
        """Tells whether this poll says of such an item that it fires or not."""
        return subject_id in self.subjects and sub_key not in self.silent_about

    def mark(self, flaws: Flaws) -> None:
        """A reading with rows or values that could not be taken in is partial: it proves no absence."""
        if not flaws:
            return
        self.status, self.complete = "partial", False
        self.error = _("{rows} rows and {values} values of the answer could not be read, such as {example}").format(
            rows=flaws.rejected, values=flaws.values, example=flaws.example or "–"
        )

    async def let_go(self) -> None:
        """Forget what has been taken in, in slices: freeing 50,000 observations at once takes 20 ms."""
        while self.observations:
            del self.observations[-_LET_GO:]
            await next_turn()
        for held in (self.subjects, self.withheld):
            while held:
                for _one in range(min(len(held), _LET_GO)):
                    held.pop()
                await next_turn()


class Signal(Protocol):
    """A source that can be polled. A `GraphError` or `SignInError` ends the poll of this source alone."""

    name: str
    asks: tuple[str, ...]
    """The permissions that it needs, for words."""
    kinds: frozenset[str]
    """The kinds of items that it can show."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the whole list."""
        ...

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read what changed; a signal that cannot tell sweeps."""
        ...
