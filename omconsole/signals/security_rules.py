"""The rules over one alert or incident of Defender (design.md §3): one step lower than Defender's own severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.graph.security_shapes import SecurityAlert
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from omconsole.graph import ManagedDevice
    from omconsole.graph.security_shapes import SecurityIncident
    from omconsole.signals.parts import Part
    from omconsole.signals.reading import Reading

SOURCE: Final = "security"
ALERT: Final = "security.alert"
INCIDENT: Final = "security.incident"
DEVICES_AT_MOST: Final = 50
"""So many devices stand in the facts; the rest is counted."""

_SEVERITIES: Final = {
    "high": Severity.MEDIUM,
    "medium": Severity.LOW,
    "low": Severity.INFO,
    "informational": Severity.INFO,
    "unknown": Severity.LOW,
    "": Severity.LOW,
}
_OVER: Final = frozenset({"resolved", "redirected"})
"""An incident that is redirected has become part of another."""
_OPEN: Final = frozenset({"", "unknown", "new", "inprogress", "active", "awaitingaction"})


class SecurityJudge:
    """The rules. Pure but for the parts that it fills."""

    def __init__(self) -> None:
        self._severities = Unmapped()
        self._states = Unmapped()

    @staticmethod
    def is_over(row: SecurityAlert | SecurityIncident) -> bool:
        """Whether Defender says that it is done with it."""
        return (row.status or "").casefold() in _OVER

    def alert(self, alert: SecurityAlert, devices: list[ManagedDevice], into: Part) -> None:
        """Take in one alert, with the devices that it is about."""
        facts: dict[str, object] = {
            "incidentId": alert.incident_id,
            "category": alert.category,
            "serviceSource": alert.service_source,
            "detectionSource": alert.detection_source,
        }
        self._take(alert, alert.title, devices, facts, into)

    def incident(self, incident: SecurityIncident, devices: list[ManagedDevice], alerts: int, into: Part) -> None:
        """Take in one incident, with the devices and the number of its open alerts."""
        facts: dict[str, object] = {
            "classification": incident.classification,
            "determination": incident.determination,
            "alertCount": alerts,
        }
        self._take(incident, incident.display_name, devices, facts, into)

    def tell(self, reading: Reading) -> None:
        """Say which values no table knows."""
        self._severities.warn(reading)
        self._states.tell(reading)

    def _take(
        self,
        row: SecurityAlert | SecurityIncident,
        title: str | None,
        devices: list[ManagedDevice],
        facts: dict[str, object],
        into: Part,
    ) -> None:
        if self.is_over(row):
            into.spoken.add(row.id)
        elif (row.status or "").casefold() in _OPEN:
            into.fires(self._observed(row, title, devices, facts, into.family))
        else:
            self._states.add("status", row.status or "")
            into.untold.add(row.id)

    def _severity(self, said: str | None) -> Severity:
        severity = _SEVERITIES.get((said or "").casefold())
        if severity is None:
            self._severities.add("severity", said or "")
        return severity or Severity.MEDIUM

    def _observed(
        self,
        row: SecurityAlert | SecurityIncident,
        title: str | None,
        devices: list[ManagedDevice],
        facts: dict[str, object],
        kind: str,
    ) -> Observation:
        one = devices[0] if len(devices) == 1 else None
        is_alert = isinstance(row, SecurityAlert)
        link = row.alert_web_url if isinstance(row, SecurityAlert) else row.incident_web_url
        return Observation(
            kind=kind,
            source=SOURCE,
            severity=self._severity(row.severity),
            subject_type="securityAlert" if is_alert else "securityIncident",
            subject_id=row.id,
            subject_name=title or row.id,
            user=(one.user_principal_name or None) if one else None,
            platform=one.operating_system if one else None,
            evidence_at=row.last_update_date_time,
            first_seen=row.created_date_time,
            facts={
                **facts,
                "severity": row.severity,
                "status": row.status,
                "assignedTo": row.assigned_to,
                "createdDateTime": iso(row.created_date_time),
                "lastUpdateDateTime": iso(row.last_update_date_time),
                **_devices(devices),
            },
            portal_url=link if link and link.startswith("https://") else None,
        )


def _devices(devices: list[ManagedDevice]) -> dict[str, object]:
    """Who they are and whose, for words and filters; how many where there are more than are named."""
    named: dict[str, object] = {
        "devices": [
            {"id": each.id, "deviceName": each.device_name, "userPrincipalName": each.user_principal_name}
            for each in devices[:DEVICES_AT_MOST]
        ]
    }
    names = ", ".join(each.device_name or each.id for each in devices[:5])
    return {**named, "deviceCount": len(devices), "deviceNames": names} if devices else named
