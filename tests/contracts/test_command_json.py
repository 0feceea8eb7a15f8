"""What scripts read: one object on standard output, of the documented shape, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource

from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.store import Store
from tests.command_line import CommandLine

SCHEMAS = Path(__file__).parent / "schemas"


@cache
def registry() -> Registry[Any]:
    documents = (json.loads(file.read_text(encoding="utf-8")) for file in sorted(SCHEMAS.glob("*.json")))
    return Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in documents)


def check(name: str, document: object) -> None:
    """Fails with every place where the document is not as the schema says."""
    schema = registry()[f"{name}.json"].contents
    wrong = Draft202012Validator(schema, registry=registry()).iter_errors(document)
    assert not [f"{error.json_path}: {error.message}" for error in wrong]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], kept_demo: Path) -> CommandLine:
    """The demo's command line after a first sweep."""
    return CommandLine(capsys, tmp_path).polled_demo(kept_demo)


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_the_schemas_are_schemas_and_let_new_fields_in(file: Path) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == file.name
    assert "additionalProperties" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("option", "mode"), [([], "sweep"), (["--increment"], "increment")])
def test_poll(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: list[str], mode: str) -> None:
    command = CommandLine(capsys, tmp_path).keep_demo()
    ran = command.demo("poll", "--once", *option, "--json")
    assert (ran.status, ran.err) == (0, "")
    check("poll", ran.json)
    assert ran.json["mode"] == mode
    assert {each["name"] for each in ran.json["sources"]} == set(DEFAULT_INTERVALS)
    assert ran.json["opened"] > 0
    assert "by" not in ran.json


@pytest.mark.parametrize(
    ("what", "schema"),
    [
        ("issues", "list-items"),
        ("alerts", "list-items"),
        ("updates", "list-updates"),
        ("checklist", "list-checklist"),
        ("sources", "list-sources"),
    ],
)
@pytest.mark.parametrize("every", [[], ["--all"]])
def test_list(command: CommandLine, what: str, schema: str, every: list[str]) -> None:
    ran = command.demo("list", what, *every, "--json")
    assert (ran.status, ran.err) == (0, "")
    check(schema, ran.json)
    assert ran.json["count"] == len(ran.json["items"])
    assert ran.json["as_of"] is not None
    assert ran.json["items"] or what == "alerts"


@pytest.mark.parametrize("by", ["cause", "device", "user", "policy", "app", "platform"])
def test_list_by_group(command: CommandLine, by: str) -> None:
    ran = command.demo("list", "issues", "--group-by", by, "--json")
    check("list-items", ran.json)
    counted = sum(group["count"] for group in ran.json["groups"])
    if by in {"device", "user", "platform"}:
        assert counted == ran.json["count"] > 0
    else:
        assert counted >= ran.json["count"] > 0, "a row stands in the group of each of its causes"
    assert {id_ for group in ran.json["groups"] for id_ in group["ids"]} == {row["id"] for row in ran.json["items"]}
    assert command.demo("list", "checklist", "--group-by", by).status == 2


def test_the_checklist_is_there_before_anything_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = CommandLine(capsys, tmp_path).keep_demo().demo("list", "checklist", "--json")
    assert (ran.status, ran.err) == (0, "")
    check("list-checklist", ran.json)
    assert ran.json["as_of"] is None
    tasks = [row for row in ran.json["items"] if row["template"] in {"m17", "m18", "m19", "m20"}]
    assert [(row["evidence"]["ok"], row["needs_action"]) for row in tasks] == [(False, False)] * 4
    assert all(row["evidence"]["why"] for row in tasks)


def test_show_a_task_of_the_checklist(command: CommandLine) -> None:
    row = command.demo("list", "checklist", "--json").json["items"][0]
    for typed in (row["id"], "m17", "M17@"):
        shown = command.demo("show", typed, "--json")
        assert (shown.status, shown.err) == (0, "")
        check("show", shown.json)
        assert shown.json["item"] == row
    assert [event["event"] for event in shown.json["history"]] == ["checklist.evidence"]
    assert shown.json["history"][0]["data"]["parts"]["polling"] is True


def test_a_cause_is_shown_with_what_is_behind_it_and_covers_it(command: CommandLine) -> None:
    items = command.demo("list", "issues", "--filter", "kind:cause", "--json").json["items"]
    cause = next(row for row in items if row["members"]["count"])
    assert cause["causes"] == []
    shown = command.demo("show", cause["id"], "--json").json
    check("show", shown)
    assert 0 < len(shown["members"]) <= cause["members"]["count"]
    assert isinstance(shown["evidence"]["changes"], list)
    member = shown["members"][0]
    assert (member["label"], member["covered_by"]) == ("SUPPRESSED", None)
    assert command.demo("ack", cause["id"]).status == 0
    after = command.demo("show", member["id"], "--json").json
    check("show", after)
    assert (after["item"]["handling"], after["item"]["covered_by"]) == ("open", "acked")
    assert command.demo("ack", member["id"]).status == 0
    alone = command.demo("show", member["id"], "--json").json["item"]
    assert (alone["detached"], alone["suppressed_by"], alone["covered_by"]) == (True, [], None)


def test_sources_are_not_filtered(command: CommandLine) -> None:
    ran = command.demo("list", "sources", "--filter", "zzz", "--json")
    assert (ran.status, ran.out, len(ran.told)) == (2, "", 2)


def test_show_an_item_with_its_history_and_a_post_with_its_own(command: CommandLine) -> None:
    item = command.demo("list", "issues", "--json").json["items"][0]["id"]
    post = command.demo("list", "updates", "--json").json["items"][0]["id"]
    assert command.demo("ack", item, post, "--json").status == 0
    shown = command.demo("show", item, "--json")
    assert (shown.status, shown.err) == (0, "")
    check("show", shown.json)
    assert [event["event"] for event in shown.json["history"]] == ["item.opened", "item.acked"]
    assert shown.json["history"][1]["actor"] == shown.json["item"]["acked_by"] == "operator"
    assert shown.json["evidence"]
    read = command.demo("show", post, "--json").json
    check("show", read)
    assert [event["event"] for event in read["history"]] == ["update.posted", "update.read"]
    assert read["item"]["read"] is True


@pytest.mark.parametrize(
    ("verb", "label"), [(["ack"], "ACK"), (["note", "--why", "ask the user"], "OPEN")], ids=["ack", "note"]
)
def test_verbs(command: CommandLine, verb: list[str], label: str) -> None:
    item = command.demo("list", "issues", "--json").json["items"][0]["id"]
    ran = command.demo(*verb, item, "--json")
    assert (ran.status, ran.err) == (0, "")
    check("verb", ran.json)
    assert ran.json == {"done": [{"id": item, "version": 2, "label": label}], "already": [], "failed": []}


def test_verbs_that_are_done_already_say_so_and_a_post_answers_for_a_note(command: CommandLine) -> None:
    item = command.demo("list", "issues", "--json").json["items"][0]["id"]
    post = command.demo("list", "updates", "--json").json["items"][0]["id"]
    assert command.demo("unack", item, "--json").json["already"][0]["id"] == item
    command.demo("ack", item, post)
    again = command.demo("ack", item, post, "--json")
    check("verb", again.json)
    assert [each["id"] for each in again.json["already"]] == [item, post]
    assert "operator" in again.json["already"][0]["why"]
    partly = command.demo("note", item, post, "--why", "for whom?", "--json")
    assert partly.status == 5
    check("verb", partly.json)
    assert [[each["id"] for each in partly.json[part]] for part in ("done", "failed")] == [[item], [post]]


def test_resolving_what_still_fires_needs_a_reason(command: CommandLine) -> None:
    item = command.demo("list", "issues", "--filter", "kind:jailbroken", "--json").json["items"][0]["id"]
    refused = command.demo("resolve", item, "--json")
    assert refused.status == 5
    check("verb", refused.json)
    assert "reason" in refused.json["failed"][0]["why"]
    done = command.demo("resolve", item, "--why", "wiped this morning", "--json")
    check("verb", done.json)
    assert [(each["id"], each["label"]) for each in done.json["done"]] == [(item, "RESOLVED")]
    assert command.demo("resolve", item, "--json").json["already"][0]["id"] == item
    assert item not in {row["id"] for row in command.demo("list", "issues", "--json").json["items"]}
    assert command.demo("reopen", item, "--json").json["done"][0]["label"] == "REOPENED"
    assert command.demo("reopen", item, "--json").json["already"][0]["id"] == item


def test_resolving_a_post_is_the_teams_being_done(command: CommandLine) -> None:
    post = command.demo("list", "updates", "--json").json["items"][0]["id"]
    done = command.demo("resolve", post, "--json")
    check("verb", done.json)
    assert done.json["done"] == [{"id": post, "version": None, "label": "done"}]
    row = next(row for row in command.demo("list", "updates", "--json").json["items"] if row["id"] == post)
    assert (row["done"], row["read"]) == (True, False)
    assert command.demo("resolve", post, "--json").json["already"][0]["id"] == post
    assert command.demo("reopen", post, "--json").json["done"][0]["label"] == "reopened"
    assert command.demo("reopen", post, "--json").json["already"][0]["id"] == post


def test_paths(command: CommandLine) -> None:
    ran = command.demo("paths", "--json")
    check("paths", ran.json)
    assert ran.json["state"] == str(command.root / "demo")


def test_paths_before_there_are_settings(command: CommandLine) -> None:
    ran = command("paths", "--json")
    assert (ran.status, ran.err) == (0, "")
    check("paths", ran.json)
    assert ran.json["state"] is None
    assert ran.json["settings"].endswith("config.toml")
    assert ran.json["settings"] in command("paths").out


def test_doctor_when_all_is_well_and_when_not(command: CommandLine) -> None:
    ran = command.demo("doctor", "--json")
    assert ran.status == 0
    check("doctor", ran.json)
    assert ran.json["ok"] is True
    assert {"settings", "sign-in", "state", "history", "poller"} <= {each["name"] for each in ran.json["checks"]}
    without = command("doctor", "--json")
    assert without.status == 2
    check("doctor", without.json)
    assert [each["name"] for each in without.json["checks"] if not each["ok"]] == ["settings"]


def test_every_event_of_the_history_has_the_documented_shape(command: CommandLine) -> None:
    """Also as it lies on the disk: names are opaque there, nothing else differs."""
    command.demo("ack", command.demo("list", "issues", "--json").json["items"][0]["id"], "--json")
    lines = (command.root / "demo" / "journal-000001.jsonl").read_bytes().splitlines()
    events = [json.loads(line) for line in lines]
    for event in events:
        check("event", event)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    opened = next(event for event in events if event["event"] == "item.opened")
    assert {"kind", "source", "severity", "subject_type", "subject_id", "first_seen"} <= opened["data"].keys()
    store = Store.open(command.root / "demo", tenant="demo", profile="demo", read_only=True)
    assert store.journal.verify() == []


def test_a_process_keeps_its_words_to_standard_error(command: CommandLine) -> None:
    """As above in a process of its own, where imports, warnings and the interpreter's end may speak too."""

    def process(*arguments: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "omconsole", *arguments, "--profile", "demo", "--state-dir", str(command.root)]
        return subprocess.run(call, capture_output=True, text=True, check=False, timeout=30)

    polled = process("poll", "--once", "--json")
    assert (polled.returncode, polled.stderr) == (0, "")
    check("poll", json.loads(polled.stdout))
    listed = process("list", "issues", "--json")
    assert (listed.returncode, listed.stderr, listed.stdout.count("\n")) == (0, "", 1)
    check("list-items", json.loads(listed.stdout))
    refused = process("ack", "zzzzzzzzzz", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 2


@pytest.mark.parametrize("name", ["login", "logout"])
def test_sign_in(command: CommandLine, name: str) -> None:
    ran = command.demo(name, "--json")
    check(name, ran.json)
    assert ran.status == 0
