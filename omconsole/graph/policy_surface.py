"""What the console asks Graph for about configuration policies and their state on devices."""

from __future__ import annotations

from typing import Final

from omconsole.graph.asked import Asked

_CONFIGURATION_READ: Final = "DeviceManagementConfiguration.Read.All"

POLICY_SUMMARIES_ASKED: Final = Asked(
    "POST",
    "v1.0",
    "/deviceManagement/reports/getConfigurationPolicyNonComplianceSummaryReport",
    (
        *("PolicyId", "PolicyName", "NumberOfCompliantDevices", "NumberOfNonCompliantDevices"),
        *("NumberOfErrorDevices", "NumberOfConflictDevices"),
    ),
    {},
    _CONFIGURATION_READ,
)
POLICY_DEVICES_ASKED: Final = Asked(
    "POST",
    "v1.0",
    "/deviceManagement/reports/getConfigurationPolicyNonComplianceReport",
    ("PolicyId", "IntuneDeviceId", "DeviceName", "UPN", "PolicyStatus", "PspdpuLastModifiedTimeUtc"),
    {},
    _CONFIGURATION_READ,
)
DEVICES_WITHOUT_POLICY_ASKED: Final = Asked(
    "POST",
    "v1.0",
    "/deviceManagement/reports/getDevicesWithoutCompliancePolicyReport",
    ("DeviceId", "DeviceName"),
    {},
    _CONFIGURATION_READ,
)
"""Its columns are documented nowhere; these two are those of the export report `DevicesWithoutCompliancePolicy` that
every report of devices has. Everything else of a device is known from the device list."""

POLICY_ASKED: Final[tuple[Asked, ...]] = (POLICY_SUMMARIES_ASKED, POLICY_DEVICES_ASKED, DEVICES_WITHOUT_POLICY_ASKED)
