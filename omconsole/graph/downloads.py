"""Files that Graph has written elsewhere: fetched from their storage, which must never see a token (S21)."""

from __future__ import annotations

import asyncio
from typing import IO, TYPE_CHECKING, Final

import httpx

from omconsole.errors import GraphProtocolError, GraphRejected, GraphUnreachable
from omconsole.graph.addresses import check_download
from omconsole.graph.answers import TruncatedBody, pieces, proxy_advice
from omconsole.graph.throttling import seconds_asked
from omconsole.graph.trouble import Setback, redirected, too_slow, unreachable
from omconsole.i18n import _, natural_size
from omconsole.request_log import logged
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from omconsole.graph.request import GraphClient
    from omconsole.graph.throttling import Round

_NO_LONGER: Final = frozenset((401, 403, 404, 410))


async def download(
    client: GraphClient, url: str, into: IO[bytes], *, workload: str, at_most: int, deadline_s: float, in_round: Round
) -> None:
    """Fetches a file with a GET that says neither who asks nor for what request of Graph's.

    Args:
        client: whose connections and waiting times these are.
        url: with its own permission in its query; nothing but its host is shown or logged.
        into: written from its start.
        workload: for words.
        at_most: bytes of the file.
        deadline_s: wall-clock seconds of one try.
        in_round: whose waiting time and counters these are.

    Raises:
        GraphProtocolError: the address is none that may be asked; a redirect; too large.
        GraphRejected: the storage refuses, as it does when the link has expired.
        GraphUnreachable: no complete answer.
    """
    check_download(url, client.root)
    tries = 0
    while True:
        tries += 1
        into.seek(0)
        into.truncate()
        setback = await _attempt(client, url, into, workload, tries, (at_most, deadline_s), in_round)
        if setback is None:
            return
        await client.pause(setback, workload, in_round, tries)


async def _attempt(
    client: GraphClient,
    url: str,
    into: IO[bytes],
    workload: str,
    tries: int,
    bounds: tuple[int, float],
    turn: Round,
) -> Setback | None:
    at_most, deadline_s = bounds
    request = client.http.build_request("GET", url, headers={"Accept": "*/*", "Accept-Encoding": "identity"})
    for name in ("Authorization", "Cookie"):
        request.headers.pop(name, None)
    host = request.url.host
    turn.requests += 1
    try:
        with logged("GET", f"{request.url.scheme}://{host}/", workload, tries, "") as line:
            async with asyncio.timeout(deadline_s):
                response = await client.http.send(request, auth=None, stream=True, follow_redirects=False)
                line.status = response.status_code
                try:
                    setback = _refused(response)
                    if setback is None:
                        await _kept(response, into, at_most)
                    return setback
                finally:
                    line.wire_bytes = response.num_bytes_downloaded
                    turn.wire_bytes += line.wire_bytes
                    await response.aclose()
    except TimeoutError:
        raise too_slow(host, deadline_s) from None
    except (httpx.TransportError, TruncatedBody) as error:
        return Setback(unreachable(host, error))


def _refused(response: httpx.Response) -> Setback | None:
    status, host = response.status_code, sanitize(response.url.host, 120)
    if 300 <= status < 400:
        raise redirected(response.url, response.headers.get("location", ""))
    if response.is_success:
        return None
    if status in _NO_LONGER:
        raise GraphRejected(
            _("{host} does not give out the report (HTTP {status}); its link may have expired.").format(
                host=host, status=status
            ),
            _("The next poll orders it anew; check that no proxy changes what is sent to this host."),
            status=status,
        )
    error = GraphRejected(
        _("{host} answered with an error (HTTP {status}).").format(host=host, status=status),
        _("The next poll asks again.") if status == 429 or status >= 500 else proxy_advice(),
        status=status,
    )
    if status == 429 or status >= 500:
        asked = seconds_asked(response.headers.get("retry-after"), response.headers.get("date"))
        return Setback(error, asked_s=asked)
    raise error


async def _kept(response: httpx.Response, into: IO[bytes], at_most: int) -> None:
    size = 0
    async for piece in pieces(response):
        size += len(piece)
        if size > at_most:
            raise GraphProtocolError(
                _("The file of the report is larger than {size} and was not fetched to its end.").format(
                    size=natural_size(at_most)
                ),
                proxy_advice(),
            )
        try:
            into.write(piece)
        except OSError as error:
            raise GraphUnreachable(
                _("The file of the report cannot be kept: {reason}").format(reason=sanitize(error.strerror or error)),
                _("Make room in the directory for temporary files."),
            ) from None
