"""The message centre: which posts stand in it at an instant, and in which revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator.draws import Draw, mix
from omconsole.simulator.instants import (
    DAY,
    HOUR,
    MINUTE,
    iso,
    iso_fraction,
    long_date,
    month_of,
    service_release,
)
from omconsole.simulator.post_texts import TEXTS, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Posts older than this have left the message centre.
KEPT = 120 * DAY

_POSTS = 71
# The other texts are kept for what arrives after the epoch, so that a newcomer meets no post twice on the first day.
_HISTORY = 18
_FIRST_ID, _ID_STEP = 1_180_000, 37
# After the epoch the first post comes within minutes, so that a short look at the demo shows one; then ever more
# rarely, until there are three a day.
_FIRST_GAP, _SLOWEST_GAP = 4 * MINUTE, 8 * HOUR
# What arrives while somebody looks is also revised while somebody looks.
_LIVE_REVISION = 90 * MINUTE


def _published(epoch: int, seed: int) -> Iterator[tuple[int, int]]:
    """(number, instant) of every post, without end; the first `_HISTORY` lie in the 120 days before the epoch."""
    step = (KEPT - 2 * DAY) // _HISTORY
    for number in range(_HISTORY):
        yield number, epoch - (_HISTORY - number) * step + mix(seed, _POSTS, number) % (step - HOUR)
    number, gap, at = _HISTORY, _FIRST_GAP, epoch
    while True:
        at += gap
        yield number, at
        number, gap = number + 1, min(gap * 8 // 5, _SLOWEST_GAP)


def _order(seed: int) -> list[int]:
    return sorted(range(len(TEXTS)), key=lambda which: mix(seed, _POSTS, 1, which))


def messages(seed: int, epoch: int, now: int) -> list[dict[str, object]]:
    """The posts at `now` (seconds since 1970 UTC, as `epoch`), oldest first, so that `$skip` pages stay apart."""
    order = _order(seed)
    rows = []
    for number, published in _published(epoch, seed):
        if published > now:
            break
        if published > now - KEPT:
            rows.append(_message(seed, number, TEXTS[order[number % len(TEXTS)]], published, now))
    return rows


def _message_id(seed: int, number: int) -> str:
    return f"MC{_FIRST_ID + seed % 1000 + number * _ID_STEP}"


def _message(seed: int, number: int, text: Text, published: int, now: int) -> dict[str, object]:
    draw = Draw(seed, _POSTS, 2, number)
    due = published + (text.act_within or 45) * DAY
    due -= due % DAY
    words = {
        "release": service_release(published + 20 * DAY),
        "due": long_date(due),
        "soon": long_date(published + 17 * DAY),
        "month": month_of(published + 45 * DAY),
        "other": _message_id(seed, max(number - 3, 0)),
    }
    revision = _revision(text, number, published)
    revised = revision is not None and revision <= now
    changed = revision if revision is not None and revised else published
    title = text.title.format(**words)
    fraction = draw.below(10_000_000)
    # Samples of the service show both casings of an enumeration's members.
    category = text.category if draw.chance(600) else text.category[0].upper() + text.category[1:]
    return {
        "id": _message_id(seed, number),
        "title": f"(Updated) {title}" if revised else title,
        "category": category,
        "severity": text.severity,
        "services": list(text.services),
        "tags": list(dict.fromkeys((*(("Updated message",) if revised else ()), *text.tags))),
        "isMajorChange": text.major,
        "actionRequiredByDateTime": None if text.act_within is None else iso(due),
        "startDateTime": iso_fraction(published, fraction),
        "endDateTime": iso(published - published % DAY + max(90, (text.act_within or 0) + 60) * DAY),
        "lastModifiedDateTime": iso_fraction(changed, fraction),
        "hasAttachments": False,
        "viewPoint": None,
        "details": [] if text.link is None else [{"name": "ExternalLink", "value": text.link}],
        "body": {"contentType": "html", "content": _html(text, words, changed if revised else None)},
    }


def _revision(text: Text, number: int, published: int) -> int | None:
    if text.revised_after is None:
        return None
    return published + (text.revised_after * DAY if number < _HISTORY else _LIVE_REVISION)


def _html(text: Text, words: dict[str, str], revised: int | None) -> str:
    def block(content: str) -> str:
        filled = content.format(**words)
        return filled if filled.startswith(("<p", "<ul", "<ol", "<table")) else f"<p>{filled}</p>"

    parts = []
    if revised is not None:
        parts.append(f"<p>Updated {long_date(revised)}: We have revised the timing and the guidance below.</p>")
    parts.append(block(text.what))
    parts.append(f"<p><b>{text.heading_affects}</b></p>")
    parts.append(block(text.affects))
    parts.append(f"<p><b>{text.heading_prepare}</b></p>")
    parts.append(block(text.prepare))
    if text.link is not None:
        parts.append(f'<p>More: <a href="{text.link}">{text.link.removeprefix("https://")}</a></p>')
    return "\n".join(parts)
