"""Reports of any size: page by page while they are small, as one exported file when they are not (graph.md §5, §14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.errors import GraphForbidden, GraphRejected, GraphThrottled
from omconsole.graph.exports import export_job
from omconsole.graph.reports import report
from omconsole.graph.throttling import Round

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from omconsole.graph.decoding import T
    from omconsole.graph.paging import Page
    from omconsole.graph.reports import ReportDecoder
    from omconsole.graph.request import GraphClient
    from omconsole.graph.surface import Asked

EXPORTED_FROM: Final = 12_000
"""Rows from which on a report is exported: an export costs about six requests whatever its size, of a quota that the
whole tenant shares (100 a minute, graph.md §14), while pages have a thousand rows at most."""


async def whole_report(  # noqa: PLR0913 - what a request says, and how its answer is read
    client: GraphClient,
    asked: Asked,
    *,
    decoder: ReportDecoder[T],
    workload: str,
    export: str,
    filter_: str = "",
    keeps_session: bool = False,
    first: bytes | None = None,
    exported_from: int = EXPORTED_FROM,
    in_round: Round | None = None,
) -> AsyncGenerator[Page[T], None]:
    """Yields the pages of a report, or the pieces of its export when the first page says that it is long.

    A tenant that does not export it (a permission, the quota, the name) is read page by page, and is not asked to
    export that report again by this client.

    Args:
        client: as for `report`, like the rest.
        asked: the report action, and the columns that it is asked for.
        decoder: of its rows, which are the same in both ways.
        workload: of the report action.
        export: the `reportName` of the same report as an export job.
        filter_: in the report's own grammar, for both.
        keeps_session: as for `report`.
        first: as for `report`.
        exported_from: rows from which on it is exported.
        in_round: whose waiting time and counters these are.

    Raises:
        GraphError, SignInError: as for `report` and `export_job`.
    """
    turn = in_round or Round()
    more = report(
        client,
        asked,
        decoder=decoder,
        workload=workload,
        filter_=filter_,
        keeps_session=keeps_session,
        first=first,
        in_round=turn,
    )
    opening = await anext(more)
    if not opening.complete and (opening.total or 0) >= exported_from and export not in client.without_export:
        exported = export_job(client, export, asked.select, decoder=decoder, filter_=filter_, in_round=turn)
        try:
            piece = await anext(exported)
        except (GraphForbidden, GraphRejected, GraphThrottled):
            client.without_export.add(export)
        else:
            yield piece
            async for piece in exported:
                yield piece
            return
    yield opening
    async for page in more:
        yield page
