"""What the console asks Graph for about Defender's alerts and incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked

SECURITY_ASKED: Final[tuple[Asked, ...]] = ()
