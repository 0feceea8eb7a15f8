"""What each part of a source says of its subjects, where several speak of the same ones and not all can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.items import Observation
from omconsole.signals.reading import Cleared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omconsole.signals.known import Known
    from omconsole.signals.reading import Reading


class Part(msgspec.Struct):
    """One family of a source: what fires, of whom it says so or the contrary, and of whom it cannot tell now."""

    family: str
    observations: list[Observation] = []
    spoken: set[str] = set()
    """Subjects of which it says that the problem is there, or is not."""
    untold: set[str] = set()
    """Subjects of which it cannot tell: their items stay. Of all others absence counts, as in any list."""
    cleared: list[Cleared] = []

    def fires(self, seen: Observation) -> None:
        """Take in a problem that is there."""
        self.observations.append(seen)
        self.spoken.add(seen.subject_id)


def lay_together(parts: Iterable[Part], firing: Sequence[Known], reading: Reading) -> None:
    """Fill the reading with the parts: what no part speaks of stays as it is, although another speaks of its subject.

    Args:
        firing: the source's items that fire.
    """
    spoken: dict[str, set[str]] = {}
    for part in parts:
        reading.observations += part.observations
        reading.cleared += part.cleared
        reading.subjects |= part.spoken
        spoken[part.family] = part.spoken
        reading.subjects.update(
            known.triage.subject_id
            for known in firing
            if known.triage.family == part.family and known.triage.subject_id in part.untold
        )
    for known in firing:
        subject, family = known.triage.subject_id, known.triage.family
        if subject in reading.subjects and subject not in spoken.get(family, ()):
            reading.withheld.add((subject, family))
