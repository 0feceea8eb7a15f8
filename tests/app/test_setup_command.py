"""`omconsole setup` as its user meets it: questions in a terminal, options in a script, and what it leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

import pytest

from omconsole import cli
from omconsole.commands import answers
from omconsole.commands.registration import (
    Registration,
    az_script,
    certificate_commands,
    clicks,
    powershell_script,
)
from omconsole.config.sign_in import Method
from omconsole.config.values import CLOUDS
from omconsole.graph.permissions import GRAPH_APP_ID, PERMISSIONS, SIGN_IN_SCOPES
from tests.command_line import CommandLine
from tests.pty_program import PtyProgram
from tests.simulated_tenant import SimulatedTenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OMCONSOLE = [sys.executable, "-m", "omconsole"]
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
TOLD = ["--tenant", "contoso.example", "--client-id", CLIENT_ID, "--no-sign-in"]
BY_HAND = '# ours\n[profiles.old]  # the old one\ntenant_id = "old.example"\n'


@pytest.fixture
def file(own_home: Path) -> Path:
    """Where the settings file is looked for."""
    return own_home / "config" / "omconsole" / "config.toml"


@pytest.fixture(scope="module")
def tenant() -> Iterator[SimulatedTenant]:
    with SimulatedTenant(devices=60, epoch="2026-01-05", tls=True) as serving:
        yield serving


def setup(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OMCONSOLE, "setup", *arguments],
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **environ},
        check=False,
    )


def profiles(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))["profiles"]
    return found


# --- by options -------------------------------------------------------------------------------------------------------


def test_nobody_to_ask_names_every_missing_option_and_writes_nothing(file: Path) -> None:
    ran = setup("--auth", "certificate")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 2
    for option in ("--tenant", "--client-id", "--certificate-file", "--yes", "--no-sign-in"):
        assert option in ran.stderr
    assert not file.exists()


def test_options_alone_write_a_profile_and_print_link_and_mail(file: Path) -> None:
    ran = setup(*TOLD, "--auth", "device-code", "--profile", "work")
    assert ran.returncode == 0, ran.stderr
    assert profiles(file) == {"work": {"tenant_id": "contoso.example", "client_id": CLIENT_ID, "auth": "device-code"}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    link = (
        f"https://login.microsoftonline.com/contoso.example/v2.0/adminconsent?client_id={CLIENT_ID}"
        "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&redirect_uri=http%3A%2F%2Flocalhost"
    )
    assert f"\n{link}\n" in ran.stdout
    mail = ran.stdout[ran.stdout.index("Subject:") :]
    assert link in mail
    for permission in PERMISSIONS:
        assert f"- {permission.name}: {permission.why}" in mail
    assert "delegated" in mail


def test_a_file_written_by_hand_keeps_its_lines_and_its_default(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(BY_HAND, "utf-8")
    assert setup(*TOLD).returncode == 0
    assert BY_HAND.rstrip() in file.read_text("utf-8")
    assert set(profiles(file)) == {"old", "contoso"}
    assert tomllib.loads(file.read_text("utf-8"))["default_profile"] == "old"
    again = setup(*TOLD, "--profile", "contoso")
    assert again.returncode == 2
    assert "--replace" in again.stderr
    assert setup(*TOLD, "--profile", "contoso", "--replace").returncode == 0


def test_the_cloud_leads_to_its_own_servers(file: Path) -> None:
    ran = setup(*TOLD, "--cloud", "us-gov")
    assert "https://login.microsoftonline.us/contoso.example/v2.0/adminconsent" in ran.stdout
    assert "https%3A%2F%2Fgraph.microsoft.us%2F.default" in ran.stdout
    assert profiles(file)["contoso"]["cloud"] == "us-gov"


def test_an_application_asks_for_application_permissions(file: Path, tmp_path: Path) -> None:
    (tmp_path / "omconsole.pem").write_text("a key", "utf-8")
    ran = setup(*TOLD, "--auth", "certificate", "--certificate-file", str(tmp_path / "omconsole.pem"))
    assert ran.returncode == 0, ran.stderr
    assert "application permissions" in ran.stdout
    assert "offline_access" not in ran.stdout
    assert profiles(file)["contoso"]["certificate_file"] == str(tmp_path / "omconsole.pem")


@pytest.mark.parametrize(
    ("options", "way"),
    [(["--certificate-file", __file__], "certificate"), (["--secret-env", "SECRET"], "client-secret")],
)
def test_a_credential_says_how_the_application_signs_in(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], way: str
) -> None:
    ran = CommandLine(capsys, tmp_path)("setup", *TOLD, *options)
    assert ran.status == 0, ran.err
    assert "application permissions" in ran.out
    assert profiles(file)["contoso"]["auth"] == way


@pytest.mark.parametrize(
    "options", [["--certificate-file", __file__], ["--certificate-passphrase-env", "PASS"], ["--secret-env", "SECRET"]]
)
def test_a_credential_beside_another_way_is_not_left_out_in_silence(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    ran = CommandLine(capsys, tmp_path)("setup", *TOLD, "--auth", "device-code", *options)
    assert (ran.status, len(ran.told)) == (2, 2)
    assert options[0] in ran.told[0]
    assert not file.exists()


def test_a_token_of_this_shell_does_not_hide_what_is_missing(file: Path) -> None:
    ran = setup(*TOLD, "--auth", "device-code", OMCONSOLE_TOKEN="a.b.c")
    assert ran.returncode == 0, ran.stderr
    assert "delegated" in ran.stdout
    assert profiles(file)["contoso"]["auth"] == "device-code"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tenant", "contoso"], "contoso"),
        (["--client-id", "1234"], "1234"),
        (["--proxy", "http://user:secret@proxy:8080"], "--proxy"),
        (["--graph-url", "http://graph.example"], "--graph-url"),
        (["--authority", "http://login.example"], "--authority"),
        (["--ca-file", "/nowhere/ca.pem"], "--ca-file"),
        (["--profile", "demo"], "demo"),
        (["--profile", "Über"], "Über"),
        (["--secret-env", "s3cr3t!"], "variable"),
        (["--auth", "password"], "password"),
    ],
)
def test_a_bad_option_is_told_and_nothing_is_written(
    file: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = CommandLine(capsys, tmp_path)("setup", *TOLD, *arguments)
    assert ran.status == 2
    assert words in ran.err
    assert "secret@" not in ran.err
    assert "s3cr3t" not in ran.err
    assert not file.exists()


@pytest.mark.parametrize("command", [["setup", *TOLD], ["paths"]])
def test_a_file_that_cannot_even_be_looked_for_is_told(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = CommandLine(capsys, tmp_path)(*command, "--config", str(tmp_path / ("long" * 100) / "config.toml"))
    assert (ran.status, len(ran.told)) == (2, 2)
    assert "File name too long" in ran.err
    assert "--config" in ran.err


# --- by questions -----------------------------------------------------------------------------------------------------


def test_a_wrong_way_is_answered_in_the_words_of_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(("9", "4"))
    monkeypatch.setattr("click.prompt", lambda *_question, **_default: next(typed))
    assert answers.ask_way("device-code") == "certificate"
    told = capsys.readouterr().out
    assert "“9”" in told
    assert "--auth" not in told


@pytest.mark.pty
@pytest.mark.slow
def test_a_person_is_asked_told_how_to_register_and_signed_in(tenant: SimulatedTenant, file: Path) -> None:
    addresses = ["--authority", tenant.authority, "--graph-url", tenant.graph_url, "--ca-file", tenant.ca_file]
    with PtyProgram() as program:
        program.start([*OMCONSOLE, "setup", *addresses], (220, 240), {"SSH_CONNECTION": "1 2 3 4"})
        program.read_until(r"Language.*:")
        program.send("fr", "enter")
        program.read_until(r"(?s)Write one of.*Language.*:")
        program.send("en", "enter")
        program.read_until(r"Tenant .*:")
        program.send("contoso", "enter")
        program.read_until(r"(?s)neither a tenant ID nor a domain.*Tenant .*:")
        program.send(tenant.tenant_id.upper(), "enter")
        program.read_until(r"Way of signing in \[device-code\]:")
        program.send("9", "enter")
        program.read_until(r"(?s)none of the possible values.*Way of signing in.*:")
        program.send("1", "enter")
        program.read_until(r"Name of the profile .*:")
        program.send("demo", "enter")
        program.read_until(r"(?s)built-in profile.*Name of the profile .*:")
        program.send("work", "enter")
        program.read_until(r"Application \(client\) ID:")
        shown = "\n".join(program.screen())
        assert "az ad app create" in shown
        assert "New-MgApplication" in shown
        assert "Allow public client flows" in shown
        program.send("not-a-guid", "enter")
        program.read_until(r"(?s)is no application.*Application \(client\) ID:")
        program.send(tenant.client_id, "enter")
        program.read_until(r"Sign in now\? \[y\]:")
        assert "Subject: Consent" in "\n".join(program.screen())
        program.send("enter")
        program.read_until(r"Signed in as ", 30)
        program.read_until(r"not encrypted", 30)
        program.wait(60)
        assert "settings" in "\n".join(program.screen())
    assert set(profiles(file)) == {"work"}
    assert tomllib.loads(file.read_text("utf-8"))["language"] == "en"


@pytest.mark.pty
def test_ctrl_c_at_a_question_ends_it_and_nothing_is_written(file: Path) -> None:
    with PtyProgram() as program:
        program.start([*OMCONSOLE, "setup"], (120, 40))
        program.read_until(r"Language.*:")
        program.send("ctrl+c")
        # Python misses a signal that comes in the instant before it begins to read the answer: a person presses again.
        with suppress(AssertionError):
            program.wait(3)
        with suppress(OSError):
            program.send("ctrl+c")
        assert program.wait() == 130
    assert not file.exists()


# --- the registration -------------------------------------------------------------------------------------------------


def registration(method: Method, cloud: str = "global") -> Registration:
    return Registration(tenant="contoso.example", method=method, cloud=cloud, graph_url=CLOUDS[cloud])


WAYS: list[Method] = ["device-code", "browser", "client-secret", "certificate", "managed-identity"]


def test_every_way_can_be_set_up_and_the_command_line_knows_them() -> None:
    assert set(WAYS) | {"token"} == set(get_args(Method))
    assert set(cli.WAYS) == set(answers.WAYS) == set(WAYS)
    assert set(cli.CLOUDS) == set(CLOUDS)


@pytest.mark.parametrize("method", WAYS)
def test_the_commands_name_exactly_the_permissions_and_no_id_but_graphs(method: Method) -> None:
    of = registration(method)
    wanted = {each.name for each in PERMISSIONS} | (set(SIGN_IN_SCOPES) if of.delegated else set())
    for text in (az_script(of), powershell_script(of)):
        assert set(re.findall(r"[A-Za-z.]+\.(?:Read|ReadBasic)\.All", text)) == {each.name for each in PERMISSIONS}
        assert {each for each in SIGN_IN_SCOPES if re.search(rf"\b{each}\b", text)} == wanted & set(SIGN_IN_SCOPES)
        assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)) == {GRAPH_APP_ID}
        assert ("auth2PermissionScopes" in text) == of.delegated
    assert set("\n".join(clicks(of)).splitlines()) >= (wanted if clicks(of) else set())


@pytest.mark.parametrize("cloud", list(CLOUDS))
@pytest.mark.parametrize("method", WAYS)
def test_the_script_for_azure_is_good_shell(method: Method, cloud: str) -> None:
    script = az_script(registration(method, cloud))
    for shell in filter(None, (shutil.which(name) for name in ("bash", "sh"))):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


AZ = """#!/bin/sh
echo "$*" >> "$AZ_LOG"
case "$*" in
  *"'Nowhere.Read.All'"*) ;;
  "ad sp show"*"].id"*) printf '%s\\n' "$*" | sed "s/.*value=='//; s/'.*//; s/^/id-of-/" ;;
  "ad sp show"*) echo id-of-graph ;;
  "ad app create"*) echo the-client-id ;;
  "ad app credential reset"*password*) echo the-secret ;;
esac
"""


@pytest.fixture
def az(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A stand-in for Azure CLI that writes down what it is asked; its log and the environment that finds it."""
    program, log = tmp_path / "az", tmp_path / "log"
    program.write_text(AZ, "utf-8")
    program.chmod(0o755)
    return log, {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "AZ_LOG": str(log)}


@pytest.mark.parametrize("method", WAYS)
def test_the_script_for_azure_asks_for_what_it_found_by_name(
    method: Method, az: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    log, environ = az
    of = registration(method)
    script = tmp_path / "script"
    script.write_text(az_script(of), "utf-8")
    ran = subprocess.run(
        ["bash", str(script)], input="the-identity\n", text=True, env=environ, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    asked = log.read_text("utf-8")
    if method == "managed-identity":
        assert asked.count("appRoleAssignments") == len(PERMISSIONS)
        assert (
            '{"principalId":"the-identity","resourceId":"id-of-graph","appRoleId":"id-of-ServiceHealth.Read.All"}'
            in asked
        )
        return
    kind = "Scope" if of.delegated else "Role"
    added = next(line for line in asked.splitlines() if line.startswith("ad app permission add"))
    assert added.split("--api-permissions ")[1].split() == [f"id-of-{name}={kind}" for name in of.names]
    assert "client ID: the-client-id" in ran.stdout
    assert ("the-secret" in ran.stdout) == (method == "client-secret")
    assert ("--cert @omconsole-certificate.pem" in asked) == (method == "certificate")
    assert ("--is-fallback-public-client true" in asked) == of.delegated


def test_the_script_stops_before_anything_is_made_when_graph_lacks_a_permission(
    az: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    log, environ = az
    script = tmp_path / "script"
    text = az_script(registration("device-code")).replace("ServiceHealth.Read.All", "Nowhere.Read.All")
    script.write_text(text, "utf-8")
    ran = subprocess.run(["bash", str(script)], text=True, env=environ, capture_output=True, check=False)
    assert ran.returncode == 1
    assert "Nowhere.Read.All" in ran.stderr
    assert "ad app create" not in log.read_text("utf-8")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_the_certificate_commands_make_a_private_credential(tmp_path: Path) -> None:
    subprocess.run(["sh", "-c", certificate_commands()], cwd=tmp_path, check=True, capture_output=True)
    credential = (tmp_path / "omconsole.pem").read_text("ascii")
    assert "PRIVATE KEY" in credential
    assert "BEGIN CERTIFICATE" in credential
    assert "PRIVATE" not in (tmp_path / "omconsole-certificate.pem").read_text("ascii")
    assert stat.S_IMODE((tmp_path / "omconsole.pem").stat().st_mode) == 0o600
