"""The shapes of Intune's audit log. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, RowDecoder, Text, Word


class AuditActor(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Who changed something: a person, or an application."""

    user_principal_name: str | None = None
    application_display_name: str | None = None
    service_principal_name: str | None = None


class AuditProperty(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What a property was and became, as text."""

    display_name: str | None = None
    old_value: str | None = None
    new_value: str | None = None


class AuditResource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One object that was changed."""

    display_name: str | None = None
    audit_resource_type: str | None = None
    resource_id: str | None = None
    modified_properties: tuple[AuditProperty, ...] | None = None


class AuditEvent(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/auditEvents."""

    id: Identifier
    display_name: Text = None
    activity: Text = None
    activity_date_time: Instant = None
    activity_operation_type: Word = None
    activity_result: Word = None
    category: Word = None
    actor: AuditActor | None = None
    resources: tuple[AuditResource, ...] | None = None


AUDIT_EVENTS: Final = RowDecoder(AuditEvent, slice_rows=20)
