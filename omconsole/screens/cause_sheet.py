"""A cause in words: how many, how it went, why it is so severe, what its members share, and who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from omconsole.domain import words
from omconsole.domain.causes import CRITICAL_AT_LEAST, HIGH_AT_LEAST, HIGH_DEVICES, limit
from omconsole.domain.items import Condition, Handling, Severity
from omconsole.domain.standings import BY_KIND
from omconsole.i18n import _, decimal, ngettext, number, percent
from omconsole.screens.columns import LEAST_SPREAD
from omconsole.screens.course import course_words, evenly, points
from omconsole.screens.evidence import fact_name, instant, value
from widgets.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from omconsole.domain.items import Item
    from omconsole.domain.sharing import Shared
    from omconsole.screens.lines import Line
    from omconsole.screens.reading import Reading

CURVE_CELLS = 24
ACTIVE_DAYS = 30
"""Days within which a device was seen that counts as one of the fleet, while its source has not said otherwise."""
CHANGES_TOLD = 3
"""Changes that are told before the others are counted."""


def headline(item: Item, reading: Reading) -> Content:
    """Return how many, and which way it goes."""
    facts = _facts(item)
    devices, users, fleet = item.triage.firing, int(facts.get("users") or 0), int(facts.get("fleet") or 0)
    parts = [ngettext("{n} device", "{n} devices", devices).format(n=number(devices))]
    if users:
        parts[0] += ", " + ngettext("{n} person", "{n} people", users).format(n=number(users))
    if fleet:
        parts.append(_("{share} of the fleet").format(share=percent(100 * devices / fleet)))
    course = course_words(points(item), reading.now)
    return Content.assemble((parts[0], "bold $ink-bright"), (" · ".join(["", *parts[1:], course]), "$ink-soft"))


def about(item: Item, common: Sequence[Shared], reading: Reading) -> Iterator[Line]:
    """Yield the lines of a cause, the telling ones first."""
    yield from changes(item, reading)
    if common:
        yield _("In common"), shared_words(common, reading)
    yield _("Severity"), severity(item, reading)
    yield _("Since"), instant(item.triage.first_seen, reading)
    curve = points(item)
    if len(curve) > 1:
        counts_ = evenly(curve, reading.now, CURVE_CELLS)
        bars = sparkline(counts_, CURVE_CELLS, least_spread=LEAST_SPREAD * max(counts_))
        span = _("since {time}").format(time=reading.since(curve[0][0]))
        counts = f"{number(curve[0][1])} → {number(curve[-1][1])}"
        yield _("Course"), Content.assemble((bars, "$ink"), (f"  {counts} {span}", "$ink-soft"))
    yield _("Handling"), handling(item, reading)
    alarms = alarms_again(item)
    if alarms:
        yield _("Alarms again"), alarms
    if item.triage.platforms:
        yield _("Platform"), ", ".join(item.triage.platforms)


def changes(item: Item, reading: Reading) -> Iterator[Line]:
    """Yield who changed what in the day before it began, the newest first."""
    found: Sequence[Mapping[str, Any]] = _facts(item).get("changes") or ()
    label = _("Who changed what")
    for change in found[:CHANGES_TOLD]:
        at = words.moment(change.get("at"))
        when = reading.stamp(at) if at else "–"
        what = " · ".join(str(change[name]) for name in ("activity", "resource") if change.get(name))
        yield label, Content.assemble((f"{when}  ", "$ink-soft"), (str(change.get("actor") or "–"), "$ink-bright"))
        yield "", Content.styled(what, "$ink")
        properties = change.get("properties")
        for name, old, new in properties if isinstance(properties, list) else ():
            yield "", Content.assemble((f"{name}  {old or '–'} → ", "$ink"), (str(new or "–"), "bold $ink-bright"))
        label = ""
    if len(found) > CHANGES_TOLD:
        more = len(found) - CHANGES_TOLD
        yield "", ngettext("and {n} more change", "and {n} more changes", more).format(n=number(more))
    if not found and item.triage.kind in {"cause.compliance", "cause.policy", "cause.app", "cause.osupdate"}:
        yield label, Content.styled(_("no change is known of the 24 hours before"), "$ink-dim")


def shared_words(common: Sequence[Shared], reading: Reading) -> str:
    """Return `OS version 10.0.22621 (98 %) · Model differs`."""
    parts = []
    for each in common:
        name = fact_name(each.name)
        if each.value is None:
            parts.append(_("{name} differs").format(name=name))
        else:
            share = decimal(100 * each.share, 0)
            text = _("{name} {value} ({share} %)")
            parts.append(text.format(name=name, value=value(each.value, reading), share=share))
    return " · ".join(parts)


def severity(item: Item, reading: Reading) -> Content:
    """Return the severity and the figures that it follows from."""
    found = item.triage.severity
    word = Content.styled(words.severity_word(found), f"bold $severity-{found.value}")
    return Content.assemble(word, (f" · {severity_reason(item, reading)}", "$ink-soft"))


def severity_reason(item: Item, reading: Reading) -> str:
    """Return `1,100 of 17,600 devices seen within 30 days: 6.3 %; critical from 5 %`."""
    high_from, critical_from = reading.cause_percents
    devices, fleet = item.triage.firing, int(_facts(item).get("fleet") or 0)
    if not fleet:
        return _("the fleet has not been counted yet; high from {n} devices").format(n=number(HIGH_DEVICES))
    source = reading.snapshot.source("devices")
    days = int(source.thresholds.get("stale_days", (ACTIVE_DAYS,))[0]) if source is not None else ACTIVE_DAYS
    share = 100 * devices / fleet
    count = _("{n} of {fleet} devices seen within {days} days: {share}").format(
        n=number(devices), fleet=number(fleet), days=number(days), share=percent(share)
    )
    critical = _("critical from {share}").format(share=_plain(critical_from))
    high = _("high from {share} or {n} devices").format(share=_plain(high_from), n=number(HIGH_DEVICES))
    by_count = (
        Severity.CRITICAL
        if share >= critical_from and devices >= CRITICAL_AT_LEAST
        else Severity.HIGH
        if devices >= HIGH_DEVICES or (share >= high_from and devices >= HIGH_AT_LEAST)
        else Severity.MEDIUM
    )
    if item.triage.kind == BY_KIND and item.triage.severity.rank > by_count.rank:
        return _("{count}; as severe as its worst member").format(count=count)
    return f"{count}; {critical if by_count is Severity.CRITICAL else f'{high}, {critical}'}"


def handling(item: Item, reading: Reading) -> str:
    """Return who has it and what that covers."""
    triage = item.triage
    if triage.handling is Handling.ACKED:
        who, when = reading.full_name(triage.acked_by), instant(triage.acked_at, reading)
        return _("acknowledged by {name}, {time}; it covers those that join").format(name=who, time=when)
    if triage.handling is Handling.RESOLVED:
        return _("resolved {time}").format(time=instant(triage.resolved_at, reading))
    if triage.condition is Condition.CLEAR:
        return _("cleared {time}; nobody has seen it").format(time=instant(triage.cleared_at, reading))
    if triage.backlog:
        return _("backlog: there before the console, and not worse since")
    if triage.assignee is not None:
        return _("open; {name} has it").format(name=reading.full_name(triage.assignee))
    return _("open; nobody has it")


def alarms_again(item: Item) -> str:
    """Return what makes a cause that somebody has, or that is backlog, ask for somebody again."""
    triage = item.triage
    if triage.condition is Condition.CLEAR or not triage.is_open:
        return ""
    fleet = int(_facts(item).get("fleet") or 0)
    if triage.handling is Handling.ACKED or triage.backlog:
        base = triage.base_firing if triage.base_firing is not None else triage.firing
        text = _("past {limit} devices ({base} then), on another platform, or when its severity rises")
        return text.format(limit=number(limit(base, fleet)), base=number(base))
    text = _("once somebody has it: past {limit} devices, on another platform, or when its severity rises")
    return text.format(limit=number(limit(triage.firing, fleet)))


def _plain(share: float) -> str:
    """A share in percent without decimals that say nothing."""
    return percent(share, 0 if share == int(share) else 1)


def _facts(item: Item) -> dict[str, Any]:
    return item.seen.facts if item.seen is not None else {}
