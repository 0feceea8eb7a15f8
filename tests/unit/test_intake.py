"""From readings to the history: what opens, what may clear and when, and what stays exactly as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from omconsole.domain import triage as law
from omconsole.domain.contract import item_json
from omconsole.domain.events import Event
from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Handling, Observation, Severity
from omconsole.domain.updates import Post
from omconsole.poll.intake import EVENTS_A_HOLD, Intake, Tally
from omconsole.signals.reading import Cleared, Reading
from omconsole.store.store import Writing
from tests.unit.domain_builders import ANNA, key_of, observation
from tests.unit.store_builders import new_store, picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from omconsole.domain.items import Item, Triage
    from omconsole.store import Store

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIFTY = [f"d{number}" for number in range(50)]


class Desk:
    """An intake over a real store, with a clock that each reading moves."""

    def __init__(self, directory: Path) -> None:
        self.store: Store = new_store(directory)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.now = NOON

    async def take(self, *seen: Observation, mode: Any = "sweep", others: Sequence[str] = (), **changes: Any) -> Tally:
        """A reading of the devices: what it shows, and `others` that it says are well."""
        subjects = {each.subject_id for each in seen} | set(others)
        changes = {"subjects": subjects, "observations": list(seen), **changes}
        return await self.give(Reading(source="devices", mode=mode, **changes))

    async def give(self, reading: Reading) -> Tally:
        self.now += timedelta(minutes=15)
        return await self.intake.take(reading, self.now)

    async def finish(self, source: str) -> None:
        """The round of the last reading, a sweep, is over."""
        done = {"name": source, "status": "ok", "mode": "sweep", "items": 1}
        async with self.store.writing(self.ledger) as writing:
            writing.append([Event(event="poll.finished", data={"sources": [done]})], self.now)

    async def feed(self, *posts: Post, mode: Any = "sweep", **changes: Any) -> Tally:
        return await self.give(Reading(source="messages", mode=mode, posts=list(posts), **changes))

    def triage(self, seen: Observation) -> Triage:
        return self.ledger.triage[key_of(seen)]

    def handlings(self, seen: Sequence[Observation]) -> set[Handling]:
        return {self.triage(each).handling for each in seen}

    def rows(self) -> dict[str, Item]:
        return {item.key: item for item in picture(self.ledger).issues}

    def told(self) -> list[Event]:
        """Every event of the history, the birth of the state left out."""
        journal = new_store(self.store.directory, read_only=True).journal
        journal.rewind()
        events: list[Event] = []
        while more := journal.read_new():
            events.extend(more)
        return [event for event in events if event.event != "state.created"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "work")


LAPTOP = observation("d1")
PHONE = observation("d2", "device.stale", severity=Severity.LOW)


async def test_what_a_source_shows_opens_once(desk: Desk) -> None:
    assert await desk.take(LAPTOP, PHONE) == Tally(opened=2)
    assert await desk.take(LAPTOP, PHONE) == Tally()
    assert [event.event for event in desk.told()] == ["item.opened", "item.opened"]
    assert desk.triage(LAPTOP).opened_at == NOON + timedelta(minutes=15)


async def test_absence_needs_two_complete_sweeps_in_a_row(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE)
    assert await desk.take(PHONE) == Tally()
    assert desk.triage(LAPTOP).is_open
    assert await desk.take(PHONE) == Tally(cleared=1)
    assert desk.triage(LAPTOP).handling is Handling.RESOLVED
    assert desk.told()[-1].why == law.OBJECT_GONE
    assert key_of(LAPTOP) not in desk.ledger.seen


async def test_a_sight_in_between_starts_the_count_anew(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE)
    await desk.take(PHONE)
    await desk.take(LAPTOP, PHONE)
    await desk.take(PHONE)
    assert desk.triage(LAPTOP).is_open


async def test_an_object_that_is_there_but_well_starts_the_count_of_its_withheld_family_anew(desk: Desk) -> None:
    await desk.take(LAPTOP)
    await desk.take()
    await desk.take(others=["d1"], withheld={("d1", LAPTOP.family)})
    await desk.take()
    assert desk.triage(LAPTOP).is_open


@pytest.mark.parametrize(
    "reading",
    [{"mode": "increment"}, {"complete": False, "status": "partial"}, {"complete": False, "status": "failed"}],
    ids=["increment", "partial", "failed"],
)
async def test_only_complete_sweeps_prove_absence(desk: Desk, reading: dict[str, Any]) -> None:
    await desk.take(LAPTOP, PHONE)
    for _round in range(4):
        assert await desk.take(PHONE, **reading) == Tally()
    await desk.take(PHONE)
    assert await desk.take(PHONE, **reading) == Tally()
    assert desk.triage(LAPTOP).is_open


@pytest.mark.parametrize("mode", ["sweep", "increment"])
async def test_what_a_source_says_is_well_clears_at_once(desk: Desk, mode: str) -> None:
    await desk.take(LAPTOP, PHONE)
    assert await desk.take(PHONE, others=["d1"], mode=mode) == Tally(cleared=1)
    assert desk.triage(LAPTOP).handling is Handling.RESOLVED
    assert desk.told()[-1].why == law.FIXED


async def test_a_family_that_graph_is_silent_about_stays(desk: Desk) -> None:
    stale = observation("d1", "device.stale")
    await desk.take(LAPTOP, stale)
    assert await desk.take(others=["d1"], withheld={("d1", "device.compliance")}) == Tally(cleared=1)
    assert (desk.triage(LAPTOP).is_open, desk.triage(stale).is_open) == (True, False)


async def test_a_reading_of_another_source_clears_nothing(desk: Desk) -> None:
    await desk.take(LAPTOP)
    for _round in range(3):
        await desk.feed()
    assert desk.triage(LAPTOP).is_open


async def test_a_fixed_acknowledged_item_resolves_and_a_critical_one_waits_to_be_seen(desk: Desk) -> None:
    critical = observation("d3", severity=Severity.CRITICAL)
    await desk.take(LAPTOP, critical)
    async with desk.store.writing(desk.ledger) as writing:
        draft = law.ack(desk.triage(LAPTOP), ANNA, "c1", None)
        assert isinstance(draft, Event)
        writing.append([draft], desk.now)
    await desk.take(others=["d1", "d3"])
    assert desk.triage(LAPTOP).handling is Handling.RESOLVED
    assert desk.triage(critical).handling is Handling.OPEN
    assert key_of(critical) in desk.ledger.seen, "what it was is still to be read"


async def test_when_most_vanish_at_once_a_third_sweep_decides(desk: Desk) -> None:
    """An empty but well-formed answer must not empty the queue."""
    every = [observation(device) for device in FIFTY]
    await desk.take(*every)
    for _doubted in range(2):
        reading = Reading(source="devices", mode="sweep")
        assert await desk.give(reading) == Tally()
        assert reading.status == "partial"
        assert "50" in (reading.error or "")
    assert desk.handlings(every) == {Handling.OPEN}
    decided = Reading(source="devices", mode="sweep")
    assert await desk.give(decided) == Tally(cleared=50)
    assert (decided.status, decided.error) == ("ok", None)


async def test_another_sources_poll_does_not_end_the_doubt(desk: Desk) -> None:
    await desk.take(*[observation(device) for device in FIFTY])
    await desk.take()
    await desk.feed()
    still = Reading(source="devices", mode="sweep")
    assert await desk.give(still) == Tally()
    assert still.status == "partial"


async def test_what_vanished_and_came_back_is_doubted_no_more(desk: Desk) -> None:
    every = [observation(device) for device in FIFTY]
    await desk.take(*every)
    await desk.take()
    back = Reading(source="devices", mode="sweep", observations=every, subjects=set(FIFTY))
    assert await desk.give(back) == Tally()
    assert back.status == "ok"


async def test_a_doubt_ends_with_the_items_and_increments_are_not_blamed(desk: Desk) -> None:
    every = [observation(device) for device in FIFTY]
    await desk.take(*every)
    await desk.take()
    increment = Reading(source="devices", mode="increment", subjects=set(FIFTY[:49]))
    assert await desk.give(increment) == Tally(cleared=49)
    assert increment.status == "ok"
    await desk.take(others=["d49"])
    well = Reading(source="devices", mode="sweep", subjects=set(FIFTY))
    await desk.give(well)
    assert well.status == "ok"


def swept_by(desk: Desk, principal: str, items: int) -> None:
    """A good sweep of before."""
    known = desk.ledger.sources["devices"]
    desk.ledger.sources["devices"] = replace(known, sweep_principal=principal, sweep_items=items)


async def test_whoever_sees_less_of_the_tenant_clears_nothing(desk: Desk) -> None:
    """A token of a scoped role lists a tenth of the devices, without any error."""
    swept_by(desk, "wide", 1000)
    await desk.take(LAPTOP, PHONE, principal="wide", items=1000)
    for _sweep in range(3):
        narrow = Reading(
            source="devices", mode="sweep", principal="narrow", items=100, observations=[PHONE], subjects={"d2"}
        )
        assert await desk.give(narrow) == Tally()
        assert (narrow.status, narrow.complete) == ("partial", False)
        assert "1,000" in (narrow.error or "")
    assert desk.triage(LAPTOP).is_open
    assert await desk.take(PHONE, others=["d1"], principal="narrow", items=100) == Tally(cleared=1), "it says so"


@pytest.mark.parametrize(
    ("principal", "items"), [("wide", 10), ("other", 990), ("other", 1200)], ids=["same", "enough", "more"]
)
async def test_absence_counts_for_the_same_principal_or_nearly_the_whole_list(
    desk: Desk, principal: str, items: int
) -> None:
    swept_by(desk, "wide", 1000)
    await desk.take(LAPTOP, PHONE, principal="wide", items=1000)
    await desk.take(PHONE, principal=principal, items=items)
    assert await desk.take(PHONE, principal=principal, items=items) == Tally(cleared=1)


async def test_a_feed_that_another_principal_sees_less_of_is_not_forgotten(desk: Desk) -> None:
    posts = [Post(id=f"MC{number}", title="One", changed=NOON) for number in range(10)]
    known = desk.ledger.sources["messages"]
    desk.ledger.sources["messages"] = replace(known, sweep_principal="wide", sweep_items=10)
    await desk.feed(*posts, principal="wide", items=10)
    await desk.feed(*posts[:3], principal="narrow", items=3)
    assert len(desk.ledger.posts) == 10


async def test_twenty_or_half_may_vanish_without_doubt(desk: Desk) -> None:
    every = [observation(device) for device in FIFTY]
    await desk.take(*every)
    await desk.take(*every[25:])
    assert await desk.take(*every[25:]) == Tally(cleared=25)
    await desk.take(*every[45:])
    assert await desk.take(*every[45:]) == Tally(cleared=20)


async def test_rows_that_did_not_change_stay_the_same_objects(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE)
    before = desk.rows()
    newer = observation("d2", "device.stale", severity=Severity.LOW, evidence_at=NOON)
    await desk.take(LAPTOP, newer)
    after = desk.rows()
    assert after[key_of(LAPTOP)] is before[key_of(LAPTOP)]
    assert after[key_of(PHONE)] is not before[key_of(PHONE)]
    assert after[key_of(PHONE)].seen is not None
    assert desk.told()[-1].event == "item.opened", "a newer check-in alone is no event"


STALE_SINCE = NOON - timedelta(days=2)


async def test_what_an_increment_did_not_read_clears_nothing_and_undoes_no_newer_knowledge(desk: Desk) -> None:
    """The devices kept between polls may be older than the history: a kill came before they were saved."""
    fixed = observation("d3", first_seen=NOON - timedelta(hours=1))
    await desk.take(LAPTOP, fixed)
    await desk.take(LAPTOP, others=["d3"])
    older = [observation("d1", "device.in-grace", first_seen=NOON - timedelta(hours=1)), fixed]
    assert await desk.take(*older, mode="increment", subjects=set()) == Tally()
    assert (desk.triage(LAPTOP).kind, desk.triage(LAPTOP).version) == ("device.noncompliant", 1)
    assert desk.triage(fixed).handling is Handling.RESOLVED
    seen = desk.ledger.seen[key_of(LAPTOP)]
    assert seen.kind == "device.noncompliant"


async def test_time_alone_opens_and_worsens_what_an_increment_did_not_read(desk: Desk) -> None:
    stale = observation("d2", "device.stale", severity=Severity.LOW, first_seen=STALE_SINCE)
    assert await desk.take(stale, mode="increment", subjects=set()) == Tally(opened=1)
    worse = observation("d2", "device.stale", severity=Severity.MEDIUM, first_seen=STALE_SINCE)
    assert await desk.take(worse, mode="increment", subjects=set()) == Tally(changed=1)
    assert await desk.take(stale, mode="increment", subjects=set()) == Tally()
    await desk.take(others=["d2"])
    assert await desk.take(stale, mode="increment", subjects=set()) == Tally(), "it has checked in since"
    again = observation("d2", "device.stale", severity=Severity.LOW, first_seen=desk.now + timedelta(minutes=1))
    assert await desk.take(again, mode="increment", subjects=set()) == Tally(changed=1)


async def test_what_an_increment_did_not_read_has_not_been_seen(desk: Desk) -> None:
    stale = observation("d2", "device.stale", severity=Severity.LOW, first_seen=STALE_SINCE)
    await desk.take(LAPTOP, stale)
    await desk.take(LAPTOP)
    await desk.take(LAPTOP, stale, mode="increment", subjects={"d1"})
    assert await desk.take(LAPTOP) == Tally(cleared=1)


def last_seen(desk: Desk, seen: Observation) -> Any:
    item = desk.ledger.item(key_of(seen))
    assert item is not None
    return item_json(item, {}, desk.now, desk.ledger.sources["devices"])["last_seen"]


def good_sweep(desk: Desk) -> None:
    desk.ledger.sources["devices"] = replace(desk.ledger.sources["devices"], last_sweep=desk.now)


async def test_a_problem_was_last_seen_by_the_last_whole_list_that_showed_it(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE)
    good_sweep(desk)
    rows = desk.rows()
    await desk.take(LAPTOP, PHONE)
    good_sweep(desk)
    second = iso(desk.now)
    assert desk.rows()[key_of(LAPTOP)] is rows[key_of(LAPTOP)]
    assert (last_seen(desk, LAPTOP), last_seen(desk, PHONE)) == (second, second)
    await desk.take(LAPTOP)
    good_sweep(desk)
    assert (last_seen(desk, LAPTOP), last_seen(desk, PHONE)) == (iso(desk.now), second)
    await desk.take(LAPTOP, others=["d2"], withheld={("d2", PHONE.family)})
    good_sweep(desk)
    assert last_seen(desk, PHONE) == second
    await desk.take(replace(PHONE, evidence_at=NOON), LAPTOP, mode="increment")
    assert last_seen(desk, PHONE) == iso(desk.now)
    assert last_seen(desk, LAPTOP) != iso(desk.now)


async def test_a_worse_severity_is_an_event_and_the_acknowledgement_falls(desk: Desk) -> None:
    await desk.take(LAPTOP)
    async with desk.store.writing(desk.ledger) as writing:
        draft = law.ack(desk.triage(LAPTOP), ANNA, "c1", None)
        assert isinstance(draft, Event)
        writing.append([draft], desk.now)
    assert await desk.take(observation("d1", severity=Severity.HIGH)) == Tally(changed=1)
    assert desk.triage(LAPTOP).handling is Handling.OPEN


async def test_another_processs_word_counts_under_the_lock(desk: Desk) -> None:
    """Somebody acknowledged after the reading began: the clear resolves what is acknowledged by now."""
    await desk.take(LAPTOP)
    other = new_store(desk.store.directory)
    theirs = other.load_now()
    with other.writing_now(theirs) as writing:
        draft = law.ack(theirs.triage[key_of(LAPTOP)], ANNA, "c1", None)
        assert isinstance(draft, Event)
        writing.append([draft], desk.now)
    await desk.take(others=["d1"])
    cleared = desk.told()[-1]
    assert (cleared.event, cleared.from_, cleared.version) == ("item.cleared", "acked", 3)


async def test_posts_are_posted_revised_and_withdrawn(desk: Desk) -> None:
    first, second = Post(id="MC1", title="One", changed=NOON), Post(id="MC2", title="Two", changed=NOON)
    revised = Post(id="MC1", title="One, updated", changed=NOON + timedelta(days=1))
    assert await desk.feed(first, second) == Tally(opened=2)
    assert await desk.feed(first, second) == Tally()
    assert await desk.feed(revised, mode="increment") == Tally(changed=1)
    assert set(desk.ledger.posts) == {"MC1", "MC2"}, "an increment withdraws nothing"
    assert desk.ledger.posts["MC1"].title == "One, updated"
    await desk.feed(revised, complete=False, status="partial")
    assert set(desk.ledger.posts) == {"MC1", "MC2"}
    await desk.feed(revised)
    assert set(desk.ledger.posts) == {"MC1"}
    await desk.feed()
    assert set(desk.ledger.posts) == {"MC1"}, "an empty message centre is not believed"
    assert [(event.event, event.ref) for event in desk.told()] == [
        ("update.posted", "MC1"),
        ("update.posted", "MC2"),
        ("update.revised", "MC1"),
    ]


async def test_figures_are_sampled(desk: Desk) -> None:
    await desk.give(Reading(source="overview", mode="sweep", figures={"devices": 1200.0}))
    assert [event.event for event in desk.told()] == ["metric.sampled"]
    figures = {figure.name: figure.value for figure in picture(desk.ledger).figures}
    assert figures == {"devices": 1200.0}


@pytest.mark.parametrize("what", ["items", "posts"])
async def test_a_hold_of_the_lock_writes_at_most_500_events(
    desk: Desk, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds: list[int] = []
    append = Writing.append

    def counted(writing: Writing, drafts: Sequence[Event], at: datetime) -> list[Event]:
        holds.append(len(drafts))
        return append(writing, drafts, at)

    monkeypatch.setattr(Writing, "append", counted)
    count = 1100
    if what == "items":
        assert await desk.take(*(observation(f"d{each}") for each in range(count))) == Tally(opened=count)
        await desk.take(others=[f"d{each}" for each in range(count)])
    else:
        await desk.feed(*(Post(id=f"MC{each}", title="A post") for each in range(count)))
    assert max(holds) <= EVENTS_A_HOLD <= 500
    assert sum(holds) == (2 * count if what == "items" else count)


async def test_t11_what_somebody_resolved_while_it_fired_comes_back_two_sweeps_later(desk: Desk) -> None:
    await desk.take(LAPTOP, others=["d9"])
    async with desk.store.writing(desk.ledger) as writing:
        event = law.resolve(desk.triage(LAPTOP), ANNA, "c", "a test device")
        assert isinstance(event, Event)
        writing.append([event], desk.now)
    await desk.take(LAPTOP, mode="increment")
    await desk.take(LAPTOP)
    assert desk.triage(LAPTOP).handling is Handling.RESOLVED
    await desk.finish("devices")
    desk.intake = Intake("contoso", desk.ledger, desk.store)  # another process goes on
    await desk.take(LAPTOP)
    assert (desk.triage(LAPTOP).handling, desk.triage(LAPTOP).reopened) == (Handling.OPEN, 1)


async def test_what_a_source_says_is_over_clears_with_its_reason_although_nothing_else_was_read(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE)
    over = Cleared("device", "d1", "", "device.compliance", "aged out")
    await desk.give(Reading(source="devices", mode="increment", cleared=[over]))
    assert desk.triage(LAPTOP).handling is Handling.RESOLVED
    assert desk.triage(PHONE).is_open
    assert desk.told()[-1].why == "aged out"


async def test_a_partial_reading_of_reasons_adds_some_and_takes_none_away(desk: Desk) -> None:
    """What it does not name of a device may have stood in a row that could not be read."""
    await desk.take(LAPTOP)

    def why(id_: str) -> dict[tuple[str, str], tuple[Cause, ...]]:
        return {("d1", "device.compliance"): (Cause("compliance", id_, f"Policy {id_}"),)}

    await desk.give(Reading(source="messages", mode="sweep", enriches="device.compliance", causes=why("p1")))
    for _again in range(3):
        partial = Reading(source="messages", mode="sweep", enriches="device.compliance", causes=why("p2"))
        partial.status, partial.complete = "partial", False
        await desk.give(partial)
        assert {cause.id for cause in desk.ledger.seen[key_of(LAPTOP)].causes} == {"p1", "p2"}


async def test_reasons_of_another_source_stay_when_the_owner_shows_the_item_again(desk: Desk) -> None:
    await desk.take(LAPTOP)
    cause = Cause("compliance", "p1", "Windows", setting="OsMinimumVersion")
    why: dict[tuple[str, str], tuple[Cause, ...]] = {("d1", "device.compliance"): (cause,)}
    await desk.give(Reading(source="messages", mode="sweep", enriches="device.compliance", causes=why))
    await desk.take(replace(LAPTOP, user="ben@contoso.example"))
    assert desk.ledger.seen[key_of(LAPTOP)].causes == (cause,)
    nothing = Reading(source="messages", mode="sweep", enriches="device.compliance")
    await desk.give(nothing)
    assert desk.ledger.seen[key_of(LAPTOP)].causes == (cause,), "one whole report without it proves nothing yet"
    await desk.give(nothing)
    assert desk.ledger.seen[key_of(LAPTOP)].causes == ()


async def test_absence_is_counted_on_by_the_next_process(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE)
    await desk.take(PHONE)
    desk.intake = Intake("contoso", desk.ledger, desk.store)
    assert await desk.take(PHONE) == Tally(cleared=1)


async def test_a_sign_in_that_sees_less_ends_nothing_by_counting_none(desk: Desk) -> None:
    await desk.take(LAPTOP, PHONE, items=100, principal="one")
    done = Event(
        event="poll.finished",
        data={"sources": [{"name": "devices", "status": "ok", "mode": "sweep", "items": 100, "principal": "one"}]},
    )
    async with desk.store.writing(desk.ledger) as writing:
        writing.append([done], desk.now)
    over = Cleared("device", "d1", "", "device.compliance", "fixed")
    other = Reading(source="devices", mode="sweep", cleared=[over], items=3, principal="another")
    await desk.give(other)
    assert desk.triage(LAPTOP).is_open
    assert other.status == "partial"
