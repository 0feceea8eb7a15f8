"""The columns of the update feed: what each cell says of a post, and what gives way when there is little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import words
from omconsole.i18n import _, short_age
from omconsole.screens.columns import MARK_GAP, ROOMY, WIDE, WIDEST
from widgets.columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.domain.updates import Update
    from omconsole.screens.reading import Reading

URGENT_DAYS = 14


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
        Column(id="title", title=_("title"), width=None, cell=title_cell, gap=MARK_GAP),
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
