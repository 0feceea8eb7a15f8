"""A program in a pseudo-terminal, with the time of every byte that it writes and of the processor that it uses."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import termios
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self

# What a terminal of these days answers: it knows synchronized output.
_ANSWERS: Final = {b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
_SEQUENCE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
_NOT_FOR_PYTE: Final = re.compile(rb"\x1b\[(?:[<=>?][0-9;:]*|[0-9;:]*[ -/]+)[@-~]")


class Chunk(NamedTuple):
    """Bytes that came together, and when (monotonic, seconds)."""

    at: float
    data: bytes


class TimedTerminal:
    """One program in a terminal of its own. Leaving the context ends it.

    The child is spawned without a copy of this process, and what it writes is time-stamped when `read` returns; nothing
    is interpreted before it is asked for.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (120, 40)) -> None:
        self._master, slave = pty.openpty()
        self._size = size
        termios.tcsetwinsize(slave, (size[1], size[0]))
        name = os.ttyname(slave)
        self.chunks: list[Chunk] = []
        self.began = time.monotonic()
        self.pid = os.posix_spawn(
            argv[0],
            list(argv),
            {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), **_PLAIN, **environment},
            setsid=True,  # the terminal that a leader of a session opens first becomes its controlling one
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE],
            setsigmask=[],
        )
        os.close(slave)
        self._ended = False

    @property
    def received(self) -> int:
        """Bytes so far."""
        return sum(len(chunk.data) for chunk in self.chunks)

    def cpu_s(self) -> float:
        """Seconds of processor time that the program has used, to the microsecond."""
        return time.clock_gettime((~self.pid << 3) | 2)  # the kernel's clock of another process

    def until(self, text: str, timeout_s: float = 30.0) -> float:
        """Seconds from the start until the screen had been sent this text in one piece.

        Raises:
            AssertionError: it did not come.
        """
        wanted, tail = text.encode(), b""
        deadline = time.monotonic() + timeout_s
        seen = 0
        while True:
            for chunk in self.chunks[seen:]:
                tail = _SEQUENCE.sub(b"", tail[-4096:] + chunk.data)
                if wanted in tail:
                    return chunk.at - self.began
            seen = len(self.chunks)
            if not self._receive(deadline):
                raise AssertionError(f"{text!r} did not come:\n" + "\n".join(self.screen()))

    def listen(self, seconds: float) -> None:
        """Take what comes for so long."""
        deadline = time.monotonic() + seconds
        while self._receive(deadline):
            pass

    def until_quiet(self, seconds: float, timeout_s: float = 30.0) -> None:
        """Take what comes until nothing has come for so long."""
        deadline = time.monotonic() + timeout_s
        while self._receive(time.monotonic() + seconds):
            assert time.monotonic() < deadline, "the screen does not come to rest"

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def screen(self) -> list[str]:
        """The screen's lines as they stand."""
        screen = pyte.Screen(*self._size)
        stream = pyte.ByteStream(screen)
        stream.feed(_NOT_FOR_PYTE.sub(b"", b"".join(chunk.data for chunk in self.chunks)))
        return [line.rstrip() for line in screen.display]

    def _receive(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # EIO: the program has ended
            return False
        self.chunks.append(Chunk(time.monotonic(), data))
        for query, answer in _ANSWERS.items():
            if query in data:
                os.write(self._master, answer)
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            self._receive(time.monotonic() + 0.02)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self._master)


_PLAIN: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}


def listen_together(terminals: Sequence[TimedTerminal], seconds: float) -> None:
    """Take what several programs write, for so long, and not sooner from one than from another."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        for terminal in terminals:
            terminal.listen(min(0.5, left) / len(terminals))


def program(name: str) -> list[str]:
    """The command that a user types, of this environment."""
    return [os.path.join(os.path.dirname(sys.executable), name)]
