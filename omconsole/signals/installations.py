"""One failed installation of an app, from Graph's row to an observation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.graph import same
from omconsole.graph.members import RESULTANT_APP_STATE, as_number, member_of
from omconsole.signals.judging import JUDGED_AFTER

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.graph import DeviceAppInstallation, ManagedDevice, MobileApp

SOURCE = "apps"
KIND = "app.install-failed"
FAILED = "failed"
NOBODY = "00000000-0000-0000-0000-000000000000"
"""What Graph writes where there is no device or no user."""

_PLATFORMS = (
    ("win", "Windows"),
    ("officesuite", "Windows"),
    ("microsoftstore", "Windows"),
    ("ios", "iOS"),
    ("managedios", "iOS"),
    ("macos", "macOS"),
    ("android", "Android"),
    ("managedandroid", "Android"),
)
"""What the type of an app begins with, behind `#microsoft.graph.`, and the platform that it is for."""


class App(msgspec.Struct, frozen=True):
    """A required app that failed somewhere."""

    id: str
    name: str
    platform: str | None = None


def is_required(app: MobileApp) -> bool:
    """Somebody must have the app; "available" ones are nobody's trouble until asked for."""
    return any(same(assignment.intent, "required") for assignment in app.assignments or ())


def tells_assignments(app: MobileApp) -> bool:
    """Whether Graph says how the app is assigned, everywhere that it is."""
    return app.assignments is not None and all(assignment.intent for assignment in app.assignments)


def platform_of(app: MobileApp) -> str | None:
    """The platform that an app of this type is for; None for one that runs anywhere."""
    type_ = (app.type or "").rpartition(".")[2].casefold()
    return next((platform for start, platform in _PLATFORMS if type_.startswith(start)), None)


def has_failed(row: DeviceAppInstallation) -> bool | None:
    """Whether the installation failed; None for a state of no known meaning."""
    state = member_of(RESULTANT_APP_STATE, row.app_install_state)
    return None if state is None else state == FAILED


def subject_of(row: DeviceAppInstallation) -> tuple[str, str] | None:
    """The device, else the user; None where Graph names neither."""
    if row.device_id and row.device_id != NOBODY:
        return "device", row.device_id
    user = row.user_id if row.user_id and row.user_id != NOBODY else row.user_principal_name
    return ("user", user) if user else None


def error_code(row: DeviceAppInstallation) -> str | None:
    """The error as `0x87D1041C`: 32 bits without a sign, upper case; None where there is none.

    Graph gives it as a number with a sign (-2016345060) and as text.
    """
    number = as_number(row.error_code)
    if not number and row.hex_error_code:
        try:
            number = int(row.hex_error_code, 16)
        except ValueError:
            return None
    return f"0x{number & 0xFFFFFFFF:08X}" if number else None


def is_too_young(device: ManagedDevice | None, now: datetime) -> bool:
    """Apps arrive during a device's first day: it is judged after that (design.md §3)."""
    enrolled = None if device is None else device.enrolled_date_time
    return enrolled is not None and now - enrolled < JUDGED_AFTER


def observed(
    app: App, row: DeviceAppInstallation, subject: tuple[str, str], device: ManagedDevice | None
) -> Observation:
    """What the row shows, with what is known of the device."""
    type_, id_ = subject
    user = row.user_principal_name or (device.user_principal_name if device else None) or None
    name = row.device_name or (device.device_name if device else None)
    return Observation(
        kind=KIND,
        source=SOURCE,
        severity=Severity.LOW,
        subject_type=type_,
        subject_id=id_,
        subject_name=(name if type_ == "device" else user) or id_,
        sub_key=app.id,
        user=user,
        platform=app.platform or (device.operating_system if device else None) or _platform_text(row),
        evidence_at=row.last_modified_date_time,
        first_seen=row.last_modified_date_time,
        facts={
            "ErrorCode": row.error_code,
            "HexErrorCode": row.hex_error_code,
            "AppInstallState": row.app_install_state,
            "InstallStateDetail": row.install_state_detail,
            "AppVersion": row.app_version,
            "LastModifiedDateTime": iso(row.last_modified_date_time),
        },
        causes=(Cause("app", app.id, app.name, code=error_code(row)),),
        portal_url=f"https://intune.microsoft.com/#view/Microsoft_Intune_Apps/SettingsMenu/~/0/appId/{app.id}",
    )


def _platform_text(row: DeviceAppInstallation) -> str | None:
    """The platform where the report has its name; a number of it says nothing here."""
    return row.platform if isinstance(row.platform, str) and as_number(row.platform) is None else None
