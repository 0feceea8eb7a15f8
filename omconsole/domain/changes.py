"""Who changed what in the tenant: the audit log's events as evidence beside a cause (triage.md, "Causes")."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

BEFORE_ONSET = timedelta(hours=24)
"""Changes this long before a cause's onset are shown with it."""
KEPT = timedelta(days=7)
"""How long changes are kept: a cause may be found late, and grow later."""


class Resource(msgspec.Struct, frozen=True):
    """One object that a change touched; `properties` are (name, old value, new value)."""

    type: str
    id: str
    name: str
    properties: tuple[tuple[str, str, str], ...] = ()


class Change(msgspec.Struct, frozen=True):
    """One audit event. Sanitised text; `at` is UTC, `actor` a user principal name or an application's name."""

    id: str
    at: datetime
    actor: str
    activity: str
    operation: str
    """`Create`, `Patch`, `Delete` and the like, as Graph writes it."""
    category: str = ""
    resources: tuple[Resource, ...] = ()
