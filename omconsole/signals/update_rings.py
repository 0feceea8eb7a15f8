"""Update rings that hold updates back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.graph import Flaws, pages
from omconsole.graph.update_shapes import DEVICE_CONFIGURATIONS
from omconsole.graph.update_surface import UPDATE_RINGS_ASKED, UPDATE_RINGS_FILTER
from omconsole.signals.asking import first_understood

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omconsole.graph import GraphClient, Round
    from omconsole.graph.update_shapes import DeviceConfiguration
    from omconsole.signals.reading import Reading

SOURCE: Final = "osupdates"
PAUSED: Final = "osupdate.ring-paused"

_RING: Final = "#microsoft.graph.windowsupdateforbusinessconfiguration"
_TYPES: Final = "#microsoft.graph."
"""What every type of Graph's begins with; a row without one may be a ring."""


class Pause(NamedTuple):
    """What a ring says of one kind of update; `flag` is None where it says nothing."""

    flag: bool | None
    since: datetime | None
    until: datetime | None

    def is_on(self, now: datetime) -> bool | None:
        """Whether updates are held back: a pause is over at its end, also while Graph still shows the flag."""
        if self.flag is None:
            return None
        return self.flag and (self.until is None or self.until > now)


async def read_rings(graph: GraphClient, budget: Round, now: datetime, reading: Reading) -> int:
    """Take in every update ring, each of which speaks for itself; returns how many there are.

    Graph is asked for the rings alone, and for all configurations where it refuses that; either way a row counts by
    its type.

    Raises:
        GraphError: the list cannot be read.
    """

    async def read(options: Mapping[str, str]) -> tuple[list[DeviceConfiguration], Flaws]:
        rows: list[DeviceConfiguration] = []
        flaws = Flaws()
        async for page in pages(
            graph,
            UPDATE_RINGS_ASKED.path,
            decoder=DEVICE_CONFIGURATIONS,
            workload="configuration",
            params=options,
            in_round=budget,
        ):
            rows += page.rows
            flaws += page.flaws
        return rows, flaws

    rows, flaws = await first_understood(({"$filter": UPDATE_RINGS_FILTER}, {}), read)
    rings = 0
    for row in rows:
        type_ = (row.type or "").casefold()
        if type_ == _RING:
            rings += 1
            flaws += _take(row, now, reading)
        elif not type_.startswith(_TYPES):
            flaws += Flaws(rejected=1, example=f"@odata.type: {row.type or '–'}")
    reading.items += rings
    reading.mark(flaws)
    return rings


def _take(ring: DeviceConfiguration, now: datetime, reading: Reading) -> Flaws:
    """One ring: paused, or explicitly not, or Graph does not say."""
    quality, feature = pauses(ring)
    held_back = [pause for pause in (quality, feature) if pause.is_on(now)]
    unsaid = sum(pause.flag is None for pause in (quality, feature))
    reading.subjects.add(ring.id)
    if held_back:
        reading.observations.append(_observed(ring, held_back, now))
    elif unsaid:
        reading.withheld.add((ring.id, PAUSED))
    return Flaws(values=unsaid, example="qualityUpdatesPaused" if unsaid else "")


def pauses(ring: DeviceConfiguration) -> tuple[Pause, Pause]:
    """What a ring says of quality updates and of feature updates."""
    return (
        Pause(
            ring.quality_updates_paused,
            ring.quality_updates_pause_start_date,
            ring.quality_updates_pause_expiry_date_time,
        ),
        Pause(
            ring.feature_updates_paused,
            ring.feature_updates_pause_start_date,
            ring.feature_updates_pause_expiry_date_time,
        ),
    )


def _observed(ring: DeviceConfiguration, held_back: list[Pause], now: datetime) -> Observation:
    quality, feature = pauses(ring)
    begun = [pause.since for pause in held_back if pause.since is not None and pause.since <= now]
    return Observation(
        kind=PAUSED,
        source=SOURCE,
        severity=Severity.LOW,
        subject_type="policy",
        subject_id=ring.id,
        subject_name=ring.display_name or ring.id,
        platform="Windows",
        evidence_at=ring.last_modified_date_time,
        first_seen=min(begun, default=None),
        facts={
            "qualityUpdatesPaused": bool(quality.is_on(now)),
            "qualityUpdatesPauseStartDate": iso(quality.since),
            "qualityUpdatesPauseExpiryDateTime": iso(quality.until),
            "featureUpdatesPaused": bool(feature.is_on(now)),
            "featureUpdatesPauseStartDate": iso(feature.since),
            "featureUpdatesPauseExpiryDateTime": iso(feature.until),
            "lastModifiedDateTime": iso(ring.last_modified_date_time),
        },
    )
