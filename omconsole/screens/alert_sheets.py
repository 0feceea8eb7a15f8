"""A service incident and a connector in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from omconsole.domain import words
from omconsole.i18n import _, ngettext, number
from omconsole.screens.evidence import fact_name, instant, value
from omconsole.screens.finding import marked_by
from omconsole.screens.html import as_text
from omconsole.screens.lines import heading, paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omconsole.domain.items import Item
    from omconsole.screens.lines import Line
    from omconsole.screens.reading import Reading

CONNECTOR_DAYS = (60, 30, 14, 7)
"""Days left from which a certificate or token is low, medium, high, critical (design.md §3)."""
POSTS_TOLD = 10


class Post(NamedTuple):
    """What Microsoft wrote at a time."""

    when: str
    text: str


def incident(item: Item, reading: Reading) -> Iterator[Line]:
    """Yield the lines of a service incident or advisory."""
    facts = item.seen.facts if item.seen is not None else {}
    impact = facts.get("impactDescription")
    if impact:
        yield _("Impact"), Content.styled(as_text(str(impact)), "$ink-bright")
    yield (
        _("Service"),
        " · ".join(dict.fromkeys(str(facts[name]) for name in ("service", "feature") if facts.get(name))),
    )
    if facts.get("status"):
        yield _("At Microsoft"), value(facts["status"], reading)
    yield _("Began"), instant(words.moment(facts.get("startDateTime")), reading)
    ended = words.moment(facts.get("endDateTime"))
    if ended is not None:
        yield _("Ended"), instant(ended, reading)
    yield _("Explains"), explains(item, reading)


def explains(item: Item, reading: Reading) -> str:
    """Return how much folds under an incident, and what is only marked with it."""
    members = reading.snapshot.members.get(item.id, ())
    causes = sum(each.is_cause for each in members)
    behind = sum(each.triage.firing if each.is_cause else 1 for each in members)
    parts = [ngettext("{n} failure folds under it", "{n} failures fold under it", behind).format(n=number(behind))]
    if causes:
        parts.append(ngettext("{n} cause among them", "{n} causes among them", causes).format(n=number(causes)))
    marked = len(marked_by(reading.snapshot, item))
    if marked:
        text = ngettext("{n} critical stays in sight", "{n} criticals stay in sight", marked)
        parts.append(text.format(n=number(marked)))
    return " · ".join(parts) if members or marked else _("nothing that is open here")


def told(item: Item, reading: Reading) -> Content:
    """Return what Microsoft wrote, the newest first."""
    parts = [heading(_("Microsoft says"))]
    posts = _posts(item.seen.facts if item.seen is not None else {}, reading)
    for index, post in enumerate(posts):
        parts.append(Content.styled(f"{chr(10) if index else ''}{post.when}", "$ink-soft"))
        parts.append(Content.styled(post.text, "$ink"))
    if not posts:
        parts.append(paragraph(_("Nothing has been read yet.")))
    return Content("\n").join(parts)


def _posts(facts: Mapping[str, object], reading: Reading) -> list[Post]:
    raw = facts.get("posts")
    posts = []
    for each in (raw if isinstance(raw, list) else [])[:POSTS_TOLD]:
        at = words.moment(each.get("createdDateTime"))
        posts.append(Post(instant(at, reading), as_text(str(each.get("description") or ""))))
    return posts


def connector(item: Item, reading: Reading) -> Iterator[Line]:
    """Yield the lines of a connector: how long it still works, and which of Graph's fields says so."""
    facts = item.seen.facts if item.seen is not None else {}
    ends = words.moment(facts.get("expirationDateTime"))
    if ends is not None and item.triage.family == "connector.lifetime":
        yield _("Ends"), Content.assemble((days_left(item, reading), _tone(item)), (f" · {_field(facts)}", "$ink-dim"))
        yield _("On"), instant(ends, reading)
    failing = facts.get("failing")
    for name in failing if isinstance(failing, list) else ():
        shown = Content.styled(value(facts.get(name), reading), _tone(item))
        yield fact_name(str(name)), Content.assemble(shown, (f" · {name}", "$ink-dim"))
    heard = words.moment(facts.get("lastSyncDateTime"))
    if heard is not None:
        yield _("Last sync"), instant(heard, reading)


def days_left(item: Item, reading: Reading) -> str:
    """Return `5 days left`, or since when it has ended; empty where nothing ends."""
    ends = words.moment(item.seen.facts.get("expirationDateTime")) if item.seen is not None else None
    if ends is None:
        return ""
    if ends <= reading.now:
        return _("ended {age} ago").format(age=reading.age(ends))
    days = (ends - reading.now).days
    return ngettext("{n} day left", "{n} days left", days).format(n=number(days)) if days else _("less than a day left")


def severity_reason(item: Item, reading: Reading) -> str:
    """Return what makes an alert as severe as it is; empty where the rule's name says it."""
    if item.triage.kind == "connector.unhealthy":
        return _("medium without a sync for a day, high from 3 days or in a bad state")
    return limits(reading) if item.triage.family == "connector.lifetime" else ""


def limits(reading: Reading) -> str:
    """Return the days from which each severity holds."""
    source = reading.snapshot.source("connectors")
    days = source.thresholds.get("connector_days", CONNECTOR_DAYS) if source is not None else CONNECTOR_DAYS
    low, medium, high, critical = (number(int(each)) for each in days)
    text = _("low from {low} days, medium from {medium}, high from {high}, critical from {critical}")
    return text.format(low=low, medium=medium, high=high, critical=critical)


def _tone(item: Item) -> str:
    return f"bold $severity-{item.triage.severity.value}"


def _field(facts: Mapping[str, object]) -> str:
    """Graph's own name of the field that says when it ends."""
    ends = facts.get("expirationDateTime")
    return next(
        (name for name, raw in facts.items() if raw == ends and name != "expirationDateTime"), "expirationDateTime"
    )
