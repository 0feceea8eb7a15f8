"""Microsoft Graph: transport, tokens, the one request function, paging and decoding."""

from __future__ import annotations

from omconsole.graph.addresses import check_root
from omconsole.graph.answers import Reply
from omconsole.graph.decoding import RowDecoder, same
from omconsole.graph.lenient import Flaws
from omconsole.graph.paging import Page, Single, pages, single
from omconsole.graph.request import Bounds, GraphClient
from omconsole.graph.shapes import (
    COMPLIANCE_SUMMARY,
    DEVICE_PROTECTION_OVERVIEW,
    MANAGED_DEVICE_OVERVIEW,
    MANAGED_DEVICES,
    SERVICE_UPDATE_MESSAGES,
    WINDOWS_MALWARE_OVERVIEW,
    Body,
    CompliancePolicyDeviceStateSummary,
    Detail,
    DeviceOperatingSystemSummary,
    DeviceProtectionOverview,
    ManagedDevice,
    ManagedDeviceOverview,
    ServiceUpdateMessage,
    ViewPoint,
    WindowsMalwareOverview,
)
from omconsole.graph.surface import (
    ASKED,
    COMPLIANCE_SUMMARY_ASKED,
    DEVICE_PROTECTION_OVERVIEW_ASKED,
    MANAGED_DEVICE_OVERVIEW_ASKED,
    MANAGED_DEVICES_ASKED,
    MESSAGES_ASKED,
    WINDOWS_MALWARE_OVERVIEW_ASKED,
    Asked,
)
from omconsole.graph.throttling import Round, Waiting
from omconsole.graph.tokens import ReadyToken, TokenSource
from omconsole.graph.transport import TransportSettings, build_client

__all__ = [
    "ASKED",
    "COMPLIANCE_SUMMARY",
    "COMPLIANCE_SUMMARY_ASKED",
    "DEVICE_PROTECTION_OVERVIEW",
    "DEVICE_PROTECTION_OVERVIEW_ASKED",
    "MANAGED_DEVICES",
    "MANAGED_DEVICES_ASKED",
    "MANAGED_DEVICE_OVERVIEW",
    "MANAGED_DEVICE_OVERVIEW_ASKED",
    "MESSAGES_ASKED",
    "SERVICE_UPDATE_MESSAGES",
    "WINDOWS_MALWARE_OVERVIEW",
    "WINDOWS_MALWARE_OVERVIEW_ASKED",
    "Asked",
    "Body",
    "Bounds",
    "CompliancePolicyDeviceStateSummary",
    "Detail",
    "DeviceOperatingSystemSummary",
    "DeviceProtectionOverview",
    "Flaws",
    "GraphClient",
    "ManagedDevice",
    "ManagedDeviceOverview",
    "Page",
    "ReadyToken",
    "Reply",
    "Round",
    "RowDecoder",
    "ServiceUpdateMessage",
    "Single",
    "TokenSource",
    "TransportSettings",
    "ViewPoint",
    "Waiting",
    "WindowsMalwareOverview",
    "build_client",
    "check_root",
    "pages",
    "same",
    "single",
]
