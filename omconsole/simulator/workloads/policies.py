"""Policies: configuration policies, their state on devices, and devices without a compliance policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.configurations import CONFLICT, Configurations, Unassigned, without_policy
from omconsole.simulator.instants import seconds
from omconsole.simulator.reports import Report
from omconsole.simulator.served import Served
from omconsole.simulator.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.reports import Asked, ReportRow
    from omconsole.simulator.world import Truth, World

SUMMARY: Final = Report(
    (
        ("UnifiedPolicyType", "String"),
        ("PolicyName", "String"),
        ("NumberOfErrorDevices", "Int32"),
        ("NumberOfConflictDevices", "Int32"),
        ("NumberOfNonCompliantDevices", "Int32"),
        ("NumberOfNonCompliantOrErrorDevices", "Int32"),
        ("NumberOfCompliantDevices", "Int32"),
        ("NumberOfNotApplicableDevices", "Int32"),
        ("PolicyPlatformType", "Int32"),
        ("PolicyPlatformType_loc", "String"),
        ("UnifiedPolicyPlatformType", "String"),
        ("PolicyBaseTypeName", "String"),
        ("TemplateVersion", "String"),
        ("ProfileSource", "Int32"),
        ("PolicyId", "String"),
    ),
    ("NumberOfErrorDevices", "NumberOfNonCompliantDevices", "PolicyBaseTypeName", "PolicyId", "PolicyName"),
)
DEVICES: Final = Report(
    (
        ("DeviceName", "String"),
        ("UPN", "String"),
        ("ReportStatus", "Int32"),
        ("ReportStatus_loc", "String"),
        ("PolicyStatus", "Int32"),
        ("PolicyStatus_loc", "String"),
        ("PspdpuLastModifiedTimeUtc", "DateTime"),
        ("IntuneDeviceId", "String"),
        ("Manufacturer", "String"),
        ("Model", "String"),
        ("PolicyName", "String"),
        ("UnifiedPolicyType", "String"),
        ("UnifiedPolicyPlatformType", "String"),
        ("AssignmentFilterIds", "String"),
        ("TemplateVersion", "String"),
        ("PolicyId", "String"),
    ),
    ("PolicyId", "PolicyName", "PolicyStatus"),
)
WITHOUT: Final = Report(
    (
        ("DeviceName", "String"),
        ("UPN", "String"),
        ("UserName", "String"),
        ("UserId", "String"),
        ("OSDescription", "String"),
        ("OSVersion", "String"),
        ("OwnerType", "Int32"),
        ("OwnerType_loc", "String"),
        ("ManagementAgents", "Int32"),
        ("DeviceModel", "String"),
        ("LastContact", "DateTime"),
        ("DeviceId", "String"),
    ),
    ("OwnerType",),
)


def _served(action: str, report: Report) -> Served:
    columns = tuple(name for name, _ in report.columns if not name.endswith("_loc"))
    return Served("v1.0", f"/deviceManagement/reports/{action}", "reports", columns, method="POST")


def _summary(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.part(Configurations).summary(now)


def _devices(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    known = world.part(Configurations)
    wanted = asked.value("PolicyId")
    by_number = any(column == "PolicyStatus" for column, _, _ in asked.terms)
    for policy in known.policies:
        if wanted is None or wanted.casefold() == policy.id:
            yield from known.rows(policy, now, by_number=by_number)


def _without(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    return without_policy(world, now)


def _planted(world: World, now: datetime) -> Iterator[Truth]:
    from omconsole.simulator.world import Truth

    at = seconds(now)
    known = world.part(Configurations)
    for policy in known.policies:
        for case in known.cases(policy, at):
            kind = "policy.conflict" if case.status == CONFLICT else "policy.failed"
            yield Truth(kind, world.device_id(case.place, now), policy.id)
    for index in world.part(Unassigned).at(at):
        yield Truth("device.no-policy", world.device_id(index, now))


WORKLOAD = Workload(
    surface=(
        _served("getConfigurationPolicyNonComplianceSummaryReport", SUMMARY),
        _served("getConfigurationPolicyNonComplianceReport", DEVICES),
        _served("getDevicesWithoutCompliancePolicyReport", WITHOUT),
    ),
    reports={
        "getConfigurationPolicyNonComplianceSummaryReport": (SUMMARY, _summary),
        "getConfigurationPolicyNonComplianceReport": (DEVICES, _devices),
        "getDevicesWithoutCompliancePolicyReport": (WITHOUT, _without),
    },
    exports={
        "PolicyNonComplianceNew": (DEVICES, _devices),
        "DevicesWithoutCompliancePolicy": (WITHOUT, _without),
    },
    planted=_planted,
)
