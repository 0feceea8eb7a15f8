"""Drives a full-screen program in a real pseudo-terminal, and shows what its user would see.

    with PtyProgram() as program:
        program.start([sys.executable, "-m", "omconsole", "demo"], size=(80, 24))
        program.read_until("Issues")
        program.send("down", "enter")
        program.signal(signal.SIGTERM)
        assert program.wait() == 143

Nothing sleeps: every wait reads the terminal until its condition holds or its deadline passes.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, Any, Final

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from signal import Signals
    from types import TracebackType
    from typing import Self

KEYS: Final[Mapping[str, str]] = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "delete": "\x1b[3~",
    "f1": "\x1bOP",
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "escape": "\x1b",
    "space": " ",
    "backspace": "\x7f",
    **{f"ctrl+{chr(code + 96)}": chr(code) for code in range(1, 27)},
}
"""What a terminal sends for a key; `send` takes these names, and any other text as it is."""

# The program starts as a login shell would start it: leader of a session that the terminal controls, signals in their
# default state, whatever the state of the process that runs the tests.
_LAUNCHER: Final = """
import fcntl, os, signal, sys, termios
ignored, blocked = ([int(n) for n in word.split(",") if n] for word in sys.argv[1:3])
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE):
    signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
fcntl.ioctl(int(sys.argv[3]), termios.TIOCSCTTY, 0)
os.close(int(sys.argv[3]))
os.execv(sys.argv[4], sys.argv[4:])
"""

# pyte takes the unknown among these for text or for a sequence that it knows.
_ESCAPE: Final = re.compile(
    rb"\x1b\[(?P<mark>[<=>?]?)[0-9;:]*(?P<middle>[ -/]*)(?P<final>[@-~])"
    rb"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
)
_UNFINISHED: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?)?\Z")
_ALTERNATE_SCREEN: Final = (b"\x1b[?1049h", b"\x1b[?1049l")


def _for_pyte(match: re.Match[bytes]) -> bytes:
    sequence = match[0]
    if sequence in _ALTERNATE_SCREEN:
        return b"\x1b[2J\x1b[H"  # pyte has one screen: it begins empty on either side
    if match["final"] is None or match["mark"] in (b"<", b"=", b">") or match["middle"]:
        return b""
    return sequence


class PtyProgram:
    """One program in a pseudo-terminal of its own; leaving the context ends it."""

    def __init__(self) -> None:
        self.output = b""
        """Every byte that the program wrote, in order."""
        self._process: subprocess.Popen[bytes] | None = None
        self._master = -1
        self._size = (0, 0)
        self._fed = 0
        self._answered = 0
        self._answers: Mapping[bytes, bytes] = {}

    def start(
        self,
        argv: Sequence[str],
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str | None] | None = None,
        *,
        cwd: Path | None = None,
        answers: Mapping[bytes, bytes] | None = None,
        ignored: Sequence[Signals] = (),
        blocked: Sequence[Signals] = (),
        stdin: int | None = None,
        stderr: int | None = None,
    ) -> None:
        """Start the program in a terminal of its own.

        Args:
            argv: the program, by its absolute path, and its arguments.
            size: columns and rows.
            env: changes of this process's environment; None takes a variable away.
            cwd: the working directory; this process's by default.
            answers: what the terminal replies to a query, e.g. `{b"\\x1b[?2048$p": b"\\x1b[?2048;2$y"}`.
            ignored: signals that are ignored at the start, as `nohup` does.
            blocked: signals that never reach the program.
            stdin: a descriptor instead of the terminal.
            stderr: a descriptor instead of the terminal.
        """
        self._master, terminal = pty.openpty()
        self._size, self._answers = size, answers or {}
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        termios.tcsetwinsize(self._master, (size[1], size[0]))
        changed = {"TERM": "xterm-256color", **(env or {})}
        environ = {name: value for name, value in {**os.environ, **changed}.items() if value is not None}
        launcher = [sys.executable, "-S", "-E", "-c", _LAUNCHER, _numbers(ignored), _numbers(blocked), str(terminal)]
        try:
            self._process = subprocess.Popen(
                [*launcher, *argv],
                stdin=terminal if stdin is None else stdin,
                stdout=terminal,
                stderr=terminal if stderr is None else stderr,
                env=environ,
                cwd=cwd,
                start_new_session=True,
                pass_fds=(terminal,),
            )
        finally:
            os.close(terminal)

    @property
    def pid(self) -> int:
        return self._running().pid

    def read_until(self, pattern: str, timeout: float = 15.0) -> re.Match[str]:
        """Read until the screen matches a regular expression (its rows are joined by line feeds), within seconds.

        Raises:
            AssertionError: the deadline passed or the program ended before.
        """
        found = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        more = True
        while True:
            shown = "\n".join(self.screen())
            if match := found.search(shown):
                return match
            if not more:
                raise AssertionError(f"{pattern!r} did not come to the screen within {timeout} s:\n{shown}")
            more = self._receive(deadline)

    def read_output_until(self, pattern: bytes, timeout: float = 15.0) -> None:
        """Read until the raw output matches a regular expression, within seconds."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.output):
            if not self._receive(deadline):
                raise AssertionError(f"{pattern!r} is not in the output: ...{self.output[-2000:]!r}")

    def send(self, *keys: str) -> None:
        """Press keys: names of `KEYS`, or text that is typed as it is."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def screen(self) -> list[str]:
        """Return the rows of the screen without their trailing blanks."""
        new = self.output[self._fed :]
        if unfinished := _UNFINISHED.search(new):
            new = new[: unfinished.start()]
        self._fed += len(new)
        self._stream.feed(_ESCAPE.sub(_for_pyte, new))
        return [line.rstrip() for line in self._screen.display]

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal, which tells the program."""
        self.screen()
        self._screen.resize(rows, columns)
        termios.tcsetwinsize(self._master, (rows, columns))

    def signal(self, number: Signals) -> None:
        """Send a signal to the program alone."""
        self._running().send_signal(number)

    def wait_until_stopped(self, timeout: float = 15.0) -> None:
        """Read until the program has stopped itself, as after SIGTSTP, within seconds."""
        deadline = time.monotonic() + timeout
        while not os.WIFSTOPPED(os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)[1]):
            assert time.monotonic() < deadline, f"the program has not stopped after {timeout} s"
            self._receive(time.monotonic() + 0.01)
        while self._receive(time.monotonic()):
            pass  # what it wrote before it stopped

    def close_terminal(self) -> None:
        """Close the terminal as its emulator does when it ends: the program is hung up."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def attributes(self) -> list[Any]:
        """Return the modes of the terminal, as termios has them."""
        return termios.tcgetattr(self._master)

    def wait(self, timeout: float = 15.0, *, reading: bool = True) -> int:
        """Wait for the program's end and return its exit status, negative for a signal.

        Args:
            timeout: seconds, after which an AssertionError says what the screen shows.
            reading: whether the terminal takes what the program writes meanwhile; a stalled one does not.
        """
        process = self._running()
        deadline = time.monotonic() + timeout
        while reading and self._receive(deadline) and time.monotonic() < deadline:
            pass
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            shown = "\n".join(self.screen())
            raise AssertionError(f"the program has not ended after {timeout} s:\n{shown}") from None
        while self._receive(time.monotonic()):
            pass
        return status

    def close(self) -> None:
        """End the program, however it is, and close the terminal."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.close_terminal()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the program has not been started"
        return self._process

    def _receive(self, deadline: float) -> bool:
        """Read what is there, or comes before the deadline; False at the end of the output and when nothing came."""
        if self._master < 0:
            return False
        ready, _writable, _failed = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # EIO: no process has the terminal open any more
            return False
        self.output += data
        self._answer()
        return bool(data)

    def _answer(self) -> None:
        """Reply to the queries that came since the last reply, as the terminal would."""
        for query, reply in self._answers.items():
            if query in self.output[max(0, self._answered - len(query) + 1) :]:
                os.write(self._master, reply)
        self._answered = len(self.output)


def _numbers(chosen: Sequence[Signals]) -> str:
    return ",".join(str(int(number)) for number in chosen)
