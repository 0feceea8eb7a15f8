"""The law of triage.md: pure decisions, what event follows; rules cited as T1-T21. What an event does is in `fold`.

A decision returns events or a refusal, never an exception; the clock is an argument. Of the law this module holds
T1-T4, T9-T14, the notes and `seen` of T21, and the clear rule's confirmations; `causes` adds when a cause worsens.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from omconsole.domain.events import Actor, Event
from omconsole.domain.identity import item_id, successor_of
from omconsole.domain.instants import iso
from omconsole.domain.items import Condition, Handling, Observation, Severity, Triage, lingers
from omconsole.domain.kinds import NEVER_BACKLOG, kind_of

RECURS_WITHIN = {Severity.CRITICAL: timedelta(days=7), Severity.HIGH: timedelta(days=7)}
"""T12: a resolved item that fires again within this time is the same one; 24 h for every other severity."""
RECURS_WITHIN_DEFAULT = timedelta(hours=24)

FIXED = "fixed"
OBJECT_GONE = "object gone"
AGED_OUT = "aged out"
SWITCHED_OFF = "switched off"
EXPLAINED = "explained otherwise"
"""Reasons of a confirmed clear: the source says so; two complete sweeps no longer show the object; the last failure is
too long ago to say anything; the settings leave it out; the members of a cause have other causes now."""

CLEARED_FOR = timedelta(hours=24)
"""T10: what is CLEARED is resolved after this, whether anybody has seen it or not."""


class Refusal(msgspec.Struct, frozen=True):
    """Why a verb changes nothing. `reason` is a stable word; `by` and `at` say who was first."""

    reason: str
    by: str | None = None
    at: datetime | None = None
    already: bool = False
    """The wish is fulfilled already: an answer, not a failure."""


# --- what the poller finds ------------------------------------------------------------------------------------------


def on_firing(
    current: Triage | None, key: str, seen: Observation, now: datetime, *, backlog: bool = False
) -> Event | None:
    """The event that follows when a source shows a problem (T1, T4, T12, T13, a change of stage or severity).

    `backlog`: the source or kind has not been swept before, so that what opens was there before the console.
    """
    if current is None:
        return _opened(key, item_id(key), seen, now, previous=None, backlog=backlog and may_be_backlog(seen))
    if current.handling is Handling.RESOLVED:
        return _recurred(current, key, seen, now)
    if current.condition is Condition.CLEAR:
        return event_of(current, "item.fired", to="firing")
    if current.kind == seen.kind and current.severity is seen.severity:
        return None
    data: dict[str, Any] = {"kind": seen.kind, "severity": seen.severity.value}
    if current.handling is Handling.ACKED and _worse_than_acked(current, seen):
        return event_of(current, "item.reopened", data=data, from_="acked", to="open", why="worse")
    if current.backlog and _worse(current, seen):
        data["backlog"] = False
        return event_of(current, "item.changed", data=data, to=seen.severity.value, why="worse")
    return event_of(current, "item.changed", data=data, from_=current.severity.value, to=seen.severity.value)


def may_be_backlog(seen: Observation) -> bool:
    """Alerts, criticals and the kinds that nobody may put off are never backlog (triage.md, "Day one")."""
    never = seen.severity is Severity.CRITICAL or seen.kind in NEVER_BACKLOG
    return not never and kind_of(seen.kind).pane != "alerts"


def on_clear(current: Triage, reason: str) -> Event | None:
    """The event that follows a confirmed clear (T9, T10); `reason` is `FIXED` or `OBJECT_GONE`."""
    if current.condition is Condition.CLEAR or current.handling is Handling.RESOLVED:
        return None
    stays = current.handling is Handling.OPEN and lingers(current) and not current.backlog and reason != EXPLAINED
    to = "open" if stays else "resolved"
    return event_of(current, "item.cleared", from_=current.handling.value, to=to, why=reason)


def on_time(current: Triage, now: datetime) -> Event | None:
    """T10: what nobody has looked at since it cleared is resolved after `CLEARED_FOR`."""
    if current.handling is not Handling.OPEN or current.condition is not Condition.CLEAR or current.cleared_at is None:
        return None
    if now - current.cleared_at < CLEARED_FOR:
        return None
    event = event_of(current, "item.resolved", from_="open", to="resolved", why="nobody looked")
    return replace(event, actor_kind="timer")


def _opened(
    key: str, id_: str, seen: Observation, now: datetime, *, previous: str | None, backlog: bool = False
) -> Event:
    """`item.opened` carries everything of the item that is not observation."""
    data = {
        "kind": seen.kind,
        "source": seen.source,
        "severity": seen.severity.value,
        "subject_type": seen.subject_type,
        "subject_id": seen.subject_id,
        "sub_key": seen.sub_key,
        "first_seen": iso(seen.first_seen or now),
        "previous": previous,
        "backlog": backlog,
    }
    return Event(event="item.opened", item=id_, key=key, data=data, to="open", version=1)


def _recurred(current: Triage, key: str, seen: Observation, now: datetime) -> Event:
    """T12 or T13, by the time since it was resolved."""
    within = RECURS_WITHIN.get(seen.severity, RECURS_WITHIN_DEFAULT)
    if current.resolved_at is not None and now - current.resolved_at <= within:
        data = {"kind": seen.kind, "severity": seen.severity.value}
        return event_of(current, "item.reopened", data=data, from_="resolved", to="open", why="firing again")
    return _opened(key, item_id(key, successor_of(current.id)), seen, now, previous=current.id)


def _worse(current: Triage, seen: Observation) -> bool:
    return seen.severity.rank > current.severity.rank or kind_of(seen.kind).stage > kind_of(current.kind).stage


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


def resolve(current: Triage, actor: Actor, command_id: str, why: str | None) -> Event | Refusal:
    """T11: a person declares it over; `why` is required while it fires, and it comes back when it still does."""
    if current.handling is Handling.RESOLVED:
        return Refusal("resolved", at=current.resolved_at, already=True)
    if current.condition is not Condition.CLEAR and not why:
        return Refusal("a reason is needed")
    return _act(current, "item.resolved", actor, command_id, why, to="resolved")


def reopen(current: Triage, actor: Actor, command_id: str, why: str | None) -> Event | Refusal:
    """T14: a person wants it back."""
    if current.handling is not Handling.RESOLVED:
        return Refusal("not resolved", already=True)
    return _act(current, "item.reopened", actor, command_id, why, to="open")


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


def event_of(
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
    event = event_of(current, name, from_=current.handling.value, to=to, why=why)
    return replace(event, actor=actor.person, actor_kind=actor.kind, via=actor.via, command_id=command_id)
