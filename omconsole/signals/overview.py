"""Source `overview`: what Graph counts about the whole fleet, four cheap requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.graph import (
    COMPLIANCE_SUMMARY,
    DEVICE_OVERVIEW,
    MALWARE_OVERVIEW,
    PROTECTION_OVERVIEW,
    read_one,
)
from omconsole.signals.reading import Progress, Reading

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.graph import (
        CompliancePolicyDeviceStateSummary,
        DeviceProtectionOverview,
        GraphClient,
        Round,
    )

NAME = "overview"


class OverviewSignal:
    """Samples the fleet's figures. A figure that Graph does not give stays unmeasured, which is not zero."""

    name = NAME
    asks = ("DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All")

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the four overviews."""
        devices = await read_one(graph, DEVICE_OVERVIEW, budget=budget)
        compliance = await read_one(graph, COMPLIANCE_SUMMARY, budget=budget)
        protection = await read_one(graph, PROTECTION_OVERVIEW, budget=budget)
        malware = await read_one(graph, MALWARE_OVERVIEW, budget=budget)
        figures = {
            "devices": devices and devices.enrolled_device_count,
            "compliant_percent": compliance and compliant_percent(compliance),
            "protected_percent": protection and protected_percent(protection),
            "malware_devices": malware and malware.malware_detected_device_count,
        }
        measured = {name: float(value) for name, value in figures.items() if value is not None}
        progress(len(measured))
        return Reading(source=NAME, mode="sweep", figures=measured, items=len(measured))

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Overviews have no increments."""
        return await self.sweep(graph, budget, now, progress)


def compliant_percent(summary: CompliancePolicyDeviceStateSummary) -> float | None:
    """Compliant devices in percent of those that have been judged; None when nobody has been."""
    good = (summary.compliant_device_count or 0) + (summary.remediated_device_count or 0)
    bad = sum(
        count or 0
        for count in (
            summary.non_compliant_device_count,
            summary.in_grace_period_count,
            summary.error_device_count,
            summary.conflict_device_count,
        )
    )
    return None if summary.compliant_device_count is None or good + bad == 0 else 100.0 * good / (good + bad)


def protected_percent(overview: DeviceProtectionOverview) -> float | None:
    """Devices that Defender calls clean, in percent of those that report; None when none reports."""
    total, clean = overview.total_reported_device_count, overview.clean_device_count
    return None if not total or clean is None else 100.0 * clean / total
