"""The set-up behind `make demo` and `make test`, driven with Pythons made of shell: no network, no real venv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
TOOLS: Final = ("cat", "cksum", "cp", "dirname", "grep", "make", "mkdir", "rm", "sed", "sh", "tail")
"""All that the set-up may need from a fresh machine beside Python (cp and mkdir serve the fake one)."""

FAKE_PYTHON: Final = """#!/bin/sh
case "$1 $2" in
"-c "*) echo {version}; exit {probe} ;;
"-m venv") mkdir -p .venv/bin; rm -f .venv/unfinished; cp "$0" .venv/bin/python
    echo "version = {version}" >.venv/pyvenv.cfg; echo venv >>calls ;;
"-m ensurepip") echo ensurepip >>calls ;;
"-m pip") shift 3; echo "$@" >>calls; cat pip-says 2>/dev/null && exit 1; exit 0 ;;
*) exit 9 ;;
esac
"""


class Machine:
    """A fresh machine: a checkout that holds what the set-up reads, and a PATH with a handful of tools."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "check out"
        self.path = folder / "bin"
        self.path.mkdir(parents=True)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found, f"{tool} is missing here"
            (self.path / tool).symlink_to(found)
        shutil.copytree(ROOT / "requirements", self.checkout / "requirements")
        catalogue = self.checkout / "omconsole/locale/de/LC_MESSAGES/omconsole.po"
        catalogue.parent.mkdir(parents=True)
        catalogue.write_text("one", encoding="utf-8")
        for name in ("Makefile", "pyproject.toml", "hatch_build.py", "omconsole/__init__.py"):
            shutil.copy(ROOT / name, self.checkout / name)

    def has_python(self, name: str = "python3", *, version: str = "3.12.1", probe: int = 0) -> None:
        """Puts a Python on the PATH; `probe` is the exit status of its `-c`."""
        python = self.path / name
        python.write_text(FAKE_PYTHON.format(version=version, probe=probe), encoding="utf-8")
        python.chmod(0o755)

    def pip_says(self, text: str) -> None:
        """Makes every pip call print this and fail."""
        (self.checkout / "pip-says").write_text(text, encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in the checkout with nothing but this machine's PATH."""
        return subprocess.run(
            command, cwd=self.checkout, env={"PATH": str(self.path)}, capture_output=True, text=True, check=False
        )

    def install(self, set_name: str = "dev") -> subprocess.CompletedProcess[str]:
        """Runs the set-up as the Makefile does."""
        return self.run("sh", "requirements/install.sh", set_name)

    def calls(self) -> list[str]:
        """What the fake Python was asked to do since the last look."""
        log = self.checkout / "calls"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def locked(set_name: str) -> str:
    return f"--quiet --retries 2 --require-hashes --only-binary :all: -r requirements/{set_name}.txt"


PROJECT: Final = "--quiet --no-deps --no-build-isolation -e ."


def test_a_fresh_machine_gets_a_venv_the_locked_packages_and_the_project(machine: Machine) -> None:
    machine.has_python()
    result = machine.install()
    assert result.returncode == 0, result.stderr
    assert machine.calls() == ["venv", "ensurepip", locked("dev"), PROJECT]
    assert len(result.stderr.splitlines()) == 1
    assert "Installing" in result.stderr


def test_a_second_run_does_and_says_nothing(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    result = machine.install()
    assert (result.returncode, result.stdout, result.stderr, machine.calls()) == (0, "", "", [])


def test_what_serves_the_tests_serves_the_demo_but_not_the_other_way_round(machine: Machine) -> None:
    machine.has_python()
    machine.install("demo")
    assert machine.calls() == ["venv", "ensurepip", locked("demo"), PROJECT]
    machine.install("dev")
    assert machine.calls() == [locked("dev"), PROJECT]
    machine.install("demo")
    assert machine.calls() == []


def test_other_locked_versions_are_installed_into_the_same_venv(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    with (machine.checkout / "requirements/dev.txt").open("a", encoding="utf-8") as lock:
        lock.write("more==1\n")
    machine.install()
    assert machine.calls() == [locked("dev"), PROJECT]


def test_a_changed_translation_costs_only_the_project_itself(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    (machine.checkout / "omconsole/locale/de/LC_MESSAGES/omconsole.po").write_text("two", encoding="utf-8")
    machine.install()
    assert machine.calls() == [PROJECT]


@pytest.mark.parametrize("harm", ["killed", "moved", "without-python"])
def test_a_venv_that_cannot_be_trusted_is_made_anew(machine: Machine, harm: str) -> None:
    machine.has_python()
    machine.install()
    machine.calls()
    match harm:
        case "killed":
            (machine.checkout / ".venv/unfinished").touch()
        case "moved":
            machine.checkout = machine.checkout.rename(machine.checkout.with_name("elsewhere"))
        case _:
            (machine.checkout / ".venv/bin/python").unlink()
    machine.install()
    assert machine.calls() == ["venv", "ensurepip", locked("dev"), PROJECT]


def test_a_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    machine.has_python("python3", version="3.9.18", probe=3)
    machine.has_python("python3.13", version="3.13.0")
    assert machine.install().returncode == 0
    assert "version = 3.13.0" in (machine.checkout / ".venv/pyvenv.cfg").read_text(encoding="utf-8")


def test_a_named_python_of_another_version_makes_the_venv_anew(machine: Machine) -> None:
    machine.has_python()
    machine.install()
    machine.has_python("other", version="3.13.0")
    machine.calls()
    for expected in (["venv", "ensurepip", locked("demo"), PROJECT], []):
        machine.run("make", "demo", "PYTHON=other")
        assert machine.calls() == expected


NOISE: Final = re.compile(r"make: \*\*\*|Installing \d+ packages")
"""What stands around the two lines: make's own last word, and the line that says what is going on."""


def assert_two_lines(result: subprocess.CompletedProcess[str], what: str, remedy: str) -> None:
    lines = [line for line in result.stderr.splitlines() if not NOISE.match(line)]
    assert len(lines) == 2, result.stderr
    assert what in lines[0]
    assert remedy in lines[1]
    assert result.stdout == ""
    assert result.returncode == 2


@pytest.mark.parametrize("goal", ["demo", "test"])
def test_no_python_at_all(machine: Machine, goal: str) -> None:
    assert_two_lines(machine.run("make", "-s", goal), "there is none on the PATH", f"make {goal} PYTHON=")


def test_a_python_that_is_too_old_is_named(machine: Machine) -> None:
    machine.has_python("python3", version="3.10.13", probe=3)
    assert_two_lines(machine.run("make", "-s", "test"), "needs Python 3.11 or newer; python3 is 3.10.13.", "PYTHON=")


def test_a_named_python_that_does_not_run_is_not_replaced_by_another(machine: Machine) -> None:
    machine.has_python()
    assert_two_lines(machine.run("make", "-s", "test", "PYTHON=/nowhere/python"), "/nowhere/python does not run", "or")


def test_a_python_without_the_venv_module(machine: Machine) -> None:
    machine.has_python(probe=4)
    assert_two_lines(machine.run("make", "-s", "demo"), "no venv module", "python3-venv")
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("said", "what", "remedy"),
    [
        ("ERROR: No version of x==1 (from versions: none)", "No package index answered", "HTTPS_PROXY"),
        ("WARNING: after connection broken by 'NewConnectionError'", "No package index answered", "PIP_INDEX_URL"),
        ("ERROR: No version of x==2 (from versions: 1)", "no ready package", "another Python"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the locked one", "unchanged"),
        ("OSError: [Errno 28] No space left on device", "disk is full", "500 MB"),
        ("ERROR: something else", "Installing failed: ERROR: something else", "remove .venv"),
    ],
)
def test_what_pip_cannot_do_is_said_with_a_remedy(machine: Machine, said: str, what: str, remedy: str) -> None:
    machine.has_python()
    machine.pip_says(said)
    assert_two_lines(machine.run("make", "-s", "test"), what, remedy)


def test_after_a_failed_installation_the_next_run_goes_on_where_it_was(machine: Machine) -> None:
    machine.has_python()
    machine.pip_says("ERROR: (from versions: none)")
    machine.install()
    (machine.checkout / "pip-says").unlink()
    machine.calls()
    assert machine.install().returncode == 0
    assert machine.calls() == [locked("dev"), PROJECT]


def test_the_scripts_are_executable() -> None:
    for script in (".ci/run", "requirements/install.sh", "requirements/lock.sh"):
        assert os.access(ROOT / script, os.X_OK), f"{script} is not executable"
