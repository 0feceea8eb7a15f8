"""Source `overview`: what Graph counts about the whole fleet, four cheap requests in one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from omconsole.errors import GraphError, GraphForbidden, GraphThrottled
from omconsole.graph import (
    COMPLIANCE_SUMMARY,
    COMPLIANCE_SUMMARY_ASKED,
    DEVICE_PROTECTION_OVERVIEW,
    DEVICE_PROTECTION_OVERVIEW_ASKED,
    MANAGED_DEVICE_OVERVIEW,
    MANAGED_DEVICE_OVERVIEW_ASKED,
    WINDOWS_MALWARE_OVERVIEW,
    WINDOWS_MALWARE_OVERVIEW_ASKED,
)
from omconsole.graph.batch import Part, batch
from omconsole.graph.throttling import LONGEST_WAIT_S
from omconsole.sanitize import sanitize
from omconsole.signals.reading import Progress, Reading

if TYPE_CHECKING:
    from datetime import datetime

    import msgspec

    from omconsole.graph import (
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
        calls = (
            (MANAGED_DEVICE_OVERVIEW_ASKED, "devices"),
            (COMPLIANCE_SUMMARY_ASKED, "configuration"),
            (DEVICE_PROTECTION_OVERVIEW_ASKED, "devices"),
            (WINDOWS_MALWARE_OVERVIEW_ASKED, "devices"),
        )
        parts = [Part(path=asked.path, workload=workload) for asked, workload in calls]
        answers = await batch(graph, parts, workload="devices", in_round=budget)
        errors = [answer for answer in answers if isinstance(answer, GraphError)]
        if len(errors) == len(answers):
            raise errors[0]

        def one(number: int, decoder: RowDecoder[T]) -> T | None:
            answer = answers[number]
            if isinstance(answer, GraphError):
                return None
            value, flaws = decoder.single(answer.body)
            reading.mark(flaws)
            reading.items += value is not None
            return value

        devices, compliance = one(0, MANAGED_DEVICE_OVERVIEW), one(1, COMPLIANCE_SUMMARY)
        protection, malware = one(2, DEVICE_PROTECTION_OVERVIEW), one(3, WINDOWS_MALWARE_OVERVIEW)
        progress(reading.items)
        for error in errors[:1]:
            _tell(error, reading, now)
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


def _tell(error: GraphError, reading: Reading, now: datetime) -> None:
    """Say why a figure is missing; the others are kept."""
    reading.status, reading.complete = "partial", False
    reading.error = sanitize(f"{error.what} {error.do}")
    if isinstance(error, GraphForbidden):
        reading.status, reading.needs = "forbidden", error.needs or OverviewSignal.asks
    elif isinstance(error, GraphThrottled):
        reading.status = "throttled"
        reading.retry_at = now + timedelta(seconds=min(error.retry_after_s, LONGEST_WAIT_S))


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
