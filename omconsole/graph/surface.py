"""What the console asks Graph for: each call, property, member and permission, in one place."""

from __future__ import annotations

from typing import Final

from omconsole.graph.action_surface import ACTION_ASKED
from omconsole.graph.asked import Asked as Asked  # noqa: PLC0414 - named here with what is asked for
from omconsole.graph.policy_surface import POLICY_ASKED
from omconsole.graph.protection_surface import PROTECTION_ASKED
from omconsole.graph.security_surface import SECURITY_ASKED
from omconsole.graph.tenant_surface import TENANT_ASKED
from omconsole.graph.update_surface import UPDATE_ASKED
from omconsole.graph.user_surface import USER_CARE_ASKED

_DEVICES_READ: Final = "DeviceManagementManagedDevices.Read.All"
_CONFIGURATION_READ: Final = "DeviceManagementConfiguration.Read.All"
_APPS_READ: Final = "DeviceManagementApps.Read.All"
_USERS_READ: Final = "User.ReadBasic.All"
_MESSAGES_READ: Final = "ServiceMessage.Read.All"

MANAGED_DEVICES_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/managedDevices",
    (
        *("id", "deviceName", "userId", "userPrincipalName", "operatingSystem", "osVersion", "complianceState"),
        *("complianceGracePeriodExpirationDateTime", "lastSyncDateTime", "enrolledDateTime"),
        *("managedDeviceOwnerType", "isEncrypted", "jailBroken", "serialNumber", "model"),
        *("azureADDeviceId", "partnerReportedThreatState", "managementCertificateExpirationDate"),
    ),
    {
        "complianceState": (
            *("unknown", "compliant", "noncompliant", "conflict", "error", "inGracePeriod", "configManager"),
        ),
        "managedDeviceOwnerType": ("unknown", "company", "personal"),
        "partnerReportedThreatState": (
            *("unknown", "activated", "deactivated", "secured", "lowSeverity", "mediumSeverity", "highSeverity"),
            *("unresponsive", "compromised", "misconfigured"),
        ),
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

COMPLIANCE_POLICIES_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/deviceCompliancePolicies",
    ("id", "displayName"),
    {},
    _CONFIGURATION_READ,
)
NONCOMPLIANT_SETTINGS_ASKED: Final = Asked(
    "POST",
    "v1.0",
    "/deviceManagement/reports/getNoncompliantDevicesAndSettingsReport",
    ("DeviceId", "PolicyName", "SettingName", "SettingStatus"),
    {},
    _CONFIGURATION_READ,
)
MOBILE_APPS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceAppManagement/mobileApps",
    ("id", "displayName"),
    {},
    _APPS_READ,
)
"""Asked for with `$expand=assignments`."""
APP_INSTALL_SUMMARIES_ASKED: Final = Asked(
    "POST",
    "beta",
    "/deviceManagement/reports/getAppsInstallSummaryReport",
    (
        *("ApplicationId", "DisplayName", "FailedDeviceCount", "FailedUserCount"),
        *("InstalledDeviceCount", "PendingInstallDeviceCount"),
    ),
    {},
    _APPS_READ,
)
DEVICE_APP_INSTALLATIONS_ASKED: Final = Asked(
    "POST",
    "v1.0",
    "/deviceManagement/reports/retrieveDeviceAppInstallationStatusReport",
    (
        *("DeviceId", "DeviceName", "UserId", "UserPrincipalName", "Platform", "AppVersion", "AppInstallState"),
        *("InstallStateDetail", "ErrorCode", "HexErrorCode", "LastModifiedDateTime"),
    ),
    {},
    _APPS_READ,
)
TROUBLESHOOTING_EVENTS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/troubleshootingEvents",
    (
        *("id", "eventDateTime", "failureCategory", "failureReason", "enrollmentType", "managedDeviceIdentifier"),
        *("deviceId", "userId", "operatingSystem", "osVersion"),
    ),
    {},
    _DEVICES_READ,
)
"""Asked for without `$select`: most of these are properties of the derived type that failed enrolments have."""
USER_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/users/{id}",
    ("id", "displayName", "userPrincipalName"),
    {},
    _USERS_READ,
)
"""Of the directory: it stands beside `ASKED`, whose reference is Intune's."""

ASKED: Final[tuple[Asked, ...]] = (
    MANAGED_DEVICES_ASKED,
    MANAGED_DEVICE_OVERVIEW_ASKED,
    COMPLIANCE_SUMMARY_ASKED,
    DEVICE_PROTECTION_OVERVIEW_ASKED,
    WINDOWS_MALWARE_OVERVIEW_ASKED,
    MESSAGES_ASKED,
    COMPLIANCE_POLICIES_ASKED,
    NONCOMPLIANT_SETTINGS_ASKED,
    MOBILE_APPS_ASKED,
    APP_INSTALL_SUMMARIES_ASKED,
    DEVICE_APP_INSTALLATIONS_ASKED,
    TROUBLESHOOTING_EVENTS_ASKED,
    *TENANT_ASKED,
    *POLICY_ASKED,
    *PROTECTION_ASKED,
    *SECURITY_ASKED,
    *UPDATE_ASKED,
    *USER_CARE_ASKED,
    *ACTION_ASKED,
)
