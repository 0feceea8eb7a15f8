"""The shapes of users, their plans, their protected apps and of Autopilot deployments. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Reference, RowDecoder, Text, Word


class AssignedPlan(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A service plan that a user has, or had."""

    capability_status: str | None = None
    """`Enabled`, `Warning`, `Suspended`, `Deleted` or `LockedOut`."""
    service: str | None = None
    """Microsoft's name of the service; `SCO` of every plan of Intune's."""
    service_plan_id: str | None = None


class DirectoryUser(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /users: exactly what is asked for with `$select`."""

    id: Identifier
    user_principal_name: Text = None
    account_enabled: bool | None = None
    assigned_plans: tuple[AssignedPlan, ...] | None = None


class FlaggedUsers(msgspec.Struct, frozen=True, gc=False):
    """The ids of users with a protected app that is flagged."""

    value: tuple[str, ...] | None = None
    next_link: Text = msgspec.field(name="@odata.nextLink", default=None)


class ManagedAppRegistration(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A protected app on somebody's device."""

    id: Identifier
    user_id: Reference = None
    device_name: Text = None
    device_type: Text = None
    platform_version: Word = None
    last_sync_date_time: Instant = None
    flagged_reasons: tuple[str, ...] | None = None
    """`rootedDevice`, `none`."""


class AutopilotEvent(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/autopilotEvents (beta): one deployment."""

    id: Identifier
    device_id: Reference = None
    user_id: Reference = None
    user_principal_name: Text = None
    managed_device_name: Text = None
    device_serial_number: Text = None
    os_version: Word = None
    event_date_time: Instant = None
    enrollment_state: Word = None
    deployment_state: Word = None
    device_setup_status: Word = None
    account_setup_status: Word = None
    enrollment_failure_details: Text = None


DIRECTORY_USERS: Final = RowDecoder(DirectoryUser)
FLAGGED_USERS: Final = RowDecoder(FlaggedUsers)
APP_REGISTRATIONS: Final = RowDecoder(ManagedAppRegistration)
AUTOPILOT_EVENTS: Final = RowDecoder(AutopilotEvent)
