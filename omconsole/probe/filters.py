"""Whether Graph does what a `$filter` says: held against the same condition applied to an unfiltered page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from omconsole.domain.answers import IGNORED, INCOMPLETE, UNTOLD, WORKS
from omconsole.errors import GraphRejected
from omconsole.graph import MANAGED_DEVICES_ASKED, MESSAGES_ASKED, same
from omconsole.graph.tenant_surface import SERVICE_ISSUES_ASKED
from omconsole.i18n import _
from omconsole.probe.asking import Found, Sample, is_not_understood, refused, rows_looked_at, sample
from omconsole.signals.messages import PAGE_SIZE, WORKLOAD
from omconsole.signals.relevance import ISSUES_FILTER, POSTS_FILTER, concerns_devices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omconsole.probe.asking import Inquiry, Row

DEVICES: Final = "devices"
_STATE: Final = "complianceState"


async def device_filter(inquiry: Inquiry) -> Found:
    """Asks for the devices in the rarest of the states that a page shows."""
    options = {"$select": f"id,{_STATE}"}
    every = await sample(inquiry, MANAGED_DEVICES_ASKED.path, workload=DEVICES, params=options, pages=1)
    known = {state.casefold(): state for state in MANAGED_DEVICES_ASKED.enums[_STATE]}
    states = Counter(known.get(str(row.get(_STATE)).casefold(), "") for row in every.rows)
    states.pop("", None)
    if not states:
        return _untold(every)
    rarest = min(states, key=lambda state: (states[state], state))
    asked = {**options, "$filter": f"{_STATE} eq '{rarest}'"}
    return await _compared(
        inquiry, MANAGED_DEVICES_ASKED.path, DEVICES, asked, None, every, lambda row: same(row.get(_STATE), rarest)
    )


async def post_filter(inquiry: Inquiry) -> Found:
    """Asks the message centre for the posts that the source `messages` keeps."""
    path, options = MESSAGES_ASKED.path, {"$select": "id,services"}
    every = await sample(inquiry, path, workload=WORKLOAD, params=options, headers=PAGE_SIZE)
    asked = {**options, "$filter": POSTS_FILTER}
    return await _compared(inquiry, path, WORKLOAD, asked, PAGE_SIZE, every, lambda row: concerns(row.get("services")))


async def issue_filter(inquiry: Inquiry) -> Found:
    """Asks service health for the issues that the source `service` keeps."""
    path, options = SERVICE_ISSUES_ASKED.path, {"$select": "id,service"}
    every = await sample(inquiry, path, workload=WORKLOAD, params=options)
    asked = {**options, "$filter": ISSUES_FILTER}
    return await _compared(inquiry, path, WORKLOAD, asked, None, every, lambda row: concerns([row.get("service")]))


def concerns(services: object) -> bool:
    """As the sources decide it, of what may be anything."""
    return concerns_devices(
        [each for each in services if isinstance(each, str)] if isinstance(services, list) else None
    )


async def _compared(
    inquiry: Inquiry,
    path: str,
    workload: str,
    params: Mapping[str, str],
    headers: Mapping[str, str] | None,
    every: Sample,
    is_wanted: Callable[[Row], bool],
) -> Found:
    try:
        filtered = await sample(inquiry, path, workload=workload, params=params, headers=headers)
    except GraphRejected as error:
        if is_not_understood(error):
            return refused(error)
        raise
    return verdict(every, filtered, is_wanted)


def verdict(every: Sample, filtered: Sample, is_wanted: Callable[[Row], bool]) -> Found:
    """What two answers tell of a filter: `every` was asked for without it, `filtered` with it."""
    wanted = Sample([row for row in every.rows if is_wanted(row)], every.whole).ids
    why = rows_looked_at(len(every.rows))
    if any(not is_wanted(row) for row in filtered.rows):
        return Found(IGNORED, _("Graph ignores it and sends every row."), why)
    if filtered.whole and wanted - filtered.ids:
        return Found(INCOMPLETE, _("Graph leaves out rows that match."), why)
    if not wanted or len(wanted) == len(every.ids) or not filtered.whole:
        return _untold(every)
    return Found(WORKS, _("It works."), why)


def _untold(every: Sample) -> Found:
    return Found(
        UNTOLD,
        _("It cannot be told: the rows of this tenant do not show the difference."),
        rows_looked_at(len(every.rows)),
    )
