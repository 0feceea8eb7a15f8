"""The real command line in this process: arguments in; exit status, standard output and standard error out."""

from __future__ import annotations

import json
from shutil import copytree
from typing import TYPE_CHECKING, Any, NamedTuple

from omconsole.cli import run
from omconsole.demo import keep_world
from omconsole.i18n import activate

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DEVICES = 120


class Ran(NamedTuple):
    """What a command said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        assert self.out.count("\n") == 1, self.out
        assert self.out.endswith("\n"), self.out
        return json.loads(self.out)

    @property
    def told(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


class CommandLine:
    """Runs commands on one root of state directories."""

    def __init__(self, capsys: pytest.CaptureFixture[str], root: Path) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str, profile: str | None = None) -> Ran:
        activate("en")
        self._capsys.readouterr()
        chosen = ("--profile", profile) if profile else ()
        status = run([*arguments, "--state-dir", str(self.root), *chosen])
        return Ran(status, *self._capsys.readouterr())

    def demo(self, *arguments: str) -> Ran:
        """A command for the simulated tenant."""
        return self(*arguments, profile="demo")

    def keep_demo(self) -> CommandLine:
        """Choose the demo's world, a small one."""
        keep_world(self.root / "demo", devices=DEVICES, scenario="busy")
        return self

    def polled_demo(self, kept: Path) -> CommandLine:
        """Choose the demo's world after a first sweep; `kept` holds one for all tests, and each gets a copy."""
        if (kept / "demo").exists():
            copytree(kept / "demo", self.root / "demo")
            return self
        ran = self.keep_demo().demo("poll", "--once", "--json")
        assert ran.status == 0, ran.err
        copytree(self.root / "demo", kept / "demo")
        return self
