"""The life of the full-screen program: it starts on a fit terminal, ends whatever hangs, and leaves no modes behind.

Textual 8.2.8 alone dies of SIGTERM and SIGHUP with the terminal left raw, spins for ever when the terminal goes without
a signal, waits for blocked threads, and shows the locals of every frame when it crashes. `GuardedApp` and `run_guarded`
take its place:

    class ConsoleApp(GuardedApp): ...

    refuse_unfit_terminal(os.environ, sys.stdin, sys.stderr)
    prepare_streams()
    return run_guarded(ConsoleApp(...), save=...)
"""

from __future__ import annotations

import asyncio
import io
import os
import select
import signal
import stat
import sys
import termios
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from omconsole.crash import crash_report, crash_text
from omconsole.errors import ConsoleError, UsageError
from omconsole.i18n import _
from omconsole.key_reader import AudibleEvent, read_keys
from widgets.line_filter import control_filter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType, TracebackType
    from typing import IO

    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.filter import LineFilter

HANG_UP: Final = 128 + signal.SIGHUP
"""Exit status after a hang-up, with or without its signal; other signals give 128 and their number alike."""

RESETS: Final = (
    b"\x1b\\"  # ends a sequence that was cut in the middle
    b"\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l"  # frame, bracketed paste, line wrap, sizes in band
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse
    b"\x1b[<u"  # the keyboard protocol has a stack for each screen: before the alternate screen goes
    b"\x1b[?1049l\x1b[0m\x1b[?25h\x1b[?1004l"  # alternate screen, colours, cursor, focus
)
"""What takes back every mode that Textual's driver sets."""

_STOPPING: Final = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
_OF_THE_DRIVER: Final = (signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)
_SAVE_S: Final = 2.0
_WRITE_S: Final = 0.25
# Linux reports a hang-up to poll(2) at once. macOS does not promise it for terminals (it may answer POLLNVAL, or
# nothing where no event was asked for), so there the terminal itself is asked too, once in this many seconds.
_PROBE_S: Final = None if os.uname().sysname == "Linux" else 1.0


def refuse_unfit_terminal(environ: Mapping[str, str], stdin: IO[str] | None, stderr: IO[str] | None) -> None:
    """Refuse to start where the console could not be drawn or could not be used.

    Raises:
        UsageError: standard input or error is no terminal, or TERM is empty or `dumb`.
    """
    elsewhere = _("Start it in a terminal, or use “omconsole list” and “omconsole poll”, which need none.")
    if not _is_terminal(stdin):
        raise UsageError(_("The console reads keys from a terminal, but standard input is none."), elsewhere)
    if not _is_terminal(stderr):
        raise UsageError(_("The console draws on a terminal by standard error, but that is none."), elsewhere)
    if environ.get("TERM", "") in ("", "dumb"):
        raise UsageError(
            _("The console cannot draw on this terminal: TERM is empty or “dumb”."),
            _("Set TERM to the type of the terminal, or use “omconsole list” and “omconsole poll”, which need none."),
        )


def prepare_streams() -> None:
    """Make what Textual draws UTF-8 whatever the locale says; call it before the app is made."""
    if isinstance(sys.__stderr__, io.TextIOWrapper):
        sys.__stderr__.reconfigure(encoding="utf-8", errors="replace")


def _is_terminal(stream: IO[str] | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


class GuardedDriver(LinuxDriver):
    """Textual's driver, which knows whether the terminal is in its hands."""

    in_application_mode = False
    exit_event: AudibleEvent

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.exit_event = AudibleEvent()

    def run_input_thread(self) -> None:
        read_keys(self.fileno, self.exit_event, self.process_message, debug=self._debug)

    def start_application_mode(self) -> None:
        self.in_application_mode = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # In the background it has done nothing, and the thread that wrote before has ended.
        self.in_application_mode = self._writer_thread is not None and self._writer_thread.is_alive()

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self.in_application_mode = False

    def _disable_mouse_support(self) -> None:
        super()._disable_mouse_support()
        if self._mouse_pixels:
            self.write("\x1b[?1016l")

    # Both handlers leave what draws to the event loop. A handler may interrupt the main thread inside the queue of the
    # writing thread, where a write of its own would wait for a lock that nobody ever releases.

    def _sigtstp_application(self, *_: object) -> None:
        if self.in_application_mode:
            self._loop.call_soon_threadsafe(super()._sigtstp_application)
        else:  # another program has the terminal, and the event loop waits for it
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._continue)

    def _continue(self) -> None:
        # SIGCONT comes with a hang-up too, and from service managers with SIGTERM. A restart that no SIGTSTP preceded
        # would leave two threads that read keys, and would take the raw modes for those to go back to.
        if self._must_signal_resume:
            super()._sigcont_application()
        if self.in_application_mode:
            self._app.refresh(layout=True)  # the terminal shows something else, and nothing else draws it again


class GuardedApp(App[None]):
    """An app whose crash shows no values and ends with status 1, and whose lines pass the control-character filter."""

    _control_filter: ClassVar[LineFilter] = control_filter()
    _crash: str = ""

    def get_driver_class(self) -> type[Driver]:
        """Return the guarded driver in place of Textual's own for terminals."""
        stock = super().get_driver_class()
        return GuardedDriver if stock is LinuxDriver else stock

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, and last the one that lets no control character out."""
        return [*super().get_line_filters(), self._control_filter]

    @property
    def holds_terminal(self) -> bool:
        """Whether the terminal is in the modes of the full-screen program."""
        return isinstance(self._driver, GuardedDriver) and self._driver.in_application_mode

    def flush_terminal(self) -> None:
        """Wait until the terminal has what was drawn, and draw no more."""
        if self._driver is not None:
            self._driver.close()

    def panic(self, *renderables: RenderableType) -> None:
        """End with these words; a panic that no exception came before fails as well."""
        self._return_code = self._return_code or 1
        super().panic(*renderables)

    def _fatal_error(self) -> None:
        """Stands for Textual's, which shows the locals of every frame. The first error counts: others follow."""
        error = sys.exc_info()[1] or self._exception
        if error is not None and not self._crash:
            self._crash = crash_text(error)
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """Runs once the terminal is restored, or before it was taken."""
        super()._print_error_renderables()
        if self._crash:
            sys.stderr.write(crash_report(self._crash))
            self._crash = ""


def run_guarded(app: GuardedApp, *, save: Callable[[], None], grace_s: float = 3.0) -> int:
    """Run the app in the main thread and return the exit status of the process.

    SIGHUP, SIGTERM, SIGINT and a hang-up without a signal ask the app to exit, with status 128 and the signal's number.
    `grace_s` seconds after the request, or after the app ended by itself, a process that still hangs (a blocked thread,
    a terminal that takes no output) is ended from outside the event loop, with that status.

    Args:
        app: the app, not yet running.
        save: saves what is not saved yet. It is called once, after the app or, where that hangs, in another thread.
            It has two seconds then, and must not wait for what the app holds.
        grace_s: seconds for an orderly end.

    Returns:
        The status that the app was given, else that of the signal, else 0; 1 after a crash, which has been told.

    Raises:
        ConsoleError: from `save`, or from the app's own end.
    """
    try:
        with _Guard(app, save, grace_s) as guard:
            try:
                asyncio.run(guard.run_app())
            finally:
                guard.save_once()
    except ConsoleError:
        raise
    except Exception as error:  # noqa: BLE001 - left the app itself, as from its own on_unmount: told, and fails
        sys.stderr.write(crash_report(crash_text(error)))
        return 1
    return app.return_code or guard.status or 0


class _Guard:
    """Watches the terminal and the signals from a thread of its own, which nothing that the app does can stop."""

    def __init__(self, app: GuardedApp, save: Callable[[], None], grace_s: float) -> None:
        self.status: int | None = None
        self._app, self._save, self._grace_s = app, save, grace_s
        self._saving, self._saved = threading.Lock(), False
        self._failure = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadline: float | None = None
        self._finished = False
        self._terminal = _terminal_of(sys.__stdin__)
        self._modes = termios.tcgetattr(self._terminal) if self._terminal is not None else None
        self._thread = threading.Thread(target=self._watch, name="terminal-guard", daemon=True)

    def __enter__(self) -> _Guard:
        self._heard, self._bell = os.pipe()
        os.set_blocking(self._bell, False)
        self._handlers = {number: signal.getsignal(number) for number in (*_STOPPING, *_OF_THE_DRIVER)}
        # The handlers run in the main thread alone. The descriptor hears of a signal also while that thread is in a
        # call that does not return.
        self._wakeup_fd = signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        for number in _STOPPING:
            signal.signal(number, self._on_signal)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finished = True
        self._ring(0)
        self._thread.join()
        if self._app.holds_terminal:
            self._restore_terminal()
        signal.set_wakeup_fd(self._wakeup_fd)
        for number, handler in self._handlers.items():
            if handler is not None:  # None: not installed by Python, so not to be put back by it
                signal.signal(number, handler)
        os.close(self._heard)
        os.close(self._bell)

    async def run_app(self) -> None:
        """Run the app to its end, from which on the rest of the process has the grace time."""
        self._loop = asyncio.get_running_loop()
        if self.status is not None:
            self._leave(self.status)
        try:
            await self._app.run_async()
        except Exception:
            self._app.flush_terminal()
            raise
        finally:
            self._expect_end()
            self._ring(0)

    def save_once(self) -> None:
        """Save, or wait for the end of a save that has begun."""
        with self._saving:
            if not self._saved:
                self._saved = True
                self._save()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._ring(number)  # nothing else is safe here: the main thread may hold any lock

    def _ring(self, number: int) -> None:
        with suppress(BlockingIOError):  # a full pipe is heard too
            os.write(self._bell, bytes((number,)))

    def _watch(self) -> None:
        # In the background, restoring the terminal would stop the process instead.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        poll = select.poll()
        poll.register(self._heard, select.POLLIN)
        if self._terminal is not None:
            poll.register(self._terminal, 0)  # a hang-up is reported unasked
        while not self._finished:
            for descriptor, event in poll.poll(self._patience_ms()):
                if descriptor == self._heard:
                    self._hear(os.read(descriptor, 4096))
                else:
                    poll.unregister(descriptor)
                    self._look(event)
            if _PROBE_S is not None:
                self._look(0)
            if self._deadline is not None and time.monotonic() >= self._deadline and not self._finished:
                self._end_now()

    def _patience_ms(self) -> float | None:
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        waits = [wait for wait in (left, _PROBE_S) if wait is not None]
        return 1000 * min(waits) if waits else None

    def _hear(self, numbers: bytes) -> None:
        for number in numbers:
            if number in _STOPPING:
                self._request(128 + number)

    def _look(self, event: int) -> None:
        """Find out whether the terminal is gone, from what poll(2) said or by asking it."""
        if self._terminal is None:
            return
        if event & (select.POLLHUP | select.POLLERR) or not os.isatty(self._terminal):
            self._terminal = None
            _let_go_of_dead_terminal()
            self._request(HANG_UP)

    def _request(self, status: int) -> None:
        """Ask the app to exit with a status; the first request counts."""
        if self.status is None:
            self.status = status
            self._expect_end()
            self._leave(status)

    def _expect_end(self) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + self._grace_s

    def _leave(self, status: int) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the app has ended
                self._loop.call_soon_threadsafe(self._app.exit, None, status)

    def _end_now(self) -> None:
        """End the process: saved, the terminal restored if it is there and held, whatever the other threads do."""
        _within(_SAVE_S, self._save_in_need)
        if self._app.holds_terminal:
            self._restore_terminal()
        if self._failure:
            _within(_WRITE_S, lambda: os.write(2, self._failure.encode()))
        os._exit(self._app.return_code or self.status or 0)

    def _save_in_need(self) -> None:
        try:
            self.save_once()
        except Exception as error:  # noqa: BLE001 - the end must come; it is told when the terminal is restored
            self._failure = crash_text(error)

    def _restore_terminal(self) -> None:
        if self._terminal is not None and self._modes is not None:
            _within(_WRITE_S, lambda: os.write(2, RESETS))
            with suppress(termios.error):  # it has gone this very moment
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._modes)


def _within(seconds: float, action: Callable[[], object]) -> None:
    """Do something that may block, and give up waiting for it after some seconds."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)


def _terminal_of(stream: IO[str] | None) -> int | None:
    return stream.fileno() if stream is not None and _is_terminal(stream) else None


def _let_go_of_dead_terminal() -> None:
    """Point standard output and error to nowhere, so that a write to the dead terminal neither fails nor blocks.

    Textual's writing thread would die of it and block the event loop by its full queue.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    for descriptor in (1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
