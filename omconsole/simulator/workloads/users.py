"""Users of the directory and of app protection."""

from __future__ import annotations

from omconsole.simulator.workload import Workload

WORKLOAD = Workload(surface=())
