"""The reports of failed installations, one for each app, asked for as the tenant is known to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.errors import GraphError, GraphForbidden, GraphProtocolError, GraphThrottled, GraphUnreachable
from omconsole.graph import DEVICE_APP_INSTALLATIONS, DEVICE_APP_INSTALLATIONS_ASKED
from omconsole.graph.batch import Part, batch
from omconsole.graph.large_reports import whole_report
from omconsole.graph.reports import first_request, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from omconsole.domain.answers import Answers
    from omconsole.graph import DeviceAppInstallation, GraphClient, Page, Round
    from omconsole.signals.installations import App

REPORTS: Final = "reports"
EXPORT: Final = "DeviceInstallStatusByApp"
FAILED_NUMBER: Final = 2
"""`failed` among the resultantAppStates, as the filter wants it."""
_FINAL: Final = (GraphForbidden, GraphThrottled, GraphUnreachable)
"""Errors that asking alone would meet again."""


class AppReports:
    """The reports of one poll.

    Args:
        graph: the tenant.
        budget: of the poll.
        answers: what the tenant is known to do.
    """

    def __init__(self, graph: GraphClient, budget: Round, answers: Answers) -> None:
        self._graph = graph
        self._budget = budget
        self._answers = answers
        self._first: dict[str, bytes | GraphError] = {}
        """By app: what a batch has brought of its report."""

    async def begin(self, apps: Sequence[App]) -> None:
        """Ask for the first pages of these apps' reports in batches, where the tenant puts reports into them.

        What a batch does not bring in a form that can be read is asked for alone.

        Raises:
            SignInError: the token is refused.
        """
        if not self._answers.batches_reports or len(apps) < 2:
            return
        asked = DEVICE_APP_INSTALLATIONS_ASKED
        parts = [Part(path=asked.path, content=first_request(asked, filter_=filter_of(app))) for app in apps]
        replies = await batch(self._graph, parts, workload=REPORTS, version=asked.version, in_round=self._budget)
        for app, reply in zip(apps, replies, strict=True):
            if isinstance(reply, _FINAL):
                self._first[app.id] = reply
            elif not isinstance(reply, GraphError) and _is_table(reply.body):
                self._first[app.id] = reply.body

    async def pages(self, app: App) -> AsyncIterator[Page[DeviceAppInstallation]]:
        """Yields the pages of one app's report.

        Raises:
            GraphError, SignInError: of the request that failed.
        """
        first = self._first.pop(app.id, None)
        if isinstance(first, GraphError):
            raise first
        async for page in whole_report(
            self._graph,
            DEVICE_APP_INSTALLATIONS_ASKED,
            decoder=DEVICE_APP_INSTALLATIONS,
            workload=REPORTS,
            export=EXPORT,
            filter_=filter_of(app),
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


def filter_of(app: App) -> str:
    """What asks for one app's failed installations, in the report's grammar."""
    return f"(ApplicationId eq '{quoted(app.id)}') and (AppInstallState eq '{FAILED_NUMBER}')"


def quoted(text: str) -> str:
    """A text inside the quotation marks of a filter."""
    return text.replace("'", "''")
