"""The figures of the whole fleet, counted from the devices themselves; percent is 0 to 100."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.signals.currency import currency
from omconsole.signals.judging import contact_of, reports_encryption
from omconsole.signals.slices import sliced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omconsole.graph import ManagedDevice
    from omconsole.signals.judging import DeviceThresholds

COUNTED_SLICE = 500
"""Devices counted between two turns of the loop (about 1.5 ms)."""
CHECKED_IN_WITHIN = timedelta(days=7)
VERSIONS_AT_MOST = 5_000
"""Different versions that are counted; more than any fleet runs, and few enough to be judged in short steps."""


async def fleet_figures(
    devices: Sequence[ManagedDevice], thresholds: DeviceThresholds, now: datetime
) -> dict[str, float]:
    """The figures by name; one that cannot be measured is missing, which is not zero.

    - `active_devices`: seen within the first threshold of staleness, those that never checked in from enrolment on;
    - `checked_in_percent`: checked in within seven days, of all devices;
    - `encrypted_percent`: of the devices that report it;
    - `os_current_percent`, `patch_current_percent`: of the active devices, see `currency`;
    - `windows_current_build_percent`, `windows_previous_build_percent`, `windows_older_build_percent`: of the active
      Windows devices whose build can be read, together 100; see `currency`.
    """
    count: Counter[str] = Counter()
    versions: Counter[tuple[str, str]] = Counter()
    active_since, recently = now - timedelta(days=thresholds.stale_days[0]), now - CHECKED_IN_WITHIN
    async for device in sliced(devices, COUNTED_SLICE):
        checked_in, contact = device.last_sync_date_time, contact_of(device)
        count["checked in"] += checked_in is not None and checked_in > recently
        if reports_encryption(device):
            count["reporting encryption"] += 1
            count["encrypted"] += bool(device.is_encrypted)
        if contact is not None and contact > active_since:
            count["active"] += 1
            version = (device.operating_system or "", device.os_version or "")
            if version in versions or len(versions) < VERSIONS_AT_MOST:
                versions[version] += 1
    if not devices:
        return {}
    standing = await currency(versions)
    windows = standing.windows
    figures = {
        "active_devices": float(count["active"]),
        "checked_in_percent": _percent(count["checked in"], len(devices)),
        "encrypted_percent": _percent(count["encrypted"], count["reporting encryption"]),
        "os_current_percent": standing.os_percent,
        "patch_current_percent": standing.patch_percent,
        "windows_current_build_percent": windows.current if windows else None,
        "windows_previous_build_percent": windows.previous if windows else None,
        "windows_older_build_percent": windows.older if windows else None,
    }
    return {name: value for name, value in figures.items() if value is not None}


def _percent(part: int, whole: int) -> float | None:
    return 100.0 * part / whole if whole else None
