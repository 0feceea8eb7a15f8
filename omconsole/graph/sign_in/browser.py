"""Signing in on a page of this machine's browser, which comes back to a port of this machine (RFC 8252)."""

from __future__ import annotations

import asyncio
import html
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

import msal

from omconsole.config.sign_in import has_a_screen
from omconsole.domain.sign_in import BrowserAddress, Connecting
from omconsole.errors import SignInError
from omconsole.graph.sign_in.threads import in_daemon_thread
from omconsole.graph.sign_in.words import asking, refusal
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from omconsole.domain.sign_in import SignInStep
    from omconsole.graph.sign_in.applications import Applications

WAIT_S: Final = 15 * 60.0
_REQUEST_BYTES: Final = 65_536
_REQUEST_S: Final = 10.0
_STARTING_S: Final = 3.0


async def by_browser(
    applications: Applications, claims: str | None, tell: Callable[[SignInStep], None], environ: Mapping[str, str]
) -> tuple[Mapping[str, Any], msal.SerializableTokenCache]:
    """Returns what the server answered, and the tokens, which nobody but the caller has.

    Raises:
        SignInError: declined, too late, or not possible. GraphUnreachable: the server did not answer.
    """
    cache = msal.SerializableTokenCache()
    tell(Connecting(applications.host))
    async with _returning() as (port, came_back):
        app, flow = await in_daemon_thread(lambda: _begin(applications, cache, claims, port))
        address = str(flow["auth_uri"])
        opened = has_a_screen(environ) and await in_daemon_thread(lambda: _open(address))
        tell(BrowserAddress(sanitize(address, 4_000), opened))
        try:
            async with asyncio.timeout(WAIT_S):
                while (said := await came_back.get()).get("state") != flow["state"]:
                    pass  # some other page of this machine knocked
        except TimeoutError:
            raise SignInError(
                _("Nobody came back from the browser within {minutes} minutes.").format(minutes=round(WAIT_S / 60)),
                _("Sign in again; without a browser on this machine use device codes."),
            ) from None
    answer = await in_daemon_thread(lambda: _redeem(applications, app, flow, said))
    if "access_token" not in answer:
        raise refusal(answer, applications.host, for_a_person=False)
    return answer, cache


def _begin(
    applications: Applications, cache: msal.SerializableTokenCache, claims: str | None, port: int
) -> tuple[Any, dict[str, Any]]:
    applications.http_cache.clear()
    with asking(applications.host):
        app = applications.public(cache)
        flow = app.initiate_auth_code_flow(
            applications.scopes,
            redirect_uri=f"http://localhost:{port}",
            prompt="select_account",
            claims_challenge=claims,
            response_mode="form_post",
        )
        if not str(flow.get("auth_uri", "")).startswith("https://"):
            raise refusal(flow, applications.host, for_a_person=False)
    return app, flow


def _redeem(applications: Applications, app: Any, flow: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
    with asking(applications.host):
        answer: dict[str, Any] = app.acquire_token_by_auth_code_flow(flow, said)
        return dict(answer)


def _open(address: str) -> bool:
    """Tells the desktop to show the page; what it starts has neither this terminal nor a word on it (S14)."""
    program = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if program is None:
        return False
    nothing = subprocess.DEVNULL
    try:
        started = subprocess.Popen(  # noqa: S603 - a program of the desktop's, and an address that was checked
            [program, address], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )
        return started.wait(_STARTING_S) == 0
    except subprocess.TimeoutExpired:
        return True  # it is the browser itself
    except OSError:
        return False


@asynccontextmanager
async def _returning() -> AsyncIterator[tuple[int, asyncio.Queue[dict[str, str]]]]:
    """A port of this machine alone, and what the browser brings there."""
    came_back: asyncio.Queue[dict[str, str]] = asyncio.Queue(8)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                said = await _brought(reader)
            page = _page() if said else ""
            status = "200 OK" if said else "404 Not Found"
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
                f"Connection: close\r\nContent-Length: {len(page.encode())}\r\n\r\n{page}".encode()
            )
            await writer.drain()
            if said:
                with suppress(asyncio.QueueFull):
                    came_back.put_nowait(said)
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was did not speak HTTP
        finally:
            writer.close()

    first = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_REQUEST_BYTES)
    port: int = first.sockets[0].getsockname()[1]
    servers = [first]
    with suppress(OSError):  # where localhost is ::1 first; a machine without IPv6 has none
        servers.append(await asyncio.start_server(serve, "::1", port, limit=_REQUEST_BYTES))
    try:
        yield port, came_back
    finally:
        for server in servers:
            server.close()


async def _brought(reader: asyncio.StreamReader) -> dict[str, str]:
    """What a request says in its query or its form; nothing when it is not the sign-in's answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, *_rest = head.split("\r\n", 1)[0].split(" ")
    text = urlsplit(target).query
    if method == "POST":
        lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        length = min(int(lengths[0]) if lengths else 0, _REQUEST_BYTES)
        text = (await reader.readexactly(length)).decode("utf-8", "replace")
    said = dict(parse_qsl(text, max_num_fields=50))
    return said if "state" in said and ("code" in said or "error" in said) else {}


def _page() -> str:
    words = html.escape(_("You can close this page and go back to the console."))
    return f"<!doctype html><meta charset=utf-8><title>omconsole</title><p style='font:1.2em sans-serif'>{words}"
