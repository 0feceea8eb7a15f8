"""What a sign-in server says, as what happened and what to do; its codes are those of Microsoft Entra (AADSTS)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Final

import httpx
from msal.exceptions import MsalServiceError

from omconsole.errors import ConsoleError, GraphUnreachable, SignInError, SignInNeeded
from omconsole.graph.answers import proxy_advice
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TROUBLE: Final = (httpx.HTTPError, MsalServiceError, ValueError, OSError)
"""What msal raises when the server does not answer well; requests' errors are OSErrors, a 429 without JSON a
ValueError."""
_STRANGE: Final = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, RuntimeError, TypeError),
    httpx.InvalidURL,
)
"""What msal raises over JSON of another shape than it expects, and httpx over the addresses in it."""
_STATUS: Final = re.compile(r"HTTP status: (\d{3})")
_CODE: Final = re.compile(r"AADSTS(\d{4,8})")
_ASK_A_PERSON: Final = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
LATER: Final = frozenset({"temporarily_unavailable", "server_error", "request_timeout"})
"""Errors that pass by themselves."""


@contextmanager
def asking(host: str) -> Iterator[None]:
    """Turns what msal raises within into an error with words; `host` is the sign-in server's name.

    Raises:
        GraphUnreachable: the server did not answer well. SignInError: it does not know the tenant.
    """
    try:
        yield
    except ConsoleError:
        raise
    except (*_TROUBLE, *_STRANGE) as error:
        raise hindrance(error, host) from None


def how_to_sign_in() -> str:
    """Returns what a person does to sign in."""
    return _("Sign in with :login in the console, or with omconsole login.")


def nobody(why: str | None = None) -> SignInNeeded:
    """Returns the error for nobody being signed in; `why` is a sentence in the user's language."""
    return SignInNeeded(why or _("Nobody is signed in."), how_to_sign_in())


def refusal(answer: Mapping[str, Any], host: str, *, for_a_person: bool) -> ConsoleError:
    """Returns the error for an answer of the sign-in server that holds no token.

    Args:
        answer: as msal returns it; every text in it is foreign.
        host: the sign-in server's name.
        for_a_person: somebody can go on by signing in again.
    """
    error, said = str(answer.get("error") or ""), str(answer.get("error_description") or "")
    number = _number(answer, said)
    known = _known(number)
    if known is not None:
        what, do = known
    else:
        first = sanitize(re.split(r"\r?\n| Trace ID: ", said or error, maxsplit=1)[0], 200) or _("no reason was given")
        what = _("{host} refuses the sign-in: {reason}").format(host=host, reason=first) + _quoted(answer)
        do = how_to_sign_in() if for_a_person else _("Check the app registration; omconsole setup tells what it needs.")
    if number and known is not None:
        what = f"{what.rstrip('.')} (AADSTS{number})."
    if error in LATER:
        return GraphUnreachable(what, _("The next poll asks again."))
    if for_a_person and error in _ASK_A_PERSON:
        claims = answer.get("claims")
        return SignInNeeded(what, do, claims=claims if isinstance(claims, str) and claims else None)
    return SignInError(what, do)


def hindrance(error: Exception, host: str) -> ConsoleError:
    """Returns the error for what msal raised instead of answering."""
    if "authority configuration" in str(error):
        return _undiscovered(error, host)
    if isinstance(error, httpx.HTTPStatusError | MsalServiceError):
        reason = f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else str(error)
        return _silent(_("{host} answers with an error: {reason}.").format(host=host, reason=sanitize(reason, 80)))
    if isinstance(error, httpx.ProxyError):
        return _silent(
            _("The proxy did not connect to {host}: {reason}").format(host=host, reason=sanitize(error, 160)),
            _("Check the settings of the proxy."),
        )
    if isinstance(error, httpx.TimeoutException):
        return _silent(_("{host} is silent.").format(host=host))
    reason = sanitize(error, 160) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return _silent(
            _("The certificate of {host} is not trusted: {reason}").format(host=host, reason=reason),
            _("If a proxy opens encrypted connections, set ca_file to its certificates."),
        )
    if isinstance(error, (ValueError, *_STRANGE)):  # other JSON was expected, or any
        return _foreign(host)
    return _silent(_("{host} cannot be reached: {reason}").format(host=host, reason=reason))


def _undiscovered(error: Exception, host: str) -> ConsoleError:
    """Of msal's error for an authority that does not tell where its endpoints are, or has none of that name."""
    cause = error.__context__
    if isinstance(cause, JSONDecodeError):
        return _foreign(host)
    status = _STATUS.search(str(cause))
    if status is not None and status[1] != "400":
        return _silent(
            _("{host} answers with an error: {reason}.").format(host=host, reason=f"HTTP {status[1]}"), proxy_advice()
        )
    return SignInError(
        _("{host} does not know the tenant.").format(host=host),
        _("Check tenant_id, cloud and authority in the settings."),
    )


def _foreign(host: str) -> GraphUnreachable:
    return _silent(_("{host} answered with something that is no sign-in server's.").format(host=host), proxy_advice())


def _quoted(answer: Mapping[str, Any]) -> str:
    """By what Microsoft's support finds a refusal whose code says nothing here."""
    id_ = answer.get("correlation_id")
    return f" [{sanitize(id_, 40)}]" if isinstance(id_, str) and id_ else ""


def _silent(what: str, do: str = "") -> GraphUnreachable:
    return GraphUnreachable(what, do or _("Check the connection and the proxy; the next poll asks again."))


def _number(answer: Mapping[str, Any], said: str) -> int:
    codes = answer.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _CODE.search(said)
    return int(found[1]) if found else 0


def _known(number: int) -> tuple[str, str] | None:
    """What is known of a code; Microsoft's own text names ids and times, which help nobody at a terminal."""
    words = _KNOWN.get(number)
    return words() if words is not None else None


def _registration(what: str) -> tuple[str, str]:
    return what, _("Check client_id and tenant_id; omconsole setup tells how to register the app.")


def _conditional_access() -> tuple[str, str]:
    return (
        _("A Conditional Access policy of the tenant blocks this sign-in."),
        _('Ask whoever owns the policy; where device codes are blocked, use auth = "browser" on your own machine.'),
    )


def _more_proof() -> tuple[str, str]:
    return _("The tenant asks for another proof, such as a second factor."), how_to_sign_in()


def _again() -> tuple[str, str]:
    return _("The sign-in is too old, or was revoked."), how_to_sign_in()


def _consent() -> tuple[str, str]:
    return (
        _("Nobody has consented to the app's permissions yet."),
        _("Send the consent link to an administrator; omconsole setup prints it with a mail."),
    )


_KNOWN: Final[dict[int, Callable[[], tuple[str, str]]]] = {
    7000215: lambda: (
        _("The client secret is wrong."),
        _("Copy the secret's value, not its ID, from the app registration into the variable of secret_env."),
    ),
    7000222: lambda: (
        _("The client secret has expired."),
        _("Make a new one in the app registration, and put it into the variable of secret_env."),
    ),
    700027: lambda: (
        _("The certificate is not registered for the app, or has expired."),
        _("Upload the certificate of certificate_file to the app registration."),
    ),
    7000218: lambda: (
        _("The app registration does not allow sign-in without a secret."),
        _("In the app registration, under Authentication, switch on “Allow public client flows”."),
    ),
    700016: lambda: _registration(_("The tenant does not know the app.")),
    90002: lambda: _registration(_("There is no such tenant.")),
    900971: lambda: _registration(_("The app has no redirect URI for the browser.")),
    50011: lambda: (
        _("The redirect URI of the browser is not registered."),
        _("Add http://localhost under “Mobile and desktop applications” in the app registration."),
    ),
    65001: _consent,
    65004: lambda: (_("The consent was declined."), how_to_sign_in()),
    50105: lambda: (
        _("The app is closed to this user."),
        _("Let an administrator assign the user to the enterprise application."),
    ),
    50020: lambda: (
        _("This account is no member of the tenant."),
        _("Sign in with an account of the tenant, or check tenant_id."),
    ),
    50057: lambda: (_("The account is disabled."), _("Ask an administrator of the tenant.")),
    53000: _conditional_access,
    53001: _conditional_access,
    53003: _conditional_access,
    530032: _conditional_access,
    530034: _conditional_access,
    50076: _more_proof,
    50078: _more_proof,
    50079: _more_proof,
    50158: _more_proof,
    50173: _again,
    700082: _again,
    700084: _again,
    70043: _again,
    50133: _again,
    70008: _again,
}
