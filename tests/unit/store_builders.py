"""What tests of the store share: a store on a fresh directory, and short ways to open items and act on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omconsole.domain import triage as law
from omconsole.domain.events import Event
from omconsole.domain.health import SourceHealth
from omconsole.store import Store
from tests.unit.domain_builders import ANNA, T0, key_of, observation

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.events import Actor
    from omconsole.domain.items import Triage
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.snapshot import Snapshot

SOURCES = (SourceHealth(name="devices", interval_s=900), SourceHealth(name="messages", interval_s=900))


def new_store(directory: Path, **changes: Any) -> Store:
    """A store of the tenant `contoso`; `changes` are keyword arguments of `Store`."""
    prepared = Store.open(directory, tenant="contoso", profile="work", sources=SOURCES)
    if not changes:
        return prepared
    return Store(directory, **{"tenant": "contoso", "profile": "work", "sources": SOURCES, **changes})


def show(store: Store, ledger: Ledger, *devices: str) -> list[Triage]:
    """Open an item for each device."""
    seen = [observation(device) for device in devices]
    with store.writing_now(ledger) as writing:
        drafts = [law.on_firing(ledger.triage.get(key_of(each)), key_of(each), each, T0) for each in seen]
        writing.append([draft for draft in drafts if draft is not None], T0)
    for each in seen:
        ledger.observe(key_of(each), each)
    return [ledger.triage[key_of(each)] for each in seen]


def ack(store: Store, ledger: Ledger, triage: Triage, actor: Actor = ANNA) -> Event:
    """Acknowledge an item, durably."""
    with store.writing_now(ledger) as writing:
        draft = law.ack(ledger.triage[triage.key], actor, "c", None)
        assert isinstance(draft, Event), draft
        return writing.append([draft], T0)[0]


def picture(ledger: Ledger) -> Snapshot:
    return ledger.picture(
        tenant="Work", now=T0, person="p-anna", persons={"p-anna": "Anna"}, polling="self", notice=None
    )


def state_of(ledger: Ledger) -> dict[str, Any]:
    """Everything that a replay must rebuild exactly; what sources showed is not part of it."""
    return {
        "triage": ledger.triage,
        "past": ledger.past,
        "known_posts": ledger.known_posts,
        "receipts": {person: mine for person, mine in ledger.receipts.items() if mine},
        "sources": ledger.sources,
        "metrics": ledger.metrics,
        "deployments": ledger.deployments,
        "order": [[item.id for item in ledger.items(pane)] for pane in ("issues", "alerts")],
        "seq": ledger.seq,
    }


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}
