"""The law of triage.md, rule by rule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from omconsole.domain import triage as law
from omconsole.domain.commands import Command
from omconsole.domain.fold import fold
from omconsole.domain.handling import decide
from omconsole.domain.items import Condition, Handling, Label, Severity, Triage
from omconsole.domain.ledger import Ledger
from omconsole.domain.triage import FIXED, OBJECT_GONE, Refusal
from tests.unit.domain_builders import ANNA, BEN, HOUR, T0, Tape, key_of, observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.domain.events import Event


@pytest.fixture
def tape() -> Tape:
    return Tape(Ledger())


def state(tape: Tape, device: str = "d1", kind: str = "device.noncompliant") -> Triage:
    return tape.ledger.triage[key_of(observation(device, kind))]


def label(tape: Tape) -> Label:
    item = tape.ledger.item(state(tape).key)
    assert item is not None
    return item.label


def test_t1_a_problem_opens_as_new_and_needs_action(tape: Tape) -> None:
    tape.show(observation())
    item = tape.ledger.item(state(tape).key)
    assert item is not None
    assert (item.label, item.condition, item.needs_action) == (Label.NEW, Condition.FIRING, True)


def test_seeing_the_same_again_is_no_event(tape: Tape) -> None:
    tape.show(observation())
    assert tape.show(observation()) is None
    assert len(tape.events) == 1


def test_first_seen_is_the_earliest_evidence_that_graph_gives(tape: Tape) -> None:
    tape.show(observation(first_seen=T0 - 5 * HOUR))
    assert state(tape).first_seen == T0 - 5 * HOUR
    assert state(tape).opened_at == T0


def test_t2_ack_takes_it_and_makes_the_acker_the_assignee(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    after = state(tape)
    assert (after.handling, after.acked_by, after.assignee, after.acked_at) == (Handling.ACKED, "p-anna", "p-anna", T0)
    assert label(tape) is Label.ACK


def test_t2a_acknowledging_what_has_cleared_resolves_it(tape: Tape) -> None:
    tape.show(observation(severity=Severity.CRITICAL))
    tape.write(law.on_clear(state(tape), FIXED))
    assert label(tape) is Label.CLEARED
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    assert state(tape).handling is Handling.RESOLVED


def test_t2b_unack_opens_it_again_and_keeps_the_assignee(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    tape.write(law.unack(state(tape), BEN, "c2", None))
    assert (state(tape).handling, state(tape).assignee) == (Handling.OPEN, "p-anna")
    assert label(tape) is Label.OPEN


def test_t3_a_second_ack_changes_nothing_and_names_the_first(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    answer = law.ack(state(tape), BEN, "c2", None)
    assert answer == Refusal("acknowledged", by="p-anna", at=T0, already=True)


def test_t4_worse_than_at_the_ack_reopens_it(tape: Tape) -> None:
    tape.show(observation(kind="device.stale", severity=Severity.LOW))
    tape.write(law.ack(state(tape, kind="device.stale"), ANNA, "c1", None))
    event = tape.show(observation(kind="device.stale", severity=Severity.MEDIUM))
    assert event is not None
    assert event.event == "item.reopened"
    after = state(tape, kind="device.stale")
    assert (after.handling, after.reopened, after.severity) == (Handling.OPEN, 1, Severity.MEDIUM)


def test_t4_a_later_stage_counts_as_worse_and_keeps_the_identity(tape: Tape) -> None:
    tape.show(observation(kind="device.in-grace"))
    first = state(tape).id
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    tape.show(observation(kind="device.noncompliant"))
    assert (state(tape).id, state(tape).kind, state(tape).handling) == (first, "device.noncompliant", Handling.OPEN)


def test_t4_coming_back_to_the_acknowledged_stage_is_not_worse(tape: Tape) -> None:
    tape.show(observation(kind="device.noncompliant"))
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    tape.show(observation(kind="device.compliance-error"))
    tape.show(observation(kind="device.noncompliant"))
    assert (state(tape).handling, state(tape).kind) == (Handling.ACKED, "device.noncompliant")


def test_better_is_a_change_that_leaves_the_ack_alone(tape: Tape) -> None:
    tape.show(observation(severity=Severity.HIGH))
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    tape.show(observation(severity=Severity.MEDIUM))
    assert (state(tape).handling, state(tape).severity) == (Handling.ACKED, Severity.MEDIUM)
    # up again to what it was at the acknowledgement is not worse than what was acknowledged
    tape.show(observation(severity=Severity.HIGH))
    assert state(tape).handling is Handling.ACKED


def test_t9_a_confirmed_clear_resolves_what_was_acknowledged(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    tape.write(law.on_clear(state(tape), FIXED))
    assert (state(tape).handling, state(tape).condition) == (Handling.RESOLVED, Condition.CLEAR)


def test_t10_an_open_issue_resolves_at_once_when_clear(tape: Tape) -> None:
    tape.show(observation())
    event = tape.write(law.on_clear(state(tape), OBJECT_GONE))
    assert event.why == OBJECT_GONE
    assert state(tape).handling is Handling.RESOLVED
    assert list(tape.ledger.items("issues")) == []


def test_t10_a_critical_stays_as_cleared_until_somebody_saw_it(tape: Tape) -> None:
    tape.show(observation(severity=Severity.CRITICAL))
    tape.write(law.on_clear(state(tape), FIXED))
    item = tape.ledger.item(state(tape).key)
    assert item is not None
    assert (item.label, item.needs_action) == (Label.CLEARED, True)
    tape.show(observation(severity=Severity.CRITICAL))
    assert state(tape).condition is Condition.FIRING


@pytest.mark.parametrize(
    ("severity", "later", "same"),
    [
        (Severity.MEDIUM, timedelta(hours=23), True),
        (Severity.MEDIUM, timedelta(hours=25), False),
        (Severity.HIGH, timedelta(days=6), True),
        (Severity.HIGH, timedelta(days=8), False),
    ],
)
def test_t12_t13_firing_again_is_the_same_item_or_a_successor(
    tape: Tape, severity: Severity, later: timedelta, same: bool
) -> None:
    tape.show(observation(severity=severity))
    first = state(tape).id
    tape.write(law.on_clear(state(tape), FIXED))
    tape.now = T0 + later
    tape.show(observation(severity=severity))
    after = state(tape)
    assert after.handling is Handling.OPEN
    assert after.opened_at == T0 + later
    if same:
        assert (after.id, after.reopened, after.previous) == (first, 1, None)
        assert label(tape) is Label.REOPENED
    else:
        assert (after.id, after.reopened, after.previous) == (f"{first}.2", 0, first)
        assert label(tape) is Label.NEW
        assert tape.ledger.by_id(first) is not None


def test_t17_staleness_changes_neither_the_order_nor_the_rows_of_other_sources(tape: Tape) -> None:
    for number, severity in enumerate((Severity.LOW, Severity.HIGH, Severity.MEDIUM)):
        tape.show(observation(f"d{number}", severity=severity))
    other = observation("d9", source="compliance")
    tape.show(other)
    before = list(tape.ledger.items("issues"))
    tape.ledger.set_stale(["devices"])
    after = list(tape.ledger.items("issues"))
    assert [item.id for item in after] == [item.id for item in before]
    assert [item.stale for item in after] == [item.triage.source == "devices" for item in after]
    assert after == [tape.ledger.item(item.key) for item in after]
    assert all(tape.ledger.item(item.key) is item for item in after)
    unchanged = next(item for item in before if item.key == key_of(other))
    assert any(item is unchanged for item in after)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_t17_what_changes_while_a_source_is_marked_is_not_lost(tape: Tape, steps: int) -> None:
    first, second, third = (observation(f"d{number}") for number in range(3))
    tape.show(first)
    tape.show(second)
    marking = tape.ledger.marking_stale(["devices"])
    for _step in range(steps):
        next(marking)
    tape.show(third)
    acked = law.ack(tape.ledger.triage[key_of(first)], ANNA, "c1", None)
    tape.write(acked)
    for _rest in marking:
        pass
    rows = {item.key: item for item in tape.ledger.items("issues")}
    assert rows.keys() == {key_of(each) for each in (first, second, third)}
    assert all(item.stale for item in rows.values())
    assert rows[key_of(first)].triage.handling is Handling.ACKED
    assert all(tape.ledger.item(key) is item for key, item in rows.items())


def test_t17_a_stale_source_makes_the_condition_unknown_and_keeps_the_need(tape: Tape) -> None:
    tape.show(observation())
    assert tape.ledger.set_stale(["devices"])
    item = next(tape.ledger.items("issues"))
    assert (item.condition, item.stale, item.needs_action) == (Condition.UNKNOWN, True, True)
    assert tape.ledger.set_stale([])  # T18
    assert next(tape.ledger.items("issues")).condition is Condition.FIRING


def test_t21_opening_an_item_takes_new_away_and_a_note_needs_text(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.seen(state(tape), ANNA, "c1"))
    assert label(tape) is Label.OPEN
    assert isinstance(law.note(state(tape), ANNA, "c2", ""), Refusal)
    tape.write(law.note(state(tape), ANNA, "c3", "called the user"))
    assert state(tape).notes == 1


def test_items_come_in_the_order_of_priority(tape: Tape) -> None:
    tape.show(observation("old", first_seen=T0 - 9 * HOUR))
    tape.show(observation("young", first_seen=T0 - HOUR))
    tape.show(observation("bad", severity=Severity.HIGH))
    tape.show(observation("mild", severity=Severity.LOW, first_seen=T0 - 99 * HOUR))
    tape.write(law.ack(state(tape, "bad"), ANNA, "c", None))
    names = [item.triage.subject_id for item in tape.ledger.items("issues")]
    assert names == ["old", "young", "bad", "mild"]


MOVES = st.sampled_from(["high", "low", "gone", "ack", "unack", "note", "seen", "later", "much later"])


@given(st.lists(MOVES, max_size=30))
def test_replaying_the_events_rebuilds_the_state_exactly(moves: list[str]) -> None:
    tape = Tape(Ledger())
    tape.show(observation())
    for number, move in enumerate(moves):
        play(tape, move, f"c{number}")
    rebuilt = Ledger()
    for event in tape.events:
        rebuilt.apply(event)
    rebuilt.reflect(len(tape.events))
    assert (rebuilt.triage, rebuilt.past) == (tape.ledger.triage, tape.ledger.past)
    assert [item.order for item in rebuilt.items("issues")] == sorted(
        item.order for item in tape.ledger.items("issues")
    )
    invariants(state(tape))


def play(tape: Tape, move: str, command_id: str) -> None:
    if move in {"high", "low"}:
        tape.show(observation(severity=Severity(move)))
        return
    if move in {"later", "much later"}:
        tape.now += HOUR if move == "later" else timedelta(days=9)
        return
    current = state(tape)
    choices: dict[str, Callable[[], Event | Refusal | None]] = {
        "gone": lambda: law.on_clear(current, OBJECT_GONE),
        "ack": lambda: law.ack(current, ANNA, command_id, None),
        "unack": lambda: law.unack(current, ANNA, command_id, None),
        "note": lambda: law.note(current, ANNA, command_id, "text"),
        "seen": lambda: law.seen(current, ANNA, command_id),
    }
    verdict = choices[move]()
    if verdict is not None and not isinstance(verdict, Refusal):
        before = current.version
        tape.write(verdict)
        assert state(tape).version == before + 1


def invariants(triage: Triage) -> None:
    assert (triage.acked_by is not None) == (triage.acked_at is not None)
    if triage.handling is Handling.ACKED:
        assert triage.acked_by is not None
        assert triage.condition is Condition.FIRING
    if triage.handling is Handling.RESOLVED:
        assert triage.resolved_at is not None
    if triage.handling is Handling.OPEN:
        assert triage.resolved_at is None


def test_an_event_of_a_newer_kind_changes_nothing(tape: Tape) -> None:
    event = tape.show(observation())
    assert event is not None
    current = state(tape)
    assert fold(current, replace_struct(event, event="item.levitated")) is current
    assert fold(None, replace_struct(event, data={})) is None


def test_t11_resolving_while_it_fires_needs_a_reason(tape: Tape) -> None:
    tape.show(observation())
    refused = law.resolve(state(tape), ANNA, "c1", None)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.already) == ("a reason is needed", False)
    tape.write(law.resolve(state(tape), ANNA, "c2", "a test device"))
    assert (state(tape).handling, state(tape).condition, label(tape)) == (
        Handling.RESOLVED,
        Condition.FIRING,
        Label.RESOLVED,
    )
    again = law.resolve(state(tape), BEN, "c3", "too")
    assert isinstance(again, Refusal)
    assert again.already


def test_t14_a_person_takes_back_what_was_resolved(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.resolve(state(tape), ANNA, "c1", "a test device"))
    tape.write(law.reopen(state(tape), BEN, "c2", None))
    assert (state(tape).handling, label(tape)) == (Handling.OPEN, Label.REOPENED)
    refused = law.reopen(state(tape), BEN, "c3", None)
    assert isinstance(refused, Refusal)
    assert refused.already


def test_t10_what_nobody_looked_at_is_resolved_a_day_after_it_cleared(tape: Tape) -> None:
    tape.show(observation(severity=Severity.CRITICAL))
    tape.write(law.on_clear(state(tape), FIXED))
    assert label(tape) is Label.CLEARED
    assert law.on_time(state(tape), T0 + 23 * HOUR) is None
    event = law.on_time(state(tape), T0 + 24 * HOUR)
    assert event is not None
    assert event.actor_kind == "timer"
    tape.write(event)
    assert state(tape).handling is Handling.RESOLVED


def test_a_kind_of_a_later_version_is_shown_under_its_own_name(tape: Tape) -> None:
    event = tape.show(observation())
    assert event is not None
    for kind, pane in (("policy.drifted", "issues"), ("security.posture", "alerts")):
        later = fold(None, replace_struct(event, data={**event.data, "kind": kind}))
        assert later is not None
        assert (later.kind, later.family, later.pane) == (kind, kind, pane)


def test_giving_back_what_somebody_else_took_meanwhile_names_who(tape: Tape) -> None:
    tape.show(observation())
    tape.write(law.ack(state(tape), ANNA, "c1", None))
    seen_version = state(tape).version
    tape.write(law.unack(state(tape), ANNA, "c2", None))
    tape.write(law.ack(state(tape), BEN, "c3", None))
    current = state(tape)
    command = Command(verb="unack", ids=(current.id,), actor=ANNA, command_id="c4", expected={current.id: seen_version})
    assert decide(command, current) == Refusal("changed meanwhile", by="p-ben", at=T0)
    fresh = replace_struct(command, expected={current.id: current.version})
    assert not isinstance(decide(fresh, current), Refusal)
