"""What Entra says when it refuses: numbered errors, and the answers of a script's steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import msgspec
from starlette.responses import HTMLResponse, Response

from omconsole.simulator.connections import Dropped, Silent

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

_STEPPED_UP: Final = (
    '{"access_token":{"capolids":{"essential":true,"values":["5d3c6a6e-2f1b-4a53-9b0a-7e0b8f0a4a11"]}}}'
)


class EntraError(Exception):
    """A request that the sign-in server refuses.

    Args:
        error: the OAuth error.
        number: of the AADSTS error.
        text: its description, without number and ids.
        status: the HTTP status.
    """

    def __init__(
        self, error: str, number: int, text: str, *, status: int = 400, suberror: str = "", claims: str = ""
    ) -> None:
        super().__init__(text)
        self.error = error
        self.number = number
        self.text = text
        self.status = status
        self.suberror = suberror
        self.claims = claims


_STEPS: Final = {
    "pending": ("authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue."),
    "slow_down": ("slow_down", 70016, "OAuth 2.0 device flow error. Polling too frequently."),
    "declined": ("authorization_declined", 70017, "The end user denied the authorization request."),
    "denied": ("access_denied", 65004, "User declined to consent to access the app."),
    "expired": ("expired_token", 70019, "The device code has expired. Have the user retry the sign-in."),
    "bad_code": ("bad_verification_code", 70018, "Bad verification code: the device code was not recognised."),
    "revoked": (
        "invalid_grant",
        50173,
        "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
    ),
    "not_allowed": (
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    "bad_secret": ("invalid_client", 7000215, "Invalid client secret provided."),
    "bad_certificate": (
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application.",
    ),
}


def refused(step: str) -> EntraError:
    """The error that a step of a script stands for."""
    if step == "mfa":
        text = "Due to a configuration change made by your administrator, you must use multi-factor authentication."
        return EntraError("interaction_required", 50076, text, suberror="basic_action", claims=_STEPPED_UP)
    error, number, text = _STEPS[step]
    return EntraError(error, number, text, status=401 if number in (7000215, 700027, 7000218) else 400)


def broken(step: str) -> Response | None:
    """The answer of a step at which the network or the server fails; None for other steps."""
    match step:
        case "500":
            return Response("Internal Server Error", 500, media_type="text/plain")
        case "503":
            return Response("The service is unavailable.", 503, {"Retry-After": "2"}, media_type="text/plain")
        case "429":
            return Response(b"", 429)
        case "drop":
            return Dropped()
        case "hang":
            return Silent()
        case "html":
            return HTMLResponse("<!DOCTYPE html><html><body><h1>Guest network</h1>Accept the terms.</body></html>")
    return None


def entra_answer(error: EntraError, request: Request, now: datetime) -> Response:
    """The JSON answer of a refusal."""
    trace, moment = str(uuid4()), f"{now:%Y-%m-%d %H:%M:%SZ}"
    correlation = _correlation(request.headers.get("client-request-id", ""))
    body = {
        "error": error.error,
        "error_description": f"AADSTS{error.number}: {error.text} "
        f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}",
        "error_codes": [error.number],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={error.number}",
    }
    if error.suberror:
        body["suberror"] = error.suberror
    if error.claims:
        body["claims"] = error.claims
    return json_answer(body, error.status)


def json_answer(body: object, status: int = 200) -> Response:
    """A JSON answer that nobody keeps."""
    headers = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
    return Response(msgspec.json.encode(body), status, headers, "application/json; charset=utf-8")


def _correlation(shown: str) -> str:
    try:
        return str(UUID(shown))
    except ValueError:
        return str(uuid4())
