"""Signing in with a code that a person types into a page on any machine; the way over SSH.

Polled one shot at a time (S3): between two polls nothing runs that a cancel would have to wait for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msal

from omconsole.domain.sign_in import Connecting, DeviceCode, Hindrance
from omconsole.errors import ConsoleError, GraphUnreachable, SignInError
from omconsole.graph.sign_in.threads import in_daemon_thread
from omconsole.graph.sign_in.words import LATER, asking, refusal
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from omconsole.domain.sign_in import SignInStep
    from omconsole.graph.sign_in.applications import Applications

_FASTEST_S: Final = 1.0
_SLOWEST_S: Final = 30.0
_PENDING: Final = frozenset({"authorization_pending", "slow_down"})


async def by_device_code(
    applications: Applications,
    claims: str | None,
    tell: Callable[[SignInStep], None],
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
) -> tuple[Mapping[str, Any], msal.SerializableTokenCache]:
    """Returns what the server answered, and the tokens, which nobody but the caller has.

    A token that arrives after the caller was cancelled lies in a cache that nobody looks at (S5).

    Raises:
        SignInError: declined, too late, or not possible. GraphUnreachable: no code could be had.
    """
    cache = msal.SerializableTokenCache()
    tell(Connecting(applications.host))
    app, flow = await in_daemon_thread(lambda: _begin(applications, cache, claims))
    expires_at, interval = float(flow["expires_at"]), _interval(flow)
    code = DeviceCode(
        sanitize(flow["user_code"], 40),
        sanitize(flow["verification_uri"], 200),
        datetime.fromtimestamp(expires_at, UTC),
    )
    tell(code)
    hindered = False
    while clock() < expires_at:
        await sleep(interval)
        try:
            answer = await in_daemon_thread(lambda: _ask_once(applications, app, flow, claims))
        except GraphUnreachable as error:
            interval = min(interval * 2, _SLOWEST_S)
            tell(Hindrance(error.what))
            hindered = True
            continue
        interval = _interval(flow)  # msal makes it longer when it is told to slow down
        if hindered:
            tell(code)
            hindered = False
        if "access_token" in answer:
            return answer, cache
        if _error(answer) not in _PENDING:
            raise _ended(answer, applications.host)
    raise _too_late()


def _begin(
    applications: Applications, cache: msal.SerializableTokenCache, claims: str | None
) -> tuple[Any, dict[str, Any]]:
    applications.http_cache.clear()  # somebody tries again, and an error of the last minute is no answer (S4)
    with asking(applications.host):
        app = applications.public(cache)
        flow = app.initiate_device_flow(applications.scopes, claims_challenge=claims)
        if "user_code" not in flow:
            raise refusal(flow, applications.host, for_a_person=False)
        _check(flow)
    return app, flow


def _check(flow: Mapping[str, Any]) -> None:
    """Refuses a code that nobody could type in.

    Raises:
        ValueError: it, its page or a time is not what it should be.
    """
    if not all(isinstance(flow[name], str) for name in ("user_code", "verification_uri")):
        raise ValueError("no text")
    if not flow["verification_uri"].startswith("https://"):
        raise ValueError("no page that may be shown")
    datetime.fromtimestamp(float(flow["expires_at"]), UTC)
    _interval(flow)


def _interval(flow: Mapping[str, Any]) -> float:
    """Seconds between two polls."""
    return min(max(float(flow.get("interval") or 5), _FASTEST_S), _SLOWEST_S)


def _ask_once(applications: Applications, app: Any, flow: dict[str, Any], claims: str | None) -> dict[str, Any]:
    applications.http_cache.clear()
    with asking(applications.host):
        answer: dict[str, Any] = app.acquire_token_by_device_flow(
            flow, claims_challenge=claims, exit_condition=lambda _flow: True
        )
        if _error(answer) in LATER:
            raise refusal(answer, applications.host, for_a_person=False)
        return dict(answer)


def _ended(answer: Mapping[str, Any], host: str) -> ConsoleError:
    error = _error(answer)
    if error in {"authorization_declined", "access_denied"}:
        return SignInError(_("The sign-in was declined on the page."), _("Sign in again if that was a mistake."))
    if error in {"expired_token", "bad_verification_code", "code_expired"}:
        return _too_late()
    return refusal(answer, host, for_a_person=False)


def _error(answer: Mapping[str, Any]) -> str:
    return str(answer.get("error") or "")


def _too_late() -> SignInError:
    return SignInError(_("The code has expired before anybody used it."), _("Sign in again to get a new one."))
