"""Defender and the firewall on the Windows devices of one world: what is wrong where, and the rows of the reports."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.courses import Steady
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, iso_fraction, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from omconsole.simulator.reports import ReportRow
    from omconsole.simulator.world import World

_AGENTS, _FIREWALLS = 220, 221
#: A case begins anew after so long, and lasts for most of it.
_CYCLE: Final = (4 * DAY, 9 * DAY)
_LASTS_PER_CENT: Final = (55, 85)
#: So many devices without a problem stand in a report as well, for nobody filters it.
_WELL_SHOWN: Final = 12
#: Of so many devices in a row one has its members by name and its flags as text.
_ODD_EVERY, _ODD = 17, 3


class Agent(NamedTuple):
    """Defender on a device: what is wrong, by Intune's names."""

    #: In `deviceProtectionOverview`.
    counted: str
    state: int | None
    status: int | None
    #: Properties that are the other way round than on a device on which all is well.
    turned: tuple[str, ...] = ()

    @property
    def is_problem(self) -> bool:
        """Not so for one that says nothing."""
        return self.status is not None


_FLAGS: Final = {
    "MalwareProtectionEnabled": True,
    "RealTimeProtectionEnabled": True,
    "NetworkInspectionSystemEnabled": True,
    "TamperProtectionEnabled": True,
    "SignatureUpdateOverdue": False,
}
_STATES: Final = {
    0: "Clean",
    1: "FullScanPending",
    2: "RebootPending",
    4: "ManualStepsPending",
    8: "OfflineScanPending",
    16: "Critical",
}
_SIGNATURES = Agent("pendingSignatureUpdateDeviceCount", 0, 32 | 64, ("SignatureUpdateOverdue",))
_QUICK_SCAN = Agent("pendingQuickScanDeviceCount", 0, 128)
_FULL_SCAN = Agent("pendingFullScanDeviceCount", 1, 4)
_RESTART = Agent("pendingRestartDeviceCount", 2, 8)
_STOPPED = Agent(
    "inactiveThreatAgentDeviceCount",
    0,
    1,
    ("MalwareProtectionEnabled", "RealTimeProtectionEnabled", "NetworkInspectionSystemEnabled"),
)
_OPEN = Agent("inactiveThreatAgentDeviceCount", 0, 1 << 19, ("RealTimeProtectionEnabled", "TamperProtectionEnabled"))
_MANUAL = Agent("pendingManualStepsDeviceCount", 4, 16)
_OFFLINE = Agent("pendingOfflineScanDeviceCount", 8, 1 << 15)
_CRITICAL = Agent("criticalFailuresDeviceCount", 16, 1 << 17)
_SILENT = Agent("unknownStateThreatAgentDeviceCount", None, None)
_CLEAN = Agent("cleanDeviceCount", 0, 1 << 19)

#: In turns, the frequent ones more often.
_TURNS: Final = (
    *(_SIGNATURES, _OPEN, _RESTART, _QUICK_SCAN, _SIGNATURES, _FULL_SCAN, _STOPPED, _QUICK_SCAN, _SIGNATURES),
    *(_RESTART, _CRITICAL, _QUICK_SCAN, _SIGNATURES, _FULL_SCAN, _SILENT, _MANUAL, _RESTART, _OFFLINE),
)
_STATUSES: Final = {
    1: "ServiceNotRunning",
    4: "PendingFullScanDueToThreatAction",
    8: "PendingRebootDueToThreatAction",
    16: "PendingManualStepsDueToThreatAction",
    96: "AvSignaturesOutOfDate, AsSignaturesOutOfDate",
    128: "NoQuickScanHappenedForSpecifiedPeriod",
    1 << 15: "OfflineScanRequired",
    1 << 17: "ThreatRemediationFailedCritically",
    1 << 19: "NoStatusFlagsSet",
}

_DISABLED, _LIMITED, _TEMPORARILY, _NOT_APPLICABLE, _NEW = 1, 2, 3, 4, 9
_FIREWALL_TEXTS: Final = {
    0: "Enabled",
    _DISABLED: "Disabled",
    _LIMITED: "Limited",
    _TEMPORARILY: "Temporarily Disabled (default)",
    _NOT_APPLICABLE: "Not applicable",
    _NEW: "Managed elsewhere",
}
_FIREWALL_TURNS: Final = (_DISABLED, _LIMITED, _DISABLED, _DISABLED, _TEMPORARILY, _NOT_APPLICABLE)


class Planned(NamedTuple):
    """Something that happens to the device in a place once in each period; in seconds since 1970 UTC."""

    place: int
    phase: int
    period: int
    lasts: int

    def since(self, now: int) -> int | None:
        """When it began, if it is there at `now`."""
        gone = (now - self.phase) % self.period
        return now - gone if gone < self.lasts else None


class Agents:
    """Defender on the Windows devices of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._there = windows(world)
        self._planned = planned(world, self._there, _AGENTS, world.mix.unhealthy_agents)

    def at(self, now: int) -> dict[int, Agent]:
        """By index the devices on which Defender is not as it should be, or says nothing."""
        return {
            each.place: _TURNS[rank % len(_TURNS)]
            for rank, each in enumerate(self._planned)
            if each.since(now) is not None
        }

    def unhealthy(self, now: int) -> list[int]:
        """Of these, the devices with a problem."""
        return [index for index, agent in self.at(now).items() if agent.is_problem]

    def counts(self, now: int) -> Counter[str]:
        """The devices that are not clean, as `deviceProtectionOverview` counts them."""
        return Counter(agent.counted for agent in self.at(now).values())

    def rows(self, now: int) -> Iterator[ReportRow]:
        """The rows of getUnhealthyDefenderAgentsReport, and some of devices on which all is well."""
        found = self.at(now)
        for index, agent in found.items():
            yield self._row(index, agent, now)
        for index in _others(self._there, found):
            yield self._row(index, _CLEAN, now)

    def _row(self, index: int, agent: Agent, now: int) -> ReportRow:
        odd = index % _ODD_EVERY == _ODD
        flags = {name: well != (name in agent.turned) for name, well in _FLAGS.items()}
        state, status = agent.state, agent.status
        says = state is not None and status is not None
        device = _device(self._world, index, now)
        return {
            **device,
            **{name: (str(value) if odd else value) if says else None for name, value in flags.items()},
            "DeviceState": _STATES[state] if odd and state is not None else state,
            "DeviceState_loc": None if state is None else _STATES[state],
            "ProductStatus": _STATUSES[status] if odd and status is not None else status,
            "ProductStatus_loc": None if status is None else _STATUSES[status],
            "IsVirtualMachine": False,
            "UserEmail": device["UPN"],
        }


class Firewalls:
    """The firewalls of the Windows devices of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._there = windows(world)
        self._planned = planned(world, self._there, _FIREWALLS, world.mix.firewalls_off)

    def at(self, now: int) -> dict[int, int]:
        """By index the devices whose firewall is not simply on: its status by number."""
        found = {
            each.place: _FIREWALL_TURNS[rank % len(_FIREWALL_TURNS)]
            for rank, each in enumerate(self._planned)
            if each.since(now) is not None
        }
        if self._world.mix.unknown_members and self._there:
            found.setdefault(self._there[-1], _NEW)
        return found

    def off(self, now: int) -> list[int]:
        """The devices that a firewall does not protect, or not everywhere."""
        return [index for index, status in self.at(now).items() if status in (_DISABLED, _LIMITED, _TEMPORARILY)]

    def rows(self, now: int) -> Iterator[ReportRow]:
        """The rows of getUnhealthyFirewallReport, and some of devices whose firewall is on."""
        found = self.at(now)
        for index, status in (*found.items(), *((index, 0) for index in _others(self._there, found))):
            named = "".join(word.title() for word in _FIREWALL_TEXTS[status].split() if word.isalpha())
            yield {
                **_device(self._world, index, now),
                "FirewallStatus": named if index % _ODD_EVERY == _ODD or status == _NEW else status,
                "FirewallStatus_loc": _FIREWALL_TEXTS[status],
                "_OS": "Windows",
                "ReferenceId": "",
            }


def windows(world: World) -> list[int]:
    """The Windows devices that stay and keep checking in, by index."""
    return [
        index
        for index, place in enumerate(world.places)
        if place.platform == "Windows" and type(place.course) is Steady
    ]


def planned(world: World, there: Sequence[int], number: int, ten_thousandths: int) -> list[Planned]:
    """What happens to that share of the fleet, to different devices of `there`; the first is there from the start."""
    count = min(len(there), max(1, round(world.devices * ten_thousandths / 10_000)) if ten_thousandths else 0)
    draw = Draw(world.seed, number)
    begin = draw.below(max(1, len(there)))
    found = []
    for rank in range(count):
        period = draw.between(*_CYCLE)
        lasts = period * draw.between(*_LASTS_PER_CENT) // 100
        sooner = draw.below(lasts if rank == 0 else period)
        place = there[(begin + rank * len(there) // count) % len(there)]
        found.append(Planned(place, world.begin - sooner, period, lasts))
    return found


def _others(there: Sequence[int], found: dict[int, object] | dict[int, Agent] | dict[int, int]) -> list[int]:
    return [index for index in there[: len(found) + _WELL_SHOWN] if index not in found][:_WELL_SHOWN]


def _device(world: World, index: int, now: int) -> ReportRow:
    at = moment(now)
    row = world.device_row(index, at)
    return {
        "DeviceId": row["id"],
        "DeviceName": row["deviceName"],
        "UPN": row["userPrincipalName"],
        "UserName": row["userDisplayName"],
        "LastReportedDateTime": iso_fraction(world.moving(index, at).last_sync, index * 7919),
        "_ManagedBy": 1,
        "_ManagedBy_loc": "Intune",
    }
