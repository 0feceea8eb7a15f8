"""One malware on one device, from Graph's row to an observation, and what its states mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.graph.protection_members import (
    EXECUTION_STATE,
    MALWARE_CATEGORY,
    MALWARE_SEVERITY,
    THREAT_STATE,
    known,
)
from omconsole.signals.policy_states import DEVICE_PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.graph import ManagedDevice
    from omconsole.graph.protection_shapes import DeviceMalware
    from omconsole.signals.unmapped import Unmapped

SOURCE: Final = "malware"
KIND: Final = "protection.malware"
ACTIVE: Final = frozenset({"active", "actionFailed", "manualStepsRequired", "fullScanRequired", "rebootRequired"})
"""States in which somebody has something to do; in the others Defender, or whoever allowed it, has seen to it."""
RUNNING: Final = "running"

Key = tuple[str, str]
"""The device, and the malware's name."""


class Detections(msgspec.Struct):
    """Every malware on every device, as one poll reads them."""

    active: dict[Key, Observation] = {}
    over: set[Key] = set()
    """Where it is said to be over."""
    untold: set[Key] = set()
    """Where it is found, in a state of which nobody knows whether it is over."""

    def add(self, row: DeviceMalware, device: ManagedDevice | None, unmapped: Unmapped) -> bool:
        """Take a row in; False when it does not name the malware. Of several rows an active one counts."""
        if not row.malware_name:
            return False
        key = (row.device_id, row.malware_name)
        verdict = is_active(row, unmapped)
        if verdict:
            seen = observed(row, device, unmapped)
            before = self.active.get(key)
            if before is None or _is_newer(seen, before):
                self.active[key] = seen
        else:
            (self.untold if verdict is None else self.over).add(key)
        return True

    def settle(self) -> None:
        """When all rows are there: what is active somewhere is nothing else."""
        self.untold -= self.active.keys()
        self.over -= self.active.keys() | self.untold


def is_active(row: DeviceMalware, unmapped: Unmapped) -> bool | None:
    """Whether somebody has something to do; None for a state of no known meaning. What runs is active."""
    if _member("ExecutionState", EXECUTION_STATE, row.execution_state, unmapped) == RUNNING:
        return True
    state = _member("State", THREAT_STATE, row.state, unmapped)
    return None if state is None else state in ACTIVE


def observed(row: DeviceMalware, device: ManagedDevice | None, unmapped: Unmapped) -> Observation:
    """What the row shows, with what is known of the device."""
    severity = _member("Severity", MALWARE_SEVERITY, row.severity, unmapped)
    facts = {
        "MalwareName": row.malware_name,
        "MalwareCategory": known(MALWARE_CATEGORY, row.malware_category) or row.malware_category,
        "Severity": severity or row.severity,
        "State": known(THREAT_STATE, row.state) or row.state,
        "ExecutionState": known(EXECUTION_STATE, row.execution_state) or row.execution_state,
        "DetectionCount": row.detection_count,
        "InitialDetectionDateTime": iso(row.initial_detection_date_time),
        "LastStateChangeDateTime": iso(row.last_state_change_date_time),
    }
    return Observation(
        kind=KIND,
        source=SOURCE,
        severity=Severity.CRITICAL if severity == "severe" else Severity.HIGH,
        subject_type="device",
        subject_id=row.device_id,
        subject_name=(device.device_name if device else None) or row.device_name or row.device_id,
        sub_key=row.malware_name or "",
        user=(device.user_principal_name if device else None) or row.upn or None,
        platform=(device.operating_system if device else None) or "Windows",
        evidence_at=row.last_state_change_date_time or row.initial_detection_date_time,
        first_seen=row.initial_detection_date_time,
        facts={name: value for name, value in facts.items() if value is not None},
        portal_url=DEVICE_PAGE.format(id=row.device_id) if device else None,
    )


def _member(name: str, names: Mapping[int, str], value: int | str | None, unmapped: Unmapped) -> str | None:
    member = known(names, value)
    if member is None and value is not None:
        unmapped.add(name, str(value))
    return member


def _is_newer(seen: Observation, before: Observation) -> bool:
    if before.evidence_at is None or seen.evidence_at is None:
        return before.evidence_at is None
    return seen.evidence_at > before.evidence_at
