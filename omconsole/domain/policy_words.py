"""What is said of policies that do not apply and of devices without one.

Times are aware; everything is translated when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from omconsole.domain.items import Observation


def _failed(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    name = _policy(seen)
    return _("policy {policy} not applied").format(policy=name) if name else None


def _conflict(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    name = _policy(seen)
    return _("policy {policy} is in conflict with another").format(policy=name) if name else None


def _policy(seen: Observation) -> str | None:
    return next((cause.name for cause in seen.causes if cause.type == "policy" and cause.name), None)


PROBLEMS: Final[dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]]] = {
    "policy.failed": _failed,
    "policy.conflict": _conflict,
}
"""By kind: what is wrong, to stand after the subject's name; None where the kind's own words say it."""
