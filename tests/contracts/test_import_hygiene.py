"""What may be imported before the first paint, and for a command that needs nothing (design.md §9, B1 and B16)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from omconsole.domain.ledger import Ledger
from tests.unit.store_builders import new_store, picture, show

if TYPE_CHECKING:
    from pathlib import Path

HEAVY: Final = frozenset(
    (
        *("httpx", "msal", "tinydb", "filelock", "humanize", "babel", "markdownify", "jinja2", "starlette"),
        *("watchfiles", "uvicorn", "bs4", "omconsole.simulator", "omconsole.graph", "omconsole.poll"),
    )
)
LOADED: Final = "import json, sys; print(json.dumps(sorted(sys.modules)))"
FIRST_PAINT: Final = """
import asyncio, json, sys
from pathlib import Path
import omconsole.cli, omconsole.commands.console
from omconsole.app import ConsoleApp
from omconsole.config import load
from omconsole.store.head import read_head
load(None, {"OMCONSOLE_PROFILE": "demo", "OMCONSOLE_STATE_DIR": sys.argv[1]})
head = read_head(Path(sys.argv[1]))
assert head is not None and head.issues
before = []

async def open_console():
    before.extend(sorted(sys.modules))
    await asyncio.Event().wait()

async def main():
    app = ConsoleApp(head=head, open_console=open_console)
    async with app.run_test(size=(120, 40)) as pilot:
        while not before:
            await pilot.pause()
        assert len(app.screen.issues.table.rows) == 1

asyncio.run(main())
print(json.dumps(before))
"""


def loaded_by(program: str, *arguments: str) -> set[str]:
    """The modules that a process of its own names in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_first_paint_from_saved_rows_loads_nothing_heavy(tmp_path: Path) -> None:
    store, ledger = new_store(tmp_path), Ledger()
    show(store, ledger, "d1")
    store.save_caches_now(ledger, picture(ledger))
    store.close()
    assert HEAVY & loaded_by(FIRST_PAINT, str(tmp_path)) == set()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_what_needs_nothing_loads_nothing(arguments: list[str]) -> None:
    program = f"""
import sys
sys.argv[1:] = {arguments!r}
from omconsole.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code
{LOADED}
"""
    loaded = loaded_by(program)
    assert {"textual", "rich", "msgspec", "asyncio", "omconsole.config"} & loaded == set()
    assert HEAVY & loaded == set()


@pytest.mark.parametrize("environ", [{}, {"OMCONSOLE_CONFIG": "/nowhere.toml"}, {"OMCONSOLE_PROFILE": "demo"}])
def test_the_console_without_arguments_fails_as_with_the_command_line(environ: dict[str, str], tmp_path: Path) -> None:
    """It does not go through the command line, whose words and status it must have all the same."""
    surroundings = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp_path), "LANG": "C.UTF-8", **environ}

    def ended(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "omconsole", *arguments],
            env=surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    status, words = ended()
    assert (status, words) == ended("--read-only")
    assert status != 0
    assert len(words.splitlines()) == 2


def test_polling_without_a_console_draws_nothing() -> None:
    program = f"""
import sys
import omconsole.commands.poll
{LOADED}
"""
    assert "textual" not in loaded_by(program)
