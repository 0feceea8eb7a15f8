"""What the console asks Graph for: each call, property, member and permission, in one place."""

from __future__ import annotations

from typing import Final

import msgspec

_DEVICES_READ: Final = "DeviceManagementManagedDevices.Read.All"
_CONFIGURATION_READ: Final = "DeviceManagementConfiguration.Read.All"
_MESSAGES_READ: Final = "ServiceMessage.Read.All"


class Asked(msgspec.Struct, frozen=True):
    """One call."""

    method: str
    version: str
    path: str
    select: tuple[str, ...]
    """The properties that are read; a collection is asked for exactly these."""
    enums: dict[str, tuple[str, ...]]
    """By property, the members that the program compares with."""
    permission: str
    """The least one, delegated and application."""

    def params(self) -> dict[str, str]:
        """Returns the query options that ask a collection for these properties only."""
        return {"$select": ",".join(self.select)}


MANAGED_DEVICES_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/managedDevices",
    (
        *("id", "deviceName", "userId", "userPrincipalName", "operatingSystem", "osVersion", "complianceState"),
        *("complianceGracePeriodExpirationDateTime", "lastSyncDateTime", "enrolledDateTime"),
        *("managedDeviceOwnerType", "isEncrypted", "jailBroken", "serialNumber", "model"),
    ),
    {
        "complianceState": (
            *("unknown", "compliant", "noncompliant", "conflict", "error", "inGracePeriod", "configManager"),
        ),
        "managedDeviceOwnerType": ("unknown", "company", "personal"),
    },
    _DEVICES_READ,
)
MANAGED_DEVICE_OVERVIEW_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/managedDeviceOverview",
    ("enrolledDeviceCount", "mdmEnrolledCount", "dualEnrolledDeviceCount", "deviceOperatingSystemSummary"),
    {},
    _DEVICES_READ,
)
COMPLIANCE_SUMMARY_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/deviceCompliancePolicyDeviceStateSummary",
    (
        *("compliantDeviceCount", "nonCompliantDeviceCount", "inGracePeriodCount", "configManagerCount"),
        *("errorDeviceCount", "conflictDeviceCount", "notApplicableDeviceCount", "remediatedDeviceCount"),
        "unknownDeviceCount",
    ),
    {},
    _CONFIGURATION_READ,
)
DEVICE_PROTECTION_OVERVIEW_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/deviceProtectionOverview",
    (
        *("totalReportedDeviceCount", "cleanDeviceCount", "criticalFailuresDeviceCount"),
        *("inactiveThreatAgentDeviceCount", "unknownStateThreatAgentDeviceCount", "pendingFullScanDeviceCount"),
        *("pendingQuickScanDeviceCount", "pendingOfflineScanDeviceCount", "pendingManualStepsDeviceCount"),
        *("pendingRestartDeviceCount", "pendingSignatureUpdateDeviceCount"),
    ),
    {},
    _DEVICES_READ,
)
WINDOWS_MALWARE_OVERVIEW_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/windowsMalwareOverview",
    ("malwareDetectedDeviceCount", "totalMalwareCount", "totalDistinctMalwareCount"),
    {},
    _DEVICES_READ,
)
MESSAGES_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/admin/serviceAnnouncement/messages",
    (
        *("id", "title", "category", "severity", "services", "tags", "isMajorChange", "actionRequiredByDateTime"),
        *("startDateTime", "endDateTime", "lastModifiedDateTime", "hasAttachments", "viewPoint", "details", "body"),
    ),
    {
        "category": ("preventOrFixIssue", "planForChange", "stayInformed"),
        "severity": ("normal", "high", "critical"),
    },
    _MESSAGES_READ,
)

ASKED: Final[tuple[Asked, ...]] = (
    MANAGED_DEVICES_ASKED,
    MANAGED_DEVICE_OVERVIEW_ASKED,
    COMPLIANCE_SUMMARY_ASKED,
    DEVICE_PROTECTION_OVERVIEW_ASKED,
    WINDOWS_MALWARE_OVERVIEW_ASKED,
    MESSAGES_ASKED,
)
