"""Endpoint protection: Defender's agents, malware and the firewall."""

from __future__ import annotations

from omconsole.simulator.workload import Workload

WORKLOAD = Workload(surface=())
