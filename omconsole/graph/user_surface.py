"""What the console asks Graph for about users, their licences and their app protection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked

USER_CARE_ASKED: Final[tuple[Asked, ...]] = ()
