"""`omconsole simulate` as a process of its own, and a profile that leads to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

TOKEN = "a-token-of-the-test"
ENVIRONMENT = {"OMCONSOLE_SIMULATOR_TOKEN": TOKEN}


class SimulatedTenant:
    """Serves a world between entering and leaving; `kill` ends it at once.

    With `tls` it speaks HTTPS, and `authority` and `ca_file` are set; without, both are empty. `faults` are as
    `--fault` takes them, `without` permissions that nobody has consented to.
    """

    def __init__(
        self,
        *,
        devices: int,
        epoch: str,
        port: int = 0,
        tls: bool = False,
        faults: Sequence[str] = (),
        without: Sequence[str] = (),
        token_lifetime_s: int | None = None,
    ) -> None:
        self._arguments = ["--port", str(port), "--devices", str(devices), "--epoch", epoch]
        self._arguments += ["--tls"] if tls else []
        self._arguments += [word for each in faults for word in ("--fault", each)]
        self._arguments += [word for each in without for word in ("--without", each)]
        self._arguments += ["--token-lifetime", str(token_lifetime_s)] if token_lifetime_s else []
        self.graph_url = self.authority = self.ca_file = self.client_id = self.tenant_id = self.token = ""

    def __enter__(self) -> Self:
        # The child leaves its CA file behind when it is killed.
        self._folder = tempfile.TemporaryDirectory()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "omconsole", "simulate", *self._arguments],
            stdout=subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT, "TMPDIR": self._folder.name},
        )
        assert self.child.stdout is not None
        announced: dict[str, Any] = json.loads(self.child.stdout.readline())
        assert announced["token"] == TOKEN
        for name in ("graph_url", "authority", "ca_file", "client_id", "tenant_id", "token"):
            setattr(self, name, str(announced[name] or ""))
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
        self._folder.cleanup()


def profile(file: Path, graph_url: str) -> Path:
    """Write a settings file with one profile for this tenant; returns it."""
    file.write_text(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "{graph_url}"\n', encoding="utf-8")
    return file


def profile_tls(file: Path, tenant: SimulatedTenant, *, auth: str = "device-code", more: str = "") -> Path:
    """Write a settings file with one profile that signs in to a tenant with TLS; returns it.

    `more` are further lines of the profile, such as `secret_env = "SECRET"`.
    """
    lines = {
        "tenant_id": tenant.tenant_id,
        "auth": auth,
        "client_id": tenant.client_id,
        "authority": tenant.authority,
        "graph_url": tenant.graph_url,
        "ca_file": tenant.ca_file,
    }
    written = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
    file.write_text(f"[profiles.contoso]\n{written}{more}\n", encoding="utf-8")
    return file
