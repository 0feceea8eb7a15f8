"""The panes of items: alerts, and issues in their views; what folds under a row unfolds below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from omconsole.domain.words import day
from omconsole.i18n import _, ngettext, number
from omconsole.screens import views
from omconsole.screens.columns import alert_columns, issue_columns
from omconsole.screens.folding import FoldedRows, ItemRow, Member, each_once, item_of, place_above
from omconsole.screens.panes import RowsPane
from widgets.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from omconsole.domain.items import Item
    from omconsole.screens.reading import Reading
    from omconsole.screens.views import View
    from widgets.columns import Column

CURVE_WIDTH = 8


class ItemsPane(RowsPane[ItemRow]):
    """Items that fold under nothing, and below an unfolded one what folds under it."""

    PANE: ClassVar[str] = "alerts"
    ANEW = True

    def __init__(self, reading: Reading, *, name: str, title: str, sources: tuple[str, ...], width: int) -> None:
        self._unfolded: set[str] = set()
        self._all: tuple[Item, ...] = ()
        self._members: Mapping[str, tuple[Item, ...]] = {}
        self._standing: Sequence[Item] = ()
        self.split = views.NOTHING
        self.view: View = "live"
        super().__init__(reading, name=name, title=title, sources=sources, width=width)

    def take_items(self, items: tuple[Item, ...], total: int) -> None:
        """Show these items from now on."""
        members = self.reading.snapshot.members
        if items is not self._all:
            self._all, self.split = items, views.split(items)
        self._members = members
        self.take(self._of_view(), total)

    def _of_view(self) -> Sequence[Item]:
        return self.split.backlog if self.view == "backlog" else self.split.live

    # Folding

    def is_unfolded(self, key: str) -> bool:
        """Tell whether the members of the row at a place are shown."""
        return key in self._unfolded

    def unfold(self) -> bool:
        """Show what folds under the row at the cursor; tell whether there is anything."""
        row = self.row
        if row is None or self.filter or not self._members.get(item_of(row).id):
            return False
        self._unfolded.add(row.key)
        self.show(self._standing)
        return True

    def fold(self) -> bool:
        """Fold the row at the cursor; on a member go to its parent and fold that. Tell whether there was anything."""
        row = self.row
        if row is None:
            return False
        key = row.key if row.key in self._unfolded else place_above(row)
        if key is None:
            return False
        if key != row.key:
            self.table.select(key)
        self._unfolded -= {each for each in self._unfolded if each == key or each.startswith(f"{key}/")}
        self.show(self._standing)
        return True

    def laid(self, rows: Sequence[ItemRow]) -> Sequence[ItemRow]:
        """Put the members below the rows that are unfolded; a filter has found those that it asks for by themselves."""
        self._standing = rows  # type: ignore[assignment]  # what passes a filter is an item, never a member
        return FoldedRows(self._standing, self._members, self._unfolded) if self._unfolded and not self.filter else rows

    # Cursor

    def standing(self) -> Sequence[ItemRow]:
        """Return the rows that stand by themselves."""
        return self._standing

    def index(self) -> int:
        """Return the position among the rows that stand by themselves of the one at the cursor, or of its parent."""
        row = self.row
        if not self._unfolded or row is None:
            return self.table.cursor_index
        key = row.key.partition("/")[0]
        return next((index for index, each in enumerate(self._standing) if each.triage.key == key), -1)

    def go_on(self) -> None:
        """Leave a row that has been handled; a member that has been stays under the cursor."""
        if not isinstance(self.row, Member):
            super().go_on()

    # What is shown

    def columns(self, width: int) -> Sequence[Column[ItemRow]]:
        """Return the columns of alerts."""
        return alert_columns(self.reading, width, self.is_unfolded)

    def candidates(self) -> Iterable[ItemRow]:
        """Yield the rows of the view and all that fold under them, each once."""
        return each_once(self._of_view(), self._members, self.PANE)

    def counts(self) -> Sequence[str]:
        """Return `1 critical · 4 open`."""
        critical, live = self.split.critical, len(self.split.live)
        return (
            ngettext("{n} critical", "{n} critical", critical).format(n=number(critical)) if critical else "",
            ngettext("{n} open", "{n} open", live).format(n=number(live)) if live else "",
        )


class IssuesPane(ItemsPane):
    """Issues by cause, the backlog, or every row by itself."""

    PANE = "issues"

    def go_round(self) -> None:
        """Show the next view."""
        self.view = views.VIEWS[(views.VIEWS.index(self.view) + 1) % len(views.VIEWS)]
        self._rows = self._of_view()
        self.refill(fresh=True)

    def refill(self, *, fresh: bool) -> None:
        """Show the view; every row by itself is gone through like a filter that lets all pass."""
        if self.view == "every":
            self._narrow(fresh=fresh)
        else:
            super().refill(fresh=fresh)

    def columns(self, width: int) -> Sequence[Column[ItemRow]]:
        """Return the columns of issues."""
        return issue_columns(self.reading, width, self.is_unfolded)

    def candidates(self) -> Iterable[ItemRow]:
        """Yield the rows of the view and all that fold under them; of every row those under alerts as well."""
        if self.view != "every":
            return super().candidates()
        return each_once((*self._all, *self.reading.snapshot.alerts), self._members, self.PANE)

    def view_title(self) -> str:
        """Return the title and which view it is."""
        if self.view == "backlog":
            return _("{title} · backlog").format(title=self._title)
        return _("{title} · every row").format(title=self._title) if self.view == "every" else self._title

    def counts(self) -> Sequence[str]:
        """Return `1 critical · 11 causes · 3 more · 62 in the backlog`, or what the view is about."""
        if not self.reading.snapshot.complete and self.total > len(self._all):
            return (number(self.total),)
        if self.view == "backlog":
            return self._burn_down()
        if self.view == "every":
            shown = len(self._standing)
            return (ngettext("{n} row", "{n} rows", shown).format(n=number(shown)),)
        split = self.split
        more, left = len(split.live) - split.causes, self.left
        said = [
            (split.critical, ngettext("{n} critical", "{n} critical", split.critical)),
            (split.causes, ngettext("{n} cause", "{n} causes", split.causes)),
            (more, ngettext("{n} single", "{n} single", more)),
            (left, ngettext("{n} in the backlog", "{n} in the backlog", left)),
        ]
        return [pattern.format(n=number(n)) for n, pattern in said if n]

    @property
    def left(self) -> int:
        """How many problems of day one are left."""
        backlog = self.reading.snapshot.backlog
        return backlog.open if backlog is not None else len(self.split.backlog)

    def _burn_down(self) -> Sequence[str]:
        """Return `62 of 2,410 left ▇▅▃▂ · plan: 1,930 today · none by 22 Dec`."""
        backlog = self.reading.snapshot.backlog
        if backlog is None:
            left = len(self.split.backlog)
            return (ngettext("{n} left", "{n} left", left).format(n=number(left)),) if left else ()
        said = _("{n} of {start} left").format(n=number(backlog.open), start=number(backlog.at_start))
        curve = sparkline(backlog.curve, CURVE_WIDTH, least_spread=max(backlog.at_start / 10, 1))
        expected = number(backlog.expected(self.reading.now))
        return (
            f"{said} {curve}" if len(backlog.curve) > 1 else said,
            _("plan: {n} today").format(n=expected),
            _("none by {day}").format(day=day(backlog.target, self.reading.tz)),
        )

    def nothing(self) -> str:
        """Return the sentence of a view without rows; when there is backlog, which key shows it."""
        if self.view == "backlog":
            return _("Nothing is left of the backlog.")
        if self.view == "live" and self.left:
            return ngettext(
                "Nothing needs you here. {n} is in the backlog: the comma key shows it.",
                "Nothing needs you here. {n} are in the backlog: the comma key shows them.",
                self.left,
            ).format(n=number(self.left))
        return super().nothing()
