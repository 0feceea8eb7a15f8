"""What the killed processes of `test_kill` do until they are killed: append, save, roll, compress."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

from omconsole.domain import triage as law
from omconsole.domain.events import Event
from omconsole.store import Store
from tests.unit.domain_builders import ANNA, T0, key_of, observation
from tests.unit.store_builders import SOURCES, picture

if TYPE_CHECKING:
    from omconsole.domain.ledger import Ledger

SEGMENT_BYTES = 20_000
DEVICES = 60
RECORD = 16


def store_of(directory: Path, *, read_only: bool = False) -> Store:
    return Store(
        directory,
        tenant="contoso",
        profile="work",
        sources=SOURCES,
        segment_bytes=SEGMENT_BYTES,
        read_only=read_only,
    )


def work(directory: str, acknowledged: str, seed: int) -> None:
    """Change the state for ever; each change that is durable is told in `acknowledged`, 16 bytes each."""
    luck = random.Random(seed)
    told = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store = store_of(Path(directory))
    ledger = store.load_now()
    while True:
        command_id = luck.randbytes(RECORD // 2).hex()
        with store.writing_now(ledger) as writing:
            writing.append([draft(ledger, luck, command_id)], T0)
        os.write(told, command_id.encode())
        chance = luck.random()
        if chance < 0.15:
            store.save_caches_now(ledger, picture(ledger))
        elif chance < 0.3:
            store.save_state_now(ledger)


def draft(ledger: Ledger, luck: random.Random, command_id: str) -> Event:
    """Open an item, or acknowledge it, or note something of any length."""
    seen = observation(f"d{luck.randrange(DEVICES)}")
    current = ledger.triage.get(key_of(seen))
    found = law.on_firing(current, key_of(seen), seen, T0)
    if found is None:
        assert current is not None
        verdict = law.ack(current, ANNA, command_id, None)
        if isinstance(verdict, Event):
            return verdict
        verdict = law.note(current, ANNA, command_id, "x" * luck.randrange(1, 3000))
        assert isinstance(verdict, Event)
        return verdict
    ledger.observe(key_of(seen), seen)
    return Event(**{**{name: getattr(found, name) for name in found.__struct_fields__}, "command_id": command_id})
