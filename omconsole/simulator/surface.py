"""The one list of what the simulated tenant serves: every path, version, property and enumeration member.

`app.py` answers from this table and from nothing else; a contract test compares it with the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator import reports
from omconsole.simulator.served import Served
from omconsole.simulator.tenant_surface import TENANT
from omconsole.simulator.workloads import WORKLOADS

if TYPE_CHECKING:
    from omconsole.simulator.reports import Report

#: Shown by a list, and by the call for one device.
DEVICE_PROPERTIES = (
    "id",
    "deviceName",
    "userPrincipalName",
    "userDisplayName",
    "userId",
    "operatingSystem",
    "osVersion",
    "complianceState",
    "complianceGracePeriodExpirationDateTime",
    "lastSyncDateTime",
    "enrolledDateTime",
    "managementAgent",
    "managementState",
    "managedDeviceOwnerType",
    "deviceEnrollmentType",
    "deviceRegistrationState",
    "azureADDeviceId",
    "azureADRegistered",
    "manufacturer",
    "model",
    "serialNumber",
    "isEncrypted",
    "isSupervised",
    "jailBroken",
    "partnerReportedThreatState",
    "exchangeAccessState",
    "managementCertificateExpirationDate",
    "freeStorageSpaceInBytes",
    "totalStorageSpaceInBytes",
    "deviceCategoryDisplayName",
    "deviceActionResults",
)

#: Shown with their values by the call for one device alone.
ONE_DEVICE_PROPERTIES = (
    "physicalMemoryInBytes",
    "ethernetMacAddress",
    "iccid",
    "udid",
    "notes",
    "activationLockBypassCode",
    "remoteAssistanceSessionUrl",
)

_DEVICE_ENUMS: dict[str, tuple[str, ...]] = {
    "complianceState": (
        "unknown",
        "compliant",
        "noncompliant",
        "conflict",
        "error",
        "inGracePeriod",
        "configManager",
    ),
    "managementState": ("managed", "retirePending"),
    "deviceEnrollmentType": (
        "userEnrollment",
        "appleBulkWithUser",
        "appleBulkWithoutUser",
        "windowsAzureADJoin",
        "windowsAutoEnrollment",
        "windowsCoManagement",
    ),
    "managementAgent": ("mdm", "configurationManagerClientMdm", "googleCloudDevicePolicyController"),
    "managedDeviceOwnerType": ("company", "personal"),
    "partnerReportedThreatState": (
        *("unknown", "activated", "secured", "lowSeverity", "mediumSeverity", "highSeverity", "compromised"),
    ),
    "deviceRegistrationState": ("notRegistered", "registered"),
    "exchangeAccessState": ("none", "allowed"),
    "deviceActionResults.actionState": ("pending", "done", "failed"),
}

DEVICES = Served("v1.0", "/deviceManagement/managedDevices", "managedDevice", DEVICE_PROPERTIES, _DEVICE_ENUMS)
DEVICE = Served(
    "v1.0",
    "/deviceManagement/managedDevices/{managedDeviceId}",
    "managedDevice",
    ONE_DEVICE_PROPERTIES,
)
DEVICE_OVERVIEW = Served(
    "v1.0",
    "/deviceManagement/managedDeviceOverview",
    "managedDeviceOverview",
    (
        "enrolledDeviceCount",
        "mdmEnrolledCount",
        "dualEnrolledDeviceCount",
        "deviceOperatingSystemSummary",
        "deviceExchangeAccessStateSummary",
    ),
)
COMPLIANCE_SUMMARY = Served(
    "v1.0",
    "/deviceManagement/deviceCompliancePolicyDeviceStateSummary",
    "deviceCompliancePolicyDeviceStateSummary",
    (
        "compliantDeviceCount",
        "nonCompliantDeviceCount",
        "inGracePeriodCount",
        "configManagerCount",
        "errorDeviceCount",
        "conflictDeviceCount",
        "notApplicableDeviceCount",
        "remediatedDeviceCount",
        "unknownDeviceCount",
    ),
)
PROTECTION_OVERVIEW = Served(
    "v1.0",
    "/deviceManagement/deviceProtectionOverview",
    "deviceProtectionOverview",
    (
        "totalReportedDeviceCount",
        "cleanDeviceCount",
        "criticalFailuresDeviceCount",
        "inactiveThreatAgentDeviceCount",
        "unknownStateThreatAgentDeviceCount",
        "pendingFullScanDeviceCount",
        "pendingManualStepsDeviceCount",
        "pendingOfflineScanDeviceCount",
        "pendingQuickScanDeviceCount",
        "pendingRestartDeviceCount",
        "pendingSignatureUpdateDeviceCount",
    ),
)
MALWARE_OVERVIEW = Served(
    "v1.0",
    "/deviceManagement/windowsMalwareOverview",
    "windowsMalwareOverview",
    (
        "malwareDetectedDeviceCount",
        "totalMalwareCount",
        "totalDistinctMalwareCount",
        "malwareSeveritySummary",
        "malwareStateSummary",
        "malwareExecutionStateSummary",
        "malwareCategorySummary",
        "malwareNameSummary",
        "osVersionsSummary",
    ),
    {"severity": ("moderate", "high", "severe")},
)
COMPLIANCE_POLICIES = Served(
    "v1.0",
    "/deviceManagement/deviceCompliancePolicies",
    "deviceCompliancePolicy",
    ("id", "displayName", "description", "version", "createdDateTime", "lastModifiedDateTime"),
)
MOBILE_APPS = Served(
    "v1.0",
    "/deviceAppManagement/mobileApps",
    "mobileApp",
    (
        "id",
        "displayName",
        "publisher",
        "createdDateTime",
        "lastModifiedDateTime",
        "publishingState",
        "isFeatured",
        "owner",
    ),
    {"publishingState": ("processing", "published")},
)
MESSAGES = Served(
    "v1.0",
    "/admin/serviceAnnouncement/messages",
    "serviceUpdateMessage",
    (
        "id",
        "title",
        "category",
        "severity",
        "services",
        "tags",
        "isMajorChange",
        "actionRequiredByDateTime",
        "startDateTime",
        "endDateTime",
        "lastModifiedDateTime",
        "hasAttachments",
        "viewPoint",
        "details",
        "body",
    ),
    # Some rows show a category in PascalCase, as samples of the service do.
    {
        "category": ("preventOrFixIssue", "planForChange", "stayInformed"),
        "severity": ("normal", "high", "critical"),
    },
)
TROUBLESHOOTING_EVENTS = Served(
    "v1.0",
    "/deviceManagement/troubleshootingEvents",
    "deviceManagementTroubleshootingEvent",
    (
        "id",
        "eventDateTime",
        "correlationId",
        "enrollmentType",
        "failureCategory",
        "failureReason",
        "deviceId",
        "managedDeviceIdentifier",
        "userId",
        "operatingSystem",
        "osVersion",
    ),
    {
        "failureCategory": (
            "userValidation",
            "enrollmentRestrictionsEnforced",
            "authorization",
            "authentication",
            "accountValidation",
        ),
        "enrollmentType": _DEVICE_ENUMS["deviceEnrollmentType"],
    },
)
#: What `$select` may name of them: the other properties are those of the type that failed enrolments have.
EVENT_BASE_PROPERTIES = TROUBLESHOOTING_EVENTS.properties[:3]


def _report(version: str, action: str, report: Report) -> Served:
    columns = tuple(name for name, _ in report.columns if not name.endswith("_loc"))
    return Served(version, f"/deviceManagement/reports/{action}", "reports", columns, method="POST")


NONCOMPLIANT_SETTINGS = _report("v1.0", "getNoncompliantDevicesAndSettingsReport", reports.NONCOMPLIANT_SETTINGS)
APPS_SUMMARY = _report("beta", "getAppsInstallSummaryReport", reports.APPS_SUMMARY)
APP_DEVICES = _report("v1.0", "retrieveDeviceAppInstallationStatusReport", reports.APP_DEVICES)
EXPORT_JOBS = Served(
    "v1.0",
    "/deviceManagement/reports/exportJobs",
    "deviceManagementExportJob",
    ("id", "reportName", "status", "url", "expirationDateTime"),
    {"status": ("notStarted",)},
    "POST",
)
EXPORT_JOB = Served(
    "v1.0",
    "/deviceManagement/reports/exportJobs/{exportJobId}",
    "deviceManagementExportJob",
    ("id", "status", "url", "expirationDateTime"),
    {"status": ("inProgress", "completed")},
)

SURFACE: tuple[Served, ...] = (
    DEVICES,
    DEVICE,
    DEVICE_OVERVIEW,
    COMPLIANCE_SUMMARY,
    PROTECTION_OVERVIEW,
    MALWARE_OVERVIEW,
    COMPLIANCE_POLICIES,
    MOBILE_APPS,
    MESSAGES,
    TROUBLESHOOTING_EVENTS,
    NONCOMPLIANT_SETTINGS,
    APPS_SUMMARY,
    APP_DEVICES,
    EXPORT_JOBS,
    EXPORT_JOB,
    *TENANT,
    *(call for workload in WORKLOADS for call in workload.surface),
)
