"""What is said of Defender's agents, malware and firewalls.

Times are aware; everything is translated when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.i18n import _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from omconsole.domain.items import Observation

_NAMED: Final = 2
"""So many things that are wrong with Defender are named; the rest is counted."""

_WRONG: dict[str, Callable[[], str]] = {
    "critical": lambda: _("critical state"),
    "threatRemediationFailedCritically": lambda: _("threat not removed"),
    "MalwareProtectionEnabled": lambda: _("malware protection off"),
    "serviceNotRunning": lambda: _("service not running"),
    "serviceStartedWithoutMalwareProtection": lambda: _("malware protection off"),
    "RealTimeProtectionEnabled": lambda: _("real-time protection off"),
    "productExpired": lambda: _("product expired"),
    "productRunningInNonGenuineMode": lambda: _("Windows not genuine"),
    "manualStepsPending": lambda: _("manual steps needed"),
    "pendingManualStepsDueToThreatAction": lambda: _("manual steps needed"),
    "offlineScanPending": lambda: _("offline scan needed"),
    "offlineScanRequired": lambda: _("offline scan needed"),
    "fullScanPending": lambda: _("full scan pending"),
    "pendingFullScanDueToThreatAction": lambda: _("full scan pending"),
    "rebootPending": lambda: _("restart pending"),
    "pendingRebootDueToThreatAction": lambda: _("restart pending"),
    "threatRemediationFailedNonCritically": lambda: _("threat not wholly removed"),
    "SignatureUpdateOverdue": lambda: _("signatures out of date"),
    "avSignaturesOutOfDate": lambda: _("signatures out of date"),
    "asSignaturesOutOfDate": lambda: _("signatures out of date"),
    "signatureOrPlatformEndOfLifeIsPastOrIsImpending": lambda: _("version out of support"),
    "platformOutOfDate": lambda: _("version out of date"),
    "platformAboutToBeOutdated": lambda: _("version soon out of date"),
    "TamperProtectionEnabled": lambda: _("tamper protection off"),
    "NetworkInspectionSystemEnabled": lambda: _("network inspection off"),
    "noQuickScanHappenedForSpecifiedPeriod": lambda: _("quick scan overdue"),
    "noFullScanHappenedForSpecifiedPeriod": lambda: _("full scan overdue"),
}
"""By Graph's property or member, the worst first."""

_FIREWALLS: dict[str, Callable[[], str]] = {
    "disabled": lambda: _("firewall off"),
    "limited": lambda: _("firewall does not cover all networks or rules"),
    "temporarilyDisabled": lambda: _("firewall temporarily off on some networks"),
}

_MALWARE: dict[str, Callable[[], str]] = {
    "active": lambda: _("malware {malware} active"),
    "actionFailed": lambda: _("malware {malware} not removed"),
    "manualStepsRequired": lambda: _("malware {malware}: manual steps needed"),
    "fullScanRequired": lambda: _("malware {malware}: full scan needed"),
    "rebootRequired": lambda: _("malware {malware}: restart needed"),
}
"""By windowsMalwareThreatState, with the place `{malware}`."""


def _unhealthy(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    """`Defender: real-time protection off, restart pending`; the same thing said twice is said once."""
    failing = [str(name) for name in seen.facts.get("failing") or ()]
    known = [say() for name, say in _WRONG.items() if name in failing]
    told = list(dict.fromkeys([*known, *(name for name in failing if name not in _WRONG)]))
    if not told:
        return None
    named, more = ", ".join(told[:_NAMED]), len(told) - _NAMED
    if more <= 0:
        return _("Defender: {problems}").format(problems=named)
    return ngettext("Defender: {problems} and {n} more", "Defender: {problems} and {n} more", more).format(
        problems=named, n=number(more)
    )


def _firewall(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    say = _FIREWALLS.get(str(seen.facts.get("FirewallStatus")))
    return say() if say else None


def _malware(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    """`malware Trojan:Win32/Wacatac.B active`; while it runs, that."""
    if not seen.sub_key:
        return None
    if seen.facts.get("ExecutionState") == "running":
        return _("malware {malware} is running").format(malware=seen.sub_key)
    say = _MALWARE.get(str(seen.facts.get("State")))
    return (say() if say else _("malware {malware} found")).format(malware=seen.sub_key)


PROBLEMS: Final[dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]]] = {
    "protection.unhealthy": _unhealthy,
    "protection.firewall-off": _firewall,
    "protection.malware": _malware,
}
"""By kind: what is wrong, to stand after the subject's name; None where the kind's own words say it."""
