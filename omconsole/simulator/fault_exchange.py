"""A request that meets a fault, and its answer on the way to the wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request

from omconsole.simulator.connections import cut, gone
from omconsole.simulator.replies import refuse

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from omconsole.simulator.replies import GraphError

#: The query option in links to further pages that are none of the tenant's.
FURTHER = "further"

_VERSIONS = ("/v1.0/", "/beta/")


@dataclass(slots=True)
class Reply:
    """An answer, whole and not compressed; `Content-Length` follows from the body. Names of headers are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Exchange:
    """A request whose body has been read, at the server's instant `now` (UTC)."""

    scope: Scope
    body: bytes
    now: datetime
    request: Request = field(init=False)

    def __post_init__(self) -> None:
        # Answers are changed as they are: the application must not compress them.
        plain = [(name, value) for name, value in self.scope["headers"] if name.lower() != b"accept-encoding"]
        self.scope = {**self.scope, "headers": plain}
        self.request = Request(self.scope)

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def is_graph(self) -> bool:
        """Whether Graph is asked, not the sign-in server or the storage of exports."""
        return self.path.startswith(_VERSIONS)

    @property
    def is_report(self) -> bool:
        """Whether a report action is asked, which is a POST and answered with a table."""
        return "/deviceManagement/reports/" in self.path

    @property
    def goes_on(self) -> bool:
        """Whether the second or a later page is asked for."""
        if self.is_report:
            return bool(self.asked().get("skip"))
        return any(name in self.request.query_params for name in ("$skiptoken", "$skip", FURTHER))

    def asked(self) -> dict[str, Any]:
        """The JSON object in the request's body; empty when there is none."""
        try:
            document = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return {}
        return document if isinstance(document, dict) else {}

    def refused(self, error: GraphError) -> Reply:
        """Graph's answer that tells this error."""
        response = refuse(self.request, self.now, error)
        return Reply(response.status_code, dict(response.headers.items()), bytes(response.body))

    def plain(self, status: int, kind: str, body: bytes) -> Reply:
        """The answer of somebody in between: of a proxy or a portal."""
        return Reply(status, {"date": format_datetime(self.now, usegmt=True), "content-type": kind}, body)

    async def answered_by(self, app: ASGIApp) -> Reply:
        """What the application answers."""
        messages: list[Message] = []
        unread: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive() -> Message:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def keep(message: Message) -> None:
            messages.append(message)

        await app(self.scope, receive, keep)
        start, *rest = messages
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
        return Reply(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


class Wire:
    """The way to and from who asks: answers go out in pieces, at a pace, and as far as they go."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    async def read(self) -> bytes:
        """The body of the request."""
        parts: list[bytes] = []
        while (message := await self._receive())["type"] == "http.request":
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        return b"".join(parts)

    async def starts(self, reply: Reply, length: int | None) -> None:
        """Sends status and headers, which promise `length` bytes; None promises no number."""
        headers = {name: value for name, value in reply.headers.items() if name != "content-length"}
        if length is not None:
            headers["content-length"] = str(length)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": raw})

    async def gives(self, piece: bytes, *, more: bool = True) -> None:
        """Sends a piece of the body."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def whole(self, reply: Reply) -> None:
        """Sends all of an answer."""
        await self.starts(reply, len(reply.body))
        await self.gives(reply.body, more=False)

    async def is_left(self, within_s: float | None) -> bool:
        """Waits so many seconds, for ever with None; True as soon as who asked has gone away."""
        try:
            async with asyncio.timeout(within_s):
                while (await self._receive())["type"] != "http.disconnect":
                    continue
        except TimeoutError:
            return False
        return True

    async def breaks(self) -> None:
        """Ends the connection behind what has been sent.

        Raises:
            ConnectionResetError: there is no connection, for the application is called within a process.
        """
        await asyncio.sleep(0)
        cut(self._scope)
        await gone(self._receive)
