"""The token endpoint of a virtual machine, at which a managed identity proves itself by being there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator.sign_in_errors import EntraError, json_answer
from omconsole.simulator.tokens import EARLIER, Grant

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from omconsole.simulator.sign_in import SignInServer


class ManagedIdentity:
    """Answers `GET /metadata/identity/oauth2/token`; the user-assigned identity is the announced client."""

    def __init__(self, server: SignInServer) -> None:
        self._server = server

    async def answer(self, request: Request) -> Response:
        """A token, numbers as strings; errors have a form of their own."""
        problem = self._problem(request)
        if problem:
            return json_answer({"error": "invalid_request", "error_description": problem}, 400)
        server = self._server
        try:
            answer = server.played(server.script.next("app-token"))
        except EntraError as error:
            return json_answer({"error": error.error, "error_description": error.text}, 400)
        if answer is not None:
            return answer
        now, lifetime = server.now(), server.token_lifetime_s
        grant = Grant(server.client_id, server.application, server.root, server.granted)
        return json_answer(
            {
                "access_token": server.issuer.issue(grant, now, lifetime),
                "client_id": server.client_id,
                "expires_in": str(lifetime),
                "expires_on": str(now + lifetime),
                "ext_expires_in": str(lifetime),
                "not_before": str(now - EARLIER),
                "resource": request.query_params["resource"],
                "token_type": "Bearer",
            }
        )

    def _problem(self, request: Request) -> str:
        asked, server = request.query_params, self._server
        if request.headers.get("metadata", "").casefold() != "true":
            return "Required metadata header not specified"
        if not asked.get("api-version"):
            return "Required query variable 'api-version' is missing"
        if asked.get("resource", "").rstrip("/").casefold() != server.root.casefold():
            return f"The resource principal named {asked.get('resource')} was not found in the tenant"
        if asked.get("client_id", server.client_id).casefold() != server.client_id:
            return "Identity not found"
        return ""
