"""Counting causes: which items share a policy and setting, an app and code, or only their kind and platform."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.identity import ID_LENGTH, item_key
from omconsole.domain.items import Condition, Severity
from omconsole.domain.kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from omconsole.domain.items import Cause, Item, Triage

BY_KIND = "cause.kind"
CARRYING = "user."
"""What users suffer from has the causes of their devices or enrolments, which are items of their own."""


class CauseThresholds(msgspec.Struct, frozen=True):
    """From how many firing items a cause opens, and its severity by share of the fleet in percent."""

    minimum: int = 5
    high_percent: float = 1.0
    critical_percent: float = 5.0


class CauseId(msgspec.Struct, frozen=True):
    """What makes a cause the same: its kind, what Graph calls it, and the setting, code or platform."""

    kind: str
    id: str
    sub_key: str


class Standing(msgspec.Struct):
    """A cause as it stands now: who is behind it."""

    identity: CauseId
    name: str
    setting: str | None = None
    code: str | None = None
    members: list[str] = []
    """The first characters of their keys."""
    carried: int = 0
    """How many of them carry the causes of other members: users, of whose devices and enrolments they speak."""
    devices: set[str] = set()
    """Distinct subjects: devices, or users where there is no device."""
    users: set[str] = set()
    platforms: set[str] = set()
    worst: Severity = Severity.INFO
    onset: datetime | None = None
    backlog: bool = True
    """All members are."""

    def add(self, item: Item, since: datetime | None = None) -> None:
        """Count a member; `since` is when it came to have this cause beside others (UTC)."""
        triage, seen = item.triage, item.seen
        began = since or triage.first_seen
        self.members.append(triage.key[:ID_LENGTH])
        self.devices.add(triage.subject_id)
        if seen is not None and seen.user:
            self.users.add(seen.user)
        if seen is not None and seen.platform:
            self.platforms.add(seen.platform)
        if triage.severity.rank > self.worst.rank:
            self.worst = triage.severity
        if self.onset is None or began < self.onset:
            self.onset = began
        self.backlog = self.backlog and triage.backlog and since is None

    def carry(self, item: Item) -> None:
        """Let a user fold under the cause of what is counted already: it adds a user, and no device."""
        self.members.append(item.triage.key[:ID_LENGTH])
        self.carried += 1
        if item.seen is not None and item.seen.user:
            self.users.add(item.seen.user)

    @property
    def own(self) -> int:
        """Members that have the cause themselves."""
        return len(self.members) - self.carried

    def key(self, tenant: str) -> str:
        """The identity of the cause's item."""
        identity = self.identity
        kind = kind_of(identity.kind)
        return item_key(tenant, kind.source, kind.family, subject_type(identity.kind), identity.id, identity.sub_key)


def subject_type(kind: str) -> str:
    """What a cause of this kind is about."""
    subjects = {"compliance": "policy", "policy": "policy", "app": "app", "osupdate": "policy", "kind": "kind"}
    return subjects.get(kind.removeprefix("cause."), "cause")


def standings(
    rows: Sequence[Item],
    *,
    under_stale: Callable[[Item], bool],
    held: Callable[[Item], Iterable[Triage]],
    thresholds: CauseThresholds,
) -> Generator[None, None, list[Standing]]:
    """Count every cause over the open items, in steps of about a millisecond.

    A cause that fires goes on until its last member is gone.

    Args:
        rows: open items of all panes, causes among them.
        under_stale: tells which fold under a stale device; they are not counted.
        held: the causes that an item is a member of; of one whose observation was lost nothing else is known.
    """
    shared: dict[CauseId, Standing] = {}
    members: list[Item] = []
    firing: set[CauseId] = set()
    for index, item in enumerate(rows):
        if item.is_cause and item.triage.condition is Condition.FIRING:
            firing.add(identity_of(item.triage))
        elif _may_be_member(item) and not under_stale(item):
            members.append(item)
            _count(shared, item, held)
        if index % 100 == 99:
            yield

    def holds(standing: Standing) -> bool:
        return standing.own > 0 and (standing.identity in firing or standing.own >= thresholds.minimum)

    held_by_many = set()
    for index, standing in enumerate(shared.values()):
        if holds(standing):
            held_by_many.add(standing.identity)
        if index % 1_000 == 999:
            yield
    yield from _count_kinds(shared, members, held_by_many)
    return [standing for standing in shared.values() if holds(standing)]


def _count_kinds(
    shared: dict[CauseId, Standing], members: list[Item], held: set[CauseId]
) -> Generator[None, None, None]:
    """Count what needs action and shares no cause that holds by its kind and platform."""
    for index, item in enumerate(members):
        if item.seen is not None and _stands_alone(item, held):
            identity = CauseId(BY_KIND, item.triage.kind, item.seen.platform or "")
            standing = shared.setdefault(identity, Standing(identity, identity.id))
            standing.name = identity.id
            standing.add(item)
        if index % 100 == 99:
            yield


def identity_of(triage: Triage) -> CauseId:
    """What makes the cause of this item the same."""
    return CauseId(triage.kind, triage.subject_id, triage.sub_key)


def _count(shared: dict[CauseId, Standing], item: Item, held: Callable[[Item], Iterable[Triage]]) -> None:
    """Count an item under its causes; one whose observation was lost stays where it was."""
    carries = item.triage.kind.startswith(CARRYING)
    if item.seen is None:
        for cause in held(item):
            identity = identity_of(cause)
            standing = shared.setdefault(identity, Standing(identity, ""))
            if carries and identity.kind != BY_KIND:
                standing.carry(item)
            else:
                standing.add(item)
    for reason in _causes(item):
        if carries:
            _standing(shared, reason).carry(item)
        else:
            _standing(shared, reason).add(item, reason.since)


def _causes(item: Item) -> tuple[Cause, ...]:
    return item.seen.causes if item.seen is not None else ()


def _stands_alone(item: Item, holds: set[CauseId]) -> bool:
    """It needs action by itself, and shares no cause that holds."""
    if not item.triage.would_need_action or item.triage.detached:
        return False
    return not any(_of(cause) in holds for cause in _causes(item))


def _of(cause: Cause) -> CauseId:
    return CauseId(f"cause.{cause.type}", cause.id, cause.setting or cause.code or "")


def _standing(shared: dict[CauseId, Standing], cause: Cause) -> Standing:
    identity = _of(cause)
    known = shared.get(identity)
    if known is None:
        known = shared[identity] = Standing(identity, cause.name, cause.setting, cause.code)
    elif not known.name:
        known.name, known.setting, known.code = cause.name, cause.setting, cause.code
    return known


def _may_be_member(item: Item) -> bool:
    """Issues, and alerts that are a device's: malware breaks out on many of them at once."""
    triage = item.triage
    concerns = triage.pane == "issues" or triage.subject_type == "device"
    return concerns and not triage.is_cause and triage.condition is Condition.FIRING
