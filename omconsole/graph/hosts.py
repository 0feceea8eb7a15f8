"""The hosts that the console talks to, for the firewall's list, and whether each can be reached as it is asked."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Literal

import httpx
import msgspec

from omconsole.config.sign_in import LOGINS
from omconsole.config.values import CLOUDS
from omconsole.graph.addresses import is_loopback
from omconsole.graph.transport import TransportSettings, build_client
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Role = Literal["sign-in", "graph", "reports"]
Trouble = Literal[
    "",
    "not resolved",
    "refused",
    "silent",
    "unreachable",
    "proxy asks for sign-in",
    "proxy",
    "not trusted",
    "tls",
    "web page",
    "redirect",
    "server error",
    "unknown tenant",
]
"""What keeps a host from being asked; empty when it answers as it should."""

STORAGE: Final = {
    "global": "*.blob.core.windows.net",
    "us-gov": "*.blob.core.usgovcloudapi.net",
    "us-dod": "*.blob.core.usgovcloudapi.net",
    "china": "*.blob.core.chinacloudapi.cn",
}
"""Where exported reports are fetched from, by cloud: Graph names the exact host with each export."""
ASKED_FOR_S: Final = 8.0
"""Seconds for all hosts together, which are asked at the same time."""
SILENCE: Final = httpx.Timeout(5.0, pool=None)
_PEEK: Final = 512
_IS_FORBIDDEN_BY_A_PROXY: Final = 407


class Host(msgspec.Struct, frozen=True):
    """One host of the firewall's list; `url` is what is asked to see whether it answers, None for a pattern."""

    role: Role
    name: str
    port: int
    url: str | None = None


class Reached(msgspec.Struct, frozen=True):
    """What came of asking a host."""

    host: Host
    trouble: Trouble = ""
    reason: str = ""
    """What was said about it, sanitised; of a certificate, why it is not trusted."""
    seconds: float = 0.0
    date: datetime | None = None
    """The server's clock, UTC; None where it gave none."""
    asked_at: datetime | None = None
    """This machine's clock at that moment, UTC."""
    issuer: str = ""
    """Who issued the certificate that was presented, where it is not trusted."""
    target: str = ""
    """The host that a redirect leads to."""

    @property
    def is_good(self) -> bool:
        return not self.trouble


def hosts_of(transport: TransportSettings, cloud: str, *, signs_in: bool) -> tuple[Host, ...]:
    """Returns the hosts of a profile.

    Args:
        transport: how its Graph and sign-in server are reached.
        cloud: the national cloud.
        signs_in: whether this machine asks the sign-in server; with a ready token and a managed identity it does not.
    """
    found = []
    if signs_in:
        authority = transport.authority.rstrip("/")
        found.append(_host("sign-in", f"{authority}/v2.0/.well-known/openid-configuration"))
    found.append(_host("graph", f"{transport.graph_url.rstrip('/')}/v1.0/me"))
    if transport.graph_url.rstrip("/") == CLOUDS.get(cloud):
        found.append(Host("reports", STORAGE[cloud], 443))
    return tuple(found)


def firewall_list(cloud: str) -> tuple[Host, ...]:
    """Returns every host of a national cloud, whatever a profile asks."""
    return hosts_of(TransportSettings(graph_url=CLOUDS[cloud], authority=LOGINS[cloud]), cloud, signs_in=True)


def _host(role: Role, url: str) -> Host:
    address = httpx.URL(url)
    return Host(role, address.host, address.port or (80 if address.scheme == "http" else 443), url)


async def reach(
    hosts: tuple[Host, ...], transport: TransportSettings, *, environ: Mapping[str, str], within_s: float = ASKED_FOR_S
) -> tuple[Reached, ...]:
    """Asks each host once, all at the same time, with the certificates and proxies that the console uses; no token.

    Raises:
        SettingsError: the CA file or the proxy cannot be used.
    """
    asked = [host for host in hosts if host.url is not None]
    clients = [_client(host, transport, environ) for host in asked]
    try:
        pairs = list(zip(asked, clients, strict=True))
        return tuple(await asyncio.gather(*(_within(*each, transport.proxy, within_s) for each in pairs)))
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))


def _client(host: Host, transport: TransportSettings, environ: Mapping[str, str]) -> httpx.AsyncClient:
    """A client for the host's own origin: whether a proxy leads there depends on it."""
    address = httpx.URL(host.url or "")
    root = str(address.copy_with(raw_path=b"/"))
    return build_client(msgspec.structs.replace(transport, graph_url=root), environ=environ)


async def _within(host: Host, client: httpx.AsyncClient, proxy: str | None, seconds: float) -> Reached:
    began = time.monotonic()
    reached = Reached(host, "silent")
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            reached = await _asked(host, client)
            if reached.trouble == "not trusted":
                reached = msgspec.structs.replace(reached, issuer=await presented_issuer(host, proxy))
    return msgspec.structs.replace(reached, seconds=time.monotonic() - began)


async def _asked(host: Host, client: httpx.AsyncClient) -> Reached:
    try:
        async with client.stream("GET", host.url or "", timeout=SILENCE) as response:
            start = b""
            async for chunk in response.aiter_raw():
                start += chunk
                if len(start) >= _PEEK:
                    break
            return judged(host, response, start, datetime.now(UTC))
    except httpx.TimeoutException:
        return Reached(host, "silent")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        return _failed(host, error)


def judged(host: Host, response: httpx.Response, start: bytes, now: datetime) -> Reached:
    """Returns what an answer says about who gave it; `start` is the beginning of its body."""
    kind = response.headers.get("content-type", "").casefold()
    trouble: Trouble = ""
    reason = target = ""
    if response.status_code == _IS_FORBIDDEN_BY_A_PROXY:
        trouble = "proxy asks for sign-in"
    elif 300 <= response.status_code < 400:
        trouble, target = "redirect", _target(response)
    elif "html" in kind or start.lstrip()[:1] == b"<":
        trouble = "web page"
    elif response.status_code >= 500:
        trouble, reason = "server error", f"HTTP {response.status_code}"
    elif host.role == "sign-in" and response.status_code in {400, 404}:
        trouble, reason = "unknown tenant", f"HTTP {response.status_code}"
    return Reached(host, trouble, reason, date=_date(response), asked_at=now, target=target)


def _target(response: httpx.Response) -> str:
    try:
        return sanitize(response.url.join(response.headers.get("location", "")).host, 120)
    except (httpx.InvalidURL, UnicodeError):
        return "?"


def _date(response: httpx.Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _failed(host: Host, error: Exception) -> Reached:
    """Returns what lies at the bottom of a failed connection."""
    import socket

    causes = list(_causes(error))
    said = sanitize(causes[-1], 200) or type(causes[-1]).__name__
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Reached(host, "not trusted", sanitize(cause.verify_message, 200))
        if isinstance(cause, socket.gaierror):
            return Reached(host, "not resolved", sanitize(cause.strerror or cause, 200))
        if isinstance(cause, ConnectionRefusedError):
            return Reached(host, "refused", said)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Reached(host, "tls", said)
    if isinstance(error, httpx.ProxyError):
        text = sanitize(error, 200)
        return Reached(host, "proxy asks for sign-in" if text.startswith("407") else "proxy", text)
    return Reached(host, "unreachable", said)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, also of several attempts."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _causes(each)
    following = error.__cause__ or error.__context__
    if following is not None:
        yield from _causes(following)


async def presented_issuer(host: Host, proxy: str | None) -> str:
    """Returns who issued the certificate that a host presents, though it is not trusted; empty when nobody can tell.

    It is looked at in a connection of its own, by the way that every request goes; no token is sent.
    """
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    url = httpx.URL(host.url or "").copy_with(raw_path=b"/")
    try:
        async with (
            httpx.AsyncClient(verify=unchecked, proxy=proxy, trust_env=not is_loopback(url.host)) as client,
            client.stream("GET", url, timeout=SILENCE) as response,
        ):
            connection = response.extensions["network_stream"].get_extra_info("ssl_object")
            return issuer_of(connection.getpeercert(binary_form=True) or b"")
    except (httpx.TransportError, ValueError, AttributeError):
        return ""


def issuer_of(certificate: bytes) -> str:
    """Returns the issuer of a certificate (DER) as people know it: its common name, else its organization."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        issuer = x509.load_der_x509_certificate(certificate).issuer
        named = [
            *issuer.get_attributes_for_oid(NameOID.COMMON_NAME),
            *issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME),
        ]
    except ValueError:
        return ""
    return sanitize(named[0].value if named else issuer.rfc4514_string(), 120)
