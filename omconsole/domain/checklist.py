"""The checklist: what the seed asks for, red or green by evidence (mission.md M17-M20, triage.md "The other panes")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from omconsole.domain import checklist_evidence as pieces
from omconsole.domain.checklist_evidence import Evidence, Moment
from omconsole.domain.events import Event
from omconsole.domain.occurrences import Occurrence, Part
from omconsole.i18n import N_, _

if TYPE_CHECKING:
    from datetime import date, tzinfo

__all__ = ["AREAS", "TASKS", "Evidence", "Occurrence", "Part", "checklist", "evidence_events", "evidence_values"]

Area = Literal["planning", "helpdesk", "awareness", "training", "operations"]
Cadence = Literal["daily", "weekly", "monthly", "quarterly"]
State = Literal["scheduled", "due", "in-progress", "done", "skipped", "missed", "overdue"]
Values = Mapping[str, Mapping[str, bool]]
"""By template and part: whether its evidence is green."""


Piece = Callable[[Evidence, Moment], Part]


class Template(NamedTuple):
    """What comes again and again; `title` is an English msgid."""

    name: str
    title: str
    area: Area
    cadence: Cadence
    parts: tuple[Piece, ...]


TASKS: tuple[Template, ...] = (
    Template(
        "m17",
        N_("Monitoring procedures are in place"),
        "operations",
        "daily",
        (pieces.polling, pieces.duty, pieces.procedure),
    ),
    Template(
        "m18",
        N_("We are ready to react to important notices"),
        "operations",
        "daily",
        (pieces.notices, pieces.on_call, pieces.notification_test),
    ),
    Template("m19", N_("All admins know of feature updates"), "awareness", "weekly", (pieces.posts, pieces.roster)),
    Template(
        "m20",
        N_("The helpdesk knows what changes, platform by platform"),
        "helpdesk",
        "weekly",
        (pieces.audiences, pieces.platform_pages),
    ),
)
"""The seed's four starter items."""

AREAS: tuple[Template, ...] = (
    Template("planning", N_("Planning"), "planning", "quarterly", (pieces.questions, pieces.report)),
    Template("helpdesk", N_("Helpdesk"), "helpdesk", "weekly", (pieces.audiences, pieces.platform_pages)),
    Template("awareness", N_("Awareness"), "awareness", "weekly", (pieces.dates, pieces.posts, pieces.awareness_owner)),
    Template("training", N_("Training"), "training", "monthly", (pieces.material,)),
    Template("operations", N_("Operations"), "operations", "daily", (pieces.polling, pieces.criticals, pieces.issues)),
)
"""The seed's five focus areas: what the state knows of each in one place."""


def checklist(
    evidence: Evidence, now: datetime, tz: tzinfo, before: tuple[Occurrence, ...] = ()
) -> tuple[Occurrence, ...]:
    """Every task and area at its present time, tasks first.

    Args:
        evidence: what the state has.
        now: UTC.
        tz: the zone of days and weeks.
        before: an earlier answer; what did not change is the same object as in there.
    """
    known = {each.id: each for each in before}
    moment = Moment(now, tz)
    parts = {
        part: part(evidence, moment) for part in dict.fromkeys(each for row in (*TASKS, *AREAS) for each in row.parts)
    }
    found = [_occurrence(each, evidence, moment, parts, asks=True) for each in TASKS]
    found += [_occurrence(each, evidence, moment, parts, asks=False) for each in AREAS]
    return tuple(known[each.id] if known.get(each.id) == each else each for each in found)


def _occurrence(
    template: Template, evidence: Evidence, moment: Moment, found: Mapping[Piece, Part], *, asks: bool
) -> Occurrence:
    parts = tuple(found[piece] for piece in template.parts)
    values = [part.ok for part in parts]
    ok = False if False in values else None if None in values else True
    ever = evidence.ever.get(template.name, {})
    begin, end = _period(template.cadence, moment.now.astimezone(moment.tz).date())
    return Occurrence(
        id=f"{template.name}@{begin.isoformat()}",
        template=template.name,
        title=_(template.title),
        area=template.area,
        cadence=template.cadence,
        state="done" if ok else "due",
        due=datetime.combine(end, time(), moment.tz).astimezone(UTC),
        parts=parts,
        ok=ok,
        was_green=asks and any(part.ok is False and ever.get(part.name, False) for part in parts),
    )


def _period(cadence: Cadence, today: date) -> tuple[date, date]:
    """The first day of the period that a day is in, and the first one after it."""
    if cadence == "daily":
        return today, today + timedelta(days=1)
    if cadence == "weekly":
        begin = today - timedelta(days=today.weekday())
        return begin, begin + timedelta(days=7)
    months = 1 if cadence == "monthly" else 3
    first = (today.month - 1) // months * months
    begin = today.replace(month=first + 1, day=1)
    after = first + months
    return begin, begin.replace(year=begin.year + after // 12, month=after % 12 + 1)


def evidence_values(rows: tuple[Occurrence, ...]) -> dict[str, dict[str, bool]]:
    """By template and part what the tasks' evidence says; what nobody can know is left out."""
    tasks = {each.name for each in TASKS}
    return {
        row.template: {part.name: part.ok for part in row.parts if part.ok is not None}
        for row in rows
        if row.template in tasks
    }


def evidence_events(before: Values, now: Values) -> list[Event]:
    """What the history keeps of a round: the parts whose evidence turned (`checklist.evidence`).

    Args:
        before: the values after the last event; `Ledger.evidence` at the start, which says what was ever green.
        now: `evidence_values` after the round.

    A part that has never been green and is red is no change; one that nobody can know keeps its last value.
    """
    events = []
    for template, parts in now.items():
        known = before.get(template, {})
        turned = {name: ok for name, ok in parts.items() if ok != known.get(name, False)}
        if turned:
            events.append(Event(event="checklist.evidence", ref=template, data={"parts": turned}))
    return events
