"""Remote actions and their state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator.instants import seconds
from omconsole.simulator.remote_actions import RemoteActions
from omconsole.simulator.served import Served
from omconsole.simulator.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.world import Truth, World

AUDITS = Served(
    "beta",
    "/deviceManagement/remoteActionAudits",
    "remoteActionAudit",
    (
        *("id", "deviceDisplayName", "managedDeviceId", "userName", "initiatedByUserPrincipalName", "action"),
        *("actionState", "requestDateTime", "deviceOwnerUserPrincipalName", "bulkDeviceActionId"),
    ),
    {"actionState": ("pending", "done", "failed")},
)


def _planted(world: World, now: datetime) -> Iterator[Truth]:
    from omconsole.simulator.world import Truth  # the world knows the workloads

    yield from (Truth("device.action-failed", *key) for key in world.part(RemoteActions).failing(seconds(now)))


WORKLOAD = Workload(
    surface=(AUDITS,),
    collections={AUDITS.path: lambda world, now: world.part(RemoteActions).rows(seconds(now))},
    planted=_planted,
)
