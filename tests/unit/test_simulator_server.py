"""The simulated tenant as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Process:
    """A running simulator and its first line."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "omconsole.simulator", "--devices", "60", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        assert self.child.stdout is not None
        self.announced = json.loads(self.child.stdout.readline())

    def ended(self) -> tuple[int, bytes, bytes]:
        out, err = self.child.communicate(timeout=10)
        return self.child.returncode, out, err


@pytest.fixture
def short_folder() -> Iterator[Path]:
    # A Unix socket's path has about 100 characters at most.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_how_to_reach_it_serves_and_ends_at_once(number: signal.Signals) -> None:
    process = Process("--epoch", "2026-11-02T08:00:00Z", OMCONSOLE_SIMULATOR_TOKEN="chosen")
    said = process.announced
    assert said.keys() == {"graph_url", "authority", "ca_file", "client_id", "tenant_id", "token"}
    assert said["token"] == "chosen"
    with httpx.Client(base_url=said["graph_url"], trust_env=False) as client:
        path = "/v1.0/deviceManagement/managedDevices?$top=50"
        assert client.get(path).status_code == 401
        body = client.get(path, headers={"Authorization": "Bearer chosen"}).json()
        assert len(body["value"]) == 50
        assert body["@odata.nextLink"].startswith(said["graph_url"] + "/v1.0/")
        # The client keeps its connection open; that must not hold the process back.
        began = time.monotonic()
        process.child.send_signal(number)
        assert process.ended() == (0, b"", b"")
        assert time.monotonic() - began < 1


def test_a_unix_socket_is_private_survives_a_kill_and_ends_with_its_parent(short_folder: Path) -> None:
    path = short_folder / "tenant.sock"
    first = Process("--uds", str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    refused = subprocess.run(
        [sys.executable, "-m", "omconsole.simulator", "--uds", str(path)], capture_output=True, check=False
    )
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 2
    first.child.kill()
    first.ended()
    second = Process("--uds", str(path), "--until-stdin-closes")
    assert second.announced["token"] != first.announced["token"]
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url=second.announced["graph_url"]) as client:
        headers = {"Authorization": f"Bearer {second.announced['token']}"}
        assert client.get("/v1.0/deviceManagement/managedDeviceOverview", headers=headers).status_code == 200
    code, _, errors = second.ended()  # closes its standard input
    assert (code, errors) == (0, b"")
    assert not path.exists()


def test_a_taken_port_is_said_in_two_lines() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "-m", "omconsole.simulator", "--port", port], capture_output=True, check=False, text=True
        )
    assert result.returncode == 2
    assert result.stdout == ""
    assert port in result.stderr
    assert len(result.stderr.splitlines()) == 2
