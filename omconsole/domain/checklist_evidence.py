"""The evidence behind the checklist: what the state has already, piece by piece.

A piece that is not green says in one sentence what is missing; `command` is the one that supplies it. Where only a
later version of the console has that command, the sentence says so and `command` is None. Sentences tell times, never
ages, so that a row changes only when its evidence does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Item, Severity, lingers
from omconsole.domain.kinds import KINDS
from omconsole.domain.occurrences import Part
from omconsole.domain.updates import ACT_WITHIN, Post, Receipt, Update
from omconsole.domain.words import day, source_word
from omconsole.i18n import _, clock, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMITS = {Severity.CRITICAL: timedelta(minutes=30), Severity.HIGH: timedelta(minutes=120)}
"""How long an important notice may wait for somebody: the last step of the escalation (triage.md, "Timers")."""
PERIOD = timedelta(days=30)
"""The posts that the checklist asks about are no older than this."""
READ_WITHIN = timedelta(days=7)
"""A post that is younger than this may still be unread."""
FEED = "messages"
ALERT_SOURCES = frozenset(kind.source for kind in KINDS.values() if kind.pane == "alerts")
ISSUE_SOURCES = frozenset({"devices"})
"""Without these nobody knows whether the tenant has issues; the others add to them."""
SETTLED = frozenset({"forbidden", "skipped"})
"""Statuses of sources that the tenant or the settings leave out: they prove nothing and are not missed."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the state has. Rows stand in order of priority, those that need action first."""

    sources: tuple[SourceHealth, ...] = ()
    alerts: tuple[Item, ...] = ()
    issues: tuple[Item, ...] = ()
    """Those that fold under nothing."""
    updates: tuple[Update, ...] = ()
    """The whole feed as `person` sees it."""
    receipts: Mapping[str, Mapping[str, Receipt]] = {}
    """By person, then post id."""
    persons: tuple[str, ...] = ()
    """Opaque ids of those who have acted on this state; whoever has a receipt is one of them."""
    person: str = ""
    """Who looks; empty when it is a process."""
    ever: Mapping[str, Mapping[str, bool]] = {}
    """By template and part: whether it has ever been green."""

    @property
    def known(self) -> tuple[str, ...]:
        """Everybody known to this state."""
        return tuple(dict.fromkeys((*self.persons, *self.receipts)))


class Moment(msgspec.Struct, frozen=True):
    """The time it is (UTC), and the zone in which times are told."""

    now: datetime
    tz: tzinfo

    def tell(self, at: datetime) -> str:
        """A time on its day: `22 Nov, 09:41`."""
        return _("{date}, {time}").format(date=day(at, self.tz), time=clock(at, self.tz))


# --- M17 --------------------------------------------------------------------------------------------------------------


def polling(evidence: Evidence, moment: Moment) -> Part:
    """Every source that the tenant permits was read within two of its intervals (T17)."""
    asked = [each for each in evidence.sources if each.status not in SETTLED]
    never = [each for each in asked if each.last_ok is None]
    if not asked and evidence.sources:
        return Part("polling", False, _("The tenant permits no source at all."), "omconsole doctor")
    if len(never) == len(asked):
        return Part("polling", False, _("No source has been read yet."), "omconsole poll --once")
    if never:
        worst = next((each for each in never if each.status is not None), never[0])
        why = _("Never read: {source}; missing: {n} of {total} sources.")
        text = why.format(source=source_word(worst.name), n=number(len(never)), total=number(len(asked)))
        return Part("polling", False, text, _remedy(worst, "omconsole poll --once"))
    late = [each for each in asked if each.is_stale(moment.now)]
    if late:
        worst = max(late, key=lambda each: _lateness(each, moment.now))
        why = _("Not read since {time}: {source}; late: {n} of {total} sources.")
        text = why.format(
            source=source_word(worst.name), time=_last(worst, moment), n=number(len(late)), total=number(len(asked))
        )
        return Part("polling", False, text, _remedy(worst, "omconsole poll"))
    refused = sum(each.status == "forbidden" for each in evidence.sources)
    text = ngettext("The one source is read in time.", "All {n} sources are read in time.", len(asked))
    if refused:
        more = ngettext("{n} more is not permitted.", "{n} more are not permitted.", refused).format(n=number(refused))
        text = f"{text} {more}"
    return Part("polling", True, text.format(n=number(len(asked))))


def _remedy(health: SourceHealth, otherwise: str) -> str:
    return "omconsole doctor" if health.status == "failed" else otherwise


def _lateness(health: SourceHealth, now: datetime) -> timedelta:
    assert health.last_ok is not None
    return abs(now - health.last_ok) - health.stale_after


def _last(health: SourceHealth, moment: Moment) -> str:
    assert health.last_ok is not None
    return moment.tell(health.last_ok)


def duty(_evidence: Evidence, _moment: Moment) -> Part:
    """Somebody is named for each day of duty."""
    return Part("duty", False, _("Nobody is named for the days of duty; omconsole plan roster comes later."))


def procedure(_evidence: Evidence, _moment: Moment) -> Part:
    """The procedure is written down, and its text was reviewed within its date."""
    return Part("procedure", False, _("The procedure's text has not been reviewed; omconsole plan comes later."))


# --- M18 --------------------------------------------------------------------------------------------------------------


def notices(evidence: Evidence, moment: Moment) -> Part:
    """No important notice waits past its limit."""
    late = [each for each in _important(evidence) if moment.now - each.triage.opened_at > LIMITS[each.triage.severity]]
    if late:
        oldest = min(late, key=lambda each: each.triage.opened_at)
        text = ngettext(
            "{n} important notice has not been acknowledged within its limit, the oldest since {time}.",
            "{n} important notices have not been acknowledged within their limit, the oldest since {time}.",
            len(late),
        ).format(n=number(len(late)), time=moment.tell(oldest.triage.opened_at))
        return Part("notices", False, text, f"omconsole ack {oldest.id}")
    unknown = _unread(evidence, moment, ALERT_SOURCES)
    if unknown is not None:
        return Part("notices", unknown.ok, unknown.why, unknown.command)
    return Part("notices", True, _("No important notice waits past its limit."))


def _important(evidence: Evidence) -> Iterable[Item]:
    """The criticals and highs that escalate: alerts, causes, and whatever is critical."""
    for rows in (evidence.alerts, evidence.issues):
        yield from (each for each in takewhile(_is_pressing, rows) if lingers(each.triage))


def _is_pressing(item: Item) -> bool:
    """Those that need action come first, the worst of them before the others."""
    return item.needs_action and item.triage.severity in LIMITS


def _unread(evidence: Evidence, moment: Moment, names: frozenset[str]) -> Part | None:
    """Why nothing can be said about what these sources show: never read, or not lately. None when they were read."""
    asked = [each for each in evidence.sources if each.name in names and each.status not in SETTLED]
    read = [each for each in asked if each.last_ok is not None]
    if not asked and any(each.name in names for each in evidence.sources):
        return Part("", False, _("The tenant permits no source that could show it."), "omconsole doctor")
    if not read:
        return Part("", False, _("What could show it has not been read yet."), "omconsole poll --once")
    behind = [each for each in asked if each.last_ok is None]
    behind += sorted((each for each in read if each.is_stale(moment.now)), key=lambda each: str(each.last_ok))
    if not behind:
        return None
    worst = behind[0]
    if worst.last_ok is None:
        text = _("Unknown; never read: {source}.").format(source=source_word(worst.name))
        return Part("", None, text, _remedy(worst, "omconsole poll --once"))
    why = _("Unknown; not read since {time}: {source}.")
    text = why.format(source=source_word(worst.name), time=_last(worst, moment))
    return Part("", None, text, _remedy(worst, "omconsole poll"))


def on_call(_evidence: Evidence, _moment: Moment) -> Part:
    """Somebody is on call."""
    return Part("on-call", False, _("Nobody is on call; omconsole plan roster comes later."))


def notification_test(_evidence: Evidence, _moment: Moment) -> Part:
    """A test notification reached whoever is on call, and was acknowledged."""
    text = _("No test notification was acknowledged within 30 days; omconsole notify test comes later.")
    return Part("test notification", False, text)


# --- M19 --------------------------------------------------------------------------------------------------------------


def roster(evidence: Evidence, _moment: Moment) -> Part:
    """It is known who the admins are."""
    known = len(evidence.known)
    text = ngettext(
        "There is no roster of the admins, {n} person is known here; omconsole plan roster comes later.",
        "There is no roster of the admins, {n} persons are known here; omconsole plan roster comes later.",
        known,
    ).format(n=number(known))
    return Part("roster", False, text)


def posts(evidence: Evidence, moment: Moment) -> Part:
    """Everybody known has read each post of the last 30 days, but for those that are younger than a week."""
    unknown = _unread(evidence, moment, frozenset({FEED}))
    if unknown is not None and unknown.ok is False:
        return Part("posts", False, _("The update feed has not been read yet."), unknown.command)
    period = _period(evidence, moment)
    mine = sum(each.read for each in period)
    told = _("{n} of {total} posts of the last 30 days read by you.")
    text = told.format(n=number(mine), total=number(len(period)))
    known = [evidence.receipts.get(person, {}) for person in evidence.known]
    waiting = [each.post for each in period if not _is_young(each.post, moment) and not _is_read(each.post, known)]
    mine_first = next((each.post for each in reversed(period) if not each.read), None)
    if waiting and mine_first is not None:
        return Part("posts", False, text, f"omconsole ack {mine_first.id}")
    if waiting:
        told = ngettext(
            "{n} post of the last 30 days has not been read by everybody known here.",
            "{n} posts of the last 30 days have not been read by everybody known here.",
            len(waiting),
        )
        return Part("posts", False, told.format(n=number(len(waiting))), "omconsole list updates")
    if not known:
        return Part("posts", False, _("Nobody has read a post here yet."), "omconsole list updates")
    if unknown is not None:
        return Part("posts", None, unknown.why, unknown.command)
    return Part("posts", True, text)


def _period(evidence: Evidence, moment: Moment) -> list[Update]:
    """The posts of the last 30 days, newest first."""
    begin = moment.now - PERIOD
    dated = ((_published(each.post), each) for each in evidence.updates)
    found = [(at, each) for at, each in dated if at is not None and at >= begin]
    found.sort(key=lambda each: (each[0], each[1].key), reverse=True)
    return [each for _at, each in found]


def _published(post: Post) -> datetime | None:
    return post.changed or post.published


def _is_young(post: Post, moment: Moment) -> bool:
    at = _published(post)
    return at is not None and moment.now - at < READ_WITHIN


def _is_read(post: Post, known: list[Mapping[str, Receipt]]) -> bool:
    """Read by everybody known, in its newest revision; `known` are their receipts."""
    found = [receipts.get(post.id) for receipts in known]
    return bool(found) and all(each is not None and each.changed == post.changed for each in found)


# --- M20 --------------------------------------------------------------------------------------------------------------


def audiences(evidence: Evidence, moment: Moment) -> Part:
    """The helpdesk was told of each update, platform by platform."""
    counts: dict[str, int] = {}
    period = _period(evidence, moment)
    if not period:
        return Part(
            "audiences", False, _("Nobody can record that the helpdesk was told; omconsole updates comes later.")
        )
    for each in period:
        for platform in each.post.platforms:
            counts[platform] = counts.get(platform, 0) + 1
    told = ", ".join(f"{platform} {number(n)}" for platform, n in counts.items())
    text = ngettext(
        "The helpdesk has not been told of {n} post of the last 30 days{platforms}; omconsole updates comes later.",
        "The helpdesk has not been told of {n} posts of the last 30 days{platforms}; omconsole updates comes later.",
        len(period),
    ).format(n=number(len(period)), platforms=f" ({told})" if told else "")
    return Part("audiences", False, text)


def platform_pages(_evidence: Evidence, _moment: Moment) -> Part:
    """One short page for each platform says what can be managed there; it was reviewed."""
    text = _("There is no reviewed page on what each platform's devices can do; omconsole report comes later.")
    return Part("platform pages", False, text)


# --- the five areas ---------------------------------------------------------------------------------------------------


def questions(_evidence: Evidence, _moment: Moment) -> Part:
    """The discovery questions have answers."""
    text = _("Team, reporting and awareness have no answer and no owner; omconsole plan comes later.")
    return Part("questions", False, text)


def report(_evidence: Evidence, _moment: Moment) -> Part:
    """The stakeholders got their report."""
    return Part("report", False, _("No report has been made for the stakeholders; omconsole report comes later."))


def awareness_owner(_evidence: Evidence, _moment: Moment) -> Part:
    """Somebody owns the awareness of updates."""
    return Part("awareness owner", False, _("Nobody owns the awareness of updates; omconsole plan roster comes later."))


def dates(evidence: Evidence, moment: Moment) -> Part:
    """No post that is not done has its date within 30 days, or past."""
    open_ones = [
        (each.post.act_by, each.post.id)
        for each in evidence.updates
        if each.post.act_by is not None and not each.done and each.post.act_by - moment.now <= ACT_WITHIN
    ]
    if open_ones:
        at, first = min(open_ones)
        text = ngettext(
            "{n} post has its date within 30 days or past, on {day}.",
            "{n} posts have their date within 30 days or past, the first on {day}.",
            len(open_ones),
        ).format(n=number(len(open_ones)), day=day(at, moment.tz))
        return Part("dates", False, text, f"omconsole resolve {first}")
    unknown = _unread(evidence, moment, frozenset({FEED}))
    if unknown is not None:
        return Part("dates", unknown.ok, unknown.why, unknown.command)
    return Part("dates", True, _("No post has its date within 30 days."))


def material(evidence: Evidence, moment: Moment) -> Part:
    """The training material was updated for what is new."""
    new = sum(any("feature" in tag.casefold() for tag in each.post.tags) for each in _period(evidence, moment))
    text = _("No training material is listed; omconsole plan comes later.")
    if new:
        text = ngettext(
            "No training material is listed, and {n} post of the last 30 days announces features; "
            "omconsole plan comes later.",
            "No training material is listed, and {n} posts of the last 30 days announce features; "
            "omconsole plan comes later.",
            new,
        ).format(n=number(new))
    return Part("material", False, text)


def criticals(evidence: Evidence, moment: Moment) -> Part:
    """Nothing critical waits for somebody."""
    found = {
        pane: sum(each.triage.severity is Severity.CRITICAL for each in takewhile(_is_pressing, rows))
        for pane, rows in (("alerts", evidence.alerts), ("issues", evidence.issues))
    }
    if total := sum(found.values()):
        text = ngettext("{n} critical row needs action.", "{n} critical rows need action.", total)
        pane = "alerts" if found["alerts"] else "issues"
        command = f'omconsole list {pane} --filter "needs:action severity:critical"'
        return Part("criticals", False, text.format(n=number(total)), command)
    unknown = _unread(evidence, moment, ALERT_SOURCES | ISSUE_SOURCES)
    if unknown is not None:
        return Part("criticals", unknown.ok, unknown.why, unknown.command)
    return Part("criticals", True, _("Nothing critical needs action."))


def issues(evidence: Evidence, moment: Moment) -> Part:
    """No device, policy, app or enrolment waits for somebody."""
    found = sum(1 for _each in takewhile(lambda each: each.needs_action, evidence.issues))
    if found:
        text = ngettext("{n} issue needs action.", "{n} issues need action.", found).format(n=number(found))
        return Part("issues", False, text, "omconsole list issues --filter needs:action")
    unknown = _unread(evidence, moment, ISSUE_SOURCES)
    if unknown is not None:
        return Part("issues", unknown.ok, unknown.why, unknown.command)
    return Part("issues", True, _("No issue needs action."))
