"""What a person gets for a mistake or a missing piece: the exit status, and two lines that say what and what to do."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from omconsole.commands.poll import ending_signals
from omconsole.commands.resolving import resolve
from omconsole.domain import triage as law
from omconsole.domain.fold import fold
from omconsole.errors import UsageError
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.store.journal import Journal
from omconsole.store.lookup import meant
from tests.command_line import CommandLine, Ran
from tests.unit.domain_builders import T0, observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from omconsole.domain.events import Event

TOKEN = "a-token-of-the-test"
NOTHING = b'{"value":[],"TotalRowCount":0,"Schema":[],"Values":[]}'
"""An empty list, and an empty report."""


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys, tmp_path / "state")


@pytest.fixture
def polled(command: CommandLine, kept_demo: Path) -> CommandLine:
    """The demo after a sweep."""
    return command.polled_demo(kept_demo)


@pytest.fixture
def settings(own_home: Path) -> Callable[[str], Path]:
    """Writes the settings file where it is looked for."""

    def write(text: str) -> Path:
        file = own_home / "config" / "omconsole" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def refused(ran: Ran, status: int, *words: str) -> None:
    """Nothing on standard output; two lines on standard error, in which these words stand."""
    assert (ran.status, ran.out) == (status, "")
    assert len(ran.told) == 2, ran.err
    assert all(line.strip() for line in ran.told), ran.err
    for word in words:
        assert word in ran.err


@contextmanager
def answering(status: int, kind: str, body: bytes, **others: tuple[int, str, bytes]) -> Iterator[str]:
    """A server on this machine that answers everything alike, but for `others` by their path; its root."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = others.get(self.path.partition("?")[0], (status, kind, body))
            self.send_response(answer[0])
            self.send_header("Content-Type", answer[1])
            self.send_header("Content-Length", str(len(answer[2])))
            self.end_headers()
            self.wfile.write(answer[2])

        def do_POST(self) -> None:
            """Reports are asked for with a body."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


# --- usage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lsit"], "lsit"),
        (["list", "issues", "--jsno"], "--jsno"),
        (["list"], "issues"),
        (["list", "checklists"], "checklists"),
        (["show"], "ID"),
        (["ack"], "--filter"),
        (["note", "x7k2m9qf3a"], "--why"),
        (["demo", "--devices", "none"], "none"),
        (["list", "issues", "--profile", "../x"], "x"),
        (["list", "issues", "--theme", "pink"], "pink"),
        (["list", "issues", "--lang", "fr"], "fr"),
    ],
)
def test_a_mistake_on_the_command_line(command: CommandLine, arguments: list[str], words: str) -> None:
    named = [] if "--profile" in arguments else ["--profile", "demo"]
    refused(command(*arguments, *(named if arguments[0] != "lsit" else [])), 2, words)


def test_options_stand_before_or_after_the_command(
    command: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from omconsole.cli import run

    capsys.readouterr()
    before = run(["--profile", "demo", "--state-dir", str(tmp_path / "a"), "paths", "--json"])
    first = capsys.readouterr().out
    after = run(["paths", "--json", "--profile", "demo", "--state-dir", str(tmp_path / "a")])
    assert (before, after) == (0, 0)
    assert capsys.readouterr().out == first
    run(
        ["--state-dir", str(tmp_path / "a"), "paths", "--json", "--profile", "demo", "--state-dir", str(tmp_path / "b")]
    )
    assert str(tmp_path / "b" / "demo") in capsys.readouterr().out


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_language_is_spoken_wherever_its_option_stands(command: CommandLine, place: str) -> None:
    language = ("--lang", "de")
    arguments = (*language, "list", "issues") if place == "before" else ("list", "issues", *language)
    ran = command.demo(*arguments)
    assert ran.status == 5
    assert "noch nichts" in ran.err
    assert "omconsole poll --once" in ran.err


# --- what nobody expects ----------------------------------------------------------------------------------------------


def test_an_error_of_the_program_itself_is_told_and_kept_without_values(
    command: CommandLine, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_options: object) -> int:
        token = "hush"
        raise RuntimeError(f"of {len(token)} characters")

    monkeypatch.setattr("omconsole.commands.doctor.run_keys", broken)
    ran = command("keys")
    assert (ran.status, ran.out) == (1, "")
    assert "RuntimeError: of 4 characters" in ran.err
    kept = own_home / "data" / "omconsole" / "user.d" / "log" / "crash.txt"
    assert str(kept) in ran.told[-1]
    assert "RuntimeError" in kept.read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [["keys"], ["paths", "--json"], ["--help"]], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_under_the_output(arguments: list[str], unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "omconsole", *arguments],
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 2, ran.stderr


def test_a_terminal_without_the_sign_shows_another(polled: CommandLine) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "omconsole", "list", "updates", "--profile", "demo", "--state-dir", str(polled.root)],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b"?")


# --- settings and sign-in ---------------------------------------------------------------------------------------------


def test_no_settings_file(command: CommandLine, own_home: Path) -> None:
    refused(command("list", "issues"), 2, str(own_home / "config" / "omconsole" / "config.toml"), "omconsole demo")


def test_an_unknown_key_is_told_with_its_file_and_the_nearest(
    command: CommandLine, settings: Callable[[str], Path]
) -> None:
    file = settings('[profiles.contoso]\nauht = "token"\n')
    refused(command("list", "issues"), 2, str(file), "profiles.contoso.auht", "“profiles.contoso.auth”")


def test_a_profile_names_its_tenant_from_the_beginning(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    file = settings('[profiles.contoso]\nauth = "token"\n')
    for arguments in (["poll", "--once"], ["list", "issues"], ["ack", "x7k2m9qf3a"]):
        refused(command(*arguments), 2, f"{file}: profiles.contoso.tenant_id: ", "Entra")
    assert command("list", "issues", profile="demo").status == 5


def test_a_missing_token(command: CommandLine, settings: Callable[[str], Path]) -> None:
    settings('[profiles.contoso]\ntenant_id = "contoso"\nauth = "token"\ngraph_url = "http://127.0.0.1:1"\n')
    refused(command("poll", "--once", "--json"), 3, "OMCONSOLE_TOKEN")
    refused(command("poll"), 3, "OMCONSOLE_TOKEN")
    assert command("doctor").status == 3


def test_a_refused_token(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    body = (
        b'{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired."}}'
    )
    with answering(401, "application/json", body) as root:
        settings(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "{root}"\n')
        ran = command("poll", "--once")
    assert ran.status == 3
    assert len(ran.told) == 2
    assert "expired" in ran.err
    assert "OMCONSOLE_TOKEN" in ran.err
    assert TOKEN not in ran.err + ran.out


def test_an_unreachable_server(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    monkeypatch.setattr("omconsole.graph.request.back_off", lambda *_: 0.001)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "http://127.0.0.1:{port}"\n')
    ran = command("poll", "--once", "--json")
    assert ran.status == 5
    assert len(ran.told) == 2
    assert "127.0.0.1" in ran.err
    assert {each["status"] for each in ran.json["sources"]} == {"failed"}
    listed = command("list", "issues", "--json")
    assert (listed.status, listed.json["as_of"], listed.json["count"]) == (5, None, 0)


def test_a_server_that_is_not_graph(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    with answering(200, "text/html", b"<!doctype html><title>Welcome to the hotel</title>") as root:
        settings(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "{root}"\n')
        ran = command("poll", "--once")
    assert ran.status == 5
    assert len(ran.told) == 2
    assert "web page" in ran.err


def test_a_missing_permission_is_no_failure_and_hides_no_other_source(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    refusal = b'{"error":{"code":"Forbidden","message":"Needs DeviceManagementConfiguration.Read.All."}}'
    missing = {
        "/v1.0/$batch": (405, "application/json", b"{}"),
        "/beta/$batch": (405, "application/json", b"{}"),
        "/v1.0/deviceManagement/managedDeviceOverview": (403, "application/json", refusal),
        "/v1.0/deviceManagement/subscriptionState": (200, "application/json", b'{"value":"active"}'),
    }
    with answering(200, "application/json", NOTHING, **missing) as root:
        settings(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "{root}"\n')
        ran = command("poll", "--once", "--json")
    assert (ran.status, ran.err) == (0, "")
    told = {each["name"]: each["status"] for each in ran.json["sources"]}
    assert told == {name: "forbidden" if name == "overview" else "ok" for name in DEFAULT_INTERVALS}
    for what in ("issues", "alerts", "updates"):
        listed = command("list", what, "--json")
        assert (listed.status, listed.err) == (0, "")
        assert listed.json["as_of"] == ran.json["finished"]
    sources = {each["name"]: each for each in command("list", "sources", "--json").json["items"]}
    assert sources["overview"]["state"] == "forbidden"
    assert sources["overview"]["needs"] == ["DeviceManagementConfiguration.Read.All"]
    assert sources["overview"]["last_ok"] is None


def test_a_list_whose_source_was_only_read_in_part_says_so_and_shows_what_there_is(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    rows = b'{"value":[{"id":"d1","deviceName":"LAP-1","jailBroken":"True"},{"id":5}]}'
    devices = {"/v1.0/deviceManagement/managedDevices": (200, "application/json", rows)}
    with answering(200, "application/json", b'{"value":[]}', **devices) as root:
        settings(f'[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "{root}"\n')
        ran = command("poll", "--once", "--json")
    assert ran.status == 5
    read = next(each for each in ran.json["sources"] if each["name"] == "devices")
    assert (read["status"], read["complete"]) == ("partial", False)
    listed = command("list", "issues", "--json")
    assert (listed.status, listed.json["as_of"]) == (5, None)
    assert [item["title"].partition(" ")[0] for item in listed.json["items"]] == ["LAP-1"]
    assert len(listed.told) == 2
    assert "1 " in listed.told[1]


# --- state ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["list", "issues"], ["poll", "--once"], ["ack", "x7k2m9qf3a"], ["doctor"]])
def test_a_file_stands_where_the_state_should_be(command: CommandLine, arguments: list[str]) -> None:
    command.root.mkdir()
    (command.root / "demo").write_text("a file")
    ran = command.demo(*arguments)
    assert ran.status == 4
    assert str(command.root / "demo") in ran.err + ran.out
    if arguments != ["doctor"]:
        refused(ran, 4)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_written(command: CommandLine) -> None:
    command.root.mkdir(mode=0o500)
    refused(command.demo("poll", "--once"), 4, str(command.root))


def test_another_tenants_state(
    command: CommandLine, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    with answering(200, "application/json", b'{"value":[]}') as root:
        settings(f'[profiles.contoso]\ntenant_id = "contoso.example"\ngraph_url = "{root}"\n')
        assert command("poll", "--once").status in {0, 5}
        settings(f'[profiles.contoso]\ntenant_id = "fabrikam.example"\ngraph_url = "{root}"\n')
        for arguments in (["poll", "--once"], ["list", "issues"], ["ack", "x7k2m9qf3a"], ["show", "x7k2m9qf3a"]):
            refused(command(*arguments), 4, "contoso.example", "another tenant")


@pytest.mark.parametrize("what", ["issues", "alerts", "updates"])
def test_a_list_before_any_poll(command: CommandLine, what: str) -> None:
    ran = command.demo("list", what, "--json")
    assert ran.status == 5
    assert len(ran.told) == 2
    assert ran.json == {"as_of": None, "count": 0, "items": []}
    assert not command.root.exists(), "reading makes nothing"


def test_a_poller_under_nohup_outlives_the_hang_up() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        assert signal.SIGHUP in ending_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert ending_signals() == [signal.SIGTERM, signal.SIGINT]
    finally:
        signal.signal(signal.SIGHUP, before)


# --- ids and filters --------------------------------------------------------------------------------------------------


def test_an_unknown_id_leaves_the_others_untouched(polled: CommandLine) -> None:
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    refused(polled.demo("ack", item, "zzzzzzzzzz", "--json"), 2, "zzzzzzzzzz", "omconsole list")
    refused(polled.demo("show", "zzzzzzzzzz"), 2, "zzzzzzzzzz")
    assert polled.demo("show", item, "--json").json["item"]["handling"] == "open"


def test_an_ambiguous_id_names_its_candidates(polled: CommandLine) -> None:
    posts = sorted(each["id"] for each in polled.demo("list", "updates", "--json").json["items"])
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    shared = posts[0][:6]
    assert posts[1].startswith(shared)
    refused(polled.demo("ack", item, shared, "--json"), 2, posts[0], posts[1])
    refused(polled.demo("show", shared), 2, posts[0], posts[1])
    assert polled.demo("show", item, "--json").json["item"]["handling"] == "open"


def test_a_prefix_and_capitals_name_an_item(polled: CommandLine) -> None:
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    assert polled.demo("ack", item[:6].upper(), "--json").json["done"][0]["id"] == item


def test_an_item_that_is_named_twice_is_acknowledged_once(polled: CommandLine) -> None:
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    ran = polled.demo("ack", item[:6], item, item.upper(), "--json")
    assert ran.status == 0
    assert ran.json == {"done": [{"id": item, "version": 2, "label": "ACK"}], "already": [], "failed": []}
    history = polled.demo("show", item, "--json").json["history"]
    assert [event["event"] for event in history] == ["item.opened", "item.acked"]


def test_show_and_ack_mean_the_same(polled: CommandLine) -> None:
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    post = polled.demo("list", "updates", "--json").json["items"][0]["id"]
    for typed, id_ in ((item[:7], item), (post.lower(), post)):
        assert polled.demo("show", typed, "--json").json["item"]["id"] == id_
        assert polled.demo("ack", typed, "--json").json["done"][0]["id"] == id_
    for typed in (f"{item}x", f"{item}.7", item[:3], "\udcff\udcfe\udcfd\udcfc", "ßßßß"):
        refused(polled.demo("show", typed), 2, "omconsole list")
        refused(polled.demo("ack", typed), 2, "omconsole list")


def test_what_is_written_about_an_item_obeys_no_terminal(polled: CommandLine) -> None:
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    hostile = "ask\x1b]52;c;aHVzaA==\x07 Eva\nto\udcff\u202emorrow" + "." * 3000
    assert polled.demo("note", item, "--why", hostile).status == 0
    assert polled.demo("ack", item, "--why", "\x1b[31mred\x1b[0m").status == 0
    noted, acked = polled.demo("show", item, "--json").json["history"][1:]
    assert noted["why"].startswith("ask Eva\nto\N{REPLACEMENT CHARACTER}morrow.")
    assert len(noted["why"]) == 2000
    assert acked["why"] == "red"
    assert "\x1b" not in polled.demo("show", item).out
    refused(polled.demo("note", item, "--why", "\x1b[31m \x1b[0m"), 2, "--why")


def test_a_filter_that_shows_nothing_does_nothing(command: CommandLine) -> None:
    ran = command.demo("ack", "--filter", "laptop", "--yes", "--json")
    assert (ran.status, ran.json) == (0, {"done": [], "already": [], "failed": []})
    assert "0 " in ran.told[0]
    assert not command.root.exists()


def test_a_filter_above_twenty_rows_asks_first(polled: CommandLine) -> None:
    rows = [row for pane in ("alerts", "issues") for row in polled.demo("list", pane, "--json").json["items"]]
    count = sum(not row["suppressed_by"] for row in rows)
    assert count > 20
    ran = polled.demo("ack", "--filter", "", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert str(count) in ran.told[0]
    assert "--yes" in ran.told[-1]
    assert not [each for each in polled.demo("list", "issues", "--json").json["items"] if each["acked_at"]]
    done = polled.demo("ack", "--filter", "", "--yes", "--json")
    assert (done.status, len(done.json["done"])) == (0, count)
    again = polled.demo("ack", "--filter", "", "--yes", "--json")
    assert (again.status, len(again.json["already"])) == (0, count)


def test_many_rows_are_written_in_holds_that_let_others_in(
    polled: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds: list[int] = []
    append = Journal.append

    def counted(journal: Journal, drafts: Sequence[Event], at: datetime) -> list[Event]:
        holds.append(len(drafts))
        return append(journal, drafts, at)

    monkeypatch.setattr(Journal, "append", counted)
    monkeypatch.setattr("omconsole.commands.act.EVENTS_A_HOLD", 10)
    done = polled.demo("ack", "--filter", "", "--yes", "--json").json["done"]
    assert max(holds) == 10
    assert sum(holds) == len(done) == len({each["id"] for each in done}) > 20


def test_an_item_and_a_post_that_begin_alike_are_both_named() -> None:
    opened = law.on_firing(None, "mc1200000000", observation("d1"), T0)
    assert opened is not None
    item = fold(None, replace(opened, at=T0))
    assert item is not None
    found = meant("mc12", [item])
    with pytest.raises(UsageError) as told:
        resolve("MC12", found, lambda: ["MC123456", "MC900000"])
    assert "MC123456, mc12000000" in told.value.do
    assert resolve("mc120", meant("mc120", [item]), lambda: ["MC123456"]) == item.id
    assert resolve("mc123456", [], lambda: ["MC123456", "MC1234567"]) == "MC123456"


def test_a_filter_narrows_lists_and_verbs_alike(polled: CommandLine) -> None:
    rows = polled.demo("list", "issues", "--filter", "kind:jailbroken", "--json").json
    assert 0 < rows["count"] <= 20
    assert {each["kind"] for each in rows["items"]} == {"device.jailbroken"}
    done = polled.demo("ack", "--filter", "kind:jailbroken", "--json").json["done"]
    assert {each["id"] for each in done} == {each["id"] for each in rows["items"]}


@pytest.mark.parametrize("command_", [["list", "issues"], ["list", "updates"], ["ack"]], ids=" ".join)
def test_a_filter_that_cannot_be_understood_shows_where(polled: CommandLine, command_: list[str]) -> None:
    ran = polled.demo(*command_, "--filter", "lap colour:red")
    refused(ran, 2, "colour", "lap →colour:red")


def test_ids_and_a_filter_do_not_go_together(polled: CommandLine) -> None:
    refused(polled.demo("ack", "x7k2m9qf3a", "--filter", "lap"), 2, "--filter")


@pytest.mark.parametrize("verb", ["ack", "unack", "note"])
def test_view_only_has_no_verbs(polled: CommandLine, verb: str) -> None:
    item = polled.demo("list", "issues", "--json").json["items"][0]["id"]
    refused(polled.demo(verb, item, "--why", "because", "--view-only"), 2, "--view-only")
    assert polled.demo("show", item, "--json").json["item"]["version"] == 1


def test_the_demo_goes_on_in_its_kept_world(command: CommandLine) -> None:
    command.keep_demo()
    refused(command("demo", "--devices", "300"), 2, "--fresh", "120")
    refused(command("demo", "--scenario", "storm"), 2, "--fresh", "busy")


def test_people_are_named_by_option_environment_and_login(polled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (each["id"] for each in polled.demo("list", "issues", "--json").json["items"][:3])
    polled.demo("ack", first)
    monkeypatch.setenv("OMCONSOLE_USER", "Ben")
    polled.demo("ack", second)
    polled.demo("ack", third, "--as", "Cleo")
    shown = {each["id"]: each["acked_by"] for each in polled.demo("list", "issues", "--json").json["items"]}
    assert [shown[each] for each in (first, second, third)] == ["operator", "Ben", "Cleo"]
