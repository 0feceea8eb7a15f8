"""Causes: what many items have in common is one item itself (triage.md, "Causes"; identity in design.md §3).

`standings` counts, in steps; `decide` says what follows for one cause; both are pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from omconsole.domain import triage as law
from omconsole.domain.changes import BEFORE_ONSET
from omconsole.domain.fold import fold
from omconsole.domain.identity import ID_LENGTH, item_key
from omconsole.domain.items import Condition, Handling, Observation, Severity
from omconsole.domain.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from omconsole.domain.changes import Change
    from omconsole.domain.events import Event
    from omconsole.domain.items import Cause, Item, Triage

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
BY_KIND = "cause.kind"


class CauseThresholds(msgspec.Struct, frozen=True):
    """From how many firing items a cause opens, and its severity by share of the fleet in percent."""

    minimum: int = 5
    high_percent: float = 1.0
    critical_percent: float = 5.0


class CauseId(msgspec.Struct, frozen=True):
    """What makes a cause the same: its kind, what Graph calls it, and the setting, code or platform."""

    kind: str
    id: str
    sub_key: str


class Standing(msgspec.Struct):
    """A cause as it stands now: who is behind it."""

    identity: CauseId
    name: str
    setting: str | None = None
    code: str | None = None
    members: list[str] = []
    """The first characters of their keys."""
    devices: set[str] = set()
    """Distinct subjects: devices, or users where there is no device."""
    users: set[str] = set()
    platforms: set[str] = set()
    worst: Severity = Severity.INFO
    onset: datetime | None = None
    backlog: bool = True
    """All members are."""

    def add(self, item: Item) -> None:
        """Count a member."""
        triage, seen = item.triage, item.seen
        self.members.append(triage.key[:ID_LENGTH])
        self.devices.add(triage.subject_id)
        if seen is not None and seen.user:
            self.users.add(seen.user)
        if seen is not None and seen.platform:
            self.platforms.add(seen.platform)
        if triage.severity.rank > self.worst.rank:
            self.worst = triage.severity
        if self.onset is None or triage.first_seen < self.onset:
            self.onset = triage.first_seen
        self.backlog = self.backlog and triage.backlog

    def key(self, tenant: str) -> str:
        """The identity of the cause's item."""
        identity = self.identity
        kind = kind_of(identity.kind)
        return item_key(tenant, kind.source, kind.family, subject_type(identity.kind), identity.id, identity.sub_key)


def subject_type(kind: str) -> str:
    """What a cause of this kind is about."""
    subjects = {"compliance": "policy", "policy": "policy", "app": "app", "osupdate": "policy", "kind": "kind"}
    return subjects.get(kind.removeprefix("cause."), "cause")


def standings(
    rows: Sequence[Item],
    *,
    under_stale: Callable[[Item], bool],
    is_firing: Callable[[CauseId], bool],
    thresholds: CauseThresholds,
) -> Generator[None, None, list[Standing]]:
    """Count every cause over the open items, in steps of about a millisecond.

    Args:
        rows: open items of all panes.
        under_stale: tells which fold under a stale device; they are not counted.
        is_firing: tells whether a cause's item fires now: one that does goes on until its last member is gone.
    """
    shared: dict[CauseId, Standing] = {}
    members: list[Item] = []
    for index, item in enumerate(rows):
        if _may_be_member(item) and not under_stale(item):
            members.append(item)
            for cause in _causes(item):
                _standing(shared, cause).add(item)
        if index % 100 == 99:
            yield
    holds = {
        identity
        for identity, standing in shared.items()
        if len(standing.members) >= thresholds.minimum or is_firing(identity)
    }
    kinds: dict[CauseId, Standing] = {}
    for index, item in enumerate(members):
        if _stands_alone(item, holds):
            identity = CauseId(BY_KIND, item.triage.kind, (item.seen.platform if item.seen is not None else None) or "")
            kinds.setdefault(identity, Standing(identity, identity.id)).add(item)
        if index % 100 == 99:
            yield
    return [
        *(shared[identity] for identity in holds),
        *(each for key, each in kinds.items() if len(each.members) >= thresholds.minimum or is_firing(key)),
    ]


def _causes(item: Item) -> tuple[Cause, ...]:
    return item.seen.causes if item.seen is not None else ()


def _stands_alone(item: Item, holds: set[CauseId]) -> bool:
    """It needs action by itself, and shares no cause that holds."""
    if not item.triage.would_need_action or item.triage.detached:
        return False
    return not any(_of(cause) in holds for cause in _causes(item))


def _of(cause: Cause) -> CauseId:
    return CauseId(f"cause.{cause.type}", cause.id, cause.setting or cause.code or "")


def _standing(shared: dict[CauseId, Standing], cause: Cause) -> Standing:
    identity = _of(cause)
    if identity not in shared:
        shared[identity] = Standing(identity, cause.name, cause.setting, cause.code)
    return shared[identity]


def _may_be_member(item: Item) -> bool:
    triage = item.triage
    return triage.pane == "issues" and not triage.is_cause and triage.condition is Condition.FIRING


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
    changes: Iterable[Change] = (),
) -> Observation:
    """What the rule shows of a cause: how many, how it went, and who changed what before it began."""
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
        subject_name=standing.name,
        platform=platforms[0] if len(platforms) == 1 else None,
        first_seen=standing.onset,
        evidence_at=now,
        last_seen=now,
        facts={
            "setting": standing.setting,
            "code": standing.code,
            "devices": len(standing.devices),
            "users": len(standing.users),
            "fleet": fleet,
            "platforms": platforms,
            "onset": _iso(standing.onset) if standing.onset else None,
            "curve": _curve(before, len(standing.devices), now),
            "changes": _changes(identity, standing.onset, changes),
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
    follows = _worsened(current, seen) or law.on_firing(current, key, seen, now)
    if follows is not None:
        events.append(follows)
    return events


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
    curve.append([_iso(now), count])
    return curve[-CURVE_POINTS:]


def _changes(identity: CauseId, onset: datetime | None, changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Who changed this policy or app from 24 h before the onset on, the newest first."""
    if onset is None:
        return []
    since = onset - BEFORE_ONSET
    found = [
        (change, resource)
        for change in changes
        if change.at >= since
        for resource in change.resources
        if resource.id == identity.id
    ]
    found.sort(key=lambda each: (each[0].at, each[0].id), reverse=True)
    return [
        {
            "at": _iso(change.at),
            "actor": change.actor,
            "activity": change.activity,
            "operation": change.operation,
            "resource": resource.name,
            "properties": [list(each) for each in resource.properties if each[0] not in UNTOLD],
        }
        for change, resource in found[:CHANGES_SHOWN]
    ]


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
