"""A small full-screen program under the guard, which the life-cycle tests drive in a pseudo-terminal.

    guarded_program.py CASE JOURNAL GRACE_S

What it does is in JOURNAL, a line each: `stalled`, `unmounted`, `saved`.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from textual.widgets import Static

from omconsole.errors import ConsoleError
from omconsole.terminal import GuardedApp, prepare_streams, refuse_unfit_terminal, run_guarded

SECRET = "-".join(("eyJ0eXAi", "token", "of", "a", "local", "variable"))
BLOCKED_S = 20.0


class Program(GuardedApp):
    """Says `ready`, then behaves as its case says."""

    def __init__(self, case: str, journal: Path) -> None:
        super().__init__()
        self.case = case
        self.journal = journal
        self.count = 0
        self.words = "\x1b]0;owned\x07"

    def compose(self) -> list[Static]:
        return [Static("ready ─ ü", id="words", markup=False), Static("", id="count", markup=False)]

    def on_ready(self) -> None:
        match self.case:
            case "busy":
                self.set_interval(1 / 50, self.draw)
                threading.Thread(target=self.tell_stall, daemon=True).start()
            case "blocked":
                self.run_worker(self.block, thread=True)
            case "deaf":
                self.call_later(self.block)
            case "away":
                self.call_later(self.go_away)
            case "crash":
                self.set_timer(0.01, self.fail)
            case "worker":
                self.run_worker(self.fail_later(), exit_on_error=True)
            case "hostile":
                self.query_one("#words", Static).update(f"ready ─ ü {self.words}")

    def draw(self) -> None:
        self.count += 1
        width, height = self.size
        # All cells change each time, so that a terminal which takes no output fills up soon.
        self.query_one("#count", Static).update("\n".join([chr(0x41 + self.count % 26) * width] * (height - 1)))

    def tell_stall(self) -> None:
        """Notes when the event loop stands still, because the terminal takes no output."""
        seen, pause = -1, threading.Event()
        while seen != self.count:
            seen = self.count
            pause.wait(0.3)
        self.note("stalled")

    def block(self) -> None:
        threading.Event().wait(BLOCKED_S)

    def go_away(self) -> None:
        """Leaves the terminal to another program, which does not end."""
        with self.suspend():
            os.write(2, b"elsewhere")
            self.block()

    def fail(self) -> None:
        token = f"Bearer {SECRET}"
        raise LookupError(f"no header for {len(token)} characters{self.words}")

    async def fail_later(self) -> None:
        self.fail()

    def on_unmount(self) -> None:
        self.note("unmounted")
        if self.case == "late":
            self.block()
        if self.case == "unmount":
            self.fail()

    def save(self) -> None:
        self.note("saved")

    def note(self, line: str) -> None:
        with self.journal.open("a") as file:
            file.write(f"{line}\n")


def main() -> int:
    case, journal, grace = sys.argv[1:]
    try:
        refuse_unfit_terminal(os.environ, sys.stdin, sys.stderr)
    except ConsoleError as error:
        sys.stderr.write(f"{error.what}\n{error.do}\n")
        return error.exit_code
    prepare_streams()
    program = Program(case, Path(journal))
    return run_guarded(program, save=program.save, grace_s=float(grace))


if __name__ == "__main__":
    sys.exit(main())
