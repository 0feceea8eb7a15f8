"""B11 and the store's share of B1, B2, B9 and B16: durable acknowledgements, saving, loading, the head, finding by id.

`python tests/perf/bench_store.py [items] [directory]` prints one line of JSON. An acknowledgement is timed against the
same bytes appended and made durable by fdatasync alone, in turn; `longest_step_ms` is the longest time that the event
loop was held. The directory should be on the disk that keeps the state; the default is the temporary one.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from omconsole.domain import triage as law
from omconsole.domain.events import Actor, Event
from omconsole.domain.health import SourceHealth
from omconsole.domain.identity import item_key
from omconsole.domain.items import Observation, Severity
from omconsole.poll.intake import Intake
from omconsole.signals.reading import Reading
from omconsole.store import Store
from omconsole.store.head import read_head
from omconsole.store.lookup import Finder

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from omconsole.domain.ledger import Ledger
    from omconsole.domain.snapshot import Snapshot

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
ANNA = Actor("p-anna", "console")
ACKNOWLEDGEMENTS = 200


def seen(number: int) -> Observation:
    return Observation(
        kind="device.noncompliant",
        source="devices",
        severity=(Severity.LOW, Severity.MEDIUM, Severity.HIGH)[number % 3],
        subject_type="device",
        subject_id=f"{number:08x}-5b0c-4e1a-9d3f-{number:012x}",
        subject_name=f"DESKTOP-{number:07d}",
        user=f"user.{number}@contoso.example",
        platform="Windows",
        evidence_at=NOW,
        first_seen=NOW,
        last_seen=NOW,
        facts={"complianceState": "noncompliant", "osVersion": "10.0.22631.4460", "isEncrypted": True},
        portal_url=f"https://intune.microsoft.com/#view/device/{number:08x}",
    )


def key_of(observation: Observation) -> str:
    return item_key("contoso", "devices", "device.compliance", "device", observation.subject_id)


def picture(ledger: Ledger) -> Snapshot:
    return ledger.picture(tenant="Work", now=NOW, person="p-anna", persons={}, polling="self", notice=None)


async def open_items(store: Store, ledger: Ledger, first: int, count: int) -> None:
    """What a poll's first sweep brings, taken in as the poller does."""
    observations = [seen(number) for number in range(first, first + count)]
    reading = Reading(source="devices", mode="increment", observations=observations)
    await Intake("contoso", ledger, store).take(reading, NOW)


async def acknowledge(store: Store, ledger: Ledger, key: str) -> float:
    """Milliseconds until an acknowledgement is durable."""
    began = time.perf_counter()
    async with store.writing(ledger) as writing:
        event = law.ack(ledger.triage[key], ANNA, "c", None)
        assert isinstance(event, Event)
        writing.append([event], NOW)
    return (time.perf_counter() - began) * 1000


def bare(descriptor: int, line: bytes) -> float:
    began = time.perf_counter()
    os.write(descriptor, line)
    os.fdatasync(descriptor)
    return (time.perf_counter() - began) * 1000


async def timed(work: Awaitable[Any]) -> dict[str, float]:
    """Wall and CPU time, and the longest time that the loop was held meanwhile."""
    longest = 0.0

    async def look() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)

    gc.collect()
    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    wall, cpu = time.perf_counter(), time.process_time()
    await work
    result = {"wall_ms": (time.perf_counter() - wall) * 1000, "longest_step_ms": longest * 1000}
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking
    return {name: round(value, 1) for name, value in {**result, "cpu_ms": (time.process_time() - cpu) * 1000}.items()}


async def acknowledgements(store: Store, ledger: Ledger, count: int) -> dict[str, float]:
    keys = iter(list(ledger.triage))
    descriptor = os.open(store.directory.parent / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    line = b"x" * 560
    alone, floor = [], []
    for _round in range(ACKNOWLEDGEMENTS):
        floor.append(bare(descriptor, line))
        alone.append(await acknowledge(store, ledger, next(keys)))
    observations = [seen(number) for number in range(count, count + 50_000)]
    reading = Reading(source="devices", mode="increment", observations=observations)
    poll = asyncio.create_task(Intake("contoso", ledger, store).take(reading, NOW))
    busy, busy_floor = [], []
    while not poll.done():
        await asyncio.sleep(0.02)
        busy_floor.append(bare(descriptor, line))
        busy.append(await acknowledge(store, ledger, next(keys)))
    await poll
    os.close(descriptor)
    return {
        "floor_ms": round(median(floor), 3),
        "ack_ms": round(median(alone), 3),
        "ratio": round(median(alone) / median(floor), 2),
        "while_polling_p95_ms": round(quantiles(busy, n=20)[-1], 3),
        "while_polling_floor_p95_ms": round(quantiles(busy_floor, n=20)[-1], 3),
        "while_polling_p95_ratio": round(quantiles(busy, n=20)[-1] / median(floor), 2),
    }


def best(times: int, work: Any) -> float:
    """The quickest of several runs in milliseconds."""
    results = []
    for _round in range(times):
        began = time.perf_counter()
        work()
        results.append((time.perf_counter() - began) * 1000)
    return round(min(results), 2)


async def run(count: int, directory: Path) -> dict[str, Any]:
    sources = (SourceHealth(name="devices", interval_s=900),)
    store = Store.open(directory / "work", tenant="contoso", profile="work", sources=sources)
    ledger = await store.load()
    result: dict[str, Any] = {"bench": "store", "items": count}
    result["open"] = await timed(open_items(store, ledger, 0, count))
    result["save_caches"] = await timed(store.save_caches(ledger, picture(ledger)))
    result["save_state"] = await timed(store.save_state(ledger))
    result["load"] = await timed(store.load())
    key = next(iter(ledger.triage))
    await acknowledge(store, ledger, key)
    result["head_ms"] = best(5, lambda: read_head(store.directory))
    result["find_ms"] = best(5, lambda: Finder(store.directory).find(key[:8]))
    tracemalloc.start()
    again = await Store.open(store.directory, tenant="contoso", profile="work", sources=sources).load()
    result["bytes_an_item"] = tracemalloc.get_traced_memory()[0] // len(again.triage)
    tracemalloc.stop()
    del again
    fresh = await store.load()
    await store.save_caches(fresh, picture(fresh))
    result["b11"] = await acknowledgements(store, fresh, count)
    store.close()
    return result


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as directory:
        sys.stdout.write(json.dumps(asyncio.run(run(count, Path(directory)))) + "\n")


if __name__ == "__main__":
    main()
