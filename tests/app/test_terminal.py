"""The guard of the full-screen program, in this process: refusals, exit statuses, crash reports, what it puts back."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from omconsole import terminal
from omconsole.crash import crash_report, crash_text
from omconsole.errors import StateError, UsageError
from omconsole.terminal import GuardedApp, GuardedDriver, prepare_streams, refuse_unfit_terminal, run_guarded
from widgets.line_filter import ControlFilter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLL = select.poll
TOKEN = "-".join(("eyJ0eXAi", "token"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Headless(GuardedApp):
    """An app without a terminal that does one thing as soon as it is there."""

    def __init__(self, act: Callable[[Headless], object], *, at_load: bool = False) -> None:
        super().__init__()
        self.act = act
        self.at_load = at_load

    async def run_async(self, **_: Any) -> None:
        await super().run_async(headless=True, size=(40, 10))

    def on_load(self) -> None:
        if self.at_load:
            self.act(self)

    def on_ready(self) -> None:
        if not self.at_load:
            self.act(self)


def nothing() -> None:
    """Saves nothing."""


def fail(_app: Headless) -> None:
    token = TOKEN
    raise LookupError(f"no header {len(token)} \x1b[31m\x1b]0;owned\x07")


async def fail_in_worker() -> None:
    raise LookupError("in a worker")


def closed() -> Terminal:
    stream = Terminal()
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("term", "stdin", "stderr", "word"),
    [
        ("xterm", io.StringIO(), Terminal(), "standard input"),
        ("xterm", None, Terminal(), "standard input"),
        ("xterm", closed(), Terminal(), "standard input"),
        ("xterm", Terminal(), io.StringIO(), "standard error"),
        ("xterm", Terminal(), None, "standard error"),
        ("dumb", Terminal(), Terminal(), "TERM"),
        ("", Terminal(), Terminal(), "TERM"),
        (None, Terminal(), Terminal(), "TERM"),
    ],
)
def test_an_unfit_terminal_is_refused_with_the_ways_around(
    term: str | None, stdin: Terminal | None, stderr: Terminal | None, word: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        refuse_unfit_terminal({} if term is None else {"TERM": term}, stdin, stderr)

    assert word in refusal.value.what
    assert "omconsole list" in refusal.value.do
    assert "omconsole poll" in refusal.value.do
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("term", ["xterm-256color", "linux", "screen", "vt100"])
def test_a_terminal_is_accepted(term: str) -> None:
    refuse_unfit_terminal({"TERM": term}, Terminal(), Terminal())


def test_what_is_drawn_is_utf_8_whatever_the_stream_was(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(raw, encoding="latin-1", errors="strict"))

    prepare_streams()
    assert sys.__stderr__ is not None
    sys.__stderr__.write("─ü\ud800")
    sys.__stderr__.flush()

    assert raw.getvalue() == "─ü?".encode()


def test_a_process_without_standard_error_has_nothing_to_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "__stderr__", None)

    prepare_streams()


@pytest.mark.parametrize(("chosen", "status"), [(0, 0), (4, 4)])
def test_the_status_is_that_of_the_exit(chosen: int, status: int) -> None:
    saved: list[bool] = []

    assert run_guarded(Headless(lambda app: app.exit(return_code=chosen)), save=lambda: saved.append(True)) == status
    assert saved == [True]


@pytest.mark.parametrize("at_load", [True, False])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_exits_the_app_with_its_status(number: signal.Signals, status: int, at_load: bool) -> None:
    app = Headless(lambda _app: os.kill(os.getpid(), number), at_load=at_load)

    assert run_guarded(app, save=nothing, grace_s=30) == status


class UnreliablePoll:
    """poll(2) of a platform that says nothing of a hang-up where no event was asked for."""

    def __init__(self) -> None:
        self.real = POLL()

    def register(self, descriptor: int, events: int) -> None:
        if events:
            self.real.register(descriptor, events)

    def poll(self, patience_ms: float | None) -> list[tuple[int, int]]:
        return self.real.poll(patience_ms)


@pytest.mark.parametrize("reliable", [True, False])
def test_a_hang_up_without_a_signal_is_noticed(monkeypatch: pytest.MonkeyPatch, reliable: bool) -> None:
    emulator, slave = os.openpty()
    if not reliable:
        monkeypatch.setattr(select, "poll", UnreliablePoll)
        monkeypatch.setattr(terminal, "_PROBE_S", 0.02)

    with os.fdopen(slave) as keys:
        monkeypatch.setattr(sys, "__stdin__", keys)

        assert run_guarded(Headless(lambda _app: os.close(emulator)), save=nothing, grace_s=30) == 129


def test_signals_and_threads_are_as_before_afterwards() -> None:
    def state() -> tuple[object, ...]:
        numbers = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)
        wakeup = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(wakeup)
        threads = sorted(thread.name for thread in threading.enumerate())
        return (wakeup, threads, len(os.listdir("/dev/fd")), *(signal.getsignal(number) for number in numbers))

    before = state()
    run_guarded(Headless(lambda app: app.exit()), save=nothing)

    assert state() == before


def test_a_save_that_fails_after_an_orderly_end_is_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    def fail_to_save() -> None:
        raise OSError("the disk is full")

    assert run_guarded(Headless(lambda app: app.exit()), save=fail_to_save) == 1
    assert "the disk is full" in capsys.readouterr().err


def test_a_save_that_fails_with_words_of_its_own_keeps_them() -> None:
    def refuse() -> None:
        raise StateError("The state cannot be written.", "Make room.")

    with pytest.raises(StateError, match="cannot be written"):
        run_guarded(Headless(lambda app: app.exit()), save=refuse)


def test_a_crash_fails_and_shows_where_but_no_values(capsys: pytest.CaptureFixture[str], own_home: Path) -> None:
    assert run_guarded(Headless(fail), save=nothing) == 1

    told = capsys.readouterr().err
    assert "LookupError: no header" in told
    assert ", in fail" in told
    assert TOKEN not in told
    assert "\x1b]" not in told
    assert "\x07" not in told
    kept = own_home / "data" / "omconsole" / "user.d" / "log" / "crash.txt"
    assert str(kept) in told
    assert ", in fail" in kept.read_text()


def test_a_crash_in_a_worker_fails_with_the_error_of_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(Headless(lambda app: app.run_worker(fail_in_worker())), save=nothing) == 1
    assert "LookupError: in a worker" in capsys.readouterr().err


def test_a_crash_on_the_way_out_fails_too(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(Headless):
        def on_unmount(self) -> None:
            fail(self)

    assert run_guarded(Failing(lambda app: app.exit()), save=nothing) == 1
    assert "LookupError: no header" in capsys.readouterr().err


def test_a_panic_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(Headless(lambda app: app.panic("the keyboard is gone")), save=nothing) == 1
    assert "the keyboard is gone" in capsys.readouterr().err


async def test_a_crash_reaches_a_test_that_drives_the_app() -> None:
    with pytest.raises(LookupError):
        async with GuardedFailing().run_test():
            pass


class GuardedFailing(GuardedApp):
    def on_ready(self) -> None:
        raise LookupError("no header")


def test_a_crash_of_several_errors_tells_them_all_and_no_values() -> None:
    def inner() -> None:
        token = TOKEN
        raise KeyError(len(token))

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise ValueError("the cause\x9b31m lies deeper") from error

    with pytest.raises(ValueError, match="deeper") as failed:
        outer()
    text = crash_text(failed.value)

    assert "KeyError" in text
    assert "ValueError: the cause lies deeper" in text
    assert text.count("\n") > 5
    assert TOKEN not in text


def test_a_report_that_cannot_be_kept_is_shown_all_the_same(own_home: Path) -> None:
    (own_home / "data").write_text("in the way")

    report = crash_report("Traceback: here\n")

    assert report.startswith("Traceback: here\n")
    assert "could not be kept" in report


def test_the_latest_report_replaces_the_one_before_and_follows_no_link(own_home: Path) -> None:
    crash_report("first\n")
    kept = own_home / "data" / "omconsole" / "user.d" / "log" / "crash.txt"
    elsewhere = own_home / "elsewhere"
    elsewhere.write_text("mine")
    kept.unlink()
    kept.symlink_to(elsewhere)

    crash_report("second\n")

    assert kept.read_text().endswith("second\n")
    assert elsewhere.read_text() == "mine"


def test_the_control_filter_is_the_last_of_the_line() -> None:
    stock, ours = App[None]().get_line_filters(), GuardedApp().get_line_filters()

    assert len(ours) == len(stock) + 1
    assert isinstance(ours[-1], ControlFilter)


def test_the_guarded_driver_stands_for_the_terminals_own() -> None:
    assert App[None]().get_driver_class() is LinuxDriver
    assert GuardedApp().get_driver_class() is GuardedDriver
