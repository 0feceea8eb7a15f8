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

FIGURES_SOURCE = "overview"
FIGURE_SOURCES = {
    "active_devices": "devices",
    "checked_in_percent": "devices",
    "encrypted_percent": "devices",
    "os_current_percent": "devices",
    "patch_current_percent": "devices",
}
"""The sources of the figures that are not the overview's."""
CURVE_FROM = 3
"""Values from which a trend is a curve."""
LEAST_SPREAD = 1.0
"""Percentage points that fill the height of a curve at the least."""
NAMED_AT_MOST = 2
"""Sources that are named when something is wrong with them; of more their number says it."""
PATIENCE = timedelta(seconds=3)
"""A fetch shorter than this is not worth a word that comes and goes."""


def tiles(reading: Reading) -> tuple[Tile, ...]:
    """Return the tenant and the fleet's figures, the most important first; a missing figure is `–`, never 0."""
    return (*who(reading), *health(reading))


def who(reading: Reading) -> tuple[Tile, ...]:
    """Return the tenant and how many devices it has."""
    return (Tile("", reading.snapshot.tenant or "–"), _tile(reading, "devices", _("devices"), whole=True))


def health(reading: Reading) -> tuple[Tile, ...]:
    """Return the health of the fleet (mission.md M1, M2): compliance, Endpoint Protection, check-in and currency."""
    malware = reading.snapshot.figure("malware_devices")
    found = () if malware is None or not malware.value else (_malware(reading),)
    return (
        _tile(reading, "compliant_percent", _("compliant")),
        *found,
        _tile(reading, "protected_percent", _("Defender")),
        _tile(reading, "checked_in_percent", _("seen in 7 days")),
        _tile(reading, "encrypted_percent", _("encrypted")),
        _tile(reading, "os_current_percent", _("OS current")),
        _tile(reading, "patch_current_percent", _("patched")),
    )


def _malware(reading: Reading) -> Tile:
    tile = _tile(reading, "malware_devices", _("with malware"), whole=True)
    return Tile(tile.label, tile.value, age=tile.age, tone="critical")


def _tile(reading: Reading, name: str, label: str, *, whole: bool = False) -> Tile:
    figure = reading.snapshot.figure(name)
    if figure is None:
        return Tile(label, "–")
    value = number(int(figure.value)) if whole else percent(figure.value)
    trend = figure.trend if not whole and len(figure.trend) >= CURVE_FROM else ()
    age = _age_if_old(reading, FIGURE_SOURCES.get(name, FIGURES_SOURCE), figure.at)
    return Tile(label, value, trend=trend, least_spread=LEAST_SPREAD, age=age)


def _age_if_old(reading: Reading, name: str, at: datetime) -> str | None:
    """The age of a figure that is older than its source's interval."""
    source = reading.snapshot.source(name)
    age = (reading.now - at).total_seconds()
    return short_age(age) if source is None or age > source.interval_s + 60 else None


def summary(reading: Reading) -> str:
    """Return `7 need you · 2 critical · oldest 2 h` of all panes; of a head that holds only part, `at least`."""
    snapshot = reading.snapshot
    panes = [(rows, count_needing(rows)) for rows in (snapshot.alerts, snapshot.issues)]
    totals = (snapshot.totals.get("alerts", 0), snapshot.totals.get("issues", 0))
    cut_off = [len(rows) for (rows, needing), total in zip(panes, totals, strict=True) if needing == len(rows) < total]
    count = sum(needing for _rows, needing in panes)
    count += sum(each.needs_action(reading.now) for each in snapshot.updates)
    count += sum(each.needs_action for each in snapshot.checklist)
    if not count:
        read = any(health.last_ok for health in snapshot.sources)
        return _("Nothing needs you.") if read else _("Not read yet.")
    pattern = (
        ngettext("at least {n} needs you", "at least {n} need you", count)
        if cut_off
        else ngettext("{n} needs you", "{n} need you", count)
    )
    parts = [pattern.format(n=number(count))]
    critical = sum(_criticals(rows, needing) for rows, needing in panes)
    if critical:
        parts.append(ngettext("{n} critical", "{n} critical", critical).format(n=number(critical)))
    oldest = [_oldest(rows, needing) for rows, needing in panes if needing]
    if oldest:
        age = (reading.now - min(oldest)).total_seconds()
        parts.append(_("oldest {age}").format(age=short_age(age)))
    return " · ".join(parts)


def _criticals(rows: Sequence[Item], count: int) -> int:
    return bisect_right(rows, -Severity.CRITICAL.rank, hi=count, key=lambda item: -item.triage.severity.rank)


def _oldest(rows: Sequence[Item], count: int) -> datetime:
    """The earliest of the first `count` items: within one severity and escalation they stand oldest first."""
    oldest = rows[0].triage.first_seen
    start = 0
    while start < count:
        oldest = min(oldest, rows[start].triage.first_seen)
        start = bisect_right(rows, rows[start].order[1:3], lo=start, hi=count, key=lambda item: item.order[1:3])
    return oldest


def freshness(reading: Reading) -> str:
    """Return one sentence about all sources: a missing sign-in, the worst first, else `all fresh`."""
    if sign_in_needed(reading):
        return _("sign in: :login")
    sources = reading.snapshot.sources
    troubled = [source for source in sources if trouble(source, reading)]
    if troubled:
        worst = min(troubled, key=lambda source: source.last_ok or source.since or reading.now)
        names = _named(troubled, len(sources))
        return _("{trouble}: {sources}").format(trouble=trouble(worst, reading), sources=names)
    if any(source.fetching_since for source in sources):
        return _("fetching")
    if all(source.last_ok is None for source in sources):
        return _("not read yet")
    left_out = sum(map(is_left_out, sources))
    if left_out:
        return ngettext("all fresh, {n} source not permitted", "all fresh, {n} sources not permitted", left_out).format(
            n=number(left_out)
        )
    return _("all fresh")


def is_left_out(source: SourceHealth) -> bool:
    """Tell whether who set the console up has never permitted a source: a choice, and no trouble."""
    return source.status == "forbidden" and source.last_ok is None


def sign_in_needed(reading: Reading) -> bool:
    """Tell whether nothing more is read before somebody signs in."""
    state = reading.snapshot.sign_in
    return state is not None and state.needed


def _named(troubled: Sequence[SourceHealth], total: int) -> str:
    """Return which sources are meant; of many how many, since a line of names says less."""
    if len(troubled) <= NAMED_AT_MOST:
        return ", ".join(words.source_word(source.name) for source in troubled)
    if len(troubled) == total:
        return _("all {n} sources").format(n=number(total))
    return _("{n} of {total} sources").format(n=number(len(troubled)), total=number(total))


def trouble(source: SourceHealth, reading: Reading) -> str:
    """Return `STALE since 09:41`, `failed since 09:41`, ...; empty while a source is well."""
    if source.is_stale(reading.now) and source.last_ok is not None:
        return _("STALE since {time}").format(time=reading.since(source.last_ok))
    since = source.since or source.last_ok
    time = reading.since(since) if since else "–"
    if source.status == "failed":
        return _("failed since {time}").format(time=time)
    if source.status == "forbidden":
        chosen = is_left_out(source) and any(each.last_ok for each in reading.snapshot.sources)
        return "" if chosen else _("not permitted")
    if source.status == "throttled":
        until = source.not_before
        return _("throttled until {time}").format(time=reading.clock(until)) if until else _("throttled")
    return ""


def unread(source: SourceHealth | None, reading: Reading) -> str:
    """Return the sentence of a pane whose source has never been read."""
    if source is None:
        return _("Not read yet.")
    if sign_in_needed(reading):
        return _("Nothing has been read yet: somebody has to sign in, :login.")
    if source.error and source.fetching_since is None:
        return _("Nothing has been read yet: {why}").format(why=source.error)
    if source.fetching_since is None and reading.snapshot.polling == "nobody":
        return _("Not read yet, and nobody polls.")
    return _("Reading the tenant for the first time…")


def progress(sources: Sequence[SourceHealth], reading: Reading) -> str:
    """Return `fetching since 09:41 · 12,000 rows` of the first poll that takes a while."""
    return next((said for each in sources if (said := _progress(each, reading))), "")


def _progress(source: SourceHealth, reading: Reading) -> str:
    if source.fetching_since is None:
        return ""
    if source.last_ok is not None and reading.now - source.fetching_since < PATIENCE:
        return ""
    text = _("fetching since {time}").format(time=reading.clock(source.fetching_since))
    if not source.fetched:
        return text
    rows = ngettext("{n} row", "{n} rows", source.fetched).format(n=number(source.fetched))
    return f"{text} · {rows}"


def warning(sources: Sequence[SourceHealth], reading: Reading, width: int) -> str:
    """Return what a pane's rule must not hide about its sources: the first that is not well.

    The reason follows where there is room for a whole one, else the source's name when the pane has several.
    """
    source = next((each for each in sources if trouble(each, reading)), None)
    if source is None:
        return ""
    text = trouble(source, reading)
    room = width // 2 - len(text) - 2
    error = source.error or ""
    name = words.source_word(source.name) if len(sources) > 1 else ""
    reasons = (error, error.partition(": ")[0], name)
    reason = next((each.rstrip(".") for each in reasons if each and len(each) <= room), "")
    return f"{text}: {reason}" if reason else text
