"""After a round: sources that have failed for too long become, stay or cease to be an alert of the console's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from omconsole.domain.blindness import KIND, blindness
from omconsole.domain.identity import item_key
from omconsole.domain.triage import FIXED, on_clear, on_firing

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.domain.events import Event
    from omconsole.domain.items import Observation
    from omconsole.domain.ledger import Ledger
    from omconsole.store import Store


async def take_blindness(tenant: str, ledger: Ledger, store: Store, now: datetime) -> None:
    """Lay what is blind at `now` (UTC) beside what was, and append what follows.

    Raises:
        StateError: it cannot be written.
    """
    blind = {_key(tenant, seen): seen for seen in blindness(ledger.sources.values(), now)}
    for key, seen in blind.items():
        before = ledger.seen.get(key)
        if before is None or replace(before, last_seen=None) != seen:
            ledger.observe(key, replace(seen, last_seen=now))
    seeing = [row.key for row in ledger.rows if row.triage.kind == KIND and row.key not in blind]
    if not blind and not seeing:
        return

    def follows() -> list[Event]:
        found = [on_firing(ledger.triage.get(key), key, seen, now) for key, seen in blind.items()]
        found += [on_clear(ledger.triage[key], FIXED) for key in seeing]
        return [event for event in found if event is not None]

    if follows():
        # Decided again under the lock: another process may have acted since.
        async with store.writing(ledger, durable=False) as writing:
            writing.append(follows(), now)


def _key(tenant: str, seen: Observation) -> str:
    return item_key(tenant, seen.source, seen.family, seen.subject_type, seen.subject_id, seen.sub_key)
