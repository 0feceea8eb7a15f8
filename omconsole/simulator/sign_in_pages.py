"""The pages of the sign-in server that a person sees in a browser."""

from __future__ import annotations

from html import escape
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse

from omconsole.simulator.sign_in_errors import EntraError
from omconsole.simulator.sign_in_forms import form_of
from omconsole.simulator.sign_in_sessions import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from omconsole.simulator.sign_in import SignInServer


def page(title: str, body: str, status: int = 200) -> Response:
    """A page; `body` is HTML."""
    return HTMLResponse(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>",
        status,
    )


class SignInPages:
    """Device codes, the browser's sign-in, and the consent of an administrator."""

    def __init__(self, server: SignInServer) -> None:
        self._server = server

    async def device(self, request: Request) -> Response:
        """GET asks for the code of a device; POST with `user_code` and `answer` approves or declines it."""
        if request.method == "GET":
            typed = escape(request.query_params.get("user_code", ""), quote=True)
            return page(
                "Enter code",
                f'<form method="post"><p>Signed in as {escape(self._server.person.login)}.</p>'
                f'<input name="user_code" value="{typed}" autofocus aria-label="Code">'
                '<button name="answer" value="approve">Continue</button>'
                '<button name="answer" value="decline">Cancel</button></form>',
            )
        form = await form_of(request)
        flow = self._server.sessions.flow_of(form.get("user_code", ""))
        if flow is None or flow.ends_at <= self._server.now():
            return page("That code didn't work", "<p>Check the code and try again.</p>", 400)
        approved = form.get("answer") != "decline"
        flow.answer = "success" if approved else "declined"
        return page("You have signed in" if approved else "You have declined", "<p>You may close this window.</p>")

    async def authorize(self, request: Request) -> Response:
        """Sign the simulated person in at once, and lead the browser back to the program that waits."""
        asked_for, server = request.query_params, self._server
        redirect = _checked_redirect(asked_for.get("redirect_uri", ""))
        # What is wrong with the rest of the request is told to the program, not to the person.
        try:
            answer = server.played(server.script.next("browser"))
            if answer is not None:
                return answer
            code = Code(server.asked(asked_for), redirect, _challenge(asked_for))
            fields = {"code": server.sessions.hand_out(code)}
        except EntraError as error:
            fields = {"error": error.error, "error_description": f"AADSTS{error.number}: {error.text}"}
        fields["state"] = asked_for.get("state", "")
        given = {name: value for name, value in fields.items() if value}
        return _back(redirect, given, asked_for.get("response_mode", "query"))

    async def consent(self, request: Request) -> Response:
        """GET asks an administrator to consent to all that the console reads; POST consents, for all new tokens."""
        server = self._server
        asked_for = request.query_params
        server.check_client(asked_for)
        if request.method == "GET":
            items = "".join(f"<li>{escape(each)}</li>" for each in (*server.granted, *sorted(server.without)))
            return page(
                "Permissions requested",
                f"<p>omconsole wants to read, for the whole organisation:</p><ul>{items}</ul>"
                '<form method="post"><button name="answer" value="accept">Accept</button></form>',
            )
        server.without = frozenset()
        said = {"admin_consent": "True", "tenant": server.tenant_id}
        redirect = asked_for.get("redirect_uri")
        if redirect:
            return _back(_checked_redirect(redirect), said, "query")
        return page("Permissions accepted", "<p>You may close this window.</p>")


def _challenge(asked_for: Mapping[str, str]) -> str:
    if asked_for.get("code_challenge") and asked_for.get("code_challenge_method") != "S256":
        raise EntraError("invalid_request", 9002331, "The code_challenge_method must be S256.")
    return asked_for.get("code_challenge", "")


def _checked_redirect(uri: str) -> str:
    """The address of a program on this machine.

    Raises:
        EntraError: it is any other address.
    """
    try:
        split = urlsplit(uri)
        host = split.hostname or ""
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local or split.scheme != "http":
        text = f"The redirect URI '{uri}' specified in the request does not match the redirect URIs configured."
        raise EntraError("invalid_request", 50011, text)
    return uri


def _back(redirect: str, fields: Mapping[str, str], mode: str) -> Response:
    if mode != "form_post":
        return RedirectResponse(f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(fields)}", 302)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value, quote=True)}">'
        for name, value in fields.items()
    )
    return page(
        "Working...",
        f'<form method="post" action="{escape(redirect, quote=True)}">{hidden}'
        "<noscript><button>Continue</button></noscript></form><script>document.forms[0].submit()</script>",
    )
