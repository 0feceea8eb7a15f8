"""Which items an open service incident explains: one table (triage.md, "Causes", inhibition)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.items import Condition
from omconsole.domain.words import moment

if TYPE_CHECKING:
    from omconsole.domain.items import Observation, Triage

KIND = "service.incident"
BEFORE_START = timedelta(hours=2)
"""Microsoft's start of an incident is an estimate: items opened this long before it are explained too."""

_ENROLLMENT = frozenset({"enrollment"})
_APPS = frozenset({"apps"})
_POLICIES = frozenset({"compliance", "policies", "osupdates"})
_DEVICES = frozenset({"devices", "compliance", "policies", "enrollment", "apps"})

EXPLAINS: dict[tuple[str, str], frozenset[str]] = {
    ("microsoft intune", ""): frozenset(),
    ("microsoft intune", "device enrollment"): _ENROLLMENT,
    ("microsoft intune", "enrollment"): _ENROLLMENT,
    ("microsoft intune", "windows autopilot"): _ENROLLMENT,
    ("microsoft intune", "app management"): _APPS,
    ("microsoft intune", "application management"): _APPS,
    ("microsoft intune", "apps"): _APPS,
    ("microsoft intune", "company portal"): _APPS | _ENROLLMENT,
    ("microsoft intune", "device compliance"): _POLICIES | {"devices"},
    ("microsoft intune", "compliance"): _POLICIES | {"devices"},
    ("microsoft intune", "device configuration"): _POLICIES,
    ("microsoft intune", "policy management"): _POLICIES,
    ("microsoft intune", "device management"): _DEVICES,
    ("microsoft intune", "service availability"): _DEVICES,
    ("microsoft entra", ""): _ENROLLMENT,
    ("microsoft entra", "authentication"): _ENROLLMENT,
    ("microsoft entra", "sign-in"): _ENROLLMENT,
    ("mobile device management for office 365", ""): _DEVICES,
}
"""By service and feature as Graph writes them, in lower case: the sources whose items an incident explains. An empty
feature stands for every other one of that service."""


class Incident(msgspec.Struct, frozen=True):
    """An open incident that folds what it explains; `start` is UTC."""

    id: str
    sources: frozenset[str]
    start: datetime

    def explains(self, source: str, opened: datetime) -> bool:
        """Tell whether an item of that source, opened then (UTC), stands under it."""
        return source in self.sources and opened >= self.start - BEFORE_START


def incident(triage: Triage, seen: Observation | None) -> Incident | None:
    """What a service incident explains while it lasts; None when it is none, is over, or explains nothing."""
    if triage.kind != KIND or not triage.is_open or triage.condition is Condition.CLEAR or seen is None:
        return None
    service, feature = (str(seen.facts.get(name) or "").casefold() for name in ("service", "feature"))
    sources = EXPLAINS.get((service, feature), EXPLAINS.get((service, ""), frozenset()))
    start = moment(seen.facts.get("startDateTime")) or triage.first_seen
    return Incident(triage.id, sources, start) if sources else None
