"""Signing in with msal: every call of it in a thread of its own, nothing of it changed.

msal and HTTP are imported when they are first needed.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from omconsole.accounts import Account, forget_account, keep_account, kept_account, token_files_stem
from omconsole.errors import GraphUnreachable, SignInNeeded, StateError
from omconsole.graph.sign_in.threads import in_daemon_thread
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from omconsole.config import SignInSettings
    from omconsole.config.sign_in import Method
    from omconsole.domain.sign_in import SignInStep
    from omconsole.graph.sign_in.applications import Applications
    from omconsole.graph.sign_in.silent import Held, SilentSignIn
    from omconsole.graph.sign_in.token_cache import KeptTokens
    from omconsole.graph.transport import TransportSettings

__all__ = ["SignIn"]


class SignIn:
    """One profile's sign-in, and a `TokenSource`. Making one asks nobody and reads nothing.

    Args:
        settings: how it signs in.
        transport: how the sign-in server is reached, and for what it asks.
        tokens_in: the directory of the user's own in which tokens are kept.
        profile: whose they are.
        environ: where secrets stand.
        clock: seconds since 1970, UTC.
        sleep: waits for seconds.
    """

    def __init__(
        self,
        settings: SignInSettings,
        transport: TransportSettings,
        *,
        tokens_in: Path,
        profile: str,
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.method: Method = settings.method
        self.needs_a_person = settings.needs_a_person
        self._settings = settings
        self._transport = transport
        self._directory = tokens_in
        self._profile = profile
        self._environ = environ
        self._clock = clock
        self._sleep = sleep
        self._one_at_a_time = asyncio.Lock()
        self._parts: tuple[Applications, KeptTokens, SilentSignIn] | None = None
        self._held: Held | None = None
        self._file = tokens_in / f"{token_files_stem(settings, profile)}.tokens.json"
        self._seen: object = None
        self._claims: str | None = None
        """The challenge that the next sign-in of a person has to answer."""

    # --- without a person ---------------------------------------------------------------------------------------------

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        """Returns a token; it is renewed ahead of its end, and one that is still good outlives an outage.

        Raises:
            SignInNeeded, SignInError, GraphUnreachable: as every `TokenSource`. StateError: the tokens cannot be kept.
        """
        held = self._at_hand(claims, refused)
        if held is not None:
            return held
        async with self._one_at_a_time:
            held = self._at_hand(claims, refused)  # whoever came before may have renewed it
            if held is not None:
                return held
            try:
                fresh = await in_daemon_thread(lambda: self._work()[2].token(claims, refused))
            except GraphUnreachable:
                before = self._held
                if claims is None and before and before.token != refused and self._clock() < before.good_until:
                    return before.token
                raise
            except SignInNeeded as needed:
                self._held, self._claims = None, needed.claims or claims
                raise
            self._held, self._seen = fresh, self._signature()
            return fresh.token

    def try_again(self) -> None:
        """Lets the next token be asked for although it failed a moment ago: somebody wants to know how it stands."""
        if self._parts is not None:
            self._parts[2].try_again()

    # --- a person -----------------------------------------------------------------------------------------------------

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Signs a person in, or shows that an application can; cancelling takes effect at once, and keeps nothing.

        Args:
            tell: called with each step, on the loop's thread.

        Raises:
            SignInError: it was declined, came too late, or is not possible. GraphUnreachable: no server answers.
            StateError: the tokens cannot be kept.
        """
        if not self.needs_a_person:
            from omconsole.domain.sign_in import Connecting

            tell(Connecting(self._host()))
            self.try_again()
            self._held = None
            await self.token()
            return self._application()
        applications, kept, _silent = await in_daemon_thread(self._work)
        claims = self._claims
        if self.method == "browser":
            from omconsole.graph.sign_in.browser import by_browser

            answer, fresh = await by_browser(applications, claims, tell, self._environ)
        else:
            from omconsole.graph.sign_in.device_code import by_device_code

            answer, fresh = await by_device_code(applications, claims, tell, clock=self._clock, sleep=self._sleep)
        account = _account(answer)
        async with self._one_at_a_time:
            await in_daemon_thread(lambda: self._keep(kept, fresh, account))
            self._claims = self._held = None
        return account

    async def account(self) -> Account | None:
        """Returns who is signed in, without asking the server; an application is always itself."""
        if not self.needs_a_person:
            return self._application()
        if not self._settings.keeps_tokens:
            return self._remembered
        if self._signature() is None:
            return None
        return kept_account(self._settings, self._profile, self._directory)

    async def sign_out(self) -> bool:
        """Forgets this profile's tokens and who signed in; True when there was anything to forget."""
        async with self._one_at_a_time:
            self._held = self._claims = self._remembered = None
            forget_account(self._settings, self._profile, self._directory)
            applications, kept, _silent = await in_daemon_thread(self._work)
            were = await in_daemon_thread(kept.forget)
            self._parts = None
            applications.close()
            return were

    async def credential_expiry(self) -> datetime | None:
        """Returns when the certificate that is signed in with ends, UTC; None where there is none."""
        if self.method != "certificate":
            return None
        applications, _kept, _silent = await in_daemon_thread(self._work)
        return await in_daemon_thread(applications.certificate_ends)

    @property
    def notice(self) -> str | None:
        """What happened to damaged tokens, a sentence in the user's language; None when nothing did."""
        return self._parts[1].notice if self._parts is not None else None

    async def close(self) -> None:
        """Lets go of connections."""
        if self._parts is not None:
            self._parts[0].close()

    # --- parts --------------------------------------------------------------------------------------------------------

    _remembered: Account | None = None
    """Who signed in, where nothing is kept in a file."""

    def _work(self) -> tuple[Applications, KeptTokens, SilentSignIn]:
        """What needs msal, made in a worker thread: importing it takes a tenth of a second."""
        if self._parts is None:
            from omconsole.graph.sign_in.applications import Applications
            from omconsole.graph.sign_in.silent import SilentSignIn
            from omconsole.graph.sign_in.token_cache import KeptTokens

            kept = KeptTokens(self._file if self.needs_a_person and self._settings.keeps_tokens else None)
            applications = Applications(self._settings, self._transport, self._environ)
            self._parts = applications, kept, SilentSignIn(applications, kept, self.method, self._clock)
        return self._parts

    def _at_hand(self, claims: str | None, refused: str | None) -> str | None:
        held = self._held
        if claims is not None or held is None or held.token == refused or self._clock() >= held.renew_at:
            return None
        return held.token if self._signature() == self._seen else None

    def _signature(self) -> object:
        """Changes when another console signs in or out."""
        if not (self.needs_a_person and self._settings.keeps_tokens):
            return ()
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _keep(self, kept: KeptTokens, fresh: Any, account: Account) -> None:
        kept.adopt(fresh)
        if not self._settings.keeps_tokens:
            self._remembered = account
            return
        try:
            keep_account(account, self._settings, self._profile, self._directory)
        except OSError as error:
            raise StateError(
                _("It cannot be kept who signed in: {reason}.").format(reason=sanitize(error.strerror or "")),
                _("Make room or repair the folder {folder}.").format(folder=sanitize(self._directory)),
            ) from None

    def _application(self) -> Account:
        name = self._settings.client_id or self._settings.managed_identity_client_id or self.method
        return Account(name, is_application=True)

    def _host(self) -> str:
        from urllib.parse import urlsplit

        return sanitize(urlsplit(self._settings.authority).netloc, 120)


def _account(answer: Mapping[str, Any]) -> Account:
    """Who an answer with a token says has signed in."""
    said = answer.get("id_token_claims")
    said = said if isinstance(said, dict) else {}
    name = sanitize(said.get("preferred_username") or said.get("upn") or said.get("oid") or "", 120)
    return Account(name or _("unnamed"), sanitize(said.get("tid"), 80), sanitize(said.get("oid"), 80))
