"""How an application proves who it is: with a secret, or with an assertion that its certificate signed."""

from __future__ import annotations

import base64
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from omconsole.simulator.sign_in_errors import EntraError, refused
from omconsole.simulator.tokens import base64url, parts

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientProofs(msgspec.Struct, frozen=True):
    """What is registered for the application; with None anything of that kind is accepted."""

    secret: str | None = None
    certificate: str | None = None
    """SHA-256 of the certificate in DER form, hexadecimal."""

    def check(self, form: Mapping[str, str], token_endpoint: str, client_id: str, now: int) -> None:
        """Refuse a request for a token of an application that does not prove who it is.

        The signature of an assertion is not verified: what it says of itself is, and which certificate it names.

        Raises:
            EntraError: as Entra says it.
        """
        if form.get("client_assertion"):
            self._check_assertion(form, token_endpoint, client_id, now)
        elif not form.get("client_secret"):
            raise refused("not_allowed")
        elif self.secret is not None and form["client_secret"] != self.secret:
            raise refused("bad_secret")

    def _check_assertion(self, form: Mapping[str, str], token_endpoint: str, client_id: str, now: int) -> None:
        if form.get("client_assertion_type") != _ASSERTION:
            raise _malformed("the client_assertion_type is not supported")
        try:
            header, claims = parts(form["client_assertion"])
        except ValueError as error:
            raise _malformed(str(error)) from error
        if header.get("alg") not in ("RS256", "PS256") or not (header.get("x5t#S256") or header.get("x5t")):
            raise _malformed("the header names no certificate, or no algorithm for one")
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise _malformed("issuer and subject must be the application", 700021)
        if claims.get("aud") != token_endpoint:
            raise _malformed("the audience must be the token endpoint", 700023)
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] <= now:
            raise _malformed("the assertion is not within its valid time range", 700024)
        self._check_certificate(header)

    def _check_certificate(self, header: Mapping[str, Any]) -> None:
        # msal writes thumbprints with padding, though RFC 7515 has none.
        named = {name: str(header[name]).rstrip("=") for name in ("x5t#S256", "x5t") if name in header}
        chain = header.get("x5c")
        if chain:
            der = base64.b64decode(chain[0] if isinstance(chain, list) else chain)
            # SHA-1 is what the header x5t is defined with; nothing depends on it here.
            own = {"x5t#S256": sha256(der).digest(), "x5t": sha1(der, usedforsecurity=False).digest()}
            if any(thumbprint != base64url(own[name]) for name, thumbprint in named.items()):
                raise refused("bad_certificate")
        if self.certificate is not None and named.get("x5t#S256") != base64url(bytes.fromhex(self.certificate)):
            raise refused("bad_certificate")


def _malformed(why: str, number: int = 50027) -> EntraError:
    return EntraError("invalid_client", number, f"JWT token is invalid or malformed: {why}.", status=401)
