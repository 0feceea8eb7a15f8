"""B1, B6 and B8: what the user's terminal gets, and when, from the installed command in a pseudo-terminal."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain import words
from omconsole.store.head import read_head
from tests.perf.timed_terminal import TimedTerminal, listen_together, program

if TYPE_CHECKING:
    from omconsole.domain.items import Item
    from tests.perf.planting import Planted

HELLO: Final = [sys.executable, str(Path(__file__).with_name("hello.py"))]
ROWS_CHANGED: Final = 7
KEYS: Final = 60


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured budget: `ratio` is what the budget bounds, a quotient or a number of bytes."""

    bench: str
    ratio: float
    budget: float
    ok: bool
    detail: dict[str, object] = {}


def judged(bench: str, ratio: float, budget: float, *, also: bool = True, **detail: object) -> Figure:
    """A figure; `also` holds what else the budget asks for."""
    return Figure(bench=bench, ratio=round(ratio, 3), budget=budget, ok=ratio <= budget and also, detail=detail)


def first_paint(planted: Planted, pairs: int) -> Figure:
    """B1: from the start of the process to the name of the first row on the screen, against hello's word.

    Both are taken in turn, and the first of each is left out: it fills the caches of the disk and of bytecode.
    """
    ours, hellos, processor = [], [], []
    name = words.title(_rows(planted)[0])
    for number in range(pairs + 1):
        with TimedTerminal(HELLO, planted.environment) as hello:
            hello_s = hello.until("hello")
            hello_cpu_s = hello.cpu_s()
        with TimedTerminal(program("omconsole"), planted.environment) as console:
            console_s = console.until(name)
            console_cpu_s = console.cpu_s()
        if number:
            ours.append(console_s)
            hellos.append(hello_s)
            processor.append(console_cpu_s / hello_cpu_s)
    quotients = [console_s / hello_s for console_s, hello_s in zip(ours, hellos, strict=True)]
    return judged(
        "B1",
        statistics.median(quotients),
        1.25,
        hello_ms=_ms(hellos),
        console_ms=_ms(ours),
        of_least=round(min(ours) / min(hellos), 3),
        of_processor_time=round(statistics.median(processor), 3),
    )


def changed_cell(planted: Planted) -> Figure:
    """B6: bytes at 200x60 when the command line notes something on one row, whose state goes from NEW to OPEN."""
    counts = []
    with TimedTerminal(program("omconsole"), planted.environment, (200, 60)) as console:
        console.until("all fresh")
        console.until_quiet(3.0)
        for item in _rows(planted)[3 : 3 + ROWS_CHANGED]:
            before = console.received
            subprocess.run(
                [*program("omconsole"), "note", item.id, "--why", "looking into it"],
                env=planted.environment,
                check=True,
                capture_output=True,
            )
            console.until_quiet(2.0)
            counts.append(console.received - before)
    return judged("B6", statistics.median(counts), 400, also=min(counts) > 0, bytes=counts)


def idle(planted: Planted, seconds: float) -> Figure:
    """B8: processor time and bytes of a minute in which nothing happens, hello beside it at the same time."""
    with (
        TimedTerminal(HELLO, planted.environment) as hello,
        TimedTerminal(program("omconsole"), planted.environment) as console,
    ):
        hello.until("hello")
        console.until("all fresh")
        for terminal in itertools.chain((hello, console)):
            terminal.until_quiet(4.0)
        listen_together((hello, console), 8.0)  # the caches that are written after the start
        before = hello.cpu_s(), console.cpu_s(), hello.received, console.received
        listen_together((hello, console), seconds)
        minute = 60 / seconds
        hello_s, console_s = (hello.cpu_s() - before[0]) * minute, (console.cpu_s() - before[1]) * minute
        sent = (console.received - before[3]) * minute
    return judged(
        "B8",
        console_s / hello_s,
        1.25,
        also=sent <= 500,
        bytes_a_minute=round(sent),
        bytes_budget=500,
        hello_cpu_ms_a_minute=round(hello_s * 1000, 1),
        console_cpu_ms_a_minute=round(console_s * 1000, 1),
        seconds=seconds,
    )


def keys_while_reading(planted: Planted, devices: int) -> Figure:
    """B13: a key's time to the first byte of its answer, while a tenant of so many devices is being taken in.

    The cursor goes down by one; the same console is measured at rest first, then after `R` until every source is read.
    """
    argv = [*program("omconsole"), "simulate", "--devices", str(devices), "--scenario", "busy"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as tenant:
        assert tenant.stdout is not None
        try:
            told = msgspec.json.decode(tenant.stdout.readline())
            settings = planted.folder / "config.toml"
            lines = settings.read_text("utf-8").replace("http://127.0.0.1:9", told["graph_url"])
            (planted.folder / "live.toml").write_text(lines, "utf-8")
            environment = planted.environment | {
                "OMCONSOLE_CONFIG": str(planted.folder / "live.toml"),
                "OMCONSOLE_TOKEN": told["token"],
            }
            with TimedTerminal(program("omconsole"), environment, (200, 60)) as console:
                console.until("all fresh")
                console.until_quiet(4.0)
                quiet = [_key_s(console) for _key in range(KEYS)]
                console.send("R")
                busy = [_key_s(console) for _key in range(2 * KEYS)]
        finally:
            tenant.kill()
    return judged(
        "B13",
        _p95(busy) / _p95(quiet),
        2,
        quiet_p95_ms=round(_p95(quiet) * 1000, 1),
        busy_p95_ms=round(_p95(busy) * 1000, 1),
        busy_worst_ms=round(max(busy) * 1000, 1),
        devices=devices,
    )


def _key_s(console: TimedTerminal) -> float:
    """Seconds from a key to the next byte; a tenth of a second of peace follows."""
    before = len(console.chunks)
    began = time.monotonic()
    console.send("j")
    while len(console.chunks) == before:
        console.listen(0.001)
        assert time.monotonic() - began < 10, "a key has no answer"
    answered = console.chunks[before].at - began
    console.listen(0.1)
    return answered


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def _rows(planted: Planted) -> tuple[Item, ...]:
    head = read_head(planted.settings().state_directory)
    assert head is not None
    assert head.issues
    return head.issues


def _ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)
