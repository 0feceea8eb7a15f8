"""What Graph says when it refuses: its error document, and the JSON that Intune puts into its message."""

from __future__ import annotations

import json
import re
from typing import Final

import msgspec

from omconsole.sanitize import sanitize

_SCOPE: Final = re.compile(
    r"\b[A-Z][A-Za-z]{1,60}(?:\.[A-Z][A-Za-z]{1,40}){0,2}\.(?:Read|ReadWrite|ReadBasic|Write|PrivilegedOperations)(?:\.All)?\b"
)
_SCOPES_AT_MOST: Final = 12
_FOR_SUPPORT: Final = re.compile(r"\s*-\s*Operation ID \(for customer support\).*", re.DOTALL)
"""Numbers that Intune puts behind its sentence; the log of requests has those that find a request."""


class Refusal(msgspec.Struct, frozen=True):
    """The part of an error document that a person or the program needs; every text is sanitised."""

    code: str = ""
    message: str = ""
    retry_after: str | None = None
    scopes: tuple[str, ...] = ()
    """Permissions that the message names; any of them would do."""


def read_refusal(body: bytes) -> Refusal:
    """Returns what an error document says; a body that is none gives an empty refusal."""
    document = _json_object(body.decode("utf-8-sig", "replace"))
    error = document.get("error")
    if isinstance(error, str):  # a sign-in server's form
        return Refusal(code=sanitize(error, 120), message=sanitize(document.get("error_description")))
    if not isinstance(error, dict):
        return Refusal()
    raw = error.get("message")
    text = raw if isinstance(raw, str) else ""
    inner = _json_object(text)
    said = inner.get("Message", inner.get("message", text))
    message = said[:20_000] if isinstance(said, str) else ""
    retry_after = inner.get("RetryAfter")
    return Refusal(
        code=sanitize(error.get("code"), 120),
        message=sanitize(_FOR_SUPPORT.sub("", message) or message),
        retry_after=None if retry_after is None else str(retry_after)[:64],
        scopes=tuple(dict.fromkeys(_SCOPE.findall(text[:20_000])))[:_SCOPES_AT_MOST],
    )


def _json_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
