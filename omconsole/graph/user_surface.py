"""What the console asks Graph for about users, their licences and their app protection, and about Autopilot."""

from __future__ import annotations

from typing import Final

from omconsole.graph.asked import Asked

_APPS_READ: Final = "DeviceManagementApps.Read.All"
_DEVICES_READ: Final = "DeviceManagementManagedDevices.Read.All"
_USERS_READ: Final = "User.Read.All"
_CAPABILITY_STATUS: Final = ("Enabled", "Warning", "Suspended", "Deleted", "LockedOut")

DIRECTORY_USERS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/users",
    ("id", "userPrincipalName", "accountEnabled", "assignedPlans"),
    {"assignedPlans.capabilityStatus": _CAPABILITY_STATUS},
    _USERS_READ,
)
"""Asked for with a `$filter` that leaves out who has the usual plan; where Graph does not know it, without."""
USER_PLANS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/users/{id}",
    DIRECTORY_USERS_ASKED.select,
    DIRECTORY_USERS_ASKED.enums,
    _USERS_READ,
)
"""Of one user, in `$batch`: a user who is no longer in the filtered list says so in person."""
FLAGGED_USERS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceAppManagement/managedAppRegistrations/getUserIdsWithFlaggedAppRegistration",
    (),
    {},
    _APPS_READ,
)
APP_REGISTRATIONS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/users/{id}/managedAppRegistrations",
    ("id", "userId", "deviceName", "deviceType", "platformVersion", "lastSyncDateTime", "flaggedReasons"),
    {"flaggedReasons": ("none", "rootedDevice")},
    _APPS_READ,
)
"""Of one user, in `$batch`."""
AUTOPILOT_EVENTS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/autopilotEvents",
    (
        *("id", "deviceId", "userId", "userPrincipalName", "managedDeviceName", "deviceSerialNumber", "osVersion"),
        *("eventDateTime", "enrollmentState", "deploymentState", "deviceSetupStatus", "accountSetupStatus"),
        "enrollmentFailureDetails",
    ),
    {
        "deploymentState": (
            *("unknown", "success", "inProgress", "failure", "successWithTimeout", "notAttempted", "disabled"),
            "successOnRetry",
        ),
        "enrollmentState": ("unknown", "enrolled", "pendingReset", "failed", "notContacted", "blocked"),
    },
    _DEVICES_READ,
)

USER_CARE_ASKED: Final[tuple[Asked, ...]] = (
    DIRECTORY_USERS_ASKED,
    USER_PLANS_ASKED,
    FLAGGED_USERS_ASKED,
    APP_REGISTRATIONS_ASKED,
    AUTOPILOT_EVENTS_ASKED,
)
