"""Windows updates: rings, feature and quality updates, and what fails of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.instants import seconds
from omconsole.simulator.reports import Report
from omconsole.simulator.served import Served
from omconsole.simulator.update_policies import WindowsUpdates
from omconsole.simulator.update_rings import RING_PROPERTIES, configurations, rings_paused
from omconsole.simulator.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.reports import Asked, ReportRow
    from omconsole.simulator.world import Truth, World

_DESCRIBED: Final = ("id", "displayName", "description", "createdDateTime", "lastModifiedDateTime")

#: Rings stand among all other configurations: a filter by type is ignored here, as others are.
CONFIGURATIONS = Served(
    "v1.0",
    "/deviceManagement/deviceConfigurations",
    "deviceConfiguration",
    (*_DESCRIBED, "version", *RING_PROPERTIES),
)
FEATURE_PROFILES = Served(
    "beta",
    "/deviceManagement/windowsFeatureUpdateProfiles",
    "windowsFeatureUpdateProfile",
    (*_DESCRIBED, "featureUpdateVersion"),
)
QUALITY_PROFILES = Served(
    "beta",
    "/deviceManagement/windowsQualityUpdateProfiles",
    "windowsQualityUpdateProfile",
    (*_DESCRIBED, "releaseDateDisplayName"),
)

FEATURE_POLICIES: Final = Report(
    (
        ("FeatureUpdateVersion", "String"),
        ("PolicyName", "String"),
        ("NumberOfDevicesWithErrors", "Int32"),
        ("PolicyId", "String"),
    )
)
FEATURE_ALERTS: Final = Report(
    (
        ("AlertStatus", "String"),
        ("AlertStatus_loc", "String"),
        ("PolicyName", "String"),
        ("DeviceName", "String"),
        ("UPN", "String"),
        ("AADDeviceId", "String"),
        ("AlertMessage", "String"),
        ("AlertMessage_loc", "String"),
        ("AlertClassification", "String"),
        ("AlertType", "String"),
        ("EventDateTimeUTC", "DateTime"),
        ("StartDateTimeUTC", "DateTime"),
        ("ResolvedDateTimeUTC", "DateTime"),
        ("Build", "String"),
        ("FeatureUpdateVersion", "String"),
        ("DeviceId", "String"),
        ("Win32ErrorCode", "Int32"),
        ("PolicyId", "String"),
    ),
    ("PolicyId", "AlertMessage"),
    "PolicyId",
)
EXPEDITED_POLICIES: Final = Report(
    (
        ("CountDevicesSuccessStatus", "Int32"),
        ("CountDevicesErrorStatus", "Int32"),
        ("CountDevicesInProgressStatus", "Int32"),
        ("ExpediteQUReleaseDate", "String"),
        ("PolicyName", "String"),
        ("PolicyId", "String"),
    )
)
EXPEDITED_ALERTS: Final = Report(
    (
        ("Win32ErrorCode", "Int32"),
        ("DeviceId", "String"),
        ("DeviceName", "String"),
        ("AlertMessage", "String"),
        ("AlertMessage_loc", "String"),
        ("ExpediteQUReleaseDate", "String"),
        ("UPN", "String"),
        ("PolicyId", "String"),
    ),
    ("PolicyId", "AlertMessage"),
    "PolicyId",
)


def _alerts(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.part(WindowsUpdates).alerts(asked.value("PolicyId") or "", now)


def _planted(world: World, now: datetime) -> Iterator[Truth]:
    from omconsole.simulator.world import Truth  # the world knows the workloads

    at, updates = seconds(now), world.part(WindowsUpdates)
    for id_ in rings_paused(world, at):
        yield Truth("osupdate.ring-paused", id_)
    for error in updates.errors:
        if updates.failing(error, at):
            yield Truth("osupdate.failed", error.policy.id, error.sub_key)


WORKLOAD = Workload(
    surface=(CONFIGURATIONS, FEATURE_PROFILES, QUALITY_PROFILES),
    collections={
        CONFIGURATIONS.path: configurations,
        FEATURE_PROFILES.path: lambda world, _now: world.part(WindowsUpdates).profiles(expedited=False),
        QUALITY_PROFILES.path: lambda world, _now: world.part(WindowsUpdates).profiles(expedited=True),
    },
    exports={
        "FeatureUpdatePolicyFailuresAggregate": (
            FEATURE_POLICIES,
            lambda world, _asked, now: world.part(WindowsUpdates).feature_policies(now),
        ),
        "DeviceFailuresByFeatureUpdatePolicy": (FEATURE_ALERTS, _alerts),
        "QualityUpdatePolicyStatusSummary": (
            EXPEDITED_POLICIES,
            lambda world, _asked, now: world.part(WindowsUpdates).expedited_policies(now),
        ),
        "QualityUpdateDeviceErrorsByPolicy": (EXPEDITED_ALERTS, _alerts),
    },
    planted=_planted,
)
