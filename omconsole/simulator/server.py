"""The simulated tenant on a TCP port or a Unix socket."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvicorn

from omconsole.simulator.app import create_app
from omconsole.simulator.connections import Protocol
from omconsole.simulator.draws import Draw
from omconsole.simulator.faults import Faults
from omconsole.simulator.people import person
from omconsole.simulator.sign_in import TOKEN_LIFETIME_S, Registration, SignInServer
from omconsole.simulator.tokens import Subject

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from omconsole.simulator.world import World

#: The environment variable that names the token; without it every start draws another.
TOKEN_VARIABLE = "OMCONSOLE_SIMULATOR_TOKEN"  # noqa: S105 - a name, not a secret

#: After a signal open answers have so long to end, in seconds.
_LAST_ANSWERS = 0.4
_TENANT = 101
#: Who signs in: the first of the tenant's people.
_ADMINISTRATOR = 0


class Announcement(msgspec.Struct, frozen=True):
    """The first line on standard output: how to reach the tenant. `authority` and `ca_file` are null without TLS."""

    graph_url: str
    authority: str | None
    ca_file: str | None
    client_id: str
    tenant_id: str
    token: str


class Access(msgspec.Struct, frozen=True):
    """How the tenant is reached, and what goes wrong on the way."""

    token: str
    """Let in besides the tokens of the sign-in server, and may read everything."""
    tls: bool = False
    faults: Faults = msgspec.field(default_factory=Faults)
    """What goes wrong, of signing in too."""
    without: tuple[str, ...] = ()
    """Permissions that nobody has consented to."""
    token_lifetime_s: int = TOKEN_LIFETIME_S


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to `serve`: its own handling ends the process with the signal's status."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def abandon(self) -> None:
        """Cut what is still open, so that answers which never come end too, and then wait for nothing."""
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        asyncio.get_running_loop().call_later(0.05, setattr, self, "force_exit", True)


def utc_now() -> datetime:
    """The world's usual clock."""
    return datetime.now(UTC)


def _listen_tcp(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"cannot listen on {host} port {port} ({error.strerror})") from error
    return listener


def _listen_uds(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # the socket is for this user alone
    try:
        _remove_if_abandoned(path)
        listener.bind(path)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"cannot listen on {path} ({error.strerror or error})") from error
    finally:
        os.umask(before)
    return listener


def _remove_if_abandoned(path: str) -> None:
    """A socket that nobody answers on is left from a process that was killed."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()
        else:
            raise OSError(errno.EADDRINUSE, "another process listens there")


async def _run(server: _Server, listener: socket.socket, announcement: Announcement, until_stdin_closes: bool) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True
        loop.call_later(_LAST_ANSWERS, server.abandon)

    def read_stdin() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if until_stdin_closes:
        loop.add_reader(0, read_stdin)
    # The socket listens already: whoever reads this line may connect at once.
    sys.stdout.write(msgspec.json.encode(announcement).decode() + "\n")
    sys.stdout.flush()
    await server.serve(sockets=[listener])


def serve(
    world: World,
    port: int | None,
    uds: str | None,
    host: str = "127.0.0.1",
    *,
    access: Access,
    root: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    until_stdin_closes: bool = False,
) -> None:
    """Serves `world` until SIGTERM or SIGINT, on the Unix socket `uds` if given, else on `host` and `port`.

    Port None or 0 is a free one. The first line on standard output is an `Announcement`, written once the socket
    listens. `root` is the origin in `graph_url` and in next links; it follows from host and port, and is
    `http://localhost` on a Unix socket. With `until_stdin_closes` it also ends when standard input, a pipe, is
    closed, so that it does not outlive a parent that was killed. Raises `OSError` with words when it cannot listen.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(_listen_uds(uds) if uds is not None else _listen_tcp(host, port or 0))
        if uds is not None:
            stack.callback(_remove_socket, uds)
        context, ca_file = None, None
        if access.tls:
            # trustme takes a third of a second to load, and only TLS needs it.
            from omconsole.simulator.tls import certificates

            context, ca_file = stack.enter_context(certificates())
        root = root or _root("https" if access.tls else "http", host, listener, uds)
        sign_in = _sign_in(world, access, root, clock)
        announcement = Announcement(
            graph_url=root,
            authority=sign_in.authority if access.tls else None,
            ca_file=str(ca_file) if ca_file else None,
            client_id=sign_in.client_id,
            tenant_id=sign_in.tenant_id,
            token=access.token,
        )
        app = create_app(world, clock=clock, token=access.token, root=root, sign_in=sign_in, faults=access.faults)
        asyncio.run(_run(_Server(_config(app, context)), listener, announcement, until_stdin_closes))


def _remove_socket(path: str) -> None:
    with suppress(FileNotFoundError):
        Path(path).unlink()


def _root(scheme: str, host: str, listener: socket.socket, uds: str | None) -> str:
    if uds is not None:
        return f"{scheme}://localhost"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{listener.getsockname()[1]}"


def _sign_in(world: World, access: Access, root: str, clock: Callable[[], datetime]) -> SignInServer:
    draw = Draw(world.seed, _TENANT)
    client_id, tenant_id = draw.uuid(), draw.uuid()
    who = person(world.seed, _ADMINISTRATOR)
    return SignInServer(
        Registration(tenant_id, client_id, Subject(who.id, who.display_name, who.user_principal_name)),
        root,
        clock,
        script=access.faults.script,
        without=access.without,
        token_lifetime_s=access.token_lifetime_s,
    )


def _config(app: ASGIApp, context: ssl.SSLContext | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=Protocol,
        access_log=False,
        log_config=None,
        lifespan="off",
        date_header=False,
        server_header=False,
        timeout_keep_alive=75,
    )
    config.load()
    config.ssl = context
    return config
