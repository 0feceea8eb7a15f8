"""The hard requirements S21 to S26 where they need more than one request: real sockets, TLS, and a proxy.

Those that a planned answer shows stand beside what they are about, by the same numbers.
"""

from __future__ import annotations

import asyncio
import inspect
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest
import trustme

from omconsole.errors import GraphError, GraphProtocolError, GraphUnreachable, SettingsError
from omconsole.graph import GraphClient, ReadyToken, RowDecoder, TransportSettings, build_client, pages
from omconsole.graph.batch import Part, batch
from omconsole.graph.decoding import Identifier
from omconsole.graph.transport import build_sign_in_client
from tests.unit.graph_tools import ROOT, TOKEN, Tenant, ok

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Serve = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GRAPH, LOGIN = "graph.example", "login.example"
PLACES = TransportSettings(graph_url=f"https://{GRAPH}", authority=f"https://{LOGIN}/contoso")


class Row(msgspec.Struct, frozen=True):
    id: Identifier


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a port of this machine that reads the head of a request and lets `serve` do the rest."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(await reader.readuntil(b"\r\n\r\n"), reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


def answered(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)


# --- S21, S22 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["nextLink", "redirect"])
async def test_s21_s22_another_host_never_hears_of_the_token(way: str) -> None:
    heard: list[bytes] = []

    async def foreign(head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(head)
        answered(writer, b'{"value": []}')

    async with listening(foreign) as elsewhere:

        async def graph(head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert f"Authorization: Bearer {TOKEN}".encode() in head
            link = f"http://127.0.0.1:{elsewhere}/v1.0/things"
            if way == "redirect":
                answered(writer, b"", "307 Temporary Redirect", f"Location: {link}\r\n")
            else:
                answered(writer, b'{"value": [], "@odata.nextLink": "%s"}' % link.encode())

        async with listening(graph) as port:
            root = f"http://127.0.0.1:{port}"
            async with build_client(TransportSettings(graph_url=root)) as http:
                client = GraphClient(root, http, ReadyToken(TOKEN))
                with pytest.raises(GraphProtocolError):
                    async for _page in pages(client, "/things", decoder=RowDecoder(Row), workload="devices"):
                        pass
                if way == "redirect":
                    (refused,) = await batch(client, [Part(path="/x")], workload="devices")
                    assert isinstance(refused, GraphProtocolError)
    assert heard == []


async def test_s22_the_token_is_set_on_each_request_alone() -> None:
    async with build_client(PLACES) as http:
        assert not http.event_hooks["request"]
        assert not http.follow_redirects
        assert http.auth is None
        assert "authorization" not in http.headers
    with build_sign_in_client(PLACES) as sync:
        assert not sync.follow_redirects
        assert sync.auth is None


# --- S25 --------------------------------------------------------------------------------------------------------------


async def test_s25_there_is_no_way_to_send_what_must_not_be_repeated() -> None:
    sends = {name for name, _member in inspect.getmembers(GraphClient, inspect.iscoroutinefunction) if name[0] != "_"}
    assert sends == {"get", "get_url", "pause", "post"}
    tenant = Tenant(ok())
    await tenant.ask()
    await tenant.client.post("/reports/getX", b"{}", workload="reports")
    assert [request.method for request in tenant.wire.requests] == ["GET", "POST"]
    assert all(str(request.url).startswith(f"{ROOT}/v1.0/") for request in tenant.wire.requests)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_s25_a_waiting_time_counts_whatever_the_error(status: int) -> None:
    tenant = Tenant(httpx.Response(status, headers={"retry-after": "7"}), ok())
    await tenant.ask()
    assert tenant.time.slept == [7.0]
    with pytest.raises(GraphError):  # longer than a round waits: not cut short, but told
        await Tenant(httpx.Response(status, headers={"retry-after": "900"}), ok()).ask()


# --- S26 --------------------------------------------------------------------------------------------------------------


class Office:
    """Graph and a sign-in server with certificates of the company, which only its proxy leads to."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = str(folder / "company.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(GRAPH, LOGIN).configure_cert(self.tls)
        self.asked: list[str] = []
        self.connected: list[str] = []
        self.refuses = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """The address of the proxy."""

        async def servers(head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            name = next(line[6:] for line in head.decode().splitlines() if line.startswith("Host: "))
            self.asked.append(name)
            answered(writer, b'{"value": []}')

        async with listening(servers, self.tls) as port:

            async def proxy(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                self.connected.append(head.decode().split()[1])
                if self.refuses:
                    writer.write(f"HTTP/1.1 {self.refuses}\r\nContent-Length: 0\r\n\r\n".encode())
                    return
                inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))

            async with listening(proxy) as port_of_proxy:
                yield f"http://127.0.0.1:{port_of_proxy}"


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # the other side has gone
    finally:
        writer.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def ask_both(settings: TransportSettings) -> list[str]:
    """Ask Graph and the sign-in server, each with its own client; returns what went wrong, by kind."""
    wrong = []
    async with build_client(settings) as http:
        client = GraphClient(settings.graph_url, http, ReadyToken(TOKEN), sleep=_no_wait)
        try:
            await client.get("/things", workload="devices")
        except GraphUnreachable as error:
            wrong.append(error.what)
    with build_sign_in_client(settings) as sync:
        try:
            await asyncio.to_thread(sync.get, f"{settings.authority}/x")
        except httpx.TransportError as error:
            wrong.append(str(error))
    return wrong


async def _no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("where", ["proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_s26_both_clients_go_through_the_proxy(
    office: Office, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.opened() as proxy:
        settings = msgspec.structs.replace(PLACES, ca_file=office.ca_file)
        if where == "proxy":
            settings = msgspec.structs.replace(settings, proxy=proxy)
        else:
            monkeypatch.setenv(where, proxy)
        assert await ask_both(settings) == []
    assert office.connected == [f"{GRAPH}:443", f"{LOGIN}:443"]
    assert office.asked == [GRAPH, LOGIN]


@pytest.mark.parametrize("where", ["ca_file", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_s26_both_clients_trust_the_companys_certificates(
    office: Office, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.opened() as proxy:
        settings = msgspec.structs.replace(PLACES, proxy=proxy)
        wrong = await ask_both(settings)
        assert len(wrong) == 2
        assert all("CERTIFICATE_VERIFY_FAILED" in each for each in wrong)
        assert office.asked == []
        if where == "ca_file":
            settings = msgspec.structs.replace(settings, ca_file=office.ca_file)
        else:
            monkeypatch.setenv(where, office.ca_file)
        assert await ask_both(settings) == []
    assert office.asked == [GRAPH, LOGIN]


async def test_s26_no_proxy_leads_past_it_for_both(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office.opened() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", f"{GRAPH},{LOGIN}")
        assert len(await ask_both(msgspec.structs.replace(PLACES, ca_file=office.ca_file))) == 2
    assert office.connected == []


async def test_s26_a_proxy_that_refuses_is_named_and_its_password_is_not(office: Office) -> None:
    office.refuses = "407 Proxy Authentication Required"
    async with office.opened() as proxy:
        address = proxy.replace("http://", "http://anna:hush@")
        wrong = await ask_both(msgspec.structs.replace(PLACES, proxy=address, ca_file=office.ca_file))
    assert "The proxy did not connect" in wrong[0]
    assert all("407" in each and "hush" not in each for each in wrong)
    assert office.asked == []


@pytest.mark.parametrize("where", ["proxy", "ALL_PROXY"])
@pytest.mark.parametrize("build", [build_client, build_sign_in_client])
@pytest.mark.parametrize("address", ["socks5://anna:hush@proxy.example:1080", "socks5h://anna:hush@proxy.example:1080"])
def test_s26_socks_is_refused_in_words_by_both(
    build: Callable[[TransportSettings], object], where: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "proxy":
        settings = msgspec.structs.replace(PLACES, proxy=address)
    else:
        settings = PLACES
        monkeypatch.setenv(where, address)
    with pytest.raises(SettingsError) as told:
        build(settings)
    assert "SOCKS" in told.value.what
    assert "http://" in told.value.do
    assert "hush" not in told.value.what
