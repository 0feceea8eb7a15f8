"""Source `devices`: the device list, what is wrong with each device, and the figures of the whole fleet."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.domain.answers import UNANSWERED
from omconsole.graph import MANAGED_DEVICES, MANAGED_DEVICES_ASKED, Flaws, ManagedDevice, pages
from omconsole.signals.asking import first_understood
from omconsole.signals.figures import fleet_figures
from omconsole.signals.fleet import Fleet
from omconsole.signals.judging import SOURCE, DeviceThresholds, Judge, compliance_state
from omconsole.signals.reading import Mode, Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from datetime import datetime

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, Round

NAME = SOURCE
OVERLAP = timedelta(minutes=5)
"""An increment asks again for this much, since check-ins appear late in the list."""


class DevicesSignal:
    """Reads the device list and judges every device of the fleet after each poll, since staleness comes by itself.

    Args:
        thresholds: what a device is judged by.
        fleet: the devices as last read.
        answers: what the tenant is known to do.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementManagedDevices.Read.All",)
    kinds: frozenset[str] = frozenset(
        {
            "device.in-grace",
            "device.compliance-error",
            "device.noncompliant",
            "device.stale",
            "device.unencrypted",
            "device.jailbroken",
            "device.threat",
            "device.certificate-expiring",
        }
    )

    def __init__(
        self, thresholds: DeviceThresholds, fleet: Fleet | None = None, *, answers: Answers = UNANSWERED
    ) -> None:
        self._thresholds = thresholds
        self._page = answers.device_page
        self.fleet = fleet or Fleet()
        self._at_rest = asyncio.Event()
        self._at_rest.set()

    async def settled(self) -> Fleet:
        """The fleet, for sources that speak of its devices; while the first one is being read, they wait for it."""
        if not self.fleet.devices:
            await self._at_rest.wait()
        return self.fleet

    async def up_to_date(self) -> Fleet:
        """The fleet as the poll under way leaves it, for sources that judge all of it; they wait for its end."""
        await self._at_rest.wait()
        return self.fleet

    @property
    def stale_days(self) -> int:
        """Days without check-in after which a device is stale."""
        return self._thresholds.stale_days[0]

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read every device; a complete list replaces the fleet, an incomplete one is laid over it."""
        self._at_rest.clear()
        try:
            return await self._sweep(graph, budget, now, progress)
        finally:
            self._at_rest.set()

    async def _sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        found, flaws = await self._whole_list(graph, budget, progress)
        fleet = await Fleet.of(list(found.values()))
        if flaws:
            async for device in sliced([each for id_, each in self.fleet.devices.items() if id_ not in found]):
                fleet.add(device)
        before, self.fleet = self.fleet, fleet
        await before.let_go()
        return await self._judge("sweep", found, now, flaws)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the devices that checked in since the newest check-in known; without a fleet, sweep."""
        newest = self.fleet.newest_check_in
        if newest is None:
            return await self.sweep(graph, budget, now, progress)
        self._at_rest.clear()
        try:
            return await self._increment(graph, budget, now, progress, newest)
        finally:
            self._at_rest.set()

    async def _increment(
        self, graph: GraphClient, budget: Round, now: datetime, progress: Progress, newest: datetime
    ) -> Reading:
        since = min(newest, now) - OVERLAP
        found: dict[str, ManagedDevice] = {}
        asked = {"$filter": f"lastSyncDateTime gt {since:%Y-%m-%dT%H:%M:%SZ}"}
        flaws = await self._read(graph, budget, asked, found, progress)
        # Graph ignores a filter that it does not support and sends everything: only later check-ins count as news.
        news = {id_: device for id_, device in found.items() if (device.last_sync_date_time or since) > since}
        for device in news.values():
            self.fleet.add(device)
        return await self._judge("increment", news, now, flaws)

    async def _whole_list(
        self, graph: GraphClient, budget: Round, progress: Progress
    ) -> tuple[dict[str, ManagedDevice], Flaws]:
        """Read it in pages of the size that is known to be given; a list that ends with the first one may be cut."""
        ways: list[Mapping[str, str]] = [{"$top": str(self._page)}, {}] if self._page else [{}]

        async def read(options: Mapping[str, str]) -> tuple[dict[str, ManagedDevice], Flaws]:
            found: dict[str, ManagedDevice] = {}
            flaws = await self._read(graph, budget, options, found, progress)
            return found, flaws

        found, flaws = await first_understood(ways, read)
        return await read({}) if self._page and len(found) == self._page else (found, flaws)

    async def _read(
        self,
        graph: GraphClient,
        budget: Round,
        asked: Mapping[str, str],
        into: dict[str, ManagedDevice],
        progress: Progress,
    ) -> Flaws:
        """Read pages into a dictionary; returns what could not be taken in."""
        flaws = Flaws()
        async for page in pages(
            graph,
            MANAGED_DEVICES_ASKED.path,
            decoder=MANAGED_DEVICES,
            workload=NAME,
            params={**MANAGED_DEVICES_ASKED.params(), **asked},
            in_round=budget,
        ):
            into.update((device.id, device) for device in page.rows)
            flaws += page.flaws
            progress(len(into))
        return flaws

    async def _judge(self, mode: Mode, read: Container[str], now: datetime, flaws: Flaws) -> Reading:
        """Judge the fleet: wholly what was read in this poll; of every other device only what time alone brings."""
        reading = Reading(source=NAME, mode=mode, items=len(self.fleet.devices))
        reading.thresholds = {"stale_days": self._thresholds.stale_days}
        reading.mark(flaws)
        fleet = list(self.fleet.devices.values())
        compliant = {
            device.user_id async for device in sliced(fleet, LIGHT_SLICE) if compliance_state(device) == "compliant"
        }
        judge = Judge(self._thresholds, now, compliant)
        async for device in sliced(fleet):
            if device.id in read:
                reading.subjects.add(device.id)
                judge(device, reading)
            else:
                judge.by_time(device, reading)
        judge.unmapped.tell(reading)
        reading.figures = await fleet_figures(fleet, self._thresholds, now)
        return reading
