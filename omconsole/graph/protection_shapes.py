"""The shapes of what is known of Defender's agents, firewalls and malware (graph.md §5a). Times are UTC."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Member, RowDecoder, Text
from omconsole.graph.reports import ReportDecoder

Flag = bool | int | Annotated[str, msgspec.Meta(max_length=512)] | None
"""A yes or no of a report: as such, as 1 or 0, or as the text of either; `protection_members.flag` reads it."""


class DefenderAgent(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getUnhealthyDefenderAgentsReport: Defender on one device."""

    device_id: Identifier
    device_name: Text = None
    device_state: Member = None
    """Flags of windowsDeviceHealthState."""
    product_status: Member = None
    """Flags of windowsDefenderProductStatus."""
    malware_protection_enabled: Flag = None
    real_time_protection_enabled: Flag = None
    network_inspection_system_enabled: Flag = None
    tamper_protection_enabled: Flag = None
    signature_update_overdue: Flag = None
    last_reported_date_time: Instant = None
    upn: Text = msgspec.field(name="UPN", default=None)


class DeviceFirewall(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getUnhealthyFirewallReport: the firewall of one device."""

    device_id: Identifier
    device_name: Text = None
    firewall_status: Member = None
    last_reported_date_time: Instant = None
    upn: Text = msgspec.field(name="UPN", default=None)


class DeviceMalware(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getActiveMalwareReport: one malware on one device."""

    device_id: Identifier
    device_name: Text = None
    malware_name: Text = None
    malware_category: Member = None
    """A windowsMalwareCategory."""
    severity: Member = None
    """A windowsMalwareSeverity."""
    state: Member = None
    """A windowsMalwareThreatState."""
    execution_state: Member = None
    """A windowsMalwareExecutionState."""
    detection_count: Member = None
    initial_detection_date_time: Instant = None
    last_state_change_date_time: Instant = None
    upn: Text = msgspec.field(name="UPN", default=None)


class WindowsMalware(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/windowsMalwareInformation: one malware, wherever it was found."""

    id: Identifier
    display_name: Text = None
    category: str | None = None
    severity: str | None = None
    last_detection_date_time: Instant = None


class MalwareState(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of .../deviceMalwareStates: one malware on one device, which is known by its name alone."""

    device_name: Text = None
    threat_state: str | None = None
    execution_state: str | None = None
    detection_count: int | None = None
    initial_detection_date_time: Instant = None
    last_state_change_date_time: Instant = None


DEFENDER_AGENTS: Final = ReportDecoder(
    DefenderAgent, needs=("DeviceState", "ProductStatus", "RealTimeProtectionEnabled", "SignatureUpdateOverdue")
)
DEVICE_FIREWALLS: Final = ReportDecoder(DeviceFirewall, needs=("FirewallStatus",))
DEVICE_MALWARE: Final = ReportDecoder(DeviceMalware, needs=("MalwareName", "State"))
WINDOWS_MALWARE: Final = RowDecoder(WindowsMalware)
MALWARE_STATES: Final = RowDecoder(MalwareState)
