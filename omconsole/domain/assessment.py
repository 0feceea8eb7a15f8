"""The picture with its checklist: what the state proves at this moment, and what of that is news for the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from omconsole.domain.checklist import Evidence, checklist, evidence_events, evidence_values

if TYPE_CHECKING:
    from datetime import tzinfo

    from omconsole.domain.events import Event
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.occurrences import Occurrence
    from omconsole.domain.snapshot import Snapshot


def assessed(
    picture: Snapshot, ledger: Ledger, person: str, tz: tzinfo, before: tuple[Occurrence, ...] = ()
) -> Snapshot:
    """The picture with the checklist as it stands; `before` is the one of the picture that it follows."""
    evidence = Evidence(
        sources=picture.sources,
        alerts=picture.alerts,
        issues=picture.issues,
        updates=picture.updates,
        receipts=ledger.receipts,
        persons=tuple(picture.persons),
        person=person,
        ever=ledger.evidence,
    )
    return replace(picture, checklist=checklist(evidence, picture.at, tz, before))


class EvidenceKept:
    """Remembers what the history says of the checklist's evidence, so that only what turned is written."""

    def __init__(self, ledger: Ledger) -> None:
        self._values: dict[str, dict[str, bool]] = {name: dict(parts) for name, parts in ledger.evidence_now.items()}

    def turned(self, picture: Snapshot) -> list[Event]:
        """The events that follow from a picture."""
        values = evidence_values(picture.checklist)
        events = evidence_events(self._values, values)
        self._values = {name: {**self._values.get(name, {}), **parts} for name, parts in values.items()}
        return events
