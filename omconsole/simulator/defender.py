"""What Microsoft Defender XDR finds: incidents of one or two alerts, each on a device, that analysts work off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, MINUTE, iso_fraction, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_CASE, _ALERT = 240, 241
#: Resolved ones are shown for so long.
_KEPT: Final = 30 * DAY
_CYCLE: Final = 6 * DAY
_NO_DEVICE: Final = "00000000-0000-0000-0000-000000000000"
_TITLES: Final = (
    ("Suspicious PowerShell command line", "Execution"),
    ("'Emotet' malware was detected", "Malware"),
    ("Possible lateral movement", "LateralMovement"),
    ("Unusual sign-in to a device", "InitialAccess"),
    ("Sensitive credential memory read", "CredentialAccess"),
    ("An uncommon file was created and added to startup", "Persistence"),
)
_SEVERITIES: Final = ("high", "medium", "Medium", "low", "informational", "unknown")
_ANALYST: Final = "soc@contoso-gmbh.example"


class Case(NamedTuple):
    """One incident: instants in seconds since 1970 UTC."""

    slot: int
    round: int
    began: int
    taken_up: int
    ended: int
    #: It has become part of another incident.
    is_redirected: bool

    @property
    def id(self) -> str:
        """Defender counts its incidents."""
        return str(20_000 + self.slot * 10_000 + self.round % 10_000)

    @property
    def alerts(self) -> int:
        """How many alerts it has."""
        return 2 if (self.slot + self.round) % 3 == 0 else 1

    def changed(self, now: int) -> int:
        """When it was last changed."""
        return max(at for at in (self.began, self.taken_up, self.ended) if at <= now)

    def status(self, now: int, first: str) -> str:
        """`first` until somebody takes it up."""
        if now >= self.ended:
            return "resolved"
        return "inProgress" if now >= self.taken_up else first


class Defender:
    """The cases of one world: in each slot one after another."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _cases(self, now: int) -> Iterator[Case]:
        for slot in range(self._world.mix.defender_cases):
            draw = Draw(self._world.seed, _CASE, slot)
            phase = self._world.begin - 2 * DAY - draw.below(_CYCLE)
            last = (now - phase) // _CYCLE
            for round_ in range(last - _KEPT // _CYCLE - 1, last + 1):
                began = phase + round_ * _CYCLE
                each = Draw(self._world.seed, _CASE, slot, round_)
                taken_up = began + each.between(20 * MINUTE, 20 * HOUR)
                ended = taken_up + each.between(2 * HOUR, 4 * DAY)
                if began <= now < ended + _KEPT:
                    yield Case(slot, round_, began, taken_up, ended, each.chance(120))

    def open_alerts(self, now: int) -> list[str]:
        """The ids of the alerts that nobody has resolved."""
        return [
            self._alert_id(case, number)
            for case in self._cases(now)
            if now < case.ended
            for number in range(case.alerts)
        ]

    def open_incidents(self, now: int) -> list[str]:
        """The ids of the incidents that are neither resolved nor part of another."""
        return [case.id for case in self._cases(now) if now < case.ended and not case.is_redirected]

    def alert_rows(self, now: int) -> list[Row]:
        """The rows of `alerts_v2`, newest first."""
        rows = [self._alert(case, number, now) for case in self._cases(now) for number in range(case.alerts)]
        return sorted(rows, key=lambda row: str(row["createdDateTime"]), reverse=True)

    def incident_rows(self, now: int) -> list[Row]:
        """The rows of `incidents`, newest first."""
        rows = [self._incident(case, now) for case in self._cases(now)]
        return sorted(rows, key=lambda row: str(row["createdDateTime"]), reverse=True)

    def _alert_id(self, case: Case, number: int) -> str:
        draw = Draw(self._world.seed, _ALERT, case.slot, case.round, number, 1)
        return f"da{draw.below(10**18):018d}_-{draw.below(10**9):09d}"

    def _alert(self, case: Case, number: int, now: int) -> Row:
        draw = Draw(self._world.seed, _ALERT, case.slot, case.round, number)
        title, category = draw.pick(_TITLES)
        severity, ticks = draw.pick(_SEVERITIES), draw.below(10_000_000)
        id_ = self._alert_id(case, number)
        status = case.status(now, "New" if draw.chance(300) else "new")
        return {
            "id": id_,
            "incidentId": case.id,
            "title": title,
            "severity": severity,
            "status": status,
            "category": category,
            "serviceSource": "microsoftDefenderForEndpoint",
            "detectionSource": "microsoftDefenderForEndpoint",
            "assignedTo": None if now < case.taken_up else _ANALYST,
            "createdDateTime": iso_fraction(case.began, ticks),
            "lastUpdateDateTime": iso_fraction(case.changed(now), ticks),
            "alertWebUrl": f"https://security.microsoft.com/alerts/{id_}",
            "incidentWebUrl": f"https://security.microsoft.com/incidents/{case.id}",
            "evidence": self._evidence(draw, case),
            "classification": "truePositive" if now >= case.ended else None,
            "determination": "malware" if now >= case.ended else None,
        }

    def _evidence(self, draw: Draw, case: Case) -> list[Row] | None:
        """A user, a file, and most often the device; Defender does not always know its id in the directory."""
        if draw.chance(80):
            return None
        row = self._world.device_row(draw.below(self._world.devices), moment(max(case.began, self._world.begin)))
        known, name = str(row["azureADDeviceId"]), f"{row['deviceName']}.corp.contoso-gmbh.example"
        device: Row = {
            "@odata.type": "#microsoft.graph.security.deviceEvidence",
            "createdDateTime": iso_fraction(case.began, 1_234_567),
            "verdict": "suspicious",
            "azureAdDeviceId": None if known == _NO_DEVICE or draw.chance(100) else known.upper(),
            "deviceDnsName": name.lower() if draw.chance(500) else name,
            "osPlatform": "Windows11",
            "loggedOnUsers": [],
        }
        user: Row = {
            "@odata.type": "#microsoft.graph.security.userEvidence",
            "userAccount": {"userPrincipalName": row["userPrincipalName"], "azureAdUserId": None},
        }
        return [user, device, {"@odata.type": "#microsoft.graph.security.fileEvidence", "detectionStatus": "detected"}]

    def _incident(self, case: Case, now: int) -> Row:
        draw = Draw(self._world.seed, _ALERT, case.slot, case.round, 0)
        title, _category = draw.pick(_TITLES)
        severity, ticks = draw.pick(_SEVERITIES), draw.below(10_000_000)
        status = "redirected" if case.is_redirected else case.status(now, "Active" if draw.chance(300) else "active")
        return {
            "id": case.id,
            "displayName": f"{title} on one endpoint",
            "severity": severity,
            "status": status,
            "classification": "truePositive" if now >= case.ended else "unknown",
            "determination": "malware" if now >= case.ended else "unknown",
            "assignedTo": None if now < case.taken_up else _ANALYST,
            "createdDateTime": iso_fraction(case.began, ticks),
            "lastUpdateDateTime": iso_fraction(case.changed(now), ticks),
            "incidentWebUrl": f"https://security.microsoft.com/incidents/{case.id}",
            "customTags": [],
            "systemTags": [],
            "priorityScore": None,
        }
