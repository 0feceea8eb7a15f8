"""The law of triage.md: pure decisions (what event follows) and the fold (what an event does); rules cited as T1-T21.

A decision returns events or a refusal, never an exception; the clock is an argument. Of the law this module holds
T1, T2, T2a, T2b, T3, T4, T9, T10, T12, T13, the notes and `seen` of T21, and the clear rule's confirmations.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import Actor, Event
from omconsole.domain.identity import item_id, successor_of
from omconsole.domain.items import Condition, Handling, Observation, Severity, Triage, lingers
from omconsole.domain.kinds import kind_of

RECURS_WITHIN = {Severity.CRITICAL: timedelta(days=7), Severity.HIGH: timedelta(days=7)}
"""T12: a resolved item that fires again within this time is the same one; 24 h for every other severity."""
RECURS_WITHIN_DEFAULT = timedelta(hours=24)

FIXED = "fixed"
OBJECT_GONE = "object gone"
"""Reasons of a confirmed clear: the source says so, or two complete sweeps no longer show the object."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a verb changes nothing. `reason` is a stable word; `by` and `at` say who was first."""

    reason: str
    by: str | None = None
    at: datetime | None = None
    already: bool = False
    """The wish is fulfilled already: an answer, not a failure."""


# --- what the poller finds ------------------------------------------------------------------------------------------


def on_firing(current: Triage | None, key: str, seen: Observation, now: datetime) -> Event | None:
    """The event that follows when a source shows a problem (T1, T4, T12, T13, a change of stage or severity)."""
    if current is None:
        return _opened(key, item_id(key), seen, now, previous=None)
    if current.handling is Handling.RESOLVED:
        return _recurred(current, key, seen, now)
    if current.condition is Condition.CLEAR:
        return _event(current, "item.fired", to="firing")
    if current.kind == seen.kind and current.severity is seen.severity:
        return None
    data = {"kind": seen.kind, "severity": seen.severity.value}
    if current.handling is Handling.ACKED and _worse_than_acked(current, seen):
        return _event(current, "item.reopened", data=data, from_="acked", to="open", why="worse")
    return _event(current, "item.changed", data=data, from_=current.severity.value, to=seen.severity.value)


def on_clear(current: Triage, reason: str) -> Event | None:
    """The event that follows a confirmed clear (T9, T10); `reason` is `FIXED` or `OBJECT_GONE`."""
    if current.condition is Condition.CLEAR or current.handling is Handling.RESOLVED:
        return None
    to = "open" if current.handling is Handling.OPEN and lingers(current) else "resolved"
    return _event(current, "item.cleared", from_=current.handling.value, to=to, why=reason)


def _opened(key: str, id_: str, seen: Observation, now: datetime, *, previous: str | None) -> Event:
    """`item.opened` carries everything of the item that is not observation."""
    data = {
        "kind": seen.kind,
        "source": seen.source,
        "severity": seen.severity.value,
        "subject_type": seen.subject_type,
        "subject_id": seen.subject_id,
        "sub_key": seen.sub_key,
        "first_seen": _iso(seen.first_seen or now),
        "previous": previous,
    }
    return Event(event="item.opened", item=id_, key=key, data=data, to="open", version=1)


def _recurred(current: Triage, key: str, seen: Observation, now: datetime) -> Event:
    """T12 or T13, by the time since it was resolved."""
    within = RECURS_WITHIN.get(seen.severity, RECURS_WITHIN_DEFAULT)
    if current.resolved_at is not None and now - current.resolved_at <= within:
        data = {"kind": seen.kind, "severity": seen.severity.value, "firing": True}
        return _event(current, "item.reopened", data=data, from_="resolved", to="open", why="firing again")
    return _opened(key, item_id(key, successor_of(current.id)), seen, now, previous=current.id)


def _worse_than_acked(current: Triage, seen: Observation) -> bool:
    """T4: above the highest severity since the acknowledgement, or a later stage of the same family."""
    acked = current.acked_severity or current.severity
    stage = kind_of(current.kind).stage if current.acked_stage is None else current.acked_stage
    return seen.severity.rank > acked.rank or kind_of(seen.kind).stage > stage


# --- what people do -------------------------------------------------------------------------------------------------


def ack(current: Triage, actor: Actor, command_id: str, why: str | None) -> Event | Refusal:
    """T2, T2a, T3: take notice of an item; acknowledging what has cleared resolves it."""
    if current.handling is Handling.RESOLVED:
        return Refusal("resolved", at=current.resolved_at, already=True)
    if current.handling is Handling.ACKED:
        return Refusal("acknowledged", by=current.acked_by, at=current.acked_at, already=True)
    to = "resolved" if current.condition is Condition.CLEAR else "acked"
    return _act(current, "item.acked", actor, command_id, why, to=to)


def unack(current: Triage, actor: Actor, command_id: str, why: str | None) -> Event | Refusal:
    """T2b: give an acknowledgement back; the assignee stays."""
    if current.handling is not Handling.ACKED:
        return Refusal("not acknowledged", already=True)
    return _act(current, "item.unacked", actor, command_id, why, to="open")


def note(current: Triage, actor: Actor, command_id: str, why: str | None) -> Event | Refusal:
    """T21: write a note; `why` is its text."""
    if not why:
        return Refusal("a note needs text")
    return _act(current, "item.noted", actor, command_id, why, to=current.handling.value)


def seen(current: Triage, actor: Actor, command_id: str) -> Event | Refusal:
    """T21: somebody opened the item, so it is no longer NEW."""
    if current.touched:
        return Refusal("seen", already=True)
    return _act(current, "item.seen", actor, command_id, None, to=current.handling.value)


# --- the fold -------------------------------------------------------------------------------------------------------


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
    return replace(change(current, event), version=event.version or current.version + 1)


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
    )


def _fold_measure(current: Triage, event: Event) -> Triage:
    severity = Severity(event.data.get("severity", current.severity))
    kind = event.data.get("kind", current.kind)
    highest, latest = current.acked_severity, current.acked_stage
    if highest is not None and severity.rank > highest.rank:
        highest = severity
    if latest is not None:
        latest = max(latest, kind_of(kind).stage)
    return replace(current, kind=kind, severity=severity, acked_severity=highest, acked_stage=latest)


def _fold_fired(current: Triage, _event: Event) -> Triage:
    return replace(current, condition=Condition.FIRING, cleared_at=None)


def _fold_cleared(current: Triage, event: Event) -> Triage:
    resolved = event.to == "resolved"
    return replace(
        current,
        condition=Condition.CLEAR,
        cleared_at=event.at,
        handling=Handling.RESOLVED if resolved else current.handling,
        resolved_at=event.at if resolved else current.resolved_at,
    )


def _fold_reopened(current: Triage, event: Event) -> Triage:
    state = _fold_measure(current, event)
    again = bool(event.data.get("firing"))
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
    )


def _fold_acked(current: Triage, event: Event) -> Triage:
    resolved = event.to == "resolved"
    return replace(
        current,
        handling=Handling.RESOLVED if resolved else Handling.ACKED,
        resolved_at=event.at if resolved else None,
        acked_at=event.at,
        acked_by=event.actor,
        acked_severity=current.severity,
        acked_stage=kind_of(current.kind).stage,
        assignee=current.assignee or event.actor,
        touched=True,
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
    "item.fired": _fold_fired,
    "item.cleared": _fold_cleared,
    "item.reopened": _fold_reopened,
    "item.acked": _fold_acked,
    "item.unacked": _fold_unacked,
    "item.noted": _fold_noted,
    "item.seen": _fold_seen,
}


def _event(
    current: Triage,
    name: str,
    *,
    data: dict[str, Any] | None = None,
    from_: str | None = None,
    to: str | None = None,
    why: str | None = None,
) -> Event:
    return Event(
        event=name,
        item=current.id,
        key=current.key,
        data=data or {},
        from_=from_,
        to=to,
        why=why,
        version=current.version + 1,
    )


def _act(current: Triage, name: str, actor: Actor, command_id: str, why: str | None, *, to: str) -> Event:
    event = _event(current, name, from_=current.handling.value, to=to, why=why)
    return replace(event, actor=actor.person, actor_kind=actor.kind, via=actor.via, command_id=command_id)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
