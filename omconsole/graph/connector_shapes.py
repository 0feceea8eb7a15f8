"""The shapes of the tenant's connections to Apple, Google, Microsoft and partners. Times are UTC; no secret is read."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Count, Identifier, Instant, RowDecoder, Text, Word


class ApplePushNotificationCertificate(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/applePushNotificationCertificate: without it no Apple device can be managed."""

    apple_identifier: Text = None
    topic_identifier: Text = None
    expiration_date_time: Instant = None
    last_modified_date_time: Instant = None
    certificate_serial_number: Text = None
    certificate_upload_failure_reason: Text = None


class DepOnboardingSetting(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/depOnboardingSettings: a token of Apple's automated device enrolment."""

    id: Identifier
    token_name: Text = None
    apple_identifier: Text = None
    token_expiration_date_time: Instant = None
    last_successful_sync_date_time: Instant = None
    last_sync_triggered_date_time: Instant = None
    last_sync_error_code: int | None = None
    """0 when the last sync succeeded."""
    synced_device_count: Count = None
    last_modified_date_time: Instant = None


class VppToken(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceAppManagement/vppTokens: licences of Apple's volume purchasing, without the token itself."""

    id: Identifier
    organization_name: Text = None
    apple_id: Text = None
    country_or_region: Word = None
    expiration_date_time: Instant = None
    last_sync_date_time: Instant = None
    last_sync_status: Word = None
    state: Word = None


class AndroidManagedStoreAccountEnterpriseSettings(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/androidManagedStoreAccountEnterpriseSettings: the binding to managed Google Play."""

    bind_status: Word = None
    last_app_sync_status: Word = None
    last_app_sync_date_time: Instant = None
    last_modified_date_time: Instant = None
    owner_user_principal_name: Text = None
    owner_organization_name: Text = None


class NdesConnector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/ndesConnectors: the health of a certificate connector."""

    id: Identifier
    display_name: Text = None
    machine_name: Text = None
    state: Word = None
    health_status: Word = None
    connector_version: Word = None
    last_connection_date_time: Instant = None
    enrolled_date_time: Instant = None


class CertificateConnectorDetails(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/certificateConnectorDetails."""

    id: Identifier
    connector_name: Text = None
    machine_name: Text = None
    connector_version: Word = None
    enrollment_date_time: Instant = None
    last_checkin_date_time: Instant = None


class DeviceManagementDomainJoinConnector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/domainJoinConnectors: the offline domain join of hybrid Autopilot."""

    id: Identifier
    display_name: Text = None
    state: Word = None
    version: Word = None
    last_connection_date_time: Instant = None


class DeviceManagementExchangeConnector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/exchangeConnectors."""

    id: Identifier
    server_name: Text = None
    connector_server_name: Text = None
    exchange_connector_type: Word = None
    status: Word = None
    last_sync_date_time: Instant = None
    version: Word = None


class MobileThreatDefenseConnector(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/mobileThreatDefenseConnectors; its id alone tells the partner."""

    id: Identifier
    partner_state: Word = None
    last_heartbeat_date_time: Instant = None
    partner_unresponsiveness_threshold_in_days: Count = None
    android_enabled: bool | None = None
    ios_enabled: bool | None = None
    windows_enabled: bool | None = None
    microsoft_defender_for_endpoint_attach_enabled: bool | None = None


class DeviceManagementPartner(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/deviceManagementPartners."""

    id: Identifier
    display_name: Text = None
    partner_state: Word = None
    partner_app_type: Word = None
    is_configured: bool | None = None
    last_heartbeat_date_time: Instant = None
    when_partner_devices_will_be_removed_date_time: Instant = None
    when_partner_devices_will_be_marked_as_non_compliant_date_time: Instant = None


class ComplianceManagementPartner(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/complianceManagementPartners: who else says what is compliant."""

    id: Identifier
    display_name: Text = None
    partner_state: Word = None
    last_heartbeat_date_time: Instant = None
    mac_os_onboarded: bool | None = None
    ios_onboarded: bool | None = None
    android_onboarded: bool | None = None


class WindowsAutopilotSettings(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """/deviceManagement/windowsAutopilotSettings: the sync of Autopilot devices."""

    last_sync_date_time: Instant = None
    last_manual_sync_trigger_date_time: Instant = None
    sync_status: Word = None


APPLE_PUSH: Final = RowDecoder(ApplePushNotificationCertificate)
DEP_ONBOARDING_SETTINGS: Final = RowDecoder(DepOnboardingSetting)
VPP_TOKENS: Final = RowDecoder(VppToken)
MANAGED_GOOGLE_PLAY: Final = RowDecoder(AndroidManagedStoreAccountEnterpriseSettings)
NDES_CONNECTORS: Final = RowDecoder(NdesConnector)
CERTIFICATE_CONNECTORS: Final = RowDecoder(CertificateConnectorDetails)
DOMAIN_JOIN_CONNECTORS: Final = RowDecoder(DeviceManagementDomainJoinConnector)
EXCHANGE_CONNECTORS: Final = RowDecoder(DeviceManagementExchangeConnector)
THREAT_DEFENSE_CONNECTORS: Final = RowDecoder(MobileThreatDefenseConnector)
DEVICE_PARTNERS: Final = RowDecoder(DeviceManagementPartner)
COMPLIANCE_PARTNERS: Final = RowDecoder(ComplianceManagementPartner)
AUTOPILOT_SETTINGS: Final = RowDecoder(WindowsAutopilotSettings)
