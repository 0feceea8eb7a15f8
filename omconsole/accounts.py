"""Who a user is signed in as: kept beside the tokens, so that a command knows its actor without any of them.

One small file for each profile and app registration, 0600 in the user's own directory; it holds no secret.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from omconsole.paths import prepare_state_directory, user_directory
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.config.sign_in import SignInSettings

_MAX_BYTES = 10_000


class Account(msgspec.Struct, frozen=True):
    """Who is signed in. Every text is sanitised."""

    name: str
    """The user principal name; of an application its client id."""
    tenant_id: str = ""
    object_id: str = ""
    is_application: bool = False


def tokens_directory() -> Path:
    """Return the directory of the user's own that holds tokens and accounts, whoever shares the state."""
    return user_directory() / "tokens"


def token_files_stem(settings: SignInSettings, profile: str) -> str:
    """Return what the names of a profile's files there begin with: another app registration has files of its own."""
    of = f"{settings.authority}|{settings.client_id}".casefold().encode()
    return f"{profile}-{sha256(of).hexdigest()[:12]}"


def kept_account(settings: SignInSettings, profile: str, directory: Path | None = None) -> Account | None:
    """Return who signed in last and did not sign out; None also where the file cannot be read or says nothing."""
    if not settings.needs_a_person:
        return None
    try:
        with _file(settings, profile, directory).open("rb") as stream:
            account = msgspec.json.decode(stream.read(_MAX_BYTES), type=Account)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    name = sanitize(account.name, 120)
    if not name:
        return None
    return Account(name, sanitize(account.tenant_id, 80), sanitize(account.object_id, 80), account.is_application)


def keep_account(account: Account, settings: SignInSettings, profile: str, directory: Path | None = None) -> None:
    """Keep who is signed in.

    Raises:
        StateError: the directory cannot be used. OSError: the file cannot be written.
    """
    file = _file(settings, profile, directory)
    prepare_state_directory(file.parent)
    fresh = file.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(msgspec.json.encode(account))
    fresh.replace(file)


def forget_account(settings: SignInSettings, profile: str, directory: Path | None = None) -> None:
    """Forget who was signed in."""
    with suppress(FileNotFoundError):
        _file(settings, profile, directory).unlink()


def login_of(account: Account) -> str | None:
    """Return by what the table of persons finds a signed-in person again; None for an application, which is nobody."""
    return None if account.is_application else f"upn:{account.name.casefold()}"


def _file(settings: SignInSettings, profile: str, directory: Path | None) -> Path:
    return (directory or tokens_directory()) / f"{token_files_stem(settings, profile)}.account.json"
