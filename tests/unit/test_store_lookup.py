"""Finding items by what people type, without loading the state; and what that and the head cost in imports."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omconsole.domain import triage as law
from omconsole.domain.events import Event
from omconsole.domain.items import Handling
from omconsole.store.lookup import Finder, find
from tests.unit.domain_builders import ANNA, T0, key_of, observation
from tests.unit.store_builders import ack, files, new_store, picture, show

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.items import Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.store import Store

SAVED = pytest.mark.parametrize("saved", [True, False], ids=["cache", "journal alone"])


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "work"


def filled(directory: Path, *, saved: bool, devices: int = 400) -> tuple[Store, Ledger]:
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, *(f"d{number}" for number in range(devices)))
    if saved:
        store.save_caches_now(ledger, picture(ledger))
    return store, ledger


def succeed(store: Store, ledger: Ledger, triage: Triage) -> None:
    """Resolve an item and let its problem come again after a month (T12 is over, so T13)."""
    later = T0 + timedelta(days=30)
    seen = observation(triage.subject_id)
    with store.writing_now(ledger) as writing:
        cleared = law.on_clear(triage, law.FIXED)
        assert cleared is not None
        writing.append([cleared], T0)
        opened = law.on_firing(ledger.triage[triage.key], triage.key, seen, later)
        assert opened is not None
        writing.append([opened], later)


@SAVED
def test_an_id_and_any_unique_prefix_find_the_item(directory: Path, saved: bool) -> None:
    _store, ledger = filled(directory, saved=saved)
    finder = Finder(directory)
    ids = sorted(triage.id for triage in ledger.triage.values())
    for id_ in ids[::7]:
        assert [each.id for each in finder.find(id_)] == [id_]
        assert [each.id for each in finder.find(id_[:4])] == [each for each in ids if each.startswith(id_[:4])]
    assert finder.find(ids[0].upper())[0].id == ids[0]
    assert finder.find(ids[0])[0] == ledger.triage[finder.find(ids[0])[0].key]
    assert finder.find(ids[0][:3]) == []
    assert finder.find("zzzzzzzzzz") == []
    assert finder.find("") == []
    assert finder.find("../../etc") == []


@SAVED
def test_an_ambiguous_prefix_gives_every_candidate(directory: Path, saved: bool) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    twins = ("abcd000000", "abcd111111", "abce000000")
    drafts = []
    for id_ in twins:
        draft = law.on_firing(None, id_ + "0" * 22, observation(id_), T0)
        assert draft is not None
        drafts.append(draft)
    with store.writing_now(ledger) as writing:
        writing.append(drafts, T0)
    if saved:
        store.save_caches_now(ledger, picture(ledger))
    assert [each.id for each in find(directory, "abcd")] == ["abcd000000", "abcd111111"]
    assert [each.id for each in find(directory, "abcdo")] == ["abcd000000"]
    assert [each.id for each in find(directory, "abcdL")] == ["abcd111111"]


@SAVED
def test_a_successor_is_found_by_its_number_and_by_prefix(directory: Path, saved: bool) -> None:
    store, ledger = filled(directory, saved=False, devices=3)
    first = ledger.triage[key_of(observation("d1"))]
    succeed(store, ledger, first)
    if saved:
        store.save_caches_now(ledger, picture(ledger))
    (second,) = find(directory, f"{first.id}.2")
    assert (second.id, second.previous, second.is_open) == (f"{first.id}.2", first.id, True)
    assert find(directory, first.id[:6]) == [second]
    (old,) = find(directory, first.id)
    assert old.handling is Handling.RESOLVED
    assert find(directory, f"{first.id}.3") == []


def test_what_happened_since_the_cache_was_written_counts(directory: Path) -> None:
    store, ledger = filled(directory, saved=True, devices=5)
    (late,) = show(store, ledger, "late")
    known = ledger.triage[key_of(observation("d1"))]
    ack(store, ledger, known)
    succeed(store, ledger, ledger.triage[key_of(observation("d2"))])
    assert find(directory, late.id) == [late]
    assert find(directory, known.id)[0].handling is Handling.ACKED
    again = ledger.triage[key_of(observation("d2"))]
    assert find(directory, again.id) == [again]
    assert find(directory, again.key[:8]) == [again]


def test_a_verb_decides_on_the_newest_state_and_the_console_follows(directory: Path) -> None:
    store, ledger = filled(directory, saved=True, devices=5)
    item = ledger.triage[key_of(observation("d1"))]
    finder = Finder(directory)
    ack(store, ledger, item)
    with finder.writing() as journal:
        (current,) = finder.find(item.id)
        refusal = law.ack(current, ANNA, "c2", None)
        assert isinstance(refusal, law.Refusal)
        note = law.note(current, ANNA, "c3", "seen it")
        assert isinstance(note, Event)
        (event,) = journal.append([note], T0)
    assert finder.find(item.id)[0].notes == 1
    with store.writing_now(ledger):
        pass
    assert ledger.triage[item.key].notes == 1
    assert event.version == ledger.triage[item.key].version


def test_without_a_cache_the_checkpoint_and_what_follows_are_read(directory: Path) -> None:
    store = new_store(directory, segment_bytes=1000)
    ledger = store.load_now()
    for number in range(6):
        show(store, ledger, f"d{number}")
        store.save_state_now(ledger)
    assert "checkpoint-000002.msgpack" in files(directory)
    (directory / "journal-000001.jsonl.gz").unlink()
    for triage in ledger.triage.values():
        assert find(directory, triage.id) == [triage]


def test_finding_makes_nothing(directory: Path) -> None:
    assert find(directory, "abcd") == []
    assert not directory.exists()


@pytest.mark.parametrize("module", ["head", "lookup"])
def test_quick_readers_import_nothing_heavy(module: str) -> None:
    heavy = "asyncio tinydb filelock watchfiles textual httpx msal babel humanize markdownify jinja2 starlette gzip"
    code = (
        f"import sys, omconsole.store.{module}\n"
        f"print(*(name for name in {heavy.split()} if name in sys.modules), end='')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == ""
