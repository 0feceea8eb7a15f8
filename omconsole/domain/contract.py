"""The JSON that scripts rely on (design.md §5). Times are ISO 8601 UTC; what is absent is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omconsole.domain.checklist_words import why
from omconsole.domain.instants import iso
from omconsole.domain.items import Handling
from omconsole.domain.words import title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from omconsole.domain.events import Event
    from omconsole.domain.health import SourceHealth
    from omconsole.domain.items import Item, Triage
    from omconsole.domain.occurrences import Occurrence
    from omconsole.domain.updates import Update


def item_json(
    item: Item,
    persons: Mapping[str, str],
    now: datetime,
    source: SourceHealth | None = None,
    *,
    parents: Iterable[Triage] = (),
    folded: int = 0,
) -> dict[str, Any]:
    """An alert or issue.

    Args:
        item: the row.
        persons: display names by opaque id.
        now: what ages in the title are told from, UTC.
        source: the health of its source.
        parents: what it folds under.
        folded: how many rows fold directly under it.
    """
    triage, seen = item.triage, item.seen
    return {
        "id": triage.id,
        "pane": triage.pane,
        "kind": triage.kind,
        "family": triage.family,
        "severity": triage.severity.value,
        "label": item.label.value,
        "condition": item.condition.value,
        "handling": triage.handling.value,
        "needs_action": item.needs_action,
        "backlog": triage.backlog,
        "title": title(item, now=now),
        "subject": {
            "type": triage.subject_type,
            "id": triage.subject_id,
            "name": seen.subject_name if seen else None,
        },
        "user": seen.user if seen else None,
        "platform": seen.platform if seen else None,
        "causes": [
            {"type": cause.type, "id": cause.id, "name": cause.name, "setting": cause.setting, "code": cause.code}
            for cause in (seen.causes if seen else ())
        ],
        "members": _members(item, folded),
        "suppressed_by": list(item.suppressed_by),
        "covered_by": _covered_by(parents),
        "detached": triage.detached,
        "first_seen": iso(triage.first_seen),
        "last_seen": iso(item.last_seen(source.last_sweep if source else None)),
        "evidence_at": iso(seen.evidence_at) if seen else None,
        "opened_at": iso(triage.opened_at),
        "acked_at": iso(triage.acked_at),
        "acked_by": _name(triage.acked_by, persons),
        "assignee": _name(triage.assignee, persons),
        "snoozed_until": iso(triage.snoozed_until),
        "resolved_at": iso(triage.resolved_at),
        "count": 1 + triage.reopened,
        "previous": triage.previous,
        "starred": triage.starred,
        "flapping": triage.flapping_since is not None,
        "escalation": triage.escalation,
        "reopened": triage.reopened,
        "source": triage.source,
        "portal_url": seen.portal_url if seen else None,
        "version": triage.version,
    }


def _members(item: Item, folded: int) -> dict[str, int] | None:
    """Of a cause its items and the distinct devices behind them; of a stale device or an outage what folds under it."""
    if item.is_cause:
        return {"count": len(item.triage.members), "firing": item.triage.firing}
    return {"count": folded, "firing": folded} if folded else None


def _covered_by(parents: Iterable[Triage]) -> str | None:
    """The verb that the row is covered by: the handling of the first of its parents that is not open."""
    return next((each.handling.value for each in parents if each.handling is not Handling.OPEN), None)


def update_json(update: Update, now: datetime) -> dict[str, Any]:
    """A post of the update feed; `now` is UTC."""
    post = update.post
    return {
        "id": post.id,
        "pane": "updates",
        "title": post.title,
        "category": post.category,
        "triage": post.triage,
        "severity": post.severity,
        "services": list(post.services),
        "platforms": list(post.platforms),
        "tags": list(post.tags),
        "published": iso(post.published),
        "changed": iso(post.changed),
        "act_by": iso(post.act_by),
        "act_by_source": "graph" if post.act_by else None,
        "read": update.read,
        "done": update.done,
        "needs_action": update.needs_action(now),
        "backlog": update.backlog,
        "revised": update.revised,
        "starred": update.starred,
        "owner": None,
        "audiences": {},
        "url": f"https://admin.microsoft.com/#/MessageCenter/:/messages/{post.id}",
        "version": 1,
    }


def occurrence_json(row: Occurrence) -> dict[str, Any]:
    """A task of the checklist. Its evidence is found by the console itself, part by part."""
    return {
        "id": row.id,
        "pane": "checklist",
        "template": row.template,
        "title": row.title,
        "area": row.area,
        "cadence": row.cadence,
        "state": row.state,
        "needs_action": row.needs_action,
        "due": iso(row.due),
        "owner": row.owner,
        "done_by": None,
        "done_at": None,
        "evidence": {
            "kind": "auto",
            "ok": row.ok,
            "why": why(row),
            "parts": [
                {"name": part.name, "ok": part.ok, "why": part.why, "command": part.command} for part in row.parts
            ],
        },
        "version": row.version,
    }


def source_json(source: SourceHealth, now: datetime) -> dict[str, Any]:
    """How fresh a source is."""
    return {
        "name": source.name,
        "state": source.state(now),
        "since": iso(source.since),
        "last_ok": iso(source.last_ok),
        "last_sweep": iso(source.last_sweep),
        "interval_s": source.interval_s,
        "error": source.error,
        "needs": list(source.needs),
        "uncovered": list(source.uncovered),
        "items": source.items,
    }


def event_json(event: Event, persons: Mapping[str, str]) -> dict[str, Any]:
    """A line of the history, with names in place of opaque ids where they are still known."""
    return {
        "v": event.v,
        "seq": event.seq,
        "at": iso(event.at),
        "event": event.event,
        "item": event.item,
        "key": event.key,
        "data": event.data,
        "actor": _name(event.actor, persons),
        "actor_kind": event.actor_kind,
        "via": event.via,
        "command_id": event.command_id,
        "from": event.from_,
        "to": event.to,
        "why": event.why,
        "until": iso(event.until),
        "ref": event.ref,
        "version": event.version,
        "prev_hash": event.prev_hash,
    }


def _name(person: str | None, persons: Mapping[str, str]) -> str | None:
    return None if person is None else persons.get(person, person)
