"""Alerts in one line, in the words of an administrator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omconsole.domain import words
from omconsole.domain.items import Cause, Item, Observation, Severity
from tests.unit.signal_tools import triage_of

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
DAY = timedelta(days=1)


def item(kind: str, name: str = "EDU", subject: str = "x:1", **seen: Any) -> Item:
    observation = Observation(
        kind=kind,
        source="",
        severity=Severity.HIGH,
        subject_type="",
        subject_id=subject,
        subject_name=name,
        **seen,
    )
    return Item(triage=triage_of(observation), seen=observation)


def title(kind: str, facts: dict[str, Any], **more: Any) -> str:
    return words.title(item(kind, facts=facts, **more), now=NOW, tz=UTC)


@pytest.mark.parametrize(
    ("kind", "name", "left", "expected"),
    [
        ("connector.expiring", "applePush", 5 * DAY, "Apple MDM push certificate expires in 5 days"),
        ("connector.expiring", "applePush", DAY, "Apple MDM push certificate expires in 1 day"),
        ("connector.expiring", "ade", 5 * DAY + DAY / 2, "Apple ADE token “EDU” expires in 5 days"),
        ("connector.expiring", "vpp", DAY / 4, "VPP token “EDU” expires in 6 hours"),
        ("connector.expired", "vpp", -3 * DAY, "VPP token “EDU” expired 3 days ago"),
        ("connector.expired", "credential", -DAY / 2, "Credential of this console has expired"),
    ],
)
def test_what_expires_says_when(kind: str, name: str, left: timedelta, expected: str) -> None:
    assert title(kind, {"connector": name, "expirationDateTime": (NOW + left).isoformat()}) == expected


def test_a_date_that_is_not_told_is_not_invented() -> None:
    assert title("connector.expiring", {"connector": "vpp"}) == "VPP token “EDU” expires soon"


def test_without_a_clock_a_day_is_named() -> None:
    alert = item("connector.expiring", facts={"connector": "vpp", "expirationDateTime": "2026-11-30T12:00:00Z"})
    assert words.title(alert, tz=UTC) == "VPP token “EDU” expires on 30 Nov"


@pytest.mark.parametrize(
    ("facts", "silent", "expected"),
    [
        (
            {"connector": "vpp", "failing": ["lastSyncDateTime"]},
            timedelta(hours=26),
            "VPP token “EDU”: no sync for 26 h",
        ),
        ({"connector": "vpp", "failing": ["lastSyncDateTime"]}, 4 * DAY, "VPP token “EDU”: no sync for 4 days"),
        (
            {"connector": "ndes", "failing": ["lastConnectionDateTime"]},
            None,
            "Certificate connector “EDU”: no sync yet",
        ),
        (
            {"connector": "vpp", "failing": ["state", "lastSyncDateTime"], "state": "AssignedToExternalMDM"},
            4 * DAY,
            "VPP token “EDU”: token is used by another MDM",
        ),
        (
            {"connector": "googlePlay", "failing": ["bindStatus"], "bindStatus": "notBound"},
            None,
            "Managed Google Play: no longer bound",
        ),
        ({"connector": "mtd", "failing": ["partnerState"], "partnerState": "new"}, None, "partnerState: new"),
        ({"connector": "ade", "failing": ["lastSyncErrorCode"], "lastSyncErrorCode": 3}, None, "sync error 3"),
    ],
)
def test_what_is_unhealthy_says_why(facts: dict[str, Any], silent: timedelta | None, expected: str) -> None:
    heard = None if silent is None else NOW - silent
    assert title("connector.unhealthy", facts, evidence_at=heard).endswith(expected)


def test_an_issue_of_the_service_is_told_by_its_title_and_number() -> None:
    told = item("service.incident", "Users cannot enrol", "IT812345", facts={"status": "ServiceInterruption"})
    assert words.title(told, now=NOW) == "Users cannot enrol (IT812345)"
    assert words.problem(told, now=NOW) == "service is interrupted"


@pytest.mark.parametrize(
    ("state", "expected"),
    [("LockedOut", "Intune subscription is locked out"), ("odd", "Intune subscription is in the state odd")],
)
def test_the_subscription(state: str, expected: str) -> None:
    assert title("tenant.subscription", {"value": state}) == expected


def test_failed_apps_and_enrolments_say_what_failed() -> None:
    app = Cause("app", "a1", "VPN client", code="0x87D1041C")
    reason = Cause("enrollment", "authentication", "authentication")
    assert title("app.install-failed", {}, causes=(app,)) == "EDU · VPN client not installed"
    assert title("enrollment.failed", {}, causes=(reason,)) == "EDU · enrolment failed: sign-in failed"
    assert title("app.install-failed", {}) == "EDU · app not installed"


@pytest.mark.parametrize(
    "kind", ["connector.expired", "connector.unhealthy", "service.advisory", "tenant.subscription"]
)
def test_an_alert_whose_evidence_is_lost_still_has_a_line(kind: str) -> None:
    lost = Item(triage=item(kind).triage)
    assert words.title(lost, now=NOW, tz=UTC)


def test_every_kind_and_source_has_words() -> None:
    from omconsole.domain.kinds import KINDS

    for kind in KINDS.values():
        if not kind.name.startswith("cause."):
            assert words.kind_word(kind.name) != kind.name
            alike = {"devices", "connectors", "subscription", "malware", "users"}
            assert words.source_word(kind.source) != kind.source or kind.source in alike
