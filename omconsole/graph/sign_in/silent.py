"""Tokens without a person: from the cache, or renewed; for applications and machines fetched anew. All of it blocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

from omconsole.config.sign_in import WITH_A_PERSON
from omconsole.errors import GraphUnreachable
from omconsole.graph.sign_in.applications import OUTAGES, Applications
from omconsole.graph.sign_in.words import asking, nobody, refusal
from omconsole.graph.tokens import is_sendable
from omconsole.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import msal

    from omconsole.graph.sign_in.token_cache import KeptTokens

PAUSE_S: Final = 30.0
"""Seconds after which a renewal that did not come about is tried again."""


class Held(msgspec.Struct, frozen=True):
    """A token at hand. Times are seconds of the given clock; its text shows itself nowhere."""

    token: str
    renew_at: float
    good_until: float

    def __repr__(self) -> str:
        return "Held(…)"


class SilentSignIn:
    """Gets tokens for one profile without asking anybody.

    Args:
        applications: who asks.
        kept: the tokens of people.
        method: of the profile's sign-in.
        clock: seconds.
    """

    def __init__(self, applications: Applications, kept: KeptTokens, method: str, clock: Callable[[], float]) -> None:
        self._applications = applications
        self._kept = kept
        self._method = method
        self._clock = clock
        self._app: Any = None

    def token(self, claims: str | None, refused: str | None) -> Held:
        """Returns a token; arguments as for `TokenSource.token`.

        Raises:
            SignInNeeded, SignInError, GraphUnreachable: as there. StateError: the kept tokens cannot be used.
        """
        with asking(self._host):
            if self._method == "managed-identity":
                answer = self._of_the_machine(claims, refused)
            elif self._method in WITH_A_PERSON:
                answer = self._of_a_person(claims, refused)
            else:
                answer = self._of_an_application(claims, refused)
            if isinstance(answer.get("access_token"), str):
                return held(answer, self._clock())
        raise refusal(answer, self._host, for_a_person=self._method in WITH_A_PERSON)

    def try_again(self) -> None:
        """Lets the next request go out although one like it failed within the last minute."""
        self._applications.http_cache.clear()

    @property
    def _host(self) -> str:
        if self._method == "managed-identity":
            return _("The identity service of this machine")
        return self._applications.host

    def _of_a_person(self, claims: str | None, refused: str | None) -> Mapping[str, Any]:
        while True:
            turn = self._kept.refresh()
            accounts = stored_accounts(self._kept.cache)
            if not accounts:
                raise nobody(self._kept.notice)
            if self._app is None:
                try:
                    with asking(self._host):
                        self._app = self._applications.public(self._kept.cache)
                except GraphUnreachable:  # making one asks the server; the tokens at hand do not need it (S6)
                    found = None if claims or refused else self._still_good(accounts[0])
                    if found is None:
                        raise
                    return found
            answer: Mapping[str, Any] | None = self._app.acquire_token_silent_with_error(
                self._applications.scopes,
                accounts[0],
                force_refresh=refused is not None,
                claims_challenge=claims,
                http_exceptions=OUTAGES,
            )
            if not self._kept.keep(turn):
                continue  # the token is of somebody who has signed out since
            if answer is None:
                raise nobody()
            return answer

    def _still_good(self, account: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A person's token in the cache, as msal would answer with it; None where it is too old."""
        whose = {"client_id": self._applications.client_id}
        whose |= {name: account[name] for name in ("home_account_id", "environment")}
        for entry in self._kept.cache.search("AccessToken", target=self._applications.scopes, query=whose):
            left = float(entry["expires_on"]) - self._clock()
            if left > PAUSE_S:
                return {"access_token": entry["secret"], "expires_in": left}
        return None

    def _of_an_application(self, claims: str | None, refused: str | None) -> Mapping[str, Any]:
        if self._app is None:
            self._app = self._applications.confidential()
        if refused is not None and claims is None:
            self._app.remove_tokens_for_client()
        answer: Mapping[str, Any] = self._app.acquire_token_for_client(
            self._applications.scopes, claims_challenge=claims, http_exceptions=OUTAGES
        )
        if answer.get("error") == "invalid_client":
            self._app = None  # the secret may be another one by the next time
        return answer

    def _of_the_machine(self, claims: str | None, refused: str | None) -> Mapping[str, Any]:
        if self._app is None or refused is not None:
            self._app = self._applications.managed()
        return self._app.acquire_token_for_client(  # type: ignore[no-any-return]
            resource=self._applications.resource, claims_challenge=claims
        )


def held(answer: Mapping[str, Any], now: float) -> Held:
    """Returns the token of an answer; it is renewed five minutes before its end, a short one at half of its life.

    Raises:
        ValueError: it is none that a request can carry, and whoever tried would tell it in the error.
    """
    if not is_sendable(answer["access_token"]):
        raise ValueError("no token")
    life = max(float(answer.get("expires_in") or 0), 0.0)
    renew_in = max(life - 300.0, life / 2)
    wished = answer.get("refresh_in")
    if wished is None and answer.get("refresh_on"):
        wished = float(answer["refresh_on"]) - now
    if wished is not None:
        renew_in = min(renew_in, max(float(wished), PAUSE_S))
    return Held(str(answer["access_token"]), now + renew_in, now + life)


def stored_accounts(cache: msal.SerializableTokenCache) -> list[dict[str, Any]]:
    """Returns the accounts of a cache in msal's form, without making an application, which would ask the server."""
    content = json.loads(cache.serialize() or "{}")
    return [
        {
            "home_account_id": each.get("home_account_id"),
            "environment": each.get("environment"),
            "username": each.get("username"),
            "realm": each.get("realm"),
            "local_account_id": each.get("local_account_id"),
        }
        for each in content.get("Account", {}).values()
    ]
