"""`$batch`: several requests in one, each of them answered as if it had come alone (graph.md §15)."""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec

from omconsole.simulator.replies import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Scope

LARGEST: Final = 20
PATH: Final = "$batch"

#: Headers of an answer that belong to its connection, not to the answer.
_OF_THE_WIRE: Final = frozenset({"content-length", "vary", "date", "connection", "transfer-encoding"})


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw()
    depends_on: list[str] = []

    @property
    def sent(self) -> bytes:
        """Its body; null is none."""
        written = bytes(self.body)
        return b"" if written == b"null" else written

    def named(self, name: str) -> str | None:
        """A header, whatever the case it is written in."""
        return next((value for key, value in self.headers.items() if key.lower() == name), None)


class _Batch(msgspec.Struct, frozen=True):
    requests: list[Part]


async def answered(request: Request, app: ASGIApp) -> bytes:
    """The body of the answer to a batch; every part goes through `app`, with the batch's token if it has none.

    Raises:
        GraphError: 400, for the batch as a whole.
    """
    version = request.path_params["path"].partition("/")[0]
    waiting = _parts(await request.body())
    done: dict[str, dict[str, Any]] = {}
    while waiting:
        ready = [part for part in waiting if all(name.casefold() in done for name in part.depends_on)]
        if not ready:
            raise _refused("The dependsOn of the requests name each other, or a request that is not in the batch.")
        for part in ready:
            failed = any(done[name.casefold()]["status"] >= 400 for name in part.depends_on)
            done[part.id.casefold()] = _dependent(part) if failed else await _alone(request, app, version, part)
        waiting = [part for part in waiting if part.id.casefold() not in done]
    # The order of the answers is not that of the requests.
    order = sorted(done, key=lambda name: blake2b(f"{len(done)} {name}".encode()).digest())
    return msgspec.json.encode({"responses": [done[name] for name in order]})


def _refused(text: str) -> GraphError:
    return GraphError(400, "BadRequest", text)


def _parts(body: bytes) -> list[Part]:
    try:
        parts = msgspec.json.decode(body, type=_Batch).requests
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(f"Invalid batch payload format: {error}") from error
    if not 0 < len(parts) <= LARGEST:
        raise _refused(f"Number of batch request steps exceeds the maximum value of {LARGEST}, or is 0.")
    if len({part.id.casefold() for part in parts}) < len(parts):
        raise _refused("Request Id has to be unique in a batch.")
    for part in parts:
        if part.sent and part.named("content-type") is None:
            raise _refused(f"Write request id : {part.id} does not contain Content-Type header or body.")
    return parts


def _dependent(part: Part) -> dict[str, Any]:
    error = {"code": "FailedDependency", "message": "Failed because a request that this one depends on failed."}
    return _written(part, 424, {"Content-Type": "application/json"}, msgspec.json.encode({"error": error}))


async def _alone(request: Request, app: ASGIApp, version: str, part: Part) -> dict[str, Any]:
    path, _, query = part.url.partition("?")
    if not path.startswith("/") or path.strip("/").casefold() == PATH:
        error = {"code": "BadRequest", "message": f"The url of request {part.id} is no relative path of one resource."}
        return _written(part, 400, {"Content-Type": "application/json"}, msgspec.json.encode({"error": error}))
    whole = f"/{version}{path}"
    headers = {name.lower(): value for name, value in part.headers.items()}
    headers.setdefault("authorization", request.headers.get("authorization", ""))
    scope = {
        **{name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "client", "server")},
        "method": part.method.upper(),
        "path": unquote(whole),
        "raw_path": whole.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "extensions": request.scope.get("extensions", {}),
    }
    status, said, body = await _called(request, app, scope, part.sent)
    return _written(part, status, said, body)


async def _called(request: Request, app: ASGIApp, scope: Scope, body: bytes) -> tuple[int, dict[str, str], bytes]:
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        # Behind its body a part waits, if it does, for the client of the whole batch to go away.
        return unread.pop() if unread else await request.receive()

    async def keep(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    start, *rest = sent
    said = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return start["status"], said, b"".join(each.get("body", b"") for each in rest)


def _written(part: Part, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """One answer; a body that is not said to be JSON is written in base64, as those of reports are."""
    shown = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_WIRE}
    answer: dict[str, Any] = {"id": part.id, "status": status, "headers": shown}
    if body:
        kind = next((value for name, value in shown.items() if name.lower() == "content-type"), "")
        answer["body"] = msgspec.Raw(body) if _is_json(kind, body) else b64encode(body).decode()
    return answer


def _is_json(kind: str, body: bytes) -> bool:
    if not kind.startswith("application/json"):
        return False
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
