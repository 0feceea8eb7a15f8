"""What the checklist's own words are called in the user's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.i18n import _, pgettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.domain.events import Event
    from omconsole.domain.occurrences import Occurrence, Part

_AREAS: dict[str, Callable[[], str]] = {
    "planning": lambda: _("Planning"),
    "helpdesk": lambda: _("Helpdesk"),
    "awareness": lambda: _("Awareness"),
    "training": lambda: _("Training"),
    "operations": lambda: _("Operations"),
}

_CADENCES: dict[str, Callable[[], str]] = {
    "daily": lambda: _("daily"),
    "weekly": lambda: _("weekly"),
    "monthly": lambda: _("monthly"),
    "quarterly": lambda: _("quarterly"),
}

_STATES: dict[str, Callable[[], str]] = {
    "scheduled": lambda: pgettext("checklist", "scheduled"),
    "due": lambda: pgettext("checklist", "due"),
    "in-progress": lambda: pgettext("checklist", "in progress"),
    "done": lambda: pgettext("checklist", "done"),
    "skipped": lambda: pgettext("checklist", "skipped"),
    "missed": lambda: pgettext("checklist", "missed"),
    "overdue": lambda: pgettext("checklist", "overdue"),
}

_PARTS: dict[str, Callable[[], str]] = {
    "polling": lambda: _("polling"),
    "duty": lambda: _("duty"),
    "procedure": lambda: _("procedure"),
    "notices": lambda: _("important notices"),
    "on-call": lambda: _("on call"),
    "test notification": lambda: _("test notification"),
    "roster": lambda: _("roster"),
    "posts": lambda: _("posts read"),
    "audiences": lambda: _("helpdesk told"),
    "platform pages": lambda: _("platform pages"),
    "questions": lambda: _("discovery questions"),
    "report": lambda: _("report"),
    "awareness owner": lambda: _("owner of awareness"),
    "dates": lambda: _("dates"),
    "material": lambda: _("training material"),
    "criticals": lambda: _("criticals"),
    "issues": lambda: _("issues"),
}


def area_word(area: str) -> str:
    """Return what a focus area is called; one without words is its own name."""
    words = _AREAS.get(area)
    return words() if words else area


def cadence_word(cadence: str) -> str:
    """Return how often a task comes; a cadence without words is its own name."""
    words = _CADENCES.get(cadence)
    return words() if words else cadence


def state_word(state: str) -> str:
    """Return where an occurrence stands; a state without words is its own name."""
    words = _STATES.get(state)
    return words() if words else state


def part_word(name: str) -> str:
    """Return what a piece of evidence is called; one without words is its own name."""
    words = _PARTS.get(name)
    return words() if words else name


def mark(ok: bool | None) -> str:
    """Return the sign of evidence: `✓` green, `✗` red, `?` while nobody can know."""
    return "?" if ok is None else "✓" if ok else "✗"


def part_line(part: Part) -> str:
    """Return one line: what the evidence says, and after a colon the command that supplies what is missing."""
    if part.command is None:
        return part.why
    return _("{why} Do: {command}").format(why=part.why, command=part.command)


def why(row: Occurrence) -> str:
    """Return the one line of a row: what is missing first and how to supply it, or what its evidence is."""
    missing = row.missing
    if missing is not None:
        return part_line(missing)
    return " ".join(part.why for part in row.parts)


def evidence_words(event: Event) -> str:
    """Return what a `checklist.evidence` event says: `polling: green; important notices: red`."""
    told = []
    for name, ok in event.data.get("parts", {}).items():
        pattern = _("{part}: green") if ok else _("{part}: red")
        told.append(pattern.format(part=part_word(name)))
    return "; ".join(told)
