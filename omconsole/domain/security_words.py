"""What is said of Defender's alerts and incidents, of threats and of remote actions.

Times are aware; everything is translated when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from omconsole.domain.items import Observation

PROBLEMS: Final[dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]]] = {}
"""By kind: what is wrong, to stand after the subject's name; None where the kind's own words say it."""
