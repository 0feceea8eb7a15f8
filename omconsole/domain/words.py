"""What things are called in the user's language: items, labels, sources, refusals and events.

Everything here is translated when it is called, pure, and cheap enough for a row: nothing imports babel or humanize.
Times are aware; `tz` is the zone in which a day is named.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omconsole.domain.items import Label, Severity
from omconsole.i18n import _, ngettext, number, short_age

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo

    from omconsole.domain.events import Event
    from omconsole.domain.items import Item

NEVER_YEAR = 9999
"""Graph writes 9999-12-31 where a grace period has no end."""
_DAY_S = 86_400

_SEVERITIES: dict[Severity, Callable[[], str]] = {
    Severity.CRITICAL: lambda: _("critical"),
    Severity.HIGH: lambda: _("high"),
    Severity.MEDIUM: lambda: _("medium"),
    Severity.LOW: lambda: _("low"),
    Severity.INFO: lambda: _("info"),
}

_LABELS: dict[Label, Callable[[], str]] = {
    Label.SUPPRESSED: lambda: _("SUPPRESSED"),
    Label.FLAPPING: lambda: _("FLAPPING"),
    Label.SNOOZED: lambda: _("SNOOZED"),
    Label.RESOLVED: lambda: _("RESOLVED"),
    Label.ACK: lambda: _("ACK"),
    Label.CLEARED: lambda: _("CLEARED"),
    Label.BACKLOG: lambda: _("BACKLOG"),
    Label.REOPENED: lambda: _("REOPENED"),
    Label.NEW: lambda: _("NEW"),
    Label.OPEN: lambda: _("OPEN"),
}

_KINDS: dict[str, Callable[[], str]] = {
    "device.in-grace": lambda: _("in its grace period"),
    "device.compliance-error": lambda: _("compliance check failed"),
    "device.noncompliant": lambda: _("not compliant"),
    "device.stale": lambda: _("no check-in"),
    "device.unencrypted": lambda: _("not encrypted"),
    "device.jailbroken": lambda: _("jailbroken or rooted"),
    "device.threat": lambda: _("threat reported"),
    "device.certificate-expiring": lambda: _("management certificate ends soon"),
    "device.no-policy": lambda: _("no compliance policy"),
    "device.action-failed": lambda: _("remote action failed"),
    "policy.failed": lambda: _("policy not applied"),
    "policy.conflict": lambda: _("policies in conflict"),
    "protection.unhealthy": lambda: _("Defender not healthy"),
    "protection.firewall-off": lambda: _("firewall off"),
    "protection.malware": lambda: _("malware found"),
    "osupdate.failed": lambda: _("Windows update failed"),
    "osupdate.ring-paused": lambda: _("update ring paused"),
    "user.blocked": lambda: _("no compliant device left"),
    "user.no-licence": lambda: _("no Intune licence"),
    "user.device-limit": lambda: _("device limit reached"),
    "app-protection.failed": lambda: _("app protection failed"),
    "security.alert": lambda: _("alert from Defender"),
    "security.incident": lambda: _("incident in Defender"),
    "console.blind": lambda: _("sources cannot be read"),
    "cause.compliance": lambda: _("compliance cause"),
    "cause.app": lambda: _("app cause"),
    "cause.enrollment": lambda: _("enrolment cause"),
    "cause.policy": lambda: _("policy cause"),
    "cause.osupdate": lambda: _("OS update cause"),
    "cause.kind": lambda: _("many of one kind"),
    "app.install-failed": lambda: _("app not installed"),
    "enrollment.failed": lambda: _("enrolment failed"),
    "service.incident": lambda: _("incident at Microsoft"),
    "service.advisory": lambda: _("advisory from Microsoft"),
    "connector.expiring": lambda: _("expires soon"),
    "connector.expired": lambda: _("has expired"),
    "connector.unhealthy": lambda: _("does not work"),
    "tenant.subscription": lambda: _("is not in order"),
}

_SOURCES: dict[str, Callable[[], str]] = {
    "devices": lambda: _("devices"),
    "overview": lambda: _("fleet figures"),
    "messages": lambda: _("message center"),
    "service": lambda: _("service health"),
    "connectors": lambda: _("connectors"),
    "subscription": lambda: _("subscription"),
    "compliance": lambda: _("compliance reasons"),
    "apps": lambda: _("app installations"),
    "enrollment": lambda: _("enrolments"),
    "audit": lambda: _("audit log"),
    "nopolicy": lambda: _("devices without policy"),
    "policies": lambda: _("policy states"),
    "osupdates": lambda: _("Windows updates"),
    "defender": lambda: _("Defender agents"),
    "firewall": lambda: _("firewalls"),
    "malware": lambda: _("malware"),
    "users": lambda: _("users"),
    "security": lambda: _("Defender alerts"),
    "actions": lambda: _("remote actions"),
    "rule": lambda: _("the console's own rules"),
}

_CATEGORIES: dict[str, Callable[[], str]] = {
    "preventorfixissue": lambda: _("prevent or fix an issue"),
    "planforchange": lambda: _("plan for change"),
    "stayinformed": lambda: _("stay informed"),
}

_REFUSALS: dict[str, Callable[[], str]] = {
    "resolved": lambda: _("already resolved"),
    "acknowledged": lambda: _("already acknowledged"),
    "not acknowledged": lambda: _("nobody has acknowledged it"),
    "not resolved": lambda: _("not resolved"),
    "a reason is needed": lambda: _("it still fires: resolving it needs a reason"),
    "done": lambda: _("already done"),
    "not done": lambda: _("not done yet"),
    "a note needs text": lambda: _("a note needs text"),
    "seen": lambda: _("already opened by somebody"),
    "changed meanwhile": lambda: _("changed meanwhile"),
}

_REASONS: dict[str, Callable[[], str]] = {
    "fixed": lambda: _("fixed"),
    "object gone": lambda: _("the object is gone"),
    "aged out": lambda: _("too long ago to say anything"),
    "switched off": lambda: _("switched off in the settings"),
    "explained otherwise": lambda: _("its members have other causes now"),
    "nobody looked": lambda: _("cleared a day ago, and nobody looked"),
    "worse": lambda: _("it got worse"),
    "more devices": lambda: _("more devices"),
    "another platform": lambda: _("another platform"),
    "firing again": lambda: _("it fires again"),
}

_MONTHS: tuple[Callable[[], str], ...] = (
    lambda: _("Jan"),
    lambda: _("Feb"),
    lambda: _("Mar"),
    lambda: _("Apr"),
    lambda: _("May"),
    lambda: _("Jun"),
    lambda: _("Jul"),
    lambda: _("Aug"),
    lambda: _("Sep"),
    lambda: _("Oct"),
    lambda: _("Nov"),
    lambda: _("Dec"),
)


def severity_word(severity: Severity) -> str:
    """Return `critical`, `high`, `medium`, `low` or `info`."""
    return _SEVERITIES[severity]()


def label_word(label: Label) -> str:
    """Return the label in capitals, as lists show it."""
    return _LABELS[label]()


def kind_word(kind: str) -> str:
    """Return what is wrong, to stand after the subject's name; a kind without words is its own name."""
    words = _KINDS.get(kind)
    return words() if words else kind


def source_word(name: str) -> str:
    """Return what a source is called; one without words is its own name."""
    words = _SOURCES.get(name)
    return words() if words else name


def category_word(category: str) -> str:
    """Return Microsoft's category of a post in words; one without words is its own name."""
    words = _CATEGORIES.get(category.casefold())
    return words() if words else category or "–"


def uncovered_words(uncovered: Sequence[str]) -> str:
    """Return what a source is for and cannot tell here; empty where it tells all of it."""
    return _("Not covered: {what}").format(what=" ".join(uncovered)) if uncovered else ""


def reason_word(reason: str) -> str:
    """Return a rule's stable reason in words, and a person's own text as it is."""
    words = _REASONS.get(reason)
    return words() if words else reason


def refusal_words(reason: str, *, by: str | None = None, ago_s: float | None = None) -> str:
    """Return why a verb changes nothing: `already acknowledged by Anna, 12 m ago` (T3).

    Args:
        reason: the stable word of a `Refusal`.
        by: the display name of who was first.
        ago_s: how long ago that was, in seconds.
    """
    words = _REFUSALS.get(reason)
    said = words() if words else reason
    if by and ago_s is not None:
        return _("{reason} by {name}, {age} ago").format(reason=said, name=by, age=short_age(max(ago_s, 60)))
    return _("{reason} by {name}").format(reason=said, name=by) if by else said


def subject(item: Item) -> str:
    """Return the name of whom or what an item is about; its id while the source has not been read."""
    from omconsole.domain import cause_words, titles

    if item.is_cause:
        return cause_words.title(item)

    seen = item.seen
    return titles.subject(item) or (seen.subject_name if seen else "") or item.triage.subject_id


def problem(item: Item, *, now: datetime | None = None, tz: tzinfo = UTC) -> str:
    """Return what is wrong, in a few words: `not compliant`, `no check-in for 41 days`, `in grace until 30 Nov`."""
    from omconsole.domain import titles

    kind = item.triage.kind
    seen = item.seen
    if seen is not None and kind == "device.stale" and seen.evidence_at is not None and now is not None:
        days = int((now - seen.evidence_at).total_seconds() // _DAY_S)
        return ngettext("no check-in for {n} day", "no check-in for {n} days", days).format(n=number(days))
    if seen is not None and kind == "device.in-grace":
        end = moment(seen.facts.get("complianceGracePeriodExpirationDateTime"))
        if end is not None and end.year < NEVER_YEAR:
            return _("in grace until {day}").format(day=day(end, tz))
    return titles.problem(item, now=now, tz=tz) or kind_word(kind)


def title(item: Item, *, now: datetime | None = None, tz: tzinfo = UTC) -> str:
    """Return one line for an item: `LAP-0231 · not compliant`."""
    if item.is_cause:
        from omconsole.domain import cause_words

        return cause_words.title(item)
    from omconsole.domain import titles

    return titles.title(item, now=now, tz=tz) or f"{subject(item)} · {problem(item, now=now, tz=tz)}"


def day(at: datetime, tz: tzinfo) -> str:
    """Return a day within the year, short: `30 Nov`."""
    local = at.astimezone(tz)
    return _("{day} {month}").format(day=local.day, month=_MONTHS[local.month - 1]())


def moment(text: object) -> datetime | None:
    """Return the UTC time of an ISO 8601 text as Graph writes it, None when it is no such text."""
    if not isinstance(text, str) or len(text) < len("2025-01-01T00:00") or text[4:5] != "-":
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def actor_word(event: Event, persons: Mapping[str, str]) -> str:
    """Return who did it: a person's name, `somebody` once the name has been deleted, else the console's own part."""
    if event.actor_kind == "user":
        return persons.get(event.actor or "") or _("somebody")
    return {"poller": _("Graph"), "timer": _("timer"), "rule": _("rule")}[event.actor_kind]


def change_words(event: Event) -> str:
    """Return what an event did, without who: `acknowledged`, `severity: medium → high`, `note: called the user`."""
    change = _CHANGES.get(event.event)
    words = change(event) if change else event.event
    if event.why and event.event != "item.noted":
        from omconsole.domain.cause_words import worse_words

        worse = worse_words(event)
        if worse is not None:
            return _("{what}: {why}").format(what=words, why=worse)
        return _("{what}: {why}").format(what=words, why=reason_word(event.why))
    return words


def event_words(event: Event, persons: Mapping[str, str]) -> str:
    """Return an event as one line: `Anna Schmidt · acknowledged: called the user`."""
    return f"{actor_word(event, persons)} · {change_words(event)}"


def _severity_named(value: object) -> str:
    return severity_word(Severity(str(value))) if value in set(Severity) else str(value)


def _opened(event: Event) -> str:
    kind = kind_word(str(event.data.get("kind", "")))
    return _("opened: {kind}, {severity}").format(kind=kind, severity=_severity_named(event.data.get("severity")))


def _measured(event: Event) -> str:
    kind = kind_word(str(event.data.get("kind", "")))
    return _("now {kind}, {severity}").format(kind=kind, severity=_severity_named(event.data.get("severity")))


def _cleared(event: Event) -> str:
    return _("cleared and resolved") if event.to == "resolved" else _("cleared; it stays until somebody has seen it")


def _turned(event: Event) -> str:
    from omconsole.domain.checklist_words import evidence_words

    return evidence_words(event)


def _members(event: Event) -> str:
    from omconsole.domain.cause_words import members_words

    return members_words(event)


def _acked(event: Event) -> str:
    return _("acknowledged and resolved") if event.to == "resolved" else _("acknowledged")


_CHANGES: dict[str, Callable[[Event], str]] = {
    "item.opened": _opened,
    "item.changed": _measured,
    "item.members": _members,
    "item.fired": lambda _event: _("fires again"),
    "item.resolved": lambda _event: _("resolved"),
    "item.cleared": _cleared,
    "item.reopened": lambda _event: _("reopened"),
    "item.acked": _acked,
    "item.unacked": lambda _event: _("acknowledgement given back"),
    "item.noted": lambda event: _("note: {text}").format(text=event.why or ""),
    "item.seen": lambda _event: _("opened for the first time"),
    "checklist.evidence": _turned,
    "update.posted": lambda _event: _("published"),
    "update.revised": lambda _event: _("changed by Microsoft"),
    "update.read": lambda _event: _("read"),
    "update.done": lambda _event: _("done"),
    "update.reopened": lambda _event: _("taken up again"),
    "update.unread": lambda _event: _("marked unread"),
}
