"""What is said of users: blocked, without a licence, at their device limit, without app protection.

Times are aware; everything is translated when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.i18n import _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from omconsole.domain.items import Observation


def _blocked(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    """`no compliant device left (LAP-0231)`; of more than one device how many there are."""
    devices = seen.facts.get("devices") or ()
    if len(devices) > 1:
        return ngettext(
            "no compliant device left of {n} device", "no compliant device left of {n} devices", len(devices)
        ).format(n=number(len(devices)))
    name = seen.facts.get("deviceName")
    return _("no compliant device left ({device})").format(device=name) if name else None


def _no_licence(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    return _("no Intune licence: an enrolment was refused") if seen.facts.get("failureReason") else None


def _device_limit(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    platform = seen.platform
    return _("device limit reached: no further {platform} device").format(platform=platform) if platform else None


def _app_protection(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    name = seen.facts.get("deviceName")
    if not name:
        return _("protected app on a jailbroken or rooted device")
    return _("protected app on a jailbroken or rooted device ({device})").format(device=name)


PROBLEMS: Final[dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]]] = {
    "user.blocked": _blocked,
    "user.no-licence": _no_licence,
    "user.device-limit": _device_limit,
    "app-protection.failed": _app_protection,
}
"""By kind: what is wrong, to stand after the subject's name; None where the kind's own words say it."""
