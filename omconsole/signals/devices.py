"""Source `devices`: managed devices not compliant, in grace, stale, unencrypted or jailbroken (design.md §3)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.items import Observation, Severity
from omconsole.graph import MANAGED_DEVICES, MANAGED_DEVICES_ASKED, Flaws, ManagedDevice, pages
from omconsole.signals.reading import Mode, Progress, Reading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Container, Iterable, Sequence

    from omconsole.graph import GraphClient, Round

NAME = "devices"
JUDGED_AFTER = timedelta(hours=24)
"""A device is judged only this long after enrolment; a jailbroken one at once."""
GRACE_ENDS_WITHIN = timedelta(hours=48)
OVERLAP = timedelta(minutes=5)
"""An increment asks again for this much, since check-ins appear late in the list."""
SLICE = 250
"""Devices judged between two turns of the loop (about 2 ms)."""
LIGHT_SLICE = 2_000
"""Devices only looked at between two turns of the loop (about 1 ms)."""


class DeviceThresholds(msgspec.Struct, frozen=True):
    """Days without check-in after which a device is stale (low) and long stale (medium)."""

    stale_days: tuple[int, int] = (30, 90)


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
            await asyncio.sleep(0)

    def add(self, device: ManagedDevice) -> None:
        """Take in what a device has become."""
        self.devices[device.id] = device
        moment = device.last_sync_date_time
        if moment is not None and (self.newest_check_in is None or moment > self.newest_check_in):
            self.newest_check_in = moment


class DevicesSignal:
    """Reads the device list and judges every device of the fleet after each poll, since staleness comes by itself."""

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
        }
    )

    def __init__(self, thresholds: DeviceThresholds, fleet: Fleet | None = None) -> None:
        self._thresholds = thresholds
        self.fleet = fleet or Fleet()

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read every device; a complete list replaces the fleet, an incomplete one is laid over it."""
        found: dict[str, ManagedDevice] = {}
        flaws = await self._read(graph, budget, {}, found, progress)
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
        since = min(newest, now) - OVERLAP
        found: dict[str, ManagedDevice] = {}
        asked = {"$filter": f"lastSyncDateTime gt {since:%Y-%m-%dT%H:%M:%SZ}"}
        flaws = await self._read(graph, budget, asked, found, progress)
        # Graph ignores a filter that it does not support and sends everything: only later check-ins count as news.
        news = {id_: device for id_, device in found.items() if (device.last_sync_date_time or since) > since}
        for device in news.values():
            self.fleet.add(device)
        return await self._judge("increment", news, now, flaws)

    async def _read(
        self,
        graph: GraphClient,
        budget: Round,
        asked: dict[str, str],
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
        reading.mark(flaws)
        fleet = list(self.fleet.devices.values())
        compliant = {device.user_id async for device in sliced(fleet, LIGHT_SLICE) if _state(device) == "compliant"}
        judge = Judge(self._thresholds, now, compliant)
        async for device in sliced(fleet):
            if device.id in read:
                reading.subjects.add(device.id)
                judge(device, reading)
            else:
                judge.by_time(device, reading)
        return reading


class Judge:
    """The rules over one device at one instant. Pure but for the reading that it fills."""

    def __init__(
        self, thresholds: DeviceThresholds, now: datetime, users_with_compliant_device: set[str | None]
    ) -> None:
        self._now = now
        self._stale = timedelta(days=thresholds.stale_days[0])
        self._long_stale = timedelta(days=thresholds.stale_days[1])
        self._lucky = users_with_compliant_device

    def __call__(self, device: ManagedDevice, reading: Reading) -> None:
        """Add what the device shows, and what Graph did not say about it."""
        young = device.enrolled_date_time is not None and self._now - device.enrolled_date_time < JUDGED_AFTER
        for family, rule in RULES:
            if young and family != "device.jailbroken":
                reading.withheld.add((device.id, family))
                continue
            verdict = rule(self, device)
            if verdict is None:
                reading.withheld.add((device.id, family))
            elif verdict is not CLEAR:
                reading.observations.append(_observation(device, verdict))

    def by_time(self, device: ManagedDevice, reading: Reading) -> None:
        """Add what time alone brings to a device that was not read again: it is silent for too long, its grace ends,
        or its first day is over. The history may know newer things of it."""
        age = None if device.enrolled_date_time is None else self._now - device.enrolled_date_time
        if age is not None and age < JUDGED_AFTER:
            return
        first_days = age is not None and age < 2 * JUDGED_AFTER
        for family, rule in RULES:
            if first_days or family in BY_TIME:
                verdict = rule(self, device)
                if verdict is not None and (verdict.kind in BY_TIME or (first_days and verdict is not CLEAR)):
                    reading.observations.append(_observation(device, verdict))

    def compliance(self, device: ManagedDevice) -> Verdict | None:
        """`noncompliant`, `error`, `conflict` or a running grace period; an unknown state says nothing."""
        state = _state(device)
        if state in {"compliant", "configmanager"}:
            return CLEAR
        if state == "noncompliant":
            return Verdict("device.noncompliant", Severity.MEDIUM, device.last_sync_date_time)
        if state in {"error", "conflict"}:
            return Verdict("device.compliance-error", Severity.MEDIUM, device.last_sync_date_time)
        if state == "ingraceperiod":
            return Verdict("device.in-grace", self._grace_severity(device), device.last_sync_date_time)
        return None

    def _grace_severity(self, device: ManagedDevice) -> Severity:
        ends = device.compliance_grace_period_expiration_date_time
        soon = ends is not None and ends - self._now <= GRACE_ENDS_WITHIN
        return Severity.MEDIUM if soon and device.user_id not in self._lucky else Severity.INFO

    def staleness(self, device: ManagedDevice) -> Verdict | None:
        """No check-in for the first threshold; a device that never checked in counts from its enrolment."""
        contact = device.last_sync_date_time or device.enrolled_date_time
        if contact is None:
            return None
        silent = self._now - contact
        if silent < self._stale:
            return CLEAR
        severity = Severity.MEDIUM if silent >= self._long_stale else Severity.LOW
        return Verdict("device.stale", severity, contact + self._stale)

    def encryption(self, device: ManagedDevice) -> Verdict | None:
        """ "Not reported" is not "unencrypted": a device that never checked in has reported nothing."""
        if device.is_encrypted is None or device.last_sync_date_time is None:
            return None
        if device.is_encrypted:
            return CLEAR
        personal = (device.managed_device_owner_type or "").casefold() == "personal"
        return Verdict("device.unencrypted", Severity.LOW if personal else Severity.MEDIUM, device.last_sync_date_time)

    def jailbreak(self, device: ManagedDevice) -> Verdict | None:
        """`jailBroken` is a string in Graph: `True`, `False`, `Unknown` or nothing."""
        said = (device.jail_broken or "").casefold()
        if said == "true":
            return Verdict("device.jailbroken", Severity.HIGH, device.last_sync_date_time)
        return CLEAR if said == "false" else None


class Verdict(msgspec.Struct, frozen=True):
    """What a rule found; `since` is the earliest evidence that Graph gives."""

    kind: str
    severity: Severity = Severity.INFO
    since: datetime | None = None


CLEAR = Verdict("")
"""The rule looked, and Graph says that all is well."""

BY_TIME = frozenset({"device.stale", "device.compliance", "device.in-grace"})
"""Families and kinds that begin or grow worse without a word from the device."""

RULES: tuple[tuple[str, Callable[[Judge, ManagedDevice], Verdict | None]], ...] = (
    ("device.compliance", Judge.compliance),
    ("device.stale", Judge.staleness),
    ("device.unencrypted", Judge.encryption),
    ("device.jailbroken", Judge.jailbreak),
)


def _observation(device: ManagedDevice, verdict: Verdict) -> Observation:
    return Observation(
        kind=verdict.kind,
        source=NAME,
        severity=verdict.severity,
        subject_type="device",
        subject_id=device.id,
        subject_name=device.device_name or device.id,
        user=device.user_principal_name or None,
        platform=device.operating_system,
        evidence_at=device.last_sync_date_time,
        first_seen=verdict.since,
        facts={
            "osVersion": device.os_version,
            "complianceState": device.compliance_state,
            "complianceGracePeriodExpirationDateTime": _iso(device.compliance_grace_period_expiration_date_time),
            "lastSyncDateTime": _iso(device.last_sync_date_time),
            "enrolledDateTime": _iso(device.enrolled_date_time),
            "managedDeviceOwnerType": device.managed_device_owner_type,
            "isEncrypted": device.is_encrypted,
            "jailBroken": device.jail_broken,
            "serialNumber": device.serial_number,
            "model": device.model,
        },
        portal_url=f"https://intune.microsoft.com/#view/Microsoft_Intune_Devices/DeviceSettingsMenuBlade/mdmDeviceId/{device.id}",
    )


def _state(device: ManagedDevice) -> str:
    return (device.compliance_state or "").casefold()


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


async def sliced(devices: Sequence[ManagedDevice], slice_: int = SLICE) -> AsyncIterator[ManagedDevice]:
    """The devices, with a turn of the loop after each slice."""
    for start in range(0, len(devices), slice_):
        for device in devices[start : start + slice_]:
            yield device
        await asyncio.sleep(0)
