"""Remote actions and their state."""

from __future__ import annotations

from omconsole.simulator.workload import Workload

WORKLOAD = Workload(surface=())
