"""When sources that cannot be read become an alert of the console's own, and when that ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from msgspec.structs import replace

from omconsole.domain import words
from omconsole.domain.blindness import blindness, is_blind
from omconsole.domain.health import SourceHealth
from omconsole.domain.standings import CauseThresholds
from omconsole.errors import GraphForbidden, GraphRejected, GraphThrottled, GraphUnreachable
from omconsole.poll.causing import Causing
from omconsole.poll.intake import Intake
from omconsole.poll.poller import Poller
from omconsole.signals.reading import Reading
from omconsole.store import Store
from tests.unit.test_poller import Planned

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.items import Item
    from omconsole.graph import GraphClient

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UNREACHABLE = GraphUnreachable("graph.microsoft.com did not answer.", "Check the network.")
REFUSED = GraphForbidden("Not permitted.", needs=("Things.Read.All",))


def health(name: str, **changes: Any) -> SourceHealth:
    return replace(SourceHealth(name=name, interval_s=900, status="ok", since=NOON, last_ok=NOON), **changes)


@pytest.mark.parametrize(
    ("interval_s", "minutes", "blind"),
    [(120, 5, False), (120, 6, True), (900, 29, False), (900, 30, True), (3600, 29, False), (3600, 30, True)],
)
def test_a_source_is_blind_after_three_intervals_or_half_an_hour(interval_s: float, minutes: int, blind: bool) -> None:
    failing = health("devices", interval_s=interval_s, status="failed")
    assert is_blind(failing, NOON + timedelta(minutes=minutes)) is blind


@pytest.mark.parametrize("status", ["ok", "partial", "throttled", "skipped", None])
def test_neither_throttling_nor_half_a_list_is_blindness(status: Any) -> None:
    assert not is_blind(health("devices", status=status), NOON + timedelta(days=1))


def test_what_was_never_permitted_is_a_choice_and_what_is_no_longer_is_not() -> None:
    later = NOON + timedelta(hours=1)
    assert not is_blind(health("security", status="forbidden", last_ok=None), later)
    assert is_blind(health("security", status="forbidden"), later)


def test_sources_that_fail_for_one_reason_are_one_alert_and_another_reason_another() -> None:
    sources = [
        health("devices", status="failed", reason="unreachable"),
        health("apps", status="failed", reason="unreachable", since=NOON + timedelta(minutes=1)),
        health("audit", status="failed", reason="rejected 500"),
        health("service"),
    ]
    refused, unreachable = sorted(blindness(sources, NOON + timedelta(hours=1)), key=lambda seen: seen.sub_key)
    assert (refused.facts["sources"], unreachable.facts["sources"]) == (["audit"], ["apps", "devices"])
    assert {refused.severity.value, unreachable.severity.value} == {"high"}
    assert unreachable.first_seen == NOON


class Night:
    """A poller whose sources fail as planned; every round is five minutes after the last one."""

    def __init__(self, directory: Path, *signals: Planned) -> None:
        self.now = NOON
        healths = [SourceHealth(name=signal.name, interval_s=300) for signal in signals]
        self.names = [signal.name for signal in signals]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()

        class Graph:
            clock_error_s = 0.0

        async def nothing(_report: object) -> None:
            return None

        self.poller = Poller(
            cast("list[Any]", signals),
            cast("GraphClient", Graph()),
            Intake("contoso", self.ledger, self.store),
            self.ledger,
            self.store,
            clock=lambda: self.now,
            changed=lambda: None,
            after_round=nothing,
            principal=lambda: "p",
            causing=Causing("contoso", self.ledger, self.store, CauseThresholds()),
        )

    async def rounds(self, count: int) -> list[Item]:
        for _round in range(count):
            self.now += timedelta(minutes=5)
            await self.poller.round([(name, "sweep") for name in self.names])
        return self.alerts

    @property
    def alerts(self) -> list[Item]:
        return [item for item in self.ledger.rows if item.triage.kind == "console.blind"]

    def history(self) -> list[str]:
        journal = self.store.journal
        journal.rewind()
        told: list[str] = []
        while more := journal.read_new():
            told.extend(event.event for event in more if event.event.startswith("item."))
        return told


async def test_an_outage_of_everything_is_one_critical_alert_that_ends_with_it(tmp_path: Path) -> None:
    outage = [UNREACHABLE] * 4
    night = Night(
        tmp_path / "work",
        Planned("devices", *outage, *_well("devices")),
        Planned("apps", *outage, *_well("apps")),
    )
    assert await night.rounds(3) == []
    (alert,) = await night.rounds(1)
    assert (alert.triage.severity.value, alert.needs_action) == ("critical", True)
    assert words.title(alert, now=night.now) == (
        "no source can be read: graph.microsoft.com did not answer. Check the network."
    )
    assert night.history() == ["item.opened"]
    (ended,) = await night.rounds(2)
    assert (ended.triage.condition.value, ended.label.value) == ("clear", "CLEARED")  # somebody ought to know of it
    assert night.history() == ["item.opened", "item.cleared"]


async def test_one_of_two_that_fails_is_high_and_names_itself_in_its_state(tmp_path: Path) -> None:
    broken = GraphRejected("Graph answered with an error (500).", status=500)
    night = Night(tmp_path / "work", Planned("devices"), Planned("apps", broken))
    (alert,) = await night.rounds(4)
    assert alert.triage.severity.value == "high"
    assert words.title(alert, now=night.now) == "1 source cannot be read: app installations"
    assert night.ledger.sources["apps"].reason == "rejected 500"


async def test_words_that_change_do_not_begin_the_outage_anew(tmp_path: Path) -> None:
    plan = [GraphUnreachable(f"No answer to try {number}.") for number in range(9)]
    night = Night(tmp_path / "work", Planned("devices"), Planned("apps", *plan))
    (alert,) = await night.rounds(4)
    assert alert.triage.first_seen == NOON + timedelta(minutes=5)


async def test_a_permission_that_is_taken_away_alerts_and_throttling_does_not(tmp_path: Path) -> None:
    waits = GraphThrottled("Graph asks to wait.", retry_after_s=1)
    night = Night(
        tmp_path / "work",
        Planned("devices"),
        Planned("audit", *_well("audit"), REFUSED),
        Planned("apps", waits),
        Planned("security", REFUSED),
    )
    (alert,) = await night.rounds(6)
    assert alert.seen is not None
    assert alert.seen.facts["sources"] == ["audit"]


def _well(source: str) -> list[Any]:
    return [Reading(source=source, mode="sweep")]
