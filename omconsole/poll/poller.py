"""The async loop that polls what is due, and tells what came of it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import Event
from omconsole.domain.instants import iso
from omconsole.errors import ConsoleError, SignInError, SignInNeeded
from omconsole.graph import Round
from omconsole.graph.tokens import OPAQUE
from omconsole.i18n import _, ngettext, number
from omconsole.poll import schedule
from omconsole.poll.failures import failed_reading, still_throttled
from omconsole.poll.intake import Tally
from omconsole.signals.reading import Mode, Reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from omconsole.domain.health import PollStatus, SourceHealth
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.snapshot import Snapshot
    from omconsole.graph import GraphClient
    from omconsole.poll.causing import Causing
    from omconsole.poll.intake import Intake
    from omconsole.signals.reading import Signal
    from omconsole.store import Store


CLOCK_TOLERANCE_S = 300.0
"""Clocks that differ by less are right; sign-in servers refuse certificates from about there on."""


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, aware, UTC."""
        ...


class Fetching(msgspec.Struct, frozen=True):
    """A poll under way: since when (UTC), and how many rows so far."""

    since: datetime
    rows: int = 0


class RoundReport(msgspec.Struct, frozen=True, kw_only=True):
    """One round over the sources that were due (design.md §5, `poll`)."""

    mode: Mode
    started: datetime
    finished: datetime
    readings: tuple[Reading, ...]
    tally: Tally
    wrong_clock: str | None = None
    """Two sentences about this machine's clock, in the user's language; None where it is right."""

    @property
    def worked(self) -> bool:
        """Every source was read well; forbidden and skipped ones are no failures."""
        return all(reading.status in {"ok", "forbidden", "skipped"} for reading in self.readings)

    @property
    def signed_out(self) -> bool:
        """Graph let nobody in: no source could be read for want of a token that it accepts."""
        return bool(self.readings) and all("sign-in" in reading.needs for reading in self.readings)


def wrong_clock(ahead_s: float) -> str | None:
    """Two sentences about this machine's clock, of which Graph's is so far ahead; None where it is right."""
    minutes = round(abs(ahead_s) / 60)
    if abs(ahead_s) < CLOCK_TOLERANCE_S:
        return None
    words = (
        ngettext(
            "This machine's clock is {n} minute behind Microsoft's.",
            "This machine's clock is {n} minutes behind Microsoft's.",
            minutes,
        )
        if ahead_s > 0
        else ngettext(
            "This machine's clock is {n} minute ahead of Microsoft's.",
            "This machine's clock is {n} minutes ahead of Microsoft's.",
            minutes,
        )
    )
    do = _("Set it: until both agree nothing is taken to be over.")
    return f"{words.format(n=number(minutes))} {do}"


class Poller:
    """Polls the signals of one tenant for as long as it runs. One round at a time; a request only wakes it."""

    def __init__(  # noqa: PLR0913 - the parts of a profile are handed in one by one
        self,
        signals: Sequence[Signal],
        graph: GraphClient,
        intake: Intake,
        ledger: Ledger,
        store: Store,
        *,
        clock: Clock,
        changed: Callable[[], None],
        after_round: Callable[[RoundReport], Awaitable[None]],
        principal: Callable[[], str],
        challenged: Callable[[SignInNeeded], None] = lambda _needed: None,
        causing: Causing | None = None,
    ) -> None:
        self._signals = {signal.name: signal for signal in signals}
        self._graph = graph
        self._intake = intake
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._changed = changed
        self._after_round = after_round
        self._principal = principal
        self._challenged = challenged
        self._causing = causing
        self._attempted: dict[str, datetime] = {}
        self._sooner: dict[str, float] = {}
        """Seconds after which a source wants to be asked again, where it awaits something."""
        self._wanted: dict[str, Mode] = {}
        self._asked = 0
        """The newest `poll.requested` of another process that has been heard, by its number."""
        self._wake = asyncio.Event()
        self.fetching: dict[str, Fetching] = {}

    def request(self, source: str | None, mode: Mode = "sweep", *, asked: int = 0) -> None:
        """Poll a source (or every one) as soon as the round under way is over; throttled ones keep waiting.

        `asked` is the number of the `poll.requested` behind it; the round's `poll.finished` names it as answered, and
        the same request again changes nothing. A source that this version does not know is nobody's.
        """
        if 0 < asked <= self._asked or (source is not None and source not in self._signals):
            return
        self._asked = max(self._asked, asked)
        for name in self._signals if source is None else (source,):
            if self._wanted.get(name) != "sweep":
                self._wanted[name] = mode
        self._wake.set()

    def with_fetching(self, picture: Snapshot) -> Snapshot:
        """The picture with what is being fetched at this moment."""
        if not self.fetching:
            return picture
        sources = [
            replace(each, fetching_since=fetching.since, fetched=fetching.rows)
            if (fetching := self.fetching.get(each.name))
            else each
            for each in picture.sources
        ]
        return replace(picture, sources=tuple(sources))

    async def run(self) -> None:
        """Poll until cancelled.

        Raises:
            StateError: what was found cannot be written.
            SignInError: Graph lets nobody in; another process may have a better token.
        """
        while True:
            asked = self._asked
            report = await self.round(self._due(), asked=asked)
            if report is not None and report.signed_out:
                raise SignInError(report.readings[0].error or "")
            self._wake.clear()
            if not self._wanted:
                await self._sleep_until(
                    schedule.next_due(self._sources(), self._attempted, self._clock(), self._sooner)
                )

    async def round(self, due: list[tuple[str, Mode]], *, asked: int = 0) -> RoundReport | None:
        """Poll these sources, all at once; the graph client bounds what is in flight.

        Raises:
            StateError: what was found cannot be written; nothing of the round goes on.
        """
        if not due:
            return None
        started = self._clock()
        tally = Tally()
        unswept = frozenset(name for name, health in self._ledger.sources.items() if health.last_sweep is None)
        try:
            async with asyncio.TaskGroup() as group:
                polls = [group.create_task(self._poll(name, mode, tally)) for name, mode in due]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        report = RoundReport(
            mode="sweep" if any(mode == "sweep" for _name, mode in due) else "increment",
            started=started,
            finished=self._clock(),
            readings=tuple(each.result() for each in polls),
            tally=tally,
            wrong_clock=wrong_clock(self._graph.clock_error_s),
        )
        if self._causing is not None:
            swept = frozenset(
                each.source
                for each in report.readings
                if each.mode == "sweep" and each.complete and each.status != "failed"
            )
            await self._causing.after_round(report.finished, unswept=unswept, swept=swept)
            for source in self._causing.wanted - {name for name, _mode in due}:
                self.request(source, "increment")
        await self._finish(report, asked)
        return report

    def _due(self) -> list[tuple[str, Mode]]:
        due = dict(schedule.plan(self._sources(), self._attempted, self._clock(), self._sooner))
        due.update((name, mode) for name, mode in self._wanted.items() if due.get(name) != "sweep")
        self._wanted.clear()
        return list(due.items())

    def _sources(self) -> list[SourceHealth]:
        return [health for name, health in self._ledger.sources.items() if name in self._signals]

    async def _sleep_until(self, moment: datetime) -> None:
        wait = max((moment - self._clock()).total_seconds(), 0.05)
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _poll(self, name: str, mode: Mode, tally: Tally) -> Reading:
        """One source: read, take in, remember its state. Trouble with it never touches another source."""
        now = self._clock()
        health = self._ledger.sources.get(name)
        if health is not None and schedule.must_wait(health, now):
            return still_throttled(health, mode)
        self._attempted[name] = now
        self._sooner.pop(name, None)
        self.fetching[name] = Fetching(now)
        self._changed()
        began = time.monotonic()
        budget = Round()
        try:
            reading = await self._read(name, mode, now, budget)
        except ConsoleError as error:
            if isinstance(error, SignInNeeded):
                self._challenged(error)
            reading = failed_reading(self._signals[name], mode, error, now)
        else:
            taken = await self._intake.take(reading, now)
            tally.opened += taken.opened
            tally.changed += taken.changed
            tally.cleared += taken.cleared
            if reading.again_after_s is not None:
                self._sooner[name] = reading.again_after_s
            await reading.let_go()
        finally:
            del self.fetching[name]
        reading.requests, reading.bytes = budget.requests, budget.wire_bytes
        reading.ms = int((time.monotonic() - began) * 1000)
        await self._remember(reading)
        self._changed()
        return reading

    async def _read(self, name: str, mode: Mode, now: datetime, budget: Round) -> Reading:
        signal = self._signals[name]

        def progress(rows: int) -> None:
            self.fetching[name] = Fetching(now, rows)
            self._changed()

        read = signal.sweep if mode == "sweep" else signal.increment
        before = self._principal()
        reading = await read(self._graph, budget, now, progress)
        reading.principal, reading.kinds = self._principal(), signal.kinds
        if before not in {reading.principal, OPAQUE} and reading.mode == "sweep":
            reading.status, reading.complete = "partial", False
            reading.error = _("Somebody else signed in, or the permissions changed, while this was read.")
        if clock_words := wrong_clock(self._graph.clock_error_s):
            # Ages are judged by the clock, and one of the two is wrong.
            reading.complete, reading.doubtful = False, True
            if reading.status == "ok":
                reading.status, reading.error = "partial", clock_words
        return reading

    async def _remember(self, reading: Reading) -> None:
        """A change of the source's state is an event; the same state again is none."""
        known = self._ledger.sources.get(reading.source)
        if known is None:
            return
        status: PollStatus = reading.status
        # What told nothing leaves standing what the last good poll could not cover.
        uncovered = reading.uncovered if status in {"ok", "partial"} else known.uncovered
        before = (known.status, known.error, known.not_before, known.uncovered)
        if before == (status, reading.error, reading.retry_at, uncovered):
            return
        event = Event(
            event="source.state",
            ref=reading.source,
            from_=known.status,
            to=status,
            why=reading.error,
            until=reading.retry_at,
            data={"needs": list(reading.needs), "reason": reading.reason, "uncovered": list(uncovered)},
        )
        async with self._store.writing(self._ledger) as writing:
            writing.append([event], self._clock())

    async def _finish(self, report: RoundReport, asked: int) -> None:
        data = {**report_data(report), "answers": asked}
        async with self._store.writing(self._ledger) as writing:
            writing.append([Event(event="poll.finished", data=data)], report.finished)
        await self._after_round(report)


def report_data(report: RoundReport) -> dict[str, Any]:
    """The object of `omconsole poll --json` (design.md §5), which is also what `poll.finished` keeps."""
    return {
        "mode": report.mode,
        "started": iso(report.started),
        "finished": iso(report.finished),
        "sources": [
            {
                "name": each.source,
                "mode": each.mode,
                "status": each.status,
                "complete": each.complete,
                "items": each.items,
                "principal": each.principal,
                "kinds": sorted(each.kinds),
                "thresholds": each.thresholds,
                "requests": each.requests,
                "bytes": each.bytes,
                "ms": each.ms,
                "error": each.error,
            }
            for each in report.readings
        ],
        "opened": report.tally.opened,
        "changed": report.tally.changed,
        "cleared": report.tally.cleared,
    }
