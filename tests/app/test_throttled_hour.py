"""Throttling must never empty the inbox: what was urgent an hour ago still is, and the panes say how old it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from omconsole.domain.events import Event
from omconsole.domain.items import Condition, Severity
from omconsole.poll.intake import Intake
from omconsole.service import configured_sources
from omconsole.signals.reading import Reading
from omconsole.store import Store
from tests.command_line import CommandLine
from tests.office import Office, an_office
from tests.unit.domain_builders import observation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOUR = timedelta(hours=1)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    async with an_office(tmp_path, monkeypatch) as office:
        yield office


async def five_highs(office: Office) -> None:
    """An hour ago every source was read well, and five connectors were in a bad way."""
    settings = office.settings
    store = Store.open(
        settings.state_directory, tenant=settings.tenant, profile="demo", sources=configured_sources(settings)
    )
    ledger = await store.load()
    shown = [
        observation(
            f"vppToken:{number}",
            "connector.unhealthy",
            source="connectors",
            subject_type="connector",
            subject_name=f"VPP token {number}",
            severity=Severity.HIGH,
            user=None,
            platform=None,
        )
        for number in range(5)
    ]
    reading = Reading(
        source="connectors", mode="sweep", observations=shown, subjects={each.subject_id for each in shown}
    )
    await Intake(settings.tenant, ledger, store).take(reading, office.clock())
    told = [{"name": name, "status": "ok", "mode": "sweep", "items": 5} for name in ledger.sources]
    async with store.writing(ledger) as writing:
        ok = [Event(event="source.state", ref=name, to="ok") for name in ledger.sources]
        writing.append([*ok, Event(event="poll.finished", data={"sources": told})], office.clock())
    await store.save_caches(
        ledger, ledger.picture(tenant="demo", now=office.clock(), person="", persons={}, polling="self", notice=None)
    )
    store.close()


async def test_after_an_hour_of_throttling_five_highs_are_still_five_and_the_panes_say_how_old(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    office.ahead = -HOUR
    await five_highs(office)
    office.wire.retry_after_s = 600
    seat = await office.enter()
    for _turn in range(6):
        office.ahead += TEN_MINUTES
        await seat.service.refresh(None)
        await seat.shows(lambda picture: {each.status for each in picture.sources} == {"throttled"})
    await seat.shows(lambda picture: all(each.condition is Condition.UNKNOWN for each in picture.alerts))
    picture = seat.picture
    assert [alert.needs_action for alert in picture.alerts] == [True] * 5
    now = office.clock()
    assert all(source.is_stale(now) and source.last_ok is not None for source in picture.sources)
    assert all(now - source.last_ok >= HOUR - TEN_MINUTES for source in picture.sources if source.last_ok)
    await office.leave(seat)
    listed = CommandLine(capsys, tmp_path).demo("list", "alerts", "--filter", "needs:action", "--json").json
    assert listed["count"] == 5
    assert {(each["condition"], each["needs_action"]) for each in listed["items"]} == {("unknown", True)}
