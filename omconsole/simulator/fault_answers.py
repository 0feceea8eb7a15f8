"""Faults that answer in place of the tenant, and faults of the wire."""

from __future__ import annotations

import base64
import binascii
import zlib
from datetime import timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from omconsole.simulator import permissions
from omconsole.simulator.replies import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.simulator.fault_exchange import Exchange, Reply, Wire

_MEGABYTE = 1 << 20
_PORTAL = b"""<!DOCTYPE html>
<html><head><title>Welcome</title></head><body><h1>Please accept the terms of this network</h1></body></html>
"""
_SAYS = {
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


def throttled(exchange: Exchange, value: str) -> Reply:
    """429: `value` is the waiting time, and where it stands."""
    return _busy(429, exchange, value)


def failing(status: int) -> Callable[[Exchange, str], Reply]:
    """An error of the server; `value` is the waiting time as for `throttled`, empty for none."""
    return lambda exchange, value: _busy(status, exchange, value)


def _busy(status: int, exchange: Exchange, value: str) -> Reply:
    form, _, number = value.rpartition(":")
    inside = float(number) if form == "message" else None
    # Intune's own words in place of Graph's.
    error = GraphError(status, _SAYS[status], "An error has occurred.", intune=inside is not None, retry_after=inside)
    reply = exchange.refused(error)
    if form == "date":
        reply.headers["retry-after"] = format_datetime(exchange.now + timedelta(seconds=float(number)), usegmt=True)
    elif not form and number not in ("", "none"):
        reply.headers["retry-after"] = number
    return reply


def web_page(exchange: Exchange, value: str) -> Reply:
    """The page of a portal or proxy with the status `value`."""
    return exchange.plain(int(value), "text/html; charset=utf-8", _PORTAL)


def redirect(exchange: Exchange, value: str) -> Reply:
    """A portal that sends everybody to itself."""
    reply = exchange.plain(302, "text/html; charset=utf-8", b"")
    reply.headers["location"] = value
    return reply


def expired(exchange: Exchange, value: str) -> Reply:
    """The token is too old."""
    return exchange.refused(
        GraphError(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
    )


def forbidden(exchange: Exchange, value: str) -> Reply:
    """The refusal of a token that may not do this; `value` names the permissions that Intune would accept."""
    try:
        if not value:
            permissions.check("/" + exchange.path.lstrip("/").partition("/")[2], ())
    except GraphError as error:
        return exchange.refused(error)
    text = "Application is not authorized to perform this operation."
    if value:
        text += f" Application must have one of the following scopes: {', '.join(value.split('+'))}"
    return exchange.refused(GraphError(403, "Forbidden", text, intune=True))


def challenge(exchange: Exchange, value: str) -> Reply | None:
    """401 with a claims challenge, until a token is shown that carries the authentication context `value`."""
    if value in _contexts(exchange.request.headers.get("authorization", "")):
        return None
    claims = msgspec.json.encode({"access_token": {"acrs": {"essential": True, "value": value}}})
    bearer = f'error="insufficient_claims", claims="{base64.b64encode(claims).decode()}"'
    text = "Continuous access evaluation resulted in challenge."
    return exchange.refused(GraphError(401, "InvalidAuthenticationToken", text, bearer=bearer))


def _contexts(authorization: str) -> list[Any]:
    """The `acrs` of a bearer token that is a JWT; none of any other."""
    _, _, token = authorization.partition(" ")
    _, _, payload = token.partition(".")
    try:
        raw = base64.urlsafe_b64decode(payload.partition(".")[0] + "==")
        claims = msgspec.json.decode(raw)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return []
    found = claims.get("acrs", []) if isinstance(claims, dict) else []
    return found if isinstance(found, list) else [found]


# --- the wire ---------------------------------------------------------------------------------------------------------


async def slow(wire: Wire, reply: Reply, value: str) -> None:
    """One byte each `value` seconds."""
    await wire.starts(reply, len(reply.body))
    for place in range(len(reply.body)):
        if await wire.is_left(float(value)):
            return
        await wire.gives(reply.body[place : place + 1], more=place + 1 < len(reply.body))


async def hang(wire: Wire, reply: Reply, value: str) -> None:
    """Nothing for `value` seconds, for ever without; then the answer."""
    if not await wire.is_left(float(value) if value else None):
        await wire.whole(reply)


async def cut(wire: Wire, reply: Reply, value: str) -> None:
    """The connection ends behind `value` bytes of the body, behind half of it without."""
    await wire.starts(reply, len(reply.body) + 1)
    await wire.gives(reply.body[: int(value) if value else len(reply.body) // 2])
    await wire.breaks()


async def huge(wire: Wire, reply: Reply, value: str) -> None:
    """A page with `value` megabytes of nothing."""
    await wire.starts(reply, None)
    await wire.gives(b'{"value":[')
    for _ in range(int(value)):
        if await wire.is_left(0.0):
            return
        await wire.gives(b" " * _MEGABYTE)
    await wire.gives(b"]}", more=False)


async def bomb(wire: Wire, reply: Reply, value: str) -> None:
    """The same in a thousandth of the bytes."""
    body = _bomb(int(value))
    reply.headers["content-encoding"] = "gzip"
    await wire.starts(reply, len(body))
    await wire.gives(body, more=False)


@lru_cache(maxsize=1)
def _bomb(megabytes: int) -> bytes:
    deflater = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    nothing = b" " * _MEGABYTE
    parts = [deflater.compress(b'{"value":[')]
    parts += [deflater.compress(nothing) for _ in range(megabytes)]
    parts += [deflater.compress(b"]}"), deflater.flush()]
    return b"".join(parts)
