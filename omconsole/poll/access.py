"""Who signs this console's requests: one source of tokens for as long as the console lives, and how it stands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from omconsole.accounts import kept_account
from omconsole.domain.sign_in import SignInState
from omconsole.errors import GraphUnreachable, SignInNeeded, UsageError
from omconsole.graph.connection import ready_token, sign_in_for
from omconsole.graph.tokens import OPAQUE, check_tenant, principal
from omconsole.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omconsole.config import Settings
    from omconsole.domain.sign_in import Account, SignInStep
    from omconsole.graph.tokens import TokenSource

SILENT_FOR_S: Final = 10.0
"""After the sign-in server did not answer, nobody asks it again for so long: ten sources would wait one by one."""


class Access:
    """A `TokenSource` that knows who asks, and tells when a person has to sign in.

    Args:
        settings: of the profile.
        changed: called when `state` has changed.
        clock: monotonic seconds.

    Raises:
        SignInError: a ready token is used and there is none.
    """

    def __init__(
        self, settings: Settings, changed: Callable[[], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tenant_id = settings.profile.tenant_id
        self._sign_in = sign_in_for(settings)
        self._tokens: TokenSource = self._sign_in or ready_token(settings)
        self._changed = changed
        self._clock = clock
        self._silent: tuple[float, GraphUnreachable] | None = None
        self._shown: str | None = None
        self.principal = OPAQUE
        """Of the last token, as `tokens.principal` gives it."""
        self.credential_expires: datetime | None = None
        """When the certificate that this console signs in with ends, UTC; None where none is known."""
        way = settings.profile.sign_in
        known = kept_account(way, settings.profile_name)
        self.state = SignInState(way.method, known) if self._sign_in else None
        """None with a ready token, which nobody can sign in for."""

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        """Returns a token that is good now; arguments and errors as for every `TokenSource`."""
        if self._silent is not None and self._clock() < self._silent[0]:
            raise self._silent[1]
        try:
            token = await self._tokens.token(claims=claims, refused=refused)
        except SignInNeeded as needed:
            await self.look()  # another console may have signed out
            self._note(needed=True, why=needed.what)
            raise
        except GraphUnreachable as silent:
            self._silent = self._clock() + SILENT_FOR_S, silent
            raise
        self._silent = None
        if token != self._shown:
            check_tenant(token, self._tenant_id)
            self._shown, self.principal = token, principal(token)
            await self.look()
            self._note(needed=False, why="")
        return token

    def challenged(self, needed: SignInNeeded) -> None:
        """Takes note that Graph wants more than any token that could be had without a person."""
        if self._sign_in is not None:
            self._sign_in.challenged(needed.claims)
        self._note(needed=True, why=needed.what)

    def try_again(self) -> None:
        """Lets the sign-in server be asked although it failed a moment ago: a person asked for it."""
        self._silent = None
        if self._sign_in is not None:
            self._sign_in.try_again()

    async def look(self) -> None:
        """Looks who is signed in, and with what, without asking anybody."""
        if self._sign_in is not None and self.state is not None:
            self.credential_expires = await self._sign_in.credential_expiry()
            account = await self._sign_in.account()
            if account != self.state.account:
                self.state = replace(self.state, account=account)
                self._changed()

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Signs a person in; cancelling takes effect at once.

        Raises:
            SignInError: it was declined, came too late or is not possible. GraphUnreachable: no server answers.
            UsageError: a ready token is used.
        """
        if self._sign_in is None:
            raise UsageError(
                _("This console uses a ready token from OMCONSOLE_TOKEN; nobody signs in."),
                _("Remove the variable and start again to sign in."),
            )
        account = await self._sign_in.sign_in(tell)
        self._silent = self._shown = None
        if self.state is not None:
            self.state = replace(self.state, account=account, needed=False, why="")
            self._changed()
        return account

    async def sign_out(self) -> bool:
        """Forgets this user's tokens; True when there were any."""
        if self._sign_in is None:
            return False
        were = await self._sign_in.sign_out()
        self._shown = None
        if self.state is not None:
            self.state = replace(self.state, account=None)
            self._changed()
        return were

    @property
    def notice(self) -> str | None:
        """What happened to kept tokens, a sentence in the user's language."""
        return self._sign_in.notice if self._sign_in is not None else None

    async def close(self) -> None:
        """Lets go of connections."""
        if self._sign_in is not None:
            await self._sign_in.close()

    def _note(self, *, needed: bool, why: str) -> None:
        if self.state is not None and (self.state.needed, self.state.why) != (needed, why):
            self.state = replace(self.state, needed=needed, why=why)
            self._changed()
