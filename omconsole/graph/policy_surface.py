"""What the console asks Graph for about configuration policies and their state on devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked

POLICY_ASKED: Final[tuple[Asked, ...]] = ()
