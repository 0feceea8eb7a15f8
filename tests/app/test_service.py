"""Two consoles on one state directory, as their users meet them: one polls, both act, either may end."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omconsole.domain.commands import Command
from omconsole.domain.events import Actor
from omconsole.domain.items import Condition, Handling
from omconsole.errors import StateError
from omconsole.service import configured_sources
from omconsole.store import Store
from omconsole.store.store import Writing
from tests.office import PATIENCE_S, Office, Seat, an_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from omconsole.domain.events import Event
    from omconsole.domain.snapshot import Snapshot


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    async with an_office(tmp_path, monkeypatch) as office:
        yield office


def polled(picture: Snapshot) -> bool:
    return bool(picture.issues) and all(source.last_ok for source in picture.sources)


def newer(picture: Snapshot, before: Snapshot) -> bool:
    """The devices have been read well again."""
    now, then = picture.sources[0].last_ok, before.sources[0].last_ok
    return now is not None and then is not None and now > then


async def two(office: Office) -> tuple[Seat, Seat]:
    """Who polls, and who follows; both show the tenant."""
    first = await office.enter("anna")
    await first.shows(polled)
    second = await office.enter("ben")
    await second.shows(lambda picture: polled(picture) and all(item.seen for item in picture.issues))
    await second.shows(lambda picture: picture.polling in {"self", "other"})
    if second.picture.polling == "self":  # the seat goes to another as soon as its holder has any trouble
        first, second = second, first
        await second.shows(lambda picture: picture.polling == "other")
    return first, second


async def test_exactly_one_polls_and_the_other_shows_the_same(office: Office) -> None:
    first, second = await two(office)
    assert (first.picture.polling, second.picture.polling) == ("self", "other")
    assert [item.id for item in second.picture.issues] == [item.id for item in first.picture.issues]
    assert [item.seen for item in second.picture.issues] == [item.seen for item in first.picture.issues]


@pytest.mark.parametrize("who", ["polls", "follows"])
async def test_an_acknowledgement_shows_in_the_other_console_within_a_second(office: Office, who: str) -> None:
    first, second = await two(office)
    actor, other = (first, second) if who == "polls" else (second, first)
    id_ = other.picture.issues[0].id
    outcome = await actor.service.command("ack", [id_])
    assert [done.id for done in outcome.done] == [id_]
    await other.shows(lambda _picture: other.item(id_).triage.acked_at, within_s=1.0)
    assert other.picture.persons[other.item(id_).triage.acked_by or ""] == actor.name


async def test_when_who_polls_ends_the_other_takes_over(office: Office) -> None:
    first, second = await two(office)
    await office.leave(first)
    await second.shows(lambda picture: picture.polling == "self")
    before = second.picture
    await second.service.refresh(None)
    await second.shows(lambda picture: newer(picture, before))


async def test_an_acknowledgement_outlives_its_console(office: Office) -> None:
    first = await office.enter("anna")
    await first.shows(polled)
    id_ = first.picture.issues[0].id
    await first.service.command("ack", [id_])
    await office.leave(first)
    service = await office.service("ben")
    item = next(item for item in service.snapshot.issues if item.id == id_)
    assert item.triage.acked_by is not None
    assert service.snapshot.persons[item.triage.acked_by] == "anna"
    await service.close()


async def test_the_same_command_twice_gives_the_same_answer(office: Office) -> None:
    first = await office.enter()
    await first.shows(polled)
    id_ = first.picture.issues[0].id
    command = Command(verb="ack", ids=(id_,), actor=Actor("p-anna", "console"), command_id="c-1")
    at_once = await asyncio.gather(first.service.execute(command), first.service.execute(command))
    later = await first.service.execute(command)
    assert at_once[0] == at_once[1] == later
    assert [done.id for done in later.done] == [id_]
    assert first.service._ledger.by_id(id_).version == 2  # type: ignore[union-attr]


async def test_of_two_who_acknowledge_at_once_one_is_told_of_the_other(office: Office) -> None:
    first, second = await two(office)
    id_ = first.picture.issues[0].id
    answers = await asyncio.gather(first.service.command("ack", [id_]), second.service.command("ack", [id_]))
    (done,) = [answer for answer in answers if answer.done]
    (already,) = [answer for answer in answers if answer.already]
    winner = (first if done is answers[0] else second).name
    assert winner in already.already[0].why


async def test_a_mixed_command_answers_for_each_id(office: Office) -> None:
    first = await office.enter()
    await first.shows(polled)
    id_, post = first.picture.issues[0].id, first.picture.updates[0].post.id
    outcome = await first.service.command("ack", [id_, post, "nothing", id_])
    assert [done.id for done in outcome.done] == [id_, post]
    assert [failed.id for failed in outcome.failed] == ["nothing"]
    await first.shows(lambda picture: any(each.post.id == post and each.read for each in picture.updates), 1.0)


async def test_a_followers_refresh_makes_the_other_poll(office: Office) -> None:
    first, second = await two(office)
    before = first.picture
    await second.service.refresh("devices")
    await second.shows(lambda picture: newer(picture, before))
    await first.shows(lambda picture: newer(picture, before))


async def test_asking_for_a_poll_waits_for_the_answer_to_just_that(office: Office) -> None:
    first, _second = await two(office)
    asker = await office.service("cleo")
    assert await asker.poll_once("sweep") is None
    began = office.clock()
    answer = await asker.ask_for_poll()
    assert answer is not None
    assert (answer["mode"], {each["name"] for each in answer["sources"]}) == (
        "sweep",
        {health.name for health in configured_sources(office.settings)},
    )
    assert datetime.fromisoformat(answer["started"]) >= began
    assert first.picture.polling == "self"
    await asker.close()


async def test_a_request_that_a_write_takes_in_is_heard_too(office: Office) -> None:
    """The polling process meets the request while it writes, so that following finds nothing new afterwards."""
    first = await office.enter("anna")
    await first.shows(polled)
    asker = await office.service("cleo")
    before = first.picture
    await asker.refresh(None)
    await first.service.command("note", [first.picture.issues[0].id], why="meanwhile")
    await first.shows(lambda picture: newer(picture, before))
    await asker.close()


async def test_who_asks_is_told_when_nobody_polls_any_more(office: Office) -> None:
    first = await office.enter("anna")
    await first.shows(polled)
    asker = await office.service("cleo")
    assert await asker.poll_once("sweep") is None
    await office.leave(first)
    async with asyncio.timeout(PATIENCE_S):
        assert await asker.ask_for_poll() is None
        report = await asker.poll_once("sweep")
    assert report is not None
    await asker.close()


async def test_a_full_disk_is_said_and_polling_resumes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(writing: Writing, drafts: Sequence[Event], at: datetime) -> list[Event]:
        raise StateError("The disk is full.", "Make room.")

    first = await office.enter()
    await first.shows(polled)
    before = first.picture
    with monkeypatch.context() as patched:
        patched.setattr(Writing, "append", full)
        await first.service.refresh(None)
        await first.shows(lambda picture: "disk is full" in (picture.notice or ""))
        with pytest.raises(StateError, match="disk is full"):
            await first.service.command("ack", [first.picture.issues[0].id])
        assert first.picture.issues
    office.ahead += timedelta(minutes=1)
    await first.shows(lambda picture: picture.notice is None and newer(picture, before))
    assert (await first.service.command("ack", [first.picture.issues[0].id])).done


async def test_a_state_file_that_cannot_be_saved_is_said_and_retried(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(store: Store, ledger: object) -> None:
        raise StateError("The disk is full.", "Make room.")

    monkeypatch.setattr("omconsole.service.SAVE_AFTER_S", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "save_state", full)
        first = await office.enter()
        await first.shows(lambda picture: polled(picture) and "disk is full" in (picture.notice or ""))
        assert (await first.service.command("ack", [first.picture.issues[0].id])).done
    await first.shows(lambda picture: picture.notice is None)
    assert not first.running.done()


@pytest.mark.parametrize("cache", ["save_caches", "save_fleet"])
async def test_a_cache_that_cannot_be_kept_is_said_and_polling_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    """The poller remembers whom it asked when and what was absent: it must not begin anew."""

    async def full(store: Store, *contents: object) -> None:
        raise StateError("The disk is full.", "Make room.")

    monkeypatch.setattr("omconsole.poll.tenant.KEPT_AT_LEAST", timedelta(0))
    first = await office.enter()
    await first.shows(polled)
    poller, before = first.service._poller, first.picture
    with monkeypatch.context() as patched:
        patched.setattr(Store, cache, full)
        await first.service.refresh(None)
        await first.shows(lambda picture: "disk is full" in (picture.notice or "") and newer(picture, before))
        assert first.picture.polling == "self"
    await first.service.refresh(None)
    await first.shows(lambda picture: picture.notice is None)
    assert first.service._poller is poller


async def test_one_round_says_what_it_cannot_keep(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(store: Store, *contents: object) -> None:
        raise StateError("The disk is full.", "Make room.")

    monkeypatch.setattr(Store, "save_caches", full)
    alone = await office.service("cleo")
    with pytest.raises(StateError, match="disk is full"):
        await alone.poll_once("sweep")
    await alone.close()


async def test_rows_of_a_silent_source_stay_and_are_marked_until_it_answers(office: Office) -> None:
    first = await office.enter()
    await first.shows(polled)
    rows = [item.id for item in first.picture.issues]
    office.wire.cut = True
    office.ahead = timedelta(minutes=10, seconds=5)  # the demo asks every few seconds; ten minutes are the least
    await first.shows(lambda picture: all(item.condition is Condition.UNKNOWN for item in picture.issues))
    assert [item.id for item in first.picture.issues] == rows
    assert all(item.stale for item in first.picture.issues)
    await first.service.refresh(None)
    await first.shows(lambda picture: {source.status for source in picture.sources} == {"failed"})
    assert "wire is cut" in (first.picture.sources[0].error or "")
    assert [item.id for item in first.picture.issues] == rows
    office.wire.cut = False
    await first.service.refresh(None)
    await first.shows(lambda picture: {source.status for source in picture.sources} == {"ok"})
    await first.shows(lambda picture: not any(item.stale for item in picture.issues))
    picture = first.picture
    shown = {item.id for rows in (picture.issues, *picture.members.values()) for item in rows}
    ledger = first.service._ledger
    gone = [ledger.by_id(id_) for id_ in rows if id_ not in shown]
    assert all(triage is not None and triage.handling is Handling.RESOLVED for triage in gone)
    assert len(gone) < len(rows)


async def test_a_history_of_a_newer_program_ends_the_run_with_one_error(office: Office) -> None:
    """Not with a group of errors: who runs the service tells its two lines."""
    first = await office.enter()
    await first.shows(polled)
    journal = Path(office.settings.state_directory) / "journal-000001.jsonl"
    with journal.open("ab") as stream:
        stream.write(b'{"v":99,"seq":100000,"event":"item.teleported","prev_hash":"x"}\n')
    with pytest.raises(StateError):
        await asyncio.wait_for(asyncio.shield(first.running), PATIENCE_S)
    office.open.remove(first)
    await first.service.close()
