"""The shapes of Windows updates: rings, profiles, and the reports of what fails. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Member, Reference, RowDecoder, Text, Word
from omconsole.graph.reports import ReportDecoder


class DeviceConfiguration(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/deviceConfigurations; only an update ring has the properties of one."""

    id: Identifier
    type: Word = msgspec.field(name="@odata.type", default=None)
    display_name: Text = None
    last_modified_date_time: Instant = None
    quality_updates_paused: bool | None = None
    feature_updates_paused: bool | None = None
    quality_updates_pause_start_date: Instant = None
    """A day; its beginning in UTC."""
    feature_updates_pause_start_date: Instant = None
    quality_updates_pause_expiry_date_time: Instant = None
    feature_updates_pause_expiry_date_time: Instant = None


class UpdateProfile(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of windowsFeatureUpdateProfiles or windowsQualityUpdateProfiles: a policy for one update."""

    id: Identifier
    display_name: Text = None


class UpdatePolicyState(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of FeatureUpdatePolicyFailuresAggregate or QualityUpdatePolicyStatusSummary: a policy and one count."""

    policy_id: Identifier
    policy_name: Text = None
    feature_update_version: Word = None
    expedite_release_date: Word = msgspec.field(name="ExpediteQUReleaseDate", default=None)
    number_of_devices_with_errors: Member = None
    count_devices_error_status: Member = None


class DeviceUpdateFailure(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of DeviceFailuresByFeatureUpdatePolicy or QualityUpdateDeviceErrorsByPolicy: an alert of one device."""

    policy_id: Reference = None
    device_id: Reference = None
    device_name: Text = None
    alert_message: Member = None
    """What kind of alert it is: a number or a name such as `SafeguardHold`."""
    alert_text: Word = msgspec.field(name="AlertMessage_loc", default=None)
    """The same in the language of the answer."""
    alert_status: Member = None
    win32_error_code: Member = msgspec.field(name="Win32ErrorCode", default=None)
    event_at: Instant = msgspec.field(name="EventDateTimeUTC", default=None)
    start_at: Instant = msgspec.field(name="StartDateTimeUTC", default=None)
    resolved_at: Instant = msgspec.field(name="ResolvedDateTimeUTC", default=None)


DEVICE_CONFIGURATIONS: Final = RowDecoder(DeviceConfiguration)
UPDATE_PROFILES: Final = RowDecoder(UpdateProfile)
FEATURE_FAILURE_ROWS: Final = ReportDecoder(UpdatePolicyState, needs=("NumberOfDevicesWithErrors",))
QUALITY_STATE_ROWS: Final = ReportDecoder(UpdatePolicyState, needs=("CountDevicesErrorStatus",))
FEATURE_FAILED_DEVICE_ROWS: Final = ReportDecoder(
    DeviceUpdateFailure,
    needs=("PolicyId", "DeviceId", "AlertMessage", "AlertStatus", "Win32ErrorCode", "ResolvedDateTimeUTC"),
)
QUALITY_FAILED_DEVICE_ROWS: Final = ReportDecoder(
    DeviceUpdateFailure, needs=("PolicyId", "DeviceId", "AlertMessage", "Win32ErrorCode")
)

ALERT_STATUSES: Final = frozenset({"active", "resolved", "deleted"})
"""In lower case, as Windows Update for Business names them; their numbers are documented nowhere."""
