"""A sign-in server over real HTTPS, in a thread of this process, and the console's sign-in to it by the real msal."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import uvicorn

from omconsole.config import Options, load
from omconsole.graph.connection import transport_settings
from omconsole.graph.sign_in import SignIn
from omconsole.simulator.app import create_app
from omconsole.simulator.client_proofs import ClientProofs
from omconsole.simulator.connections import Protocol
from omconsole.simulator.sign_in import Registration, SignInServer
from omconsole.simulator.sign_in_script import SignInScript
from omconsole.simulator.tls import certificates
from omconsole.simulator.tokens import Subject
from omconsole.simulator.world import World

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from omconsole.domain.sign_in import SignInStep

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TENANT, CLIENT = "11111111-aaaa-4bbb-8ccc-222222222222", "33333333-aaaa-4bbb-8ccc-444444444444"
ADA = Subject("55555555-aaaa-4bbb-8ccc-666666666666", "Ada O’Connor", "ada@contoso-gmbh.example")
SECRET = "hush-this-is-secret"
RECENTLY = timedelta(minutes=10)


class Tenant:
    """What a test tells the server, and sees of it."""

    def __init__(self, root: str, ca_file: Path) -> None:
        self.root = root
        self.ca_file = ca_file
        self.script = SignInScript()
        self.server = SignInServer(
            Registration(TENANT, CLIENT, ADA, ClientProofs(secret=SECRET)),
            root,
            lambda: datetime.now(UTC),
            script=self.script,
            poll_interval_s=0,
        )
        self._made: list[SignIn] = []
        self.asked: list[str] = []
        """The last part of each path that was asked for."""
        self._was_asked = threading.Event()
        self._app = create_app(
            World(4, "calm", EPOCH, 30),
            clock=lambda: datetime.now(UTC),
            token="printed",
            root=root,
            sign_in=self.server,
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.asked.append(scope["path"].rpartition("/")[2])
            self._was_asked.set()
        await self._app(scope, receive, send)

    async def until_asked(self, name: str) -> None:
        """Wait until a path that ends so was asked for, five seconds at most."""
        async with asyncio.timeout(5):
            while name not in self.asked:
                self._was_asked.clear()
                await asyncio.to_thread(self._was_asked.wait, 0.1)

    def fresh(self) -> None:
        """As if nothing had happened."""
        self.script.clear()
        self.asked.clear()
        self.server.withdraw()
        self.server.token_lifetime_s = 3900

    def sign_in(
        self, folder: Path, auth: str = "device-code", environ: Mapping[str, str] | None = None, **more: Any
    ) -> SignIn:
        """A console's sign-in to it; consoles with the same folder are one user's."""
        lines = {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "authority": self.server.authority,
            "graph_url": self.root,
            "ca_file": str(self.ca_file),
            "auth": auth,
            **more,
        }
        folder.mkdir(exist_ok=True)
        file = folder / "config.toml"
        file.write_text("[profiles.contoso]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()))
        settings = load(file, {}, Options())
        made = SignIn(
            settings.profile.sign_in,
            transport_settings(settings),
            tokens_in=folder / "tokens",
            profile="contoso",
            environ=environ or {},
            sleep=_no_sleep,
        )
        self._made.append(made)
        return made

    async def leave(self) -> None:
        """Every console lets go of its connections."""
        while self._made:
            await self._made.pop().close()


async def _no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


class Steps(list["SignInStep"]):
    """What a person is told, and when."""

    def __init__(self) -> None:
        super().__init__()
        self._told = asyncio.Event()

    def __call__(self, step: SignInStep) -> None:
        self.append(step)
        self._told.set()

    async def until(self, kind: type) -> Any:
        """The first step of a kind."""
        async with asyncio.timeout(10):
            while not any(isinstance(step, kind) for step in self):
                await self._told.wait()
                self._told.clear()
        return next(step for step in self if isinstance(step, kind))


@contextmanager
def serving() -> Iterator[Tenant]:
    """The server over HTTPS, on a port of its own."""
    with certificates() as (context, ca_file), socket.create_server(("127.0.0.1", 0)) as listener:
        tenant = Tenant(f"https://127.0.0.1:{listener.getsockname()[1]}", ca_file)
        with _running(tenant, listener, context):
            yield tenant


@contextmanager
def machine_of(tenant: Tenant) -> Iterator[str]:
    """The address at which a machine of the tenant's finds its identity service, without TLS as on real ones."""
    with socket.create_server(("127.0.0.1", 0)) as listener, _running(tenant, listener, None):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def _running(tenant: Tenant, listener: socket.socket, context: ssl.SSLContext | None) -> Iterator[None]:
    config = uvicorn.Config(
        tenant, http=Protocol, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    config.load()
    config.ssl = context
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        for connection in list(server.server_state.connections):  # answers that never come would be waited for
            with suppress(RuntimeError):  # the loop has ended already
                connection.loop.call_soon_threadsafe(connection.transport.abort)
        thread.join(5)
