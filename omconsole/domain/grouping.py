"""Rows that share a device, a user or a platform, as one group each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from omconsole.domain.items import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.items import Item

Grouping = Literal["device", "user", "platform"]
GROUPINGS: tuple[str, ...] = get_args(Grouping)


class Group(msgspec.Struct, frozen=True):
    """Items with something in common (design.md §5, `--group-by`); `key` is null for those that lack it."""

    key: str | None
    title: str | None
    count: int
    needs_action: int
    worst: Severity
    ids: tuple[str, ...]


def group(items: Iterable[Item], by: Grouping) -> list[Group]:
    """The groups of rows that come in order of priority; a group stands where its first row does."""
    found: dict[str | None, list[Item]] = {}
    for item in items:
        found.setdefault(_shared(item, by)[0], []).append(item)
    return [
        Group(
            key=key,
            title=_shared(members[0], by)[1],
            count=len(members),
            needs_action=sum(item.needs_action for item in members),
            worst=max((item.triage.severity for item in members), key=lambda severity: severity.rank),
            ids=tuple(item.id for item in members),
        )
        for key, members in found.items()
    ]


def _shared(item: Item, by: Grouping) -> tuple[str | None, str | None]:
    """The key that members share, and its name."""
    seen = item.seen
    if by == "device":
        device = item.triage.subject_id if item.triage.subject_type == "device" else None
        return device, seen.subject_name if seen and device else device
    shared = (seen.user if by == "user" else seen.platform) if seen else None
    return shared, shared
