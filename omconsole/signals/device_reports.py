"""Sources that read one report of devices with a problem, and show one item per device that has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.items import Observation, Severity
from omconsole.graph import Flaws
from omconsole.graph.large_reports import whole_report
from omconsole.graph.protection_shapes import DefenderAgent, DeviceFirewall
from omconsole.signals.installations import NOBODY, is_too_young
from omconsole.signals.known import nothing_known
from omconsole.signals.policy_states import DEVICE_PAGE
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, ManagedDevice, Round
    from omconsole.graph.asked import Asked
    from omconsole.graph.reports import ReportDecoder
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing

R = TypeVar("R", DefenderAgent, DeviceFirewall)

WELL: Final[Mapping[str, Any]] = {}
"""What is said of a row that shows no problem."""


class DeviceReportSignal(ABC, Generic[R]):
    """Reads a report of the devices that have a problem.

    The report shows only such devices, and each row is judged by itself all the same: Graph ignores filters now and
    then. How the clear rule holds:

    - A device of which a row says that all is well is explicitly clear, when the whole report could be read.
    - Any other item ends when two whole sweeps do not show it, as the poller counts them: fixed when the device is
      still there, else gone.
    - A row that leaves something out, or says it in words that nobody knows, changes nothing of its device, unless
      what it does say is bad.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire.
        answers: what the tenant is known to do.
    """

    name: str
    kind: ClassVar[str]
    asked: ClassVar[Asked]
    export: ClassVar[str]
    """The `reportName` of the same report as an export job."""
    decoder: ReportDecoder[R]
    asks: tuple[str, ...]
    kinds: frozenset[str]

    def __init__(
        self, fleet: Callable[[], Awaitable[Fleet]], firing: Firing = nothing_known, *, answers: Answers = UNANSWERED
    ) -> None:
        self._fleet = fleet
        self._firing = firing
        self._answers = answers

    @abstractmethod
    def judged(self, row: R, unmapped: Unmapped) -> Mapping[str, Any] | None:
        """The facts of a problem, `WELL`, or None where the row does not tell."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the whole report. Of several rows of one device any problem counts."""
        reading = Reading(source=self.name, mode="sweep")
        devices = (await self._fleet()).devices
        unmapped, flaws = Unmapped(), Flaws()
        shown: dict[str, Observation] = {}
        well: set[str] = set()
        untold: set[str] = set()
        async for page in whole_report(
            graph,
            self.asked,
            decoder=self.decoder,
            workload="reports",
            export=self.export,
            keeps_session=self._answers.keeps_session,
            in_round=budget,
        ):
            reading.items += len(page.rows)
            flaws += page.flaws
            async for row in sliced(page.rows):
                id_, device = row.device_id, devices.get(row.device_id)
                if id_ == NOBODY or is_too_young(device, now):
                    continue
                facts = self.judged(row, unmapped)
                if facts:
                    shown[id_] = _newer(self._observed(row, facts, device), shown.get(id_))
                else:
                    (untold if facts is None else well).add(id_)
            progress(reading.items)
        untold -= shown.keys()
        reading.observations = list(shown.values())
        reading.subjects = shown.keys() | well | untold
        reading.mark(flaws)
        reading.withheld = {(id_, self.kind) for id_ in (untold if reading.complete else reading.subjects)}
        unmapped.tell(reading)
        async for known in sliced(await self._firing(), LIGHT_SLICE):
            if known.triage.subject_id in devices:
                reading.present.add(known.triage.subject_id)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """The report cannot be asked for changes, and shows only what is wrong."""
        return await self.sweep(graph, budget, now, progress)

    def _observed(self, row: R, facts: Mapping[str, Any], device: ManagedDevice | None) -> Observation:
        """What the row says, with what is known of the device."""
        return Observation(
            kind=self.kind,
            source=self.name,
            severity=Severity.MEDIUM,
            subject_type="device",
            subject_id=row.device_id,
            subject_name=(device.device_name if device else None) or row.device_name or row.device_id,
            user=(device.user_principal_name if device else None) or row.upn or None,
            platform=(device.operating_system if device else None) or "Windows",
            evidence_at=row.last_reported_date_time,
            facts=dict(facts),
            portal_url=DEVICE_PAGE.format(id=row.device_id),
        )


def _newer(seen: Observation, before: Observation | None) -> Observation:
    if before is None or before.evidence_at is None:
        return seen
    return seen if seen.evidence_at is not None and seen.evidence_at > before.evidence_at else before
