"""Signing in with msal: every call of it in a thread of its own, nothing of it changed.

msal and HTTP are imported when they are first needed.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from omconsole.accounts import Account, forget_account, keep_account, kept_account, token_files_stem
from omconsole.errors import ConsoleError, GraphUnreachable, SignInNeeded, StateError
from omconsole.graph.claims import merged_claims
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

_PUT_BACK_S: Final = 0.5


class Parts(NamedTuple):
    """What brings msal."""

    applications: Applications
    kept: KeptTokens
    silent: SilentSignIn


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
        self._making = threading.Lock()
        self._parts: Parts | None = None
        self._turn = 0
        """Counts who signed in or out."""
        self._held: Held | None = None
        self._file = tokens_in / f"{token_files_stem(settings, profile)}.tokens.json"
        self._seen: object = None
        self._claims: str | None = None
        """The challenge that the next sign-in of a person has to answer."""
        self._remembered: Account | None = None
        """Who signed in, where nothing is kept in a file."""

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
            while True:
                held = self._at_hand(claims, refused)  # whoever came before may have renewed it
                if held is not None:
                    return held
                turn = self._turn
                try:
                    fresh, seen = await in_daemon_thread(lambda: self._silently(claims, refused))
                except ConsoleError as error:
                    if turn != self._turn:
                        continue  # somebody signed in or out meanwhile
                    outlasting = self._outlasting(error, claims, refused)
                    if outlasting is None:
                        raise
                    return outlasting
                if turn == self._turn:
                    self._held, self._seen = fresh, seen
                    return fresh.token

    def try_again(self) -> None:
        """Lets the next token be asked for although it failed a moment ago: somebody wants to know how it stands."""
        if self._parts is not None:
            self._parts.silent.try_again()

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
            self._exchange(None)  # a secret or certificate may be another one by now
            await self.token()
            return self._application()
        parts = await in_daemon_thread(self._made)
        try:
            answer, fresh = await self._answered(parts.applications, tell)
            account = _account(answer)
            await self._keep(parts.kept, fresh, account)
        except BaseException:
            parts.applications.close()
            raise
        self._remembered = account
        self._exchange(parts)
        return account

    def challenged(self, claims: str | None) -> None:
        """Remembers what Graph asks for, so that the next sign-in of a person answers it."""
        self._claims = merged_claims(claims, self._claims)

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
        kept = (await in_daemon_thread(self._work)).kept
        were = await in_daemon_thread(kept.forget)
        forget_account(self._settings, self._profile, self._directory)
        self._remembered = None
        self._exchange(None)
        return were

    async def credential_expiry(self) -> datetime | None:
        """Returns when the certificate that is signed in with ends, UTC; None where there is none."""
        if self.method != "certificate":
            return None
        return await in_daemon_thread(self._certificate_ends)

    @property
    def notice(self) -> str | None:
        """What happened to damaged tokens, a sentence in the user's language; None when nothing did."""
        return self._parts.kept.notice if self._parts is not None else None

    async def close(self) -> None:
        """Lets go of connections."""
        if self._parts is not None:
            self._parts.applications.close()

    # --- parts --------------------------------------------------------------------------------------------------------

    def _work(self) -> Parts:
        """The parts, made in a worker thread: importing msal takes a tenth of a second."""
        with self._making:
            if self._parts is None:
                self._parts = self._made()
            return self._parts

    def _certificate_ends(self) -> datetime | None:
        return self._work().applications.certificate_ends()

    def _made(self) -> Parts:
        from omconsole.graph.sign_in.applications import Applications
        from omconsole.graph.sign_in.silent import SilentSignIn
        from omconsole.graph.sign_in.token_cache import KeptTokens

        kept = KeptTokens(self._file if self._is_filed else None)
        applications = Applications(self._settings, self._transport, self._environ)
        return Parts(applications, kept, SilentSignIn(applications, kept, self.method, self._clock))

    def _exchange(self, parts: Parts | None) -> None:
        """What was known of the tokens counts no longer, nor does what is still being asked with the parts before."""
        before, self._parts = self._parts, parts
        self._turn += 1
        self._held = self._claims = None
        if before is not None:
            before.applications.close()

    @property
    def _is_filed(self) -> bool:
        return self.needs_a_person and self._settings.keeps_tokens

    # --- tokens -------------------------------------------------------------------------------------------------------

    def _silently(self, claims: str | None, refused: str | None) -> tuple[Held, object]:
        parts = self._work()
        fresh = parts.silent.token(claims, refused)
        return fresh, parts.kept.seen if self._is_filed else ()

    def _outlasting(self, error: ConsoleError, claims: str | None, refused: str | None) -> str | None:
        """The token at hand, when it outlasts the trouble; after a while it is asked for again."""
        from omconsole.graph.sign_in.silent import PAUSE_S

        held = self._held
        if isinstance(error, SignInNeeded):
            self._held, self._claims = None, merged_claims(error.claims, claims)
            return None
        if not isinstance(error, GraphUnreachable) or claims is not None or held is None or held.token == refused:
            return None
        if self._clock() >= held.good_until:
            return None
        self._held = msgspec.structs.replace(held, renew_at=self._clock() + PAUSE_S)
        return held.token

    def _at_hand(self, claims: str | None, refused: str | None) -> str | None:
        held = self._held
        if claims is not None or held is None or held.token == refused or self._clock() >= held.renew_at:
            return None
        return held.token if self._signature() == self._seen else None

    def _signature(self) -> object:
        """Changes when another console signs in or out."""
        if not self._is_filed:
            return ()
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    # --- a person's answer --------------------------------------------------------------------------------------------

    async def _answered(self, applications: Applications, tell: Callable[[SignInStep], None]) -> tuple[Any, Any]:
        if self.method == "browser":
            from omconsole.graph.sign_in.browser import by_browser

            return await by_browser(applications, self._claims, tell, self._environ)
        from omconsole.graph.sign_in.device_code import by_device_code

        return await by_device_code(applications, self._claims, tell, clock=self._clock, sleep=self._sleep)

    async def _keep(self, kept: KeptTokens, fresh: Any, account: Account) -> None:
        """Keeps what a sign-in brought; cancelled at this very moment, it puts back what was there."""
        is_cancelled = threading.Event()

        def keep() -> Callable[[], None]:
            put_back = self._keep_now(kept, fresh, account)
            if is_cancelled.is_set():  # whoever waited may have gone: another process held the lock
                put_back()
            return put_back

        keeping = asyncio.ensure_future(in_daemon_thread(keep))
        try:
            await asyncio.shield(keeping)
        except asyncio.CancelledError:
            is_cancelled.set()
            await asyncio.wait({keeping}, timeout=_PUT_BACK_S)
            if not keeping.done():
                keeping.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody's any more
            elif keeping.exception() is None:
                await in_daemon_thread(keeping.result())
            raise

    def _keep_now(self, kept: KeptTokens, fresh: Any, account: Account) -> Callable[[], None]:
        """Returns what undoes it."""
        tokens = kept.adopt(fresh)
        if not self._is_filed:
            return lambda: None
        person = kept_account(self._settings, self._profile, self._directory)
        try:
            keep_account(account, self._settings, self._profile, self._directory)
        except OSError as error:
            raise StateError(
                _("It cannot be kept who signed in: {reason}.").format(reason=sanitize(error.strerror or "")),
                _("Make room or repair the folder {folder}.").format(folder=sanitize(self._directory)),
            ) from None

        def put_back() -> None:
            kept.put(tokens)
            if person is not None:
                keep_account(person, self._settings, self._profile, self._directory)
            else:
                forget_account(self._settings, self._profile, self._directory)

        return put_back

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
