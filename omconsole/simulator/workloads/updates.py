"""Windows updates: rings, feature and quality updates, and what fails of them."""

from __future__ import annotations

from omconsole.simulator.workload import Workload

WORKLOAD = Workload(surface=())
