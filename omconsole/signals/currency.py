"""How current the operating systems of a fleet are, measured by the fleet itself. Pure.

No table of releases has to be kept: what is current is what the tenant's own devices run. Of each platform's devices

- a **release** is `10.0.NNNNN` on Windows and the major version elsewhere; it is *established* when at least 1 % and
  at least three of the platform's devices run it;
- the newest and the second newest established release are current, and so is what is newer still;
- a **revision** is the rest of the version; within one release the same rule says which revisions are current.

A device whose version cannot be read, or whose platform or release is too rare to say, is not counted at all.

Of Windows the releases are told apart too: the newest established one, with what is newer still, is the current
build, the established one before it the previous build, and everything below is older.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import msgspec

from omconsole.signals.slices import sliced
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ESTABLISHED_SHARE = 0.01
ESTABLISHED_DEVICES = 3
CURRENT = 2
"""How many established releases, and revisions of a release, are current."""

VERSIONS_SLICE = 500
WINDOWS = "windows"
"""The platform in lower case."""

Parts = tuple[int, ...]
_VERSION = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9}){0,5})(?![.\d])")
"""Up to six numbers; what stands behind them, such as a build in brackets, does not count."""


class Currency(msgspec.Struct, frozen=True):
    """Percent, 0 to 100, of the devices of which it can be told; None where it can be told of none."""

    os_percent: float | None
    patch_percent: float | None
    windows: Builds | None = None


class Builds(msgspec.Struct, frozen=True):
    """Percent, 0 to 100, of the Windows devices whose build can be read: together 100."""

    current: float
    """On the newest established release, or on a newer one."""
    previous: float
    """On the established release before that, or between the two."""
    older: float


class Share:
    """How many of those that can be judged are current."""

    def __init__(self) -> None:
        self.current = 0
        self.judged = 0

    def add(self, version: Parts, devices: int, oldest: Parts | None) -> None:
        """Count the devices of one version against the oldest one that is current, if there is any."""
        if oldest is not None:
            self.judged += devices
            self.current += devices if version >= oldest else 0

    @property
    def percent(self) -> float | None:
        return 100.0 * self.current / self.judged if self.judged else None


async def currency(versions: Mapping[tuple[str, str], int]) -> Currency:
    """The currency of a fleet.

    Args:
        versions: how many devices run which version of which platform, both as Graph says them.
    """
    releases: defaultdict[str, Counter[Parts]] = defaultdict(Counter)
    revisions: defaultdict[tuple[str, Parts], Counter[Parts]] = defaultdict(Counter)
    async for (platform, version), devices in sliced(list(versions.items()), VERSIONS_SLICE):
        parts = parsed(platform, version)
        if parts is not None:
            release, revision = parts
            releases[platform.casefold()][release] += devices
            revisions[platform.casefold(), release][revision] += devices
    os, patch = Share(), Share()
    for of_platform in releases.values():
        await _judge(of_platform, os)
    for of_release in revisions.values():
        await _judge(of_release, patch)
    return Currency(os.percent, patch.percent, windows_builds(releases.get(WINDOWS, {})))


def windows_builds(counts: Mapping[Parts, int]) -> Builds | None:
    """The shares of the builds of Windows; None where no release is established.

    Args:
        counts: how many devices run which release.
    """
    established = _established(counts)
    if not established:
        return None
    newest, before = established[0], established[-1]
    total = sum(counts.values())
    current = sum(devices for release, devices in counts.items() if release >= newest)
    previous = sum(devices for release, devices in counts.items() if before <= release < newest)
    return Builds(100.0 * current / total, 100.0 * previous / total, 100.0 * (total - current - previous) / total)


async def _judge(counts: Counter[Parts], share: Share) -> None:
    oldest = oldest_current(counts)
    async for version, devices in sliced(list(counts.items()), VERSIONS_SLICE):
        share.add(version, devices, oldest)
    await next_turn()


def oldest_current(counts: Mapping[Parts, int]) -> Parts | None:
    """The oldest version that still is current; None where no version is established."""
    established = _established(counts)
    return established[-1] if established else None


def _established(counts: Mapping[Parts, int]) -> list[Parts]:
    """The established versions that are current, the newest first."""
    least = max(ESTABLISHED_DEVICES, ESTABLISHED_SHARE * sum(counts.values()))
    return _newest(version for version, devices in counts.items() if devices >= least)


def _newest(versions: Iterable[Parts]) -> list[Parts]:
    return sorted(versions, reverse=True)[:CURRENT]


def parsed(platform: str, version: str) -> tuple[Parts, Parts] | None:
    """Release and revision of a version; None when it is none. `0` and its like say nothing."""
    found = _VERSION.match(version)
    numbers = tuple(int(number) for number in found[1].split(".")) if found else ()
    if not any(numbers):
        return None
    release = 3 if platform.casefold().startswith("windows") else 1
    return numbers[:release], _without_zeros(numbers[release:])


def _without_zeros(numbers: Parts) -> Parts:
    """`17.4.0` and `17.4` are one version."""
    end = len(numbers)
    while end and not numbers[end - 1]:
        end -= 1
    return numbers[:end]
