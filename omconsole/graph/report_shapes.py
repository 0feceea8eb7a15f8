"""The rows of the reports that the console reads, by Graph's names of the columns (graph.md §5a). Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Member, Reference, Text, Word
from omconsole.graph.reports import ReportDecoder


class NoncompliantSetting(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getNoncompliantDevicesAndSettingsReport: one setting of one policy on one device."""

    device_id: Identifier
    policy_name: Word = None
    setting_name: Word = None
    """Graph's own name of the setting, in no language."""
    setting_status: Member = None
    """A complianceStatus."""


class AppInstallSummary(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getAppsInstallSummaryReport; an app may have several, one a platform or version."""

    application_id: Identifier
    display_name: Text = None
    failed_device_count: Member = None
    failed_user_count: Member = None
    installed_device_count: Member = None
    pending_install_device_count: Member = None


class DeviceAppInstallation(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of retrieveDeviceAppInstallationStatusReport: one app on one device."""

    device_id: Reference = None
    """The managed device; None where only the user is known."""
    device_name: Text = None
    user_id: Reference = None
    user_principal_name: Text = None
    platform: Member = None
    app_version: Word = None
    app_install_state: Member = None
    """A resultantAppState."""
    install_state_detail: Member = None
    error_code: Member = None
    hex_error_code: Word = None
    last_modified_date_time: Instant = None


NONCOMPLIANT_SETTINGS: Final = ReportDecoder(NoncompliantSetting, needs=("PolicyName", "SettingName", "SettingStatus"))
APP_INSTALL_SUMMARIES: Final = ReportDecoder(AppInstallSummary, needs=("FailedDeviceCount",))
DEVICE_APP_INSTALLATIONS: Final = ReportDecoder(DeviceAppInstallation, needs=("DeviceId", "AppInstallState"))
