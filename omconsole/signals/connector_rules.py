"""The rules over one connector: it expires, it is silent, or Graph shows it in a bad state (design.md §3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.domain.titles import connector_word
from omconsole.signals.connector_table import KNOWN_NAMES, Connector, Values, folded

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from omconsole.signals.reading import Reading
    from omconsole.signals.unmapped import Unmapped

SOURCE: Final = "connectors"
SILENT: Final = timedelta(days=1)
SILENT_FOR_LONG: Final = timedelta(days=3)
PORTAL: Final = (
    "https://intune.microsoft.com/#view/Microsoft_Intune_DeviceSettings/TenantAdminMenu/~/connectorsAndTokens"
)

LIFETIME: Final = "connector.lifetime"
HEALTH: Final = "connector.unhealthy"
NOTHING_FAILING: Final[Mapping[str, Collection[str]]] = {}
"""Of a tenant without a history."""

_BY_DAYS: Final = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


class ConnectorThresholds(msgspec.Struct, frozen=True):
    """Days before the end from which a certificate or token is low, medium, high and critical."""

    days: tuple[int, int, int, int] = (60, 30, 14, 7)


class ConnectorJudge:
    """The rules at one instant (UTC). Pure but for the reading that it fills.

    Args:
        failing: by subject id, the properties for which a connector fires as unhealthy; it is well again only when
            Graph says something about each of them.
    """

    def __init__(
        self,
        thresholds: ConnectorThresholds,
        now: datetime,
        unmapped: Unmapped,
        failing: Mapping[str, Collection[str]] = NOTHING_FAILING,
    ) -> None:
        self._days = tuple(timedelta(days=days) for days in thresholds.days)
        self._now = now
        self._unmapped = unmapped
        self._failing = failing

    def __call__(self, connector: Connector, values: Values, reading: Reading) -> None:
        """Add what the connector shows; one that is not configured shows nothing."""
        subject = subject_of(connector, values)
        reading.subjects.add(subject)
        if not connector.is_configured(values):
            if any(values[name] is None for name in connector.bad) or not any(map(_is_said, values.items())):
                withhold(subject, reading)
            return
        facts = _facts(connector, values)
        whole = _Subject(subject, _name(connector, values), facts)
        if connector.expires is not None:
            self._lifetime(connector, values, whole, reading)
        self._health(connector, values, whole, reading)

    def credential(self, expires: datetime, reading: Reading) -> None:
        """Add when the console's own certificate or secret ends."""
        reading.subjects.add("credential")
        facts = {"connector": "credential", "expirationDateTime": iso(expires)}
        self._expires(expires, _Subject("credential", connector_word("credential"), facts), reading)

    def _lifetime(self, connector: Connector, values: Values, subject: _Subject, reading: Reading) -> None:
        expires: datetime | None = values[connector.expires or ""]
        if connector.expired is not None and folded(values[connector.expired[0]]) == connector.expired[1]:
            expires = min(expires or self._now, self._now)
        if expires is None or (connector.expired is not None and values[connector.expired[0]] is None):
            reading.withheld.add((subject.id, LIFETIME))
        if expires is not None:
            self._expires(expires, subject, reading)

    def _expires(self, expires: datetime, subject: _Subject, reading: Reading) -> None:
        left = expires - self._now
        passed = sum(left <= days for days in self._days)
        if left <= timedelta(0):
            reading.observations.append(subject.shows("connector.expired", Severity.CRITICAL, first_seen=expires))
        elif passed:  # Graph gives no time from which on it is a problem: the thresholds are ours
            reading.observations.append(subject.shows("connector.expiring", _BY_DAYS[passed - 1]))

    def _health(self, connector: Connector, values: Values, subject: _Subject, reading: Reading) -> None:
        failing = {name: Severity.HIGH for name in connector.errors if values[name]}
        for name, bad in connector.bad.items():
            state = folded(values[name])
            if state in bad:
                failing[name] = Severity.HIGH
            elif state and state not in map(folded, connector.asked.enums[name]):
                self._unmapped.add(f"{connector.name}.{name}", str(values[name]))
                failing[name] = Severity.MEDIUM
        heard = values[connector.heartbeat] if connector.heartbeat else None
        silent = self._silence(connector, values)
        if silent is not None and connector.heartbeat:
            failing[connector.heartbeat] = silent
        if failing:
            worst = max(failing.values(), key=lambda severity: severity.rank)
            since = heard + SILENT if heard and silent else None
            subject.facts["failing"] = sorted(failing, key=lambda name: -failing[name].rank)
            reading.observations.append(subject.shows(HEALTH, worst, evidence_at=heard, first_seen=since))
        elif self._says_nothing(connector, values, subject.id):
            reading.withheld.add((subject.id, HEALTH))

    def _says_nothing(self, connector: Connector, values: Values, subject: str) -> bool:
        """Whether it is not said that what failed is well again, or nothing is said at all."""
        decides = {*self._failing.get(subject, ())} - connector.null_is_well
        if connector.heartbeat in decides and connector.beats_while is not None:
            decides.add(connector.beats_while[0])
        if any(values.get(name) is None for name in decides):
            return True
        heard = values[connector.heartbeat] if connector.heartbeat else None
        return bool(connector.bad) and heard is None and not any(values[name] for name in connector.bad)

    def _silence(self, connector: Connector, values: Values) -> Severity | None:
        """How bad the silence is; None while the connector is heard, or need not be."""
        if connector.heartbeat is None:
            return None
        if (
            connector.beats_while is not None
            and folded(values[connector.beats_while[0]]) not in connector.beats_while[1]
        ):
            return None
        heard = values[connector.heartbeat] or (values[connector.born] if connector.born else None)
        if heard is None:
            return Severity.MEDIUM
        silent = self._now - heard - connector.late
        if silent >= SILENT_FOR_LONG:
            return Severity.HIGH
        return Severity.MEDIUM if silent >= SILENT else None


class _Subject(msgspec.Struct, frozen=True):
    """What every observation of a connector has in common."""

    id: str
    name: str
    facts: dict[str, Any]

    def shows(
        self,
        kind: str,
        severity: Severity,
        *,
        evidence_at: datetime | None = None,
        first_seen: datetime | None = None,
    ) -> Observation:
        return Observation(
            kind=kind,
            source=SOURCE,
            severity=severity,
            subject_type="connector",
            subject_id=self.id,
            subject_name=self.name,
            evidence_at=evidence_at,
            first_seen=first_seen,
            facts=self.facts,
            portal_url=PORTAL,
        )


def subject_of(connector: Connector, values: Values) -> str:
    """The subject id of a connector."""
    return connector.subject if connector.single else f"{connector.subject}:{values['id']}"


def withhold(subject: str, reading: Reading) -> None:
    """Nothing that is not shown of this connector follows from what was read."""
    reading.withheld.update({(subject, LIFETIME), (subject, HEALTH)})


def _is_said(named: tuple[str, Any]) -> bool:
    name, value = named
    return name != "id" and value is not None


def _name(connector: Connector, values: Values) -> str:
    """What people gave it, else what it is where there is one at most, else who it is known to be."""
    if name := next((str(values[each]) for each in connector.named if values[each]), None):
        return name
    if connector.single:
        return connector_word(connector.name)
    return KNOWN_NAMES.get(str(values["id"]), str(values["id"]))


def _facts(connector: Connector, values: Values) -> dict[str, Any]:
    """The raw values; expiry and heartbeat stand under one name each, whatever Graph calls them there."""
    plain = {name: iso(value) if isinstance(value, datetime) else value for name, value in values.items()}
    if connector.expires:
        plain["expirationDateTime"] = plain[connector.expires]
    if connector.heartbeat:
        plain["lastSyncDateTime"] = plain[connector.heartbeat]
    return {"connector": connector.name, **plain}
