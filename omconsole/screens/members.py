"""The rows that fold under another, as a table of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.domain import words
from omconsole.i18n import _, ngettext, number
from widgets.columns import Column
from widgets.pane import Pane, PaneRule
from widgets.queue_table import QueueTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omconsole.domain.items import Item, Observation
    from omconsole.screens.reading import Reading


class MembersPane(Pane):
    """Shows what folds under an item; hidden while nothing does."""

    def __init__(self, reading: Reading, width: int) -> None:
        self.table: QueueTable[Item] = QueueTable(member_columns(reading, width), id="members-table")
        super().__init__(self.table, rule=PaneRule(_("Members")), id="members")
        self.display = False

    def take(self, rows: Sequence[Item]) -> None:
        """Show these rows from now on."""
        self.display = bool(rows)
        self.rule = PaneRule(_("Members"), number(len(rows)))
        self.table.show(rows)
        self.table.refresh_cells()


def member_columns(reading: Reading, width: int) -> Sequence[Column[Item]]:
    """Return the columns of members: letter, whom, what, user, model, version, since when."""

    def soft(text: Callable[[Item], str]) -> Callable[[Item], Content]:
        return lambda item: Content.styled(text(item), "$ink-soft")

    def seen(text: Callable[[Observation], str | None]) -> Callable[[Item], Content]:
        return soft(lambda item: (text(item.seen) if item.seen is not None else None) or "–")

    wide = width >= 156
    return (
        Column(id="severity", width=1, cell=_letter),
        Column(
            id="subject",
            title=_("who"),
            width=None if wide else 22 if width >= 72 else 18,
            cell=lambda item: Content.styled(_who(item), "$ink"),
            cut="middle",
        ),
        Column(
            id="problem",
            title=_("what"),
            width=None,
            cell=soft(lambda item: _what(item, reading)),
            gap=2,
        ),
        Column(
            id="user",
            title=_("user"),
            width=38 if wide else 20,
            cell=seen(lambda observed: observed.user if wide else (observed.user or "").partition("@")[0]),
            gap=2,
            drop_below=100,
        ),
        Column(
            id="model",
            title=_("model"),
            width=24,
            cell=seen(lambda observed: _fact("model", observed)),
            gap=2,
            drop_below=140,
        ),
        Column(
            id="version",
            title=_("version"),
            width=16,
            cell=seen(lambda observed: _fact("osVersion", observed)),
            gap=2,
            drop_below=72,
        ),
        Column(
            id="age",
            title=_("age"),
            width=5,
            cell=soft(lambda item: reading.age(item.triage.first_seen)),
            align="right",
            drop_below=60,
        ),
    )


def _who(item: Item) -> str:
    return words.title(item) if item.is_cause else words.subject(item)


def _what(item: Item, reading: Reading) -> str:
    if not item.is_cause:
        return words.problem(item, now=reading.now, tz=reading.tz)
    devices = item.triage.firing
    return ngettext("{n} device", "{n} devices", devices).format(n=number(devices))


def _letter(item: Item) -> Content:
    return Content.styled(item.triage.severity.letter, f"$severity-{item.triage.severity.value}")


def _fact(name: str, observed: Observation) -> str | None:
    raw = observed.facts.get(name)
    return None if raw is None else str(raw)
