"""Who signs a request: sources of bearer tokens."""

from __future__ import annotations

from typing import Final, Protocol

from omconsole.errors import SignInError
from omconsole.i18n import _

TOKEN_VARIABLE: Final = "OMCONSOLE_TOKEN"  # noqa: S105 - the name of a variable


class TokenSource(Protocol):
    """Gives a bearer token for Graph whenever a request needs one."""

    async def token(self) -> str:
        """Returns a token that is good now, or raises SignInError."""
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
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise SignInError(
                _(
                    "The value of {variable} is no token: it has spaces, line breaks or control characters in it."
                ).format(variable=TOKEN_VARIABLE),
                do,
            )
        self._value = token

    async def token(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "ReadyToken(…)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a token is not written anywhere")
