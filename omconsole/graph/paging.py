"""Collections page by page, and single values, decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic

import msgspec

from omconsole.errors import GraphProtocolError
from omconsole.graph.answers import proxy_advice
from omconsole.graph.decoding import RowDecoder, T
from omconsole.graph.lenient import Flaws
from omconsole.graph.throttling import Round
from omconsole.i18n import _

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from omconsole.graph.request import GraphClient

PAGES_AT_MOST: Final = 2_000


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a collection."""

    rows: tuple[T, ...]
    index: int
    """From 0."""
    complete: bool
    """No page follows: the collection has been read to its end."""
    flaws: Flaws
    """Of this page alone; with any, the source is partial."""
    total: int | None = None
    """Rows of the whole collection, where Graph says it."""


class Single(msgspec.Struct, Generic[T], frozen=True):
    """A value that is no collection."""

    value: T | None
    """None when the tenant has none: 204, an empty body or null."""
    flaws: Flaws


async def pages(  # noqa: PLR0913 - what a request says, and how its pages are read
    client: GraphClient,
    path: str,
    *,
    decoder: RowDecoder[T],
    workload: str,
    version: str = "v1.0",
    ids: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    first: bytes | None = None,
    in_round: Round | None = None,
    max_pages: int = PAGES_AT_MOST,
) -> AsyncGenerator[Page[T], None]:
    """Yields the pages of a collection, following each nextLink as it came.

    Only a collection whose last page had `complete` may be taken as whole. Arguments as for `GraphClient.get`; `first`
    is the answer to the first request when it was asked for elsewhere, as in a batch.

    Raises:
        GraphError: of the request that failed; and GraphProtocolError for a page that is none, for a nextLink that
            is foreign or came before, and for more than `max_pages` pages.
    """
    turn = in_round or Round()
    url: str | None = client.url_of(path, version=version, ids=ids, params=params)
    seen: set[str] = set()
    while url is not None:
        if len(seen) >= max_pages:
            raise endless(_("More than {n} pages came; the rest was not read.").format(n=max_pages))
        seen.add(url)
        if first is None:
            first = (await client.get_url(url, workload=workload, headers=headers, in_round=turn)).body
        batch, first = await decoder.page(first), None
        url = batch.next_link or None
        yield Page(batch.rows, len(seen) - 1, url is None, batch.flaws)
        if url in seen:
            raise endless(_("The link to the next page leads back to a page that was read already."))


async def single(
    client: GraphClient,
    path: str,
    *,
    decoder: RowDecoder[T],
    workload: str,
    version: str = "v1.0",
    ids: Mapping[str, str] | None = None,
    in_round: Round | None = None,
) -> Single[T]:
    """Returns the one value at a path. Arguments and errors as for `GraphClient.get`."""
    reply = await client.get(path, workload=workload, version=version, ids=ids, in_round=in_round)
    value, flaws = decoder.single(reply.body)
    return Single(value, flaws)


def endless(what: str) -> GraphProtocolError:
    """Returns the error for pages that come without end."""
    return GraphProtocolError(what, proxy_advice())
