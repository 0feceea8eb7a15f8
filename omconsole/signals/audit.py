"""Source `audit`: who changed what in Intune, as evidence beside causes. It has no items."""

from __future__ import annotations

from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from omconsole.domain.changes import KEPT, Change, Resource
from omconsole.graph import pages
from omconsole.graph.audit_shapes import AUDIT_EVENTS, AuditEvent, AuditResource
from omconsole.graph.tenant_surface import AUDIT_EVENTS_ASKED
from omconsole.i18n import _, number
from omconsole.signals.asking import first_understood
from omconsole.signals.reading import Mode, Progress, Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.graph import GraphClient, Round

NAME: Final = "audit"
AGAIN: Final = timedelta(hours=48)
"""How far back a sweep looks that is not the first: for events that appeared late in the log."""
PAGES_AT_MOST: Final = 50
"""Of one poll, so that a log without end holds up no round. Graph names no size of a page."""
OVERLAP: Final = timedelta(minutes=5)
"""How late events may appear in the log before an increment misses them."""

_FAILED: Final = frozenset({"failure", "failed"})
"""Results, in lower case, that changed nothing."""


class AuditSignal:
    """Reads the newest events of the audit log."""

    name = NAME
    asks: tuple[str, ...] = (AUDIT_EVENTS_ASKED.permission,)
    kinds: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._newest: datetime | None = None

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the events of as long as changes are kept the first time, then of the last two days, without a gap.

        Only the first one is of the whole list; the number of another one's events says nothing beside it.
        """
        since = now - KEPT if self._newest is None else min(now - AGAIN, self._newest - OVERLAP)
        reading = await self._since(graph, budget, "sweep", max(since, now - KEPT), progress)
        reading.complete = reading.complete and since <= now - KEPT
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the events since the newest known."""
        if self._newest is None:
            return await self.sweep(graph, budget, now, progress)
        since = max(min(self._newest, now) - OVERLAP, now - KEPT)
        return await self._since(graph, budget, "increment", since, progress)

    async def _since(
        self, graph: GraphClient, budget: Round, mode: Mode, since: datetime, progress: Progress
    ) -> Reading:
        asked = {**AUDIT_EVENTS_ASKED.params(), "$filter": f"activityDateTime gt {since:%Y-%m-%dT%H:%M:%SZ}"}

        async def read(options: Mapping[str, str]) -> Reading:
            return await self._read(graph, budget, mode, since, options, progress)

        reading = await first_understood([{**asked, "$orderby": "activityDateTime desc"}, asked], read)
        times = [change.at for change in reading.changes]
        self._newest = max((*times, *([self._newest] if self._newest else [])), default=None)
        return reading

    async def _read(
        self,
        graph: GraphClient,
        budget: Round,
        mode: Mode,
        since: datetime,
        options: Mapping[str, str],
        progress: Progress,
    ) -> Reading:
        reading = Reading(source=NAME, mode=mode)
        answers = pages(
            graph, AUDIT_EVENTS_ASKED.path, decoder=AUDIT_EVENTS, workload="audit", params=options, in_round=budget
        )
        async with aclosing(answers):
            async for page in answers:
                reading.mark(page.flaws)
                # Graph ignores a filter that it does not support and sends everything: only what is later counts.
                later = [change for row in page.rows if (change := as_change(row)) is not None and change.at > since]
                reading.items += len(later)
                reading.changes.extend(later)
                progress(reading.items)
                times = [row.activity_date_time for row in page.rows if row.activity_date_time is not None]
                if "$orderby" in options and is_falling(times) and times[-1] <= since:
                    break  # all that follow are older still, in a log that goes back a year
                if page.index + 1 >= PAGES_AT_MOST and not page.complete:
                    _cut(reading, since)
                    break
        return reading


def _cut(reading: Reading, since: datetime) -> None:
    """Say that the log was not read to its end."""
    reading.status, reading.complete = "partial", False
    reading.error = _("The audit log since {date} has more than {n} pages; the rest was not read.").format(
        date=f"{since:%Y-%m-%d}", n=number(PAGES_AT_MOST)
    )


def as_change(event: AuditEvent) -> Change | None:
    """An event as evidence; None for one without a time, or whose result is that nothing was changed."""
    if event.activity_date_time is None or (event.activity_result or "").casefold() in _FAILED:
        return None
    actor = event.actor
    who = (actor.user_principal_name or actor.application_display_name or actor.service_principal_name) if actor else ""
    return Change(
        id=event.id,
        at=event.activity_date_time,
        actor=who or "",
        activity=event.activity or event.display_name or "",
        operation=event.activity_operation_type or "",
        category=event.category or "",
        resources=tuple(map(_resource, event.resources or ())),
    )


def is_falling(times: list[datetime]) -> bool:
    """Tells whether a page is in the order that was asked for; an empty one says nothing."""
    return bool(times) and all(later >= earlier for later, earlier in pairwise(times))


def _resource(resource: AuditResource) -> Resource:
    return Resource(
        type=resource.audit_resource_type or "",
        id=resource.resource_id or "",
        name=resource.display_name or "",
        properties=tuple(
            (each.display_name or "", each.old_value or "", each.new_value or "")
            for each in resource.modified_properties or ()
        ),
    )
