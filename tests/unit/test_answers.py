"""Answers of a tenant: what they allow, how long they count, and the file that keeps them."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from omconsole.domain.answers import (
    DEVICE_PAGE,
    IGNORED,
    INCOMPLETE,
    ISSUE_FILTER,
    NOT_ASKED,
    POST_FILTER,
    REFUSED,
    REPORT_PARTS,
    REPORT_SESSION,
    ROLES,
    UNTOLD,
    WORKS,
    Answer,
    Answers,
    Value,
    merged,
)
from omconsole.errors import StateError
from omconsole.store.answers import FILE_NAME, load_answers, save_answers

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
DAY = timedelta(days=1)


def told(id_: str, value: Value, *, ago: timedelta = timedelta(), words: str = "so it is", why: str = "") -> Answer:
    return Answer(id=id_, answer=value, words=words, asked_at=NOW - ago, why=why)


def test_unanswered_is_the_slow_safe_way() -> None:
    assert Answers() == Answers.of([], NOW)
    assert Answers() == Answers(
        device_page=None, filters_posts=False, filters_issues=False, keeps_session=False, batches_reports=False
    )


def test_what_works_is_used() -> None:
    every = [
        told(DEVICE_PAGE, 999),
        told(POST_FILTER, WORKS),
        told(ISSUE_FILTER, WORKS),
        told(REPORT_SESSION, WORKS),
        told(REPORT_PARTS, "base64"),
    ]
    assert Answers.of(every, NOW) == Answers(
        device_page=999, filters_posts=True, filters_issues=True, keeps_session=True, batches_reports=True
    )


@pytest.mark.parametrize("value", [IGNORED, REFUSED, INCOMPLETE, UNTOLD, NOT_ASKED, None, "WORKS!", True, 1])
def test_any_other_answer_is_not_used(value: Value) -> None:
    ids = (POST_FILTER, ISSUE_FILTER, REPORT_SESSION, REPORT_PARTS)
    assert Answers.of([told(id_, value) for id_ in ids], NOW) == Answers()


@pytest.mark.parametrize("value", [0, -1, 5_001, True, "1000", None])
def test_no_page_is_asked_for_that_cannot_be(value: Value) -> None:
    assert Answers.of([told(DEVICE_PAGE, value)], NOW) == Answers()


@pytest.mark.parametrize(("ago", "counts"), [(180 * DAY, True), (181 * DAY, False), (-DAY, False)])
def test_an_answer_counts_for_half_a_year(ago: timedelta, counts: bool) -> None:
    assert Answers.of([told(POST_FILTER, WORKS, ago=ago)], NOW).filters_posts is counts


def test_what_tells_nothing_takes_no_good_answer_away() -> None:
    before = [told(POST_FILTER, WORKS, ago=DAY), told(ISSUE_FILTER, WORKS, ago=200 * DAY), told(ROLES, "Global Reader")]
    today = [told(POST_FILTER, UNTOLD), told(ISSUE_FILTER, None), told(ROLES, "Helpdesk Administrator")]
    assert merged(before, today, NOW) == (before[0], today[1], today[2])


def test_answers_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    answers = (told(DEVICE_PAGE, 1000), told(ROLES, None, why="it was not possible"), told(POST_FILTER, WORKS, ago=DAY))
    save_answers(tmp_path / "contoso", answers)
    kept = load_answers(tmp_path / "contoso")
    assert (kept.answers, kept.notice) == (answers, "")
    assert stat.S_IMODE((tmp_path / "contoso" / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "contoso").iterdir()] == [FILE_NAME]


def test_nothing_kept_is_nothing_wrong(tmp_path: Path) -> None:
    kept = load_answers(tmp_path)
    assert (kept.answers, kept.notice) == ((), "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format":1}',
        b'{"format":1,"answers":[{"id":3}]}',
        b'{"format":1,"answers":[{"id":"roles","answer":{},"words":"","asked_at":"2026-11-22T09:41:00Z"}]}',
        b'{"format":2,"answers":[]}',
    ],
)
def test_a_damaged_file_is_as_good_as_none_and_told_of(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    kept = load_answers(tmp_path)
    assert kept.answers == ()
    assert FILE_NAME in kept.notice


def test_times_that_are_none_are_left_out(tmp_path: Path) -> None:
    text = '{"format":1,"answers":[%s]}'
    one = '{"id":"roles","answer":"x","words":"","asked_at":"%s"}'
    times = ["0001-01-01T00:00:00+14:00", "2026-11-22T09:41:00", "2026-11-22T10:41:00+01:00"]
    (tmp_path / FILE_NAME).write_text(text % ",".join(one % time for time in times), encoding="utf-8")
    assert [answer.asked_at for answer in load_answers(tmp_path).answers] == [NOW]


def test_texts_are_harmless_on_the_way_in_and_out(tmp_path: Path) -> None:
    hostile = "Global\x1b]0;x\x07\u202e Reader\n"
    save_answers(tmp_path, [told(ROLES, hostile, words=hostile, why=hostile)])
    (kept,) = load_answers(tmp_path).answers
    assert {kept.answer, kept.words, kept.why} == {"Global Reader⏎"}
    content = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(content.replace("⏎".encode(), b"\\u001b[2J"))
    (kept,) = load_answers(tmp_path).answers
    assert kept.words == "Global Reader"


def test_a_directory_that_cannot_be_used_is_said_in_two_lines(tmp_path: Path) -> None:
    (tmp_path / "contoso").write_text("")
    with pytest.raises(StateError) as caught:
        save_answers(tmp_path / "contoso", [told(ROLES, "x")])
    assert caught.value.what
    assert caught.value.do
