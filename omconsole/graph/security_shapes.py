"""The shapes of Defender's alerts and incidents. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Reference, RowDecoder, Text, Word


class AlertEvidence(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A thing that an alert is about: a device, a user, a file; only a device has the other fields."""

    type: str | None = msgspec.field(name="@odata.type", default=None)
    azure_ad_device_id: str | None = None
    """The device in the directory."""
    device_dns_name: str | None = None


class SecurityAlert(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /security/alerts_v2."""

    id: Identifier
    incident_id: Reference = None
    title: Text = None
    severity: Word = None
    status: Word = None
    category: Word = None
    service_source: Word = None
    detection_source: Word = None
    assigned_to: Text = None
    created_date_time: Instant = None
    last_update_date_time: Instant = None
    alert_web_url: Text = None
    evidence: tuple[AlertEvidence, ...] | None = None


class SecurityIncident(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /security/incidents."""

    id: Identifier
    display_name: Text = None
    severity: Word = None
    status: Word = None
    classification: Word = None
    determination: Word = None
    assigned_to: Text = None
    created_date_time: Instant = None
    last_update_date_time: Instant = None
    incident_web_url: Text = None


SECURITY_ALERTS: Final = RowDecoder(SecurityAlert)
SECURITY_INCIDENTS: Final = RowDecoder(SecurityIncident)
