"""A tenant in miniature for tests of causes: rounds of readings over a real store, and what the picture shows then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from omconsole.domain import triage as law
from omconsole.domain.events import Event
from omconsole.domain.health import SourceHealth
from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Item, Observation
from omconsole.domain.standings import CauseThresholds
from omconsole.poll.causing import Causing
from omconsole.poll.intake import Intake
from omconsole.signals.reading import Reading
from omconsole.store import Store
from tests.unit.domain_builders import ANNA, observation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from omconsole.domain.changes import Change
    from omconsole.domain.events import Actor
    from omconsole.domain.snapshot import Snapshot

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KINDS = {"devices": frozenset({"device.noncompliant", "device.stale", "device.jailbroken", "device.unencrypted"})}
VERSION = Cause("compliance", "p-version", "Windows – minimum", setting="OsMinimumVersion")
FIREWALL = Cause("compliance", "p-base", "Windows – base", setting="FirewallRequired")


def names(count: int, first: int = 0) -> list[str]:
    return [f"d{number}" for number in range(first, first + count)]


def failing(*devices: str, **changes: Any) -> list[Observation]:
    return [observation(device, **changes) for device in devices]


class CauseDesk:
    """Rounds of the sources `devices`, `compliance` and others, a quarter of an hour apart."""

    def __init__(
        self, directory: Path, *, fleet: int = 20_000, sources: Sequence[str] = ("devices", "compliance")
    ) -> None:
        self.directory = directory
        self.fleet = fleet
        healths = [SourceHealth(name=name, interval_s=900) for name in sources]
        self.store = Store.open(directory, tenant="contoso", profile="work", sources=healths)
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.causing = Causing("contoso", self.ledger, self.store, CauseThresholds())
        self.now = NOON
        self.events: list[Event] = []

    async def round(
        self,
        seen: Sequence[Observation] = (),
        causes: dict[str, tuple[Cause, ...]] | None = None,
        *,
        well: Sequence[str] = (),
        changes: Sequence[Change] = (),
        others: Sequence[Reading] = (),
        mode: Any = "sweep",
        stale_days: tuple[float, ...] = (30, 90),
    ) -> None:
        """The devices as their list shows them, why they fail, and readings of `others`."""
        self.now += timedelta(minutes=15)
        unswept = frozenset(name for name, health in self.ledger.sources.items() if health.last_sweep is None)
        figures = {"active_devices": float(self.fleet)}
        subjects = {each.subject_id for each in seen} | set(well)
        readings = [Reading(source="devices", mode=mode, observations=list(seen), subjects=subjects, figures=figures)]
        readings[0].thresholds = {"stale_days": stale_days}
        readings += others
        if causes is not None:
            why = {(device, "device.compliance"): reasons for device, reasons in causes.items()}
            compliance = Reading(source="compliance", mode=mode, enriches="device.compliance", causes=why)
            compliance.changes = list(changes)
            readings.append(compliance)
        for reading in readings:
            reading.kinds = KINDS.get(reading.source, reading.kinds)
            await self.intake.take(reading, self.now)
        await self.causing.after_round(
            self.now, unswept=unswept, swept=frozenset(each.source for each in readings if mode == "sweep")
        )
        await self.finish(readings, mode)

    async def finish(self, readings: Sequence[Reading], mode: str) -> None:
        told = [
            {
                "name": each.source,
                "status": each.status,
                "mode": mode,
                "items": each.items,
                "kinds": sorted(each.kinds),
                "thresholds": each.thresholds,
            }
            for each in readings
        ]
        data = {"mode": mode, "started": iso(self.now), "sources": told}
        async with self.store.writing(self.ledger) as writing:
            writing.append([Event(event="poll.finished", data=data)], self.now)

    async def do(self, verb: str, item: Item, why: str | None = None, actor: Actor = ANNA) -> Event:
        """A person's verb on an item."""
        async with self.store.writing(self.ledger) as writing:
            draft = getattr(law, verb)(self.ledger.triage[item.key], actor, f"{verb}-{item.id}", why)
            assert isinstance(draft, Event), draft
            (event,) = writing.append([draft], self.now)
        self.ledger.settle()
        return event

    def picture(self) -> Snapshot:
        self.ledger.settle()
        return self.ledger.picture(
            tenant="Work", now=self.now, person="p-anna", persons={}, polling="self", notice=None
        )

    def top(self) -> list[Item]:
        """What stands by itself among the issues."""
        return list(self.picture().issues)

    def cause(self, kind: str = "cause.compliance") -> Item:
        (item,) = [row for row in self.top() if row.triage.kind == kind]
        return item

    def told(self) -> list[Event]:
        """Every event of the history, oldest first."""
        store = Store.open(self.directory, tenant="contoso", profile="work", read_only=True)
        store.journal.rewind()
        events: list[Event] = []
        while more := store.journal.read_new():
            events.extend(more)
        return events
