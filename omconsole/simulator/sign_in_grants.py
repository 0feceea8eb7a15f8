"""The token endpoint: what is shown there, and the token that is given for it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from omconsole.simulator.sign_in_errors import EntraError, json_answer, refused
from omconsole.simulator.sign_in_forms import form_of
from omconsole.simulator.tokens import base64url, part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from omconsole.simulator.sign_in import SignInServer
    from omconsole.simulator.sign_in_sessions import Asked

_ID_LIFETIME: Final = 3600


class TokenEndpoint:
    """Answers `POST /{tenant}/oauth2/v2.0/token`."""

    def __init__(self, server: SignInServer) -> None:
        self._server = server
        self._grants: dict[str, Callable[[Mapping[str, str]], Response]] = {
            "urn:ietf:params:oauth:grant-type:device_code": self._by_device_code,
            "device_code": self._by_device_code,
            "refresh_token": self._by_refresh_token,
            "authorization_code": self._by_authorization_code,
        }

    async def answer(self, request: Request) -> Response:
        """The answer to any grant.

        Raises:
            EntraError: it is refused.
        """
        form = await form_of(request)
        self._server.check_client(form)
        kind = form.get("grant_type", "")
        if kind == "client_credentials":
            return self._by_client_credentials(form, f"{self._server.root}{request.url.path}")
        if kind not in self._grants:
            raise EntraError("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        return self._grants[kind](form)

    def _by_device_code(self, form: Mapping[str, str]) -> Response:
        server = self._server
        flow = server.sessions.flow(form.get("device_code") or form.get("code", ""))
        if flow is None:
            raise refused("bad_code")
        if flow.ends_at <= server.now():
            raise refused("expired")
        answer = server.played(flow.step("" if flow.answer else server.script.next("sign-in")))
        if answer is not None:
            return answer
        server.sessions.forget(flow)
        return self._for_person(flow.asked.with_claims(form.get("claims", "")))

    def _by_refresh_token(self, form: Mapping[str, str]) -> Response:
        server = self._server
        answer = server.played(server.script.next("renewal"))
        if answer is not None:
            return answer
        kept = server.sessions.renewable(form.get("refresh_token", ""))
        if kept is None:
            raise EntraError("invalid_grant", 70000, "The provided value for 'refresh_token' is not valid.")
        asked = server.asked(form) if form.get("scope") else kept
        return self._for_person(asked.with_claims(form.get("claims", "")))

    def _by_authorization_code(self, form: Mapping[str, str]) -> Response:
        code = self._server.sessions.redeem(form.get("code", ""))
        if code is None:
            raise EntraError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        if code.redirect_uri != form.get("redirect_uri"):
            raise EntraError("invalid_grant", 500112, "The reply address does not match the one of the request.")
        proof = base64url(sha256(form.get("code_verifier", "").encode()).digest())
        if code.challenge and proof != code.challenge:
            text = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
            raise EntraError("invalid_grant", 501481, text)
        return self._for_person(code.asked.with_claims(form.get("claims", "")))

    def _by_client_credentials(self, form: Mapping[str, str], endpoint: str) -> Response:
        server = self._server
        answer = server.played(server.script.next("app-token"))
        if answer is not None:
            return answer
        server.proofs.check(form, endpoint, server.client_id, server.now())
        asked = server.asked(form)
        if not asked.scope.endswith("/.default"):
            text = f"The provided value for scope {asked.scope} is not valid. Client credential flows must have a "
            raise EntraError("invalid_scope", 1002012, text + "scope value with /.default suffixed to the resource.")
        return json_answer(server.issued(asked, server.application))

    def _for_person(self, asked: Asked) -> Response:
        server, now = self._server, self._server.now()
        who = server.person
        named = (*asked.scope.split(), *(f"{server.root}/{one}" for one in server.granted))
        claims = {
            "aud": asked.client_id,
            "iss": f"{server.authority}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + _ID_LIFETIME,
            "sub": who.object_id,
            "oid": who.object_id,
            "tid": server.tenant_id,
            "name": who.name,
            "preferred_username": who.login,
            "ver": "2.0",
        }
        if asked.nonce:
            claims["nonce"] = asked.nonce
        return json_answer(
            server.issued(asked, who)
            | {
                "scope": " ".join(dict.fromkeys(named)),
                "refresh_token": server.sessions.renewable_by(asked),
                "id_token": server.issuer.signed(claims),
                "client_info": part({"uid": who.object_id, "utid": server.tenant_id}),
            }
        )
