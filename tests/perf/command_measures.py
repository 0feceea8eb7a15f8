"""B11 and B16: what an acknowledgement takes, in the console's own process and as a command of its own."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from omconsole.poll.intake import Intake
from omconsole.service import Service
from tests.perf.planting import PROFILE, fleet, reading_of
from tests.perf.screen_measures import judged
from tests.perf.timed_terminal import program

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.perf.planting import Planted
    from tests.perf.screen_measures import Figure

ACKS: Final = 120
PAUSE_S: Final = 0.02
NEWS: Final = 50_000


def acknowledgement(small: Planted, big: Planted) -> Figure:
    """B11: a durable acknowledgement against appending the same bytes to a file and `fdatasync`, taken in turn."""
    quiet_small = asyncio.run(_quiet(small))
    quiet_big = asyncio.run(_quiet(big))
    busy = asyncio.run(_while_polling(big))
    quotient, floor_ms = quiet_big
    grows = quotient / quiet_small[0]
    return judged(
        "B11",
        quotient,
        3.0,
        also=busy["p95_ratio"] <= 10 and grows <= 1.5,
        floor_ms=floor_ms,
        ratio_at_1000=quiet_small[0],
        growth=round(grows, 2),
        growth_budget=1.5,
        p95_ratio_while_polling=busy["p95_ratio"],
        p95_budget=10,
        while_polling=busy,
    )


class Floor:
    """A file beside the journal to which the same bytes are appended."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "floor"
        self._journal = max(directory.glob("journal-*.jsonl"))
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)

    def last_line(self) -> bytes:
        """What the journal got last."""
        with self._journal.open("rb") as journal:
            journal.seek(-4096, os.SEEK_END)
            return journal.read().splitlines(keepends=True)[-1]

    def append(self, line: bytes) -> float:
        """Seconds that a durable append takes."""
        began = time.perf_counter()
        os.write(self._descriptor, line)
        os.fdatasync(self._descriptor)
        return time.perf_counter() - began

    def close(self) -> None:
        os.close(self._descriptor)
        self._path.unlink()


async def _quiet(planted: Planted) -> tuple[float, float]:
    """The quotient of the medians, and the floor in ms; the service lives as in a console that has nothing to poll."""
    service = await _opened(planted)
    living = asyncio.create_task(service.run())
    floor = Floor(planted.settings().state_directory)
    await asyncio.sleep(3)
    ours: list[float] = []
    floors: list[float] = []
    for id_ in [item.id for item in service.snapshot.issues if item.label.value != "ack"][:ACKS]:
        ours.append(await _timed(lambda id_=id_: service.command("ack", [id_])))  # type: ignore[misc]
        await asyncio.sleep(PAUSE_S)
        floors.append(floor.append(floor.last_line()))
        await asyncio.sleep(PAUSE_S)
    floor.close()
    await _ended(living, service)
    floor_s = statistics.median(floors)
    return round(statistics.median(ours) / floor_s, 2), round(floor_s * 1000, 3)


async def _while_polling(planted: Planted) -> dict[str, float]:
    """Acknowledgements while the same process takes in a sweep that opens 50,000 other items."""
    service = await _opened(planted)
    floor = Floor(planted.settings().state_directory)
    line = floor.last_line()
    floors: list[float] = []
    for _number in range(ACKS):
        floors.append(floor.append(line))
        await asyncio.sleep(PAUSE_S)
    ids = [item.id for item in reversed(service.snapshot.issues)]
    now = datetime.now(UTC)
    reading = reading_of(fleet(NEWS * 2, now, first=10_000_000), now, NEWS)
    reading.complete = False
    store, ledger = service._store, service._ledger
    polling = asyncio.create_task(Intake(PROFILE, ledger, store).take(reading, now))
    ours: list[float] = []
    while not polling.done() and len(ours) < len(ids):
        ours.append(await _timed(lambda: service.command("ack", [ids[len(ours)]])))
        await asyncio.sleep(PAUSE_S)
    tally = await polling
    floor.close()
    store.close()
    assert tally.opened == NEWS
    p95 = statistics.quantiles(ours, n=20)[-1]
    return {
        "acks": len(ours),
        "p50_ms": round(statistics.median(ours) * 1000, 2),
        "p95_ms": round(p95 * 1000, 2),
        "p95_ratio": round(p95 / statistics.median(floors), 2),
    }


def command(planted: Planted, pairs: int) -> Figure:
    """B16: `omconsole ack ID` as the shell starts it, against `omconsole --version`, taken in turn."""
    service = asyncio.run(_opened(planted))
    ids = [item.id for item in service.snapshot.issues if not item.triage.acked_at][-pairs - 1 :]
    service._store.close()
    acks, versions = [], []
    for number, id_ in enumerate(ids):
        version_s = _run(planted, "--version")
        ack_s = _run(planted, "ack", id_)
        if number:
            versions.append(version_s)
            acks.append(ack_s)
    return judged(
        "B16",
        statistics.median(acks) / statistics.median(versions),
        2.0,
        version_ms=round(statistics.median(versions) * 1000, 1),
        ack_ms=round(statistics.median(acks) * 1000, 1),
        of_least=round(min(acks) / min(versions), 3),
    )


def _run(planted: Planted, *arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [*program("omconsole"), *arguments],
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", **planted.environment},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began


async def _opened(planted: Planted) -> Service:
    return await Service.open(planted.settings(), login="os:anna", name="Anna")


async def _timed(act: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


async def _ended(living: asyncio.Task[None], service: Service) -> None:
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    await service.close()
