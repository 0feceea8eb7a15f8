"""What every question needs: the tenant to ask, rows of its answers, and what is found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from omconsole.domain.answers import REFUSED
from omconsole.graph.lenient import open_page
from omconsole.i18n import _, number
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from omconsole.domain.answers import Value
    from omconsole.errors import GraphRejected
    from omconsole.graph import GraphClient, Round, TokenSource

Row = dict[str, Any]

PAGES: Final = 3
"""Pages of a list that one question reads at most."""
NOT_UNDERSTOOD: Final = frozenset((400, 404, 405, 501))
"""Statuses by which Graph refuses a question itself."""
_LIMIT_NAMED: Final = re.compile(r"(x-)?ratelimit-|x-ms-throttle-", re.IGNORECASE)


class Found(NamedTuple):
    """What asking came to."""

    answer: Value
    words: str
    why: str = ""


class Heard:
    """Listens to the answers for headers that name a limit; a hook of the HTTP client."""

    def __init__(self) -> None:
        self._limits: dict[str, dict[str, str]] = {}

    async def __call__(self, response: httpx.Response) -> None:
        """Take down the headers of one answer."""
        limits = {name: sanitize(value, 80) for name, value in response.headers.items() if _LIMIT_NAMED.match(name)}
        if limits:
            self._limits.setdefault(response.url.path, {}).update(limits)

    def limits(self, part: str) -> dict[str, str]:
        """The headers of answers with this in their path, the newest value of each."""
        found: dict[str, str] = {}
        for path, limits in self._limits.items():
            if part in path:
                found |= limits
        return found


class Inquiry(NamedTuple):
    """The tenant, as one question may ask it."""

    graph: GraphClient
    tokens: TokenSource
    heard: Heard
    turn: Round


class Question(NamedTuple):
    """One open question; its texts are made when they are shown."""

    id: str
    words: Callable[[], str]
    how: Callable[[], str]
    """What is read for it."""
    ask: Callable[[Inquiry], Awaitable[Found]]
    """Raises GraphError and SignInError as `GraphClient.get` does."""


class Sample(NamedTuple):
    """Rows of a list as they came, and whether they are all."""

    rows: list[Row]
    whole: bool

    @property
    def ids(self) -> set[str]:
        return {str(row.get("id")) for row in self.rows}


async def sample(
    inquiry: Inquiry,
    path: str,
    *,
    workload: str,
    params: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    pages: int = PAGES,
) -> Sample:
    """Reads the first pages of a list.

    Raises:
        GraphError, SignInError: of the request that failed.
    """
    graph, turn = inquiry.graph, inquiry.turn
    rows: list[Row] = []
    link: str | None = graph.url_of(path, params=params)
    for _page in range(pages):
        if link is None:
            break
        reply = await graph.get_url(link, workload=workload, headers=headers, in_round=turn)
        found, link = open_page(reply.body)
        rows += [row for row in found if isinstance(row, dict)]
    return Sample(rows, link is None)


def is_not_understood(error: GraphRejected) -> bool:
    """Tells whether Graph refuses the question itself, not this asking of it."""
    return error.status in NOT_UNDERSTOOD


def refused(error: GraphRejected) -> Found:
    """What is found when Graph does not take the question."""
    return Found(REFUSED, _("Graph refuses it."), error.what)


def rows_looked_at(count: int) -> str:
    """So many rows were compared, for `why`."""
    return _("Rows looked at: {n}.").format(n=number(count))
