"""Causes: what many items have in common is one item itself (triage.md, "Causes"; identity in design.md §3).

`standings` has counted who is behind each; here is how bad that is, what it shows, and what follows for its item.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from omconsole.domain import triage as law
from omconsole.domain.changes import BEFORE_ONSET
from omconsole.domain.fold import fold
from omconsole.domain.instants import iso
from omconsole.domain.items import Condition, Handling, Observation, Severity
from omconsole.domain.kinds import kind_of
from omconsole.domain.standings import BY_KIND, subject_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omconsole.domain.changes import Change, Resource
    from omconsole.domain.events import Event
    from omconsole.domain.items import Triage
    from omconsole.domain.standings import CauseThresholds, Standing

HIGH_DEVICES = 50
HIGH_AT_LEAST = 10
CRITICAL_AT_LEAST = 50
"""Devices behind a cause (design.md §3): high from 1 % of the fleet, at least 10, or from 50; critical from 5 %, at
least 50."""
WORSE_BY = 50
WORSE_PERCENT = 1.0
"""A handled cause worsens past max(2 x, + 50, + 1 % of the fleet) since the verb."""
CURVE_POINTS = 24
CURVE_STEP = timedelta(minutes=1)
"""Counts within this time of each other are one point of the curve: the latest."""
CHANGES_SHOWN = 8
UNTOLD = frozenset({"DeviceManagementAPIVersion"})
"""Properties that every audit event carries and that say nothing about the change."""


def severity(standing: Standing, fleet: int, thresholds: CauseThresholds) -> Severity:
    """By share of the fleet (devices seen lately; 0 while unknown); of a kind's cause never below its worst member."""
    count = len(standing.devices)
    percent = 100.0 * count / fleet if fleet else 0.0
    if percent >= thresholds.critical_percent and count >= CRITICAL_AT_LEAST:
        found = Severity.CRITICAL
    elif count >= HIGH_DEVICES or (percent >= thresholds.high_percent and count >= HIGH_AT_LEAST):
        found = Severity.HIGH
    else:
        found = Severity.MEDIUM
    if standing.identity.kind == BY_KIND and standing.worst.rank > found.rank:
        return standing.worst
    return found


def limit(base: int, fleet: int) -> int:
    """The most devices behind a cause that is handled without its being worse."""
    return max(2 * base, base + WORSE_BY, base + int(fleet * WORSE_PERCENT / 100))


def observe(
    standing: Standing,
    before: Observation | None,
    now: datetime,
    *,
    fleet: int,
    thresholds: CauseThresholds,
    changes: Iterable[tuple[Change, Resource]] = (),
) -> Observation:
    """What the rule shows of a cause: how many, how it went, and who changed what before it began.

    `changes` are those that touched what the cause is about.
    """
    identity = standing.identity
    kind = kind_of(identity.kind)
    platforms = sorted(standing.platforms)
    fresh = Observation(
        kind=identity.kind,
        source=kind.source,
        severity=severity(standing, fleet, thresholds),
        subject_type=subject_type(identity.kind),
        subject_id=identity.id,
        sub_key=identity.sub_key,
        subject_name=standing.name or (before.subject_name if before is not None else identity.id),
        platform=platforms[0] if len(platforms) == 1 else None,
        first_seen=standing.onset,
        evidence_at=now,
        last_seen=now,
        facts={
            "setting": standing.setting or _kept(before, "setting"),
            "code": standing.code or _kept(before, "code"),
            "devices": len(standing.devices),
            "users": len(standing.users),
            "fleet": fleet,
            "platforms": platforms,
            "onset": iso(standing.onset) if standing.onset else None,
            "curve": _curve(before, len(standing.devices), now),
            "changes": _changes(standing.onset, changes, _kept(before, "changes") or []),
        },
    )
    if before is None:
        return fresh
    same = replace(fresh, evidence_at=before.evidence_at, last_seen=before.last_seen, first_seen=before.first_seen)
    return before if same == before else replace(fresh, first_seen=before.first_seen)


def decide(
    current: Triage | None,
    key: str,
    seen: Observation,
    standing: Standing,
    now: datetime,
    *,
    first_sweep: bool = False,
) -> list[Event]:
    """The events that follow for a cause that has members.

    `first_sweep`: its sources have just been swept for the first time, or not yet wholly; a backlog cause is measured
    from its count at the end of that.
    """
    platforms = sorted(standing.platforms)
    count = {"firing": len(standing.devices), "platforms": platforms}
    if current is None or not current.is_open or current.condition is Condition.CLEAR:
        event = law.on_firing(current, key, seen, now, backlog=standing.backlog)
        if event is None:
            return []
        if event.event == "item.opened":
            return [replace(event, data={**event.data, **count, "members": list(standing.members)})]
        return [replace(event, data={**event.data, **count, **(_moved(current, standing) if current else {})})]
    events = []
    moved = _moved(current, standing)
    if moved or current.firing != count["firing"] or list(current.platforms) != platforms:
        data: dict[str, Any] = {**moved, **count}
        if current.backlog and first_sweep:
            data["base"] = True
        event = law.event_of(current, "item.members", data=data)
        events.append(event)
        current = fold(current, event) or current
    follows = _worsened(current, seen) or _regraded(current, seen, first_sweep=first_sweep)
    if follows is None and not current.backlog:
        follows = law.on_firing(current, key, seen, now)
    if follows is not None:
        events.append(follows)
    return events


def _regraded(current: Triage, seen: Observation, *, first_sweep: bool) -> Event | None:
    """Another severity of a backlog cause: worse than at the end of the first sweep makes it live."""
    if not current.backlog or current.severity is seen.severity:
        return None
    data: dict[str, Any] = {"kind": seen.kind, "severity": seen.severity.value}
    base = current.base_severity or current.severity
    if first_sweep and law.may_be_backlog(seen):
        return law.event_of(current, "item.changed", data={**data, "base": True}, to=seen.severity.value)
    if seen.severity.rank > base.rank:
        data["backlog"] = False
        return law.event_of(current, "item.changed", data=data, to=seen.severity.value, why="worse")
    return law.event_of(current, "item.changed", data=data, to=seen.severity.value)


def _moved(current: Triage, standing: Standing) -> dict[str, Any]:
    then, now = set(current.members), set(standing.members)
    if then == now:
        return {}
    return {"joined": [each for each in standing.members if each not in then], "left": sorted(then - now)}


def _worsened(current: Triage, seen: Observation) -> Event | None:
    """More members than the limit, or another platform, since the last verb or the first sweep (T4, "Day one")."""
    if current.handling is not Handling.ACKED and not current.backlog:
        return None
    base = current.base_firing if current.base_firing is not None else current.firing
    fleet = int(seen.facts.get("fleet") or 0)
    data: dict[str, Any] = {"kind": seen.kind, "severity": seen.severity.value, "base": base, "now": current.firing}
    if current.firing > limit(base, fleet):
        why = "more devices"
        data["limit"] = limit(base, fleet)
    elif current.base_platforms and set(current.platforms) - set(current.base_platforms):
        why = "another platform"
        data["platforms"] = sorted(set(current.platforms) - set(current.base_platforms))
    else:
        return None
    if current.handling is Handling.ACKED:
        return law.event_of(current, "item.reopened", data=data, from_="acked", to="open", why=why)
    data["backlog"] = False
    return law.event_of(current, "item.changed", data=data, to=seen.severity.value, why=why)


def _curve(before: Observation | None, count: int, now: datetime) -> list[list[Any]]:
    """Counts over time, oldest first; the same count again is no point."""
    curve = [list(point) for point in (before.facts.get("curve") or [])] if before is not None else []
    if curve and curve[-1][1] == count:
        return curve
    if len(curve) > 1 and now - datetime.fromisoformat(curve[-1][0]) < CURVE_STEP:
        curve.pop()
    curve.append([iso(now), count])
    return curve[-CURVE_POINTS:]


def _kept(before: Observation | None, name: str) -> Any:
    return before.facts.get(name) if before is not None else None


def _changes(
    onset: datetime | None, changes: Iterable[tuple[Change, Resource]], known: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Who changed it: first those of the 24 hours before the onset, then the later ones, the newest of each first.

    What was known before stays, since the log is read anew by each process and reaches back a few days alone.
    """
    if onset is None:
        return list(known)
    told = {(each["at"], each["actor"], each["activity"], each["resource"]): each for each in known}
    for change, resource in changes:
        if change.at >= onset - BEFORE_ONSET:
            told[iso(change.at), change.actor, change.activity, resource.name] = {
                "at": iso(change.at),
                "actor": change.actor,
                "activity": change.activity,
                "operation": change.operation,
                "resource": resource.name,
                "properties": [list(each) for each in resource.properties if each[0] not in UNTOLD],
            }
    newest = sorted(told.values(), key=lambda each: str(each["at"]), reverse=True)
    begun = iso(onset)
    before = [each for each in newest if str(each["at"]) <= begun][:CHANGES_SHOWN]
    return before + [each for each in newest if str(each["at"]) > begun][: CHANGES_SHOWN - len(before)]
