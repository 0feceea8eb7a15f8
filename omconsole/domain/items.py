"""What one item is: its triage state (people, timers, rules), its last observation (Graph), and both together."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import msgspec

from omconsole.domain.kinds import Pane, kind_of


class Severity(enum.StrEnum):
    """How bad it is, worst first; see `rank` for the order."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 0 for info."""
        return _RANK[self]

    @property
    def letter(self) -> str:
        """`C H M L i`, the same in every language."""
        return _LETTER[self]


_RANK = {Severity.CRITICAL: 4, Severity.HIGH: 3, Severity.MEDIUM: 2, Severity.LOW: 1, Severity.INFO: 0}
_LETTER = {
    Severity.CRITICAL: "C",
    Severity.HIGH: "H",
    Severity.MEDIUM: "M",
    Severity.LOW: "L",
    Severity.INFO: "i",
}


class Condition(enum.StrEnum):
    """What the source says; written by the poller alone."""

    FIRING = "firing"
    CLEAR = "clear"
    UNKNOWN = "unknown"


class Handling(enum.StrEnum):
    """What people and timers did about it."""

    OPEN = "open"
    ACKED = "acked"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Label(enum.StrEnum):
    """The one word shown for both axes and the modifiers (triage.md)."""

    SUPPRESSED = "SUPPRESSED"
    FLAPPING = "FLAPPING"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"
    ACK = "ACK"
    CLEARED = "CLEARED"
    BACKLOG = "BACKLOG"
    REOPENED = "REOPENED"
    NEW = "NEW"
    OPEN = "OPEN"


class Cause(msgspec.Struct, frozen=True):
    """Why an item fires: the policy and setting, or the app and code."""

    type: str
    id: str
    name: str
    setting: str | None = None
    code: str | None = None
    since: datetime | None = None
    """When an item that fired already was first seen to have this reason too; None: from the item's own beginning."""


class Observation(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a source last showed of one problem. Sanitised text, UTC times; never written to the journal.

    `facts` holds the raw evidence by Graph's property names, for the detail view and for filters.
    """

    kind: str
    source: str
    severity: Severity
    subject_type: str
    subject_id: str
    subject_name: str
    sub_key: str = ""
    user: str | None = None
    platform: str | None = None
    evidence_at: datetime | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    """When the source first showed it as it is here; see `Item.last_seen`."""
    missing: bool = False
    """The last whole list did not show it; `last_seen` is then the last one that did."""
    absences: int = 0
    """Complete sweeps in a row that did not show it; one lower where its absence is doubted."""
    facts: dict[str, Any] = {}
    causes: tuple[Cause, ...] = ()
    portal_url: str | None = None

    @property
    def family(self) -> str:
        """The family whose stages share one identity."""
        return kind_of(self.kind).family


class Triage(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One item's state under the law of triage.md: rebuilt exactly by replaying its events."""

    key: str
    id: str
    kind: str
    source: str
    subject_type: str
    subject_id: str
    severity: Severity
    condition: Condition
    handling: Handling
    first_seen: datetime
    opened_at: datetime
    version: int
    sub_key: str = ""
    cleared_at: datetime | None = None
    resolved_at: datetime | None = None
    acked_at: datetime | None = None
    acked_by: str | None = None
    """Opaque person id."""
    acked_severity: Severity | None = None
    """The highest severity since the acknowledgement (T4 compares with it)."""
    acked_stage: int | None = None
    """The latest stage of the family since the acknowledgement (T4 compares with it)."""
    assignee: str | None = None
    snoozed_until: datetime | None = None
    backlog: bool = False
    flapping_since: datetime | None = None
    escalation: int = 0
    reopened: int = 0
    starred: bool = False
    touched: bool = False
    """Somebody opened it or acted on it: no longer NEW."""
    notes: int = 0
    previous: str | None = None
    detached: bool = False
    """Handled by itself: it folds under no cause until it clears."""
    members: tuple[str, ...] = ()
    """Of a cause: the first ten characters of its members' keys. Left out of the head that the first paint reads."""
    firing: int = 0
    """Of a cause: the distinct devices behind it, or users where there is no device."""
    platforms: tuple[str, ...] = ()
    """Of a cause: the platforms of its members."""
    base_firing: int | None = None
    """Of a cause: `firing` at the last verb, or at the end of the first sweep; worsening is measured from it."""
    base_platforms: tuple[str, ...] = ()
    base_severity: Severity | None = None

    @property
    def family(self) -> str:
        return kind_of(self.kind).family

    @property
    def pane(self) -> Pane:
        return kind_of(self.kind).pane

    @property
    def is_open(self) -> bool:
        """Listed by default: everything that is not resolved."""
        return self.handling is not Handling.RESOLVED

    @property
    def evidence_source(self) -> str:
        """The source whose silence makes the condition unknown: of a rule's item that of the kind it is about."""
        return kind_of(self.subject_id).source if self.source == "rule" else self.source

    @property
    def is_cause(self) -> bool:
        """A policy and setting, an app and code and the like, with the items that share it as members."""
        return self.kind.startswith("cause.")

    @property
    def would_need_action(self) -> bool:
        """Needs action as far as the item itself goes: without what folds it, and were it not backlog."""
        if self.handling is not Handling.OPEN:
            return False
        if self.condition is Condition.CLEAR:
            return self.severity.rank >= Severity.HIGH.rank and lingers(self)
        return self.severity.rank >= Severity.MEDIUM.rank


def lingers(triage: Triage) -> bool:
    """T10: alerts, causes and criticals stay as CLEARED until somebody has seen them; all others resolve at once."""
    return triage.pane == "alerts" or triage.is_cause or triage.severity is Severity.CRITICAL


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item as screens, lists and scripts see it: triage, last observation, and what follows from the whole."""

    triage: Triage
    seen: Observation | None = None
    """None until the source has been polled again after the cache was lost."""
    stale: bool = False
    """The item's source has had no good poll for too long (T17)."""
    suppressed_by: tuple[str, ...] = ()
    """Ids of what it folds under: its causes, the item of its stale device, a service incident."""
    marked_by: tuple[str, ...] = ()
    """Ids of the service incidents that may explain a critical item, which stays in sight."""

    @property
    def key(self) -> str:
        return self.triage.key

    @property
    def id(self) -> str:
        return self.triage.id

    @property
    def condition(self) -> Condition:
        if self.stale and self.triage.condition is Condition.FIRING:
            return Condition.UNKNOWN
        return self.triage.condition

    @property
    def label(self) -> Label:  # noqa: PLR0911 - the order of these lines is the rule itself
        """The first that holds (triage.md, "Label shown")."""
        triage = self.triage
        if self.suppressed_by:
            return Label.SUPPRESSED
        if triage.flapping_since is not None:
            return Label.FLAPPING
        if triage.handling is Handling.SNOOZED:
            return Label.SNOOZED
        if triage.handling is Handling.RESOLVED:
            return Label.RESOLVED
        if triage.handling is Handling.ACKED:
            return Label.ACK
        if triage.condition is Condition.CLEAR:
            return Label.CLEARED
        if triage.backlog:
            return Label.BACKLOG
        if triage.reopened:
            return Label.REOPENED
        return Label.OPEN if triage.touched else Label.NEW

    @property
    def needs_action(self) -> bool:
        """Computed from the axes, never from the label (triage.md, "Needs action")."""
        return not self.suppressed_by and not self.triage.backlog and self.triage.would_need_action

    @property
    def is_cause(self) -> bool:
        return self.triage.is_cause

    @property
    def order(self) -> tuple[bool, int, int, float, str]:
        """The sort key of the priority: needs action, severity, escalation, age, id."""
        triage = self.triage
        return (
            not self.needs_action,
            -triage.severity.rank,
            -triage.escalation,
            triage.first_seen.timestamp(),
            triage.id,
        )

    def last_seen(self, last_sweep: datetime | None) -> datetime | None:
        """When the source last showed it, where `last_sweep` is the source's last whole list; UTC.

        A row stays the same object while the source shows the same, so a list alone says that it still does.
        """
        seen = self.seen.last_seen if self.seen else None
        if self.seen is None or self.seen.missing or self.triage.condition is not Condition.FIRING:
            return seen
        return max((each for each in (seen, last_sweep) if each is not None), default=None)
