"""The hosts of each cloud, which proxy leads to them, and what keeps one from answering."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme

from omconsole.config.values import CLOUDS
from omconsole.graph import hosts
from omconsole.graph.hosts import Host, Reached, firewall_list, hosts_of, judged, reach
from omconsole.graph.proxies import Proxy, proxy_for
from omconsole.graph.transport import TransportSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
GRAPH = Host("graph", "graph.example", 443, "https://graph.example/v1.0/me")
SIGN_IN = Host("sign-in", "login.example", 443, "https://login.example/t/v2.0/.well-known/openid-configuration")
NOT_FOUND = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("cloud", "names"),
    [
        ("global", ["login.microsoftonline.com", "graph.microsoft.com", "*.blob.core.windows.net"]),
        ("us-gov", ["login.microsoftonline.us", "graph.microsoft.us", "*.blob.core.usgovcloudapi.net"]),
        ("us-dod", ["login.microsoftonline.us", "dod-graph.microsoft.us", "*.blob.core.usgovcloudapi.net"]),
        (
            "china",
            ["login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "*.blob.core.chinacloudapi.cn"],
        ),
    ],
)
def test_the_firewalls_list_of_each_cloud(cloud: str, names: list[str]) -> None:
    hosts = firewall_list(cloud)
    assert [host.name for host in hosts] == names
    assert {host.port for host in hosts} == {443}
    assert [host.role for host in hosts] == ["sign-in", "graph", "reports"]


def test_every_cloud_has_a_list() -> None:
    assert all(firewall_list(cloud) for cloud in CLOUDS)


def test_who_does_not_sign_in_needs_no_sign_in_host_and_an_own_root_no_storage() -> None:
    own = TransportSettings(graph_url="http://127.0.0.1:8080", authority="https://127.0.0.1:8443/t")
    assert [(host.role, host.port) for host in hosts_of(own, "global", signs_in=True)] == [
        ("sign-in", 8443),
        ("graph", 8080),
    ]
    assert [host.role for host in hosts_of(TransportSettings(), "global", signs_in=False)] == ["graph", "reports"]


@pytest.mark.parametrize(
    ("environ", "setting", "found"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": "http://proxy:8080"}, None, Proxy("http://proxy:8080", "HTTPS_PROXY")),
        ({"https_proxy": "proxy:1", "HTTPS_PROXY": "proxy:2"}, None, Proxy("http://proxy:1", "https_proxy")),
        ({"HTTP_PROXY": "http://proxy:8080"}, None, None),
        ({"ALL_PROXY": "http://proxy:8080"}, None, Proxy("http://proxy:8080", "ALL_PROXY")),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "other.example,.microsoft.com"}, None, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "soft.com"}, None, Proxy("http://p:1", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "http://anna:secret@proxy:1"}, None, Proxy("http://proxy:1", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, "http://u:p@own:3", Proxy("http://own:3", "proxy")),
        ({"HTTPS_PROXY": "http://proxy:port"}, None, Proxy("…", "HTTPS_PROXY")),
    ],
)
def test_which_proxy_leads_there_and_who_says_so(
    environ: dict[str, str], setting: str | None, found: Proxy | None
) -> None:
    assert proxy_for("graph.microsoft.com", setting, environ) == found


def test_nothing_leads_to_this_machine_itself() -> None:
    assert proxy_for("127.0.0.1", None, {"HTTPS_PROXY": "http://proxy:1"}) is None


def answer(status: int = 401, body: bytes = b"{}", **headers: str) -> httpx.Response:
    return httpx.Response(
        status,
        headers={"content-type": "application/json", **headers},
        content=body,
        request=httpx.Request("GET", GRAPH.url or ""),
    )


@pytest.mark.parametrize(
    ("host", "response", "trouble"),
    [
        (GRAPH, answer(), ""),
        (GRAPH, answer(200), ""),
        (GRAPH, answer(400), ""),
        (SIGN_IN, answer(400), "unknown tenant"),
        (GRAPH, answer(407), "proxy asks for sign-in"),
        (GRAPH, answer(302, location="https://portal.example/login"), "redirect"),
        (GRAPH, answer(200, b"<!DOCTYPE html>", **{"content-type": "text/html"}), "web page"),
        (GRAPH, answer(403, b"  <html>"), "web page"),
        (GRAPH, answer(503), "server error"),
    ],
)
def test_what_an_answer_says_about_who_gave_it(host: Host, response: httpx.Response, trouble: str) -> None:
    assert judged(host, response, response.content, NOW).trouble == trouble


def test_a_redirect_and_a_date_are_kept() -> None:
    told = answer(302, location="https://portal.example/login", date="Sun, 22 Nov 2026 09:31:00 GMT")
    reached = judged(GRAPH, told, b"", NOW)
    assert (reached.target, reached.date) == ("portal.example", datetime(2026, 11, 22, 9, 31, tzinfo=UTC))
    assert judged(GRAPH, answer(date="Sonntag"), b"", NOW).date is None


# --- over real sockets ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(answers: bytes | None, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on this machine that says this to every request, or nothing at all; its port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if answers is None:
                await reader.read()
            else:
                writer.write(answers)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever looked at the certificate alone has gone
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def asked(root: str, *, within_s: float = 5.0, **settings: str | None) -> Reached:
    transport = TransportSettings(graph_url=root, **settings)  # type: ignore[arg-type]
    (host,) = hosts_of(transport, "global", signs_in=False)
    (reached,) = await reach((host,), transport, environ={}, within_s=within_s)
    return reached


GOOD = (
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
)


async def test_a_host_that_answers() -> None:
    async with serving(GOOD) as port:
        reached = await asked(f"http://127.0.0.1:{port}")
    assert (reached.is_good, reached.host.port) == (True, port)


async def test_a_host_that_is_silent_ends_in_time() -> None:
    async with serving(None) as port:
        reached = await asked(f"http://127.0.0.1:{port}", within_s=0.2)
    assert reached.trouble == "silent"
    assert reached.seconds < 2


async def test_a_port_that_nobody_listens_on() -> None:
    assert (await asked("http://127.0.0.1:1")).trouble == "refused"


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_arguments: object, **_more: object) -> None:
        raise NOT_FOUND

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    reached = await asked("https://graph.example")
    assert (reached.trouble, reached.reason) == ("not resolved", "Name or service not known")


async def test_a_certificate_that_is_not_trusted_names_its_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority = trustme.CA(organization_name="Contoso Inspection")
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with serving(GOOD, context) as port:
        reached = await asked(f"https://127.0.0.1:{port}")
        with authority.cert_pem.tempfile() as trusted:
            good = await asked(f"https://127.0.0.1:{port}", ca_file=trusted)
    assert (reached.trouble, reached.issuer) == ("not trusted", "Contoso Inspection")
    assert good.is_good


async def test_why_a_host_is_not_trusted_stands_though_nobody_says_in_time_who_issued(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def slow(_host: Host, _proxy: str | None) -> str:
        await asyncio.sleep(60)
        return ""

    monkeypatch.setattr(hosts, "presented_issuer", slow)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with serving(GOOD, context) as port:
        reached = await asked(f"https://127.0.0.1:{port}", within_s=0.5)
    assert (reached.trouble, reached.issuer) == ("not trusted", "")


async def test_a_proxy_that_asks_for_a_password() -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with serving(refusal) as port:
        reached = await asked("https://graph.example", proxy=f"http://127.0.0.1:{port}")
    assert reached.trouble == "proxy asks for sign-in"


async def test_a_proxy_that_is_not_there() -> None:
    assert (await asked("https://graph.example", proxy="http://127.0.0.1:1")).trouble == "refused"
