"""The tenant's connectors, a row each: where Graph shows it, and which of its properties say that it works.

Paths, heartbeats and bad states are those of the reference's list of connectors; properties are by Graph's names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from omconsole.graph import Asked, RowDecoder
from omconsole.graph import connector_shapes as shapes
from omconsole.graph import tenant_surface as asked

Values = Mapping[str, Any]
"""A row's properties by Graph's names."""


def _always(_values: Values) -> bool:
    return True


def _binds_google(values: Values) -> bool:
    """Not bound and never bound is no connector; not bound any more is a broken one."""
    traces = ("lastAppSyncDateTime", "ownerUserPrincipalName", "ownerOrganizationName")
    return folded(values["bindStatus"]) not in {"", "notbound"} or any(values[name] for name in traces)


def _defends(values: Values) -> bool:
    """Graph lists partners that nobody has set up."""
    switches = ("androidEnabled", "iosEnabled", "windowsEnabled", "microsoftDefenderForEndpointAttachEnabled")
    return values["lastHeartbeatDateTime"] is not None or any(values[name] for name in switches)


def _is_partner(values: Values) -> bool:
    """Graph lists the partners that Intune knows, set up or not."""
    if values.get("isConfigured") is not None:
        return bool(values["isConfigured"])
    return folded(values["partnerState"]) not in {"", "unknown", "unavailable"}


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of connector, and how to read its rows."""

    name: str
    """What facts and words call it."""
    subject: str
    """The first part of a subject id: Graph's collection in the singular."""
    asked: Asked
    decoder: RowDecoder[Any]
    single: bool = False
    """The tenant has one at most, without an id."""
    named: tuple[str, ...] = ()
    """The properties of which the first that is given is its name."""
    expires: str | None = None
    expired: tuple[str, str] | None = None
    """A property and its member that say so whatever the date."""
    heartbeat: str | None = None
    beats_while: tuple[str, frozenset[str]] | None = None
    """The property and the members, in lower case, with which heartbeats are expected; always where None."""
    born: str | None = None
    """Since when a connector that was never heard is silent."""
    late: timedelta = timedelta(0)
    """By how much a heartbeat may be late: some come once a day, at no fixed minute."""
    bad: dict[str, frozenset[str]] = {}
    """By property, the members in lower case that mean trouble; the others that are asked for are good."""
    errors: tuple[str, ...] = ()
    """Properties that are empty or 0 while all is well."""
    null_is_well: frozenset[str] = frozenset()
    """Those of them of which null says so; of any other property null says nothing."""
    is_configured: Callable[[Values], bool] = _always
    shown_by: str | None = None
    """Another connector that shows the same machine, and more of it."""


KNOWN_NAMES: Final = {"fc780465-2017-40d4-a0c5-307022471b92": "Microsoft Defender for Endpoint"}
"""Partners that are told by their application's id alone."""

_PARTNER_BAD: Final = frozenset({"terminated", "rejected", "unresponsive"})
_ENABLED: Final = ("partnerState", frozenset({"enabled"}))

CONNECTORS: Final[tuple[Connector, ...]] = (
    Connector(
        name="applePush",
        subject="applePushNotificationCertificate",
        asked=asked.APPLE_PUSH_ASKED,
        decoder=shapes.APPLE_PUSH,
        single=True,
        expires="expirationDateTime",
        errors=("certificateUploadFailureReason",),
        null_is_well=frozenset({"certificateUploadFailureReason"}),
        is_configured=lambda values: any(value is not None for value in values.values()),
    ),
    Connector(
        name="ade",
        subject="depOnboardingSetting",
        asked=asked.DEP_ONBOARDING_SETTINGS_ASKED,
        decoder=shapes.DEP_ONBOARDING_SETTINGS,
        named=("tokenName", "appleIdentifier"),
        expires="tokenExpirationDateTime",
        heartbeat="lastSuccessfulSyncDateTime",
        born="lastModifiedDateTime",
        errors=("lastSyncErrorCode",),
    ),
    Connector(
        name="vpp",
        subject="vppToken",
        asked=asked.VPP_TOKENS_ASKED,
        decoder=shapes.VPP_TOKENS,
        named=("organizationName", "appleId"),
        expires="expirationDateTime",
        expired=("state", "expired"),
        heartbeat="lastSyncDateTime",
        bad={"state": frozenset({"invalid", "assignedtoexternalmdm"}), "lastSyncStatus": frozenset({"failed"})},
    ),
    Connector(
        name="googlePlay",
        subject="androidManagedStoreAccountEnterpriseSettings",
        asked=asked.MANAGED_GOOGLE_PLAY_ASKED,
        decoder=shapes.MANAGED_GOOGLE_PLAY,
        single=True,
        heartbeat="lastAppSyncDateTime",
        beats_while=("bindStatus", frozenset({"bound", "boundandvalidated"})),
        born="lastModifiedDateTime",
        bad={
            "bindStatus": frozenset({"notbound", "unbinding"}),
            "lastAppSyncStatus": frozenset(
                {"credentialsnotvalid", "androidforworkapierror", "managementserviceerror", "unknownerror"}
            ),
        },
        is_configured=_binds_google,
    ),
    Connector(
        name="ndes",
        subject="ndesConnector",
        asked=asked.NDES_CONNECTORS_ASKED,
        decoder=shapes.NDES_CONNECTORS,
        named=("displayName", "machineName"),
        heartbeat="lastConnectionDateTime",
        born="enrolledDateTime",
        bad={
            "state": frozenset({"inactive"}),
            "healthStatus": frozenset({"attentionrequired", "actionrequired", "disconnected"}),
        },
    ),
    Connector(
        name="certificate",
        subject="certificateConnectorDetail",
        asked=asked.CERTIFICATE_CONNECTORS_ASKED,
        decoder=shapes.CERTIFICATE_CONNECTORS,
        named=("connectorName", "machineName"),
        heartbeat="lastCheckinDateTime",
        born="enrollmentDateTime",
        shown_by="ndes",
    ),
    Connector(
        name="domainJoin",
        subject="domainJoinConnector",
        asked=asked.DOMAIN_JOIN_CONNECTORS_ASKED,
        decoder=shapes.DOMAIN_JOIN_CONNECTORS,
        named=("displayName",),
        heartbeat="lastConnectionDateTime",
        bad={"state": frozenset({"error", "inactive"})},
    ),
    Connector(
        name="exchange",
        subject="exchangeConnector",
        asked=asked.EXCHANGE_CONNECTORS_ASKED,
        decoder=shapes.EXCHANGE_CONNECTORS,
        named=("serverName", "connectorServerName"),
        heartbeat="lastSyncDateTime",
        bad={"status": frozenset({"connectionpending", "disconnected"})},
        is_configured=lambda values: folded(values["status"]) != "none",
    ),
    Connector(
        name="mtd",
        subject="mobileThreatDefenseConnector",
        asked=asked.THREAT_DEFENSE_CONNECTORS_ASKED,
        decoder=shapes.THREAT_DEFENSE_CONNECTORS,
        heartbeat="lastHeartbeatDateTime",
        beats_while=_ENABLED,
        bad={"partnerState": frozenset({"unresponsive", "unavailable"})},
        is_configured=_defends,
    ),
    Connector(
        name="mdmPartner",
        subject="deviceManagementPartner",
        asked=asked.DEVICE_PARTNERS_ASKED,
        decoder=shapes.DEVICE_PARTNERS,
        named=("displayName",),
        heartbeat="lastHeartbeatDateTime",
        beats_while=_ENABLED,
        bad={"partnerState": _PARTNER_BAD},
        is_configured=_is_partner,
    ),
    Connector(
        name="compliancePartner",
        subject="complianceManagementPartner",
        asked=asked.COMPLIANCE_PARTNERS_ASKED,
        decoder=shapes.COMPLIANCE_PARTNERS,
        named=("displayName",),
        heartbeat="lastHeartbeatDateTime",
        beats_while=_ENABLED,
        bad={"partnerState": _PARTNER_BAD},
        is_configured=_is_partner,
    ),
    Connector(
        name="autopilot",
        subject="windowsAutopilotSettings",
        asked=asked.AUTOPILOT_SETTINGS_ASKED,
        decoder=shapes.AUTOPILOT_SETTINGS,
        single=True,
        heartbeat="lastSyncDateTime",
        late=timedelta(hours=2),
        bad={"syncStatus": frozenset({"failed"})},
        is_configured=lambda values: (
            values["lastSyncDateTime"] is not None or folded(values["syncStatus"]) not in {"", "unknown"}
        ),
    ),
)


def values_of(row: msgspec.Struct) -> dict[str, Any]:
    """A row's properties by Graph's names."""
    return {field.encode_name: getattr(row, field.name) for field in msgspec.structs.fields(row)}


def folded(value: object) -> str:
    """A member of an enumeration, whose case changes from place to place; empty for None."""
    return str(value).casefold() if value is not None else ""
