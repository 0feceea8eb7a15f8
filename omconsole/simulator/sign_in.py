"""The sign-in server of the simulated tenant, as far as msal and a person in a browser meet Entra's."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from starlette.routing import Route

from omconsole.simulator.client_proofs import ClientProofs
from omconsole.simulator.managed_identity import ManagedIdentity
from omconsole.simulator.people import DOMAIN
from omconsole.simulator.permissions import READING
from omconsole.simulator.sign_in_errors import EntraError, broken, entra_answer, json_answer, refused
from omconsole.simulator.sign_in_forms import form_of
from omconsole.simulator.sign_in_grants import TokenEndpoint
from omconsole.simulator.sign_in_pages import SignInPages
from omconsole.simulator.sign_in_script import SignInScript
from omconsole.simulator.sign_in_sessions import Asked, Sessions
from omconsole.simulator.tokens import Grant, Issuer, Subject

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

TOKEN_LIFETIME_S: Final = 3900
"""Seconds for which an access token is good; Entra draws 60 to 90 minutes."""
_LONG: Final = 7200
"""From so many seconds on an answer says when to renew, as Entra's do."""
_CODE_LIFETIME: Final = 900
_OIDC: Final = frozenset({"openid", "profile", "offline_access", "email"})
_ALIASES: Final = frozenset({"organizations", "common"})


class Registration(msgspec.Struct, frozen=True):
    """The tenant, its app registration, and the person who signs in."""

    tenant_id: str
    client_id: str
    person: Subject
    proofs: ClientProofs = ClientProofs()


class SignInServer:
    """Signs one simulated person in, and applications; `issuer` is what Graph reads its tokens with.

    `root` is the origin of Graph and of this server. `clock` gives aware instants. `without` are permissions that
    nobody has consented to yet. `poll_interval_s` is what device codes are polled by; Entra says 5 seconds.
    """

    def __init__(
        self,
        registration: Registration,
        root: str,
        clock: Callable[[], datetime],
        *,
        script: SignInScript | None = None,
        without: Iterable[str] = (),
        token_lifetime_s: int = TOKEN_LIFETIME_S,
        poll_interval_s: int = 1,
    ) -> None:
        self.tenant_id = registration.tenant_id
        self.client_id = registration.client_id
        self.person = registration.person
        self.proofs = registration.proofs
        self.application = Subject(str(uuid5(NAMESPACE_OID, self.client_id)), "omconsole")
        self.root = root.rstrip("/")
        self.authority = f"{self.root}/{self.tenant_id}"
        self.clock = clock
        self.script = SignInScript() if script is None else script
        self.without = frozenset(without)
        self.token_lifetime_s = token_lifetime_s
        self.poll_interval_s = poll_interval_s
        self.issuer = Issuer(self.tenant_id, self.authority)
        self.sessions = Sessions()

    @property
    def granted(self) -> tuple[str, ...]:
        """The permissions that tokens are issued with now."""
        return tuple(each for each in READING if each not in self.without)

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        return int(self.clock().timestamp())

    def demand(self, claims: Mapping[str, Any]) -> None:
        """Make Graph challenge every token that was not issued for these claims.

        `claims` is what a challenge carries, `{"access_token": {"nbf": {"essential": true, "value": "1604106651"}}}`;
        a token that is obtained with them in the `claims` parameter meets them, and so ends the challenges. Tokens
        of clients that do not say CP1 are never challenged; the printed token always is. `withdraw` ends it for all.
        """
        self.issuer.demand(claims)

    def withdraw(self) -> None:
        """Make Graph demand nothing more."""
        self.issuer.withdraw()

    # --- answers ------------------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """What the server answers, all of it below `/{tenant}/` but the endpoint of managed identities."""
        pages, both = SignInPages(self), ["GET", "POST"]
        return [
            Route("/metadata/identity/oauth2/token", ManagedIdentity(self).answer),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._answering(self._discovery)),
            Route("/{tenant}/oauth2/v2.0/devicecode", self._answering(self._device_code), methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/token", self._answering(TokenEndpoint(self).answer), methods=["POST"]),
            Route("/{tenant}/oauth2/v2.0/authorize", self._answering(pages.authorize)),
            Route("/{tenant}/device", self._answering(pages.device), methods=both),
            Route("/{tenant}/adminconsent", self._answering(pages.consent), methods=both),
            Route("/{tenant}/v2.0/adminconsent", self._answering(pages.consent), methods=both),
        ]

    def _answering(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                self._check_tenant(request.path_params["tenant"])
                return await handler(request)
            except EntraError as error:
                return entra_answer(error, request, self.clock().astimezone(UTC))

        return answer

    def played(self, step: str) -> Response | None:
        """The answer at a step of a script at which the server fails; None when it goes on as usual.

        Raises:
            EntraError: the step is a refusal.
        """
        if step in ("", "success"):
            return None
        answer = broken(step)
        if answer is None:
            raise refused(step)
        return answer

    async def _discovery(self, request: Request) -> Response:
        answer = self.played(self.script.next("discovery"))
        if answer is not None:
            return answer
        asked = request.path_params["tenant"].casefold()
        base = f"{self.root}/{asked if asked in _ALIASES else self.tenant_id}"
        return json_answer(
            {
                "issuer": f"{self.authority}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "response_types_supported": ["code"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "subject_types_supported": ["pairwise"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "tenant_region_scope": "EU",
                "cloud_instance_name": "microsoftonline.com",
                "msgraph_host": self.root.partition("://")[2],
            }
        )

    async def _device_code(self, request: Request) -> Response:
        answer = self.played(self.script.next("device-code"))
        if answer is not None:
            return answer
        flow = self.sessions.begin(self.asked(await form_of(request)), self.now() + _CODE_LIFETIME)
        address = f"{self.authority}/device"
        return json_answer(
            {
                "device_code": flow.device_code,
                "user_code": flow.user_code,
                "verification_uri": address,
                "expires_in": _CODE_LIFETIME,
                "interval": self.poll_interval_s,
                "message": f"To sign in, use a web browser to open the page {address} and enter the code "
                f"{flow.user_code} to authenticate.",
            }
        )

    def issued(self, asked: Asked, who: Subject) -> dict[str, object]:
        """An access token and what is said of it.

        Raises:
            EntraError: the claims of the request are no claims.
        """
        lifetime = self.token_lifetime_s
        grant = Grant(asked.client_id, who, self.root, self.granted, asked.claims)
        try:
            token = self.issuer.issue(grant, self.now(), lifetime)
        except ValueError as error:
            raise EntraError("invalid_request", 9002339, f"The claims parameter is malformed: {error}") from error
        body: dict[str, object] = {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
        }
        return body | ({"refresh_in": lifetime // 2} if lifetime >= _LONG else {})

    # --- what requests ask --------------------------------------------------------------------------------------

    def _check_tenant(self, tenant: str) -> None:
        if tenant.casefold() not in {self.tenant_id, DOMAIN, *_ALIASES}:
            text = (
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into "
                "the correct cloud. Check with your subscription administrator, this may happen if there are no "
                "active subscriptions for the tenant."
            )
            raise EntraError("invalid_tenant", 90002, text)

    def check_client(self, form: Mapping[str, str]) -> None:
        """Refuse another application than the registered one.

        Raises:
            EntraError: as it says.
        """
        shown = form.get("client_id", "")
        if not shown:
            text = "The request body must contain the following parameter: 'client_id'."
            raise EntraError("invalid_request", 900144, text)
        if shown.casefold() != self.client_id:
            text = (
                f"Application with identifier '{shown}' was not found in the directory 'Contoso GmbH'. This can happen "
                "if the application has not been installed by the administrator of the tenant or consented to by any "
                "user in the tenant. You may have sent your authentication request to the wrong tenant."
            )
            raise EntraError("unauthorized_client", 700016, text)

    def asked(self, form: Mapping[str, str]) -> Asked:
        """What a request asks for.

        Raises:
            EntraError: another application, another resource, or a permission that nobody consented to.
        """
        self.check_client(form)
        scope = form.get("scope", "")
        for word in scope.split():
            self._check_scope(word)
        return Asked(form["client_id"], scope, form.get("claims", ""), form.get("nonce", ""))

    def _check_scope(self, word: str) -> None:
        if word in _OIDC:
            return
        resource, slash, name = word.rpartition("/")
        if slash and resource.rstrip("/").casefold() != self.root.casefold():
            text = f"The resource principal named {resource} was not found in the tenant named Contoso GmbH."
            raise EntraError("invalid_resource", 500011, text)
        if name != ".default" and name not in READING:
            text = f"The provided value for the input parameter 'scope' is not valid. The scope {word} does not exist."
            raise EntraError("invalid_scope", 70011, text)
        if name in self.without:
            text = f"The user or administrator has not consented to use the application with ID '{self.client_id}'."
            raise EntraError("invalid_grant", 65001, text, suberror="consent_required")
