"""Makes the pictures of `docs/`: `python docs/pictures.py [NAME...]`; without a name all of them, and their index.

They are taken from simulated tenants whose world, history and clock are fixed, so that a picture changes only when the
console does.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock

import httpx
import msgspec

from omconsole import demo
from omconsole.app import ConsoleApp
from omconsole.config import Options, load
from omconsole.i18n import activate
from omconsole.paths import prepare_state_directory
from omconsole.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from omconsole.config import Settings

DOCS: Final = Path(__file__).parent
BEGIN: Final = datetime(2026, 3, 4, 8, 50, tzinfo=UTC)
TIMEZONE: Final = "Europe/Berlin"
ANY_SIZE: Final = 1_000_000


class Scene(msgspec.Struct, frozen=True):
    """A simulated tenant and what has happened since: a poll each minute, and perhaps an hour of throttling."""

    scenario: str
    devices: int
    minutes: int = 0
    throttled: bool = False


class Picture(msgspec.Struct, frozen=True):
    """What to show of a scene; `keys` are pressed on the dashboard first."""

    scene: str
    says: str
    size: tuple[int, int]
    language: str = "en"
    theme: str = "dark"
    keys: tuple[str, ...] = ()


SCENES: Final = {
    "story": Scene("story", 5_000, minutes=14),
    "busy": Scene("busy", 20_000),
    "storm": Scene("storm", 20_000),
    "throttled": Scene("storm", 3_000, throttled=True),
}
PICTURES: Final = {
    "console": Picture("story", "The dashboard: four live panes", (120, 36)),
    "dashboard-80x24-en": Picture("story", "The same at 80x24", (80, 24)),
    "dashboard-80x24-de": Picture("story", "The same at 80x24, in German", (80, 24), "de"),
    "dashboard-160x45-de": Picture("story", "At 160x45, in German", (160, 45), "de"),
    "dashboard-200x50-en": Picture("story", "At 200x50", (200, 50)),
    "dashboard-120x36-light": Picture("story", "In the light theme", (120, 36), theme="light"),
    "members-80x24-en": Picture("story", "Members one key below their cause", (80, 24), keys=("2", "l")),
    "inbox-160x45-en": Picture("story", "The inbox, with the row under the cursor told", (160, 45), keys=("0",)),
    "cause-120x36-de": Picture(
        "story", "A cause: who changed what, what its members share", (120, 36), "de", keys=("2", "enter")
    ),
    "incident-120x36-en": Picture("story", "An outage and what it folds", (120, 36), keys=("1", "down", "enter")),
    "checklist-120x36-en": Picture("story", "The checklist, red by evidence", (120, 36), keys=("4", "z")),
    "checklist-80x24-de": Picture("story", "One task of it and its evidence", (80, 24), "de", keys=("4", "enter")),
    "inbox-busy-80x24-en": Picture("busy", "The first start on 20,000 devices: the inbox", (80, 24), keys=("0",)),
    "inbox-busy-80x24-de": Picture("busy", "The same in German", (80, 24), "de", keys=("0",)),
    "backlog-busy-120x36-en": Picture(
        "busy", "What was there before: the backlog by cause", (120, 36), keys=("2", "comma", "z")
    ),
    "backlog-busy-80x24-de": Picture("busy", "The same at 80x24, in German", (80, 24), "de", keys=("2", "comma", "z")),
    "inbox-storm-80x24-en": Picture("storm", "10,000 failing devices: the inbox", (80, 24), keys=("0",)),
    "inbox-storm-80x24-de": Picture("storm", "The same in German", (80, 24), "de", keys=("0",)),
    "dashboard-storm-120x36-de": Picture("storm", "The dashboard of that day, in German", (120, 36), "de"),
    "throttled-80x24-en": Picture("throttled", "After an hour of throttling: stale, and nothing lost", (80, 24)),
    "throttled-120x36-de": Picture("throttled", "The same in German", (120, 36), "de"),
}


class Moment(datetime):
    """A clock that stands where it was put."""

    standing = BEGIN

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # the demo asks for UTC alone
        return cls.standing


def clock() -> datetime:
    """The time of the picture, UTC."""
    return Moment.standing


class Throttled(httpx.AsyncBaseTransport):
    """Answers everything with 429 and a Retry-After of ten minutes."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        error = {"error": {"code": "TooManyRequests", "message": "An error has occurred."}}
        return httpx.Response(429, headers={"Retry-After": "600"}, json=error, request=request)


@asynccontextmanager
async def throttling(_choice: demo.WorldChoice, _root: str) -> AsyncIterator[httpx.AsyncBaseTransport]:
    """The way to a tenant that lets nobody in."""
    yield Throttled()


async def poll(settings: Settings) -> None:
    """One round, as the demo would poll at this time."""
    service = await Service.open(settings, login="as:Anna", name="Anna", clock=clock)
    await service.poll_once("sweep")
    await service.close()


async def live(settings: Settings, scene: Scene, stack: ExitStack) -> None:
    """Let the scene happen up to the time of the picture."""
    Moment.standing = BEGIN
    await poll(settings)
    for _minute in range(scene.minutes):
        Moment.standing += timedelta(minutes=1)
        await poll(settings)
    if scene.throttled:
        stack.enter_context(mock.patch.object(demo, "demo_transport", throttling))
        for _turn in range(6):
            Moment.standing += timedelta(minutes=10)
            await poll(settings)


async def take(settings: Settings, picture: Picture) -> str:
    """Return the picture as SVG."""
    activate(picture.language)

    async def open_console() -> Service:
        return await Service.open(settings, login="as:Anna", name="Anna", clock=clock)

    app = ConsoleApp(head=None, open_console=open_console, theme=f"om-{picture.theme}", timezone=TIMEZONE, clock=clock)
    async with app.run_test(size=picture.size) as pilot:
        while app.opened is None or not app.reading.snapshot.sources:
            await pilot.pause(0.05)
        await pilot.pause(1.0)
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.4)
        drawn = app.export_screenshot(title="omconsole demo")
    # Some programs that draw SVG trim the no-break spaces with which the columns are held apart.
    return drawn.replace("<svg ", '<svg xml:space="preserve" ', 1)


async def make(names: Iterable[str]) -> None:
    """Make the pictures with these names, scene by scene."""
    activate("en")
    for name, scene in SCENES.items():
        wanted = {each: PICTURES[each] for each in names if PICTURES[each].scene == name}
        if wanted:
            await make_scene(scene, wanted)


async def make_scene(scene: Scene, pictures: dict[str, Picture]) -> None:
    """Let a scene happen and take its pictures."""
    with tempfile.TemporaryDirectory(prefix="omconsole-pictures-") as folder, ExitStack() as stack:
        settings = load(None, {"OMCONSOLE_STATE_DIR": folder}, Options(profile="demo"))
        directory = prepare_state_directory(settings.state_directory)
        world = demo.WorldChoice(seed=1, scenario=scene.scenario, devices=scene.devices, epoch=BEGIN)
        (directory / demo.WORLD_FILE).write_bytes(msgspec.json.encode(world))
        demo.keep_world(directory)  # reads it once, so that msgspec knows its types before the clock is replaced
        stack.enter_context(mock.patch.object(demo, "datetime", Moment))
        stack.enter_context(mock.patch.object(demo, "IN_PROCESS_UP_TO", ANY_SIZE))  # a child would have its own clock
        await live(settings, scene, stack)
        for name, picture in pictures.items():
            file = file_of(name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(await take(settings, picture), encoding="utf-8")


def file_of(name: str) -> Path:
    """Where a picture stands; the one of the README beside the pages, the others in a folder."""
    return DOCS / "console.svg" if name == "console" else DOCS / "pictures" / f"{name}.svg"


def index() -> str:
    """The page that shows them all."""
    parts = ["# Pictures", "Made by `python docs/pictures.py` from simulated tenants."]
    for name, picture in PICTURES.items():
        parts += [f"## {picture.says}", f"![{picture.says}]({file_of(name).relative_to(DOCS).as_posix()})"]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *PICTURES], help=", ".join(PICTURES))
    names = parser.parse_args().names
    asyncio.run(make(names or PICTURES))
    if not names:
        (DOCS / "pictures.md").write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    main()
