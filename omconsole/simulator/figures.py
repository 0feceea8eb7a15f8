"""The tenant's totals, counted over the same rows that the lists show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator.draws import Draw
from omconsole.simulator.hardware import exchange_access
from omconsole.simulator.instants import iso_fraction, seconds

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.simulator.world import World

_FIGURES = 91
_MALWARE = (
    ("Trojan:Win32/Contosonda.A", "trojan", "severe", "active"),
    ("HackTool:Win32/AutoKMS.Sim", "hackTool", "high", "quarantined"),
    ("PUA:Win32/Bundlesim", "adware", "moderate", "cleaned"),
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


def _sick(world: World, now: datetime, name: int, per_ten_thousand: int) -> int:
    """A share of the Windows devices that wavers from hour to hour."""
    windows = world.census(now).platforms["Windows"]
    part = windows * per_ten_thousand // 10_000
    return part + (Draw(world.seed, _FIGURES, name, seconds(now) // 3600).below(3) if part else 0)


def protection_overview(world: World, now: datetime) -> dict[str, object]:
    """`deviceProtectionOverview`: every Windows device is in exactly one of the counts, clean or not."""
    windows = world.census(now).platforms["Windows"]
    names = {
        "criticalFailuresDeviceCount": 8,
        "inactiveThreatAgentDeviceCount": 60,
        "unknownStateThreatAgentDeviceCount": 40,
        "pendingFullScanDeviceCount": 90,
        "pendingManualStepsDeviceCount": 4,
        "pendingOfflineScanDeviceCount": 6,
        "pendingQuickScanDeviceCount": 120,
        "pendingRestartDeviceCount": 70,
        "pendingSignatureUpdateDeviceCount": 150,
    }
    sick = {name: _sick(world, now, place, part) for place, (name, part) in enumerate(names.items())}
    return {"totalReportedDeviceCount": windows, "cleanDeviceCount": windows - sum(sick.values()), **sick}


def malware_overview(world: World, now: datetime) -> dict[str, object]:
    """`windowsMalwareOverview`: about 15 devices of 20,000; none in the story, which is about other things."""
    found = [_sick(world, now, 20 + place, part) for place, part in enumerate((3, 4, 6))]
    found[0] = max(found[0], int(world.devices >= 50))
    if world.scenario == "story":
        found = [0, 0, 0]
    seen = [(*traits, count) for traits, count in zip(_MALWARE, found, strict=True) if count]
    at = seconds(now)
    updated = iso_fraction(at - at % 3600, 1_234_567)
    total = sum(found)
    return {
        "malwareDetectedDeviceCount": total,
        "totalMalwareCount": total,
        "totalDistinctMalwareCount": len(seen),
        "malwareStateSummary": [
            {
                "state": state,
                "deviceCount": count,
                "malwareDetectionCount": count,
                "distinctMalwareCount": 1,
                "lastUpdateDateTime": updated,
            }
            for _, _, _, state, count in seen
        ],
        "malwareSeveritySummary": [
            {
                "severity": severity,
                "malwareDetectionCount": count,
                "distinctMalwareCount": 1,
                "lastUpdateDateTime": updated,
            }
            for _, _, severity, _, count in seen
        ],
        "malwareExecutionStateSummary": [
            {"executionState": "blocked", "deviceCount": total, "lastUpdateDateTime": updated}
        ][: len(seen)],
        "malwareCategorySummary": [
            {
                "category": category,
                "deviceCount": count,
                "activeMalwareDetectionCount": count if state == "active" else 0,
                "distinctActiveMalwareCount": int(state == "active"),
                "lastUpdateDateTime": updated,
            }
            for _, category, _, state, count in seen
        ],
        "malwareNameSummary": [
            {
                "malwareIdentifier": str(2_147_700_000 + place),
                "name": name,
                "deviceCount": count,
                "lastUpdateDateTime": updated,
            }
            for place, (name, _, _, _, count) in enumerate(seen)
        ],
        "osVersionsSummary": [
            {"osVersion": "10.0.22631", "deviceCount": total, "lastUpdateDateTime": updated},
        ][: len(seen)],
    }
