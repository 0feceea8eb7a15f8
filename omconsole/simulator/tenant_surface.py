"""What the simulated tenant serves about itself: service health, connectors, subscription, audit log, users."""

from __future__ import annotations

from omconsole.simulator.served import Served

_STATES = (
    "serviceOperational",
    "investigating",
    "restoringService",
    "serviceRestored",
    "postIncidentReviewPublished",
    "serviceDegradation",
    "serviceInterruption",
)
_PARTNER_STATES = ("unknown", "enabled", "unresponsive")

ISSUES = Served(
    "v1.0",
    "/admin/serviceAnnouncement/issues",
    "serviceHealthIssue",
    (
        *("id", "title", "service", "feature", "featureGroup", "classification", "origin", "status", "isResolved"),
        *("impactDescription", "startDateTime", "endDateTime", "lastModifiedDateTime", "posts", "details"),
    ),
    # Some rows show members in PascalCase, as samples of the service do.
    {
        "status": _STATES,
        "classification": ("advisory", "incident"),
        "origin": ("microsoft",),
        "posts.postType": ("regular",),
    },
)
HEALTH_OVERVIEWS = Served(
    "v1.0",
    "/admin/serviceAnnouncement/healthOverviews",
    "serviceHealth",
    ("id", "service", "status"),
    {"status": _STATES},
)
APPLE_PUSH = Served(
    "v1.0",
    "/deviceManagement/applePushNotificationCertificate",
    "applePushNotificationCertificate",
    (
        *("appleIdentifier", "topicIdentifier", "expirationDateTime", "lastModifiedDateTime"),
        *("certificateSerialNumber", "certificateUploadStatus", "certificateUploadFailureReason"),
    ),
)
ADE_TOKENS = Served(
    "beta",
    "/deviceManagement/depOnboardingSettings",
    "depOnboardingSetting",
    (
        *("id", "tokenName", "tokenType", "appleIdentifier", "tokenExpirationDateTime"),
        *("lastSuccessfulSyncDateTime", "lastSyncTriggeredDateTime", "lastSyncErrorCode", "syncedDeviceCount"),
        "lastModifiedDateTime",
    ),
    {"tokenType": ("dep",)},
)
VPP_TOKENS = Served(
    "v1.0",
    "/deviceAppManagement/vppTokens",
    "vppToken",
    (
        *("id", "organizationName", "appleId", "countryOrRegion", "expirationDateTime", "lastSyncDateTime"),
        *("lastSyncStatus", "state", "vppTokenAccountType", "automaticallyUpdateApps"),
    ),
    {"state": ("valid",), "lastSyncStatus": ("completed", "failed")},
)
GOOGLE_PLAY = Served(
    "beta",
    "/deviceManagement/androidManagedStoreAccountEnterpriseSettings",
    "androidManagedStoreAccountEnterpriseSettings",
    (
        *("bindStatus", "lastAppSyncStatus", "lastAppSyncDateTime", "lastModifiedDateTime", "ownerUserPrincipalName"),
        *("ownerOrganizationName", "enrollmentTarget", "managedGooglePlayEnterpriseType"),
    ),
    {"bindStatus": ("boundAndValidated",), "lastAppSyncStatus": ("success",)},
)
NDES_CONNECTORS = Served(
    "beta",
    "/deviceManagement/ndesConnectors",
    "ndesConnector",
    (
        *("id", "displayName", "machineName", "state", "healthStatus", "healthChecks", "connectorVersion"),
        *("lastConnectionDateTime", "enrolledDateTime"),
    ),
    {"state": ("active",), "healthStatus": ("noActionRequired",)},
)
CERTIFICATE_CONNECTORS = Served(
    "beta",
    "/deviceManagement/certificateConnectorDetails",
    "certificateConnectorDetails",
    ("id", "connectorName", "machineName", "connectorVersion", "enrollmentDateTime", "lastCheckinDateTime"),
)
DOMAIN_JOIN_CONNECTORS = Served(
    "beta",
    "/deviceManagement/domainJoinConnectors",
    "deviceManagementDomainJoinConnector",
    ("id", "displayName", "state", "version", "lastConnectionDateTime"),
    {"state": ("active",)},
)
EXCHANGE_CONNECTORS = Served(
    "v1.0",
    "/deviceManagement/exchangeConnectors",
    "deviceManagementExchangeConnector",
    (
        *("id", "serverName", "connectorServerName", "exchangeConnectorType", "status", "lastSyncDateTime"),
        *("version", "primarySmtpAddress"),
    ),
    {"status": ("connected",)},
)
THREAT_DEFENSE_CONNECTORS = Served(
    "v1.0",
    "/deviceManagement/mobileThreatDefenseConnectors",
    "mobileThreatDefenseConnector",
    (
        *("id", "partnerState", "lastHeartbeatDateTime", "partnerUnresponsivenessThresholdInDays"),
        *("androidEnabled", "iosEnabled", "windowsEnabled", "microsoftDefenderForEndpointAttachEnabled"),
    ),
    {"partnerState": ("unavailable", "enabled", "unresponsive")},
)
DEVICE_PARTNERS = Served(
    "v1.0",
    "/deviceManagement/deviceManagementPartners",
    "deviceManagementPartner",
    (
        *("id", "displayName", "partnerState", "partnerAppType", "isConfigured", "lastHeartbeatDateTime"),
        "whenPartnerDevicesWillBeRemovedDateTime",
        "whenPartnerDevicesWillBeMarkedAsNonCompliantDateTime",
    ),
    {"partnerState": _PARTNER_STATES},
)
COMPLIANCE_PARTNERS = Served(
    "v1.0",
    "/deviceManagement/complianceManagementPartners",
    "complianceManagementPartner",
    (
        *("id", "displayName", "partnerState", "lastHeartbeatDateTime"),
        *("macOsOnboarded", "iosOnboarded", "androidOnboarded"),
    ),
    {"partnerState": _PARTNER_STATES},
)
AUTOPILOT = Served(
    "beta",
    "/deviceManagement/windowsAutopilotSettings",
    "windowsAutopilotSettings",
    ("lastSyncDateTime", "lastManualSyncTriggerDateTime", "syncStatus"),
    {"syncStatus": ("completed",)},
)
SUBSCRIPTION = Served(
    "v1.0",
    "/deviceManagement/subscriptionState",
    "deviceManagementSubscriptionState",
    ("value",),
    {"value": ("active", "warning")},
)
AUDIT_EVENTS = Served(
    "v1.0",
    "/deviceManagement/auditEvents",
    "auditEvent",
    (
        *("id", "displayName", "componentName", "activity", "activityDateTime", "activityType"),
        *("activityOperationType", "activityResult", "correlationId", "category", "actor", "resources"),
    ),
)
USER = Served(
    "v1.0",
    "/users/{id}",
    "user",
    (
        *("id", "displayName", "givenName", "surname", "userPrincipalName", "mail", "jobTitle", "mobilePhone"),
        *("officeLocation", "preferredLanguage", "businessPhones", "accountEnabled", "assignedPlans"),
    ),
    {"assignedPlans.capabilityStatus": ("enabled", "warning", "deleted")},
)

TENANT: tuple[Served, ...] = (
    ISSUES,
    HEALTH_OVERVIEWS,
    APPLE_PUSH,
    ADE_TOKENS,
    VPP_TOKENS,
    GOOGLE_PLAY,
    NDES_CONNECTORS,
    CERTIFICATE_CONNECTORS,
    DOMAIN_JOIN_CONNECTORS,
    EXCHANGE_CONNECTORS,
    THREAT_DEFENSE_CONNECTORS,
    DEVICE_PARTNERS,
    COMPLIANCE_PARTNERS,
    AUTOPILOT,
    SUBSCRIPTION,
    AUDIT_EVENTS,
    USER,
)
