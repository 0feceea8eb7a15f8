"""What an event does to an item: replaying an item's events rebuilds its triage state exactly."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from omconsole.domain.items import Condition, Handling, Severity, Triage
from omconsole.domain.kinds import kind_of

if TYPE_CHECKING:
    from omconsole.domain.events import Event


def fold(current: Triage | None, event: Event) -> Triage | None:
    """The state after an event. Replaying an item's events rebuilds it exactly.

    An event that this version does not know, or whose data are not as it knows them, changes nothing: the history keeps
    it for the program that wrote it.
    """
    if event.event == "item.opened":
        try:
            return _fold_opened(event)
        except (KeyError, TypeError, ValueError):
            return current
    change = _FOLDS.get(event.event)
    if current is None or change is None:
        return current
    try:
        after = change(current, event)
    except (KeyError, TypeError, ValueError):
        return current
    return replace(after, version=event.version or current.version + 1)


def _fold_opened(event: Event) -> Triage:
    data = event.data
    assert event.key is not None
    assert event.item is not None
    assert event.at is not None
    return Triage(
        key=event.key,
        id=event.item,
        kind=data["kind"],
        source=data["source"],
        subject_type=data["subject_type"],
        subject_id=data["subject_id"],
        sub_key=data.get("sub_key") or "",
        severity=Severity(data["severity"]),
        condition=Condition.FIRING,
        handling=Handling.OPEN,
        first_seen=datetime.fromisoformat(data["first_seen"]),
        opened_at=event.at,
        version=event.version or 1,
        previous=data.get("previous"),
        backlog=bool(data.get("backlog")),
        members=tuple(data.get("members", ())),
        firing=data.get("firing", 0),
        platforms=tuple(data.get("platforms", ())),
        base_firing=data.get("firing"),
        base_platforms=tuple(data.get("platforms", ())),
        base_severity=Severity(data["severity"]) if "members" in data else None,
    )


def _fold_measure(current: Triage, event: Event) -> Triage:
    severity = Severity(event.data.get("severity", current.severity))
    kind = event.data.get("kind", current.kind)
    highest, latest = current.acked_severity, current.acked_stage
    if highest is not None and severity.rank > highest.rank:
        highest = severity
    if latest is not None:
        latest = max(latest, kind_of(kind).stage)
    state = replace(current, kind=kind, severity=severity, acked_severity=highest, acked_stage=latest)
    if event.data.get("backlog") is False:
        state = replace(_measured_from_now(state), backlog=False, touched=False)
    return _measured_from_now(state) if event.data.get("base") is True else state


def _measured_from_now(current: Triage) -> Triage:
    """The worsening of a cause is measured from here on (triage.md, "Causes")."""
    if not current.is_cause:
        return current
    firing, platforms, severity = current.firing, current.platforms, current.severity
    return replace(current, base_firing=firing, base_platforms=platforms, base_severity=severity)


def _fold_members(current: Triage, event: Event) -> Triage:
    """Members that joined or left a cause, and how many devices are behind it now."""
    data = event.data
    members = dict.fromkeys(current.members)
    for left in data.get("left", ()):
        members.pop(left, None)
    members.update(dict.fromkeys(data.get("joined", ())))
    state = replace(
        current,
        members=tuple(members),
        firing=data.get("firing", current.firing),
        platforms=tuple(data.get("platforms", current.platforms)),
    )
    return _measured_from_now(state) if data.get("base") else state


def _fold_fired(current: Triage, event: Event) -> Triage:
    return _fold_members(replace(current, condition=Condition.FIRING, cleared_at=None), event)


def _fold_cleared(current: Triage, event: Event) -> Triage:
    resolved = event.to == "resolved"
    return replace(
        current,
        condition=Condition.CLEAR,
        cleared_at=event.at,
        handling=Handling.RESOLVED if resolved else current.handling,
        resolved_at=event.at if resolved else current.resolved_at,
        detached=False,
        members=(),
        firing=0,
    )


def _fold_reopened(current: Triage, event: Event) -> Triage:
    again = event.why == "firing again" and event.actor_kind == "poller"
    state = _fold_measure(current, event)
    if again and state.is_cause:
        state = _fold_members(state, event)
    return _measured_from_now(_reopened(state, event, again=again))


def _reopened(state: Triage, event: Event, *, again: bool) -> Triage:
    return replace(
        state,
        handling=Handling.OPEN,
        condition=Condition.FIRING if again else state.condition,
        opened_at=event.at if again and event.at else state.opened_at,
        cleared_at=None if again else state.cleared_at,
        resolved_at=None,
        acked_at=None,
        acked_by=None,
        acked_severity=None,
        acked_stage=None,
        reopened=state.reopened + 1,
        backlog=False,
    )


def _fold_acked(current: Triage, event: Event) -> Triage:
    resolved = event.to == "resolved"
    return replace(
        _measured_from_now(current),
        handling=Handling.RESOLVED if resolved else Handling.ACKED,
        resolved_at=event.at if resolved else None,
        acked_at=event.at,
        acked_by=event.actor,
        acked_severity=current.severity,
        acked_stage=kind_of(current.kind).stage,
        assignee=current.assignee or event.actor,
        touched=True,
        backlog=False,
        detached=not resolved and detaches(current),
    )


def detaches(current: Triage) -> bool:
    """A verb given to a member itself takes it out of folding; causes and alerts are nobody's members."""
    return current.pane == "issues" and not current.is_cause and current.condition is Condition.FIRING


def _fold_resolved(current: Triage, event: Event) -> Triage:
    return replace(
        _measured_from_now(current),
        handling=Handling.RESOLVED,
        resolved_at=event.at,
        touched=current.touched or event.actor_kind == "user",
        backlog=False,
        detached=event.actor_kind == "user" and detaches(current),
    )


def _fold_unacked(current: Triage, _event: Event) -> Triage:
    return replace(
        current,
        handling=Handling.OPEN,
        acked_at=None,
        acked_by=None,
        acked_severity=None,
        acked_stage=None,
        touched=True,
    )


def _fold_noted(current: Triage, _event: Event) -> Triage:
    return replace(current, notes=current.notes + 1, touched=True)


def _fold_seen(current: Triage, _event: Event) -> Triage:
    return replace(current, touched=True)


_FOLDS = {
    "item.changed": _fold_measure,
    "item.members": _fold_members,
    "item.fired": _fold_fired,
    "item.cleared": _fold_cleared,
    "item.reopened": _fold_reopened,
    "item.acked": _fold_acked,
    "item.unacked": _fold_unacked,
    "item.resolved": _fold_resolved,
    "item.noted": _fold_noted,
    "item.seen": _fold_seen,
}
