"""Policies: configuration policies, their state on devices, and devices without a compliance policy."""

from __future__ import annotations

from omconsole.simulator.workload import Workload

WORKLOAD = Workload(surface=())
