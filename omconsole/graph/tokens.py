"""Who signs a request: sources of bearer tokens."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from omconsole.errors import SignInError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

TOKEN_VARIABLE: Final = "OMCONSOLE_TOKEN"  # noqa: S105 - the name of a variable

OPAQUE: Final = "opaque"
"""The principal of a token that does not say whose it is."""
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class TokenSource(Protocol):
    """Gives a bearer token for Graph whenever a request needs one."""

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        """Returns a token that is good now.

        Args:
            claims: a claims challenge of Graph, JSON text, that the token has to meet.
            refused: a token that Graph did not accept; another one is wanted.

        Raises:
            SignInNeeded: only a person can get one.
            SignInError: there is none.
            GraphUnreachable: the sign-in server did not answer, and no token that is still good is at hand.
        """
        ...


class ReadyToken:
    """A token that somebody else has fetched; `auth = "token"`. It shows itself nowhere.

    Raises:
        SignInError: there is none, or it has characters that no token has.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | None) -> None:
        token = (value or "").strip()
        do = _("Put an access token for Microsoft Graph into {variable}.").format(variable=TOKEN_VARIABLE)
        if not token:
            raise SignInError(
                _("There is no token: {variable} is empty or not set.").format(variable=TOKEN_VARIABLE), do
            )
        if not is_sendable(token):
            raise SignInError(
                _(
                    "The value of {variable} is no token: it has spaces, line breaks or control characters in it."
                ).format(variable=TOKEN_VARIABLE),
                do,
            )
        self._value = token

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        """Returns the token.

        Raises:
            SignInError: another one is wanted; nobody renews this one.
        """
        if claims is not None or refused is not None:
            raise SignInError(
                _("Microsoft Graph wants another token than the one in {variable}.").format(variable=TOKEN_VARIABLE),
                _("Put a fresh one there and start again; a ready token is not renewed."),
            )
        return self._value

    def __repr__(self) -> str:
        return "ReadyToken(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a token is not written anywhere")


def is_sendable(token: str) -> bool:
    """Tells whether a header can carry it: printable ASCII without spaces, and not nothing."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


class Claims(msgspec.Struct, frozen=True):
    """What a token of Entra says of itself. Nobody has verified it: Graph does, this program only compares."""

    tid: str = ""
    oid: str = ""
    appid: str = ""
    scp: str = ""
    roles: tuple[str, ...] = ()


def claims(token: str) -> Claims | None:
    """Returns what a token says of itself; None when it is no JWT, or does not name who it is for."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        said = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=Claims)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return said if said.tid and (said.oid or said.appid) else None


def principal(token: str) -> str:
    """Returns a short name of who asks and what they may, from which neither can be read; `OPAQUE` if unknown."""
    said = claims(token)
    if said is None:
        return OPAQUE
    rights = " ".join(sorted({*said.scp.split(), *said.roles}))
    return sha256(f"{said.tid}|{said.oid or said.appid}|{rights}".encode()).hexdigest()[:16]


def check_tenant(token: str, tenant_id: str | None) -> None:
    """Refuses a token of another tenant; one that does not say, or a tenant known by its domain alone, passes.

    Raises:
        SignInError: the token is another tenant's.
    """
    said = claims(token)
    if said is None or tenant_id is None or not _GUID.fullmatch(tenant_id):
        return
    if said.tid.casefold() != tenant_id.casefold():
        raise SignInError(
            _("The token is for the tenant {token_tenant}; this profile is for {tenant}.").format(
                token_tenant=sanitize(said.tid, 80), tenant=tenant_id
            ),
            _("Put a token of this tenant into {variable}, or choose the other tenant's profile.").format(
                variable=TOKEN_VARIABLE
            ),
        )
