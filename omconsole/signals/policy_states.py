"""One policy on one device, from Graph's row to an observation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.graph.policy_shapes import policy_status
from omconsole.signals.installations import NOBODY

if TYPE_CHECKING:
    from omconsole.graph import ManagedDevice
    from omconsole.graph.policy_shapes import PolicyDevice
    from omconsole.signals.policy_counts import Policy

SOURCE: Final = "policies"
FAMILY: Final = "policy.state"
FAILED: Final = "policy.failed"
CONFLICT: Final = "policy.conflict"
KIND_OF: Final = {"error": FAILED, "nonCompliant": FAILED, "conflict": CONFLICT}
"""By complianceStatus; every other one is no problem."""
_SEVERITY: Final = {FAILED: Severity.MEDIUM, CONFLICT: Severity.LOW}
DEVICE_PAGE: Final = (
    "https://intune.microsoft.com/#view/Microsoft_Intune_Devices/DeviceSettingsMenuBlade/mdmDeviceId/{id}"
)


def has_device(row: PolicyDevice) -> bool:
    """Whether the row says on which device."""
    return bool(row.intune_device_id) and row.intune_device_id != NOBODY


def observed(policy: Policy, row: PolicyDevice, kind: str, device: ManagedDevice | None) -> Observation:
    """What the row shows, with what is known of the device. The report tells no setting."""
    id_ = row.intune_device_id or ""
    at = row.pspdpu_last_modified_time_utc
    return Observation(
        kind=kind,
        source=SOURCE,
        severity=_SEVERITY[kind],
        subject_type="device",
        subject_id=id_,
        subject_name=(device.device_name if device else None) or row.device_name or id_,
        sub_key=policy.id,
        user=row.upn or (device.user_principal_name if device else None) or None,
        platform=device.operating_system if device else None,
        evidence_at=at,
        first_seen=at,
        facts={
            "PolicyName": policy.name,
            "PolicyStatus": policy_status(row.policy_status),
            "PspdpuLastModifiedTimeUtc": iso(at),
            "osVersion": device.os_version if device else None,
            "model": device.model if device else None,
        },
        causes=(Cause("policy", policy.id, policy.name),),
        portal_url=DEVICE_PAGE.format(id=id_),
    )


def is_worse(seen: Observation, before: Observation | None) -> bool:
    """Of a device that a policy speaks of more than once, a user each, the worst counts, then the newest."""
    if before is None or seen.severity.rank != before.severity.rank:
        return before is None or seen.severity.rank > before.severity.rank
    if seen.evidence_at is None or before.evidence_at is None:
        return seen.evidence_at is not None
    return seen.evidence_at > before.evidence_at
