"""The part of `omconsole doctor` about who signs in, how long that is good, and what it permits."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from omconsole.commands.consent import link
from omconsole.commands.findings import Check
from omconsole.errors import ConsoleError, GraphError, SignInNeeded
from omconsole.graph.connection import ready_token, sign_in_for
from omconsole.graph.permissions import PERMISSIONS, Permission, needed_by
from omconsole.graph.tokens import Claims, check_tenant, claims
from omconsole.i18n import _
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.config import Settings
    from omconsole.graph.sign_in import SignIn

CREDENTIAL_DAYS: Final = 30
"""A certificate that ends sooner is worth a look."""


class Signed(msgspec.Struct):
    """What looking at the sign-in came to."""

    checks: list[Check]
    token: str | None = None
    """The one that Graph would be asked with."""


def sign_in_checks(settings: Settings, now: datetime, *, reachable: bool) -> list[Check]:
    """Who signs in by which way, until when, and what every source may read.

    Args:
        settings: of the profile.
        now: aware.
        reachable: whether the sign-in server answers; if not, nothing is asked of it.
    """
    if settings.is_demo:
        return [Check("sign-in", ok=True, what=_("the demo needs none"))]
    signed = _ready(settings, now) if settings.profile.sign_in.method == "token" else _signed(settings, now, reachable)
    return [*signed.checks, *(permission_checks(settings, signed.token) if signed.token else ())]


def _ready(settings: Settings, now: datetime) -> Signed:
    """A token that somebody else has fetched."""
    try:
        token = asyncio.run(ready_token(settings).token())
        check_tenant(token, settings.profile.tenant_id)
    except ConsoleError as error:
        return Signed([Check("sign-in", ok=False, what=error.what, do=error.do)])
    until = good_until(token)
    if until is not None and until <= now:
        what = _("The token in OMCONSOLE_TOKEN has expired at {time}.").format(time=_clock(settings, until))
        do = _("Put a fresh one there; a ready token is not renewed.")
        return Signed([Check("sign-in", ok=False, what=what, do=do)])
    what = _("a token is in OMCONSOLE_TOKEN")
    if until is not None:
        what = _("a token is in OMCONSOLE_TOKEN, good until {time}").format(time=_clock(settings, until))
    return Signed([Check("sign-in", ok=True, what=what)], token)


def _signed(settings: Settings, now: datetime, reachable: bool) -> Signed:
    sign_in = sign_in_for(settings)
    assert sign_in is not None
    return asyncio.run(_looked_at(sign_in, settings, now, reachable))


async def _looked_at(sign_in: SignIn, settings: Settings, now: datetime, reachable: bool) -> Signed:
    try:
        account = await sign_in.account()
        who = f"{account.name} ({sign_in.method})" if account else sign_in.method
        if not reachable:
            what = _("{who}: not tried, since the sign-in server cannot be reached").format(who=who)
            return Signed([Check("sign-in", ok=True, what=what, warning=True)])
        token = await sign_in.token()
        check_tenant(token, settings.profile.tenant_id)
        signed = Signed([_good(settings, who, good_until(token))], token)
        if sign_in.needs_a_person:
            signed.checks.append(await _renewal(sign_in, token))
        signed.checks.extend(credential_checks(await sign_in.credential_expiry(), settings, now))
    except SignInNeeded as needed:
        what = f"{settings.profile.sign_in.method}: {needed.what}"
        do = needed.do if "omconsole login" in needed.do else _("Sign in: omconsole login")
        return Signed([Check("sign-in", ok=False, what=what, do=do)])
    except ConsoleError as error:
        name = "network.sign-in" if isinstance(error, GraphError) else "sign-in"
        return Signed([Check(name, ok=False, what=error.what, do=error.do)])
    finally:
        await sign_in.close()
    return signed


def _good(settings: Settings, who: str, until: datetime | None) -> Check:
    if until is None:
        return Check("sign-in", ok=True, what=who)
    words = _("{who}: the token is good until {time}")
    return Check("sign-in", ok=True, what=words.format(who=who, time=_clock(settings, until)))


async def _renewal(sign_in: SignIn, token: str) -> Check:
    """Whether another token comes without a person."""
    try:
        await sign_in.token(refused=token)
    except ConsoleError as error:
        return Check("sign-in.renewal", ok=False, what=error.what, do=error.do)
    return Check("sign-in.renewal", ok=True, what=_("another token came without asking anybody"))


def credential_checks(expires: datetime | None, settings: Settings, now: datetime) -> Iterator[Check]:
    """When the certificate that signs in ends; `expires` is aware, None where there is no certificate."""
    if expires is None:
        return
    days = (expires - now).days
    ends = _("its certificate ends on {date}").format(date=f"{_local(settings, expires):%Y-%m-%d}")
    do = _("Put a new certificate into the app registration and into certificate_file before that.")
    is_near = days < CREDENTIAL_DAYS
    yield Check("credential", ok=expires > now, what=ends, do=do if is_near else "", warning=is_near)


def _clock(settings: Settings, at: datetime) -> str:
    return f"{_local(settings, at):%Y-%m-%d %H:%M}"


def _local(settings: Settings, at: datetime) -> datetime:
    """In the zone of the settings; what ends with the calendar, as a certificate without an end does, stays UTC."""
    try:
        return at.astimezone(ZoneInfo(settings.timezone))
    except OverflowError:
        return at


# --- what a token says ----------------------------------------------------------------------------------------------


class _Expiry(msgspec.Struct):
    exp: float = 0.0


def good_until(token: str) -> datetime | None:
    """Return when a token expires, UTC; None when it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        said = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=_Expiry)
        return datetime.fromtimestamp(said.exp, UTC) if said.exp > 0 else None
    except (msgspec.DecodeError, ValueError, RecursionError, OverflowError, OSError):
        return None


def permission_checks(settings: Settings, token: str) -> Iterator[Check]:
    """What each source needs, and whether the token has it."""
    said = claims(token)
    if said is None:
        what = _("The token does not tell what it permits; a source without permission says so when it is read.")
        yield Check("permission", ok=True, what=what, warning=True)
        return
    do = _consent(settings)
    for source in DEFAULT_INTERVALS:
        missing = [each.name for each in needed_by(source) if not is_granted(each, said)]
        what = _("missing {permissions}").format(permissions=", ".join(missing)) if missing else _("granted")
        yield Check(f"permission.{source}", ok=not missing, what=what, do=do if missing else "")
    for each in PERMISSIONS:
        if each.optional and not is_granted(each, said):
            what = _("missing {permissions}, which is not needed: {why}").format(permissions=each.name, why=each.why)
            yield Check(f"permission.{each.part}", ok=True, what=what, warning=True)


def is_granted(permission: Permission, said: Claims) -> bool:
    """Tells whether a token has a permission, or one to write the same, which includes reading."""
    granted = {*said.scp.split(), *said.roles}
    return permission.name in granted or permission.name.replace(".Read.", ".ReadWrite.") in granted


def _consent(settings: Settings) -> str:
    address = link(settings.profile)
    if address is None:
        return _("Ask whoever can consent to grant it to the application, then sign in again.")
    words = _("Add it to the app registration, let an administrator consent on this page, then sign in again:")
    return f"{words}\n{sanitize(address, 2_000)}"
