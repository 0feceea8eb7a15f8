"""The parts of Intune's service that bring their own calls, reports and problems, a module each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.simulator.workloads import actions, policies, protection, security, updates, users

if TYPE_CHECKING:
    from omconsole.simulator.workload import Workload

WORKLOADS: tuple[Workload, ...] = (
    policies.WORKLOAD,
    protection.WORKLOAD,
    security.WORKLOAD,
    updates.WORKLOAD,
    users.WORKLOAD,
    actions.WORKLOAD,
)
