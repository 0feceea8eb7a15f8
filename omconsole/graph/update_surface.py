"""What the console asks Graph for about Windows updates."""

from __future__ import annotations

from typing import Final, NamedTuple

from omconsole.graph.asked import Asked

_CONFIGURATION_READ: Final = "DeviceManagementConfiguration.Read.All"

UPDATE_RINGS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/deviceConfigurations",
    (
        *("id", "displayName", "lastModifiedDateTime", "qualityUpdatesPaused", "featureUpdatesPaused"),
        *("qualityUpdatesPauseStartDate", "featureUpdatesPauseStartDate"),
        *("qualityUpdatesPauseExpiryDateTime", "featureUpdatesPauseExpiryDateTime"),
    ),
    {},
    _CONFIGURATION_READ,
)
"""Asked for without `$select`: most of these are properties of the derived type that update rings have."""
UPDATE_RINGS_FILTER: Final = "isof('microsoft.graph.windowsUpdateForBusinessConfiguration')"
"""Widely used in public scripts, and documented nowhere: it may be refused, or ignored without a word."""

FEATURE_PROFILES_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/windowsFeatureUpdateProfiles",
    ("id", "displayName"),
    {},
    _CONFIGURATION_READ,
)
QUALITY_PROFILES_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/windowsQualityUpdateProfiles",
    ("id", "displayName"),
    {},
    _CONFIGURATION_READ,
)
EXPORT_JOBS_ASKED: Final = Asked(
    "POST", "v1.0", "/deviceManagement/reports/exportJobs", ("id", "status", "url"), {}, _CONFIGURATION_READ
)
EXPORT_JOB_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/deviceManagement/reports/exportJobs/{exportJobId}",
    ("id", "status", "url"),
    {"status": ("notStarted", "inProgress", "completed", "failed")},
    _CONFIGURATION_READ,
)


class Exported(NamedTuple):
    """A report that there is as an export job, with the columns that it is asked for (graph.md §14)."""

    report_name: str
    select: tuple[str, ...]


FEATURE_FAILURES: Final = Exported(
    "FeatureUpdatePolicyFailuresAggregate",
    ("PolicyId", "PolicyName", "FeatureUpdateVersion", "NumberOfDevicesWithErrors"),
)
"""By policy; it cannot be filtered. Whether it names policies without errors is not said: both are understood."""
FEATURE_FAILED_DEVICES: Final = Exported(
    "DeviceFailuresByFeatureUpdatePolicy",
    (
        *("PolicyId", "DeviceId", "DeviceName", "AlertMessage", "AlertStatus", "Win32ErrorCode"),
        *("EventDateTimeUTC", "StartDateTimeUTC", "ResolvedDateTimeUTC"),
    ),
)
"""What stands behind the number of the report before, of one policy."""
QUALITY_STATES: Final = Exported(
    "QualityUpdatePolicyStatusSummary",
    ("PolicyId", "PolicyName", "ExpediteQUReleaseDate", "CountDevicesErrorStatus"),
)
"""By policy of expedited quality updates."""
QUALITY_FAILED_DEVICES: Final = Exported(
    "QualityUpdateDeviceErrorsByPolicy",
    ("PolicyId", "DeviceId", "DeviceName", "AlertMessage", "Win32ErrorCode"),
)
"""It has no times, and shows what has not been solved."""

UPDATE_ASKED: Final[tuple[Asked, ...]] = (
    UPDATE_RINGS_ASKED,
    FEATURE_PROFILES_ASKED,
    QUALITY_PROFILES_ASKED,
    EXPORT_JOBS_ASKED,
    EXPORT_JOB_ASKED,
)
