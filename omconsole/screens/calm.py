"""What the inbox says when nothing needs anybody, and what must be said all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from omconsole.i18n import _, ngettext, number, short_age
from omconsole.screens import summary
from omconsole.screens.course import points

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from omconsole.domain.rows import Row
    from omconsole.screens.ports import Host
    from omconsole.screens.reading import Reading


class LastChange:
    """Remembers when something last changed, as far as the pictures tell it."""

    def __init__(self) -> None:
        self.at: datetime | None = None
        """UTC; None while no picture has told a time."""
        self._keys: frozenset[str] | None = None

    def look(self, rows: Sequence[Row], reading: Reading) -> None:
        """Take what the rows of a new picture tell; rows that came or went are a change of now."""
        keys = frozenset(row.key for row in rows)
        if self._keys is not None and keys != self._keys:
            self.at = reading.now
        self._keys = keys
        if not rows:
            found = max(_changes(reading), default=None)
            self.at = max((each for each in (self.at, found) if each is not None), default=None)


def _changes(reading: Reading) -> Iterable[datetime]:
    """Yield of each pane when something was opened, acknowledged, cleared or counted last: some 0.3 us a row."""
    for pane in (reading.snapshot.alerts, reading.snapshot.issues):
        triages = [item.triage for item in pane]
        yield from [max([each.opened_at for each in triages])] if triages else ()
        yield from [at for each in triages if (at := each.acked_at) is not None]
        yield from [at for each in triages if (at := each.cleared_at) is not None]
        for item in pane:
            if item.triage.kind.startswith("cause."):
                yield from (at for at, _n in points(item)[-1:])


def sentence(reading: Reading, last: datetime | None) -> Content:
    """Return the calm sentence, and below it what is not known at present."""
    snapshot = reading.snapshot
    if not any(each.last_ok for each in snapshot.sources):
        return Content.styled(summary.unread(next(iter(snapshot.sources), None), reading), "$ink-soft")
    said = []
    if last is not None:
        said.append(_("Last change {age} ago.").format(age=short_age(max((reading.now - last).total_seconds(), 60))))
    if snapshot.backlog is not None and snapshot.backlog.open:
        left = snapshot.backlog.open
        said.append(ngettext("{n} in the backlog.", "{n} in the backlog.", left).format(n=number(left)))
    lines = [Content.styled(_("Nothing needs you."), "bold $ink-bright"), Content.styled(" ".join(said), "$ink-soft")]
    if summary.sign_in_needed(reading) or any(summary.trouble(each, reading) for each in snapshot.sources):
        lines += [Content(""), Content.styled(summary.freshness(reading), "bold $severity-high")]
        lines.append(Content.styled(_("What is new there, nobody knows at present."), "$ink-soft"))
    return Content("\n").join(lines)


def notice(host: Host) -> Content:
    """Return why nothing is polled, in two lines, or what is wrong with the state; empty while all is well."""
    trouble = host.trouble
    if trouble is not None:
        parts = [Content.styled(trouble.what, "bold $severity-high"), Content.styled(trouble.do, "$ink-soft")]
        return Content("\n").join(part for part in parts if part.plain)
    return Content.styled(host.reading.snapshot.notice or "", "$severity-medium")
