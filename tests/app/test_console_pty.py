"""The real console in a real terminal: what was acknowledged on the screen survives anything."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING, Any

import pytest

from tests.pty_program import PtyProgram

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.pty, pytest.mark.slow]

OMCONSOLE = [sys.executable, "-m", "omconsole"]
READ = r"need(s)? you.*all fresh"
"""The head after every source has been read."""


def demo(program: PtyProgram, state: Path, *arguments: str, size: tuple[int, int] = (120, 36)) -> None:
    program.start([*OMCONSOLE, "demo", *arguments], size, {"OMCONSOLE_STATE_DIR": str(state)})
    program.read_until(READ, 30)


def acknowledged(state: Path) -> list[dict[str, Any]]:
    environ = {**os.environ, "OMCONSOLE_STATE_DIR": str(state)}
    listed = subprocess.run(
        [*OMCONSOLE, "list", "issues", "--all", "--profile", "demo", "--json"],
        env=environ,
        capture_output=True,
        check=True,
    )
    return [item for item in json.loads(listed.stdout)["items"] if item["acked_at"]]


def test_an_ack_seen_on_the_screen_survives_kill_9(tmp_path: Path) -> None:
    for number, name in enumerate(("Anna", "Ben"), start=1):
        with PtyProgram() as program:
            demo(program, tmp_path, "--devices", "120", "--scenario", "busy", "--as", name)
            program.read_until(r"(?m)^▍.*jailbroken")
            program.send("a")
            program.read_until(f"cknowledged|ACK.*{name}")
            program.signal(SIGKILL)
        kept = acknowledged(tmp_path)
        assert len(kept) == number
        assert name in {item["acked_by"] for item in kept}
    with PtyProgram() as program:
        demo(program, tmp_path, size=(160, 45))
        program.send("/", "ack")
        program.read_until(r"ACK.*Anna")
        program.signal(SIGTERM)
        assert program.wait() == 143


def test_planted_hostile_names_are_harmless_text(tmp_path: Path) -> None:
    with PtyProgram() as program:
        demo(program, tmp_path, "--devices", "120", "--scenario", "busy", size=(200, 50))
        program.send(",", ",")  # causes, the backlog, every row
        program.read_until("every row")
        program.send("/", "click")
        program.read_until(r"(?m)^.?M .*\[@click=", 20)
        program.send("enter", "esc")  # leave the filter's input, keep what it shows
        program.send("esc")
        program.read_until("need you")
        program.signal(SIGTERM)
        assert program.wait() == 143
        # OSC 52 sets the clipboard, OSC 0 the title: the title is the console's own, the clipboard nobody's.
        assert b"\x1b]52" not in program.output
        assert not re.search(rb"\x1b\[2J\x1b\[2J", program.output)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_demo_fills_its_panes_and_lives(tmp_path: Path, size: tuple[int, int]) -> None:
    with PtyProgram() as program:
        demo(program, tmp_path, "--devices", "2000", "--scenario", "busy", size=size)
        program.read_until(r"2,000.*devices")
        program.read_until(r"3 Updates .* unread")
        program.read_until(r"● .*(Plan for Change|Take Action|Fix)")
        journal = tmp_path / "demo" / "journal-000001.jsonl"
        before = journal.read_text().count("poll.finished")
        assert before > 0
        program.send("R")
        program.read_until(r"asked again")
        program.send("ctrl+q")
        assert program.wait() == 0
        assert journal.read_text().count("poll.finished") >= before
