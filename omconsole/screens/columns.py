"""The columns of issues and updates: what each cell says of a row, and what gives way when there is little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import words
from omconsole.domain.items import Condition, Item, Label
from omconsole.i18n import _, short_age
from widgets.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omconsole.domain.updates import Update
    from omconsole.screens.reading import Reading

HANDLED = frozenset({Label.ACK, Label.SNOOZED, Label.RESOLVED, Label.SUPPRESSED, Label.CLEARED, Label.BACKLOG})
"""Labels of items that somebody has, or that wait for nobody: set in a dim ink."""
URGENT_DAYS = 14
NARROW = 42
"""Cells below which a table of items has two columns."""


def issue_columns(reading: Reading, width: int) -> Sequence[Column[Item]]:
    """Return the columns of items: severity, label, whom, what, user, platform, check-in, age, who.

    Below `NARROW` cells the subject takes all the room that there is.
    """
    if width < NARROW:
        return (
            Column(id="severity", width=1, cell=severity_cell),
            Column(id="subject", title=_("device"), width=None, cell=subject_cell, cut="middle"),
        )

    def softly(text: Callable[[Item], str]) -> Callable[[Item], Content]:
        return lambda item: Content.styled(text(item), "$ink-dim" if item.label in HANDLED else "$ink-soft")

    def problem(item: Item) -> str:
        return words.problem(item, now=reading.now, tz=reading.tz)

    def user(item: Item) -> str:
        return (item.seen.user if item.seen else None) or "–"

    def platform(item: Item) -> str:
        return (item.seen.platform if item.seen else None) or "–"

    def checked_in(item: Item) -> str:
        return reading.age(item.seen.evidence_at if item.seen else None)

    return (
        Column(id="severity", width=1, cell=severity_cell),
        Column(id="label", title=_("state"), width=9, cell=label_cell, drop_below=50),
        Column(id="subject", title=_("device"), width=18, cell=subject_cell, cut="middle"),
        Column(id="problem", title=_("what"), width=None, cell=softly(problem), gap=2),
        Column(id="user", title=_("user"), width=26, cell=softly(user), cut="middle", drop_below=108),
        Column(id="platform", title=_("platform"), width=8, cell=softly(platform), drop_below=96),
        Column(id="seen", title=_("check-in"), width=8, cell=softly(checked_in), align="right", drop_below=120),
        Column(
            id="age",
            title=_("age"),
            width=5,
            cell=softly(lambda item: reading.age(item.triage.first_seen)),
            align="right",
            drop_below=56,
        ),
        Column(
            id="who",
            title=_("who"),
            width=11,
            cell=softly(lambda item: reading.person(item.triage.assignee)),
            drop_below=64,
            gap=2,
        ),
    )


def severity_cell(item: Item) -> Content:
    """Return the letter, coloured; bold when the item needs action."""
    severity = item.triage.severity
    style = f"$severity-{severity.value}"
    return Content.styled(severity.letter, f"bold {style}" if item.needs_action else style)


def label_cell(item: Item) -> Content:
    """Return the label; a question mark beside it says that the source is stale."""
    text = words.label_word(item.label)
    if item.condition is Condition.UNKNOWN:
        text = f"{text} ?"
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
    """Return the columns of posts: unread, title, deadline, platforms or services, id, date."""
    del width  # the title is flexible at every width

    def changed(update: Update) -> Content:
        at = update.post.changed or update.post.published
        return Content.styled(words.day(at, reading.tz) if at else "–", "$ink-dim")

    return (
        Column(id="unread", width=1, cell=unread_cell),
        Column(id="title", title=_("title"), width=None, cell=title_cell),
        Column(
            id="act-by",
            title=_("act by"),
            width=16,
            cell=lambda update: deadline(update, reading),
            align="right",
            gap=2,
            drop_below=56,
        ),
        Column(
            id="platforms",
            title=_("concerns"),
            width=12,
            cell=lambda update: Content.styled(concerns(update), "$ink-soft"),
            drop_below=72,
            gap=2,
        ),
        Column(
            id="id",
            title=_("id"),
            width=10,
            cell=lambda update: Content.styled(update.post.id, "$ink-dim"),
            drop_below=140,
        ),
        Column(id="changed", title=_("changed"), width=7, cell=changed, align="right", drop_below=90),
    )


def unread_cell(update: Update) -> Content:
    """Return a dot while unread."""
    return Content("") if update.read else Content.styled("●", "$accent-ink")


def title_cell(update: Update) -> Content:
    """Return the title, bold while unread; a newer revision says so."""
    if update.read:
        return Content.styled(update.post.title, "$ink-dim")
    title = Content.styled(update.post.title, "bold $ink-bright")
    return Content.assemble((_("changed: "), "$accent-ink"), title) if update.revised else title


def deadline(update: Update, reading: Reading) -> Content:
    """Return the act-by date and the days until then; urgent ones in the colour of their urgency."""
    at = update.post.act_by
    if at is None:
        return Content("")
    left = days_left(update, reading)
    far = short_age(max(left, 1) * 86_400) if left >= 0 else _("past")
    text = _("by {day} · {left}").format(day=words.day(at, reading.tz), left=far)
    if update.read:
        return Content.styled(text, "$ink-dim")
    tone = "critical" if left < URGENT_DAYS // 2 else "high" if left <= URGENT_DAYS else ""
    return Content.styled(text, f"$severity-{tone}" if tone else "$ink-soft")


def days_left(update: Update, reading: Reading) -> int:
    """Return the whole days until a post's act-by date; negative when it is past."""
    assert update.post.act_by is not None
    return int((update.post.act_by - reading.now).total_seconds() // 86_400)


def concerns(update: Update) -> str:
    """Return the platforms that a post names, else the services it is filed under."""
    services = (service.removeprefix("Microsoft ") for service in update.post.services)
    return ", ".join(update.post.platforms or services)
