"""Small builders for tests of the law: an observation, an event as the journal would give it back, an actor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from omconsole.domain.events import Actor
from omconsole.domain.identity import item_key
from omconsole.domain.items import Observation, Severity
from omconsole.domain.triage import on_firing

if TYPE_CHECKING:
    from omconsole.domain.events import Event
    from omconsole.domain.ledger import Ledger

T0 = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANNA = Actor("p-anna", "console")
BEN = Actor("p-ben", "cli")


def observation(device: str = "d1", kind: str = "device.noncompliant", **changes: Any) -> Observation:
    """What the device list shows of one device."""
    fields: dict[str, Any] = {
        "kind": kind,
        "source": "devices",
        "severity": Severity.MEDIUM,
        "subject_type": "device",
        "subject_id": device,
        "subject_name": f"LAP-{device}",
        "user": "anna@contoso.example",
        "platform": "Windows",
    }
    return Observation(**{**fields, **changes})


def key_of(seen: Observation) -> str:
    return item_key("contoso", seen.source, seen.family, seen.subject_type, seen.subject_id, seen.sub_key)


class Tape:
    """A journal in memory: numbers events, stamps them and folds them into a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.events: list[Event] = []
        self.now = T0

    def write(self, draft: Event | object) -> Event:
        from omconsole.domain.events import Event

        assert isinstance(draft, Event), draft
        event = replace(draft, seq=len(self.events) + 1, at=self.now)
        self.events.append(event)
        self.ledger.apply(event)
        self.ledger.reflect(event.seq)
        return event

    def show(self, seen: Observation) -> Event | None:
        """A source shows a problem."""
        key = key_of(seen)
        self.ledger.observe(key, seen)
        draft = on_firing(self.ledger.triage.get(key), key, seen, self.now)
        return None if draft is None else self.write(draft)
