"""Answers read from the wire: in pieces, within bounds, and shown to be Graph's."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.errors import GraphProtocolError
from omconsole.i18n import _, natural_size
from omconsole.sanitize import sanitize
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx

_PIECE: Final = 262_144
"""Decoded bytes at a time: what a small compressed chunk may grow to before the cap is looked at again."""


class Reply(msgspec.Struct, frozen=True):
    """A complete answer with a status of success."""

    status: int
    body: bytes
    """Decoded; empty with 204."""
    url: str
    client_request_id: str
    """Made by the program for this request."""
    request_id: str = ""
    """Graph's own."""
    wire_bytes: int = 0
    date: str = ""
    """When Graph answered, as it wrote it."""


class TruncatedBody(Exception):
    """The compressed body ends too early; the request may be sent again."""


async def read_body(response: httpx.Response, cap: int, *, cut: bool = False) -> bytes:
    """Returns the decoded body.

    Args:
        response: still open.
        cap: decoded bytes at most.
        cut: end quietly at the cap, for the body of an error.

    Raises:
        GraphProtocolError: larger than the cap, damaged, or in an encoding that was not asked for.
        TruncatedBody: the compressed stream has no end.
    """
    total, parts = 0, []
    async for piece in pieces(response):
        total += len(piece)
        parts.append(piece)
        if total > cap and cut:
            break
        if total > cap:
            raise GraphProtocolError(
                _("The answer of Microsoft Graph is larger than {size} and was not read to its end.").format(
                    size=natural_size(cap)
                ),
                proxy_advice(),
            )
    return b"".join(parts)[: cap if cut else None]


async def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yields the decoded body in pieces; errors as for `read_body`, which bounds it."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise GraphProtocolError(
            _("The answer is encoded as {encoding}, which was not asked for.").format(encoding=sanitize(encoding, 40)),
            proxy_advice(),
        )
    if response.is_stream_consumed:  # a transport without a wire hands over what it has read and decoded
        yield await response.aread()
    elif encoding in {"", "identity"}:
        async for chunk in response.aiter_raw():
            yield chunk
    else:
        async for piece in _inflated(response.aiter_raw()):
            yield piece


async def _inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    empty = True
    async for chunk in chunks:
        rest = chunk
        while rest and not inflater.eof:
            empty = False
            try:
                piece = inflater.decompress(rest, _PIECE)
            except zlib.error:
                raise GraphProtocolError(
                    _("The compressed answer of Microsoft Graph is damaged."), proxy_advice()
                ) from None
            rest = inflater.unconsumed_tail
            yield piece
            if rest:
                await next_turn()
    if not inflater.eof and not empty:
        raise TruncatedBody


def check_is_json(headers: Mapping[str, str], host: str, body: bytes) -> None:
    """Refuses a successful answer that is a page of a captive portal or anything else than JSON."""
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if not body:
        return
    if "html" in kind or body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise GraphProtocolError(
            _("{host} answered with a web page instead of data.").format(host=sanitize(host, 120)),
            proxy_advice(),
        )
    # Report actions answer with application/octet-stream that is JSON.
    if kind and "json" not in kind and kind != "application/octet-stream":
        raise GraphProtocolError(
            _("{host} answered with {kind} instead of JSON.").format(host=sanitize(host, 120), kind=sanitize(kind, 80)),
            proxy_advice(),
        )


def proxy_advice() -> str:
    """Returns what to do about an answer that is not Graph's."""
    return _("Check graph_url, and whether a proxy or the sign-in portal of a network is in between.")
