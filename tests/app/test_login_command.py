"""`omconsole login` and `logout` in a process of their own, against a sign-in server that speaks HTTPS."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.simulated_tenant import SimulatedTenant, profile_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OMCONSOLE = [sys.executable, "-m", "omconsole"]
HURRIED = """
import asyncio, runpy, sys
wait = asyncio.sleep
asyncio.sleep = lambda seconds, *more: wait(min(seconds, 0.02), *more)
sys.argv[0] = "omconsole"
runpy.run_module("omconsole", run_name="__main__", alter_sys=True)
"""
"""The same program, whose waits between two polls are short."""


@pytest.fixture(scope="module")
def tenant() -> Iterator[SimulatedTenant]:
    with SimulatedTenant(devices=60, epoch="2026-01-05", tls=True) as serving:
        yield serving


def ran(file: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", HURRIED, *arguments, "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environ},
        check=False,
    )


def token_files(home: Path) -> list[Path]:
    return sorted((home / "data").rglob("*.tokens.json"))


# --- people -----------------------------------------------------------------------------------------------------------


def test_a_person_is_told_page_code_and_what_happens_and_is_signed_in_and_out(
    tenant: SimulatedTenant, own_home: Path, tmp_path: Path
) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant)
    login = ran(file, "login")
    assert login.returncode == 0, login.stderr
    lines = [line.strip() for line in login.stdout.splitlines()]
    page = next(line for line in lines if line.startswith("https://"))
    assert page.startswith(tenant.authority.rpartition("/")[0])
    assert "15 minutes" in login.stdout
    assert "Ctrl-C" in login.stdout
    assert f"tenant {tenant.tenant_id}." in login.stdout
    [kept] = token_files(own_home)
    assert f"{kept}: in a file that only you can read, not encrypted" in login.stdout
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700

    listed = ran(file, "poll", "--once", "--json")
    assert listed.returncode == 0, listed.stderr

    logout = ran(file, "logout")
    assert logout.returncode == 0, logout.stderr
    assert str(kept) in logout.stdout
    assert "Entra" in logout.stdout
    assert not list((own_home / "data").rglob("*.account.json"))
    again = ran(file, "logout")
    assert (again.returncode, "Nobody was signed in" in again.stdout) == (0, True)
    assert ran(file, "poll", "--once").returncode == 3


def test_json_is_one_object_and_progress_goes_to_standard_error(
    tenant: SimulatedTenant, own_home: Path, tmp_path: Path
) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant)
    login = ran(file, "login", "--json")
    assert login.returncode == 0, login.stderr
    said = json.loads(login.stdout)
    assert set(said) == {"account", "tenant_id", "method", "tokens_in"}
    assert (said["tenant_id"], said["method"]) == (tenant.tenant_id, "device-code")
    assert "@" in said["account"]
    assert said["tokens_in"] == str(token_files(own_home)[0])
    assert "https://" in login.stderr
    logout = ran(file, "logout", "--json")
    assert json.loads(logout.stdout) == {"account": said["account"], "removed": True}


def test_tokens_that_are_not_to_be_kept_are_not(tenant: SimulatedTenant, own_home: Path, tmp_path: Path) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant, more='token_cache = "off"')
    login = ran(file, "login")
    assert login.returncode == 0, login.stderr
    assert 'token_cache = "off"' in login.stdout
    assert token_files(own_home) == []


def test_a_bad_network_is_told_once_per_change_and_ridden_out(own_home: Path, tmp_path: Path) -> None:
    faults = ["sign-in=pending+500+500+drop+429+pending+success"]
    with SimulatedTenant(devices=60, epoch="2026-01-05", tls=True, faults=faults) as troubled:
        login = ran(profile_tls(tmp_path / "config.toml", troubled), "login")
    assert login.returncode == 0, login.stderr
    assert "Signed in as" in login.stdout
    after_code = login.stdout[login.stdout.index("Ctrl-C") : login.stdout.index("Signed in as")].splitlines()[1:]
    hindrances = [line for line in after_code if line]
    assert hindrances, login.stdout
    assert all(first != second for first, second in itertools.pairwise(hindrances)), hindrances


def test_a_sign_in_that_fails_says_so_in_two_lines(own_home: Path, tmp_path: Path) -> None:
    faults = ["sign-in=declined+expired+bad_code"]
    with SimulatedTenant(devices=60, epoch="2026-01-05", tls=True, faults=faults) as refusing:
        file = profile_tls(tmp_path / "config.toml", refusing)
        for reason in ("declined", "expired", "expired"):
            login = ran(file, "login", "--json")
            assert (login.returncode, login.stdout) == (3, "")
            what, do = login.stderr.splitlines()[-2:]
            assert reason in what
            assert do.strip()
    assert token_files(own_home) == []


@pytest.mark.parametrize("fault", ["discovery=hang", "sign-in=hang"])
def test_ctrl_c_ends_at_once_while_the_server_hangs(fault: str, own_home: Path, tmp_path: Path) -> None:
    with SimulatedTenant(devices=60, epoch="2026-01-05", tls=True, faults=[fault]) as hanging:
        file = profile_tls(tmp_path / "config.toml", hanging)
        login = subprocess.Popen(
            [*OMCONSOLE, "login", "--config", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # A child of a shell that runs in the background would be deaf to it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        try:
            assert login.stdout is not None
            until = "Asking" if fault.startswith("discovery") else "Ctrl-C"
            while until not in (line := login.stdout.readline()):
                assert line, login.communicate()
            begun = time.monotonic()
            login.send_signal(signal.SIGINT)
            _out, err = login.communicate(timeout=20)
            assert time.monotonic() - begun < 1.0
        finally:
            login.kill()
            login.wait()
    assert login.returncode == 130
    assert "cancelled" in err
    assert "Traceback" not in err
    assert token_files(own_home) == []


# --- nobody -----------------------------------------------------------------------------------------------------------


def test_an_application_fetches_a_token_and_says_so(tenant: SimulatedTenant, own_home: Path, tmp_path: Path) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant, auth="client-secret", more='secret_env = "THE_SECRET"')
    login = ran(file, "login", THE_SECRET="right-secret")
    assert login.returncode == 0, login.stderr
    assert f"for the application {tenant.client_id}" in login.stdout
    assert "right-secret" not in login.stdout + login.stderr
    without = ran(file, "login")
    assert without.returncode in {2, 3}
    assert "THE_SECRET" in without.stderr


def test_with_a_ready_token_there_is_nothing_to_do(tenant: SimulatedTenant, own_home: Path, tmp_path: Path) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant)
    ready = ran(file, "login", OMCONSOLE_TOKEN="a-ready-token")
    assert ready.returncode == 0
    assert "OMCONSOLE_TOKEN" in ready.stdout
    assert "a-ready-token" not in ready.stdout
    assert "OMCONSOLE_TOKEN" in ran(file, "logout", OMCONSOLE_TOKEN="a-ready-token").stdout
    file.write_text('[profiles.contoso]\ntenant_id = "contoso"\n', "utf-8")
    without = ran(file, "login")
    assert (without.returncode, without.stdout) == (3, "")
    assert "omconsole setup" in without.stderr


def test_a_ready_token_does_not_keep_the_tokens_of_a_person(
    tenant: SimulatedTenant, own_home: Path, tmp_path: Path
) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant)
    assert ran(file, "login").returncode == 0
    [kept] = token_files(own_home)
    logout = ran(file, "logout", OMCONSOLE_TOKEN="a-ready-token")
    assert logout.returncode == 0, logout.stderr
    assert f"The tokens in {kept} have been removed." in logout.stdout
    assert "OMCONSOLE_TOKEN" in logout.stdout
    assert not kept.exists()


def test_the_demo_needs_no_sign_in(own_home: Path) -> None:
    said = subprocess.run(
        [*OMCONSOLE, "login", "--profile", "demo", "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 0
    assert json.loads(said.stdout)["account"] is None


def test_a_server_that_is_not_there_is_told(tenant: SimulatedTenant, own_home: Path, tmp_path: Path) -> None:
    file = profile_tls(tmp_path / "config.toml", tenant)
    file.write_text(file.read_text("utf-8").replace(tenant.authority, "https://127.0.0.1:1/contoso"), "utf-8")
    login = ran(file, "login", "--json")
    assert (login.returncode, login.stdout) == (5, "")
    assert "127.0.0.1" in login.stderr
