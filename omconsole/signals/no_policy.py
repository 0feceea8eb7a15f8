"""Source `nopolicy`: devices that no compliance policy is assigned to, one item per device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.items import Observation, Severity
from omconsole.graph import Flaws
from omconsole.graph.large_reports import whole_report
from omconsole.graph.policy_shapes import DEVICES_WITHOUT_POLICY
from omconsole.graph.policy_surface import DEVICES_WITHOUT_POLICY_ASKED
from omconsole.signals.installations import NOBODY, is_too_young
from omconsole.signals.known import nothing_known
from omconsole.signals.policy_states import DEVICE_PAGE
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, ManagedDevice, Round
    from omconsole.graph.policy_shapes import DeviceWithoutPolicy
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing

SOURCE: Final = "nopolicy"
KIND: Final = "device.no-policy"
EXPORT: Final = "DevicesWithoutCompliancePolicy"


class NoPolicySignal:
    """Reads the devices without a compliance policy. Intune calls them compliant or not by a switch of the tenant.

    The report shows only such devices. So an item ends when two whole sweeps do not show it, as the poller counts
    them: fixed when the device is still there, else gone.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire.
        answers: what the tenant is known to do.
    """

    name = SOURCE
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({KIND})

    def __init__(
        self, fleet: Callable[[], Awaitable[Fleet]], firing: Firing = nothing_known, *, answers: Answers = UNANSWERED
    ) -> None:
        self._fleet = fleet
        self._firing = firing
        self._answers = answers

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the whole report."""
        reading = Reading(source=SOURCE, mode="sweep")
        devices = (await self._fleet()).devices
        flaws = Flaws()
        async for page in whole_report(
            graph,
            DEVICES_WITHOUT_POLICY_ASKED,
            decoder=DEVICES_WITHOUT_POLICY,
            workload="reports",
            export=EXPORT,
            keeps_session=self._answers.keeps_session,
            in_round=budget,
        ):
            reading.items += len(page.rows)
            flaws += page.flaws
            async for row in sliced(page.rows):
                device = devices.get(row.device_id)
                if row.device_id != NOBODY and not is_too_young(device, now):
                    reading.observations.append(_observed(row, device))
                    reading.subjects.add(row.device_id)
            progress(reading.items)
        reading.mark(flaws)
        async for known in sliced(await self._firing(), LIGHT_SLICE):
            if known.triage.subject_id in devices:
                reading.present.add(known.triage.subject_id)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """The report cannot be asked for changes, and is short."""
        return await self.sweep(graph, budget, now, progress)


def _observed(row: DeviceWithoutPolicy, device: ManagedDevice | None) -> Observation:
    """What the row says, with what is known of the device."""
    return Observation(
        kind=KIND,
        source=SOURCE,
        severity=Severity.MEDIUM,
        subject_type="device",
        subject_id=row.device_id,
        subject_name=(device.device_name if device else None) or row.device_name or row.device_id,
        user=(device.user_principal_name if device else None) or None,
        platform=device.operating_system if device else None,
        evidence_at=device.last_sync_date_time if device else None,
        facts={
            "complianceState": device.compliance_state if device else None,
            "managedDeviceOwnerType": device.managed_device_owner_type if device else None,
            "osVersion": device.os_version if device else None,
            "model": device.model if device else None,
        },
        portal_url=DEVICE_PAGE.format(id=row.device_id),
    )
