"""`omconsole login` and `logout`: a person signs in, an application proves that it can; and what is kept of it goes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from omconsole.accounts import kept_account, token_files_stem, tokens_directory
from omconsole.commands.output import print_json, say, warn
from omconsole.config.file import is_there
from omconsole.domain.sign_in import BrowserAddress, Connecting, DeviceCode
from omconsole.errors import SignInError
from omconsole.i18n import _, clock, ngettext
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from omconsole.accounts import Account
    from omconsole.config import Settings
    from omconsole.domain.sign_in import SignInStep
    from omconsole.graph.sign_in import SignIn

REMIND_AT_MINUTES: Final = (5, 1)
"""Minutes before the end of a code at which the person is told of it again."""


def run_login(settings: Settings, *, as_json: bool) -> int:
    """Sign in as the profile says; returns the exit status.

    Raises:
        SignInError: declined, too late or not possible. GraphUnreachable: no server answers. KeyboardInterrupt: Ctrl-C.
    """
    from omconsole.graph.connection import sign_in_for

    sign_in = sign_in_for(settings)
    if sign_in is None:
        return _nobody_signs_in(settings, as_json=as_json)
    telling = Telling(settings, warn if as_json else say)
    try:
        account = asyncio.run(_sign_in(sign_in, telling))
    except KeyboardInterrupt:
        warn(_("The sign-in was cancelled. Nothing of it is kept."))
        raise
    kept = kept_in(settings)
    if as_json:
        print_json(
            {
                "account": account.name,
                "tenant_id": account.tenant_id or settings.profile.tenant_id,
                "method": sign_in.method,
                "tokens_in": str(kept) if kept else None,
            }
        )
    else:
        _tell_who(settings, account)
        _tell_where(settings, kept)
    return 0


def run_logout(settings: Settings, *, as_json: bool) -> int:
    """Remove the tokens of the profile from this machine; returns the exit status."""
    from omconsole.graph.connection import sign_in_for

    settings = _without_ready_token(settings)
    sign_in = sign_in_for(settings)
    account, kept = kept_account(settings.profile.sign_in, settings.profile_name), kept_in(settings)
    removed = asyncio.run(_sign_out(sign_in)) if sign_in is not None else False
    if as_json:
        print_json({"account": account.name if account else None, "removed": removed})
        return 0
    if removed:
        _tell_removed(settings, account, kept)
    if settings.token is not None:
        say(_("A ready token stands in OMCONSOLE_TOKEN: it is not kept anywhere, and goes with the variable."))
    elif not removed:
        say(_("Nobody was signed in with the profile {profile}.").format(profile=settings.profile_name))
    return 0


def _without_ready_token(settings: Settings) -> Settings:
    """Return the settings with a person's way where a ready token hides which it is: all ways have the same files."""
    way = settings.profile.sign_in
    if settings.token is None or way.client_id is None:
        return settings
    profile = replace(settings.profile, sign_in=replace(way, method="device-code"))
    return replace(settings, profile=profile)


def kept_in(settings: Settings) -> Path | None:
    """Return the file in which this profile's tokens are kept now; None while there is none."""
    file = tokens_directory() / f"{token_files_stem(settings.profile.sign_in, settings.profile_name)}.tokens.json"
    return file if settings.profile.sign_in.keeps_tokens and is_there(file) else None


class Telling:
    """Tells the steps of a sign-in as lines, each thing once.

    Args:
        settings: for the time zone.
        line: takes a line.
    """

    def __init__(self, settings: Settings, line: Callable[[str], None]) -> None:
        self._zone = ZoneInfo(settings.timezone)
        self._line = line
        self._told = ""
        self._shown: DeviceCode | None = None
        self._reminding: asyncio.Task[None] | None = None

    def __call__(self, step: SignInStep) -> None:
        """Tell a step."""
        if isinstance(step, DeviceCode):
            self._code(step)
        elif isinstance(step, BrowserAddress):
            self._address(step)
        elif isinstance(step, Connecting):
            self._once(_("Asking {host} …").format(host=step.host))
        else:
            self._once(step.why)

    def close(self) -> None:
        """End what still would be told."""
        if self._reminding is not None:
            self._reminding.cancel()

    def _once(self, words: str) -> None:
        if words and words != self._told:
            self._told = words
            self._line(words)

    def _code(self, step: DeviceCode) -> None:
        if step == self._shown:
            self._once(_("The sign-in server answers again; the code is still good."))
            return
        self._shown = step
        left = minutes_left(step.expires_at)
        good = ngettext(
            "The code is good for {n} minute, until {time}.", "The code is good for {n} minutes, until {time}.", left
        )
        self._line("")
        self._line(_("Open this page in a browser, on any machine:"))
        self._line(f"    {step.verification_uri}")
        self._line(_("and type in this code:"))
        self._line(f"    {step.user_code}")
        self._line("")
        self._line(good.format(n=left, time=clock(step.expires_at, self._zone)))
        self._line(_("This goes on by itself as soon as you have signed in there; Ctrl-C cancels it."))
        self.close()
        self._reminding = asyncio.get_running_loop().create_task(self._remind(step.expires_at))

    def _address(self, step: BrowserAddress) -> None:
        self._line(
            _("A browser was asked to show the page of the sign-in. If it does not, open this page on this machine:")
            if step.opened
            else _("Open this page in a browser on this machine:")
        )
        self._line(f"    {step.address}")
        self._line(_("This goes on by itself as soon as you have signed in there; Ctrl-C cancels it."))

    async def _remind(self, expires_at: datetime) -> None:
        for minutes in REMIND_AT_MINUTES:
            until = (expires_at - datetime.now(UTC)).total_seconds() - 60 * minutes
            if until > 0:
                await asyncio.sleep(until)
                words = ngettext(
                    "The code is good for {n} more minute.", "The code is good for {n} more minutes.", minutes
                )
                self._line(words.format(n=minutes))


def minutes_left(expires_at: datetime) -> int:
    """Return the whole minutes until then, at least one while it has not passed."""
    seconds = (expires_at - datetime.now(UTC)).total_seconds()
    return max(int(seconds > 0), round(seconds / 60))


async def _sign_in(sign_in: SignIn, telling: Telling) -> Account:
    try:
        return await sign_in.sign_in(telling)
    finally:
        telling.close()
        await _let_go(sign_in)


async def _sign_out(sign_in: SignIn) -> bool:
    try:
        return await sign_in.sign_out()
    finally:
        await _let_go(sign_in)


async def _let_go(sign_in: SignIn) -> None:
    closing: Awaitable[None] = sign_in.close()
    with suppress(TimeoutError):  # a connection that hangs ends with the process
        async with asyncio.timeout(0.5):
            await closing


def _nobody_signs_in(settings: Settings, *, as_json: bool) -> int:
    """Say why there is nothing to do; without a token there is.

    Raises:
        SignInError: the profile has no way of signing in, and there is no token.
    """
    if not settings.is_demo and settings.token is None:
        raise SignInError(
            _("The profile {profile} names no way of signing in, and there is no token.").format(
                profile=settings.profile_name
            ),
            _("Run omconsole setup, or put a token into OMCONSOLE_TOKEN."),
        )
    if as_json:
        tenant = settings.profile.tenant_id
        print_json({"account": None, "tenant_id": tenant, "method": "token", "tokens_in": None})
    elif settings.is_demo:
        say(_("The simulated tenant needs no sign-in."))
    else:
        say(_("Nothing is to be done: a ready token stands in OMCONSOLE_TOKEN, and it goes before a sign-in."))
        say(_("To sign in instead, remove the variable and run omconsole login again."))
    return 0


def _tell_who(settings: Settings, account: Account) -> None:
    tenant = tenant_words(settings, account)
    if account.is_application:
        words = _("A token was fetched for the application {name} of the tenant {tenant}.")
        say(words.format(name=account.name, tenant=tenant))
        say(_("The console and the poller fetch theirs in the same way; nobody has to sign in."))
    else:
        say(_("Signed in as {name}, tenant {tenant}.").format(name=account.name, tenant=tenant))


def _tell_where(settings: Settings, kept: Path | None) -> None:
    """Say where tokens are kept and who can read them (S9)."""
    if kept is not None:
        words = _("The tokens are kept in {path}: in a file that only you can read, not encrypted.")
        say(words.format(path=sanitize(kept)))
        say(_("omconsole logout removes them."))
    elif settings.profile.sign_in.needs_a_person:
        say(_('The tokens are not kept, as token_cache = "off" says: they have ended with this command.'))


def _tell_removed(settings: Settings, account: Account | None, kept: Path | None) -> None:
    if account is not None:
        say(
            _("{name} is signed out of the profile {profile}.").format(name=account.name, profile=settings.profile_name)
        )
    if kept is not None:
        say(_("The tokens in {path} have been removed.").format(path=sanitize(kept)))
    if settings.profile.sign_in.needs_a_person:
        say(_("Sessions at Microsoft Entra ID, in browsers and on other machines, are untouched."))


def tenant_words(settings: Settings, account: Account) -> str:
    """Return the tenant as the settings name it, and its id beside it where that is another word."""
    named = settings.profile.tenant_id or ""
    if not account.tenant_id or named.casefold() == account.tenant_id.casefold():
        return named or account.tenant_id
    return f"{named} ({account.tenant_id})" if named else account.tenant_id
