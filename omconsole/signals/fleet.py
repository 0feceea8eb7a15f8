"""The tenant's devices as they were last read, for every source that speaks of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.signals.slices import LIGHT_SLICE, sliced
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from omconsole.graph import ManagedDevice


class Fleet:
    """The tenant's devices as last read, by id; kept between polls so that time alone can make a device stale."""

    def __init__(self, devices: Iterable[ManagedDevice] = ()) -> None:
        self.devices: dict[str, ManagedDevice] = {}
        self.newest_check_in: datetime | None = None
        """The latest check-in that any device has reported, by Graph's own clock."""
        for device in devices:
            self.add(device)

    @classmethod
    async def of(cls, devices: Sequence[ManagedDevice]) -> Fleet:
        """A fleet of any size, made in slices."""
        fleet = cls()
        async for device in sliced(devices, LIGHT_SLICE):
            fleet.add(device)
        return fleet

    async def let_go(self) -> None:
        """Forget every device, in slices: freeing 100,000 at once takes 15 ms."""
        while self.devices:
            for _device in range(min(len(self.devices), LIGHT_SLICE)):
                self.devices.popitem()
            await next_turn()

    def add(self, device: ManagedDevice) -> None:
        """Take in what a device has become."""
        self.devices[device.id] = device
        moment = device.last_sync_date_time
        if moment is not None and (self.newest_check_in is None or moment > self.newest_check_in):
            self.newest_check_in = moment
