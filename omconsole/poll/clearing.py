"""When absence is believed (triage.md, "Clear: the rule that must never be wrong")."""

from __future__ import annotations

from typing import Final

ABSENT_SWEEPS: Final = 2
"""What this many complete sweeps in a row did not show is gone."""
BELIEVED_ABSENT: Final = 20
"""When more than this and more than half of what a source shows vanish at once, one more sweep decides."""
