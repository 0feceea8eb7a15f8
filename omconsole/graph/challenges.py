"""Refused tokens: what a WWW-Authenticate header asks for, and the one new token that a request then gets."""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from omconsole.errors import SignInError, SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from omconsole.graph.tokens import TokenSource

_HEADER_AT_MOST: Final = 65_536
_CLAIMS_AT_MOST: Final = 32_768
"""Characters of base64; Entra's challenges have some hundred."""
_PIECE: Final = re.compile(
    r"""(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)
    (?: \s*=\s* (?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<plain>[^\s,"]*) ) )?""",
    re.VERBOSE | re.DOTALL,
)
_STANDARD: Final = str.maketrans("-_", "+/")


def claims_asked(headers: Iterable[str]) -> str | None:
    """Returns the claims challenge in the WWW-Authenticate headers of an answer, JSON text; None without a usable one.

    A header may hold several challenges. The claims of one with `error="insufficient_claims"` are base64, standard or
    url-safe, with or without padding (graph.md §15).
    """
    for header in headers:
        for challenge in _challenges(header[:_HEADER_AT_MOST]):
            if challenge.get("error", "").casefold() == "insufficient_claims":
                claims = _decoded(challenge.get("claims", ""))
                if claims is not None:
                    return claims
    return None


def _challenges(header: str) -> Iterator[dict[str, str]]:
    """Yields the parameters of each challenge: a name without a value begins the next one."""
    parameters: dict[str, str] = {}
    for piece in _PIECE.finditer(header):
        quoted, plain = piece["quoted"], piece["plain"]
        if quoted is None and plain is None:
            yield parameters
            parameters = {}
        else:
            value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            parameters.setdefault(piece["name"].casefold(), value)
    yield parameters


def _decoded(claims: str) -> str | None:
    encoded = claims.strip().rstrip("=").translate(_STANDARD)
    if not encoded or len(encoded) > _CLAIMS_AT_MOST:
        return None
    try:
        text = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
        document = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return text if isinstance(document, dict) else None


class Credential:
    """The token of one request. A refused one is replaced once, and once more to answer a claims challenge.

    It shows itself nowhere.
    """

    __slots__ = ("_answered", "_claims", "_error", "_token", "_tokens")

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens
        self._token = ""
        self._error: SignInError | None = None
        """Why the last token was refused; None once it is replaced."""
        self._claims: str | None = None
        self._answered: set[bool] = set()

    async def token(self) -> str:
        """Returns the token for the next try.

        Raises:
            SignInNeeded, SignInError: there is no other one than the one that was refused.
            GraphUnreachable: the sign-in server did not answer.
        """
        if self._error is None:
            self._token = await self._tokens.token()
            return self._token
        refused, error = self._token, self._error
        try:
            self._token = await self._tokens.token(claims=self._claims, refused=refused)
        except SignInNeeded:
            raise
        except SignInError as final:
            # Why Graph refused it tells a wrong token from an old one.
            raise SignInError(f"{final.what} {error.what}", final.do) from None
        if self._token == refused:
            raise error
        self._error = None
        return self._token

    def deny(self, error: SignInError, claims: str | None) -> None:
        """Notes that Graph did not accept the token.

        Args:
            error: raised when the same has happened to this request before.
            claims: the challenge that the next token has to answer.
        """
        challenged = claims is not None
        if challenged in self._answered:
            raise error
        self._answered.add(challenged)
        self._error, self._claims = error, claims
