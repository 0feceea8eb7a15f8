"""How many devices a page of the list has, and whether `$top` asks for pages or cuts the list short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain.answers import IGNORED, INCOMPLETE, LARGEST_PAGE, UNTOLD
from omconsole.errors import GraphRejected
from omconsole.graph import MANAGED_DEVICES_ASKED
from omconsole.i18n import _, number
from omconsole.probe.asking import Found, is_not_understood, refused, sample
from omconsole.probe.filters import DEVICES

if TYPE_CHECKING:
    from omconsole.probe.asking import Inquiry, Sample

_TOPS: Final = (LARGEST_PAGE, 1_000, 999)
"""From the largest that has been seen anywhere to what other lists of Graph allow."""


async def device_page(inquiry: Inquiry) -> Found:
    """Reads a first page as Graph likes it, then the largest that it gives."""
    usual = await _first_page(inquiry, None)
    size = len(usual.rows)
    if usual.whole:
        return Found(UNTOLD, _("It cannot be told: all {n} devices came on one page.").format(n=number(size)))
    last: GraphRejected | None = None
    for top in _TOPS:
        try:
            page = await _first_page(inquiry, top)
        except GraphRejected as error:
            if not is_not_understood(error):
                raise
            last = error
            continue
        return await _told(inquiry, size, top, page)
    assert last is not None
    return refused(last)


async def _told(inquiry: Inquiry, usual: int, top: int, page: Sample) -> Found:
    got = len(page.rows)
    why = _("Without $top a page has {n} devices.").format(n=number(usual))
    if not page.whole:
        if got < usual:
            return Found(IGNORED, _("A page gets no larger by $top."), why)
        return Found(got, _("A page has up to {n} devices.").format(n=number(got)), why)
    # The list ended within the page: because there is no more, or because `$top` ends it.
    half = await _first_page(inquiry, max(1, got // 2))
    if got >= top or half.whole:
        return Found(INCOMPLETE, _("$top cuts the list short."), why)
    return Found(top, _("A page has {n} devices or more.").format(n=number(got)), why)


async def _first_page(inquiry: Inquiry, top: int | None) -> Sample:
    params = {"$select": "id"} if top is None else {"$select": "id", "$top": str(top)}
    return await sample(inquiry, MANAGED_DEVICES_ASKED.path, workload=DEVICES, params=params, pages=1)
