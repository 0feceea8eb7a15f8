"""msal's applications of one profile: who the console is towards the sign-in server, and with what it proves that."""

from __future__ import annotations

import logging
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
import msal
from msal.exceptions import MsalServiceError

from omconsole.config.sign_in import LOGINS
from omconsole.errors import SignInError
from omconsole.graph.sign_in.http import HttpForMsal
from omconsole.graph.transport import build_sign_in_client
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omconsole.config import SignInSettings
    from omconsole.graph.transport import TransportSettings

CAPABILITIES: Final = ["CP1"]
"""Claims challenges are understood; without this Graph issues none (graph.md §15)."""
OUTAGES: Final = (httpx.HTTPError, MsalServiceError)
"""What msal raises when the server does not answer well; a token that is still good outlives them (S6)."""
COMMAND_S: Final = 30.0
_PFX: Final = {".pfx", ".p12"}
_METADATA_S: Final = 5.0


# msal logs whole answers of the sign-in server, and without a handler Python writes them across the screen (S10).
logging.getLogger("msal").addHandler(logging.NullHandler())
logging.getLogger("msal").propagate = False


class Applications:
    """Makes msal's applications. Everything here blocks: reading files, running a command, asking for metadata."""

    def __init__(self, settings: SignInSettings, transport: TransportSettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._transport = transport
        self._environ = environ
        self._http: HttpForMsal | None = None
        self.http_cache: dict[str, Any] = {}
        """msal keeps errors for a minute here; cleared before somebody tries again."""

    @property
    def host(self) -> str:
        """The sign-in server's name, for words."""
        return sanitize(urlsplit(self._settings.authority).netloc, 120)

    @property
    def client_id(self) -> str:
        """Of the app registration; empty without one."""
        return self._settings.client_id or ""

    @property
    def scopes(self) -> list[str]:
        """Everything that the registration has been granted."""
        return [f"{self._transport.graph_url}/.default"]

    def public(self, cache: msal.TokenCache) -> msal.PublicClientApplication:
        """Returns the application that people sign in to."""
        return msal.PublicClientApplication(self._settings.client_id, token_cache=cache, **self._common())

    def confidential(self) -> msal.ConfidentialClientApplication:
        """Returns the application that signs in for itself; its tokens stay in this process.

        Raises:
            SignInError: its secret or certificate cannot be had.
        """
        credential = self.certificate() if self._settings.method == "certificate" else self.secret()
        try:
            return msal.ConfidentialClientApplication(
                self._settings.client_id, client_credential=credential, **self._common()
            )
        except ValueError as error:
            if self._settings.method == "certificate" and "authority" not in str(error):
                raise self._bad_certificate(error) from None
            raise

    def managed(self) -> msal.ManagedIdentityClient:
        """Returns the identity that the machine gives this process."""
        import requests

        class Bounded(requests.Session):
            """The address of the metadata service may lead nowhere, and then nobody refuses."""

            def request(self, *args: Any, **kwargs: Any) -> requests.Response:
                kwargs.setdefault("timeout", _METADATA_S)
                return super().request(*args, **kwargs)

        session = Bounded()
        session.trust_env = False  # neither a proxy nor a .netrc is meant for the machine itself
        client_id = self._settings.managed_identity_client_id
        identity = (
            msal.UserAssignedManagedIdentity(client_id=client_id) if client_id else msal.SystemAssignedManagedIdentity()
        )
        return msal.ManagedIdentityClient(identity, http_client=session, http_cache=self.http_cache)

    @property
    def resource(self) -> str:
        """What a managed identity asks for."""
        return self._transport.graph_url

    def secret(self) -> str:
        """Returns the client secret from where the settings say.

        Raises:
            SignInError: it is not there.
        """
        command, variable = self._settings.secret_command, self._settings.secret_env
        value = _printed(command) if command else self._environ.get(variable or "", "").strip()
        if value:
            return value
        if command:
            raise SignInError(
                _("The command of secret_command printed no secret."),
                _("Run it by hand: it has to print the client secret, and nothing else."),
            )
        raise SignInError(
            _("There is no client secret: {variable} is empty or not set.").format(variable=variable),
            _("Put the secret into that variable, or name a command that prints it with secret_command."),
        )

    def certificate(self) -> dict[str, str]:
        """Returns the certificate with its private key, in msal's form.

        Raises:
            SignInError: it cannot be read.
        """
        file, passphrase = self._certificate_file, self._passphrase
        contents = _contents(file)
        if file.suffix.lower() in _PFX:
            self._check_key(contents, passphrase)
            return {"private_key_pfx_path": str(file), **({"passphrase": passphrase} if passphrase else {})}
        try:
            pem = contents.decode("ascii")
        except UnicodeDecodeError as error:
            raise self._bad_certificate(error) from None
        if "PRIVATE KEY" not in pem or "BEGIN CERTIFICATE" not in pem:
            raise SignInError(
                _("{file} does not hold both a private key and a certificate.").format(file=sanitize(file)),
                _("Put both, in PEM form, into the one file; or name a PFX file."),
            )
        self._check_key(contents, passphrase)
        return {"private_key": pem, "public_certificate": pem, **({"passphrase": passphrase} if passphrase else {})}

    def _check_key(self, contents: bytes, passphrase: str) -> None:
        """Reads the private key as msal does when it signs, where it is too late for the right words.

        Raises:
            SignInError: it cannot be used, or not with this passphrase.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

        secret = passphrase.encode() or None
        try:
            if self._certificate_file.suffix.lower() in _PFX:
                key: object = pkcs12.load_key_and_certificates(contents, secret)[0]
            else:
                key = load_pem_private_key(contents, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise self._bad_certificate(error) from None
        if not isinstance(key, RSAPrivateKey):
            raise self._bad_certificate(ValueError(_("it holds no RSA key")))

    def certificate_ends(self) -> datetime | None:
        """Returns when the certificate ends, UTC; None where none is used or it cannot be read."""
        if self._settings.method != "certificate":
            return None
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import pkcs12

        file = self._certificate_file
        try:
            if file.suffix.lower() in _PFX:
                passphrase = self._passphrase.encode() if self._passphrase else None
                found = pkcs12.load_key_and_certificates(_contents(file), passphrase)[1]
            else:
                found = x509.load_pem_x509_certificate(_contents(file))
        except (SignInError, ValueError):
            return None
        return found.not_valid_after_utc.astimezone(UTC) if found is not None else None

    def close(self) -> None:
        """Lets go of the connections."""
        if self._http is not None:
            self._http.close()

    def _common(self) -> dict[str, Any]:
        if self._http is None:
            self._http = HttpForMsal(build_sign_in_client(self._transport, environ=self._environ))
        host = urlsplit(self._settings.authority).netloc
        return {
            "authority": self._settings.authority,
            # Of Microsoft's own hosts msal knows; for any other it would ask Microsoft's (S1).
            "instance_discovery": None if host in {urlsplit(each).netloc for each in LOGINS.values()} else False,
            "http_client": self._http,
            "http_cache": self.http_cache,
            "client_capabilities": CAPABILITIES,
        }

    @property
    def _certificate_file(self) -> Path:
        file = self._settings.certificate_file
        assert file is not None, "the settings refuse this way without a certificate"
        return file

    @property
    def _passphrase(self) -> str:
        return self._environ.get(self._settings.certificate_passphrase_env or "", "")

    def _bad_certificate(self, error: Exception) -> SignInError:
        return SignInError(
            _("The certificate {file} cannot be used: {reason}.").format(
                file=sanitize(self._settings.certificate_file), reason=sanitize(error, 160).rstrip(".")
            ),
            _("Check its form, PEM or PFX, and its passphrase in the variable of certificate_passphrase_env."),
        )


def _printed(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, as words, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it would write across the console
            start_new_session=True,  # it asks nothing on the terminal, which is the console's
            timeout=COMMAND_S,
            check=True,
        )
        return done.stdout.decode("utf-8").strip()
    except subprocess.CalledProcessError as error:
        why = _("it ended with status {status}").format(status=error.returncode)
    except subprocess.TimeoutExpired:
        why = _("it did not end within {seconds} s").format(seconds=round(COMMAND_S))
    except UnicodeDecodeError:
        why = _("it printed something that is no text")
    except OSError as error:
        why = sanitize(error.strerror or type(error).__name__, 120)
    raise SignInError(
        _("The command {command} of secret_command failed: {why}.").format(command=sanitize(command[0], 80), why=why),
        _("Run it by hand: it has to print the client secret, and nothing else."),
    )


def _contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SignInError(
            _("The certificate {file} cannot be read: {reason}.").format(
                file=sanitize(file), reason=sanitize(error.strerror or type(error).__name__)
            ),
            _("Check certificate_file and the file's permissions."),
        ) from None
