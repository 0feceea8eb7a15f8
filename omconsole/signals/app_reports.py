"""The reports of failed installations, one for each app, asked for as the tenant is known to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.graph import DEVICE_APP_INSTALLATIONS, DEVICE_APP_INSTALLATIONS_ASKED, report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from omconsole.domain.answers import Answers
    from omconsole.graph import DeviceAppInstallation, GraphClient, Page, Round
    from omconsole.signals.installations import App

REPORTS: Final = "reports"
FAILED_NUMBER: Final = 2
"""`failed` among the resultantAppStates, as the filter wants it."""


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

    def pages(self, app: App) -> AsyncIterator[Page[DeviceAppInstallation]]:
        """The pages of one app's report.

        Raises:
            GraphError, SignInError: of the request that failed.
        """
        return report(
            self._graph,
            DEVICE_APP_INSTALLATIONS_ASKED,
            decoder=DEVICE_APP_INSTALLATIONS,
            workload=REPORTS,
            filter_=filter_of(app),
            keeps_session=self._answers.keeps_session,
            in_round=self._budget,
        )


def filter_of(app: App) -> str:
    """What asks for one app's failed installations, in the report's grammar."""
    return f"(ApplicationId eq '{quoted(app.id)}') and (AppInstallState eq '{FAILED_NUMBER}')"


def quoted(text: str) -> str:
    """A text inside the quotation marks of a filter."""
    return text.replace("'", "''")
