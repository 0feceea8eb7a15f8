"""Rows that share a device, a user, a platform, a cause, a policy or an app, as one group each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from omconsole.domain.identity import ID_LENGTH
from omconsole.domain.items import Severity
from omconsole.domain.words import title

if TYPE_CHECKING:
    from collections.abc import Iterable

    from omconsole.domain.items import Cause, Item

Grouping = Literal["cause", "device", "user", "policy", "app", "platform"]
GROUPINGS: tuple[str, ...] = get_args(Grouping)
POLICIES = frozenset({"compliance", "policy", "osupdate"})
"""Types of causes whose id is a policy's."""

_Shared = tuple[str | None, str | None]
"""The key that members share, and its name."""


class Group(msgspec.Struct, frozen=True):
    """Items with something in common (design.md §5, `--group-by`); `key` is null for those that lack it."""

    key: str | None
    title: str | None
    count: int
    needs_action: int
    worst: Severity
    ids: tuple[str, ...]


def group(items: Iterable[Item], by: Grouping, causes: Iterable[Item] = ()) -> list[Group]:
    """The groups of rows that come in order of priority; a group stands where its first row does.

    A row that has several causes, policies or apps stands in the group of each.

    Args:
        items: the rows.
        by: what they share.
        causes: every open cause, which are groups by their own ids; a cause that is not open is named by its type, id
            and setting or code.
    """
    open_causes = _by_member(causes) if by == "cause" else {}
    found: dict[str | None, list[Item]] = {}
    titles: dict[str | None, str | None] = {}
    for item in items:
        for key, name in _shared(item, by, open_causes):
            found.setdefault(key, []).append(item)
            titles.setdefault(key, name)
    return [
        Group(
            key=key,
            title=titles[key],
            count=len(members),
            needs_action=sum(item.needs_action for item in members),
            worst=max((item.triage.severity for item in members), key=lambda severity: severity.rank),
            ids=tuple(item.id for item in members),
        )
        for key, members in found.items()
    ]


def _by_member(causes: Iterable[Item]) -> dict[str, list[Item]]:
    """By the first characters of a member's key: the open causes that it has."""
    found: dict[str, list[Item]] = {}
    for cause in causes:
        for member in cause.triage.members:
            found.setdefault(member, []).append(cause)
    return found


def _shared(item: Item, by: Grouping, open_causes: dict[str, list[Item]]) -> list[_Shared]:
    if by == "cause":
        return _causes(item, open_causes) or [(None, None)]
    if by in {"policy", "app"}:
        return (_policies(item) if by == "policy" else _apps(item)) or [(None, None)]
    seen = item.seen
    if by == "device":
        device = item.triage.subject_id if item.triage.subject_type == "device" else None
        return [(device, seen.subject_name if seen and device else device)]
    shared = (seen.user if by == "user" else seen.platform) if seen else None
    return [(shared, shared)]


def _causes(item: Item, open_causes: dict[str, list[Item]]) -> list[_Shared]:
    """A cause stands in the group of its members."""
    if item.is_cause:
        return [(item.id, title(item))]
    causes = open_causes.get(item.key[:ID_LENGTH], ())
    known = {(each.triage.kind, each.triage.subject_id, each.triage.sub_key) for each in causes}
    found: list[_Shared] = [(each.id, title(each)) for each in causes]
    for cause in _of(item):
        detail = cause.setting or cause.code or ""
        if (f"cause.{cause.type}", cause.id, detail) not in known:
            found.append((f"{cause.type}:{cause.id}:{detail}", f"{cause.name} {detail}".strip()))
    return found


def _policies(item: Item) -> list[_Shared]:
    if item.triage.subject_type == "policy":
        return [_subject(item)]
    return list({cause.id: (cause.id, cause.name) for cause in _of(item) if cause.type in POLICIES}.values())


def _apps(item: Item) -> list[_Shared]:
    if item.triage.subject_type == "app":
        return [_subject(item)]
    found: dict[str, _Shared] = {cause.id: (cause.id, cause.name) for cause in _of(item) if cause.type == "app"}
    if not found and item.triage.kind == "app.install-failed" and item.triage.sub_key:
        return [(item.triage.sub_key, item.triage.sub_key)]
    return list(found.values())


def _subject(item: Item) -> _Shared:
    return item.triage.subject_id, (item.seen.subject_name if item.seen else None) or item.triage.subject_id


def _of(item: Item) -> tuple[Cause, ...]:
    return item.seen.causes if item.seen else ()
