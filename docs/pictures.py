"""Makes pictures of the console from the demo: `python docs/pictures.py [NAME...]`.

Without a name `console.svg` is made, which the README shows; the others go to `docs/pictures/`. The world, its history
and the clock are fixed, so that a picture changes only when the console does.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock

import msgspec

from omconsole import demo
from omconsole.app import ConsoleApp
from omconsole.config import Options, load
from omconsole.i18n import activate
from omconsole.paths import prepare_state_directory
from omconsole.service import Service

if TYPE_CHECKING:
    from omconsole.config import Settings

DOCS: Final = Path(__file__).parent
BEGIN: Final = datetime(2026, 3, 3, 23, 41, tzinfo=UTC)
HOURS: Final = 9
"""Of history before the picture, polled each hour."""
TIMEZONE: Final = "Europe/Berlin"


class Picture(msgspec.Struct, frozen=True):
    """What to show: `keys` are pressed on the dashboard first."""

    file: str
    size: tuple[int, int]
    language: str = "en"
    theme: str = "dark"
    keys: tuple[str, ...] = ()


PICTURES: Final = {
    "console": Picture("console.svg", (120, 36)),
    "dashboard-80x24-de": Picture("pictures/dashboard-80x24-de.svg", (80, 24), "de"),
    "dashboard-200x50": Picture("pictures/dashboard-200x50.svg", (200, 50)),
    "dashboard-120x36-light": Picture("pictures/dashboard-120x36-light.svg", (120, 36), theme="light"),
    "detail": Picture("pictures/detail.svg", (120, 36), keys=("down", "down", "enter")),
    "reader": Picture("pictures/reader.svg", (120, 36), keys=("3", "down", "enter")),
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


async def history(settings: Settings) -> None:
    """Let the demo run for a night, and two people work on it in the morning."""
    for hour in range(HOURS + 1):
        Moment.standing = BEGIN + timedelta(hours=hour)
        service = await Service.open(settings, login="as:Anna", name="Anna", clock=clock)
        await service.poll_once("sweep" if hour % 6 == 0 else "increment")
        await service.close()
    for name, rows, why in (("Anna", slice(4, 6), None), ("Jonas", slice(9, 10), "waiting for the user")):
        service = await Service.open(settings, login=f"as:{name}", name=name, clock=clock)
        ids = [item.id for item in service.snapshot.issues if item.needs_action][rows]
        await service.command("ack", ids, why=why)
        await service.close()


async def take(settings: Settings, picture: Picture) -> str:
    """Return the picture as SVG."""

    async def open_console() -> Service:
        return await Service.open(settings, login="as:Anna", name="Anna", clock=clock)

    app = ConsoleApp(head=None, open_console=open_console, theme=f"om-{picture.theme}", timezone=TIMEZONE, clock=clock)
    async with app.run_test(size=picture.size) as pilot:
        while app.opened is None or not app.reading.snapshot.issues:
            await pilot.pause(0.05)
        await pilot.pause(0.5)
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        drawn = app.export_screenshot(title="omconsole demo")
    # Some programs that draw SVG trim the no-break spaces with which the columns are held apart.
    return drawn.replace("<svg ", '<svg xml:space="preserve" ', 1)


async def make(names: list[str]) -> None:
    """Make the pictures with these names."""
    activate("en")
    with tempfile.TemporaryDirectory(prefix="omconsole-pictures-") as folder:
        settings = load(None, {"OMCONSOLE_STATE_DIR": folder}, Options(profile="demo"))
        directory = prepare_state_directory(settings.state_directory)
        world = demo.WorldChoice(seed=1, scenario="busy", devices=2000, epoch=BEGIN)
        (directory / demo.WORLD_FILE).write_bytes(msgspec.json.encode(world))
        demo.keep_world(directory)  # reads it once, so that msgspec knows its types before the clock is replaced
        with mock.patch.object(demo, "datetime", Moment):
            await history(settings)
            for name in names:
                picture = PICTURES[name]
                activate(picture.language)
                file = DOCS / picture.file
                file.parent.mkdir(exist_ok=True)
                file.write_text(await take(settings, picture), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES))
    asyncio.run(make(parser.parse_args().names or ["console"]))


if __name__ == "__main__":
    main()
