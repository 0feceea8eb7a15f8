"""How well the tenant's connectors are, by scenario, and what their modules share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from omconsole.simulator import story
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR

if TYPE_CHECKING:
    from omconsole.simulator.world import World

_CONNECTORS: Final = 81
#: A partner's silence after which Intune calls it unresponsive, in days.
PATIENCE: Final = 3


class Which(IntEnum):
    """The connectors, as their draws are keyed."""

    PUSH = 0
    ADE = 1
    VPP = 2
    PLAY = 3
    NDES = 4
    JOIN = 5
    EXCHANGE = 6
    DEFENSE = 7
    DEVICE_PARTNERS = 8
    COMPLIANCE_PARTNERS = 9
    AUTOPILOT = 10


@dataclass(slots=True, frozen=True)
class Condition:
    """What is wrong in a scenario, in seconds from the epoch; by default nothing."""

    push_expires: int = 200 * DAY + 5 * HOUR
    ade_expires: int = 240 * DAY
    #: Whether the first volume purchase token has not synced since 26 hours before the epoch.
    vpp_is_silent: bool = False
    #: Whether the mobile threat defence has not been heard of since 3 days and 4 hours before the epoch.
    defense_is_silent: bool = False
    has_autopilot: bool = True
    #: Whether Exchange and a Mac management partner are connected too.
    has_partners: bool = False


VPP_SILENT_SINCE: Final = -26 * HOUR
DEFENSE_SILENT_SINCE: Final = -(PATIENCE * DAY + 4 * HOUR)
_BUSY = Condition(ade_expires=11 * DAY + 3 * HOUR, vpp_is_silent=True, defense_is_silent=True, has_partners=True)
CONDITIONS: Final[dict[str, Condition]] = {
    "calm": Condition(has_autopilot=False),
    "busy": _BUSY,
    "storm": replace(_BUSY, push_expires=5 * DAY + 2 * HOUR),
    "story": Condition(push_expires=story.APPLE_PUSH_EXPIRES),
}


def draw_of(world: World, which: Which, number: int = 0) -> Draw:
    """The draws of one connector."""
    return Draw(world.seed, _CONNECTORS, which.value, number)


def last_heard(draw: Draw, now: int, period: int, until: int | None = None) -> int:
    """When something that reports every `period` seconds was last heard of; never again after `until`."""
    return until if until is not None and now >= until else now - (now + draw.below(period)) % period
