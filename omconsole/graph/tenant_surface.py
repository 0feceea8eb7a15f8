"""What the console asks Graph for about the tenant as a whole: service health, connectors, subscription, audit log."""

from __future__ import annotations

from typing import Final

from omconsole.graph.asked import Asked

_HEALTH_READ: Final = "ServiceHealth.Read.All"
_SERVICE_CONFIG_READ: Final = "DeviceManagementServiceConfig.Read.All"
_CONFIGURATION_READ: Final = "DeviceManagementConfiguration.Read.All"
_APPS_READ: Final = "DeviceManagementApps.Read.All"

_PARTNER_STATES: Final = ("unknown", "unavailable", "enabled", "terminated", "rejected", "unresponsive")

SERVICE_ISSUES_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/admin/serviceAnnouncement/issues",
    (
        *("id", "title", "service", "feature", "featureGroup", "classification", "status", "isResolved"),
        *("impactDescription", "startDateTime", "endDateTime", "lastModifiedDateTime", "posts"),
    ),
    {
        "classification": ("advisory", "incident"),
        "status": (
            *("serviceOperational", "investigating", "restoringService", "verifyingService", "serviceRestored"),
            *("postIncidentReviewPublished", "serviceDegradation", "serviceInterruption", "extendedRecovery"),
            *("falsePositive", "investigationSuspended", "resolved", "mitigatedExternal", "mitigated"),
            *("resolvedExternal", "confirmed", "reported"),
        ),
    },
    _HEALTH_READ,
)
APPLE_PUSH_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/applePushNotificationCertificate",
    (
        *("appleIdentifier", "topicIdentifier", "expirationDateTime", "lastModifiedDateTime"),
        *("certificateSerialNumber", "certificateUploadFailureReason"),
    ),
    {},
    _CONFIGURATION_READ,
)
DEP_ONBOARDING_SETTINGS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/depOnboardingSettings",
    (
        *("id", "tokenName", "appleIdentifier", "tokenExpirationDateTime", "lastSuccessfulSyncDateTime"),
        *("lastSyncTriggeredDateTime", "lastSyncErrorCode", "syncedDeviceCount", "lastModifiedDateTime"),
    ),
    {},
    _SERVICE_CONFIG_READ,
)
VPP_TOKENS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceAppManagement/vppTokens",
    (
        *("id", "organizationName", "appleId", "countryOrRegion", "expirationDateTime", "lastSyncDateTime"),
        *("lastSyncStatus", "state"),
    ),
    {
        "state": ("unknown", "valid", "expired", "invalid", "assignedToExternalMDM"),
        "lastSyncStatus": ("none", "inProgress", "completed", "failed"),
    },
    _SERVICE_CONFIG_READ,
)
"""The token itself is a secret and never asked for."""
MANAGED_GOOGLE_PLAY_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/androidManagedStoreAccountEnterpriseSettings",
    (
        *("bindStatus", "lastAppSyncStatus", "lastAppSyncDateTime", "lastModifiedDateTime"),
        *("ownerUserPrincipalName", "ownerOrganizationName"),
    ),
    {
        "bindStatus": ("notBound", "bound", "boundAndValidated", "unbinding"),
        "lastAppSyncStatus": (
            *("success", "credentialsNotValid", "androidForWorkApiError", "managementServiceError"),
            *("unknownError", "none"),
        ),
    },
    _CONFIGURATION_READ,
)
NDES_CONNECTORS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/ndesConnectors",
    (
        *("id", "displayName", "machineName", "state", "healthStatus", "connectorVersion"),
        *("lastConnectionDateTime", "enrolledDateTime"),
    ),
    {
        "state": ("none", "active", "inactive"),
        "healthStatus": ("unknown", "noActionRequired", "attentionRequired", "actionRequired", "disconnected"),
    },
    _CONFIGURATION_READ,
)
CERTIFICATE_CONNECTORS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/certificateConnectorDetails",
    ("id", "connectorName", "machineName", "connectorVersion", "enrollmentDateTime", "lastCheckinDateTime"),
    {},
    _CONFIGURATION_READ,
)
DOMAIN_JOIN_CONNECTORS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/domainJoinConnectors",
    ("id", "displayName", "state", "version", "lastConnectionDateTime"),
    {"state": ("active", "error", "inactive")},
    _CONFIGURATION_READ,
)
EXCHANGE_CONNECTORS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/exchangeConnectors",
    ("id", "serverName", "connectorServerName", "exchangeConnectorType", "status", "lastSyncDateTime", "version"),
    {"status": ("none", "connectionPending", "connected", "disconnected")},
    _SERVICE_CONFIG_READ,
)
THREAT_DEFENSE_CONNECTORS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/mobileThreatDefenseConnectors",
    (
        *("id", "partnerState", "lastHeartbeatDateTime", "partnerUnresponsivenessThresholdInDays"),
        *("androidEnabled", "iosEnabled", "windowsEnabled", "microsoftDefenderForEndpointAttachEnabled"),
    ),
    {"partnerState": ("unavailable", "available", "enabled", "unresponsive")},
    _SERVICE_CONFIG_READ,
)
DEVICE_PARTNERS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/deviceManagementPartners",
    (
        *("id", "displayName", "partnerState", "partnerAppType", "isConfigured", "lastHeartbeatDateTime"),
        *("whenPartnerDevicesWillBeRemovedDateTime", "whenPartnerDevicesWillBeMarkedAsNonCompliantDateTime"),
    ),
    {"partnerState": _PARTNER_STATES},
    _SERVICE_CONFIG_READ,
)
COMPLIANCE_PARTNERS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/complianceManagementPartners",
    (
        *("id", "displayName", "partnerState", "lastHeartbeatDateTime"),
        *("macOsOnboarded", "iosOnboarded", "androidOnboarded"),
    ),
    {"partnerState": _PARTNER_STATES},
    _SERVICE_CONFIG_READ,
)
AUTOPILOT_SETTINGS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/windowsAutopilotSettings",
    ("lastSyncDateTime", "lastManualSyncTriggerDateTime", "syncStatus"),
    {"syncStatus": ("unknown", "inProgress", "completed", "failed")},
    _SERVICE_CONFIG_READ,
)
SUBSCRIPTION_STATE_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/subscriptionState",
    ("value",),
    {"value": ("pending", "active", "warning", "disabled", "deleted", "blocked", "lockedOut")},
    _SERVICE_CONFIG_READ,
)
AUDIT_EVENTS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/auditEvents",
    (
        *("id", "displayName", "activity", "activityDateTime", "activityOperationType", "activityResult"),
        *("category", "actor", "resources"),
    ),
    {},
    _APPS_READ,
)

TENANT_ASKED: Final[tuple[Asked, ...]] = (
    SERVICE_ISSUES_ASKED,
    APPLE_PUSH_ASKED,
    DEP_ONBOARDING_SETTINGS_ASKED,
    VPP_TOKENS_ASKED,
    MANAGED_GOOGLE_PLAY_ASKED,
    NDES_CONNECTORS_ASKED,
    CERTIFICATE_CONNECTORS_ASKED,
    DOMAIN_JOIN_CONNECTORS_ASKED,
    EXCHANGE_CONNECTORS_ASKED,
    THREAT_DEFENSE_CONNECTORS_ASKED,
    DEVICE_PARTNERS_ASKED,
    COMPLIANCE_PARTNERS_ASKED,
    AUTOPILOT_SETTINGS_ASKED,
    SUBSCRIPTION_STATE_ASKED,
    AUDIT_EVENTS_ASKED,
)
