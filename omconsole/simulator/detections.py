"""Malware that is found on the Windows devices of one world, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.instants import HOUR, iso_fraction, moment, seconds
from omconsole.simulator.protection import planned, windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.protection import Planned
    from omconsole.simulator.reports import ReportRow
    from omconsole.simulator.world import World

_FOUND = 222
#: So long the report still shows what Defender has seen to.
_SHOWN_AFTERWARDS: Final = 12 * HOUR
#: Every so many cases a device has the malware of the case before, too.
_TWO_EVERY: Final = 5
_ABOUT: Final = "https://go.microsoft.com/fwlink/?linkid=37020&name={name}&threatid={id}"


class Malware(NamedTuple):
    """One malware as Microsoft describes it: members by name and by number."""

    id: int
    name: str
    category: tuple[int, str]
    severity: tuple[int, str]


class State(NamedTuple):
    """A threat state and an execution state."""

    threat: tuple[int, str]
    execution: tuple[int, str]


class Detection(NamedTuple):
    """A malware on the device in a place; instants in seconds since 1970 UTC."""

    place: int
    malware: Malware
    state: State
    began: int
    changed: int
    times: int
    is_active: bool


KNOWN: Final = (
    Malware(2_147_700_000, "Trojan:Win32/Contosonda.A", (8, "trojan"), (5, "severe")),
    Malware(2_147_700_001, "HackTool:Win32/AutoKMS.Sim", (34, "tool"), (4, "high")),
    Malware(2_147_700_002, "PUA:Win32/Bundlesim", (27, "potentialUnwantedSoftware"), (2, "moderate")),
    Malware(2_147_700_003, "Ransom:Win32/Simlocker.B", (50, "ransom"), (5, "severe")),
)
_ACTIVE: Final = (
    State((0, "active"), (3, "running")),
    State((1, "actionFailed"), (4, "notRunning")),
    State((4, "rebootRequired"), (1, "blocked")),
    State((0, "active"), (1, "blocked")),
    State((2, "manualStepsRequired"), (4, "notRunning")),
)
_OVER: Final = (State((6, "quarantined"), (1, "blocked")), State((8, "cleaned"), (4, "notRunning")))


class Detections:
    """Every malware on every device of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        cases = planned(world, windows(world), _FOUND, world.mix.malware)
        self._cases: list[tuple[Planned, Malware]] = []
        for rank, case in enumerate(cases):
            place = cases[rank - 1].place if rank % _TWO_EVERY == _TWO_EVERY - 1 else case.place
            self._cases.append((case._replace(place=place), KNOWN[rank % len(KNOWN)]))

    def at(self, now: int) -> list[Detection]:
        """What is found at `now`: active, or seen to a short while ago."""
        found = []
        for rank, (case, malware) in enumerate(self._cases):
            began = now - (now - case.phase) % case.period
            over = began + case.lasts
            is_active = now < over
            if is_active or now < over + _SHOWN_AFTERWARDS:
                state = _ACTIVE[rank % len(_ACTIVE)] if is_active else _OVER[rank % len(_OVER)]
                changed = began if is_active else over
                found.append(Detection(case.place, malware, state, began, changed, 1 + rank % 3, is_active))
        return found

    def rows(self, now: int) -> Iterator[ReportRow]:
        """The rows of getActiveMalwareReport; what is over stays in it for a while."""
        for each in self.at(now):
            device = self._world.device_row(each.place, moment(now))
            odd = each.place % 3 == 1
            yield {
                "DeviceId": device["id"],
                "DeviceName": device["deviceName"],
                "UPN": device["userPrincipalName"],
                "UserEmail": device["userPrincipalName"],
                "UserName": device["userDisplayName"],
                "MalwareId": str(each.malware.id),
                "MalwareName": each.malware.name,
                "DetectionCount": each.times,
                "InitialDetectionDateTime": iso_fraction(each.began, each.place * 7919),
                "LastStateChangeDateTime": iso_fraction(each.changed, each.place * 7919),
                "AdditionalInformationUrl": _about(each.malware),
                "_ManagedBy": 1,
                "_ManagedBy_loc": "Intune",
                **_member("MalwareCategory", each.malware.category, odd=odd),
                **_member("Severity", each.malware.severity, odd=odd),
                **_member("State", each.state.threat, odd=odd),
                **_member("ExecutionState", each.state.execution, odd=odd),
            }

    def kinds(self, now: datetime) -> list[Row]:
        """The rows of windowsMalwareInformation: every malware that is found somewhere."""
        found = self.at(seconds(now))
        return [
            {
                "id": str(malware.id),
                "displayName": malware.name,
                "category": malware.category[1],
                # Graph writes members in either case.
                "severity": malware.severity[1].title() if malware.id % 2 else malware.severity[1],
                "lastDetectionDateTime": iso_fraction(max(each.began for each in of_it), malware.id),
                "additionalInformationUrl": _about(malware),
            }
            for malware in KNOWN
            if (of_it := [each for each in found if each.malware is malware])
        ]

    def states(self, malware_id: str, now: datetime) -> list[Row] | None:
        """The rows of deviceMalwareStates of one malware; None when there is none with that id."""
        if malware_id not in {str(malware.id) for malware in KNOWN}:
            return None
        return [
            {
                "id": f"{malware_id}_{each.place}",
                "deviceName": self._world.device_row(each.place, now)["deviceName"],
                "threatState": each.state.threat[1],
                "executionState": each.state.execution[1],
                "detectionCount": each.times,
                "initialDetectionDateTime": iso_fraction(each.began, each.place * 7919),
                "lastStateChangeDateTime": iso_fraction(each.changed, each.place * 7919),
            }
            for each in self.at(seconds(now))
            if str(each.malware.id) == malware_id
        ]


def _about(malware: Malware) -> str:
    return _ABOUT.format(name=malware.name, id=malware.id)


def _member(name: str, member: tuple[int, str], *, odd: bool) -> ReportRow:
    number, text = member
    shown = text[0].upper() + text[1:]
    return {name: shown if odd else number, f"{name}_loc": shown}
