"""The checklist is red or green by evidence alone, and says what is missing and how to supply it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from omconsole.cli import main
from omconsole.domain.checklist import Evidence, Occurrence, checklist, evidence_events, evidence_values
from omconsole.domain.checklist_words import part_line, why
from omconsole.domain.health import PollStatus, SourceHealth
from omconsole.domain.items import Severity
from omconsole.domain.ledger import Ledger
from omconsole.domain.updates import Post, Receipt, Update
from tests.unit.domain_builders import T0, Tape, observation

if TYPE_CHECKING:
    from omconsole.domain.checklist import Part

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
SOURCES = {"service": 120.0, "messages": 900.0, "devices": 900.0, "connectors": 3600.0, "subscription": 3600.0}


def health(name: str, status: PollStatus | None = "ok", last_ok: datetime | None = T0) -> SourceHealth:
    return SourceHealth(name=name, interval_s=SOURCES.get(name, 900.0), status=status, last_ok=last_ok)


NEVER_READ = tuple(health(name, None, None) for name in SOURCES)
READ = tuple(health(name) for name in SOURCES)


def rows(evidence: Evidence, now: datetime = T0) -> dict[str, Occurrence]:
    return {row.template: row for row in checklist(evidence, now, BERLIN)}


def part(evidence: Evidence, template: str, name: str, now: datetime = T0) -> Part:
    return next(each for each in rows(evidence, now)[template].parts if each.name == name)


def alert(severity: Severity = Severity.CRITICAL, opened: datetime = T0) -> Evidence:
    tape = Tape(Ledger())
    tape.now = opened
    tape.show(observation("vppToken:1", "connector.expired", source="connectors", severity=severity))
    return Evidence(sources=READ, alerts=tuple(tape.ledger.items("alerts")))


def post(number: int, age_days: float, **fields: object) -> Post:
    return Post(id=f"MC{number}", title="iOS 17 becomes the minimum", changed=T0 - timedelta(days=age_days), **fields)  # type: ignore[arg-type]


def test_a_fresh_profile_is_red_with_words() -> None:
    found = checklist(Evidence(sources=NEVER_READ), T0, BERLIN)
    assert [row.template for row in found] == [
        *("m17", "m18", "m19", "m20"),
        *("planning", "helpdesk", "awareness", "training", "operations"),
    ]
    for row in found:
        assert (row.ok, row.state, row.was_green, row.needs_action) == (False, "due", False, False)
        assert why(row)
        for each in row.parts:
            assert each.ok is False
            assert each.command or "later" in each.why
    assert "No source has been read yet. Do: omconsole poll --once" in part_line(found[0].parts[0])


def test_every_command_that_is_named_exists_or_is_said_to_come_later() -> None:
    """Over every state that these tests know."""
    stale = T0 + timedelta(days=1)
    evidences = [Evidence(), Evidence(sources=NEVER_READ), Evidence(sources=READ), alert(opened=T0 - timedelta(days=1))]
    every = chain.from_iterable(checklist(each, now, BERLIN) for each in evidences for now in (T0, stale))
    for each in chain.from_iterable(row.parts for row in every):
        if each.command is not None:
            program, command, *_rest = each.command.split()
            assert (program, command in main.commands) == ("omconsole", True)
        elif each.ok is False:
            assert "comes later" in each.why


def test_polling_is_green_after_one_good_round_and_red_two_intervals_after_it_stopped() -> None:
    evidence = Evidence(sources=READ)
    assert part(evidence, "m17", "polling").ok is True
    assert part(evidence, "m17", "polling", T0 + 10 * MINUTE).ok is True
    late = part(evidence, "m17", "polling", T0 + 10 * MINUTE + timedelta(seconds=1))
    assert (late.ok, late.command) == (False, "omconsole poll")
    assert "service" in late.why.casefold()
    assert "22 Nov" in late.why
    assert "10:41" in late.why, "told in the profile's zone"
    assert "1 of 5" in late.why
    assert part(evidence, "m17", "polling", T0 + timedelta(hours=3)).why.endswith("late: 5 of 5 sources.")


def test_polling_is_red_while_one_source_was_never_read_but_not_for_one_that_is_refused() -> None:
    missing = (*READ[:2], health("devices", "failed", None), *READ[3:])
    found = part(Evidence(sources=missing), "m17", "polling")
    assert (found.ok, found.command) == (False, "omconsole doctor")
    assert "1 of 5" in found.why
    refused = (*READ[:2], health("devices", "forbidden", None), *READ[3:])
    found = part(Evidence(sources=refused), "m17", "polling")
    assert found.ok is True
    assert "1 more is not permitted" in found.why
    nothing = Evidence(sources=tuple(health(name, "forbidden", None) for name in SOURCES))
    for template, name in (("m17", "polling"), ("m18", "notices")):
        found = part(nothing, template, name)
        assert (found.ok, found.command) == (False, "omconsole doctor")
        assert "permits no source" in found.why


def test_a_clock_set_back_does_not_keep_polling_green() -> None:
    assert part(Evidence(sources=READ), "m17", "polling", T0 - timedelta(hours=2)).ok is False


@pytest.mark.parametrize(("severity", "minutes"), [(Severity.CRITICAL, 30), (Severity.HIGH, 120)])
def test_an_important_notice_may_wait_until_its_limit(severity: Severity, minutes: int) -> None:
    fresh = tuple(replace(each, last_ok=T0 + minutes * MINUTE) for each in READ)
    evidence = replace(alert(severity), sources=fresh)
    assert part(evidence, "m18", "notices", T0 + minutes * MINUTE).ok is True
    late = part(evidence, "m18", "notices", T0 + minutes * MINUTE + timedelta(seconds=1))
    assert (late.ok, late.command) == (False, f"omconsole ack {evidence.alerts[0].id}")
    assert "1 important notice" in late.why


def test_a_medium_alert_is_no_important_notice() -> None:
    assert part(alert(Severity.MEDIUM, T0 - timedelta(days=2)), "m18", "notices").ok is True


def test_nobody_can_know_of_notices_while_their_source_is_silent() -> None:
    found = part(Evidence(sources=READ), "m18", "notices", T0 + timedelta(hours=1))
    assert found.ok is None
    assert "Unknown" in found.why
    assert part(Evidence(sources=NEVER_READ), "m18", "notices").ok is False


def test_admins_know_when_everybody_known_has_read_what_is_older_than_a_week() -> None:
    old, young, ancient = post(1, 9), post(2, 1), post(3, 40)
    seen = Receipt(T0, old.changed)
    feed = (Update(post=young), Update(post=old, read=True), Update(post=ancient))
    mine = Evidence(sources=READ, updates=feed, receipts={"anna": {"MC1": seen}}, person="anna")
    found = part(mine, "m19", "posts")
    assert (found.ok, found.why) == (True, "1 of 2 posts of the last 30 days read by you.")
    with_ben = replace(mine, persons=("anna", "ben"))
    assert part(with_ben, "m19", "posts").ok is False
    revised = replace(mine, receipts={"anna": {"MC1": Receipt(T0, None)}})
    assert part(revised, "m19", "posts").ok is False
    nobody = Evidence(sources=READ, updates=tuple(replace(each, read=False) for each in feed))
    found = part(nobody, "m19", "posts")
    assert (found.ok, found.command) == (False, "omconsole ack MC1")
    assert rows(mine)["m19"].ok is False, "without a roster nobody knows who the admins are"


def test_nobody_having_read_anything_is_no_evidence() -> None:
    assert part(Evidence(sources=READ), "m19", "posts").ok is False


def test_the_helpdesk_is_told_platform_by_platform() -> None:
    found = part(Evidence(sources=READ, updates=(Update(post=post(1, 2)), Update(post=post(2, 3)))), "m20", "audiences")
    assert "2 posts of the last 30 days (iOS 2);" in found.why


def test_awareness_names_the_next_date() -> None:
    soon, done = post(1, 60, act_by=T0 + timedelta(days=8)), post(2, 60, act_by=T0 + timedelta(days=3))
    feed = (Update(post=soon, backlog=True), Update(post=done, done=True))
    found = part(Evidence(sources=READ, updates=feed), "awareness", "dates")
    assert (found.ok, found.command) == (False, "omconsole resolve MC1")
    assert "30 Nov" in found.why
    assert part(Evidence(sources=READ, updates=feed[1:]), "awareness", "dates").ok is True


def test_operations_is_green_by_what_the_state_shows() -> None:
    evidence = Evidence(sources=READ)
    row = rows(evidence)["operations"]
    assert (row.ok, row.state) == (True, "done")
    assert why(row)
    tape = Tape(Ledger())
    tape.show(observation(severity=Severity.CRITICAL))
    troubled = rows(replace(evidence, issues=tuple(tape.ledger.items("issues"))))["operations"]
    assert [each.ok for each in troubled.parts] == [True, False, False]
    assert troubled.parts[1].command == 'omconsole list issues --filter "needs:action severity:critical"'


def test_what_turned_red_after_having_been_green_needs_action_once() -> None:
    """M17's row asks; the area that sums it up does not ask again."""
    ever = {"m17": {"polling": True}, "operations": {"polling": True}}
    evidence = Evidence(sources=READ, ever=ever)
    green = rows(evidence)["m17"]
    assert (green.ok, green.was_green, green.needs_action) == (False, False, False), "duty was never green"
    stopped = rows(evidence, T0 + timedelta(hours=1))
    assert [name for name, row in stopped.items() if row.needs_action] == ["m17"]


def test_an_occurrence_is_named_by_the_day_on_which_its_period_begins() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    found = rows(Evidence(), late)
    assert (found["m17"].id, found["m17"].due) == ("m17@2027-01-01", datetime(2027, 1, 1, 23, tzinfo=UTC))
    assert (found["m19"].id, found["m19"].due) == ("m19@2026-12-28", datetime(2027, 1, 3, 23, tzinfo=UTC))
    before = rows(Evidence(), late - timedelta(hours=1))
    assert before["planning"].id == "planning@2026-10-01"
    assert before["training"].due == datetime(2026, 12, 31, 23, tzinfo=UTC)


def test_the_day_on_which_the_clocks_change_ends_at_its_own_midnight() -> None:
    """25 October 2026 has 25 hours in Berlin."""
    row = rows(Evidence(), datetime(2026, 10, 24, 22, 30, tzinfo=UTC))["m17"]
    assert (row.id, row.due) == ("m17@2026-10-25", datetime(2026, 10, 25, 23, tzinfo=UTC))


def test_rows_that_did_not_change_are_the_same_objects() -> None:
    evidence = Evidence(sources=READ)
    first = checklist(evidence, T0, BERLIN)
    again = checklist(evidence, T0 + 5 * MINUTE, BERLIN, first)
    assert all(old is new for old, new in zip(first, again, strict=True))


def test_the_history_keeps_what_turned() -> None:
    fresh = evidence_values(checklist(Evidence(sources=NEVER_READ), T0, BERLIN))
    assert set(fresh) == {"m17", "m18", "m19", "m20"}
    assert evidence_events({}, fresh) == [], "red that was never green is no change"
    good = evidence_values(checklist(Evidence(sources=READ), T0, BERLIN))
    events = evidence_events(fresh, good)
    assert [(each.event, each.ref, each.data) for each in events] == [
        ("checklist.evidence", "m17", {"parts": {"polling": True}}),
        ("checklist.evidence", "m18", {"parts": {"notices": True}}),
    ]
    assert evidence_events(good, good) == []
    stopped = evidence_values(checklist(Evidence(sources=READ), T0 + timedelta(hours=1), BERLIN))
    assert [each.data for each in evidence_events(good, stopped)] == [{"parts": {"polling": False}}]


def test_what_was_ever_green_survives_by_replay() -> None:
    tape = Tape(Ledger())
    good = evidence_values(checklist(Evidence(sources=READ), T0, BERLIN))
    for event in evidence_events({}, good):
        tape.write(event)
    assert tape.ledger.evidence["m17"] == {"polling": True}
    assert evidence_events(tape.ledger.evidence, good) == []
