"""The life of a full-screen program under the guard, in a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.app.guarded_program import SECRET
from tests.pty_program import PtyProgram

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.pty

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = "tests.app.guarded_program"
GRACE_S: Final = 0.5
SLACK_S: Final = 1.0
IN_BAND_SIZES: Final = {b"\x1b[?2048$p": b"\x1b[?2048;2$y"}


class Guarded(PtyProgram):
    """The program of `guarded_program.py`, its journal, and how its terminal was before."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.journal = folder / "journal"
        self.before: list[Any] = []

    def run(self, case: str = "idle", *, grace_s: float = GRACE_S, until: str = "ready", **start: Any) -> None:
        self.start([sys.executable, "-m", PROGRAM, case, str(self.journal), str(grace_s)], cwd=ROOT, **start)
        self.before = self.attributes()
        if until:
            self.read_until(until)

    def noted(self) -> list[str]:
        return self.journal.read_text().split() if self.journal.exists() else []

    def wait_for_note(self, line: str) -> None:
        deadline, pause = time.monotonic() + 15, threading.Event()
        while line not in self.noted():
            assert time.monotonic() < deadline, f"{line!r} was not noted"
            pause.wait(0.01)

    def wait_within(self, seconds: float, *, reading: bool = True) -> int:
        began = time.monotonic()
        status = self.wait(reading=reading)
        assert time.monotonic() - began < seconds
        return status


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    with Guarded(tmp_path) as program:
        yield program


def assert_restored(program: Guarded) -> None:
    """Every mode that was set is reset after it was last set, the keyboard's stack is level, the terminal is cooked."""
    assert program.attributes() == program.before
    last = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", program.output))
    on_at_rest = {b"7", b"25"}  # line wrap and the cursor
    assert {mode for mode, state in last.items() if state == b"h"} <= on_at_rest
    assert {mode for mode, state in last.items() if state == b"l"}.isdisjoint(on_at_rest)
    assert len(re.findall(rb"\x1b\[>\d+u", program.output)) == len(re.findall(rb"\x1b\[<u", program.output)) == 1
    assert program.output.rindex(b"\x1b[<u") < program.output.rindex(b"\x1b[?1049l")


@pytest.mark.parametrize(
    ("number", "status", "case"),
    [
        (signal.SIGHUP, 129, "idle"),
        (signal.SIGTERM, 143, "idle"),
        (signal.SIGINT, 130, "idle"),
        (signal.SIGTERM, 143, "busy"),
    ],
)
def test_a_signal_ends_the_program_in_order(guarded: Guarded, number: signal.Signals, status: int, case: str) -> None:
    guarded.run(case, grace_s=5, answers=IN_BAND_SIZES)

    guarded.signal(number)

    assert guarded.wait_within(4) == status
    assert guarded.noted() == ["unmounted", "saved"]
    assert_restored(guarded)


def test_a_closed_terminal_ends_an_idle_program_in_order_without_its_signal(guarded: Guarded) -> None:
    guarded.run("idle", grace_s=5, blocked=[signal.SIGHUP])

    guarded.close_terminal()

    assert guarded.wait_within(4) == 129
    assert guarded.noted() == ["unmounted", "saved"]


@pytest.mark.parametrize("how", ["ignored", "blocked"])
def test_a_closed_terminal_ends_a_busy_program(guarded: Guarded, how: str) -> None:
    start: dict[str, Any] = {how: [signal.SIGHUP]}
    guarded.run("busy", **start)

    guarded.close_terminal()

    assert guarded.wait_within(GRACE_S + SLACK_S) == 129
    assert guarded.noted()[-1] == "saved"


def test_a_blocked_thread_does_not_keep_a_hung_up_program(guarded: Guarded) -> None:
    guarded.run("blocked", blocked=[signal.SIGHUP])

    guarded.close_terminal()

    assert guarded.wait_within(GRACE_S + SLACK_S) == 129
    assert guarded.noted() == ["unmounted", "saved"]


def test_a_blocked_thread_does_not_keep_a_program_that_was_told_to_end(guarded: Guarded) -> None:
    guarded.run("blocked")

    guarded.signal(signal.SIGTERM)

    assert guarded.wait_within(GRACE_S + SLACK_S) == 143
    assert guarded.noted() == ["unmounted", "saved"]
    assert_restored(guarded)


def test_a_blocked_thread_does_not_keep_a_program_that_its_user_quits(guarded: Guarded) -> None:
    guarded.run("blocked")

    guarded.send("ctrl+q")

    assert guarded.wait_within(GRACE_S + SLACK_S) == 0
    assert guarded.noted() == ["unmounted", "saved"]
    assert_restored(guarded)


def test_a_blocked_event_loop_is_ended_from_outside(guarded: Guarded) -> None:
    guarded.run("deaf", answers=IN_BAND_SIZES)

    guarded.signal(signal.SIGTERM)

    assert guarded.wait_within(GRACE_S + SLACK_S) == 143
    assert guarded.noted() == ["saved"]
    assert_restored(guarded)


@pytest.mark.parametrize(
    ("case", "shown", "noted"), [("late", "ready", ["unmounted", "saved"]), ("away", "elsewhere", ["saved"])]
)
def test_a_terminal_that_was_restored_before_is_not_restored_again(
    guarded: Guarded, case: str, shown: str, noted: list[str]
) -> None:
    guarded.run(case, until=shown)

    guarded.signal(signal.SIGTERM)

    assert guarded.wait_within(GRACE_S + SLACK_S) == 143
    assert guarded.noted() == noted
    assert_restored(guarded)


def test_a_terminal_that_takes_no_output_does_not_keep_the_program(guarded: Guarded) -> None:
    guarded.run("busy", size=(200, 50))
    guarded.wait_for_note("stalled")

    guarded.signal(signal.SIGTERM)

    assert guarded.wait_within(GRACE_S + SLACK_S, reading=False) == 143
    assert guarded.noted() == ["stalled", "saved"]
    assert guarded.attributes() == guarded.before


@pytest.mark.parametrize(
    "start",
    [
        pytest.param({"env": {"TERM": "dumb"}}, id="dumb"),
        pytest.param({"stdin": "null"}, id="keys from nowhere"),
    ],
)
def test_an_unfit_terminal_is_refused_in_two_lines(guarded: Guarded, start: dict[str, Any]) -> None:
    if start.get("stdin"):
        with open(os.devnull, "rb") as nothing:
            guarded.run(until="", stdin=nothing.fileno())
    else:
        guarded.run(until="", **start)

    assert guarded.wait() == 2
    assert b"\x1b" not in guarded.output
    assert len(guarded.output.decode().splitlines()) == 2
    assert "omconsole list" in guarded.output.decode()
    assert guarded.noted() == []


@pytest.mark.parametrize("case", ["crash", "worker", "unmount"])
def test_a_crash_fails_and_shows_where_but_no_values(guarded: Guarded, case: str, own_home: Path) -> None:
    guarded.run(case, until="ready" if case == "unmount" else "")
    if case == "unmount":
        guarded.send("ctrl+q")

    assert guarded.wait() == 1
    assert_restored(guarded)
    told = guarded.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "LookupError: no header for" in told
    assert "in fail" in told
    assert "owned" not in told
    assert SECRET not in guarded.output.decode()
    kept = own_home / "data/omconsole/user.d/log/crash.txt"
    assert str(kept) in told
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert SECRET not in kept.read_text()
    assert guarded.noted() == ["unmounted", "saved"]


def test_a_latin_1_stream_draws_utf_8_and_no_control_character_of_a_text(guarded: Guarded) -> None:
    guarded.run("hostile", until="ready ─ ü.*owned", env={"PYTHONIOENCODING": "latin-1"})

    guarded.send("ctrl+q")

    assert guarded.wait() == 0
    assert b"\x1b]0;" not in guarded.output
    assert b"owned\x07" not in guarded.output


def test_a_suspended_program_comes_back_and_a_stray_continuation_changes_nothing(guarded: Guarded) -> None:
    guarded.run()
    guarded.signal(signal.SIGTSTP)
    guarded.wait_until_stopped()
    assert_restored(guarded)

    guarded.signal(signal.SIGCONT)
    guarded.read_output_until(rb"(?s)\x1b\[\?1004l.*\x1b\[\?1004h.*ready")
    guarded.signal(signal.SIGCONT)
    guarded.send("ctrl+q")

    assert guarded.wait() == 0
    assert guarded.output.count(b"\x1b[?1049h\x1b[") == guarded.output.count(b"\x1b[?1049l") == 2
    assert guarded.attributes() == guarded.before
