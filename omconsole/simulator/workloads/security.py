"""Microsoft Defender XDR: alerts and incidents."""

from __future__ import annotations

from omconsole.simulator.workload import Workload

WORKLOAD = Workload(surface=())
