"""What the console asks Graph for about remote actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked

ACTION_ASKED: Final[tuple[Asked, ...]] = ()
