"""What the console asks Graph for about Defender, malware and firewalls."""

from __future__ import annotations

from typing import Final

from omconsole.graph.asked import Asked

_CONFIGURATION_READ: Final = "DeviceManagementConfiguration.Read.All"
_DEVICES_READ: Final = "DeviceManagementManagedDevices.Read.All"

UNHEALTHY_AGENTS_ASKED: Final = Asked(
    "POST",
    "beta",
    "/deviceManagement/reports/getUnhealthyDefenderAgentsReport",
    (
        *("DeviceId", "DeviceName", "DeviceState", "ProductStatus", "MalwareProtectionEnabled"),
        *("RealTimeProtectionEnabled", "NetworkInspectionSystemEnabled", "TamperProtectionEnabled"),
        *("SignatureUpdateOverdue", "LastReportedDateTime", "UPN"),
    ),
    {},
    _CONFIGURATION_READ,
)
UNHEALTHY_FIREWALLS_ASKED: Final = Asked(
    "POST",
    "beta",
    "/deviceManagement/reports/getUnhealthyFirewallReport",
    ("DeviceId", "DeviceName", "FirewallStatus", "LastReportedDateTime", "UPN"),
    {},
    _CONFIGURATION_READ,
)
ACTIVE_MALWARE_ASKED: Final = Asked(
    "POST",
    "beta",
    "/deviceManagement/reports/getActiveMalwareReport",
    (
        *("DeviceId", "DeviceName", "MalwareName", "MalwareCategory", "Severity", "State", "ExecutionState"),
        *("DetectionCount", "InitialDetectionDateTime", "LastStateChangeDateTime", "UPN"),
    ),
    {},
    _CONFIGURATION_READ,
)
MALWARE_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/windowsMalwareInformation",
    ("id", "displayName", "category", "severity", "lastDetectionDateTime"),
    {"severity": ("unknown", "low", "moderate", "high", "severe")},
    _DEVICES_READ,
)
"""In place of the report, where the tenant refuses that."""
MALWARE_DEVICES_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/windowsMalwareInformation/{windowsMalwareInformationId}/deviceMalwareStates",
    (
        *("id", "deviceName", "threatState", "executionState", "detectionCount", "initialDetectionDateTime"),
        "lastStateChangeDateTime",
    ),
    {
        "threatState": (
            *("active", "actionFailed", "manualStepsRequired", "fullScanRequired", "rebootRequired"),
            *("remediatedWithNonCriticalFailures", "quarantined", "removed", "cleaned", "allowed", "noStatusCleared"),
        ),
        "executionState": ("unknown", "blocked", "allowed", "running", "notRunning"),
    },
    _DEVICES_READ,
)
"""It names devices, and has no ids of them."""

PROTECTION_ASKED: Final[tuple[Asked, ...]] = (
    UNHEALTHY_AGENTS_ASKED,
    UNHEALTHY_FIREWALLS_ASKED,
    ACTIVE_MALWARE_ASKED,
    MALWARE_ASKED,
    MALWARE_DEVICES_ASKED,
)
