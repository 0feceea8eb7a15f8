"""The rows of the reports on policies, by Graph's names of the columns (graph.md §5a). Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Member, Reference, Text
from omconsole.graph.members import COMPLIANCE_STATUS, member_of
from omconsole.graph.reports import ReportDecoder


class PolicySummary(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getConfigurationPolicyNonComplianceSummaryReport: one policy, or one version or platform of it."""

    policy_id: Identifier
    policy_name: Text = None
    number_of_compliant_devices: Member = None
    number_of_non_compliant_devices: Member = None
    number_of_error_devices: Member = None
    number_of_conflict_devices: Member = None


class PolicyDevice(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getConfigurationPolicyNonComplianceReport: one policy on one device, and for one user of it."""

    policy_id: Identifier
    intune_device_id: Reference = None
    device_name: Text = None
    upn: Text = msgspec.field(name="UPN", default=None)
    policy_status: Member = None
    """A complianceStatus, also by the words that the admin center has for it."""
    pspdpu_last_modified_time_utc: Instant = None
    """When the state was last reported."""


class DeviceWithoutPolicy(msgspec.Struct, frozen=True, gc=False, rename="pascal"):
    """A row of getDevicesWithoutCompliancePolicyReport."""

    device_id: Identifier
    device_name: Text = None


POLICY_SUMMARIES: Final = ReportDecoder(PolicySummary, needs=("NumberOfErrorDevices", "NumberOfConflictDevices"))
POLICY_DEVICES: Final = ReportDecoder(PolicyDevice, needs=("IntuneDeviceId", "PolicyStatus"))
DEVICES_WITHOUT_POLICY: Final = ReportDecoder(DeviceWithoutPolicy)

_WORDS: Final = {
    "succeeded": "compliant",
    "success": "compliant",
    "failed": "error",
    "pending": "unknown",
    "inprogress": "unknown",
}
"""What the admin center calls a member of complianceStatus, without case and spaces; scripts see both in reports."""


def policy_status(value: int | str | None) -> str | None:
    """The complianceStatus that a report's value stands for; None for one of no known meaning."""
    member = member_of(COMPLIANCE_STATUS, value)
    if member is not None or value is None:
        return member
    text = "".join(str(value).split()).casefold()
    return _WORDS.get(text) or member_of(COMPLIANCE_STATUS, text)
