"""After a round: users who are blocked carry the causes of their devices as these are now, and fold with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from omconsole.domain.items import Condition
from omconsole.signals.blocked import KIND
from omconsole.signals.slices import sliced

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.domain.items import Cause, Item
    from omconsole.domain.ledger import Ledger

FAMILY: Final = "device.compliance"


async def explain_blocked(ledger: Ledger, now: datetime) -> None:
    """Lay the causes of their devices' items beside the users' items; `now` is UTC.

    The reasons of devices come from a source of their own, and often later than a user is found to be blocked: so they
    are looked up after each round, and the items of a user and of the user's devices fold in the same one.
    """
    users: list[Item] = []
    reasons: dict[str, tuple[Cause, ...]] = {}
    async for row in sliced(list(ledger.rows)):
        if row.seen is None or row.triage.condition is not Condition.FIRING:
            continue
        if row.triage.kind == KIND:
            users.append(row)
        elif row.triage.family == FAMILY:
            reasons[row.triage.subject_id] = row.seen.causes
    async for row in sliced(users):
        seen = ledger.seen.get(row.key)
        if seen is None:
            continue
        devices = seen.facts.get("devices") or ()
        found = {_identity(cause): cause for device in devices for cause in reasons.get(device, ())}
        before = {_identity(cause): cause for cause in seen.causes}
        causes = tuple(before.get(key) or replace(cause, since=None) for key, cause in found.items())
        if causes != seen.causes:
            ledger.observe(row.key, replace(seen, causes=causes, last_seen=now))


def _identity(cause: Cause) -> tuple[str, str, str | None, str | None]:
    return cause.type, cause.id, cause.setting, cause.code
