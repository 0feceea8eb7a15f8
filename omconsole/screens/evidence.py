"""Facts of an observation in words: what Graph calls them, what they mean, how their values read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain import words
from omconsole.i18n import _, datetime_medium, natural_age, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from omconsole.screens.reading import Reading

EXACT_DAYS = 30
OWN = "connector"
"""The one fact that is not Graph's: what kind of connector it is, which its title says."""

_NAMES: dict[str, Callable[[], str]] = {
    "complianceState": lambda: _("Compliance"),
    "complianceGracePeriodExpirationDateTime": lambda: _("Grace period until"),
    "lastSyncDateTime": lambda: _("Last check-in"),
    "enrolledDateTime": lambda: _("Enrolled"),
    "managedDeviceOwnerType": lambda: _("Ownership"),
    "isEncrypted": lambda: _("Encrypted"),
    "jailBroken": lambda: _("Jailbroken"),
    "osVersion": lambda: _("OS version"),
    "model": lambda: _("Model"),
    "serialNumber": lambda: _("Serial number"),
    "AppVersion": lambda: _("App version"),
    "PolicyName": lambda: _("Policy"),
    "PolicyStatus": lambda: _("State of the policy"),
    "PspdpuLastModifiedTimeUtc": lambda: _("Reported"),
    "failureCategory": lambda: _("Why it failed"),
    "deviceName": lambda: _("Device"),
    "flaggedReasons": lambda: _("Flagged as"),
    "deploymentState": lambda: _("Autopilot deployment"),
    "enrollmentFailureDetails": lambda: _("What Autopilot says"),
    "failureReason": lambda: _("Reason"),
    "enrollmentType": lambda: _("Kind of enrolment"),
    "eventDateTime": lambda: _("Failed"),
    "operatingSystem": lambda: _("Operating system"),
    "state": lambda: _("State"),
    "lastSyncStatus": lambda: _("Last sync"),
    "bindStatus": lambda: _("Binding"),
    "partnerState": lambda: _("State of the partner"),
    "healthStatus": lambda: _("Health"),
    "lastConnectionDateTime": lambda: _("Last connection"),
    "lastHeartbeatDateTime": lambda: _("Last heartbeat"),
    "lastSyncErrorCode": lambda: _("Error code"),
    "lastSuccessfulSyncDateTime": lambda: _("Last good sync"),
    "lastModifiedDateTime": lambda: _("Last changed"),
    "expirationDateTime": lambda: _("Ends"),
    "tokenExpirationDateTime": lambda: _("Token ends"),
    "appleIdentifier": lambda: _("Apple ID"),
    "appleId": lambda: _("Apple ID"),
    "organizationName": lambda: _("Organisation"),
    "tokenName": lambda: _("Token"),
    "topicIdentifier": lambda: _("Topic"),
    "certificateSerialNumber": lambda: _("Serial number"),
    "certificateUploadFailureReason": lambda: _("Upload failure"),
    "machineName": lambda: _("Machine"),
    "displayName": lambda: _("Name"),
    "userId": lambda: _("User's id"),
    "deviceId": lambda: _("Device's id"),
    "managedDeviceIdentifier": lambda: _("Managed device"),
    "FeatureUpdateVersion": lambda: _("Feature update"),
    "ExpediteQUReleaseDate": lambda: _("Quality update of"),
    "AlertMessage": lambda: _("Alert"),
    "Win32ErrorCode": lambda: _("Result of Windows"),
    "devices": lambda: _("Devices"),
    "action": lambda: _("Remote action"),
    "actionState": lambda: _("Its state"),
    "requestDateTime": lambda: _("Asked for"),
    "initiatedByUserPrincipalName": lambda: _("By"),
    "failedCount": lambda: _("Failed attempts"),
    "pendingSince": lambda: _("Another one pending since"),
    "deviceNames": lambda: _("Such as"),
    "deviceCount": lambda: _("Devices"),
    "alertCount": lambda: _("Open alerts"),
    "serviceSource": lambda: _("Product"),
    "category": lambda: _("Category"),
    "assignedTo": lambda: _("Assigned to"),
    "incidentId": lambda: _("Incident"),
    "partnerReportedThreatState": lambda: _("Threats"),
    "managementCertificateExpirationDate": lambda: _("Management certificate until"),
    "MalwareName": lambda: _("Malware"),
    "MalwareCategory": lambda: _("Kind of malware"),
    "Severity": lambda: _("Severity"),
    "State": lambda: _("State"),
    "ExecutionState": lambda: _("Execution"),
    "DetectionCount": lambda: _("Detections"),
    "InitialDetectionDateTime": lambda: _("First found"),
    "LastStateChangeDateTime": lambda: _("In this state since"),
    "FirewallStatus": lambda: _("Firewall"),
    "DeviceState": lambda: _("State of Defender"),
    "ProductStatus": lambda: _("Status of Defender"),
    "MalwareProtectionEnabled": lambda: _("Malware protection"),
    "RealTimeProtectionEnabled": lambda: _("Real-time protection"),
    "NetworkInspectionSystemEnabled": lambda: _("Network inspection"),
    "TamperProtectionEnabled": lambda: _("Tamper protection"),
    "SignatureUpdateOverdue": lambda: _("Signatures overdue"),
    "LastReportedDateTime": lambda: _("Reported"),
    "StartDateTimeUTC": lambda: _("First failure"),
    "EventDateTimeUTC": lambda: _("Latest failure"),
    "qualityUpdatesPaused": lambda: _("Quality updates paused"),
    "qualityUpdatesPauseStartDate": lambda: _("… since"),
    "qualityUpdatesPauseExpiryDateTime": lambda: _("… until"),
    "featureUpdatesPaused": lambda: _("Feature updates paused"),
    "featureUpdatesPauseStartDate": lambda: _("… since"),
    "featureUpdatesPauseExpiryDateTime": lambda: _("… until"),
}
"""In the order in which they are shown; others follow by name."""

_VALUES: dict[str, Callable[[], str]] = {
    "compliant": lambda: _("compliant"),
    "noncompliant": lambda: _("not compliant"),
    "ingraceperiod": lambda: _("in grace period"),
    "conflict": lambda: _("conflict"),
    "error": lambda: _("error"),
    "company": lambda: _("company"),
    "personal": lambda: _("personal"),
    "unknown": lambda: _("not reported"),
    "servicedegradation": lambda: _("service degraded"),
    "serviceinterruption": lambda: _("service interrupted"),
    "investigating": lambda: _("under investigation"),
    "confirmed": lambda: _("confirmed"),
    "reported": lambda: _("reported"),
    "restoringservice": lambda: _("being restored"),
    "verifyingservice": lambda: _("being verified"),
    "extendedrecovery": lambda: _("recovery takes longer"),
    "investigationsuspended": lambda: _("investigation suspended"),
    "servicerestored": lambda: _("restored"),
    "serviceoperational": lambda: _("operational"),
    "disabled": lambda: _("off"),
    "limited": lambda: _("limited"),
    "temporarilydisabled": lambda: _("temporarily off"),
    "severe": lambda: _("severe"),
    "high": lambda: _("high"),
    "moderate": lambda: _("moderate"),
    "low": lambda: _("low"),
    "active": lambda: _("active"),
    "actionfailed": lambda: _("not removed"),
    "manualstepsrequired": lambda: _("manual steps needed"),
    "fullscanrequired": lambda: _("full scan needed"),
    "rebootrequired": lambda: _("restart needed"),
    "running": lambda: _("running"),
    "notrunning": lambda: _("not running"),
    "blocked": lambda: _("blocked"),
    "true": lambda: _("yes"),
    "false": lambda: _("no"),
}


def facts(observed: Mapping[str, object], reading: Reading) -> list[tuple[str, str, str]]:
    """Return (name in words, value in words, Graph's property name) of every fact that is one value of Graph's."""
    single = {name: raw for name, raw in observed.items() if name != OWN and not isinstance(raw, list | dict)}
    ordered = [name for name in _NAMES if name in single]
    ordered += sorted(name for name in single if name not in _NAMES)
    return [(fact_name(name), value(single[name], reading), name) for name in ordered]


def fact_name(name: str) -> str:
    """Return what a property of Graph's is called; one without words is its own name."""
    words_ = _NAMES.get(name)
    return words_() if words_ else name


def value(raw: object, reading: Reading) -> str:
    """Return a value as one says it; what Graph does not tell is `–`."""
    if raw is None or raw == "":
        return "–"
    if isinstance(raw, bool):
        return _("yes") if raw else _("no")
    at = words.moment(raw)
    if at is not None:
        return instant(at, reading) if at.year < words.NEVER_YEAR else _("none")
    known = _VALUES.get(str(raw).casefold())
    return known() if known else str(raw)


def instant(at: datetime | None, reading: Reading) -> str:
    """Return a time in the profile's zone and how long ago it is: `22 Nov 2025, 09:41 · 14 minutes ago`."""
    if at is None:
        return "–"
    days = (reading.now - at).days
    # humanize rounds to months and years; who works a queue wants to know the days.
    ago = ngettext("{n} day ago", "{n} days ago", days).format(n=number(days)) if days >= EXACT_DAYS else None
    return f"{datetime_medium(at, reading.tz)} · {ago or natural_age(at, reading.now)}"
