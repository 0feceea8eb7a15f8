"""Cuts every test off from the developer's own machine: home, settings, language, time zone, proxies, terminal."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN_PREFIXES: Final = ("OMCONSOLE_", "TEXTUAL", "XDG_", "LC_")
"""Variables of these families belong to whoever runs the tests, never to a test."""

FOREIGN_NAMES: Final = frozenset(
    (
        *("ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"),
        *("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"),
        *("COLUMNS", "ESCDELAY", "FORCE_COLOR", "LANGUAGE", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE"),
        *("SSH_CONNECTION", "SSH_TTY", "STY", "SUDO_USER", "TERM_PROGRAM", "TMUX"),
    )
)
"""Single variables that change what the program does; compared without regard to case."""

PICTURES_FOLDER: Final = "TEXTUAL_SNAPSHOT_TEMPDIR"
"""Where the snapshot plug-in, which sets it, collects the pictures that differ."""

FIXED: Final = {
    "COLORTERM": "truecolor",
    "LANG": "C.UTF-8",
    "TERM": "xterm-256color",
    "TZ": "UTC",
}
"""What every test sees instead."""

PERSON: Final = {"LOGNAME": "operator", "USER": "operator"}
"""Who runs every test. Set in tests alone, since pytest names its temporary folder after the real user."""


def is_foreign(name: str) -> bool:
    """Tells whether an environment variable would let the developer's machine into a test."""
    return name.upper() in FOREIGN_NAMES or (name.startswith(FOREIGN_PREFIXES) and name != PICTURES_FOLDER)


def _clean_environment() -> None:
    """Cleans the process's environment before a test module is collected: Textual reads its variables at import."""
    for name in [name for name in os.environ if is_foreign(name)]:
        del os.environ[name]
    os.environ.update(FIXED)
    time.tzset()
    sys.dont_write_bytecode = False  # pytest would translate the assertions of all modules anew in each process


_clean_environment()

# The same examples on every machine and in every run; a wall-clock deadline would fail on a busy one.
settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")

# httpx asks for it with every request within this process, and looking for what is not installed takes a millisecond.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


def pytest_collection_finish() -> None:
    """Keeps what collecting made out of every later garbage collection: measured, a quarter of an app test's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives each test an empty home of its own, with every user directory under it, and returns it."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if is_foreign(name)]:
        monkeypatch.delenv(name)
    for name, value in (FIXED | PERSON).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_RUNTIME_DIR", "run"),
        ("XDG_STATE_HOME", "state"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    return home


@pytest.fixture(scope="session")
def kept_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a demo that was swept once is kept for the tests that begin with one; see `CommandLine.polled_demo`."""
    return tmp_path_factory.mktemp("kept-demo")
