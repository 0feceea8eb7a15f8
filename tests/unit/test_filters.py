"""Filters: what passes, and what is refused with its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from omconsole.domain import filters, words
from omconsole.domain.events import Event
from omconsole.domain.items import Condition, Handling, Item, Observation, Severity, Triage
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
    ],
)
def test_an_item_passes(text: str, passes: bool) -> None:
    assert filters.parse(text).matches(item()) is passes


def test_a_post_passes_by_title_id_service_and_platform() -> None:
    for text in ("minimum", "mc1234", "intune", "platform:ios", "needs:action"):
        assert filters.parse(text).matches(POST)
    for text in ("windows", "severity:high", "user:anna"):
        assert not filters.parse(text).matches(POST)


@pytest.mark.parametrize(
    ("text", "at"), [("lap color:red", 4), ("severity:bad", 9), ("needs:coffee", 6), ("user>anna", 4)]
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
