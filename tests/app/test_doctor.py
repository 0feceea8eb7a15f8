"""`omconsole doctor` against a tenant with TLS: what it finds, which setting or variable it names, and its status."""

from __future__ import annotations

import errno
import os
import ssl
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final

import httpx
import msgspec
import pytest

from omconsole.commands import doctor_network, doctor_sign_in, doctor_state
from omconsole.commands.doctor_network import clock_checks, trouble_words
from omconsole.commands.doctor_terminal import checks_of
from omconsole.config import Options, load
from omconsole.errors import StateError
from omconsole.graph.hosts import Host, Reached
from omconsole.graph.proxies import Proxy
from omconsole.store.file_systems import FileSystem
from tests.command_line import CommandLine, Ran
from tests.simulated_tenant import SimulatedTenant, profile_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS: Final = "DeviceManagementApps.Read.All"
NAMES: Final = "User.ReadBasic.All"
NOW: Final = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
GRAPH: Final = Host("graph", "graph.microsoft.com", 443, "https://graph.microsoft.com/v1.0/me")


@pytest.fixture(scope="module")
def tenant() -> Iterator[SimulatedTenant]:
    with SimulatedTenant(devices=20, epoch="2026-11-22", tls=True, without=[APPS, NAMES]) as tenant:
        yield tenant


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys, tmp_path / "state")


class Doctor:
    """Runs it for a profile of the tenant."""

    def __init__(self, command: CommandLine, tenant: SimulatedTenant, file: Path) -> None:
        self.tenant, self.file, self._command = tenant, file, command

    def __call__(self, *arguments: str) -> Ran:
        return self._command("doctor", *arguments, "--config", str(self.file))

    def settings(self, auth: str = "token", more: str = "", **changes: str) -> None:
        """A profile whose keys are changed."""
        profile_tls(self.file, self.tenant, auth=auth, more=more)
        text = self.file.read_text(encoding="utf-8")
        for name, value in changes.items():
            text = "".join(
                f'{name} = "{value}"\n' if line.startswith(f"{name} =") else line for line in text.splitlines(True)
            )
        self.file.write_text(text, encoding="utf-8")


@pytest.fixture
def doctor(command: CommandLine, tenant: SimulatedTenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """With a token that the tenant's sign-in server has issued to the application."""
    monkeypatch.setenv("OMCONSOLE_TOKEN", issued(tenant))
    doctor = Doctor(command, tenant, tmp_path / "config.toml")
    doctor.settings()
    return doctor


def issued(tenant: SimulatedTenant) -> str:
    asked = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": "secret",
        "scope": f"{tenant.graph_url}/.default",
    }
    context = ssl.create_default_context(cafile=tenant.ca_file)
    return str(httpx.post(f"{tenant.authority}/oauth2/v2.0/token", data=asked, verify=context).json()["access_token"])


def checks(ran: Ran) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in ran.json["checks"]}


def test_a_tenant_that_lacks_one_permission_names_it_with_the_page_of_the_consent(
    doctor: Doctor, tenant: SimulatedTenant
) -> None:
    ran = doctor("--json")
    found = checks(ran)
    assert ran.status == 5
    assert {name for name, each in found.items() if not each["ok"]} == {
        *("permission.apps", "permission.audit", "permission.users"),
    }
    assert found["permission.devices"]["what"] == "granted"
    assert found["permission.apps"]["what"] == f"missing {APPS}"
    assert f"{tenant.authority}/v2.0/adminconsent?client_id={tenant.client_id}" in found["permission.apps"]["do"]
    assert (found["permission.names"]["ok"], found["permission.names"]["warning"]) == (True, True)
    assert "good until" in found["sign-in"]["what"]
    for name in ("settings", "state", "history", "file-system", "space", "proxy", "host.graph", "clock"):
        assert found[name]["ok"], found[name]
    assert "host.sign-in" not in found


def test_people_read_it_in_groups(doctor: Doctor) -> None:
    lines = doctor().out.splitlines()
    titles = [line for line in lines if line and not line.startswith((" ", "✗", "!", "✓"))]
    assert titles == ["Settings", "State", "Terminal", "Network", "Sign-in", "Permissions"]
    assert any(line.startswith("  ✗ permission.apps") and f"missing {APPS}" in line for line in lines)
    assert any(line.startswith("  ✓ permission.devices") for line in lines)
    assert lines[-2:] == ["✗ 3 things are not well.", "! 1 thing is worth a look."]


def test_a_certificate_that_is_not_trusted_names_who_issued_it_and_the_setting(doctor: Doctor) -> None:
    """The CA file of another organization; then none at all, with a variable."""
    import certifi

    doctor.settings(ca_file=certifi.where())
    ran = doctor("--json")
    found = checks(ran)["host.graph"]
    assert (ran.status, found["ok"]) == (5, False)
    assert "omconsole simulate" in found["what"]
    assert f"{certifi.where()}, as ca_file says" in found["what"]
    assert "ca_file" in found["do"]
    assert "SSL_CERT_FILE" in found["do"]


def test_the_variable_that_names_certificates_counts_and_is_named(
    doctor: Doctor, tenant: SimulatedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = doctor.file.read_text(encoding="utf-8")
    doctor.file.write_text("".join(line for line in text.splitlines(True) if not line.startswith("ca_file")))
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    assert "as REQUESTS_CA_BUNDLE says" in checks(doctor("--json"))["host.graph"]["what"]
    monkeypatch.setenv("SSL_CERT_FILE", tenant.ca_file)
    assert checks(doctor("--json"))["host.graph"]["ok"]


def test_a_host_that_refuses_is_named_for_the_firewall(doctor: Doctor) -> None:
    doctor.settings(graph_url="https://127.0.0.1:1")
    ran = doctor("--json")
    found = checks(ran)["host.graph"]
    assert (ran.status, found["ok"]) == (5, False)
    assert "127.0.0.1:1" in found["what"]
    assert "Allow 127.0.0.1, port 1, in the firewall" in found["do"]
    assert "HTTPS_PROXY" in found["do"]
    assert "clock" not in checks(ran)


def test_a_sign_in_server_that_cannot_be_reached_is_not_asked_again(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMCONSOLE_TOKEN")
    doctor.settings("device-code", authority="https://127.0.0.1:1/contoso")
    ran = doctor("--json")
    found = checks(ran)
    assert ran.status == 5
    assert not found["host.sign-in"]["ok"]
    assert (found["sign-in"]["ok"], found["sign-in"]["warning"]) == (True, True)
    assert found["tokens"]["what"] == "none kept yet"


def test_an_unknown_tenant(doctor: Doctor, tenant: SimulatedTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMCONSOLE_TOKEN")
    doctor.settings("device-code", authority=f"{tenant.authority.rpartition('/')[0]}/fabrikam")
    found = checks(doctor("--json"))["host.sign-in"]
    assert not found["ok"]
    assert "tenant_id" in found["do"]


def test_who_is_not_signed_in_is_told_how(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMCONSOLE_TOKEN")
    doctor.settings("device-code")
    ran = doctor("--json")
    found = checks(ran)
    assert ran.status == 3
    assert (found["host.sign-in"]["ok"], found["host.graph"]["ok"], found["sign-in"]["ok"]) == (True, True, False)
    assert "omconsole login" in found["sign-in"]["do"]
    assert not any(name.startswith("permission") for name in found)


def test_who_is_signed_in_is_named_and_renewal_is_tried(
    doctor: Doctor, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMCONSOLE_TOKEN")
    doctor.settings("device-code")
    assert command("login", "--config", str(doctor.file)).status == 0
    found = checks(doctor("--json"))
    assert found["sign-in"]["ok"], found["sign-in"]
    assert "(device-code): the token is good until" in found["sign-in"]["what"]
    assert found["sign-in.renewal"]["ok"], found["sign-in.renewal"]
    assert "not encrypted" in found["tokens"]["what"]
    assert found["sign-in"]["what"].partition(" ")[0] in found["tokens"]["what"]
    assert not found["permission.apps"]["ok"]
    assert command("logout", "--config", str(doctor.file)).status == 0
    assert "none kept for this profile" in checks(doctor("--json"))["tokens"]["what"]


def test_an_application_signs_in_and_shows_its_permissions(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMCONSOLE_TOKEN")
    monkeypatch.setenv("SECRET", "secret")
    doctor.settings("client-secret", 'secret_env = "SECRET"')
    ran = doctor("--json")
    found = checks(ran)
    assert found["sign-in"]["ok"], found["sign-in"]
    assert found["permission.devices"]["ok"]
    assert not found["permission.apps"]["ok"]


def test_a_ready_token_that_has_expired_or_tells_nothing(
    doctor: Doctor, tenant: SimulatedTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", tenant.token)
    ran = doctor("--json")
    assert ran.status == 0
    assert (checks(ran)["permission"]["ok"], checks(ran)["permission"]["warning"]) == (True, True)
    monkeypatch.setenv("OMCONSOLE_TOKEN", issued(tenant))
    monkeypatch.setattr(doctor_sign_in, "good_until", lambda _token: datetime(2026, 1, 1, tzinfo=UTC))
    ran = doctor("--json")
    assert ran.status == 3
    assert "2026-01-01" in checks(ran)["sign-in"]["what"]


def test_an_end_that_says_never_is_told_wherever_the_clock_is_ahead() -> None:
    settings = load(None, {}, Options(profile="demo"))
    settings = msgspec.structs.replace(settings, timezone="Pacific/Kiritimati")
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # a certificate without an end (RFC 5280, 4.1.2.5)
    [check] = doctor_sign_in.credential_checks(never, settings, NOW)
    assert (check.ok, check.warning) == (True, False)
    assert "9999-12-31" in check.what


class AnHourAhead(datetime):
    """This machine's clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> AnHourAhead:
        at = datetime.now(tz) + timedelta(hours=1)
        return cls(*at.timetuple()[:6], at.microsecond, at.tzinfo)


def test_a_clock_an_hour_ahead_of_the_servers(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omconsole.graph.hosts.datetime", AnHourAhead)
    ran = doctor("--json")
    found = checks(ran)["clock"]
    assert (ran.status, found["ok"]) == (5, False)
    assert "ahead of the servers' clocks" in found["what"]
    assert "NTP" in found["do"]


def test_the_demo_asks_nobody(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_network, "reach", None)
    found = checks(command.demo("doctor", "--json"))
    assert (found["network"]["ok"], found["sign-in"]["ok"]) == (True, True)
    assert not any(name.startswith(("host", "permission", "tokens")) for name in found)


# --- the disk -------------------------------------------------------------------------------------------------------


def test_a_directory_and_files_that_others_could_open_are_closed_and_told(command: CommandLine) -> None:
    command.keep_demo()
    directory = command.root / "demo"
    (world,) = [file for file in directory.iterdir() if file.is_file()][:1]
    directory.chmod(0o755)
    world.chmod(0o644)
    found = checks(command.demo("doctor", "--json"))
    assert (found["state.modes"]["ok"], found["state.modes"]["warning"]) == (True, True)
    assert "(0755)" in found["state.modes"]["what"]
    assert f"{world.name} (0644)" in found["state.modes"]["what"]
    assert (directory.stat().st_mode & 0o777, world.stat().st_mode & 0o777) == (0o700, 0o600)
    assert "state.modes" not in checks(command.demo("doctor", "--json"))


def test_a_file_that_another_process_takes_away_meanwhile_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, there = tmp_path / "state.json.new", tmp_path / "state.json"
    there.touch(0o644)
    monkeypatch.setattr("pathlib.Path.iterdir", lambda _self: iter((gone, there)))
    assert doctor_state.closed(tmp_path) == ["state.json (0644)"]


def test_files_that_cannot_be_closed_to_others_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_arguments: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    (tmp_path / "state.json").touch(0o644)
    monkeypatch.setattr("pathlib.Path.chmod", read_only)
    with pytest.raises(StateError) as raised:
        doctor_state.closed(tmp_path)
    assert str(tmp_path) in raised.value.what
    assert "Read-only file system" in raised.value.what


def test_folders_that_cannot_even_be_looked_for_are_findings(
    doctor: Doctor, command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMCONSOLE_TOKEN")
    doctor.settings("device-code")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ("long" * 100)))
    command.root = tmp_path / ("long" * 100)
    ran = doctor("--json")
    found = checks(ran)
    assert ran.status == 4
    for name in ("state", "tokens"):
        assert not found[name]["ok"]
        assert "File name too long" in found[name]["what"]
        assert found[name]["do"]
    logout = command("logout", "--config", str(doctor.file))
    assert (logout.status, len(logout.told)) == (4, 2)


def test_a_network_file_system_is_worth_a_look(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omconsole.store.file_systems.file_system_of", lambda _path: FileSystem("nfs4", "/home"))
    found = checks(command.demo("doctor", "--json"))["file-system"]
    assert (found["ok"], found["warning"]) == (True, True)
    assert found["what"].startswith("nfs4, mounted at /home")


@pytest.mark.parametrize(("free", "ok", "warning"), [(10**12, True, False), (10**8, True, True), (10**6, False, True)])
def test_room_on_the_disk(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, free: int, *, ok: bool, warning: bool
) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    ran = command.demo("doctor", "--json")
    found = checks(ran)["space"]
    assert (found["ok"], found["warning"]) == (ok, warning)
    assert ran.status == (0 if ok else 4)


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "ok", "words"),
    [(30, True, "within a minute"), (90, True, "90 s ahead"), (-400, False, "400 s behind"), (4_000, False, "ahead")],
)
def test_the_clock_is_held_against_the_servers(seconds: int, words: str, *, ok: bool) -> None:
    told = Reached(GRAPH, date=NOW, asked_at=NOW + timedelta(seconds=seconds))
    (check,) = clock_checks((told,))
    assert (check.ok, check.warning) == (ok, abs(seconds) >= 60)
    assert words in check.what
    assert ("NTP" in check.do) == (abs(seconds) >= 60)


def test_a_page_of_a_portal_says_nothing_about_the_clock() -> None:
    assert list(clock_checks((Reached(GRAPH, "web page", date=NOW, asked_at=NOW + timedelta(days=1)),))) == []


PROXY: Final = Proxy("http://proxy:8080", "https_proxy")


@pytest.mark.parametrize(
    ("reached", "proxy", "what", "do"),
    [
        (Reached(GRAPH, "not resolved", "unknown"), None, "not known here", "HTTPS_PROXY"),
        (Reached(GRAPH, "silent"), None, "no answer", "Allow graph.microsoft.com, port 443"),
        (Reached(GRAPH, "silent"), PROXY, "http://proxy:8080", "NO_PROXY"),
        (Reached(GRAPH, "refused"), PROXY, "http://proxy:8080 refuses", "https_proxy"),
        (Reached(GRAPH, "proxy asks for sign-in"), PROXY, "407", "https_proxy"),
        (Reached(GRAPH, "proxy asks for sign-in"), None, "407", "HTTPS_PROXY"),
        (Reached(GRAPH, "web page"), PROXY, "web page", "HTTPS_PROXY"),
        (Reached(GRAPH, "redirect", target="portal.example"), None, "portal.example", "proxy"),
        (Reached(GRAPH, "server error", "HTTP 503"), None, "HTTP 503", "again"),
        (Reached(GRAPH, "tls", "wrong version number"), None, "wrong version number", "firewall"),
        (Reached(GRAPH, "unreachable", "Network is unreachable"), None, "Network is unreachable", "firewall"),
        (Reached(GRAPH, "proxy", "502 Bad Gateway"), PROXY, "502 Bad Gateway", "proxy"),
    ],
    ids=lambda each: each.trouble if isinstance(each, Reached) else "",
)
def test_each_trouble_says_what_to_do(reached: Reached, proxy: Proxy | None, what: str, do: str) -> None:
    told = trouble_words(reached, proxy, "the system's")
    assert what in told[0]
    assert do in told[1]


@pytest.mark.parametrize(
    ("environ", "size", "doubtful"),
    [
        ({"TERM": "xterm-256color"}, (120, 36), set()),
        ({"TERM": "xterm"}, (60, 20), {"terminal.size"}),
        (
            {"TERM": "tmux-256color", "TMUX": "/x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.6a"},
            (80, 24),
            set(),
        ),
        (
            {"TERM": "screen", "TMUX": "/x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a"},
            (80, 24),
            {"terminal.tmux"},
        ),
        ({"TERM": "screen", "TMUX": "/x"}, (80, 24), {"terminal.tmux"}),
    ],
)
def test_a_terminal_that_shows_less(environ: dict[str, str], size: tuple[int, int], doubtful: set[str]) -> None:
    found = list(checks_of(environ, "utf-8", os.terminal_size(size)))
    assert all(check.ok for check in found)
    assert {check.name for check in found if check.warning} == doubtful


def test_a_terminal_without_utf_8_or_colours_or_at_all() -> None:
    latin = list(checks_of({"TERM": "xterm-256color", "NO_COLOR": "1", "LANG": "de_DE"}, "iso-8859-1", None))
    assert "NO_COLOR" in latin[0].what
    assert [check.name for check in latin if check.warning] == ["terminal.encoding"]
    (dumb,) = checks_of({"TERM": "dumb"}, "utf-8", None)
    assert not dumb.ok
    assert "xterm-256color" in dumb.do
