"""The shapes of Graph that the console reads; everything but an id may be missing. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Block, Count, Identifier, Instant, Reference, RowDecoder, Text, Word


class ManagedDevice(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/managedDevices: exactly what is asked for with `$select`."""

    id: Identifier
    device_name: Text = None
    user_id: Reference = None
    user_principal_name: Text = None
    operating_system: Word = None
    os_version: Word = None
    compliance_state: Word = None
    compliance_grace_period_expiration_date_time: Instant = None
    last_sync_date_time: Instant = None
    enrolled_date_time: Instant = None
    managed_device_owner_type: Word = None
    is_encrypted: bool | None = None
    jail_broken: Word = None
    """Text, not a flag: `True`, `False` or `Unknown`."""
    serial_number: Text = None
    model: Word = None
    azure_ad_device_id: Reference = msgspec.field(name="azureADDeviceId", default=None)
    """The device in the directory, by which Defender names it."""
    partner_reported_threat_state: Word = None
    management_certificate_expiration_date: Instant = None


class DeviceOperatingSystemSummary(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Enrolled devices by platform."""

    android_count: Count = None
    ios_count: Count = None
    mac_os_count: Count = msgspec.field(name="macOSCount", default=None)
    windows_count: Count = None


class ManagedDeviceOverview(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/managedDeviceOverview."""

    enrolled_device_count: Count = None
    mdm_enrolled_count: Count = None
    dual_enrolled_device_count: Count = None
    device_operating_system_summary: DeviceOperatingSystemSummary | None = None


class CompliancePolicyDeviceStateSummary(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/deviceCompliancePolicyDeviceStateSummary."""

    compliant_device_count: Count = None
    non_compliant_device_count: Count = None
    in_grace_period_count: Count = None
    config_manager_count: Count = None
    error_device_count: Count = None
    conflict_device_count: Count = None
    not_applicable_device_count: Count = None
    remediated_device_count: Count = None
    unknown_device_count: Count = None


class DeviceProtectionOverview(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/deviceProtectionOverview: Defender on the fleet."""

    total_reported_device_count: Count = None
    clean_device_count: Count = None
    critical_failures_device_count: Count = None
    inactive_threat_agent_device_count: Count = None
    unknown_state_threat_agent_device_count: Count = None
    pending_full_scan_device_count: Count = None
    pending_quick_scan_device_count: Count = None
    pending_offline_scan_device_count: Count = None
    pending_manual_steps_device_count: Count = None
    pending_restart_device_count: Count = None
    pending_signature_update_device_count: Count = None


class WindowsMalwareOverview(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/windowsMalwareOverview."""

    malware_detected_device_count: Count = None
    total_malware_count: Count = None
    total_distinct_malware_count: Count = None


class ViewPoint(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What the signed-in user did with a post; absent for an app."""

    is_read: bool | None = None
    is_archived: bool | None = None
    is_favorited: bool | None = None


class Detail(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A named value of a post, for example RoadmapIds."""

    name: str | None = None
    value: str | None = None


class Body(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The text of a post."""

    content_type: str | None = None
    """`html` or `text`."""
    content: Block = None


class ServiceUpdateMessage(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /admin/serviceAnnouncement/messages: a post of the message centre."""

    id: Identifier
    title: Text = None
    category: Word = None
    severity: Word = None
    services: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    is_major_change: bool | None = None
    action_required_by_date_time: Instant = None
    start_date_time: Instant = None
    end_date_time: Instant = None
    last_modified_date_time: Instant = None
    has_attachments: bool | None = None
    view_point: ViewPoint | None = None
    details: tuple[Detail, ...] | None = None
    body: Body | None = None


class DeviceCompliancePolicy(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/deviceCompliancePolicies."""

    id: Identifier
    display_name: Text = None


class MobileAppAssignment(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """To whom an app goes, and how: `required`, `available`, `uninstall`, `availableWithoutEnrollment`."""

    intent: str | None = None


class MobileApp(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceAppManagement/mobileApps with its assignments."""

    id: Identifier
    type: Word = msgspec.field(name="@odata.type", default=None)
    """The kind of app, for example `#microsoft.graph.win32LobApp`."""
    display_name: Text = None
    assignments: tuple[MobileAppAssignment, ...] | None = None


class TroubleshootingEvent(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/troubleshootingEvents; what is not of every event is of failed enrolments."""

    id: Identifier
    type: Word = msgspec.field(name="@odata.type", default=None)
    event_date_time: Instant = None
    failure_category: Word = None
    failure_reason: Text = None
    enrollment_type: Word = None
    managed_device_identifier: Reference = None
    device_id: Reference = None
    user_id: Reference = None
    operating_system: Word = None
    os_version: Word = None


class User(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/users/{id}."""

    id: Identifier
    display_name: Text = None
    user_principal_name: Text = None


MANAGED_DEVICES: Final = RowDecoder(ManagedDevice)
MANAGED_DEVICE_OVERVIEW: Final = RowDecoder(ManagedDeviceOverview)
COMPLIANCE_SUMMARY: Final = RowDecoder(CompliancePolicyDeviceStateSummary)
DEVICE_PROTECTION_OVERVIEW: Final = RowDecoder(DeviceProtectionOverview)
WINDOWS_MALWARE_OVERVIEW: Final = RowDecoder(WindowsMalwareOverview)
COMPLIANCE_POLICIES: Final = RowDecoder(DeviceCompliancePolicy)
MOBILE_APPS: Final = RowDecoder(MobileApp)
TROUBLESHOOTING_EVENTS: Final = RowDecoder(TroubleshootingEvent)
USER: Final = RowDecoder(User)
SERVICE_UPDATE_MESSAGES: Final = RowDecoder(ServiceUpdateMessage, slice_rows=1)
"""One post at a time: sanitising a long body takes milliseconds."""
