"""Source `overview`: what Graph counts about the whole fleet, four cheap requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from omconsole.graph import (
    COMPLIANCE_SUMMARY,
    COMPLIANCE_SUMMARY_ASKED,
    DEVICE_PROTECTION_OVERVIEW,
    DEVICE_PROTECTION_OVERVIEW_ASKED,
    MANAGED_DEVICE_OVERVIEW,
    MANAGED_DEVICE_OVERVIEW_ASKED,
    WINDOWS_MALWARE_OVERVIEW,
    WINDOWS_MALWARE_OVERVIEW_ASKED,
    single,
)
from omconsole.signals.reading import Progress, Reading

if TYPE_CHECKING:
    from datetime import datetime

    import msgspec

    from omconsole.graph import (
        Asked,
        CompliancePolicyDeviceStateSummary,
        DeviceProtectionOverview,
        GraphClient,
        Round,
        RowDecoder,
    )

T = TypeVar("T", bound="msgspec.Struct")

NAME = "overview"


class OverviewSignal:
    """Samples the fleet's figures. A figure that Graph does not give stays unmeasured, which is not zero."""

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All")
    kinds: frozenset[str] = frozenset()

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the four overviews."""
        reading = Reading(source=NAME, mode="sweep")

        async def one(asked: Asked, decoder: RowDecoder[T], workload: str) -> T | None:
            answer = await single(graph, asked.path, decoder=decoder, workload=workload, in_round=budget)
            reading.mark(answer.flaws)
            reading.items += answer.value is not None
            progress(reading.items)
            return answer.value

        devices = await one(MANAGED_DEVICE_OVERVIEW_ASKED, MANAGED_DEVICE_OVERVIEW, "devices")
        compliance = await one(COMPLIANCE_SUMMARY_ASKED, COMPLIANCE_SUMMARY, "configuration")
        protection = await one(DEVICE_PROTECTION_OVERVIEW_ASKED, DEVICE_PROTECTION_OVERVIEW, "devices")
        malware = await one(WINDOWS_MALWARE_OVERVIEW_ASKED, WINDOWS_MALWARE_OVERVIEW, "devices")
        figures = {
            "devices": devices.enrolled_device_count if devices else None,
            "compliant_percent": compliant_percent(compliance) if compliance else None,
            "protected_percent": protected_percent(protection) if protection else None,
            "malware_devices": malware.malware_detected_device_count if malware else None,
        }
        reading.figures = {name: float(value) for name, value in figures.items() if value is not None}
        return reading

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
