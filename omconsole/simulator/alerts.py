"""What alerts there ought to be: the problems of the tenant itself that a world has at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator import connectors, service_health
from omconsole.simulator.instants import seconds
from omconsole.simulator.workloads import WORKLOADS

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.simulator.world import World


def planted_alerts(world: World, now: datetime) -> list[tuple[str, str]]:
    """(kind, subject id) of every alert that stands at `now`: the service's issues by id, connectors, the subscription.

    A connector's subject is `kind:id`, as `vppToken:…`, or the kind alone where a tenant has one at most. Thresholds
    are the console's defaults: 60 days before an end, one day of silence.
    """
    at = seconds(now)
    issues = [
        (f"service.{issue.text.classification}", issue.id)
        for issue in service_health.issues(world)
        if issue.is_open(at)
    ]
    late = connectors.subscription_state(world, now)["value"] != "active"
    found = issues + connectors.planted(world, now) + ([("tenant.subscription", "subscription")] if late else [])
    return found + [alert for workload in WORKLOADS for alert in workload.alerts(world, now)]
