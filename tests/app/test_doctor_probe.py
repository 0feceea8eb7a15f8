"""`omconsole doctor --probe`: what the tenant is asked, what is kept of it, and what it says when it cannot ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.answers import DEVICE_FILTER, DEVICE_PAGE, IGNORED, NOT_ASKED, POST_FILTER, UNTOLD, WORKS, Answer
from omconsole.probe.questions import QUESTIONS
from omconsole.store.answers import FILE_NAME, load_answers, save_answers
from tests.command_line import CommandLine, Ran
from tests.simulated_tenant import TOKEN, SimulatedTenant, profile

if TYPE_CHECKING:
    from pathlib import Path

IDS = [each.id for each in QUESTIONS]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys, tmp_path / "state").keep_demo()


def answers_of(ran: Ran) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in ran.json["answers"]}


def check_of(ran: Ran, name: str) -> dict[str, Any]:
    (check,) = [each for each in ran.json["checks"] if each["name"] == name]
    return dict(check)


def test_the_tenant_is_asked_every_question_and_its_answers_are_kept(command: CommandLine) -> None:
    ran = command.demo("doctor", "--probe", "--json")
    assert ran.status == 0, ran.err
    answers = answers_of(ran)
    assert list(answers) == IDS
    assert (answers[DEVICE_FILTER]["answer"], answers[DEVICE_PAGE]["answer"]) == (IGNORED, UNTOLD)
    assert answers["action-ids"]["answer"] == NOT_ASKED
    assert answers["action-ids"]["why"]
    assert check_of(ran, "probe")["ok"]
    assert FILE_NAME in check_of(ran, "answers")["what"]
    kept = load_answers(command.root / "demo")
    assert {each.id: each.answer for each in kept.answers} == {id_: each["answer"] for id_, each in answers.items()}


def test_progress_goes_to_standard_error_and_says_how_it_asks(command: CommandLine) -> None:
    ran = command.demo("doctor", "--probe")
    assert len(ran.told) == len(IDS)
    assert ran.told[0].startswith("1/13 How many devices")
    assert "(reads " in ran.told[0]
    for question in QUESTIONS:
        assert question.words() in ran.out
    assert f"Since {datetime.now(UTC):%Y-}" in ran.out


def test_nothing_is_asked_without_the_option(command: CommandLine) -> None:
    ran = command.demo("doctor", "--json")
    assert "answers" not in ran.json
    assert not (command.root / "demo" / FILE_NAME).exists()


def test_an_answer_that_tells_something_outlives_a_probe_that_tells_nothing(command: CommandLine) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    known = Answer(id=DEVICE_PAGE, answer=1_000, words="so it was", asked_at=yesterday)
    outdated = Answer(id=POST_FILTER, answer=WORKS, words="so it was", asked_at=yesterday)
    foreign = Answer(id="of-another-version", answer=WORKS, words="so it was", asked_at=yesterday)
    save_answers(command.root / "demo", [known, outdated, foreign])
    answers = answers_of(command.demo("doctor", "--probe", "--json"))
    assert answers[DEVICE_PAGE]["answer"] == 1_000
    assert answers[DEVICE_PAGE]["asked_at"].startswith(f"{yesterday:%Y-%m-%d}")
    assert answers[POST_FILTER]["answer"] == IGNORED
    assert list(answers) == IDS


def test_a_damaged_file_is_told_of_and_written_anew(command: CommandLine) -> None:
    (command.root / "demo" / FILE_NAME).write_text("{", encoding="utf-8")
    ran = command.demo("doctor", "--probe", "--json")
    assert any("damaged" in each["what"] for each in ran.json["checks"])
    assert ran.status == 0
    assert load_answers(command.root / "demo").notice == ""


def test_answers_that_cannot_be_kept_are_told_all_the_same(command: CommandLine) -> None:
    (command.root / "demo" / FILE_NAME).mkdir()
    ran = command.demo("doctor", "--probe", "--json")
    assert ran.status == 4
    assert list(answers_of(ran)) == IDS


def test_a_tenant_is_asked_over_http(command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    with SimulatedTenant(devices=1_100, epoch="2026-11-22T00:00:00") as tenant:
        file = profile(tmp_path / "config.toml", tenant.graph_url)
        ran = command("doctor", "--probe", "--json", "--config", str(file), profile="contoso")
    told = {id_: each["answer"] for id_, each in answers_of(ran).items()}
    assert check_of(ran, "probe")["ok"], told
    assert (told[DEVICE_PAGE], told["report-parts"], told["report-session"]) == (1_000, "base64", WORKS)


@pytest.fixture
def contoso(tmp_path: Path) -> Path:
    """The settings of a tenant that cannot be reached."""
    file = tmp_path / "config.toml"
    file.write_text('[profiles.contoso]\ntenant_id = "contoso"\ngraph_url = "http://127.0.0.1:9"\n', encoding="utf-8")
    return file


def test_who_is_not_signed_in_is_told_so_once(command: CommandLine, contoso: Path) -> None:
    ran = command("doctor", "--probe", "--json", "--config", str(contoso), profile="contoso")
    assert ran.status == 3
    assert not check_of(ran, "probe")["ok"]
    assert ran.err == ""
    assert not (command.root / "contoso" / FILE_NAME).exists()


def test_a_tenant_that_cannot_be_reached_leaves_reasons(
    command: CommandLine, contoso: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMCONSOLE_TOKEN", "a-token")
    monkeypatch.setattr("omconsole.graph.throttling.BACK_OFF_S", 0.0)
    ran = command("doctor", "--probe", "--json", "--config", str(contoso), profile="contoso")
    assert ran.status == 5
    assert answers_of(ran)[DEVICE_PAGE]["answer"] is None
    assert "127.0.0.1" in answers_of(ran)[DEVICE_PAGE]["why"]
    assert "127.0.0.1" in check_of(ran, "probe")["do"]
    content = json.loads((command.root / "contoso" / FILE_NAME).read_bytes())
    assert content["format"] == 1
