"""Answers that are none: a connection that is dropped, and one on which nothing ever comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_EXTENSION: Final = "omconsole.transport"


class Protocol(H11Protocol):
    """HTTP/1.1 that shows the application its connection, in the scope's extensions, so that it can be cut."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        inner = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = self.transport
            await inner(scope, receive, send)

        self.app = with_transport


def cut(scope: Scope) -> None:
    """End the request's connection at once, whatever has been sent on it.

    Raises:
        ConnectionResetError: there is no connection, for the application is called within a process.
    """
    transport = scope.get("extensions", {}).get(_EXTENSION)
    if transport is None:
        raise ConnectionResetError("the simulated tenant drops this connection")
    transport.abort()


async def gone(receive: Receive) -> None:
    """Return once the client has gone, or the server ends."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Dropped(Response):
    """Closes the connection without an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Cut, and wait until the server has noticed: it would answer 500 to an application that says nothing."""
        cut(scope)
        await gone(receive)


class Silent(Response):
    """Sends nothing until the client goes away or the server ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait."""
        await gone(receive)
