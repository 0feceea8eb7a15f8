"""Causes, outages, connectors and tasks for the fake console, by the real law."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from omconsole.domain import causes as law
from omconsole.domain import triage
from omconsole.domain.changes import Change, Resource
from omconsole.domain.identity import item_key
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.domain.kinds import KINDS
from omconsole.domain.standings import CauseThresholds, Standing, standings

NOW = datetime(2025, 11, 22, 9, 41, tzinfo=UTC)
VERSION = Cause("compliance", "p1", "Win Compliance", "osMinimumVersion")
FLEET = 17_600


def plant(console: Any, kind: str, subject: tuple[str, str], name: str, **seen: Any) -> str:
    """Plant any item and return its id; `subject` is (type, id)."""
    source = KINDS[kind].source
    sub_key = seen.get("sub_key", "")
    key = item_key("contoso", source, KINDS[kind].family, *subject, sub_key)
    first = seen.pop("first_seen", NOW - timedelta(hours=2))
    shown = Observation(
        kind=kind,
        source=source,
        subject_type=subject[0],
        subject_id=subject[1],
        subject_name=name,
        first_seen=first,
        last_seen=NOW,
        severity=seen.pop("severity", Severity.MEDIUM),
        **seen,
    )
    console.ledger.observe(key, shown)
    event = triage.on_firing(console.ledger.triage.get(key), key, shown, first)
    assert event is not None
    console.apply(event)
    return str(console.ledger.triage[key].id)


def noncompliant(console: Any, count: int, *, first: int = 0, cause: Cause = VERSION) -> None:
    """Plant devices that share a cause."""
    for number in range(first, first + count):
        plant(
            console,
            "device.noncompliant",
            ("device", f"d{number}"),
            f"LAP-{number:04}",
            user=f"u{number % 300}@contoso.com",
            platform="Windows",
            facts={
                "osVersion": f"10.0.22621.{3880 + number % 7}",
                "model": f"Model {number % 9}",
                "managedDeviceOwnerType": "company",
            },
            causes=(cause,),
        )


def changed(console: Any, *, hours: float = 3) -> None:
    """Somebody has changed the policy."""
    properties = (("osMinimumVersion", "10.0.22621", "10.0.22631"),)
    console.ledger.changes["a1"] = Change(
        "a1",
        NOW - timedelta(hours=hours),
        "k-admin@contoso.com",
        "Patch DeviceCompliancePolicy",
        "Patch",
        resources=(Resource("DeviceCompliancePolicy", "p1", "Win Compliance", properties),),
    )


def find_causes(console: Any, *, now: datetime = NOW, fleet: int = FLEET) -> list[str]:
    """Let the law find the causes; return their ids."""
    ledger, thresholds = console.ledger, CauseThresholds()
    counting = standings(
        list(ledger.rows), under_stale=ledger.is_under_stale, held=ledger.causes_of, thresholds=thresholds
    )
    found: list[str] = []
    while True:
        try:
            next(counting)
        except StopIteration as end:
            all_of_them: list[Standing] = end.value
            break
    for standing in all_of_them:
        key = standing.key("contoso")
        touching = [
            (change, resource)
            for change in ledger.changes.values()
            for resource in change.resources
            if resource.id == standing.identity.id
        ]
        seen = law.observe(standing, ledger.seen.get(key), now, fleet=fleet, thresholds=thresholds, changes=touching)
        ledger.observe(key, seen)
        for event in law.decide(ledger.triage.get(key), key, seen, standing, now):
            console.apply(event)
        found.append(str(ledger.triage[key].id))
    ledger.settle()
    return found


def outage(console: Any) -> str:
    """Plant an incident that explains failed enrolments."""
    id_ = plant(
        console,
        "service.incident",
        ("serviceIssue", "IT812345"),
        "Users may be unable to enrol devices",
        severity=Severity.HIGH,
        first_seen=NOW - timedelta(minutes=70),
        facts={
            "service": "Microsoft Intune",
            "feature": "Device enrollment",
            "classification": "incident",
            "status": "investigating",
            "impactDescription": "<p>Users may be <b>unable</b> to enrol devices &amp; tokens.</p>",
            "startDateTime": "2025-11-22T08:31:00Z",
            "posts": [
                {"createdDateTime": "2025-11-22T09:20:00Z", "description": "<p>We have found the cause.</p>"},
                {"createdDateTime": "2025-11-22T08:49:00Z", "description": "We are looking into it."},
            ],
        },
    )
    for number in range(3):
        plant(
            console,
            "enrollment.failed",
            ("user", f"u{number}"),
            f"person{number}@contoso.com",
            sub_key="iOS",
            first_seen=NOW - timedelta(minutes=30),
            facts={"failureCategory": "unknown"},
        )
    console.ledger.settle()
    return id_


def apple_push(console: Any, *, days: int = 5) -> str:
    """Plant a certificate that ends soon."""
    ends = (NOW + timedelta(days=days, hours=7)).isoformat().replace("+00:00", "Z")
    return plant(
        console,
        "connector.expiring",
        ("connector", "applePushNotificationCertificate"),
        "Apple MDM push certificate",
        severity=Severity.CRITICAL,
        facts={"connector": "applePush", "expirationDateTime": ends, "appleIdentifier": "mdm@contoso.com"},
    )
