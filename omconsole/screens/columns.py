"""The columns of issues and updates: what each cell says of a row, and what gives way when there is little room."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import words
from omconsole.domain.items import Condition, Item, Label
from omconsole.i18n import _, short_age
from widgets.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from omconsole.domain.items import Observation
    from omconsole.domain.updates import Update
    from omconsole.screens.reading import Reading

HANDLED = frozenset({Label.ACK, Label.SNOOZED, Label.RESOLVED, Label.SUPPRESSED, Label.CLEARED, Label.BACKLOG})
"""Labels of items that somebody has, or that wait for nobody: set in a dim ink."""
URGENT_DAYS = 14
NARROW = 50
"""Cells below which a table of items has two columns."""
ROOMY = 100
"""Cells from which a table has more than what, whom, since when and who."""
WIDE = 156
"""Cells from which nothing of it needs to be cut."""
WIDEST = 196
"""Cells from which there is room for what else the source tells."""


def layout(width: int) -> int:
    """Return the width from which a table of so many cells has the columns that it has."""
    return max((step for step in (NARROW, 72, ROOMY, WIDE, WIDEST) if step <= width), default=0)


def issue_columns(reading: Reading, width: int) -> Sequence[Column[Item]]:
    """Return the columns of items: severity, label, whom, what, user, platform, check-in, age, who.

    Below `NARROW` cells the subject takes all the room that there is. What is wrong keeps 25 cells from there on, as
    many as its words take in any language.
    """
    if width < NARROW:
        return (
            Column(id="severity", width=1, cell=severity_cell),
            Column(id="subject", title=_("device"), width=None, cell=subject_cell, cut="middle"),
        )
    wide = width >= WIDE

    def problem(item: Item) -> str:
        return words.problem(item, now=reading.now, tz=reading.tz)

    def age(item: Item) -> str:
        return reading.age(item.triage.first_seen)

    def who(item: Item) -> str:
        return reading.person(item.triage.assignee)

    name = None if wide else 22 if width >= 72 else 18
    return (
        Column(id="severity", width=1, cell=severity_cell),
        Column(id="label", title=_("state"), width=10, cell=label_cell, drop_below=60),
        Column(id="subject", title=_("device"), width=name, cell=subject_cell, cut="middle"),
        Column(id="problem", title=_("what"), width=None, cell=_softly(problem), gap=2),
        *_seen_columns(reading, width),
        Column(
            id="age",
            title=_("age"),
            width=5,
            cell=_softly(age),
            align="right",
            drop_below=66,
            gap=2 if wide else 1,
        ),
        Column(
            id="who",
            title=_("who"),
            width=10 if wide else 9 if width >= ROOMY else 8,
            cell=_softly(who),
            drop_below=80,
            gap=2,
        ),
    )


def _seen_columns(reading: Reading, width: int) -> Iterator[Column[Item]]:
    """Yield the columns of what the source tells of a device, in the order in which they stand."""
    wide = width >= WIDE
    gap = 2 if wide else 1

    def user(observed: Observation) -> str:
        name = observed.user or ""
        return name if wide else name.partition("@")[0]

    def platform(observed: Observation) -> str | None:
        return observed.platform

    def checked_in(observed: Observation) -> str:
        return reading.age(observed.evidence_at)

    yield Column(id="user", title=_("user"), width=38 if wide else 20, cell=_seen(user), drop_below=104, gap=gap)
    if width >= WIDEST:
        yield Column(id="model", title=_("model"), width=26, cell=_seen(partial(fact, "model")), gap=2)
    yield Column(
        id="platform", title=_("platform"), width=9 if wide else 8, cell=_seen(platform), drop_below=112, gap=gap
    )
    if width >= WIDEST:
        yield Column(id="os", title=_("version"), width=16, cell=_seen(partial(fact, "osVersion")), gap=2)
    yield Column(
        id="seen",
        title=_("check-in"),
        width=10 if wide else 8,
        cell=_seen(checked_in),
        align="right",
        drop_below=120,
    )


def _softly(text: Callable[[Item], str]) -> Callable[[Item], Content]:
    return lambda item: Content.styled(text(item), "$ink-dim" if item.label in HANDLED else "$ink-soft")


def _seen(text: Callable[[Observation], str | None]) -> Callable[[Item], Content]:
    return _softly(lambda item: (text(item.seen) if item.seen else None) or "–")


def fact(name: str, observed: Observation) -> str | None:
    """Return a fact as Graph tells it, None when it does not."""
    value = observed.facts.get(name)
    return None if value is None else str(value)


def severity_cell(item: Item) -> Content:
    """Return the letter, coloured; bold when the item needs action."""
    severity = item.triage.severity
    style = f"$severity-{severity.value}"
    return Content.styled(severity.letter, f"bold {style}" if item.needs_action else style)


def label_cell(item: Item) -> Content:
    """Return the label; a question mark beside it says that the source is stale."""
    text = words.label_word(item.label)
    if item.condition is Condition.UNKNOWN:
        text = f"{text}?"
    return Content.styled(text, ink(item))


def subject_cell(item: Item) -> Content:
    """Return whom or what it is about."""
    return Content.styled(words.subject(item), ink(item))


def ink(item: Item) -> str:
    """Return the style of an item's name: bold while NEW, dim once somebody has it."""
    if item.label in HANDLED:
        return "$ink-dim"
    return "bold $ink-bright" if item.label is Label.NEW else "$ink"


def update_columns(reading: Reading, width: int) -> Sequence[Column[Update]]:
    """Return the columns of posts: unread, title, category, deadline, platforms or services, id, date.

    The title takes all the room; the deadline tells the days that are left where a title finds enough of it.
    """
    wide = width >= WIDE

    def changed(update: Update) -> Content:
        at = update.post.changed or update.post.published
        return Content.styled(words.day(at, reading.tz) if at else "–", "$ink-dim")

    columns: list[Column[Update]] = [
        Column(id="unread", width=1, cell=unread_cell),
        Column(id="title", title=_("title"), width=None, cell=title_cell),
        Column(
            id="act-by",
            title=_("act by"),
            width=20 if wide else 11,
            cell=lambda update: deadline(update, reading, days=wide),
            align="right",
            gap=2,
            drop_below=56,
        ),
        Column(
            id="concerns",
            title=_("concerns"),
            width=24 if wide else 16,
            cell=lambda update: Content.styled(concerns(update, whole=wide), "$ink-soft"),
            drop_below=ROOMY,
            gap=2,
        ),
        Column(
            id="id",
            title=_("id"),
            width=10,
            cell=lambda update: Content.styled(update.post.id, "$ink-dim"),
            drop_below=WIDE,
            gap=2,
        ),
        Column(id="changed", title=_("changed"), width=8, cell=changed, align="right", drop_below=112),
    ]
    if width >= WIDEST:
        columns.insert(
            2,
            Column(
                id="category",
                title=_("category"),
                width=26,
                cell=lambda update: Content.styled(words.category_word(update.post.category), "$ink-soft"),
                gap=2,
            ),
        )
    return columns


def unread_cell(update: Update) -> Content:
    """Return a dot while unread."""
    return Content("") if update.read else Content.styled("●", "$accent-ink")


def title_cell(update: Update) -> Content:
    """Return the title, bold while unread; a newer revision says so."""
    if update.read:
        return Content.styled(update.post.title, "$ink-dim")
    title = Content.styled(update.post.title, "bold $ink-bright")
    return Content.assemble((_("changed: "), "$accent-ink"), title) if update.revised else title


def deadline(update: Update, reading: Reading, *, days: bool = True) -> Content:
    """Return the act-by date, urgent ones in the colour of their urgency, on demand with the days until then."""
    at = update.post.act_by
    if at is None:
        return Content("")
    left = days_left(update, reading)
    day = words.day(at, reading.tz)
    if days:
        far = short_age(max(left, 1) * 86_400) if left >= 0 else _("past")
        text = _("by {day} · {left}").format(day=day, left=far)
    else:
        text = _("by {day}").format(day=day) if left >= 0 else _("past")
    if update.read:
        return Content.styled(text, "$ink-dim")
    tone = "critical" if left < URGENT_DAYS // 2 else "high" if left <= URGENT_DAYS else ""
    return Content.styled(text, f"bold $severity-{tone}" if tone else "$ink-soft")


def days_left(update: Update, reading: Reading) -> int:
    """Return the whole days until a post's act-by date; negative when it is past."""
    assert update.post.act_by is not None
    return int((update.post.act_by - reading.now).total_seconds() // 86_400)


def concerns(update: Update, *, whole: bool = True) -> str:
    """Return the platforms that a post names, else its services; not `whole`: the first, and how many more."""
    services = (service.removeprefix("Microsoft ") for service in update.post.services)
    names = list(dict.fromkeys(update.post.platforms or services))
    return ", ".join(names) if whole or len(names) < 2 else f"{names[0]} +{len(names) - 1}"
