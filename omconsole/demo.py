"""The demo: which simulated world a state directory belongs to, and how the console reaches it."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from omconsole.errors import StateError, UsageError
from omconsole.i18n import _, number
from omconsole.paths import prepare_state_directory
from omconsole.store.locks import PollerSeat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    import httpx

WORLD_FILE = "world.json"
SCENARIO, DEVICES = "story", 5_000
"""The world that is shown when nobody asks for another one."""
IN_PROCESS_UP_TO = 5_000
"""Devices up to which the simulated tenant lives in this process; more get a process of their own (design.md §8)."""


class WorldChoice(msgspec.Struct, frozen=True):
    """What makes a simulated world; with it the demo goes on where it was. `epoch` is UTC, to the minute."""

    seed: int
    scenario: str
    devices: int
    epoch: datetime


def keep_world(
    directory: Path,
    *,
    devices: int | None = None,
    seed: int | None = None,
    scenario: str | None = None,
    fresh: bool = False,
) -> WorldChoice:
    """The world of this state directory, chosen once and kept.

    Raises:
        UsageError: other values than the kept ones were asked for, or the simulator is not installed.
        StateError: the kept world cannot be read, or not be moved aside, as while another process polls it.
    """
    require_simulator()
    if fresh and directory.exists():
        _move_aside(directory)
    prepare_state_directory(directory)
    file = directory / WORLD_FILE
    kept = _read(file)
    asked = {"devices": devices, "seed": seed, "scenario": scenario}
    if kept is None:
        epoch = datetime.now(UTC).replace(second=0, microsecond=0)
        kept = WorldChoice(1 if seed is None else seed, scenario or SCENARIO, devices or DEVICES, epoch)
        _write(file, kept)
    other = [name for name, value in asked.items() if value is not None and value != getattr(kept, name)]
    if other:
        raise UsageError(
            _("The demo goes on in its kept world: {devices} devices, seed {seed}, {scenario}.").format(
                devices=number(kept.devices), seed=kept.seed, scenario=kept.scenario
            ),
            _("Add --fresh to start another one; the state so far is moved aside."),
        )
    return kept


def require_simulator() -> None:
    """Refuse with the install line when the extra is missing.

    Raises:
        UsageError: starlette is not installed.
    """
    from importlib.util import find_spec

    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise UsageError(
            _("The simulated tenant is not installed."),
            _("Install it with: pipx install 'omconsole[simulate]'"),
        )


def kept_transport(directory: Path, root: str) -> Callable[[], AbstractAsyncContextManager[httpx.AsyncBaseTransport]]:
    """The way to the world that this state directory keeps; without one it gets the usual one.

    Raises:
        UsageError: the simulator is not installed.
    """
    choice = keep_world(directory)
    return lambda: demo_transport(choice, root)


@asynccontextmanager
async def demo_transport(choice: WorldChoice, root: str) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """A transport that leads every request to the simulated tenant, in this process or in a child of its own."""
    import httpx

    if choice.devices <= IN_PROCESS_UP_TO:
        from omconsole.simulator.app import create_app
        from omconsole.simulator.world import World

        world = await asyncio.to_thread(World, choice.seed, choice.scenario, choice.epoch, choice.devices)
        app = create_app(world, clock=lambda: datetime.now(UTC), token=None, root=root)
        yield httpx.ASGITransport(app=app)
        return
    with tempfile.TemporaryDirectory(prefix="omconsole-") as folder:
        socket = Path(folder) / "graph.sock"
        child = await _start_child(choice, socket, root)
        try:
            yield httpx.AsyncHTTPTransport(uds=str(socket))
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                child.terminate()
            await child.wait()


async def _start_child(choice: WorldChoice, socket: Path, root: str) -> asyncio.subprocess.Process:
    """The simulator in a process of its own; returns when it listens."""
    arguments = [
        *("-m", "omconsole.simulator", "--uds", str(socket), "--root", root, "--until-stdin-closes"),
        *("--devices", str(choice.devices), "--seed", str(choice.seed), "--scenario", choice.scenario),
        *("--epoch", choice.epoch.isoformat()),
    ]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "OMCONSOLE_SIMULATOR_TOKEN": DEMO_TOKEN},
        start_new_session=True,
    )
    assert child.stdout is not None
    if not await child.stdout.readline():
        raise StateError(
            _("The simulated tenant did not start."), _("Try a smaller one: omconsole demo --fresh --devices 2000")
        )
    return child


DEMO_TOKEN = "simulated"  # noqa: S105 - lets nobody in anywhere but to the demo's own child over its private socket


def _read(file: Path) -> WorldChoice | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=WorldChoice)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, OSError) as error:
        raise StateError(
            _("{path} cannot be read: {why}").format(path=file, why=error),
            _("Start the demo anew with: omconsole demo --fresh"),
        ) from error


def _write(file: Path, choice: WorldChoice) -> None:
    temporary = file.with_suffix(".tmp")
    temporary.write_bytes(msgspec.json.encode(choice))
    temporary.chmod(0o600)
    temporary.replace(file)


def _move_aside(directory: Path) -> None:
    if PollerSeat(directory).taken_by_other():
        raise StateError(
            _("Another process uses the demo in {path}.").format(path=directory),
            _("End every console that shows the demo, or choose another --state-dir."),
        )
    aside = directory.with_name(f"{directory.name}.aside-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        directory.rename(aside)
    except OSError as error:
        raise StateError(
            _("{path} cannot be moved aside: {why}").format(path=directory, why=error.strerror),
            _("End every console that shows the demo, or choose another --state-dir."),
        ) from error
