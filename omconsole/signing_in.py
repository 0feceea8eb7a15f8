"""A service's sign-in: made when it is first needed, since it brings HTTP, and known of before that."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from omconsole.accounts import kept_account
from omconsole.domain.sign_in import SignInState

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.config import Settings
    from omconsole.domain.sign_in import Account, SignInStep
    from omconsole.poll.access import Access


class SigningIn:
    """Who signs one service's requests.

    Args:
        settings: of the profile.
        changed: called when `state` has changed.
    """

    def __init__(self, settings: Settings, changed: Callable[[], None]) -> None:
        self._settings = settings
        self._changed = changed
        self._access: Access | None = None
        self._let_in = asyncio.Event()
        self._waits = False
        way = settings.profile.sign_in
        is_ready = settings.is_demo or way.method == "token"
        self._known = None if is_ready else SignInState(way.method, kept_account(way, settings.profile_name))

    @property
    def state(self) -> SignInState | None:
        """How the sign-in stands; None where nobody signs in."""
        return self._access.state if self._access is not None else self._known

    @property
    def needed(self) -> bool:
        """Whether a person has to sign in."""
        return self.state is not None and self.state.needed

    @property
    def notices(self) -> list[str]:
        """Sentences about kept tokens, in the user's language."""
        return [self._access.notice] if self._access is not None and self._access.notice else []

    async def access(self) -> Access:
        """Everything that knows HTTP and msal; imported here, after the first paint.

        Raises:
            SignInError: a ready token is used and there is none.
        """
        module = await asyncio.to_thread(import_module, "omconsole.poll.access")
        if self._access is None:
            self._access = module.Access(self._settings, self._changed)
        return self._access

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Sign a person in; cancelling takes effect at once.

        Raises:
            SignInError: it was declined, came too late or is not possible. GraphUnreachable: no server answers.
            UsageError: this profile has no sign-in.
        """
        access = await self.access()
        account = await access.sign_in(tell)
        self._let_in.set()
        return account

    async def sign_out(self) -> bool:
        """Forget this user's tokens; True when there were any."""
        access = await self.access()
        return await access.sign_out()

    def try_again(self) -> None:
        """Let the sign-in server be asked although it failed a moment ago, and whoever waits go on."""
        if self._access is not None:
            self._access.try_again()
        if self._waits:
            self._let_in.set()

    async def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody signs in."""
        self._waits = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._let_in.wait()
        self._waits = False
        self._let_in.clear()

    async def close(self) -> None:
        """Let go of connections."""
        if self._access is not None:
            await self._access.close()
