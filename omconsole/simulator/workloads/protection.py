"""Endpoint protection: Defender's agents, malware and the firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.detections import Detections
from omconsole.simulator.instants import seconds
from omconsole.simulator.protection import Agents, Firewalls
from omconsole.simulator.reports import Report
from omconsole.simulator.served import Served
from omconsole.simulator.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.reports import Asked, ReportRow
    from omconsole.simulator.world import Truth, World

AGENTS: Final = Report(
    (
        ("DeviceName", "String"),
        ("_ManagedBy", "Int32"),
        ("_ManagedBy_loc", "String"),
        ("DeviceState", "Int32"),
        ("DeviceState_loc", "String"),
        ("SignatureUpdateOverdue", "Boolean"),
        ("MalwareProtectionEnabled", "Boolean"),
        ("RealTimeProtectionEnabled", "Boolean"),
        ("NetworkInspectionSystemEnabled", "Boolean"),
        ("TamperProtectionEnabled", "Boolean"),
        ("ProductStatus", "Int32"),
        ("ProductStatus_loc", "String"),
        ("IsVirtualMachine", "Boolean"),
        ("LastReportedDateTime", "DateTime"),
        ("UPN", "String"),
        ("UserName", "String"),
        ("UserEmail", "String"),
        ("DeviceId", "String"),
    ),
    (
        *("DeviceState", "MalwareProtectionEnabled", "NetworkInspectionSystemEnabled", "RealTimeProtectionEnabled"),
        "SignatureUpdateOverdue",
    ),
)
FIREWALLS: Final = Report(
    (
        ("DeviceName", "String"),
        ("FirewallStatus", "Int32"),
        ("FirewallStatus_loc", "String"),
        ("_ManagedBy", "Int32"),
        ("_ManagedBy_loc", "String"),
        ("UPN", "String"),
        ("UserName", "String"),
        ("_OS", "String"),
        ("LastReportedDateTime", "DateTime"),
        ("ReferenceId", "String"),
        ("DeviceId", "String"),
    ),
    ("FirewallStatus",),
)
MALWARE: Final = Report(
    (
        ("DeviceName", "String"),
        ("UserName", "String"),
        ("UPN", "String"),
        ("UserEmail", "String"),
        ("Severity", "Int32"),
        ("Severity_loc", "String"),
        ("MalwareName", "String"),
        ("MalwareCategory", "Int32"),
        ("MalwareCategory_loc", "String"),
        ("State", "Int32"),
        ("State_loc", "String"),
        ("ExecutionState", "Int32"),
        ("ExecutionState_loc", "String"),
        ("DetectionCount", "Int32"),
        ("InitialDetectionDateTime", "DateTime"),
        ("LastStateChangeDateTime", "DateTime"),
        ("AdditionalInformationUrl", "String"),
        ("_ManagedBy", "Int32"),
        ("_ManagedBy_loc", "String"),
        ("MalwareId", "String"),
        ("DeviceId", "String"),
    ),
    ("ExecutionState", "Severity", "State"),
)
MALWARE_INFORMATION = Served(
    "v1.0",
    "/deviceManagement/windowsMalwareInformation",
    "windowsMalwareInformation",
    ("id", "displayName", "category", "severity", "lastDetectionDateTime", "additionalInformationUrl"),
    {
        "severity": ("moderate", "high", "severe"),
        "category": ("trojan", "tool", "potentialUnwantedSoftware", "ransom"),
    },
)
MALWARE_STATES = Served(
    "v1.0",
    "/deviceManagement/windowsMalwareInformation/{windowsMalwareInformationId}/deviceMalwareStates",
    "malwareStateForWindowsDevice",
    (
        *("id", "deviceName", "threatState", "executionState", "detectionCount", "initialDetectionDateTime"),
        "lastStateChangeDateTime",
    ),
    {
        "threatState": ("active", "actionFailed", "manualStepsRequired", "rebootRequired", "quarantined", "cleaned"),
        "executionState": ("blocked", "running", "notRunning"),
    },
)


def _served(action: str, report: Report) -> Served:
    columns = tuple(name for name, _ in report.columns if not name.endswith("_loc"))
    return Served("beta", f"/deviceManagement/reports/{action}", "reports", columns, method="POST")


def _agents(world: World, _asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.part(Agents).rows(now)


def _firewalls(world: World, _asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.part(Firewalls).rows(now)


def _malware(world: World, _asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.part(Detections).rows(now)


def _planted(world: World, now: datetime) -> Iterator[Truth]:
    from omconsole.simulator.world import Truth  # the world knows the workloads

    at = seconds(now)
    for index in world.part(Agents).unhealthy(at):
        yield Truth("protection.unhealthy", world.device_id(index, now))
    for index in world.part(Firewalls).off(at):
        yield Truth("protection.firewall-off", world.device_id(index, now))
    for each in world.part(Detections).at(at):
        if each.is_active:
            yield Truth("protection.malware", world.device_id(each.place, now), each.malware.name)


WORKLOAD = Workload(
    surface=(
        _served("getUnhealthyDefenderAgentsReport", AGENTS),
        _served("getUnhealthyFirewallReport", FIREWALLS),
        _served("getActiveMalwareReport", MALWARE),
        MALWARE_INFORMATION,
        MALWARE_STATES,
    ),
    collections={MALWARE_INFORMATION.path: lambda world, now: world.part(Detections).kinds(now)},
    keyed={MALWARE_STATES.path: lambda world, key, now: world.part(Detections).states(key, now)},
    reports={
        "getUnhealthyDefenderAgentsReport": (AGENTS, _agents),
        "getUnhealthyFirewallReport": (FIREWALLS, _firewalls),
        "getActiveMalwareReport": (MALWARE, _malware),
    },
    exports={
        "UnhealthyDefenderAgents": (AGENTS, _agents),
        "FirewallUnhealthyStatus": (FIREWALLS, _firewalls),
        "ActiveMalware": (MALWARE, _malware),
    },
    planted=_planted,
)
