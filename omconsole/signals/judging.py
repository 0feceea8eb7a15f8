"""The rules over one device (design.md §3): compliance, silence, encryption, jailbreak, threats, its certificate."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.graph import MANAGED_DEVICES_ASKED
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.graph import ManagedDevice
    from omconsole.signals.reading import Reading

SOURCE = "devices"
JUDGED_AFTER = timedelta(hours=24)
"""A device is judged only this long after enrolment; a jailbroken or threatened one at once."""
GRACE_ENDS_WITHIN = timedelta(hours=48)
CERTIFICATE_ENDS_WITHIN = timedelta(days=30)
_STATES = frozenset(each.casefold() for each in MANAGED_DEVICES_ASKED.enums["complianceState"])
_THREAT_STATES = frozenset(each.casefold() for each in MANAGED_DEVICES_ASKED.enums["partnerReportedThreatState"])
_THREATS = frozenset({"lowseverity", "mediumseverity", "highseverity", "compromised"})
_NO_THREAT = frozenset({"activated", "secured"})
"""What the partner looks after and finds well; one that is off, silent or wrongly set up does not look."""


class DeviceThresholds(msgspec.Struct, frozen=True):
    """Days without check-in after which a device is stale (low) and long stale (medium)."""

    stale_days: tuple[int, int] = (30, 90)


class Judge:
    """The rules over one device at one instant. Pure but for the reading that it fills."""

    def __init__(
        self, thresholds: DeviceThresholds, now: datetime, users_with_compliant_device: set[str | None]
    ) -> None:
        self._now = now
        self._stale = timedelta(days=thresholds.stale_days[0])
        self._long_stale = timedelta(days=thresholds.stale_days[1])
        self._lucky = users_with_compliant_device
        self.unmapped = Unmapped()

    def __call__(self, device: ManagedDevice, reading: Reading) -> None:
        """Add what the device shows, and what Graph did not say about it."""
        young = device.enrolled_date_time is not None and self._now - device.enrolled_date_time < JUDGED_AFTER
        for family, rule in RULES:
            if young and family not in AT_ONCE:
                reading.withheld.add((device.id, family))
                continue
            verdict = rule(self, device)
            if verdict is None:
                reading.withheld.add((device.id, family))
            elif verdict is not CLEAR:
                reading.observations.append(_observation(device, verdict))

    def by_time(self, device: ManagedDevice, reading: Reading) -> None:
        """Add what time alone brings to a device that was not read again: it is silent for too long, its grace ends,
        or its first day is over. The history may know newer things of it."""
        age = None if device.enrolled_date_time is None else self._now - device.enrolled_date_time
        if age is not None and age < JUDGED_AFTER:
            return
        first_days = age is not None and age < 2 * JUDGED_AFTER
        for family, rule in RULES:
            if first_days or family in BY_TIME:
                verdict = rule(self, device)
                if verdict is not None and (verdict.kind in BY_TIME or (first_days and verdict is not CLEAR)):
                    reading.observations.append(_observation(device, verdict))

    def compliance(self, device: ManagedDevice) -> Verdict | None:
        """`noncompliant`, `error`, `conflict` or a running grace period; an unknown state says nothing."""
        state = compliance_state(device)
        if state in {"compliant", "configmanager"}:
            return CLEAR
        if state == "noncompliant":
            return Verdict("device.noncompliant", Severity.MEDIUM, device.last_sync_date_time)
        if state in {"error", "conflict"}:
            return Verdict("device.compliance-error", Severity.MEDIUM, device.last_sync_date_time)
        if state == "ingraceperiod":
            return Verdict("device.in-grace", self._grace_severity(device), device.last_sync_date_time)
        if state and state not in _STATES:
            self.unmapped.add("complianceState", device.compliance_state or "")
        return None

    def _grace_severity(self, device: ManagedDevice) -> Severity:
        ends = device.compliance_grace_period_expiration_date_time
        soon = ends is not None and ends - self._now <= GRACE_ENDS_WITHIN
        return Severity.MEDIUM if soon and device.user_id not in self._lucky else Severity.INFO

    def staleness(self, device: ManagedDevice) -> Verdict | None:
        """No check-in for the first threshold; a device that never checked in counts from its enrolment."""
        contact = contact_of(device)
        if contact is None:
            return None
        silent = self._now - contact
        if silent < self._stale:
            return CLEAR
        severity = Severity.MEDIUM if silent >= self._long_stale else Severity.LOW
        return Verdict("device.stale", severity, contact + self._stale)

    def encryption(self, device: ManagedDevice) -> Verdict | None:
        """ "Not reported" is not "unencrypted"."""
        if not reports_encryption(device):
            return None
        if device.is_encrypted:
            return CLEAR
        personal = (device.managed_device_owner_type or "").casefold() == "personal"
        return Verdict("device.unencrypted", Severity.LOW if personal else Severity.MEDIUM, device.last_sync_date_time)

    def jailbreak(self, device: ManagedDevice) -> Verdict | None:
        """`jailBroken` is a string in Graph: `True`, `False`, `Unknown` or nothing."""
        said = (device.jail_broken or "").casefold()
        if said == "true":
            return Verdict("device.jailbroken", Severity.HIGH, device.last_sync_date_time)
        return CLEAR if said == "false" else None

    def threat(self, device: ManagedDevice) -> Verdict | None:
        """What a partner for mobile threat defence reports; one that does not look says nothing."""
        said = (device.partner_reported_threat_state or "").casefold()
        if said in _THREATS:
            return Verdict("device.threat", Severity.HIGH, device.last_sync_date_time)
        if said and said not in _THREAT_STATES:
            self.unmapped.add("partnerReportedThreatState", device.partner_reported_threat_state or "")
        return CLEAR if said in _NO_THREAT else None

    def certificate(self, device: ManagedDevice) -> Verdict | None:
        """The management certificate ends soon, or has ended: the device then cannot check in any more."""
        ends = device.management_certificate_expiration_date
        if ends is None:
            return None
        if ends - self._now > CERTIFICATE_ENDS_WITHIN:
            return CLEAR
        return Verdict("device.certificate-expiring", Severity.MEDIUM, ends - CERTIFICATE_ENDS_WITHIN)


class Verdict(msgspec.Struct, frozen=True):
    """What a rule found; `since` is the earliest evidence that Graph gives."""

    kind: str
    severity: Severity = Severity.INFO
    since: datetime | None = None


CLEAR = Verdict("")
"""The rule looked, and Graph says that all is well."""

AT_ONCE = frozenset({"device.jailbroken", "device.threat"})
"""Families that are not delayed after enrolment."""

BY_TIME = frozenset({"device.stale", "device.compliance", "device.in-grace", "device.certificate-expiring"})
"""Families and kinds that begin or grow worse without a word from the device."""

RULES: tuple[tuple[str, Callable[[Judge, ManagedDevice], Verdict | None]], ...] = (
    ("device.compliance", Judge.compliance),
    ("device.stale", Judge.staleness),
    ("device.unencrypted", Judge.encryption),
    ("device.jailbroken", Judge.jailbreak),
    ("device.threat", Judge.threat),
    ("device.certificate-expiring", Judge.certificate),
)


def _observation(device: ManagedDevice, verdict: Verdict) -> Observation:
    return Observation(
        kind=verdict.kind,
        source=SOURCE,
        severity=verdict.severity,
        subject_type="device",
        subject_id=device.id,
        subject_name=device.device_name or device.id,
        user=device.user_principal_name or None,
        platform=device.operating_system,
        evidence_at=device.last_sync_date_time,
        first_seen=verdict.since,
        facts={
            "osVersion": device.os_version,
            "complianceState": device.compliance_state,
            "complianceGracePeriodExpirationDateTime": iso(device.compliance_grace_period_expiration_date_time),
            "lastSyncDateTime": iso(device.last_sync_date_time),
            "enrolledDateTime": iso(device.enrolled_date_time),
            "managedDeviceOwnerType": device.managed_device_owner_type,
            "isEncrypted": device.is_encrypted,
            "jailBroken": device.jail_broken,
            "partnerReportedThreatState": device.partner_reported_threat_state,
            "managementCertificateExpirationDate": iso(device.management_certificate_expiration_date),
            "serialNumber": device.serial_number,
            "model": device.model,
        },
        portal_url=f"https://intune.microsoft.com/#view/Microsoft_Intune_Devices/DeviceSettingsMenuBlade/mdmDeviceId/{device.id}",
    )


def contact_of(device: ManagedDevice) -> datetime | None:
    """When the device was last seen; one that never checked in counts from its enrolment."""
    return device.last_sync_date_time or device.enrolled_date_time


def reports_encryption(device: ManagedDevice) -> bool:
    """A device that never checked in has reported nothing, whatever Graph says of it."""
    return device.is_encrypted is not None and device.last_sync_date_time is not None


def compliance_state(device: ManagedDevice) -> str:
    """Graph's `complianceState`, whose case changes from place to place."""
    return (device.compliance_state or "").casefold()
