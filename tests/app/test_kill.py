"""The process that polls is killed in the middle: what was acknowledged beside it stays, and the next one polls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.store.locks import PollerSeat
from tests.command_line import CommandLine

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 3


def wait_until_seated(directory: Path, pid: int) -> None:
    """Return when this process polls."""
    seat = PollerSeat(directory)
    deadline = time.monotonic() + 20
    while (holder := seat.holder()) is None or holder.pid != pid:
        assert time.monotonic() < deadline, "it did not begin to poll"
        time.sleep(0.02)


@pytest.mark.slow
def test_an_acknowledgement_outlives_a_killed_poller(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = CommandLine(capsys, tmp_path).keep_demo()
    program = [sys.executable, "-m", "omconsole"]
    where = ["--profile", "demo", "--state-dir", str(tmp_path)]
    acked: list[str] = []
    for number in range(ROUNDS):
        with subprocess.Popen(
            [*program, "poll", "--json", *where],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMCONSOLE_USER": "poller"},
        ) as poller:
            wait_until_seated(tmp_path / "demo", poller.pid)
            answer = command.demo("poll", "--once", "--json")
            assert answer.status == 0
            assert answer.json["by"] == "other", "one process polls at a time"
            rows: list[dict[str, Any]] = command.demo("list", "issues", "--json").json["items"]
            id_ = next(item["id"] for item in rows if item["handling"] == "open")
            done = subprocess.run(
                [*program, "ack", id_, "--json", "--as", f"Anna {number}", *where],
                capture_output=True,
                check=True,
                timeout=30,
            )
            assert json.loads(done.stdout)["done"][0]["id"] == id_
            acked.append(id_)
            poller.kill()
        items = {item["id"]: item for item in command.demo("list", "issues", "--all", "--json").json["items"]}
        assert [items[each]["acked_by"] for each in acked] == [f"Anna {each}" for each in range(number + 1)]
        assert all(items[each]["acked_at"] for each in acked)
    with subprocess.Popen([*program, "poll", *where], stdout=subprocess.DEVNULL) as poller:
        wait_until_seated(tmp_path / "demo", poller.pid)
        poller.terminate()
        assert poller.wait(20) == 0, "a signal ends it in order"
    alone = command.demo("poll", "--once", "--json")
    assert alone.status == 0
    assert "by" not in alone.json
    assert command.demo("doctor").status == 0
