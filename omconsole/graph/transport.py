"""The HTTP client for Graph, built from one value of settings."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from omconsole import __version__
from omconsole.errors import SettingsError
from omconsole.graph.addresses import check_root, is_loopback
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTIONS: Final = 4
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0, pool=None)
"""Seconds of silence; the deadline of a whole request is GraphClient's."""


SIGN_IN_TIMEOUT: Final = httpx.Timeout(10.0)
"""Seconds of silence of the sign-in server; a worker thread that waits for it cannot be cut short."""


class TransportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How Graph and the sign-in server are reached."""

    graph_url: str = "https://graph.microsoft.com"
    """The root without a version."""
    authority: str = "https://login.microsoftonline.com/organizations"
    """The sign-in server with the tenant."""
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""
    proxy: str | None = None
    """Instead of the environment's proxies."""
    uds: str | None = None
    """A Unix socket that takes every connection; the simulated tenant's."""


def build_client(
    settings: TransportSettings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    environ: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """Returns a client that follows no redirect and carries no token.

    The proxies of the environment count unless `proxy`, `uds` or `transport` is given, or Graph's root is a loopback
    host: what is meant for this machine never leaves it through a proxy.

    Raises:
        SettingsError: the root, the CA file or the proxy cannot be used.
    """
    root = httpx.URL(check_root(settings.graph_url))
    context = tls_context(settings.ca_file, os.environ if environ is None else environ)
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    if transport is None and settings.uds is not None:
        transport = httpx.AsyncHTTPTransport(uds=settings.uds, verify=context, limits=limits)
    try:
        return httpx.AsyncClient(
            transport=transport,
            verify=context,
            proxy=settings.proxy,
            trust_env=not is_loopback(root.host),
            limits=limits,
            timeout=TIMEOUT,
            follow_redirects=False,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": f"omconsole/{__version__}",
            },
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise _unusable_proxy(error) from None


def build_sign_in_client(settings: TransportSettings, *, environ: Mapping[str, str] | None = None) -> httpx.Client:
    """Returns the synchronous client that msal gets: certificates, proxies and time-outs as for Graph (S8, S26).

    Raises:
        SettingsError: the CA file or the proxy cannot be used.
    """
    context = tls_context(settings.ca_file, os.environ if environ is None else environ)
    try:
        return httpx.Client(
            verify=context,
            proxy=settings.proxy,
            trust_env=not is_loopback(httpx.URL(settings.authority).host),
            timeout=SIGN_IN_TIMEOUT,
            follow_redirects=False,
            headers={"User-Agent": f"omconsole/{__version__}"},
        )
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise _unusable_proxy(error) from None


def tls_context(ca_file: str | None, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Returns the certificates to trust: `ca_file`, else SSL_CERT_FILE or REQUESTS_CA_BUNDLE, else the system's.

    Raises:
        SettingsError: the file or directory is not there or holds no certificates.
    """
    source = ca_file or environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE")
    if not source:
        paths = ssl.get_default_verify_paths()
        if paths.cafile or paths.capath or os.name == "nt":
            return ssl.create_default_context()
        import certifi  # Python for macOS brings no certificates; httpx brings these

        return ssl.create_default_context(cafile=certifi.where())
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=str(path))
        return ssl.create_default_context(cafile=str(path))
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            _("The certificates in {file} cannot be read: {reason}").format(
                file=sanitize(source), reason=sanitize(error.strerror or error)
            ),
            _("Set ca_file, or SSL_CERT_FILE, to a file of certificates in PEM form."),
        ) from None


def _unusable_proxy(error: Exception) -> SettingsError:
    return SettingsError(
        _("The proxy cannot be used: {reason}").format(reason=sanitize(error)),
        _("Set proxy, or HTTPS_PROXY, to an http:// or https:// address."),
    )
