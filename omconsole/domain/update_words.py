"""What is said of Windows updates that fail and rings that are paused.

Times are aware; everything is translated when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain import words
from omconsole.i18n import _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from omconsole.domain.items import Observation


def _failed(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    devices = seen.facts.get("devices")
    error = _error(seen)
    if not isinstance(devices, int) or not error:
        return None
    return ngettext("update fails on {n} device: {error}", "update fails on {n} devices: {error}", devices).format(
        n=number(devices), error=error
    )


def _error(seen: Observation) -> str:
    """The alert and Windows' own result, whichever there is."""
    alert, code = seen.facts.get("AlertMessage"), seen.facts.get("Win32ErrorCode")
    if alert and code:
        return _("{alert} ({code})").format(alert=alert, code=code)
    return str(code or alert or seen.sub_key)


def _paused(seen: Observation, _now: datetime | None, tz: tzinfo) -> str | None:
    facts = seen.facts
    quality, feature = facts.get("qualityUpdatesPaused"), facts.get("featureUpdatesPaused")
    quality_end = _end(facts.get("qualityUpdatesPauseExpiryDateTime"), tz)
    feature_end = _end(facts.get("featureUpdatesPauseExpiryDateTime"), tz)
    if quality and feature:
        if quality_end == feature_end:
            return (
                _("all updates paused until {day}").format(day=quality_end) if quality_end else _("all updates paused")
            )
        return _("{one}, {other}").format(one=_quality(quality_end), other=_feature(feature_end))
    if quality:
        return _quality(quality_end)
    return _feature(feature_end) if feature else None


def _quality(end: str) -> str:
    return _("quality updates paused until {day}").format(day=end) if end else _("quality updates paused")


def _feature(end: str) -> str:
    return _("feature updates paused until {day}").format(day=end) if end else _("feature updates paused")


def _end(text: object, tz: tzinfo) -> str:
    at = words.moment(text)
    return "" if at is None or at.year >= words.NEVER_YEAR else words.day(at, tz)


PROBLEMS: Final[dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]]] = {
    "osupdate.failed": _failed,
    "osupdate.ring-paused": _paused,
}
"""By kind: what is wrong, to stand after the subject's name; None where the kind's own words say it."""
