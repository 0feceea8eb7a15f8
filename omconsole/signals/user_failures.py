"""What failed enrolments say of their users: no licence, or as many devices as somebody may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.signals.blocked import NOBODY, SOURCE, portal_of
from omconsole.signals.enrollment import over_since
from omconsole.signals.reading import Cleared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omconsole.signals.enrollment import Enrolled, Failure, Key
    from omconsole.signals.known import Known
    from omconsole.signals.parts import Part

DEVICE_LIMIT: Final = "user.device-limit"
NO_LICENCE: Final = "user.no-licence"
LIMIT_REASONS: Final = frozenset({"devicecapreached", "devicecap", "menroll_e_devicecapreached", "0x80180013"})
LICENCE_REASONS: Final = frozenset(
    {"userlicensetypeinvalid", "usernotlicensed", "menroll_e_user_license", "0x80180018", "androidlicenseforaccess"}
)
"""Graph's `failureReason`, in lower case; `knowledge.json` has the meaning of each."""


def newest_by_user(lasting: Mapping[Key, Failure], reasons: frozenset[str]) -> dict[str, Failure]:
    """Everybody's newest failure that is not over, of those with one of these reasons."""
    found: dict[str, Failure] = {}
    for (user, _sub_key), failure in lasting.items():
        if user == NOBODY or (failure.event.failure_reason or "").casefold() not in reasons:
            continue
        before = found.get(user)
        if before is None or failure.at > before.at:
            found[user] = failure
    return found


def observed(
    kind: str, user: str, name: str | None, failure: Failure | None, facts: Mapping[str, object] | None = None
) -> Observation:
    """What is shown of one user; with a failed enrolment behind it, it has that one's cause."""
    event = failure.event if failure else None
    category = (event.failure_category if event else None) or "unknown"
    at = failure.at if failure else None
    shown = name or (failure.user if failure else None)
    more = {
        "failureCategory": event.failure_category if event else None,
        "failureReason": event.failure_reason if event else None,
        "operatingSystem": event.operating_system if event else None,
        "eventDateTime": iso(at),
    }
    return Observation(
        kind=kind,
        source=SOURCE,
        severity=Severity.MEDIUM,
        subject_type="user",
        subject_id=user,
        subject_name=shown or user,
        user=shown,
        platform=(event.operating_system or None) if event else None,
        evidence_at=at,
        first_seen=at,
        facts={**{key: value for key, value in more.items() if value}, **(facts or {})},
        causes=(Cause("enrollment", category, category, code=event.failure_reason or None),) if event else (),
        portal_url=portal_of(user),
    )


def comes_of_failure(known: Known) -> bool:
    """Tells whether an item that fires was opened for an enrolment that failed."""
    return known.seen is not None and bool(known.seen.facts.get("failureReason"))


def end(known: Known, enrolled: Enrolled, now: datetime, part: Part) -> None:
    """End an item that a failed enrolment opened when that is over, or else let it stay; `now` is UTC."""
    triage, seen = known.triage, known.seen
    at = (seen.evidence_at if seen else None) or triage.opened_at
    reason = over_since(triage.subject_id, seen.platform if seen else None, at, enrolled, now)
    part.untold.add(triage.subject_id)
    if reason is not None:
        part.cleared.append(Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, reason))
