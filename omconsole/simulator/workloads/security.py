"""Microsoft Defender XDR: alerts and incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator.defender import Defender
from omconsole.simulator.instants import seconds
from omconsole.simulator.served import Served
from omconsole.simulator.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.world import World

ALERTS = Served(
    "v1.0",
    "/security/alerts_v2",
    "security.alert",
    (
        *("id", "incidentId", "title", "severity", "status", "category", "serviceSource", "detectionSource"),
        *("assignedTo", "createdDateTime", "lastUpdateDateTime", "alertWebUrl", "incidentWebUrl", "evidence"),
        *("classification", "determination"),
    ),
    {
        "severity": ("unknown", "informational", "low", "medium", "high"),
        "status": ("new", "inProgress", "resolved"),
        "serviceSource": ("microsoftDefenderForEndpoint",),
    },
)
INCIDENTS = Served(
    "v1.0",
    "/security/incidents",
    "security.incident",
    (
        *("id", "displayName", "severity", "status", "classification", "determination", "assignedTo"),
        *("createdDateTime", "lastUpdateDateTime", "incidentWebUrl", "customTags", "systemTags", "priorityScore"),
    ),
    {
        "severity": ("unknown", "informational", "low", "medium", "high"),
        "status": ("active", "inProgress", "resolved", "redirected"),
    },
)
_FILTERABLE = (
    *("assignedTo", "classification", "createdDateTime", "determination", "lastUpdateDateTime", "severity", "status"),
)


def _alerts(world: World, now: datetime) -> Iterator[tuple[str, str]]:
    defender = world.part(Defender)
    yield from (("security.alert", id_) for id_ in defender.open_alerts(seconds(now)))
    yield from (("security.incident", id_) for id_ in defender.open_incidents(seconds(now)))


WORKLOAD = Workload(
    surface=(ALERTS, INCIDENTS),
    collections={
        ALERTS.path: lambda world, now: world.part(Defender).alert_rows(seconds(now)),
        INCIDENTS.path: lambda world, now: world.part(Defender).incident_rows(seconds(now)),
    },
    filterable={ALERTS.path: (*_FILTERABLE, "serviceSource"), INCIDENTS.path: _FILTERABLE},
    page_sizes={INCIDENTS.path: 50},
    alerts=_alerts,
)
