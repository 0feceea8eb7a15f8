"""What the console asks Graph for about Defender, malware and firewalls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked

PROTECTION_ASKED: Final[tuple[Asked, ...]] = ()
