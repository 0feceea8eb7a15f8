# ruff: noqa: ASYNC240 - the tests look at small local files
"""The store: what one process keeps, the next one finds, and two at once do not lose anything."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tinydb import TinyDB

from omconsole.domain import triage as law
from omconsole.domain import updates
from omconsole.domain.events import Event
from omconsole.domain.items import Handling, Label
from omconsole.domain.updates import Post
from omconsole.errors import StateError, StateNewer
from omconsole.store import Store
from omconsole.store.head import read_head
from omconsole.store.slices import in_thread
from tests.unit.domain_builders import ANNA, BEN, T0, key_of, observation
from tests.unit.store_builders import SOURCES, ack, files, new_store, picture, show, state_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POST = Post(id="MC1", title="Plan for change: Autopilot", changed=T0, body="<p>long</p>")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "work"


# --- one after the other ----------------------------------------------------------------------------------------------


async def test_an_acknowledgement_is_there_for_the_next_process_without_any_save(directory: Path) -> None:
    store = new_store(directory)
    ledger = await store.load()
    (item,) = show(store, ledger, "d1")
    async with store.writing(ledger) as writing:
        draft = law.ack(item, ANNA, "c", None)
        assert isinstance(draft, Event)
        (event,) = writing.append([draft], T0)
    assert event.actor == "p-anna"
    again = await new_store(directory).load()
    assert again.triage[item.key].handling is Handling.ACKED
    assert again.triage[item.key].acked_by == "p-anna"
    assert state_of(again) == state_of(ledger)


async def test_what_sources_showed_and_posts_come_back_from_the_cache_in_the_same_order(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, *(f"d{number}" for number in range(250)))
    ledger.posts["MC1"] = POST
    await store.save_caches(ledger, picture(ledger))
    again = await new_store(directory).load()
    assert again.seen == ledger.seen
    assert again.posts == ledger.posts
    assert list(again.items("issues")) == list(ledger.items("issues"))


async def test_a_dropped_or_damaged_cache_costs_observations_alone(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    (item,) = show(store, ledger, "d1")
    ack(store, ledger, item)
    await store.save_caches(ledger, picture(ledger))
    cache = directory / "observed.msgpack"
    for damage in (
        b"",
        b"omcobs\n\0" + bytes(8000),
        cache.read_bytes()[:-40],
        cache.read_bytes().replace(b"d1", b"\xc1\xc1"),
    ):
        cache.write_bytes(damage)
        again_store = new_store(directory)
        again = await again_store.load()
        assert state_of(again) == state_of(ledger)
        assert again.seen == {}
        assert read_head(directory) is None or damage.endswith(b"d1")
        assert any("observed.msgpack" in notice for notice in again_store.notices)
    cache.unlink()
    assert state_of(await new_store(directory).load()) == state_of(ledger)


async def test_a_cache_of_another_journal_is_passed_over(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, "d1")
    await store.save_caches(ledger, picture(ledger))
    await store.save_state(ledger)
    (directory / "journal-000001.jsonl").unlink()
    other = new_store(directory)
    empty = await other.load()
    assert empty.triage == {}
    show(other, empty, "d2", "d3")
    assert {each.subject_id for each in (await new_store(directory).load()).triage.values()} == {"d2", "d3"}


def test_a_directory_remembers_its_tenant_from_the_first_event_on(directory: Path) -> None:
    store = new_store(directory)
    show(store, store.load_now(), "d1")
    with pytest.raises(StateError) as error:
        Store.open(directory, tenant="fabrikam", profile="work")
    assert "contoso" in error.value.what
    assert "--state-dir" in error.value.do


async def test_a_newer_format_is_refused_with_words(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, "d1")
    await store.save_state(ledger)
    path = directory / "state.json"
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(StateNewer):
        await new_store(directory).load()


async def test_read_only_needs_no_directory_and_writes_nothing(directory: Path) -> None:
    nobody = Store.open(directory, tenant="contoso", profile="work", read_only=True)
    assert (await nobody.load()).triage == {}
    assert not directory.exists()
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, "d1")
    await store.save_caches(ledger, picture(ledger))
    (directory / "state.lock").unlink()
    before = {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}
    reader = Store.open(directory, tenant="contoso", profile="work", sources=SOURCES, read_only=True)
    assert state_of(await reader.load()) == state_of(ledger)
    assert reader.persons.names() == {}
    assert not reader.seat.taken_by_other()
    assert len(reader.history(next(iter(ledger.triage)))) == 1
    with pytest.raises(StateError):
        await reader.save_state(ledger)
    with pytest.raises(StateError):
        async with reader.writing(ledger):
            pass
    assert {path.name: path.stat().st_mtime_ns for path in directory.iterdir()} == before


async def test_stale_temporary_files_go_and_living_ones_stay(directory: Path) -> None:
    from omconsole.store.files import Replacement

    new_store(directory)
    (directory / ".state.json.tdb-1-0123").write_bytes(b"half")
    living = Replacement(directory / "state.json")
    new_store(directory)
    left = {name for name in files(directory) if ".tdb-" in name}
    assert len(left) == 1
    living.file.write(b"{}")
    living.commit()
    assert (directory / "state.json").read_bytes() == b"{}"


async def test_files_are_private_whatever_the_umask(directory: Path) -> None:
    before = os.umask(0)
    try:
        store = new_store(directory)
        ledger = store.load_now()
        (item,) = show(store, ledger, "d1")
        ack(store, ledger, item)
        store.persons.person_for("anna", "Anna")
        await store.save_caches(ledger, picture(ledger))
        await store.save_state(ledger)
        await store.save_fleet([1])
        assert store.seat.try_take()
        store.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert set(modes.values()) == {0o600}, modes


# --- state.json -------------------------------------------------------------------------------------------------------


async def test_stock_tinydb_reads_what_somebody_touched(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    one, _two = show(store, ledger, "d1", "d2")
    ack(store, ledger, one)
    with store.writing_now(ledger) as writing:
        writing.append([updates.read(POST, ANNA, "c"), Event(event="source.state", ref="devices", to="ok")], T0)
        writing.append([Event(event="metric.sampled", data={"values": {"devices": 7.0}})], T0)
    await store.save_state(ledger)
    with TinyDB(directory / "state.json", access_mode="r") as database:
        assert {"meta", "items", "receipts", "sources", "metrics"} <= database.tables()
        (item,) = database.table("items").all()
        assert (item["id"], item["handling"], item["acked_by"]) == (one.id, "acked", "p-anna")
        assert database.table("meta").get(doc_id=1)["tenant"] == "contoso"
        assert [row["post"] for row in database.table("receipts").all()] == ["MC1"]
        assert {row["name"]: row["status"] for row in database.table("sources").all()}["devices"] == "ok"
    ack(store, ledger, ledger.triage[key_of(observation("d2"))], BEN)
    await store.save_state(ledger)
    with TinyDB(directory / "state.json", access_mode="r") as database:
        assert {row["acked_by"] for row in database.table("items").all()} == {"p-anna", "p-ben"}


async def test_a_damaged_state_file_is_kept_aside_and_made_again(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    with store.writing_now(ledger) as writing:
        writing.append([updates.read(POST, ANNA, "c")], T0)
    await store.save_state(ledger)
    (directory / "state.json").write_bytes(b'{"meta": {"1": {"for')
    store = new_store(directory)
    again = await store.load()
    assert again.receipts == ledger.receipts
    assert any("state.json.damaged-" in name for name in files(directory))
    assert any("state.json" in notice for notice in store.notices)


async def test_an_older_save_does_not_replace_a_later_one(directory: Path) -> None:
    behind = new_store(directory)
    old = behind.load_now()
    ahead = new_store(directory)
    ledger = ahead.load_now()
    (item,) = show(ahead, ledger, "d1")
    ack(ahead, ledger, item)
    await ahead.save_state(ledger)
    await behind.save_state(old)
    with TinyDB(directory / "state.json", access_mode="r") as database:
        assert len(database.table("items")) == 1
    assert not [name for name in files(directory) if ".tdb-" in name]


# --- segments ---------------------------------------------------------------------------------------------------------


async def test_a_full_segment_is_followed_by_the_next_and_everything_stays_readable(directory: Path) -> None:
    store = new_store(directory, segment_bytes=1000)
    ledger = await store.load()
    for number in range(6):
        show(store, ledger, f"d{number}")
        await store.save_state(ledger)
    assert {"checkpoint-000002.msgpack", "journal-000001.jsonl.gz"} <= files(directory)
    assert "journal-000001.jsonl" not in files(directory)
    key = key_of(observation("d0"))
    assert [event.event for event in store.history(key)] == ["item.opened"]
    (directory / "state.json").unlink()
    assert state_of(await new_store(directory).load()) == state_of(ledger)


async def test_a_damaged_checkpoint_is_passed_over(directory: Path) -> None:
    store = new_store(directory, segment_bytes=1000)
    ledger = await store.load()
    for number in range(8):
        show(store, ledger, f"d{number}")
        await store.save_state(ledger)
    newest = max(directory.glob("checkpoint-*"))
    newest.write_bytes(newest.read_bytes()[:-3])
    (directory / "state.json").unlink()
    assert state_of(await new_store(directory).load()) == state_of(ledger)


async def test_a_checkpoint_whose_segment_was_never_begun_is_passed_over(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(directory, segment_bytes=1000)
    ledger = await store.load()
    monkeypatch.setattr(store.journal, "compress_closed", lambda: None)  # it comes after the roll
    for number in range(6):
        show(store, ledger, f"d{number}")
        await store.save_state(ledger)
    last = store.journal.position.segment
    begun = directory / f"journal-{last:06}.jsonl"
    assert begun.stat().st_size == 0
    begun.unlink()
    again = new_store(directory)
    ledger = again.load_now()
    show(again, ledger, "late")
    (directory / "state.json").unlink()
    assert state_of(await new_store(directory).load()) == state_of(ledger)


async def test_old_segments_may_be_deleted_behind_a_checkpoint_but_not_without_one(directory: Path) -> None:
    store = new_store(directory, segment_bytes=1000)
    ledger = await store.load()
    for number in range(6):
        show(store, ledger, f"d{number}")
        await store.save_state(ledger)
    (directory / "journal-000001.jsonl.gz").unlink()
    (directory / "state.json").unlink()
    assert state_of(await new_store(directory).load()) == state_of(ledger)
    assert store.journal.verify() == []
    for path in directory.glob("checkpoint-*"):
        path.unlink()
    with pytest.raises(StateError) as error:
        await new_store(directory).load()
    assert error.value.do


# --- several at once --------------------------------------------------------------------------------------------------


async def test_two_processes_interleave_without_losing_anything(directory: Path) -> None:
    stores = [new_store(directory), new_store(directory)]
    ledgers = [await store.load() for store in stores]

    async def work(which: int) -> None:
        store, ledger = stores[which], ledgers[which]
        for number in range(20):
            seen = observation(f"{which}-{number}")
            async with store.writing(ledger) as writing:
                draft = law.on_firing(ledger.triage.get(key_of(seen)), key_of(seen), seen, T0)
                assert draft is not None
                writing.append([draft], T0)

    await asyncio.gather(work(0), work(1))
    for store, ledger in zip(stores, ledgers, strict=True):
        await store.follow(ledger)
        assert len(ledger.triage) == 40
    assert state_of(ledgers[0]) == state_of(ledgers[1])
    assert stores[0].journal.verify() == []


async def test_the_one_who_writes_second_sees_the_first_ones_change_before_deciding(directory: Path) -> None:
    one, other = new_store(directory), new_store(directory)
    ledger = one.load_now()
    (item,) = show(one, ledger, "d1")
    others = other.load_now()
    ack(one, ledger, item)
    async with other.writing(others):
        refusal = law.ack(others.triage[item.key], BEN, "c2", None)
    assert isinstance(refusal, law.Refusal)
    assert refusal.by == "p-anna"


async def test_following_takes_in_events_and_what_the_sources_showed(directory: Path) -> None:
    poller, follower = new_store(directory), new_store(directory)
    ledger, followed = poller.load_now(), await follower.load()
    assert not await follower.follow(followed)
    show(poller, ledger, "d1", "d2")
    ledger.posts["MC1"] = POST
    assert await follower.follow(followed)
    assert len(followed.triage) == 2
    assert followed.seen == {}
    await poller.save_caches(ledger, picture(ledger))
    assert await follower.follow(followed)
    assert followed.seen == ledger.seen
    assert followed.posts == ledger.posts
    assert [item.seen for item in followed.items("issues")] == [item.seen for item in ledger.items("issues")]
    assert not await follower.follow(followed)


async def test_watching_tells_of_an_append_of_another_store(directory: Path) -> None:
    poller, follower = new_store(directory), new_store(directory)
    ledger, followed = poller.load_now(), await follower.load()
    changes = follower.watch()
    waiting = asyncio.ensure_future(anext(changes))
    for _attempt in range(100):
        show(poller, ledger, f"d{len(ledger.triage)}")
        done, _pending = await asyncio.wait([waiting], timeout=0.1)
        if done:
            break
    assert waiting.done()
    await changes.aclose()  # type: ignore[attr-defined]
    assert await follower.follow(followed)
    assert followed.triage
    assert follower.notices == []


async def test_where_watching_is_impossible_the_folder_is_looked_at(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omconsole.store import watching

    monkeypatch.setattr(watching, "on_network", lambda _directory: True)
    monkeypatch.setattr(watching, "POLL_S", 0.001)
    poller, follower = new_store(directory), new_store(directory)
    ledger = poller.load_now()
    changes = follower.watch()
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    show(poller, ledger, "d1")
    await asyncio.wait_for(waiting, 5)
    await changes.aclose()  # type: ignore[attr-defined]
    assert follower.notices


def test_exactly_one_polls_and_the_next_takes_over(directory: Path) -> None:
    one, other = new_store(directory), new_store(directory)
    assert not other.seat.taken_by_other()
    assert one.seat.try_take()
    assert not other.seat.try_take()
    assert other.seat.taken_by_other()
    assert not one.seat.taken_by_other()
    holder = other.seat.holder()
    assert holder is not None
    assert holder.pid == os.getpid()
    one.seat.release()
    assert other.seat.try_take()
    other.close()


# --- when the disk does not take it -----------------------------------------------------------------------------------


async def test_a_failed_append_changes_neither_ledger_nor_file(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    (item,) = show(store, ledger, "d1")

    def full(*_args: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StateError) as error:
        ack(store, ledger, item)
    assert error.value.what
    assert error.value.do
    monkeypatch.undo()
    assert ledger.triage[item.key].handling is Handling.OPEN
    assert state_of(await new_store(directory).load()) == state_of(ledger)
    ack(store, ledger, item)
    assert state_of(await new_store(directory).load()) == state_of(ledger)


@pytest.mark.parametrize("save", ["caches", "state"])
async def test_a_failed_save_leaves_the_file_in_place(
    directory: Path, monkeypatch: pytest.MonkeyPatch, save: str
) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, "d1")
    writes: dict[str, Callable[[], Any]] = {
        "caches": lambda: store.save_caches(ledger, picture(ledger)),
        "state": lambda: store.save_state(ledger),
    }
    await writes[save]()
    before = {path.name: path.read_bytes() for path in directory.iterdir()}

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StateError):
        await writes[save]()
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


# --- persons and fleet ------------------------------------------------------------------------------------------------


def test_persons_have_one_opaque_id_a_login_and_names_can_be_forgotten(directory: Path) -> None:
    one, other = new_store(directory).persons, new_store(directory).persons
    anna = one.person_for("Anna@contoso.example", "Anna \x1b[31mAdmin")
    assert anna.startswith("p-")
    assert len(anna) == 14
    assert other.person_for("anna@contoso.example", "Anna Admin") == anna
    assert other.names() == {anna: "Anna Admin"}
    ben = other.person_for("ben", "Ben")
    assert one.names() == {anna: "Anna Admin", ben: "Ben"}
    with TinyDB(directory / "persons.json", access_mode="r") as database:
        assert {row["id"] for row in database.table("persons").all()} == {anna, ben}
    assert one.forget(anna)
    assert not one.forget(anna)
    assert other.names() == {ben: "Ben"}
    assert one.person_for("anna@contoso.example", "Anna") != anna


def test_damaged_persons_are_said_and_not_overwritten(directory: Path) -> None:
    persons = new_store(directory).persons
    (directory / "persons.json").write_bytes(b"{")
    with pytest.raises(StateError):
        persons.names()
    with pytest.raises(StateError):
        persons.person_for("anna", "Anna")
    assert (directory / "persons.json").read_bytes() == b"{"


class Device(msgspec.Struct, frozen=True):
    id: str


async def test_the_fleet_comes_back_and_a_damaged_one_is_empty(directory: Path) -> None:
    store = new_store(directory)
    assert await store.load_fleet(Device) == []
    fleet = [Device(str(number)) for number in range(250)]
    await store.save_fleet(fleet)
    assert await store.load_fleet(Device) == fleet
    path = directory / "fleet.msgpack"
    path.write_bytes(path.read_bytes()[:-1])
    assert await store.load_fleet(Device) == []


# --- the head ---------------------------------------------------------------------------------------------------------


async def test_the_head_shows_an_acknowledgement_that_nobody_saved(directory: Path) -> None:
    assert read_head(directory) is None
    store = new_store(directory)
    ledger = store.load_now()
    show(store, ledger, *(f"d{number}" for number in range(300)))
    ledger.posts["MC1"] = POST
    await store.save_caches(ledger, picture(ledger))
    first = next(ledger.items("issues"))
    ack(store, ledger, first.triage)
    (late,) = show(store, ledger, "late")
    with store.writing_now(ledger) as writing:
        shown = next(item for item in read_rows(directory) if item.key != first.key)
        gone = law.on_clear(ledger.triage[shown.key], law.FIXED)
        assert gone is not None
        writing.append([gone], T0)
    head = read_head(directory)
    assert head is not None
    rows = {item.key: item for item in head.issues}
    assert rows[first.key].label is Label.ACK
    assert rows[late.key].label is Label.NEW
    assert shown.key not in rows
    assert list(head.issues) == sorted(head.issues, key=lambda item: item.order)
    assert (head.complete, head.totals["issues"], head.seq) == (False, 300, ledger.seq)
    assert [update.post.body for update in head.updates] == [""]


def read_rows(directory: Path) -> list[Any]:
    head = read_head(directory)
    assert head is not None
    return list(head.issues)


async def test_a_head_with_a_long_tail_is_shown_as_it_was_saved(directory: Path) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    (item,) = show(store, ledger, "d1")
    await store.save_caches(ledger, picture(ledger))
    with store.writing_now(ledger) as writing:
        draft = law.note(item, ANNA, "c", "x" * 600_000)
        assert isinstance(draft, Event)
        writing.append([draft], T0 + timedelta(hours=1))
    head = read_head(directory)
    assert head is not None
    assert head.issues[0].triage.notes == 0


async def test_what_was_not_made_durable_at_once_is_with_the_next_durable_hold(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(directory)
    ledger = store.load_now()
    synced: list[int] = []
    real = os.fdatasync

    def counted(descriptor: int) -> None:
        synced.append(descriptor)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)
    async with store.writing(ledger, durable=False) as writing:
        writing.append([Event(event="metric.sampled", data={"values": {"devices": 1.0}})], T0)
    assert synced == []
    assert len((await new_store(directory).load()).metrics["devices"]) == 1
    async with store.writing(ledger) as writing:
        writing.append([Event(event="metric.sampled", data={"values": {"devices": 2.0}})], T0)
    assert len(synced) == 1
    async with store.writing(ledger, durable=False) as writing:
        writing.append([Event(event="metric.sampled", data={"values": {"devices": 3.0}})], T0)
    store.close()
    assert len(synced) == 2


async def test_a_cancellation_waits_for_the_thread_that_cannot_be_stopped() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        ended.set()

    task = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
