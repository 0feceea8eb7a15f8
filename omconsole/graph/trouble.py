"""Answers and failures of Graph as errors: what a person reads, and what may be tried again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import httpx
import msgspec

from omconsole.errors import (
    GraphError,
    GraphForbidden,
    GraphProtocolError,
    GraphRejected,
    GraphThrottled,
    GraphUnreachable,
    SignInError,
    SignInNeeded,
)
from omconsole.graph.answers import proxy_advice
from omconsole.graph.challenges import claims_asked
from omconsole.graph.refusals import Refusal, read_refusal
from omconsole.graph.throttling import seconds_asked
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from omconsole.graph.budgets import Limit


class Setback(msgspec.Struct, frozen=True):
    """A try that failed and may be repeated."""

    error: GraphError
    throttled: bool = False
    asked_s: float | None = None


class Denial(msgspec.Struct, frozen=True):
    """The token was not accepted; another one may be."""

    error: SignInError
    claims: str | None = None
    """The claims challenge that the other one has to answer, JSON text."""


def judged(status: int, headers: httpx.Headers, body: bytes) -> Setback | Denial:
    """Returns what an answer without success leads to.

    Raises:
        GraphError: it is final.
    """
    refusal = read_refusal(body)
    if status in {401, 403}:
        claims = claims_asked(headers.get_list("www-authenticate"))
        if status == 401 or claims is not None:
            return Denial(_denied(refusal, claims), claims)
    error = refused(status, body)
    asked = seconds_asked(headers.get("retry-after"), headers.get("date")) or seconds_asked(
        refusal.retry_after, headers.get("date")
    )
    if status == 429 or (status in {503, 504} and asked):
        return Setback(GraphThrottled(error.what), throttled=True, asked_s=asked)
    if status in {500, 502, 503, 504}:
        return Setback(error, asked_s=asked)
    raise error


def _denied(refusal: Refusal, claims: str | None) -> SignInError:
    said = refusal.message or refusal.code or "HTTP 401"
    if claims is not None:
        return SignInNeeded(
            _("Microsoft Graph wants a new sign-in: {reason}").format(reason=said),
            _("Sign in again; Entra then asks for what is missing."),
            claims=claims,
        )
    return SignInError(
        _("Microsoft Graph does not accept the token: {reason}").format(reason=said),
        _('Sign in again; with auth = "token", put a fresh token into OMCONSOLE_TOKEN.'),
    )


def refused(status: int, body: bytes) -> GraphError:
    """Returns the error that a status stands for, with what the body says of it."""
    refusal = read_refusal(body)
    said = refusal.message or refusal.code or f"HTTP {status}"
    if status == 407 or (status == 403 and body.lstrip()[:1] == b"<"):
        return GraphProtocolError(
            _("A proxy refuses the request: HTTP {status}.").format(status=status),
            _("Check the proxy settings and what the proxy wants for signing in."),
        )
    if status == 403:
        needs = ", ".join(refusal.scopes)
        return GraphForbidden(
            _("Microsoft Graph refuses access: {reason}").format(reason=said),
            _("One of these permissions is needed: {permissions}").format(permissions=needs)
            if needs
            else _("Check the permissions of the app and the role of the signed-in user."),
            needs=refusal.scopes,
        )
    what = _("Microsoft Graph answered with an error (HTTP {status}): {reason}").format(status=status, reason=said)
    do = _("The next poll asks again.") if status >= 500 else ""
    return GraphRejected(what, do, status=status, code=refusal.code)


def throttled_until(seconds: float, workload: str) -> GraphThrottled:
    """Returns the error for a workload that may not be asked for so many seconds, because Graph says so."""
    return GraphThrottled(
        _("Microsoft Graph asks to wait {seconds} s before the next request for {workload}.").format(
            seconds=math.ceil(seconds), workload=workload
        ),
        _("Nothing is asked before that; the program asks again by itself."),
        retry_after_s=seconds,
    )


def paced_until(seconds: float, workload: str, limit: Limit) -> GraphThrottled:
    """Returns the error for a workload that the program itself does not ask for so many seconds."""
    return GraphThrottled(
        _(
            "The program sends at most {n} requests for {workload} in {period} s, below the limit of Microsoft Graph; "
            "it goes on in {seconds} s."
        ).format(n=limit.requests, workload=workload, period=round(limit.seconds), seconds=math.ceil(seconds)),
        _("Nothing is asked before that; the program asks again by itself."),
        retry_after_s=seconds,
    )


def redirected(url: httpx.URL, location: str) -> GraphProtocolError:
    """Returns the error for an answer that sends the request elsewhere."""
    try:
        target = url.join(location).host
    except (httpx.InvalidURL, UnicodeError):
        target = ""
    return GraphProtocolError(
        _("{host} redirects to {target}; Microsoft Graph does not do that. It was not followed.").format(
            host=sanitize(url.host, 120), target=sanitize(target, 120) or "?"
        ),
        proxy_advice(),
    )


def too_slow(host: str, seconds: float) -> GraphUnreachable:
    """Returns the error for an answer that was not complete in time."""
    return GraphUnreachable(
        _("{host} did not answer completely within {seconds} s.").format(host=host, seconds=round(seconds)),
        _("Check the connection; the next poll asks again."),
    )


def unreachable(host: str, error: Exception) -> GraphUnreachable:
    """Returns the error for a request that got no complete answer."""
    if isinstance(error, httpx.ProxyError):
        return GraphUnreachable(
            _("The proxy did not connect to {host}: {reason}").format(host=host, reason=sanitize(error, 200)),
            _("Check the settings of the proxy."),
        )
    if isinstance(error, httpx.TimeoutException):
        return GraphUnreachable(
            _("{host} is silent.").format(host=host), _("Check the connection; the next poll asks again.")
        )
    reason = sanitize(error, 200) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return GraphUnreachable(
            _("The certificate of {host} is not trusted: {reason}").format(host=host, reason=reason),
            _("If a proxy opens encrypted connections, set ca_file to its certificates."),
        )
    return GraphUnreachable(
        _("{host} cannot be reached: {reason}").format(host=host, reason=reason),
        _("Check the connection, graph_url and the proxy; the next poll asks again."),
    )
