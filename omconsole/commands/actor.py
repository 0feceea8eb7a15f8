"""Who acts: the signed-in person, else `--as`, OMCONSOLE_USER, else the login of the operating system.

A record, not an authentication.
"""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from omconsole.accounts import kept_account, login_of
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.config import Settings


def acting_person(option: str | None, environ: Mapping[str, str], settings: Settings | None = None) -> tuple[str, str]:
    """The login that finds the person again, and the name to show; behind sudo both logins stay visible."""
    account = kept_account(settings.profile.sign_in, settings.profile_name) if settings is not None else None
    login = login_of(account) if account is not None else None
    if account is not None and login is not None:
        return login, account.name
    named = option or environ.get("OMCONSOLE_USER")
    if named:
        name = sanitize(named, 80)
        return f"as:{name}", name
    login = sanitize(_login(), 80)
    before = sanitize(environ.get("SUDO_USER", ""), 80)
    if before and before != login:
        return f"os:{login}:{before}", f"{before} ({login})"
    return f"os:{login}", login


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no passwd entry, as in a bare container
        import os

        return f"uid-{os.getuid()}"
