"""The whole state in memory: events are folded in, observations laid beside them, pictures taken out.

The ledger has two parts with a file each. *Items* (triage, observations, posts) reflect the journal up to `items_seq`;
the *rest* (receipts, sources, metrics) up to `rest_seq`. Replay from the older of the two is exact, because each part
skips what it has seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from omconsole.domain import deployments
from omconsole.domain.backlog import FIGURE, FOUND, burn_down
from omconsole.domain.board import Board
from omconsole.domain.figures import Sample, add, figure
from omconsole.domain.fold import fold
from omconsole.domain.folding import Folding
from omconsole.domain.health import after_report, after_state
from omconsole.domain.identity import ID_LENGTH
from omconsole.domain.items import Item, Observation, Triage
from omconsole.domain.snapshot import Polling, Snapshot
from omconsole.domain.updates import Post, Receipt, Update, as_read_by

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from omconsole.domain.changes import Change
    from omconsole.domain.deployments import Course
    from omconsole.domain.events import Event
    from omconsole.domain.health import SourceHealth


class Ledger:
    """Everything a profile knows, by key. One writer: the code that appends to the journal."""

    def __init__(self) -> None:
        self.triage: dict[str, Triage] = {}
        """By key: the latest life of each problem, resolved ones included (T12 and T13 need them)."""
        self.past: dict[str, Triage] = {}
        """By id: earlier lives that a successor (T13) has followed."""
        self.seen: dict[str, Observation] = {}
        """By key: what the source last showed."""
        self.posts: dict[str, Post] = {}
        self.known_posts: dict[str, datetime | None] = {}
        """By post id: the newest revision that the history holds."""
        self.receipts: dict[str, dict[str, Receipt]] = {}
        """By person, then post id."""
        self.done_posts: dict[str, datetime] = {}
        """By post id: when the team was through with it, UTC."""
        self.backlog_posts: dict[str, None] = {}
        """Ids of the posts that the first whole list showed."""
        self.evidence: dict[str, dict[str, bool]] = {}
        """By template of the checklist and part: whether it has ever been green."""
        self.evidence_now: dict[str, dict[str, bool]] = {}
        """The same: whether it was green when it last turned."""
        self.changes: dict[str, Change] = {}
        """By id: who changed what lately; an observation, read again after a start."""
        self.sources: dict[str, SourceHealth] = {}
        self.metrics: dict[str, list[Sample]] = {}
        self.deployments: dict[str, Course] = {}
        """By type and id: how far apps and policies have come."""
        self.requests: list[Event] = []
        """`poll.requested` of others, until somebody takes them."""
        self.last_poll: Event | None = None
        """The newest `poll.finished`."""
        self.revision = 0
        """Counts what has changed of items, what sources show, and posts."""
        self.items_seq = 0
        self.rest_seq = 0
        self._keys: dict[str, str] = {}
        """Key by id, without a successor's number."""
        self._board = Board()
        self._folding = Folding(self.triage)
        self._stale: frozenset[str] = frozenset()

    @property
    def seq(self) -> int:
        """The last event that the whole ledger reflects."""
        return min(self.items_seq, self.rest_seq)

    # --- in -----------------------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Fold one event of the journal in; what a part has seen before changes nothing."""
        if event.event.startswith("item."):
            if event.seq > self.items_seq:
                self._apply_item(event)
        elif event.seq > self.rest_seq:
            self._apply_rest(event)

    def reflect(self, seq: int) -> None:
        """All events up to `seq` have been applied."""
        self.items_seq = max(self.items_seq, seq)
        self.rest_seq = max(self.rest_seq, seq)

    def observe(self, key: str, seen: Observation) -> None:
        """Lay an observation beside an item."""
        self.seen[key] = seen
        self.revision += 1
        triage = self.triage.get(key)
        if triage is not None:
            self._folding.take_incident(triage, seen)
            self._place(key)

    def forget_observation(self, key: str) -> None:
        """Drop the observation of an item that is no longer open."""
        self.seen.pop(key, None)

    def stale_sources(self, now: datetime) -> list[str]:
        """The sources that have been silent for too long (T17); `now` is UTC."""
        return [health.name for health in self.sources.values() if health.is_stale(now)]

    def set_stale(self, sources: Iterable[str]) -> bool:
        """T17, T18: the condition of these sources' items is unknown until the next good poll. True when it changed."""
        work = self.marking_stale(sources)
        while True:
            try:
                next(work)
            except StopIteration as end:
                return bool(end.value)

    def marking_stale(self, sources: Iterable[str]) -> Generator[None, None, bool]:
        """`set_stale` in steps of about a millisecond, between which anything else may change."""
        stale = frozenset(sources)
        changed = stale ^ self._stale
        self._stale = stale

        def marked(row: Item) -> Item:
            source = row.triage.evidence_source
            return replace(row, stale=source in self._stale) if source in changed else row

        if changed:
            yield from self._board.renewing(marked)
        return bool(changed)

    def settling(self) -> Generator[None, None, None]:
        """Place the rows anew that a change of what they fold under concerns, in steps of about a millisecond."""
        for placed, key in enumerate(self._marked(), 1):
            if key in self._board.rows:
                self._place(key)
            if placed % 50 == 0:
                yield

    def _marked(self) -> Iterator[str]:
        folding = self._folding
        if folding.marks_all:
            folding.marks_all = False
            yield from list(self._board.rows)
        while folding.marked:
            key = self._keys.get(folding.marked.popitem()[0])
            if key is not None:
                yield key

    def settle(self) -> None:
        """`settling`, at once."""
        for _step in self.settling():
            pass

    def clear(self) -> None:
        """Forget everything, as if new; whoever holds the ledger goes on holding it."""
        self.__init__()  # type: ignore[misc]

    def rebuild(self) -> None:
        """Make rows and order anew after the dictionaries have been filled from a file."""
        for _step in self.rebuilding():
            pass

    def rebuilding(self) -> Generator[None, None, None]:
        """`rebuild` in steps of some 100 items; nothing may be applied or observed before the last.

        The final sort is quick when the items were filled in by priority.
        """
        board = Board()
        keys: dict[str, str] = {}
        folding = Folding(self.triage)
        yield from folding.prepare(self.seen)
        self._folding = folding
        for index, (key, triage) in enumerate(self.triage.items()):
            keys[key[:ID_LENGTH]] = key
            if triage.is_open:
                board.gather(key, self._row(triage))
            if index % 100 == 99:
                yield
        self._keys = keys
        board.arrange()
        self._board = board

    def take_requests(self) -> list[Event]:
        """The polls that others asked for since the last look."""
        requests, self.requests = self.requests, []
        return requests

    # --- out ----------------------------------------------------------------------------------------------------------

    def item(self, key: str) -> Item | None:
        """The item in its latest life."""
        triage = self.triage.get(key)
        return None if triage is None else self._board.rows.get(key) or self._row(triage)

    def by_id(self, id_: str) -> Triage | None:
        """The item with this exact id, in its latest or an earlier life."""
        if id_ in self.past:
            return self.past[id_]
        key = self._keys.get(id_[:ID_LENGTH])
        triage = self.triage.get(key) if key else None
        return triage if triage is not None and triage.id == id_ else None

    @property
    def rows(self) -> Iterable[Item]:
        """Every open item, in no order; a view that changes with the ledger."""
        return self._board.rows.values()

    def is_under_stale(self, item: Item) -> bool:
        """Tell whether an item is left out of counts, since its device is stale."""
        return self._folding.is_under_stale(item)

    def causes_of(self, item: Item) -> list[Triage]:
        """The causes that have an item as a member, whatever its source shows of it."""
        return self._folding.causes_of(item.triage)

    def members(self) -> dict[str, tuple[Item, ...]]:
        """What folds under what, by the parent's id, in order of priority."""
        return self._board.members()

    def items(self, pane: str, *, every: bool = False) -> Iterator[Item]:
        """Open items by priority, folded ones among them; with `every` then the resolved ones, newest first."""
        open_ones = [row for row in self._board.rows.values() if row.triage.pane == pane]
        yield from sorted(open_ones, key=lambda row: row.order)
        if every:
            rest = [triage for triage in self.triage.values() if triage.pane == pane and not triage.is_open]
            rest.extend(triage for triage in self.past.values() if triage.pane == pane)
            rest.sort(key=lambda triage: triage.resolved_at or triage.opened_at, reverse=True)
            yield from (self._row(triage) for triage in rest)

    def updates(self, person: str) -> list[Update]:
        """The feed as one person sees it: unread first, then by last change, newest first."""
        mine = self.receipts.get(person, {})
        feed = [
            replace(
                as_read_by(post, mine.get(post.id)),
                done=post.id in self.done_posts,
                backlog=post.id in self.backlog_posts,
            )
            for post in self.posts.values()
        ]
        feed.sort(key=lambda update: update.post.id)
        feed.sort(key=lambda update: _when(update.post), reverse=True)
        feed.sort(key=lambda update: update.read)
        return feed

    def picture(
        self, *, tenant: str, now: datetime, person: str, persons: dict[str, str], polling: Polling, notice: str | None
    ) -> Snapshot:
        """A frozen picture; rows that did not change are the same objects as in the picture before."""
        issues, alerts = self._board.pane("issues"), self._board.pane("alerts")
        folded = len(self._board.rows) - len(issues) - len(alerts)
        updates = tuple(self.updates(person))
        figures = (figure(name, samples) for name, samples in sorted(self.metrics.items()))
        return Snapshot(
            tenant=tenant,
            at=now,
            seq=self.seq,
            issues=issues,
            alerts=alerts,
            updates=updates,
            members=self._board.members(),
            backlog=burn_down(self.metrics.get(FIGURE, ()), self.metrics.get(FOUND, ())),
            sources=tuple(self.sources.values()),
            figures=tuple(each for each in figures if each is not None),
            persons=persons,
            polling=polling,
            totals={"issues": len(issues), "alerts": len(alerts), "updates": len(updates), "folded": folded},
            notice=notice,
        )

    # --- parts --------------------------------------------------------------------------------------------------------

    def _apply_item(self, event: Event) -> None:
        assert event.key is not None
        current = self.triage.get(event.key)
        if current is not None and event.item != current.id and event.event != "item.opened":
            earlier = self.past.get(event.item or "")
            after = fold(earlier, event)
            if after is not None:
                self.past[after.id] = after
            return
        after = fold(current, event)
        if after is None:
            return
        if current is not None and after.id != current.id:
            self.past[current.id] = current
        self.triage[event.key] = after
        self.revision += 1
        self._keys[event.key[:ID_LENGTH]] = event.key
        self._folding.take(current, after, self.seen.get(event.key))
        self._place(event.key)

    def _apply_rest(self, event: Event) -> None:
        apply = {
            "update.posted": self._apply_post,
            "update.revised": self._apply_post,
            "update.read": self._apply_receipt,
            "update.unread": self._apply_receipt,
            "update.done": self._apply_done,
            "update.reopened": self._apply_done,
            "checklist.evidence": self._apply_evidence,
            "metric.sampled": self._apply_metric,
            "deployment.counted": self._apply_deployments,
            "source.state": self._apply_source,
            "poll.finished": self._apply_poll,
            "poll.requested": self.requests.append,
        }.get(event.event)
        if apply is not None:
            apply(event)

    def _apply_post(self, event: Event) -> None:
        if event.ref is None:
            return
        self.known_posts[event.ref] = _moment(event.data.get("changed"))
        if event.data.get("backlog"):
            self.backlog_posts[event.ref] = None
        elif event.event == "update.revised":
            self.backlog_posts.pop(event.ref, None)
            self.done_posts.pop(event.ref, None)

    def _apply_done(self, event: Event) -> None:
        if event.ref is not None and event.at is not None and event.event == "update.done":
            self.done_posts[event.ref] = event.at
        elif event.ref is not None:
            self.done_posts.pop(event.ref, None)

    def _apply_evidence(self, event: Event) -> None:
        """`checklist.evidence`: parts of a task whose evidence turned."""
        ever = self.evidence.setdefault(event.ref or "", {})
        last = self.evidence_now.setdefault(event.ref or "", {})
        for part, ok in event.data.get("parts", {}).items():
            last[part] = bool(ok)
            ever[part] = bool(ok) or ever.get(part, False)

    def _apply_receipt(self, event: Event) -> None:
        if event.ref is None or event.actor is None or event.at is None:
            return
        mine = self.receipts.setdefault(event.actor, {})
        if event.event == "update.read":
            mine[event.ref] = Receipt(event.at, _moment(event.data.get("changed")))
        else:
            mine.pop(event.ref, None)

    def _apply_metric(self, event: Event) -> None:
        assert event.at is not None
        for name, value in event.data.get("values", {}).items():
            add(self.metrics.setdefault(name, []), event.at, float(value))

    def _apply_deployments(self, event: Event) -> None:
        assert event.at is not None
        deployments.add(self.deployments, event.data, event.at)

    def _apply_source(self, event: Event) -> None:
        """`source.state`: a source's status changed, or why it fails."""
        known = self.sources.get(event.ref or "")
        if known is not None and event.to is not None:
            self.sources[known.name] = after_state(known, event)

    def _apply_poll(self, event: Event) -> None:
        """`poll.finished`: which sources were read well, and which of them wholly."""
        self.last_poll = event
        for report in event.data.get("sources", ()):
            known = self.sources.get(report["name"])
            if known is not None and event.at is not None:
                self.sources[known.name] = after_report(known, report, event.at)

    def _row(self, triage: Triage) -> Item:
        seen = self.seen.get(triage.key)
        parents, marks = self._folding.parents(triage, seen) if triage.is_open else ((), ())
        stale = triage.evidence_source in self._stale
        return Item(triage=triage, seen=seen, stale=stale, suppressed_by=parents, marked_by=marks)

    def _place(self, key: str) -> None:
        """Make the item's row anew and move it to its place in the order."""
        triage = self.triage[key]
        self._board.place(key, self._row(triage) if triage.is_open else None)


def _when(post: Post) -> float:
    moment = post.changed or post.published
    return moment.timestamp() if moment else 0.0


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
