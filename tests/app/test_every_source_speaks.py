"""What each source says of itself when Graph fails, forbids, or has nothing of the kind: words, not blanks."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from omconsole.config.thresholds import Thresholds
from omconsole.domain.answers import UNANSWERED
from omconsole.domain.events import Event
from omconsole.domain.health import SourceHealth, after_state
from omconsole.domain.ledger import Ledger
from omconsole.errors import ConsoleError
from omconsole.graph import Round
from omconsole.poll.failures import failed_reading
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.poll.sources import every_signal
from omconsole.screens.sources import said
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from tests.unit.graph_tools import Tenant, refused

if TYPE_CHECKING:
    import httpx

    from omconsole.poll.access import Access
    from omconsole.signals.reading import Signal

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)


def signals() -> dict[str, Signal]:
    """Every source of a console that has read nothing yet."""
    devices = DevicesSignal(DeviceThresholds())
    access = cast("Access", SimpleNamespace(credential_expires=None))
    found = every_signal(Thresholds(), devices, Ledger(), access, UNANSWERED)
    return {signal.name: signal for signal in found}


async def told(source: str, answer: httpx.Response) -> SourceHealth:
    """A source's health after a sweep of a Graph that answers everything so."""
    tenant = Tenant(lambda _request: answer, tries=1, throttled_tries=1)
    signal = signals()[source]
    try:
        reading = await signal.sweep(tenant.client, Round(), NOW, lambda _rows: None)
    except ConsoleError as error:
        reading = failed_reading(signal, "sweep", error, NOW)
    data = {"needs": list(reading.needs), "uncovered": list(reading.uncovered), "reason": reading.reason}
    event = Event(event="source.state", ref=source, to=reading.status, why=reading.error, data=data, at=NOW)
    return after_state(SourceHealth(name=source, interval_s=900), event)


def test_every_source_is_polled_and_every_one_that_is_polled_is_here() -> None:
    assert set(signals()) == set(DEFAULT_INTERVALS)


@pytest.mark.parametrize("source", sorted(DEFAULT_INTERVALS))
async def test_a_source_that_fails_says_what_and_what_to_do(source: str) -> None:
    health = await told(source, refused(500, "oops", "InternalServerError"))
    assert health.state(NOW) == "failed"
    assert "HTTP 500" in said(health)
    assert "The next poll asks again." in said(health)


@pytest.mark.parametrize("source", sorted(DEFAULT_INTERVALS))
async def test_a_source_that_is_forbidden_names_the_permission(source: str) -> None:
    health = await told(source, refused(403, "no", "Forbidden"))
    assert ".Read.All" in said(health) or ".ReadBasic.All" in said(health)
    assert health.state(NOW) == ("ok" if source == "users" else "forbidden")


@pytest.mark.parametrize("source", sorted(DEFAULT_INTERVALS))
async def test_what_a_tenant_does_not_have_is_said_or_is_an_empty_list(source: str) -> None:
    health = await told(source, refused(404, "none", "ResourceNotFound"))
    assert health.state(NOW) == "ok" or len(said(health)) > 20
