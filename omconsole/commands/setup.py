"""`omconsole setup`: from nothing to a profile that works, with everything that others have to do for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from omconsole.commands import answers, consent
from omconsole.commands.output import say
from omconsole.commands.registration import (
    CERTIFICATE_FILE,
    CREDENTIAL_FILE,
    Registration,
    az_script,
    certificate_commands,
    clicks,
    powershell_script,
)
from omconsole.config.sign_in import Method, has_a_screen
from omconsole.config.values import CLOUDS
from omconsole.config.writing import language_in, profiles_in, write_profile
from omconsole.errors import ConsoleError, UsageError
from omconsole.i18n import LANGUAGES, _, activate, language, ngettext
from omconsole.paths import config_file
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from omconsole.config import Settings

SECRET_VARIABLE = "OMCONSOLE_CLIENT_SECRET"  # noqa: S105 - the name of a variable

_WAY_OF = {
    "certificate_file": "certificate",
    "certificate_passphrase_env": "certificate",
    "secret_env": "client-secret",
}
"""The way of signing in that a credential says by itself."""


class Wishes(msgspec.Struct, kw_only=True):
    """What the options say; None is asked for."""

    tenant: str | None = None
    client_id: str | None = None
    auth: str | None = None
    cloud: str | None = None
    authority: str | None = None
    graph_url: str | None = None
    ca_file: str | None = None
    proxy: str | None = None
    certificate_file: str | None = None
    certificate_passphrase_env: str | None = None
    secret_env: str | None = None
    profile: str | None = None
    lang: str | None = None
    config: str | None = None
    replace: bool = False
    yes: bool = False
    no_sign_in: bool = False


def run_setup(wishes: Wishes, settings_of: Callable[[str], Settings], environ: Mapping[str, str]) -> int:
    """Set a profile up; returns the exit status.

    Args:
        wishes: the options.
        settings_of: loads the settings of a profile once it is written.
        environ: the environment.

    Raises:
        UsageError: an option does not hold, or one is missing where nobody can be asked.
        SettingsError: the settings file cannot be read or written. SignInError, GraphUnreachable: from the sign-in.
    """
    setup = Setup(wishes, environ)
    if not sys.stdin.isatty():
        setup.refuse_to_guess()
    setup.ask_language()
    setup.ask_tenant()
    setup.ask_registration()
    setup.ask_credential()
    written = setup.write()
    _print_consent(written)
    settings = settings_of(written.profile_name)
    if wishes.no_sign_in or not (wishes.yes or answers.agree(_("Sign in now?"))):
        say(_("Go on with omconsole login, and then look at everything with omconsole doctor."))
        return 0
    return _prove(settings)


class Setup:
    """One run of the questions; what is known already is not asked."""

    def __init__(self, wishes: Wishes, environ: Mapping[str, str]) -> None:
        self.wishes = wishes
        self._environ = environ
        self._path = config_file(environ, wishes.config)
        self._taken = profiles_in(self._path)
        self._language: str | None = wishes.lang
        keys = ("cloud", "authority", "graph_url", "ca_file", "proxy")
        self._addresses = answers.checked_addresses({key: getattr(wishes, key) for key in keys})
        self._check_options()

    def _check_options(self) -> None:
        wishes = self.wishes
        for key, check in (
            ("tenant", answers.tenant),
            ("client_id", answers.client_id),
            ("auth", answers.way),
            ("certificate_file", answers.readable_file),
            ("certificate_passphrase_env", answers.variable),
            ("secret_env", answers.variable),
            ("profile", self._free_name),
        ):
            value = getattr(wishes, key)
            if value is not None:
                setattr(wishes, key, check(value))
        for key, way in _WAY_OF.items():
            if getattr(wishes, key) is not None:
                wishes.auth = wishes.auth or way
                self._check_way(key, way)

    def _check_way(self, key: str, way: str) -> None:
        """Refuse a credential that the way of signing in would leave out."""
        if self.wishes.auth != way:
            raise UsageError(
                _("{option} goes with --auth {method} alone.").format(option=f"--{key.replace('_', '-')}", method=way),
                _("Leave one of the two out."),
            )

    def _free_name(self, name: str) -> str:
        return answers.profile_name(name, self._taken, replace=self.wishes.replace)

    def refuse_to_guess(self) -> None:
        """Refuse to go on without a terminal when something would have to be asked.

        Raises:
            UsageError: what is missing is named.
        """
        wishes, missing = self.wishes, []
        if wishes.tenant is None:
            missing.append("--tenant")
        if wishes.client_id is None and wishes.auth != "managed-identity":
            missing.append("--client-id")
        if wishes.auth == "certificate" and wishes.certificate_file is None:
            missing.append("--certificate-file")
        if wishes.auth == "client-secret" and wishes.secret_env is None:
            missing.append("--secret-env")
        if not (wishes.yes or wishes.no_sign_in):
            missing.append(_("{yes} or {no}").format(yes="--yes", no="--no-sign-in"))
        if missing:
            words = ngettext(
                "Nobody can be asked here, and an option is missing: {options}.",
                "Nobody can be asked here, and options are missing: {options}.",
                len(missing),
            )
            raise UsageError(
                words.format(options=", ".join(missing)),
                _("Add it, or run omconsole setup in a terminal; there it also tells how to register the app."),
            )
        wishes.auth = wishes.auth or self._usual_way()
        wishes.profile = wishes.profile or answers.name_for(wishes.tenant or "", self._taken)

    def _usual_way(self) -> str:
        return "browser" if has_a_screen(self._environ) else "device-code"

    def ask_language(self) -> None:
        """Ask for the language, unless an option or the settings file says it."""
        if not sys.stdin.isatty() or self._language is not None or language_in(self._path) is not None:
            return

        def check(answer: str) -> str:
            if answer not in LANGUAGES:
                raise UsageError(_("Write one of: {values}.").format(values=", ".join(LANGUAGES)))
            return answer

        self._language = answers.ask(_("Language (en, de)"), check, language())
        activate(self._language)

    def ask_tenant(self) -> None:
        """Ask for the tenant, the way of signing in and the profile's name."""
        wishes = self.wishes
        say(_("The settings file is {path}.").format(path=sanitize(self._path)))
        if wishes.tenant is None:
            wishes.tenant = answers.ask(_("Tenant (its ID, or a domain of it)"), answers.tenant)
        if wishes.auth is None:
            wishes.auth = answers.ask_way(self._usual_way())
        if wishes.profile is None:
            proposed = answers.name_for(wishes.tenant, self._taken)
            wishes.profile = answers.ask(_("Name of the profile"), self._free_name, proposed)

    def ask_registration(self) -> None:
        """Tell how to register the app and ask for its client ID, unless an option names it."""
        if self.wishes.auth == "managed-identity":
            if sys.stdin.isatty():
                self._print_registration()
        elif self.wishes.client_id is None:
            self._print_registration()
            self.wishes.client_id = answers.ask(_("Application (client) ID"), answers.client_id)

    def _print_registration(self) -> None:
        """Print how the app is registered: twice as commands, once as clicks; a certificate comes first."""
        assert self.wishes.tenant is not None
        cloud = self._addresses.get("cloud", "global")
        of = Registration(
            tenant=self.wishes.tenant,
            method=msgspec.convert(self.wishes.auth, Method),
            cloud=cloud,
            graph_url=self._addresses.get("graph_url", CLOUDS[cloud]),
        )
        if of.method == "certificate":
            title = _("The certificate: {mine} stays here, {theirs} belongs to the app registration.")
            _section(title.format(mine=CREDENTIAL_FILE, theirs=CERTIFICATE_FILE), certificate_commands())
        if of.method == "managed-identity":
            say("")
            say(_("A managed identity needs no app registration, only the permissions. Grant them in one of two ways."))
        else:
            say("")
            say(_("Now register the app in one of three ways. Whoever does it needs the role Application Developer."))
        _section(_("With Azure CLI, in bash or zsh:"), az_script(of))
        _section(_("With PowerShell and the module Microsoft.Graph:"), powershell_script(of))
        if steps := clicks(of):
            _section(_("With a browser:"), _numbered(steps))
        say("")

    def ask_credential(self) -> None:
        """Ask where the certificate or the secret is."""
        wishes = self.wishes
        if wishes.auth == "certificate" and wishes.certificate_file is None:
            wishes.certificate_file = answers.ask(
                _("File with the private key and the certificate"), answers.readable_file, CREDENTIAL_FILE
            )
        if wishes.auth == "client-secret" and wishes.secret_env is None:
            wishes.secret_env = answers.ask(
                _("Environment variable that holds the client secret"), answers.variable, SECRET_VARIABLE
            )

    def write(self) -> Settings:
        """Write the profile; returns the settings as the file has them."""
        wishes = self.wishes
        assert wishes.profile is not None
        keys = ["tenant_id", "client_id", "auth"]
        told = {"tenant_id": wishes.tenant, "client_id": wishes.client_id, "auth": wishes.auth}
        if wishes.auth == "managed-identity":
            keys[1] = "managed_identity_client_id"
            told["managed_identity_client_id"] = told.pop("client_id")
        if wishes.auth == "certificate":
            told["certificate_file"] = wishes.certificate_file
            told["certificate_passphrase_env"] = wishes.certificate_passphrase_env
        if wishes.auth == "client-secret":
            told["secret_env"] = wishes.secret_env
        values = {key: value for key, value in told.items() if value is not None} | self._addresses
        # The file has to hold without the token of this one shell, which would go before what it says.
        environ = {name: value for name, value in self._environ.items() if name != "OMCONSOLE_TOKEN"}
        written = write_profile(
            self._path, wishes.profile, values, environ, language=self._language, replace=wishes.replace
        )
        say(_("The profile {name} is written into {path}.").format(name=wishes.profile, path=sanitize(self._path)))
        return written


def _print_consent(settings: Settings) -> None:
    address = consent.link(settings.profile)
    if address is None:
        return
    _section(_("Somebody has to consent once for the tenant, on this page:"), address)
    _section(_("If that is somebody else, send them this:"), consent.mail(settings.profile, address))
    say("")


def _prove(settings: Settings) -> int:
    """Sign in and look at everything; what fails leaves the settings written."""
    from omconsole.commands.doctor import run_doctor
    from omconsole.commands.sign_in import run_login

    try:
        run_login(settings, as_json=False)
    except ConsoleError:
        say(_("The settings are kept. Go on with omconsole login, and then omconsole doctor."))
        raise
    say("")
    return run_doctor(lambda: settings, as_json=False)


def _section(title: str, text: str) -> None:
    say("")
    say(title)
    say("")
    say(text)


def _numbered(steps: list[str]) -> str:
    return "\n".join("\n   ".join(f"{number}. {step}".splitlines()) for number, step in enumerate(steps, 1))
