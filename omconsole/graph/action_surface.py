"""What the console asks Graph for about remote actions."""

from __future__ import annotations

from typing import Final

from omconsole.graph.asked import Asked

REMOTE_ACTIONS_ASKED: Final = Asked(
    "GET",
    "beta",
    "/deviceManagement/remoteActionAudits",
    (
        *("id", "deviceDisplayName", "managedDeviceId", "action", "actionState", "requestDateTime"),
        *("initiatedByUserPrincipalName", "deviceOwnerUserPrincipalName"),
    ),
    {"actionState": ("none", "pending", "canceled", "active", "done", "failed", "notSupported")},
    "DeviceManagementManagedDevices.Read.All",
)
"""One list for the whole tenant; v1.0 tells the same of each device (`deviceActionResults`), at a higher price."""

ACTION_ASKED: Final[tuple[Asked, ...]] = (REMOTE_ACTIONS_ASKED,)
