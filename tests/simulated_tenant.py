"""`omconsole simulate` as a process of its own, and a profile that leads to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

TOKEN = "a-token-of-the-test"
ENVIRONMENT = {"OMCONSOLE_SIMULATOR_TOKEN": TOKEN}


class SimulatedTenant:
    """Serves a world between entering and leaving; `kill` ends it at once."""

    def __init__(self, *, devices: int, epoch: str, port: int = 0) -> None:
        self._arguments = ["--port", str(port), "--devices", str(devices), "--epoch", epoch]
        self.graph_url = ""

    def __enter__(self) -> Self:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "omconsole", "simulate", *self._arguments],
            stdout=subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT},
        )
        assert self.child.stdout is not None
        announced: dict[str, Any] = json.loads(self.child.stdout.readline())
        assert announced["token"] == TOKEN
        self.graph_url = str(announced["graph_url"])
        return self

    @property
    def port(self) -> int:
        return int(self.graph_url.rpartition(":")[2])

    def kill(self) -> None:
        """As a crash would: no answer is finished."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        assert self.child.stdout is not None
        self.child.stdout.close()


def profile(file: Path, graph_url: str) -> Path:
    """Write a settings file with one profile for this tenant; returns it."""
    file.write_text(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "{graph_url}"\n', encoding="utf-8")
    return file
