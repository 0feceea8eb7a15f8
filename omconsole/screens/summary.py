"""What the head of the dashboard and the rules of its panes say: pure functions of a picture and the time."""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.domain import words
from omconsole.domain.filters import count_needing
from omconsole.domain.items import Severity
from omconsole.i18n import _, ngettext, number, percent, short_age
from widgets.tiles import Tile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omconsole.domain.health import SourceHealth
    from omconsole.domain.items import Item
    from omconsole.screens.reading import Reading

ISSUES_SOURCE = "devices"
FIGURES_SOURCE = "overview"
CURVE_FROM = 3
"""Values from which a trend is a curve."""
LEAST_SPREAD = 1.0
"""Percentage points that fill the height of a curve at the least."""
PATIENCE = timedelta(seconds=3)
"""A fetch shorter than this is not worth a word that comes and goes."""


def tiles(reading: Reading) -> tuple[Tile, ...]:
    """Return the tenant and the fleet's figures; a missing figure is `–`, never 0."""
    snapshot = reading.snapshot
    shown = [
        Tile("", snapshot.tenant or "–"),
        _tile(reading, "devices", _("devices"), whole=True),
        _tile(reading, "compliant_percent", _("compliant")),
        _tile(reading, "protected_percent", _("Defender healthy")),
    ]
    malware = snapshot.figure("malware_devices")
    if malware is not None and malware.value:
        tile = _tile(reading, "malware_devices", _("with malware"), whole=True)
        shown.append(Tile(tile.label, tile.value, age=tile.age, tone="critical"))
    return tuple(shown)


def _tile(reading: Reading, name: str, label: str, *, whole: bool = False) -> Tile:
    figure = reading.snapshot.figure(name)
    if figure is None:
        return Tile(label, "–")
    value = number(int(figure.value)) if whole else percent(figure.value)
    trend = figure.trend if not whole and len(figure.trend) >= CURVE_FROM else ()
    return Tile(label, value, trend=trend, least_spread=LEAST_SPREAD, age=_age_if_old(reading, figure.at))


def _age_if_old(reading: Reading, at: datetime) -> str | None:
    """The age of a figure that is older than its source's interval."""
    source = reading.snapshot.source(FIGURES_SOURCE)
    age = (reading.now - at).total_seconds()
    return short_age(age) if source is None or age > source.interval_s + 60 else None


def summary(reading: Reading) -> str:
    """Return `7 need you · 2 critical · oldest 2 h`; of a head that holds only part, `at least`."""
    issues = reading.snapshot.issues
    count = count_needing(issues)
    if not count:
        health = reading.snapshot.source(ISSUES_SOURCE)
        return _("Nothing needs you.") if health is not None and health.last_ok else _("Not read yet.")
    whole = reading.snapshot.complete or count < len(issues)
    pattern = (
        ngettext("{n} needs you", "{n} need you", count)
        if whole
        else ngettext("at least {n} needs you", "at least {n} need you", count)
    )
    parts = [pattern.format(n=number(count))]
    critical = bisect_right(issues, -Severity.CRITICAL.rank, hi=count, key=lambda item: -item.triage.severity.rank)
    if critical:
        parts.append(ngettext("{n} critical", "{n} critical", critical).format(n=number(critical)))
    age = (reading.now - _oldest(issues, count)).total_seconds()
    parts.append(_("oldest {age}").format(age=short_age(age)))
    return " · ".join(parts)


def _oldest(issues: Sequence[Item], count: int) -> datetime:
    """The earliest of the first `count` items: within one severity and escalation they stand oldest first."""
    oldest = issues[0].triage.first_seen
    start = 0
    while start < count:
        oldest = min(oldest, issues[start].triage.first_seen)
        start = bisect_right(issues, issues[start].order[1:3], lo=start, hi=count, key=lambda item: item.order[1:3])
    return oldest


def freshness(reading: Reading) -> str:
    """Return one sentence about all sources: the worst first, else `all fresh`."""
    sources = reading.snapshot.sources
    troubled = [source for source in sources if trouble(source, reading)]
    if troubled:
        worst = min(troubled, key=lambda source: source.last_ok or source.since or reading.now)
        names = ", ".join(words.source_word(source.name) for source in troubled)
        return _("{trouble}: {sources}").format(trouble=trouble(worst, reading), sources=names)
    if any(source.fetching_since for source in sources):
        return _("fetching")
    polled = [source for source in sources if source.last_ok is not None]
    return _("all fresh") if polled else _("not read yet")


def trouble(source: SourceHealth, reading: Reading) -> str:
    """Return `STALE since 09:41`, `failed since 09:41`, ...; empty while a source is well."""
    if source.is_stale(reading.now) and source.last_ok is not None:
        return _("STALE since {time}").format(time=reading.since(source.last_ok))
    since = source.since or source.last_ok
    time = reading.since(since) if since else "–"
    if source.status == "failed":
        return _("failed since {time}").format(time=time)
    if source.status == "forbidden":
        return _("not permitted")
    if source.status == "throttled":
        until = source.not_before
        return _("throttled until {time}").format(time=reading.clock(until)) if until else _("throttled")
    return ""


def unread(source: SourceHealth | None, reading: Reading) -> str:
    """Return the sentence of a pane whose source has never been read."""
    if source is None:
        return _("Not read yet.")
    if source.error and source.fetching_since is None:
        return _("Nothing has been read yet: {why}").format(why=source.error)
    if source.fetching_since is None and reading.snapshot.polling == "nobody":
        return _("Not read yet, and nobody polls.")
    return _("Reading the tenant for the first time…")


def progress(source: SourceHealth | None, reading: Reading) -> str:
    """Return `fetching since 09:41 · 12,000 rows` of a poll that takes a while."""
    if source is None or source.fetching_since is None:
        return ""
    if source.last_ok is not None and reading.now - source.fetching_since < PATIENCE:
        return ""
    text = _("fetching since {time}").format(time=reading.clock(source.fetching_since))
    if not source.fetched:
        return text
    rows = ngettext("{n} row", "{n} rows", source.fetched).format(n=number(source.fetched))
    return f"{text} · {rows}"


def warning(source: SourceHealth | None, reading: Reading, width: int) -> str:
    """Return what a pane's rule must not hide about its source, with the reason where there is room for a whole one."""
    if source is None:
        return ""
    text = trouble(source, reading)
    if not text or not source.error:
        return text
    room = width // 2 - len(text) - 2
    what = source.error.partition(": ")[0]
    reason = next((each.rstrip(".") for each in (source.error, what) if len(each) <= room), "")
    return f"{text}: {reason}" if reason else text
