"""Signing in with msal: every call of it in a worker thread, nothing of it changed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from omconsole.errors import SignInError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from omconsole.config import SignInSettings
    from omconsole.config.sign_in import Method
    from omconsole.domain.sign_in import Account, SignInStep
    from omconsole.graph.transport import TransportSettings


class SignIn:
    """One profile's sign-in. Making one asks nobody and reads nothing.

    Who signed in is kept by `omconsole.accounts.keep_account`, with `directory=tokens_in`.
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

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        raise SignInError("")

    async def account(self) -> Account | None:
        raise SignInError("")

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        raise SignInError("")

    async def sign_out(self) -> bool:
        raise SignInError("")

    async def credential_expiry(self) -> datetime | None:
        """When the certificate that is signed in with ends, UTC; None where there is none."""
        return None

    async def close(self) -> None:
        return
