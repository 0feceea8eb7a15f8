"""The tenant's totals, counted over the same rows that the lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.detections import Detections
from omconsole.simulator.hardware import exchange_access
from omconsole.simulator.instants import iso_fraction, seconds
from omconsole.simulator.protection import Agents

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from omconsole.simulator.detections import Detection
    from omconsole.simulator.world import World

_UNCLEAN: Final = (
    "criticalFailuresDeviceCount",
    "inactiveThreatAgentDeviceCount",
    "unknownStateThreatAgentDeviceCount",
    "pendingFullScanDeviceCount",
    "pendingManualStepsDeviceCount",
    "pendingOfflineScanDeviceCount",
    "pendingQuickScanDeviceCount",
    "pendingRestartDeviceCount",
    "pendingSignatureUpdateDeviceCount",
)


def device_overview(world: World, now: datetime) -> dict[str, object]:
    """`managedDeviceOverview`."""
    census = world.census(now)
    platforms = census.platforms
    allowed = sum(count for name, count in platforms.items() if exchange_access(name) == "allowed")
    return {
        "enrolledDeviceCount": world.devices,
        "mdmEnrolledCount": world.devices - census.co_managed,
        "dualEnrolledDeviceCount": census.co_managed,
        "deviceOperatingSystemSummary": {
            "androidCount": platforms["Android"],
            "iosCount": platforms["iOS"] + platforms["iPadOS"],
            "macOSCount": platforms["macOS"],
            "windowsMobileCount": 0,
            "windowsCount": platforms["Windows"],
            "unknownCount": 0,
        },
        "deviceExchangeAccessStateSummary": {
            "allowedDeviceCount": allowed,
            "blockedDeviceCount": 0,
            "quarantinedDeviceCount": 0,
            "unknownDeviceCount": 0,
            "unavailableDeviceCount": world.devices - allowed,
        },
    }


def compliance_summary(world: World, now: datetime) -> dict[str, object]:
    """`deviceCompliancePolicyDeviceStateSummary`."""
    states = world.census(now).states
    return {
        "compliantDeviceCount": states["compliant"],
        "nonCompliantDeviceCount": states["noncompliant"],
        "inGracePeriodCount": states["inGracePeriod"],
        "configManagerCount": states["configManager"],
        "errorDeviceCount": states["error"],
        "conflictDeviceCount": states["conflict"],
        "notApplicableDeviceCount": 0,
        "remediatedDeviceCount": 0,
        "unknownDeviceCount": states["unknown"],
    }


def protection_overview(world: World, now: datetime) -> dict[str, object]:
    """`deviceProtectionOverview`: every Windows device is in exactly one of the counts, clean or not."""
    reported = world.census(now).platforms["Windows"]
    sick = world.part(Agents).counts(seconds(now))
    return {
        "totalReportedDeviceCount": reported,
        "cleanDeviceCount": reported - sick.total(),
        **{name: sick[name] for name in _UNCLEAN},
    }


def malware_overview(world: World, now: datetime) -> dict[str, object]:
    """`windowsMalwareOverview`: what the report of malware shows at the same instant, counted."""
    at = seconds(now)
    found = world.part(Detections).at(at)
    devices = len({each.place for each in found})
    updated = {"lastUpdateDateTime": iso_fraction(at - at % 3600, 1_234_567)}
    return {
        "malwareDetectedDeviceCount": devices,
        "totalMalwareCount": len(found),
        "totalDistinctMalwareCount": _distinct(found),
        "malwareStateSummary": [
            {
                "state": state,
                "deviceCount": _devices(of_it),
                "malwareDetectionCount": len(of_it),
                "distinctMalwareCount": _distinct(of_it),
                **updated,
            }
            for state, of_it in _by(found, lambda each: each.state.threat[1])
        ],
        "malwareSeveritySummary": [
            {
                "severity": severity,
                "malwareDetectionCount": len(of_it),
                "distinctMalwareCount": _distinct(of_it),
                **updated,
            }
            for severity, of_it in _by(found, lambda each: each.malware.severity[1])
        ],
        "malwareExecutionStateSummary": [
            {"executionState": state, "deviceCount": _devices(of_it), **updated}
            for state, of_it in _by(found, lambda each: each.state.execution[1])
        ],
        "malwareCategorySummary": [
            {
                "category": category,
                "deviceCount": _devices(of_it),
                "activeMalwareDetectionCount": sum(each.is_active for each in of_it),
                "distinctActiveMalwareCount": _distinct([each for each in of_it if each.is_active]),
                **updated,
            }
            for category, of_it in _by(found, lambda each: each.malware.category[1])
        ],
        "malwareNameSummary": [
            {
                "malwareIdentifier": str(of_it[0].malware.id),
                "name": name,
                "deviceCount": _devices(of_it),
                **updated,
            }
            for name, of_it in _by(found, lambda each: each.malware.name)
        ],
        "osVersionsSummary": [{"osVersion": "10.0.22631", "deviceCount": devices, **updated}][: len(found)],
    }


def _by(found: list[Detection], of: Callable[[Detection], str]) -> list[tuple[str, list[Detection]]]:
    """The detections in groups, in the order of the first of each."""
    groups: dict[str, list[Detection]] = {}
    for each in found:
        groups.setdefault(of(each), []).append(each)
    return list(groups.items())


def _devices(found: list[Detection]) -> int:
    return len({each.place for each in found})


def _distinct(found: list[Detection]) -> int:
    return len({each.malware.id for each in found})
