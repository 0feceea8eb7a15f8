"""What is said of Defender's alerts and incidents, of threats, of certificates and of remote actions.

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

_THREATS: Final[dict[str, Callable[[], str]]] = {
    "lowseverity": lambda: _("threat reported: low severity"),
    "mediumseverity": lambda: _("threat reported: medium severity"),
    "highseverity": lambda: _("threat reported: high severity"),
    "compromised": lambda: _("threat reported: the device is compromised"),
}


def _threat(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    say = _THREATS.get(str(seen.facts.get("partnerReportedThreatState")).casefold())
    return say() if say else None


def _certificate(seen: Observation, now: datetime | None, tz: tzinfo) -> str | None:
    ends = words.moment(seen.facts.get("managementCertificateExpirationDate"))
    if ends is None:
        return None
    if now is not None and ends <= now:
        return _("management certificate ended on {day}").format(day=words.day(ends, tz))
    return _("management certificate ends on {day}").format(day=words.day(ends, tz))


def _defender(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    """`alert from Defender on LAP-0231`; of several devices how many."""
    devices: list[dict[str, str | None]] = seen.facts.get("devices") or []
    is_incident = seen.kind == "security.incident"
    if len(devices) == 1:
        pattern = _("incident in Defender on {device}") if is_incident else _("alert from Defender on {device}")
        return pattern.format(device=devices[0].get("deviceName") or devices[0].get("id"))
    if devices:
        pattern = (
            ngettext("incident in Defender on {n} device", "incident in Defender on {n} devices", len(devices))
            if is_incident
            else ngettext("alert from Defender on {n} device", "alert from Defender on {n} devices", len(devices))
        )
        return pattern.format(n=number(len(devices)))
    return None


def _action(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    action = seen.facts.get("action") or seen.sub_key
    if not action:
        return None
    who = seen.facts.get("initiatedByUserPrincipalName")
    if who:
        return _("remote action {action} by {person} failed").format(action=action, person=who)
    return _("remote action {action} failed").format(action=action)


PROBLEMS: Final[dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]]] = {
    "device.threat": _threat,
    "device.certificate-expiring": _certificate,
    "device.action-failed": _action,
    "security.alert": _defender,
    "security.incident": _defender,
}
"""By kind: what is wrong, to stand after the subject's name; None where the kind's own words say it."""
