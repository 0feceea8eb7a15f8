"""The journal: nothing acknowledged is lost, nothing half is read, and an edit shows."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import msgspec
import pytest

from omconsole.domain.events import FORMAT, Event
from omconsole.errors import StateError, StateLocked, StateNewer
from omconsole.store.journal import Journal
from omconsole.store.reading import JournalRewrittenError
from tests.unit.domain_builders import T0

if TYPE_CHECKING:
    from pathlib import Path


def noted(text: str) -> Event:
    return Event(event="item.noted", item="i", key="k", why=text)


def write(journal: Journal, *texts: str) -> list[Event]:
    with journal.locked():
        journal.read_new()
        events = journal.append([noted(text) for text in texts], T0)
        journal.sync()
        return events


def said(events: list[Event]) -> list[str | None]:
    return [event.why for event in events]


def test_events_are_numbered_stamped_and_chained(tmp_path: Path) -> None:
    first, second = write(Journal(tmp_path), "one", "two")
    assert (first.seq, second.seq, first.at) == (1, 2, T0)
    assert first.prev_hash == "0" * 64
    assert second.prev_hash != first.prev_hash
    assert Journal(tmp_path).read_new() == [first, second]
    assert Journal(tmp_path).verify() == []


def test_each_of_two_writers_goes_on_from_the_others_last_line(tmp_path: Path) -> None:
    one, other = Journal(tmp_path), Journal(tmp_path)
    for text in "abcdef":
        write(one if text in "ace" else other, text)
    assert said(Journal(tmp_path).read_new()) == list("abcdef")
    assert [event.seq for event in Journal(tmp_path).events()] == [1, 2, 3, 4, 5, 6]
    assert Journal(tmp_path).verify() == []


def test_a_reader_sees_only_what_is_new(tmp_path: Path) -> None:
    writer, reader = Journal(tmp_path), Journal(tmp_path)
    write(writer, "a")
    assert said(reader.read_new()) == ["a"]
    assert reader.read_new() == []
    write(writer, "b", "c")
    assert said(reader.read_new()) == ["b", "c"]
    again = Journal(tmp_path)
    again.seek(reader.position)
    assert again.holds(reader.position)
    assert again.read_new() == []


def test_a_torn_last_line_is_no_event_and_the_next_writer_cuts_and_reports_it(tmp_path: Path) -> None:
    write(Journal(tmp_path), "kept")
    path = tmp_path / "journal-000001.jsonl"
    with path.open("ab") as file:
        file.write(b'{"v":1,"seq":2,"event":"item.no')
    assert said(Journal(tmp_path).read_new()) == ["kept"]
    writer = Journal(tmp_path)
    write(writer, "next")
    assert said(Journal(tmp_path).read_new()) == ["kept", "next"]
    assert "journal-000001.jsonl" in writer.notices[0]
    assert Journal(tmp_path).verify() == []


def test_a_damaged_line_in_the_middle_is_named_by_file_and_number(tmp_path: Path) -> None:
    write(Journal(tmp_path), "one", "two", "three")
    path = tmp_path / "journal-000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"garbage\n" + lines[2])
    with pytest.raises(StateError) as error:
        Journal(tmp_path).read_new()
    assert "2" in error.value.what
    assert "journal-000001.jsonl" in error.value.what
    assert error.value.do
    assert [problem.line for problem in Journal(tmp_path).verify()] == [2, 3]


def test_an_edited_line_breaks_the_chain_at_the_next_one(tmp_path: Path) -> None:
    write(Journal(tmp_path), "one", "two", "three")
    path = tmp_path / "journal-000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"two"', b'"TWO"'))
    assert said(Journal(tmp_path).read_new()) == ["one", "TWO", "three"]
    (problem,) = Journal(tmp_path).verify()
    assert (problem.file, problem.line) == ("journal-000001.jsonl", 3)


@pytest.mark.parametrize("line", [{"v": FORMAT + 1, "seq": 2, "event": "x"}, {"v": FORMAT + 1, "seq": "other"}])
def test_a_newer_programs_line_is_refused_with_words(tmp_path: Path, line: dict[str, object]) -> None:
    write(Journal(tmp_path), "one")
    with (tmp_path / "journal-000001.jsonl").open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")
    journal = Journal(tmp_path)
    with pytest.raises(StateNewer):
        journal.read_new()


def test_a_roll_goes_on_with_number_and_hash_and_compressed_segments_are_read(tmp_path: Path) -> None:
    writer, behind, level = Journal(tmp_path), Journal(tmp_path), Journal(tmp_path)
    write(writer, "a", "b")
    behind.read_new(1)
    level.read_new()
    with writer.locked():
        writer.roll(b"checkpoint")
    write(writer, "c")
    plain = (tmp_path / "journal-000001.jsonl").read_bytes()
    writer.compress_closed()
    assert not (tmp_path / "journal-000001.jsonl").exists()
    assert (tmp_path / "journal-000001.jsonl.gz").exists()
    assert (tmp_path / "checkpoint-000002.msgpack").read_bytes() == b"checkpoint"
    assert b"".join(Journal(tmp_path).segments.blocks(1)) == plain
    assert said(list(Journal(tmp_path).events())) == ["a", "b", "c"]
    assert said(level.read_new()) == ["c"]
    assert said([*behind.read_new(), *behind.read_new()])[-1] == "c"
    assert Journal(tmp_path).verify() == []


def test_compression_that_was_killed_before_the_plain_file_went_is_finished(tmp_path: Path) -> None:
    writer = Journal(tmp_path)
    write(writer, "a")
    with writer.locked():
        writer.roll(b"")
    plain = (tmp_path / "journal-000001.jsonl").read_bytes()
    writer.compress_closed()
    (tmp_path / "journal-000001.jsonl").write_bytes(plain)
    assert said(list(Journal(tmp_path).events())) == ["a"]
    writer.compress_closed()
    assert not (tmp_path / "journal-000001.jsonl").exists()


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Journal(tmp_path)
    write(writer, "kept")
    real = os.pwrite

    def full(descriptor: int, content: bytes, offset: int) -> int:
        if len(content) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, content[: len(content) - 50], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StateError) as error:
        write(writer, "lost")
    assert error.value.do
    monkeypatch.undo()
    assert said(Journal(tmp_path).read_new()) == ["kept"]
    assert writer.position.seq == 1
    write(writer, "next")
    assert said(list(Journal(tmp_path).events())) == ["kept", "next"]
    assert Journal(tmp_path).verify() == []


def test_a_disk_that_takes_nothing_back_either_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_arguments: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    writer = Journal(tmp_path)
    write(writer, "kept")
    monkeypatch.setattr(os, "pwrite", failing)
    monkeypatch.setattr(os, "ftruncate", failing)
    with pytest.raises(StateError):
        write(writer, "lost")


def test_a_journal_that_became_shorter_is_noticed(tmp_path: Path) -> None:
    writer, reader = Journal(tmp_path), Journal(tmp_path)
    write(writer, "a")
    first = writer.position.offset
    write(writer, "b")
    reader.read_new()
    os.truncate(tmp_path / "journal-000001.jsonl", first)
    with pytest.raises(JournalRewrittenError):
        reader.read_new()
    assert not reader.holds(reader.position)


def test_a_journal_that_goes_on_otherwise_is_noticed(tmp_path: Path) -> None:
    writer, reader = Journal(tmp_path), Journal(tmp_path)
    write(writer, "a")
    first = writer.position.offset
    write(writer, "b")
    reader.read_new()
    os.truncate(tmp_path / "journal-000001.jsonl", first)
    write(Journal(tmp_path), "x", "y")
    assert not reader.holds(reader.position)


def test_who_waits_too_long_for_the_lock_is_told(tmp_path: Path) -> None:
    holder, waiter = Journal(tmp_path), Journal(tmp_path)
    with holder.locked():
        with pytest.raises(StateLocked) as error, waiter.locked(timeout_s=0.01):
            pass
        assert str(tmp_path) in error.value.what
        assert error.value.do
    with waiter.locked(timeout_s=0.01):
        pass


def test_the_lock_is_the_one_that_filelock_takes(tmp_path: Path) -> None:
    from filelock import FileLock, Timeout

    with Journal(tmp_path).locked(), pytest.raises(Timeout), FileLock(tmp_path / "state.lock", timeout=0):
        pass


def test_reading_makes_and_writes_nothing(tmp_path: Path) -> None:
    write(Journal(tmp_path), "a")
    (tmp_path / "state.lock").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    reader = Journal(tmp_path)
    assert said(reader.read_new()) == ["a"]
    assert said(list(reader.events())) == ["a"]
    assert reader.verify() == []
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    missing = tmp_path / "missing"
    assert Journal(missing).read_new() == []
    assert not missing.exists()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_files_are_the_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write(Journal(tmp_path), "a")
        write(Journal(tmp_path / "." / "", group_mode=True), "b")
    finally:
        os.umask(before)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_what_a_line_contains_is_found_without_the_rest(tmp_path: Path) -> None:
    writer = Journal(tmp_path)
    write(writer, "apple", "pear", "pineapple")
    with writer.locked():
        writer.roll(b"")
    write(writer, "apple pie")
    writer.compress_closed()
    assert said(list(Journal(tmp_path).lines_with("apple"))) == ["apple", "pineapple", "apple pie"]
