"""Who has devices and none that is compliant: from the fleet alone, without a question to Graph.

What an administrator expects of it, and what it follows:

- Only devices that were seen within the first threshold of `stale_days` count. One that lies in a drawer lets nobody
  work, however compliant it was, and keeps nobody from working.
- Not compliant are `noncompliant`, `error` and `conflict`. A device in its grace period still lets its user work. An
  unknown state says nothing, and so nothing is said of its user unless another device is compliant.
- On its first day a device may be compliant, which counts; that it is not compliant yet does not.
- A device without a user concerns nobody here; one that several people share has the user whom Intune names.

How long ago a device was seen is measured from the newest check-in of the fleet: while the device list cannot be read
nobody becomes well because devices seem to fall silent.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from omconsole.domain.items import Observation, Severity
from omconsole.signals.judging import JUDGED_AFTER, compliance_state, contact_of
from omconsole.signals.parts import Part
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from omconsole.graph import ManagedDevice
    from omconsole.signals.fleet import Fleet

SOURCE: Final = "users"
KIND: Final = "user.blocked"
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""Graph's id for no user."""
WELL: Final = frozenset({"compliant", "configmanager", "ingraceperiod"})
FAILING: Final = frozenset({"noncompliant", "error", "conflict"})

Owned = dict[str, list["ManagedDevice"]]
"""The devices that were seen lately, by the user's id."""


async def owned_devices(fleet: Fleet, stale_days: int, now: datetime) -> Owned:
    """Everybody's devices that were seen within `stale_days` of the newest check-in; `now` is UTC."""
    since = min(fleet.newest_check_in or now, now) - timedelta(days=stale_days)
    owned: Owned = {}
    async for device in sliced(list(fleet.devices.values()), LIGHT_SLICE):
        contact = contact_of(device)
        if device.user_id and device.user_id != NOBODY and contact is not None and contact > since:
            owned.setdefault(device.user_id, []).append(device)
    return owned


async def blocked(owned: Mapping[str, Sequence[ManagedDevice]], now: datetime) -> Part:
    """Everybody's verdict; `now` is UTC."""
    part = Part(KIND)
    async for user, devices in sliced(list(owned.items())):
        failing = _failing(devices, now)
        if failing is None:
            part.untold.add(user)
        elif failing:
            part.fires(_observed(user, failing))
        else:
            part.spoken.add(user)
    return part


def _failing(devices: Sequence[ManagedDevice], now: datetime) -> list[ManagedDevice] | None:
    """The devices for which a user is blocked, none where the user is not; None where that is not known."""
    if any(compliance_state(device) in WELL for device in devices):
        return []
    judged = [device for device in devices if not _is_young(device, now)]
    if not judged or any(compliance_state(device) not in FAILING for device in judged):
        return None
    return judged


def _is_young(device: ManagedDevice, now: datetime) -> bool:
    return device.enrolled_date_time is not None and now - device.enrolled_date_time < JUDGED_AFTER


def _observed(user: str, failing: Sequence[ManagedDevice]) -> Observation:
    """The causes are laid beside it when those of its devices are known."""
    name = next((device.user_principal_name for device in failing if device.user_principal_name), None)
    platforms = {device.operating_system for device in failing}
    known = sorted(failing, key=lambda device: device.id)
    seen = max((device.last_sync_date_time for device in failing if device.last_sync_date_time), default=None)
    return Observation(
        kind=KIND,
        source=SOURCE,
        severity=Severity.HIGH,
        subject_type="user",
        subject_id=user,
        subject_name=name or user,
        user=name,
        platform=platforms.pop() if len(platforms) == 1 else None,
        evidence_at=seen,
        first_seen=seen,
        facts={
            "devices": [device.id for device in known],
            "deviceName": ", ".join(device.device_name or device.id for device in known),
        },
        portal_url=portal_of(user),
    )


def portal_of(user: str) -> str:
    """The page of a user in the Intune admin center."""
    blade = "Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade"
    return f"https://intune.microsoft.com/#view/{blade}/~/overview/userId/{user}"
