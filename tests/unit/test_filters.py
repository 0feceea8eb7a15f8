"""Filters: what passes, and what is refused with its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from omconsole.domain import filters, words
from omconsole.domain.events import Event
from omconsole.domain.items import Condition, Handling, Item, Observation, Severity, Triage
from omconsole.domain.occurrences import Occurrence, Part
from omconsole.domain.updates import Post, Update

NOW = datetime(2025, 11, 22, 9, 41, tzinfo=UTC)


def item(kind: str = "device.noncompliant", severity: Severity = Severity.HIGH, **facts: object) -> Item:
    seen = Observation(
        kind=kind,
        source="devices",
        severity=severity,
        subject_type="device",
        subject_id="guid",
        subject_name="LAP-Ä1",
        user="Anna.Schmidt@contoso.com",
        platform="Windows",
        evidence_at=NOW - timedelta(days=41, hours=3),
        facts=facts,
    )
    triage = Triage(
        key="k",
        id="abcdefghjk",
        kind=kind,
        source="devices",
        subject_type="device",
        subject_id="guid",
        severity=severity,
        condition=Condition.FIRING,
        handling=Handling.OPEN,
        first_seen=NOW,
        opened_at=NOW,
        version=1,
    )
    return Item(triage=triage, seen=seen)


POST = Update(post=Post(id="MC123456", title="iOS 17 becomes the minimum", services=("Microsoft Intune",)))


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("lap-ä anna", True),
        ("LAP compliant", True),
        ("lap -windows", False),
        ("-ios", True),
        ('"not compliant"', True),
        ('"compliant not"', False),
        ("severity:high", True),
        ("severity:h", True),
        ("severity>medium", True),
        ("severity>high", False),
        ("-severity:high", False),
        ("platform:win user:anna kind:noncompliant", True),
        ("needs:action", True),
        ("-needs:action", False),
        ("abcdefghjk", True),
        ("NEW", True),
        ("user:", True),
        ("kind:device", True),
        ("kind:cause", False),
        ("is:cause", False),
        ("is:backlog", False),
        ("-is:backlog", True),
        ("is:folded", False),
        ("is:unread", False),
    ],
)
def test_an_item_passes(text: str, passes: bool) -> None:
    assert filters.parse(text).matches(item()) is passes


def test_a_post_passes_by_title_id_service_and_platform() -> None:
    for text in ("minimum", "mc1234", "intune", "platform:ios", "is:unread"):
        assert filters.parse(text).matches(POST)
    for text in ("windows", "severity:high", "user:anna", "needs:action", "is:done", "is:backlog"):
        assert not filters.parse(text).matches(POST)


def test_a_post_needs_action_while_its_date_is_near_and_the_team_is_not_done() -> None:
    soon = Update(post=Post(id="MC1", title="x", act_by=datetime.now(UTC) + timedelta(days=8)), read=True)
    later = Update(post=Post(id="MC2", title="x", act_by=datetime.now(UTC) + timedelta(days=80)))
    needing = filters.parse("needs:action")
    assert needing.matches(soon)
    assert not needing.matches(later)
    assert not needing.matches(replace(soon, done=True))
    assert not needing.matches(replace(soon, backlog=True))
    assert filters.parse("is:backlog").matches(replace(soon, backlog=True))


def test_a_task_passes_by_its_words_area_and_evidence() -> None:
    red = Part("polling", False, "No source has been read yet.", "omconsole poll --once")
    task = Occurrence(
        id="m17@2025-11-22",
        template="m17",
        title="Monitoring procedures are in place",
        area="operations",
        cadence="daily",
        state="due",
        parts=(red,),
        ok=False,
    )
    for text in ("monitoring", "m17", "operations", '"no source"', "kind:m17", "-is:done", "-needs:action"):
        assert filters.parse(text).matches(task)
    for text in ("helpdesk", "severity:high", "user:anna", "platform:windows", "is:unread"):
        assert not filters.parse(text).matches(task)
    assert filters.parse("needs:action").matches(replace(task, was_green=True))


def test_a_cause_passes_by_what_it_is_called_and_by_every_platform_of_its_members() -> None:
    shown = item("cause.compliance").seen
    assert shown is not None
    seen = replace(shown, subject_name="Windows – base", platform=None)
    triage = replace(item("cause.compliance").triage, sub_key="bitLockerEnabled", platforms=("Windows", "macOS"))
    cause = Item(triage=triage, seen=seen)
    for text in ("bitlocker", '"windows – base"', "kind:cause", "kind:cause.compliance", "is:cause", "platform:macos"):
        assert filters.parse(text).matches(cause)
    assert not filters.parse("platform:ios").matches(cause)


@pytest.mark.parametrize(
    ("text", "at"),
    [("lap color:red", 4), ("severity:bad", 9), ("needs:coffee", 6), ("user>anna", 4), ("-is:green", 4)],
)
def test_what_is_not_understood_is_refused_with_its_place(text: str, at: int) -> None:
    with pytest.raises(filters.FilterError) as refused:
        filters.parse(text)
    assert refused.value.at == at
    assert refused.value.what


def test_problems_are_told_with_their_measure() -> None:
    assert words.title(item(), now=NOW) == "LAP-Ä1 · not compliant"
    assert words.problem(item("device.stale"), now=NOW) == "no check-in for 41 days"
    until = item("device.in-grace", complianceGracePeriodExpirationDateTime="2025-11-30T10:00:00Z")
    assert words.problem(until, now=NOW) == "in grace until 30 Nov"
    never = item("device.in-grace", complianceGracePeriodExpirationDateTime="9999-12-31T23:59:59Z")
    assert words.problem(never, now=NOW) == "in its grace period"


def test_events_say_who_and_why() -> None:
    event = Event(event="item.acked", actor="p1", actor_kind="user", why="calling", to="acked")
    assert words.event_words(event, {"p1": "Anna"}) == "Anna · acknowledged: calling"
    assert words.event_words(event, {}) == "somebody · acknowledged: calling"
    reopened = Event(event="item.reopened", why="firing again")
    assert words.event_words(reopened, {}) == "Graph · reopened: it fires again"
    assert words.refusal_words("acknowledged", by="Ben", ago_s=600) == "already acknowledged by Ben, 10 m ago"
