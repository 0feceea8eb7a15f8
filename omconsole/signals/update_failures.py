"""Windows updates that fail: one problem for each policy and error, from the alerts of devices. Pure but for words."""

from __future__ import annotations

import re
from bisect import insort
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Observation, Severity
from omconsole.graph import Flaws
from omconsole.graph.members import as_number
from omconsole.graph.update_shapes import ALERT_STATUSES
from omconsole.signals.update_rings import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from omconsole.graph.update_shapes import DeviceUpdateFailure

FAILED: Final = "osupdate.failed"
UNKNOWN: Final = "unknown"
"""The code of a failure of which Graph tells neither an error nor an alert."""
NAMED_AT_MOST: Final = 5
"""Devices that are named; all are counted."""

_HEX: Final = re.compile(r"(0x)?([0-9A-Fa-f]{8})(?:_.*)?")
"""A result of Windows; Windows Update for Business puts an extended code behind it."""


class UpdatePolicy(msgspec.Struct, frozen=True):
    """A policy for Windows updates, as a report of policies shows it."""

    id: str
    name: str
    update: tuple[str, str | None]
    """Which update it is for, behind Graph's name of that."""
    failed: int = 0
    """Devices with errors."""


class Failure(msgspec.Struct):
    """One error of one policy."""

    code: str
    alert: str | None = None
    devices: set[str] = set()
    names: list[str] = []
    """Of the first devices by name, so that they are the same from poll to poll."""
    first: datetime | None = None
    last: datetime | None = None

    def take(self, device: str, name: str) -> None:
        """Count a device once; sorting them all would hold the loop."""
        if device in self.devices:
            return
        self.devices.add(device)
        insort(self.names, name, key=str.casefold)
        del self.names[NAMED_AT_MOST:]


class Failures:
    """The errors of one policy while its devices are read."""

    def __init__(self, policy: UpdatePolicy) -> None:
        self.policy = policy
        self.by_code: dict[str, Failure] = {}
        self.rows = 0
        """Of this policy, those of solved alerts included."""

    def add(self, row: DeviceUpdateFailure) -> Flaws:
        """Take in a row; Graph may send those of other policies, and alerts that are solved."""
        if row.policy_id is None:
            return Flaws(rejected=1, example="PolicyId")
        if row.policy_id.casefold() != self.policy.id.casefold():
            return Flaws()
        self.rows += 1
        over, flaws = _is_over(row)
        if over:
            return flaws
        device = row.device_id or row.device_name
        if device is None:
            return flaws + Flaws(rejected=1, example="DeviceId")
        code = code_of(row)
        failure = self.by_code.setdefault(code.casefold(), Failure(code))
        failure.alert = failure.alert or alert_of(row)
        failure.take(device, row.device_name or device)
        began = row.start_at or row.event_at
        if began is not None:
            failure.first = min(failure.first or began, began)
        if row.event_at is not None:
            failure.last = max(failure.last or row.event_at, row.event_at)
        return flaws

    def observations(self) -> Iterable[Observation]:
        """One for each error."""
        return (observed(self.policy, failure) for failure in self.by_code.values())


def _is_over(row: DeviceUpdateFailure) -> tuple[bool, Flaws]:
    """Whether the alert is solved. A status of no known name is a flaw, and says no such thing; a number says nothing:
    which it would be is documented nowhere, and the time of the solution says it as well."""
    if row.resolved_at is not None:
        return True, Flaws()
    status = str(row.alert_status or "").strip().casefold()
    if not status or as_number(row.alert_status) is not None:
        return False, Flaws()
    if status not in ALERT_STATUSES:
        return False, Flaws(values=1, example=f"AlertStatus: {row.alert_status}")
    return status != "active", Flaws()


def code_of(row: DeviceUpdateFailure) -> str:
    """What tells one error from others: Windows' own result as `0x80070070`, else what kind of alert it is.

    Windows' result comes as a number with or without a sign, or in hexadecimal digits; anything else counts as it is.
    """
    number = as_number(row.win32_error_code)
    if number is not None:
        return f"0x{number & 0xFFFFFFFF:08X}" if number else _alert(row) or UNKNOWN
    text = str(row.win32_error_code or "").strip()
    found = _HEX.fullmatch(text)
    if found is not None:
        text = f"0x{found[2].upper()}"
        return _alert(row) or UNKNOWN if text == "0x00000000" else text
    return text or _alert(row) or UNKNOWN


def _alert(row: DeviceUpdateFailure) -> str:
    """The alert by Graph's own name, whose first letter is written in both cases."""
    text = str(row.alert_message if row.alert_message is not None else "").strip()
    return text[:1].upper() + text[1:]


def alert_of(row: DeviceUpdateFailure) -> str | None:
    """What kind of alert it is, in words where there are any."""
    return row.alert_text or _alert(row) or None


def observed(policy: UpdatePolicy, failure: Failure) -> Observation:
    """What a policy's error shows."""
    name, version = policy.update
    facts: Mapping[str, object] = {
        name: version,
        "AlertMessage": failure.alert,
        "Win32ErrorCode": failure.code if failure.code.startswith("0x") else None,
        "devices": len(failure.devices),
        "deviceNames": ", ".join(failure.names) + (", …" if len(failure.devices) > NAMED_AT_MOST else ""),
        "StartDateTimeUTC": iso(failure.first),
        "EventDateTimeUTC": iso(failure.last),
    }
    return Observation(
        kind=FAILED,
        source=SOURCE,
        severity=Severity.MEDIUM,
        subject_type="policy",
        subject_id=policy.id,
        subject_name=policy.name,
        sub_key=failure.code,
        platform="Windows",
        evidence_at=failure.last,
        first_seen=failure.first,
        facts=dict(facts),
        causes=(Cause("osupdate", policy.id, policy.name, code=failure.code),),
    )
