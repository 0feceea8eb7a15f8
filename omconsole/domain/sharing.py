"""What the members of a cause have in common, from what their sources show of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from omconsole.domain.items import Item

LOOKED_AT = ("osVersion", "model", "managedDeviceOwnerType", "AppVersion")
"""Facts that members may share, by Graph's names."""
MOST = 0.6
"""A value is common when at least this share of the members that report it have it."""


class Shared(msgspec.Struct, frozen=True):
    """A fact with the value that most members have; `value` is None where they differ. `share` is 0..1."""

    name: str
    value: str | None
    share: float


def shared(members: Sequence[Item]) -> list[Shared]:
    """What the members have in common, fact by fact; a fact that nobody reports is left out."""
    work = sharing(members)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: list[Shared] = end.value
            return found


def sharing(members: Sequence[Item]) -> Generator[None, None, list[Shared]]:
    """`shared` in steps of about a millisecond."""
    counted: dict[str, Counter[str]] = {name: Counter() for name in LOOKED_AT}
    for index, item in enumerate(members):
        if item.seen is not None:
            facts = item.seen.facts
            for name, counts in counted.items():
                value = facts.get(name)
                if value is not None:
                    counts[str(value)] += 1
        if index % 500 == 499:
            yield
    return _found(counted)


def _found(counted: dict[str, Counter[str]]) -> list[Shared]:
    found = []
    for name, counts in counted.items():
        if counts:
            value, share = _most(counts)
            if share < MOST and "version" in name.casefold():
                value, share = _most(_without_revision(counts))
            found.append(Shared(name, value if share >= MOST else None, share))
    return found


def _most(counts: Counter[str]) -> tuple[str, float]:
    value, count = counts.most_common(1)[0]
    return value, count / counts.total()


def _without_revision(counts: Counter[str]) -> Counter[str]:
    """Versions without their last number: devices of one build are rarely of one revision."""
    builds: Counter[str] = Counter()
    for version, count in counts.items():
        builds[version.rpartition(".")[0] or version] += count
    return builds
