"""How a profile signs in, as the settings say; what is secret stands in the environment or comes from a command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from msgspec import Struct

from omconsole.config import values
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.config.file import Place, RawProfile

Method = Literal["device-code", "browser", "client-secret", "certificate", "managed-identity", "token"]
METHODS: Final[tuple[str, ...]] = get_args(Method)
WITH_A_PERSON: Final = frozenset({"device-code", "browser"})
"""Ways in which somebody signs in; the others need nobody."""

LOGINS: Final[dict[str, str]] = {
    "global": "https://login.microsoftonline.com",
    "us-gov": "https://login.microsoftonline.us",
    "us-dod": "https://login.microsoftonline.us",
    "china": "https://login.partner.microsoftonline.cn",
}
"""Sign-in server by national cloud (graph.md §15)."""


class SignInSettings(Struct, frozen=True, kw_only=True):
    """One profile's way of signing in."""

    method: Method = "token"
    authority: str = ""
    """The sign-in server with the tenant, without a slash at its end; empty for the demo alone."""
    client_id: str | None = None
    secret_env: str | None = None
    """The variable that holds the client secret."""
    secret_command: tuple[str, ...] = ()
    """The command, as words, that prints the client secret."""
    certificate_file: Path | None = None
    """PEM with the private key and the certificate, or PFX."""
    certificate_passphrase_env: str | None = None
    managed_identity_client_id: str | None = None
    """Of a user-assigned identity; None: the system's."""
    keeps_tokens: bool = True
    """Tokens are kept in a file of the user's own; else they end with the process."""

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to sign in."""
        return self.method in WITH_A_PERSON


def sign_in_of(raw: RawProfile, place: Place, base: Path, environ: Mapping[str, str], cloud: str) -> SignInSettings:
    """Return how a profile signs in; a token in OMCONSOLE_TOKEN goes before what the file says."""
    named = values.choice(raw.auth, METHODS, (), place / "auth")
    values.choice(raw.token_cache, ("file", "off"), (), place / "token_cache")
    return SignInSettings(
        method=cast("Method", "token" if environ.get("OMCONSOLE_TOKEN") else named or _usual(raw, environ)),
        authority=_authority(raw, place / "authority", cloud),
        client_id=raw.client_id,
        secret_env=_variable(raw.secret_env, place / "secret_env"),
        secret_command=_words(raw.secret_command, place / "secret_command"),
        certificate_file=values.file_path(raw.certificate_file, base, place / "certificate_file")
        if raw.certificate_file is not None
        else None,
        certificate_passphrase_env=_variable(raw.certificate_passphrase_env, place / "certificate_passphrase_env"),
        managed_identity_client_id=raw.managed_identity_client_id,
        keeps_tokens=raw.token_cache != "off",  # noqa: S105 - the word of a setting
    )


def check_sign_in(settings: SignInSettings, place: Place) -> None:
    """Refuse a way of signing in that lacks what it needs.

    Raises:
        SettingsError: the key that is missing, under `place`.
    """
    if settings.client_id is None and settings.method not in {"token", "managed-identity"}:
        raise (place / "client_id").error(
            _("the way of signing in, {method}, needs the app registration.").format(method=settings.method),
            _("Add the application (client) ID; omconsole setup tells how to register the app."),
        )
    if settings.method == "client-secret" and not (settings.secret_env or settings.secret_command):
        raise (place / "secret_env").error(
            _("it is not said where the client secret comes from."),
            _("Name the environment variable that holds it, or with secret_command the command that prints it."),
        )
    if settings.method == "certificate" and settings.certificate_file is None:
        raise (place / "certificate_file").error(
            _("the certificate is not named."),
            _("Name a PEM file with the private key and the certificate, or a PFX file."),
        )


def _usual(raw: RawProfile, environ: Mapping[str, str]) -> Method:
    """The way where none is named: a page in the browser needs a screen beside this terminal."""
    if raw.client_id is None:
        return "token"
    return "browser" if has_a_screen(environ) else "device-code"


def has_a_screen(environ: Mapping[str, str]) -> bool:
    """Whether a browser that is started here would be seen by whoever sits at this terminal."""
    import sys

    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return False
    return sys.platform == "darwin" or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _authority(raw: RawProfile, place: Place, cloud: str) -> str:
    tenant = raw.tenant_id or "organizations"
    if raw.authority is None:
        return f"{LOGINS[cloud]}/{tenant}"
    address = values.https_address(raw.authority, place)
    return address if address.count("/") > 2 else f"{address}/{tenant}"


def _variable(name: str | None, place: Place) -> str | None:
    if name is None or re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    raise place.error(
        _("“{value}” is not the name of a variable.").format(value=sanitize(name, 12)),
        _("Write the variable's name here; the secret itself stands in the environment alone."),
    )


def _words(command: str | list[str] | None, place: Place) -> tuple[str, ...]:
    if not command and not isinstance(command, str):
        return ()
    try:
        words = tuple(shlex.split(command) if isinstance(command, str) else command)
    except ValueError:
        words = ()
    if not words or not words[0] or any("\0" in word for word in words):
        raise place.error(
            _("this is no command."), _("Write a program and its arguments, as in pass show intune/secret.")
        )
    return words
