"""What a round makes of good, failing, forbidden and throttled sources, and whose requests it answers."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from omconsole.domain.contract import source_json
from omconsole.domain.health import SourceHealth
from omconsole.errors import (
    ConsoleError,
    GraphForbidden,
    GraphThrottled,
    GraphUnreachable,
    SignInError,
    StateError,
)
from omconsole.poll.intake import Intake
from omconsole.poll.poller import Poller, RoundReport
from omconsole.signals.reading import Mode, Progress, Reading
from omconsole.store import Store
from omconsole.store.store import Writing
from tests.unit.domain_builders import key_of, observation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from omconsole.domain.events import Event
    from omconsole.graph import GraphClient, Round

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LAPTOP = observation("d1")


class Planned:
    """A source whose next polls are planned: a reading, or what goes wrong."""

    asks: tuple[str, ...] = ("Things.Read.All",)
    kinds: frozenset[str] = frozenset()

    def __init__(self, name: str, *plan: Reading | Exception | Callable[[], Awaitable[Reading]]) -> None:
        self.name = name
        self.plan = list(plan)
        self.polls: list[Mode] = []

    async def _poll(self, mode: Mode, budget: Round) -> Reading:
        self.polls.append(mode)
        budget.requests += 2
        budget.wire_bytes += 300
        next_ = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0] if self.plan else None
        await asyncio.sleep(0)
        if isinstance(next_, Exception):
            raise next_
        if next_ is None:
            return Reading(source=self.name, mode=mode)
        return copy.deepcopy(next_) if isinstance(next_, Reading) else await next_()

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        progress(1)
        return await self._poll("sweep", budget)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        return await self._poll("increment", budget)


def found(*devices: str) -> Reading:
    seen = [observation(device) for device in devices]
    return Reading(source="devices", mode="sweep", observations=seen, subjects=set(devices), items=len(seen))


class Bench:
    """A poller over a real store, without a network; its clock stands still until it is moved."""

    def __init__(self, directory: Path, *signals: Planned) -> None:
        self.now = NOON
        self.principal = "somebody"
        self.graph = SimpleNamespace(clock_error_s=0.0)
        self.signals = {signal.name: signal for signal in signals}
        sources = [SourceHealth(name=name, interval_s=900) for name in self.signals]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=sources)
        self.ledger = self.store.load_now()
        self.reports: list[RoundReport] = []
        self.reported = asyncio.Event()
        self.seen_fetching: list[dict[str, int]] = []
        self.poller = self.build()

    def build(self) -> Poller:
        return Poller(
            list(self.signals.values()),
            cast("GraphClient", self.graph),
            Intake("contoso", self.ledger, self.store),
            self.ledger,
            self.store,
            clock=lambda: self.now,
            changed=self._changed,
            after_round=self._after_round,
            principal=lambda: self.principal,
        )

    def _changed(self) -> None:
        poller = getattr(self, "poller", None)
        if poller is not None:
            self.seen_fetching.append({name: each.rows for name, each in poller.fetching.items()})

    async def _after_round(self, report: RoundReport) -> None:
        self.reports.append(report)
        self.reported.set()

    async def round(self, *names: str, asked: int = 0) -> dict[str, Reading]:
        self.now += timedelta(minutes=15)
        due: list[tuple[str, Mode]] = [(name, "sweep") for name in names or self.signals]
        report = await self.poller.round(due, asked=asked)
        assert report is not None
        return {reading.source: reading for reading in report.readings}

    def events(self, name: str) -> list[Event]:
        journal = Store(self.store.directory, tenant="contoso", profile="work").journal
        journal.rewind()
        events: list[Event] = []
        while more := journal.read_new():
            events.extend(more)
        return [event for event in events if event.event == name]

    def health(self, name: str = "devices") -> SourceHealth:
        return self.ledger.sources[name]

    async def until_reports(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.reports) < count:
                self.reported.clear()
                await self.reported.wait()


def unreachable() -> ConsoleError:
    return GraphUnreachable("graph.example is silent.", "Check the connection.")


async def test_a_failing_source_keeps_its_items_says_why_and_recovers(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices", found("d1"), unreachable(), unreachable(), unreachable(), found("d1")))
    await bench.round()
    good = bench.health()
    for _failing in range(3):
        reading = (await bench.round())["devices"]
        assert (reading.status, reading.complete, reading.requests, reading.bytes) == ("failed", False, 2, 300)
    failing = bench.health()
    assert (failing.status, failing.error) == ("failed", "graph.example is silent. Check the connection.")
    assert (failing.last_ok, failing.since) == (good.last_ok, NOON + timedelta(minutes=30))
    assert failing.items == 1
    assert bench.ledger.triage[key_of(LAPTOP)].version == 1
    await bench.round()
    assert (bench.health().status, bench.health().error) == ("ok", None)
    assert bench.health().last_ok == bench.now
    assert bench.events("item.cleared") == []


async def test_a_source_says_that_its_state_changed_and_only_then(tmp_path: Path) -> None:
    other = GraphUnreachable("graph.example cannot be reached.")
    plan = (found("d1"), found("d1"), unreachable(), unreachable(), other, found("d1"))
    bench = Bench(tmp_path, Planned("devices", *plan))
    for _round in plan:
        await bench.round()
    assert [(event.from_, event.to) for event in bench.events("source.state")] == [
        (None, "ok"),
        ("ok", "failed"),
        ("failed", "failed"),
        ("failed", "ok"),
    ]
    assert len(bench.events("poll.finished")) == len(plan)


async def test_what_a_source_cannot_tell_is_kept_until_a_good_poll_says_otherwise(tmp_path: Path) -> None:
    limited = found("d1")
    limited.uncovered = ("Licences: User.Read.All is missing.",)
    bench = Bench(
        tmp_path, Planned("devices", found("d1"), limited, unreachable(), copy.deepcopy(limited), found("d1"))
    )
    await bench.round()
    assert bench.health().uncovered == ()
    for status in ("ok", "failed", "ok"):
        await bench.round()
        assert (bench.health().status, bench.health().uncovered) == (status, limited.uncovered)
    assert source_json(bench.health(), bench.now)["uncovered"] == list(limited.uncovered)
    replayed = Store.open(
        tmp_path,
        tenant="contoso",
        profile="work",
        sources=[SourceHealth(name="devices", interval_s=900)],
        read_only=True,
    ).load_now()
    assert replayed.sources["devices"].uncovered == limited.uncovered
    await bench.round()
    assert bench.health().uncovered == ()
    told = [event.data["uncovered"] for event in bench.events("source.state")]
    assert [len(each) for each in told] == [0, 1, 1, 1, 0]


async def test_one_failing_source_stops_no_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("messages", unreachable()), Planned("devices", found("d1", "d2")))
    readings = await bench.round()
    assert {name: each.status for name, each in readings.items()} == {"messages": "failed", "devices": "ok"}
    assert len(bench.ledger.triage) == 2
    assert not bench.reports[0].worked
    assert bench.reports[0].tally.opened == 2


@pytest.mark.parametrize(
    ("named", "needs"), [((), ("Things.Read.All",)), (("Other.Read.All",), ("Other.Read.All",))], ids=["asks", "named"]
)
async def test_a_refusal_names_the_permission_and_is_no_failure(
    tmp_path: Path, named: tuple[str, ...], needs: tuple[str, ...]
) -> None:
    bench = Bench(tmp_path, Planned("devices", GraphForbidden("Microsoft Graph refuses access.", needs=named)))
    await bench.round()
    assert (bench.health().status, bench.health().needs) == ("forbidden", needs)
    assert bench.reports[0].worked


async def test_a_throttled_source_is_not_asked_before_its_time_by_anybody(tmp_path: Path) -> None:
    throttled = GraphThrottled("Microsoft Graph asks to wait.", retry_after_s=3600)
    bench = Bench(tmp_path, Planned("devices", throttled, found("d1")), Planned("messages"))
    await bench.round()
    not_before = bench.now + timedelta(hours=1)
    assert (bench.health().status, bench.health().not_before) == ("throttled", not_before)
    bench.poller = bench.build()  # also after a restart, and for `poll --once`
    again = (await bench.round())["devices"]
    assert (again.status, again.requests, again.error) == ("throttled", 0, bench.health().error)
    assert bench.signals["devices"].polls == ["sweep"]
    assert bench.signals["messages"].polls == ["sweep", "sweep"]
    bench.now = not_before
    assert (await bench.round())["devices"].status == "ok"
    assert bench.health().not_before is None


async def test_a_wait_without_end_ends_no_poller(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices", GraphThrottled("Microsoft Graph asks to wait.", retry_after_s=1e15)))
    assert (await bench.round())["devices"].status == "throttled"
    assert bench.health().not_before == bench.now + timedelta(days=365)


async def test_a_good_sweep_is_remembered_with_who_made_it_and_a_partial_one_is_not(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices", found("d1", "d2"), found("d1"), found("d1")))
    bench.principal = "wide"
    bench.poller = bench.build()
    await bench.round()
    assert (bench.health().sweep_principal, bench.health().sweep_items) == ("wide", 2)
    assert bench.events("poll.finished")[-1].data["sources"][0]["principal"] == "wide"
    bench.principal = "narrow"
    bench.poller = bench.build()
    assert (await bench.round())["devices"].status == "partial"
    assert (bench.health().sweep_principal, bench.health().sweep_items) == ("wide", 2)
    assert bench.health().status == "partial"
    again = bench.store.load_now().sources["devices"]
    assert (again.sweep_principal, again.sweep_items) == ("wide", 2)


async def test_a_sweep_during_which_somebody_else_signed_in_proves_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices", found("d1", "d2"), found("d1")))
    await bench.round()
    signal = bench.signals["devices"]
    before = signal.sweep

    async def sweep(graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        bench.principal = "somebody else"
        return await before(graph, budget, now, progress)

    signal.sweep = sweep  # type: ignore[method-assign]
    reading = (await bench.round())["devices"]
    assert (reading.status, reading.complete) == ("partial", False)
    assert "signed in" in (reading.error or "")
    assert bench.health().sweep_principal == "somebody"


async def test_while_the_clocks_differ_nothing_is_taken_to_be_over(tmp_path: Path) -> None:
    nothing = Reading(source="devices", mode="sweep", subjects={"d1"}, items=1)
    bench = Bench(tmp_path, Planned("devices", found("d1"), nothing, nothing, nothing, nothing))
    await bench.round()
    bench.graph.clock_error_s = 7200.0
    for _turn in range(3):
        reading = (await bench.round())["devices"]
    assert reading.status == "partial"
    assert "120 minutes behind" in (reading.error or "")
    assert bench.reports[-1].wrong_clock == reading.error
    assert not bench.events("item.cleared")
    bench.graph.clock_error_s = -10.0
    assert (await bench.round())["devices"].status == "ok"
    assert bench.events("item.cleared")


async def test_what_is_being_fetched_shows_and_goes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices", found("d1")))
    await bench.round()
    assert {"devices": 0} in bench.seen_fetching
    assert {"devices": 1} in bench.seen_fetching
    assert bench.poller.fetching == {}


async def test_a_full_disk_ends_the_whole_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other source goes on writing behind the back of whoever polls next."""
    went_on = asyncio.Event()

    async def slow() -> Reading:
        await asyncio.sleep(3600)
        went_on.set()
        return Reading(source="messages", mode="sweep")

    def full(writing: Writing, drafts: Sequence[Event], at: datetime) -> list[Event]:
        raise StateError("The disk is full.", "Make room.")

    bench = Bench(tmp_path, Planned("devices", found("d1")), Planned("messages", slow))
    with monkeypatch.context() as patched:
        patched.setattr(Writing, "append", full)
        with pytest.raises(StateError, match="disk is full"):
            await bench.round()
    assert bench.poller.fetching == {}
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert bench.ledger.triage == {}
    assert (await bench.round("devices"))["devices"].status == "ok"
    assert len(bench.ledger.triage) == 1


@pytest.fixture
def running(tmp_path: Path) -> Any:
    """Starts a bench's poller; ends it by itself at the end of the block."""

    class Running:
        def __init__(self, *signals: Planned) -> None:
            self.bench = Bench(tmp_path, *signals)

        async def __aenter__(self) -> Bench:
            self.task = asyncio.create_task(self.bench.poller.run())
            await self.bench.until_reports(1)
            return self.bench

        async def __aexit__(self, *_error: object) -> None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    return Running


async def test_a_request_wakes_the_poller_for_one_source_or_all(running: Any) -> None:
    async with running(Planned("devices", found("d1")), Planned("messages")) as bench:
        bench.poller.request("messages")
        await bench.until_reports(2)
        bench.poller.request(None)
        await bench.until_reports(3)
        assert [{each.source for each in report.readings} for report in bench.reports] == [
            {"devices", "messages"},
            {"messages"},
            {"devices", "messages"},
        ]
        assert bench.signals["messages"].polls == ["sweep"] * 3


async def test_a_source_that_awaits_something_is_polled_again_before_its_interval(tmp_path: Path) -> None:
    waiting, done = found("d1"), found("d1")
    waiting.again_after_s = 60.0
    bench = Bench(tmp_path, Planned("devices", waiting, done), Planned("messages"))
    await bench.round()
    bench.now += timedelta(seconds=59)
    assert bench.poller._due() == []
    bench.now += timedelta(seconds=1)
    assert bench.poller._due() == [("devices", "increment")]
    bench.now -= timedelta(minutes=15)
    await bench.round("devices")
    bench.now += timedelta(minutes=2)
    assert "devices" not in dict(bench.poller._due())


async def test_a_request_for_an_unknown_source_polls_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices"), Planned("messages"))
    bench.poller.request("devices2", asked=9)
    assert bench.poller._wanted == {}
    bench.poller.request("devices", asked=8)
    assert bench.poller._wanted == {"devices": "sweep"}


async def test_a_round_names_the_request_that_it_answers(running: Any) -> None:
    """One that came while a round was under way is answered by the next, and the same one again by none."""
    begun, gate = asyncio.Event(), asyncio.Event()

    async def waits() -> Reading:
        begun.set()
        await gate.wait()
        return found("d1")

    async with running(Planned("devices", found("d1"), waits, found("d1"))) as bench:
        bench.poller.request("devices")
        await begun.wait()
        bench.poller.request(None, asked=7)
        bench.poller.request(None, asked=7)
        gate.set()
        await bench.until_reports(3)
        bench.poller.request(None, asked=7)
        assert bench.poller._wanted == {}
    assert [event.data["answers"] for event in bench.events("poll.finished")] == [0, 0, 7]


async def test_a_request_for_throttled_sources_is_answered_without_asking(running: Any) -> None:
    throttled = GraphThrottled("Microsoft Graph asks to wait.", retry_after_s=3600)
    async with running(Planned("devices", throttled)) as bench:
        bench.poller.request(None, asked=5)
        await bench.until_reports(2)
        assert bench.signals["devices"].polls == ["sweep"]
    last = bench.events("poll.finished")[-1].data
    assert (last["answers"], last["sources"][0]["status"]) == (5, "throttled")


async def test_a_poller_that_graph_does_not_let_in_gives_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Planned("devices", SignInError("The token has expired.", "Put in a fresh one.")))
    with pytest.raises(SignInError, match="expired"):
        await bench.poller.run()
    assert (bench.health().status, bench.health().needs) == ("failed", ("sign-in",))


async def test_with_one_source_let_in_it_goes_on(running: Any) -> None:
    async with running(Planned("devices", SignInError("The token has expired.")), Planned("messages")) as bench:
        bench.poller.request(None)
        await bench.until_reports(2)
