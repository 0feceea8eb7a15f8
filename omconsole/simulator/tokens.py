"""Access tokens of the simulated tenant: written by its sign-in server, read by its Graph."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final

import msgspec

from omconsole.simulator.replies import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping

Claims = dict[str, Any]

EARLIER: Final = 300
"""Tokens of Entra are good since five minutes before they are issued, so that clocks may differ."""
_GLOBAL_READER: Final = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"


class Subject(msgspec.Struct, frozen=True):
    """Who a token is about."""

    object_id: str
    name: str
    """A person's, or the application's."""
    login: str = ""
    """User principal name; empty for an application."""

    @property
    def is_application(self) -> bool:
        """Whether nobody signed in."""
        return not self.login


class Grant(msgspec.Struct, frozen=True):
    """What a token is issued for."""

    client_id: str
    subject: Subject
    audience: str
    permissions: tuple[str, ...]
    claims: str = ""
    """The `claims` parameter of the request: what a challenge asked, and what the client can do."""


def base64url(raw: bytes) -> str:
    """Base64 with the alphabet of addresses, without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value: object) -> str:
    """One part of a JWT."""
    return base64url(msgspec.json.encode(value))


def parts(token: str) -> tuple[Claims, Claims]:
    """The header and the claims of a JWT.

    Raises:
        ValueError: it is none.
    """
    pieces = token.split(".")
    if len(pieces) != 3:
        raise ValueError("a JWT has three parts")
    try:
        header, claims = (msgspec.json.decode(urlsafe_b64decode(each + "=="), type=Claims) for each in pieces[:2])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    return header, claims


def wanted_of(claims: str | Mapping[str, Any]) -> dict[str, Any]:
    """What a `claims` parameter or a challenge wants of an access token, as claims of a token: name to value.

    Raises:
        ValueError: it is no JSON object of the shape that OpenID Connect has for it.
    """
    try:
        said = msgspec.json.decode(claims or "{}", type=Claims) if isinstance(claims, str) else claims
        return {name: _value(name, want) for name, want in (said.get("access_token") or {}).items()}
    except (msgspec.MsgspecError, AttributeError, TypeError) as error:
        raise ValueError(f"not a claims parameter: {error}") from error


def _value(name: str, want: Mapping[str, Any] | None) -> object:
    wish = want or {}
    value = wish.get("values", wish.get("value"))
    return int(value) if name in ("nbf", "iat") and isinstance(value, str) else value


class Issuer:
    """Writes and reads the tokens of one tenant; they are good for as long as this object lives, at most."""

    def __init__(self, tenant_id: str, authority: str) -> None:
        self._tenant_id = tenant_id
        self._authority = authority
        self._key = secrets.token_bytes(32)
        self._demanded: dict[str, Any] = {}
        self._challenge = b""

    def issue(self, grant: Grant, now: int, lifetime_s: int) -> str:
        """A token that ends `lifetime_s` seconds after `now` (seconds since 1970 UTC).

        Raises:
            ValueError: the claims of the request are no claims.
        """
        who = grant.subject
        claims: Claims = {
            "aud": grant.audience,
            "iss": f"{self._authority}/",
            "iat": now,
            "nbf": now - EARLIER,
            "exp": now + lifetime_s,
            "tid": self._tenant_id,
            "oid": who.object_id,
            "sub": who.object_id,
            "appid": grant.client_id,
            "app_displayname": "omconsole",
            "idtyp": "app" if who.is_application else "user",
            "uti": base64url(secrets.token_bytes(16)),
            "ver": "1.0",
        }
        if who.is_application:
            claims["roles"] = list(grant.permissions)
        else:
            claims |= {"name": who.name, "upn": who.login, "unique_name": who.login, "wids": [_GLOBAL_READER]}
            claims["scp"] = " ".join((*grant.permissions, "openid", "profile", "email"))
        return self.signed(claims | wanted_of(grant.claims))

    def signed(self, claims: Claims) -> str:
        """A JWT with these claims."""
        text = f"{part({'typ': 'JWT', 'alg': 'HS256'})}.{part(claims)}"
        return f"{text}.{base64url(hmac.digest(self._key, text.encode(), 'sha256'))}"

    def demand(self, claims: Mapping[str, Any]) -> None:
        """Make Graph refuse every token that was not issued for these claims, until `withdraw`."""
        self._demanded = wanted_of(claims)
        self._challenge = msgspec.json.encode(claims)

    def withdraw(self) -> None:
        """Make Graph demand nothing more."""
        self._demanded = {}

    def permissions(self, token: str, audience: str, now: int) -> frozenset[str]:
        """What a token that Graph is shown allows.

        Raises:
            GraphError: 401: it is not of this tenant, for something else, expired, or not what Graph demands.
        """
        text, _, signature = token.rpartition(".")
        ours = base64url(hmac.digest(self._key, text.encode(), "sha256"))
        if not hmac.compare_digest(signature.encode(), ours.encode()):
            raise _refused("Access token validation failure. Invalid audience.")
        _, claims = parts(token)
        if claims["aud"] != audience:
            raise _refused("Access token validation failure. Invalid audience.")
        if now >= claims["exp"]:
            raise _refused("Lifetime validation failed, the token is expired.")
        if "CP1" in claims.get("xms_cc", ()):
            # Only a client that says it can answer a challenge is ever sent one.
            self.check_demand(claims)
        return frozenset((*claims.get("roles", ()), *str(claims.get("scp", "")).split()))

    def check_demand(self, claims: Claims) -> None:
        """Challenge a token with these claims if Graph demands more.

        Raises:
            GraphError: 401 with the challenge.
        """
        if all(_covers(claims.get(name), want) for name, want in self._demanded.items()):
            return
        challenge = urlsafe_b64encode(self._challenge).decode()
        raise GraphError(
            401,
            "InvalidAuthenticationToken",
            "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: "
            "TokenIssuedBeforeRevocationTimestamp",
            bearer=f'error="insufficient_claims", claims="{challenge}"',
        )


def _covers(have: object, want: object) -> bool:
    if isinstance(want, list):
        return set(want) <= set(have if isinstance(have, list) else [have])
    if isinstance(want, int) and isinstance(have, int):
        return have >= want
    return want is None or have == want


def _refused(text: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", text)
