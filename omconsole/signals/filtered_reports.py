"""One report asked for many times, each time with another filter: in batches where the tenant is known to allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic

from omconsole.errors import GraphError, GraphForbidden, GraphProtocolError, GraphThrottled, GraphUnreachable
from omconsole.graph.batch import Part, batch
from omconsole.graph.decoding import T
from omconsole.graph.large_reports import whole_report
from omconsole.graph.reports import first_request, opened

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from omconsole.domain.answers import Answers
    from omconsole.graph import Asked, GraphClient, Page, ReportDecoder, Round

REPORTS: Final = "reports"
"""The workload of report actions."""
_FINAL: Final = (GraphForbidden, GraphThrottled, GraphUnreachable)
"""Errors that asking alone would meet again."""


class FilteredReports(Generic[T]):
    """The reports of one poll.

    Args:
        asked: the report action, and its columns.
        decoder: of its rows.
        export: the `reportName` of the same report as an export job.
        graph: the tenant.
        budget: of the poll.
        answers: what the tenant is known to do.
    """

    def __init__(
        self,
        asked: Asked,
        decoder: ReportDecoder[T],
        export: str,
        *,
        graph: GraphClient,
        budget: Round,
        answers: Answers,
    ) -> None:
        self._asked = asked
        self._decoder = decoder
        self._export = export
        self._graph = graph
        self._budget = budget
        self._answers = answers
        self._first: dict[str, bytes | GraphError] = {}
        """By filter: what a batch has brought of its report."""

    async def begin(self, filters: Sequence[str]) -> None:
        """Ask for the first pages of these reports in batches, where the tenant puts reports into them.

        What a batch does not bring in a form that can be read is asked for alone.

        Raises:
            SignInError: the token is refused.
        """
        if not self._answers.batches_reports or len(filters) < 2:
            return
        asked = self._asked
        parts = [Part(path=asked.path, content=first_request(asked, filter_=filter_)) for filter_ in filters]
        replies = await batch(self._graph, parts, workload=REPORTS, version=asked.version, in_round=self._budget)
        for filter_, reply in zip(filters, replies, strict=True):
            if isinstance(reply, _FINAL):
                self._first[filter_] = reply
            elif not isinstance(reply, GraphError) and _is_table(reply.body):
                self._first[filter_] = reply.body

    async def pages(self, filter_: str) -> AsyncGenerator[Page[T], None]:
        """Yields the pages of one report.

        Raises:
            GraphError, SignInError: of the request that failed.
        """
        first = self._first.pop(filter_, None)
        if isinstance(first, GraphError):
            raise first
        async for page in whole_report(
            self._graph,
            self._asked,
            decoder=self._decoder,
            workload=REPORTS,
            export=self._export,
            filter_=filter_,
            keeps_session=self._answers.keeps_session,
            first=first,
            in_round=self._budget,
        ):
            yield page


def _is_table(body: bytes) -> bool:
    try:
        opened(body)
    except GraphProtocolError:
        return False
    return True


def quoted(text: str) -> str:
    """A text inside the quotation marks of a filter."""
    return text.replace("'", "''")
