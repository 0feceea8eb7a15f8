"""B12 and B14: what it takes to read a tenant of 100,000 devices.

`python tests/perf/bench_graph.py [BUDGET...]` prints one line of JSON a budget and ends with 1 when one is missed.
B12: 100 pages of 1,000 devices in four lists side by side, gzip, from another process. With 150 ms of thinking a page,
the time against the ideal (the thinking, four at once, and the floor); without, the processor time against the floor,
which is a socket a list, zlib and msgspec. B14: all sources' increments of an unchanged tenant against their sweeps.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from omconsole.graph import MANAGED_DEVICES, GraphClient, ReadyToken, TransportSettings, build_client, pages
from omconsole.graph.budgets import Budget, Budgets
from tests.perf.bench_decode import Floor
from tests.perf.page_server import LISTS
from tests.perf.screen_measures import Figure, judged
from tests.perf.source_costs import Cost, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGES, ROWS = 25, 1_000
"""A list has so many pages, a page so many devices."""
THINKING_S: Final = 0.15
ROUNDS: Final = 5
DEVICES: Final = 100_000


class _FloorPage(msgspec.Struct):
    value: list[Floor]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


_FLOOR: Final = msgspec.json.Decoder(_FloorPage)


class Taken(msgspec.Struct, frozen=True):
    """What a way of reading all lists took: seconds on the clock and of the processor."""

    wall_s: float
    cpu_s: float


@contextmanager
def serving(delay_s: float) -> Iterator[str]:
    """The lists, served by another process; yields their root."""
    argv = [sys.executable, "-m", "tests.perf.page_server", str(PAGES), str(ROWS), str(delay_s)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def timed(read: Callable[[str], int], root: str) -> Taken:
    wall, cpu = time.perf_counter(), time.process_time()
    count = read(root)
    taken = Taken(time.perf_counter() - wall, time.process_time() - cpu)
    assert count == LISTS * PAGES * ROWS
    return taken


def by_console(root: str) -> int:
    """All lists as the console reads them."""

    async def one(graph: GraphClient, list_: int) -> int:
        count = 0
        async for page in pages(graph, f"/list{list_}", decoder=MANAGED_DEVICES, workload="devices"):
            count += len(page.rows)
        return count

    async def every() -> int:
        async with build_client(TransportSettings(graph_url=root)) as http:
            graph = GraphClient(root, http, ReadyToken("token"), budgets=Budgets({}, Budget(())))
            return sum(await asyncio.gather(*(one(graph, list_) for list_ in range(LISTS))))

    return asyncio.run(every())


def by_floor(root: str) -> int:
    """All lists by a socket each, and nothing else."""
    address = urlsplit(root)
    counts = [0] * LISTS

    def one(list_: int) -> None:
        with socket.create_connection((address.hostname or "", address.port or 0)) as wire, wire.makefile("rb") as file:
            path: str | None = f"/v1.0/list{list_}"
            while path:
                wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
                length = 0
                while (line := file.readline()) not in {b"\r\n", b""}:
                    if line.startswith(b"Content-Length:"):
                        length = int(line.split(b":")[1])
                page = _FLOOR.decode(zlib.decompress(file.read(length), 31))
                counts[list_] += len(page.value)
                path = page.next_link.removeprefix(root) if page.next_link else None

    threads = [threading.Thread(target=one, args=(list_,)) for list_ in range(LISTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def bulk_fetch() -> list[Figure]:
    """B12, slow server and fast."""
    with serving(0.0) as root:
        by_console(root)  # what a program does once, such as to import, is none of the reading
        both = [(timed(by_floor, root), timed(by_console, root)) for _round in range(ROUNDS)]
    floor_cpu = statistics.median(floor.cpu_s for floor, _console in both)
    quotients = [console.cpu_s / floor.cpu_s for floor, console in both]
    with serving(THINKING_S) as root:
        slow = [timed(by_console, root).wall_s for _round in range(3)]
    ideal = PAGES * THINKING_S + floor_cpu
    return [
        judged("B12 wall", statistics.median(slow) / ideal, 1.15, seconds=round(statistics.median(slow), 2)),
        judged("B12 CPU", statistics.median(quotients), 1.9, floor_ms=round(floor_cpu * 1000)),
    ]


def increment() -> list[Figure]:
    """B14: requests and bytes, each in percent of the sweeps'."""
    found = asyncio.run(measure([DEVICES], timedelta()))
    sweep = sum((each.costs[DEVICES, "sweep"] for each in found.values()), Cost(0, 0))
    again = sum((each.costs[DEVICES, "increment"] for each in found.values()), Cost(0, 0))
    told = {"sweep": msgspec.to_builtins(sweep), "increment": msgspec.to_builtins(again)}
    return [
        judged("B14 requests", 100 * again.requests / sweep.requests, 5, **told),
        judged("B14 bytes", 100 * again.bytes / sweep.bytes, 5, **told),
    ]


def main() -> int:
    status = 0
    budgets: dict[str, Callable[[], list[Figure]]] = {"B12": bulk_fetch, "B14": increment}
    for name in sys.argv[1:] or budgets:
        for figure in budgets[name]() if name in budgets else []:
            sys.stdout.buffer.write(msgspec.json.encode(figure) + b"\n")
            sys.stdout.buffer.flush()
            status = max(status, 0 if figure.ok else 1)
    return status


if __name__ == "__main__":
    sys.exit(main())
