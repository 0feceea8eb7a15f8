"""Answers as Graph writes them: bodies of success and of error, headers, compression."""

from __future__ import annotations

import gzip
from email.utils import format_datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

_WORTH_COMPRESSING = 1024
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


class GraphError(Exception):
    """A request that Graph answers with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        intune: bool = False,
        retry_after: float | None = None,
        bearer: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        #: Intune's own service writes a JSON document into the message.
        self.intune = intune
        #: What the `WWW-Authenticate` header of a 401 says besides where to sign in.
        self.bearer = bearer
        #: Seconds to wait, which that document tells.
        self.retry_after = retry_after


def _written_message(error: GraphError, request_id: str) -> str:
    if not error.intune:
        return error.message
    document = {
        "_version": 3,
        "Message": f"{error.message} - Operation ID (for customer support): {request_id} - Activity ID: {request_id}",
        "CustomApiErrorPhrase": "",
        "RetryAfter": error.retry_after,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    }
    return msgspec.json.encode(document).decode()


def refuse(request: Request, now: datetime, error: GraphError) -> Response:
    """The error answer."""
    request_id = str(uuid4())
    client_id = request.headers.get("client-request-id", request_id)
    body = {
        "error": {
            "code": error.code,
            "message": _written_message(error, request_id),
            "innerError": {
                "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
                "request-id": request_id,
                "client-request-id": client_id,
            },
        }
    }
    response = _respond(request, now, msgspec.json.encode(body), error.status, request_id)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = (
            'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", '
            'client_id="00000003-0000-0000-c000-000000000000"'
        ) + (f", {error.bearer}" if error.bearer else "")
    return response


def answer(request: Request, now: datetime, body: bytes, content_type: str = _JSON, status: int = 200) -> Response:
    """The answer of success with the JSON `body`, whatever `content_type` calls it."""
    return _respond(request, now, body, status, str(uuid4()), content_type)


def _respond(
    request: Request, now: datetime, body: bytes, status: int, request_id: str, content_type: str = _JSON
) -> Response:
    headers = {
        "request-id": request_id,
        "client-request-id": request.headers.get("client-request-id", request_id),
        "Date": format_datetime(now, usegmt=True),
        "Content-Type": content_type,
        "OData-Version": "4.0",
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if len(body) > _WORTH_COMPRESSING and _takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 1, mtime=0)
    return Response(body, status, headers)


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
