"""The panes of the update feed and of the checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain import filters
from omconsole.domain.occurrences import Occurrence
from omconsole.domain.updates import Update
from omconsole.i18n import _, ngettext, number
from omconsole.screens.checklist_columns import checklist_columns
from omconsole.screens.panes import RowsPane
from omconsole.screens.update_columns import update_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widgets.columns import Column


class UpdatesPane(RowsPane[Update]):
    """Microsoft's posts, unread first."""

    def columns(self, width: int) -> Sequence[Column[Update]]:
        """Return the columns of posts."""
        return update_columns(self.reading, width)

    def counts(self) -> Sequence[str]:
        """Return `3 unread · 1 with a date`; without any the number of posts."""
        unread = filters.count_needing(self._rows)
        dated = sum(1 for each in self._rows if each.needs_action(self.reading.now))
        posts = self.total
        return (
            ngettext("{n} unread", "{n} unread", unread).format(n=number(unread))
            if unread
            else ngettext("{n} post", "{n} posts", posts).format(n=number(posts))
            if posts
            else "",
            ngettext("{n} with a date", "{n} with a date", dated).format(n=number(dated)) if dated else "",
        )

    def nothing(self) -> str:
        """Return the sentence of a feed that holds nothing."""
        read = next((each.last_ok for each in self.healths()), None)
        return _("No posts. Read {age} ago.").format(age=self.reading.past(read)) if read else _("No posts.")


class ChecklistPane(RowsPane[Occurrence]):
    """The tasks and areas of the checklist, by evidence."""

    def columns(self, width: int) -> Sequence[Column[Occurrence]]:
        """Return the columns of the checklist."""
        return checklist_columns(self.reading, width)

    def counts(self) -> Sequence[str]:
        """Return `2 red · 5 due`, or that all is green."""
        red = sum(each.ok is False for each in self._rows)
        due = sum(each.state in {"due", "overdue", "missed", "in-progress"} for each in self._rows)
        if self._rows and not due:
            return (_("all green"),)
        return (
            ngettext("{n} red", "{n} red", red).format(n=number(red)) if red else "",
            ngettext("{n} due", "{n} due", due).format(n=number(due)) if due else "",
        )

    def nothing(self) -> str:
        """Return the sentence of a checklist before the first picture."""
        return _("Not read yet.")
