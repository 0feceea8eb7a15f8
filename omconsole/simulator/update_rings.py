"""Update rings, which hold updates back for a while, among the tenant's other device configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, NEVER, iso, iso_fraction, moment, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_RING, _OTHER = 260, 261

#: Name, and whether a pause of it holds back quality updates and feature updates.
_RINGS: Final = (
    ("Ring 1 – Pilot", True, False),
    ("Ring 2 – Breit", False, True),
    ("Ring 3 – Leitung", True, True),
    ("Ring 0 – IT", True, False),
)
#: Configurations that are no rings.
_OTHERS: Final = (
    ("windows10CustomConfiguration", "Windows – Taskleiste"),
    ("iosGeneralDeviceConfiguration", "iOS – Einschränkungen"),
)
#: Intune pauses a ring for so long unless somebody resumes it, which happens after the shorter time.
_PAUSE, _RESUMED = 35 * DAY, 9 * DAY
#: Of a ring that nobody resumes the flag stays so long after the pause is over.
_FLAG_STAYS: Final = DAY

RING_PROPERTIES: Final = (
    "qualityUpdatesPaused",
    "featureUpdatesPaused",
    "qualityUpdatesPauseExpiryDateTime",
    "featureUpdatesPauseExpiryDateTime",
    "qualityUpdatesPauseStartDate",
    "featureUpdatesPauseStartDate",
)


def configurations(world: World, now: datetime) -> list[Row]:
    """The rows of `deviceConfigurations`: the rings, and others without what a ring has."""
    others = [
        _configuration(world, Draw(world.seed, _OTHER, number), type_, name) | dict.fromkeys(RING_PROPERTIES)
        for number, (type_, name) in enumerate(_OTHERS)
    ]
    return others + [_ring(world, number, seconds(now)) for number in range(len(_RINGS))]


def rings_paused(world: World, now: int) -> Iterator[str]:
    """The ids of the rings that hold updates back at `now` (seconds since 1970 UTC)."""
    for number in range(len(_RINGS)):
        start, end, _flag = _pause(world, number, now)
        if start is not None and now < end:
            yield Draw(world.seed, _RING, number).uuid()


def _pause(world: World, number: int, now: int) -> tuple[int | None, int, bool]:
    """When the pause of a ring began and when it ends, and whether Graph shows it; None without one.

    Every other ring is resumed before its time; of the others the flag stays for a while after the end.
    """
    if number >= world.mix.paused_rings:
        return None, 0, False
    cycle = (20 + 3 * number) * DAY + (0 if number % 2 else _PAUSE)
    length = _RESUMED if number % 2 else _PAUSE
    since = (now - world.begin + (2 + 3 * number) * DAY) % cycle
    if since >= length + (0 if number % 2 else _FLAG_STAYS):
        return None, 0, False
    return now - since, now - since + length, True


def _ring(world: World, number: int, now: int) -> Row:
    name, quality, feature = _RINGS[number]
    start, _end, flag = _pause(world, number, now)
    # Mixed casing: one ring's type begins with a capital.
    type_ = "windowsUpdateForBusinessConfiguration"
    draw = Draw(world.seed, _RING, number)
    row = _configuration(world, draw, type_ if number else type_[:1].upper() + type_[1:], name)
    if start is not None:
        row["lastModifiedDateTime"] = iso_fraction(start, draw.below(10_000_000))
    for prefix, held_back in (("quality", quality), ("feature", feature)):
        is_on = flag and held_back
        until = NEVER if start is None or not is_on else start + _PAUSE
        row[f"{prefix}UpdatesPaused"] = is_on
        row[f"{prefix}UpdatesPauseExpiryDateTime"] = iso(until)
        row[f"{prefix}UpdatesPauseStartDate"] = f"{moment(start):%Y-%m-%d}" if is_on and start is not None else None
    return row


def _configuration(world: World, draw: Draw, type_: str, name: str) -> Row:
    id_ = draw.uuid()
    created = world.begin - draw.between(300, 900) * DAY
    return {
        "@odata.type": f"#microsoft.graph.{type_}",
        "id": id_,
        "displayName": name,
        "description": None,
        "version": draw.between(1, 9),
        "createdDateTime": iso(created),
        "lastModifiedDateTime": iso_fraction(created + draw.between(0, 200) * DAY, draw.below(10_000_000)),
    }
