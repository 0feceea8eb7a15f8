"""How far apps and policies have come: counts of devices over time, an object at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

KEPT = timedelta(days=90)
"""How long counts are kept."""
AT_MOST = 96
"""Counts that are kept of one object; what is long ago is kept more coarsely than what is new."""
STEP = timedelta(hours=6)
"""Changes within this time of the last count are not kept by themselves: rollouts go on for days."""


class Deployment(msgspec.Struct, frozen=True, array_like=True):
    """What a report counts of one assigned app or policy, in devices; None where it does not say."""

    type: Literal["app", "policy"]
    id: str
    name: str
    succeeded: int | None = None
    failed: int | None = None
    """Errors and conflicts included."""
    pending: int | None = None


class Count(msgspec.Struct, frozen=True, array_like=True):
    """One count of an object; `at` is UTC."""

    at: datetime
    succeeded: int | None
    failed: int | None
    pending: int | None
