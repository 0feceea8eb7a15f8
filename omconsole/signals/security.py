"""Source `security`: Defender's alerts and incidents, with the devices that they are about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from omconsole.domain.triage import SWITCHED_OFF
from omconsole.errors import GraphError, GraphForbidden, GraphRejected, GraphThrottled
from omconsole.graph import Flaws, pages
from omconsole.graph.security_shapes import SECURITY_ALERTS, SECURITY_INCIDENTS, SecurityAlert, SecurityIncident
from omconsole.graph.security_surface import SECURITY_ALERTS_ASKED, SECURITY_INCIDENTS_ASKED
from omconsole.i18n import _
from omconsole.signals.asking import first_understood, not_covered_for
from omconsole.signals.known import nothing_known
from omconsole.signals.parts import Part, lay_together
from omconsole.signals.reading import Cleared, Mode, Progress, Reading
from omconsole.signals.security_devices import matched
from omconsole.signals.security_rules import ALERT, INCIDENT, SOURCE, SecurityJudge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from omconsole.graph import GraphClient, Round, RowDecoder
    from omconsole.graph.asked import Asked
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing, Known

NAME: Final = SOURCE
OVERLAP: Final = timedelta(minutes=5)
"""An increment asks again for this much."""
_OPEN: Final = "status ne 'resolved'"
_ABSENT: Final = frozenset({400, 404})
"""What a cloud answers that has no Defender."""

R = TypeVar("R", SecurityAlert, SecurityIncident)
Found = tuple[list[R], Flaws]


class SecuritySignal:
    """Reads what is not resolved, and between sweeps what changed. The list is filtered by Graph and again here.

    Alerts and incidents need a permission each, and either is shown without the other.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire: what is no longer in the list of open ones has been resolved.
        shown: False where the profile leaves alerts to others: nothing is asked, and what was shown ends.
    """

    name = NAME
    asks: tuple[str, ...] = (SECURITY_ALERTS_ASKED.permission, SECURITY_INCIDENTS_ASKED.permission)
    kinds: frozenset[str] = frozenset({ALERT, INCIDENT})

    def __init__(
        self, fleet: Callable[[], Awaitable[Fleet]], firing: Firing = nothing_known, *, shown: bool = True
    ) -> None:
        self._fleet = fleet
        self._firing = firing
        self._shown = shown
        self._newest: datetime | None = None
        self._alerts: dict[str, SecurityAlert] = {}
        """The open alerts as last read, by id: an incident is about their devices."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read all that is open."""
        return await self._read("sweep", [{"$filter": _OPEN}, {}], graph, budget, now, progress)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read what changed since the newest change known, resolved or not; before anything is known, sweep."""
        if self._newest is None:
            return await self.sweep(graph, budget, now, progress)
        since = min(self._newest, now) - OVERLAP
        asked = {"$filter": f"lastUpdateDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"}
        return await self._read("increment", [asked, {}], graph, budget, now, progress)

    async def _read(
        self,
        mode: Mode,
        ways: list[Mapping[str, str]],
        graph: GraphClient,
        budget: Round,
        now: datetime,
        progress: Progress,
    ) -> Reading:
        if not self._shown:
            return await self._switched_off(mode)

        async def part(asked: Asked, decoder: RowDecoder[R]) -> Found[R] | GraphError:
            try:
                return await first_understood(ways, lambda options: _whole(graph, budget, asked, decoder, options))
            except GraphThrottled:
                raise
            except GraphError as error:
                return error

        alerts = await part(SECURITY_ALERTS_ASKED, SECURITY_ALERTS)
        incidents = await part(SECURITY_INCIDENTS_ASKED, SECURITY_INCIDENTS)
        if isinstance(alerts, GraphError) and isinstance(incidents, GraphError):
            return _nothing_read(mode, alerts, incidents)
        reading = Reading(source=NAME, mode=mode)
        if isinstance(alerts, GraphError):
            uncovered, unread = _("Defender's alerts ({why})."), _("Defender's alerts could not be read: {reason}")
            _tell(reading, alerts, SECURITY_ALERTS_ASKED.permission, uncovered, unread)
        if isinstance(incidents, GraphError):
            uncovered = _("Defender's incidents ({why}).")
            unread = _("Defender's incidents could not be read: {reason}")
            _tell(reading, incidents, SECURITY_INCIDENTS_ASKED.permission, uncovered, unread)
        await self._take(reading, alerts, incidents, now)
        progress(reading.items)
        return reading

    async def _take(
        self,
        reading: Reading,
        alerts: Found[SecurityAlert] | GraphError,
        incidents: Found[SecurityIncident] | GraphError,
        now: datetime,
    ) -> None:
        known = await self._firing()
        judge = SecurityJudge()
        flaws = Flaws()
        of_alerts, of_incidents = Part(ALERT), Part(INCIDENT)
        if isinstance(alerts, GraphError):
            of_alerts.untold |= _firing_of(known, ALERT)
        else:
            self._keep(alerts[0], reading.mode)
            flaws += alerts[1]
        devices = await matched(self._alerts.values(), self._fleet)
        if not isinstance(alerts, GraphError):
            for alert in alerts[0]:
                judge.alert(alert, devices.of([alert.id]), of_alerts)
        if isinstance(incidents, GraphError):
            of_incidents.untold |= _firing_of(known, INCIDENT)
        else:
            flaws += incidents[1]
            members = self._alerts_of_incidents()
            for incident in incidents[0]:
                mine = members.get(incident.id, [])
                judge.incident(incident, devices.of(mine), len(mine), of_incidents)
        lay_together((of_alerts, of_incidents), known, reading)
        reading.present = {each.triage.subject_id for each in known}
        reading.items = len(reading.observations)
        reading.mark(flaws)
        judge.tell(reading)
        if not flaws and reading.status == "ok":
            self._newest = _newest(alerts, incidents, now)

    def _keep(self, alerts: list[SecurityAlert], mode: Mode) -> None:
        """Remember the open alerts; a sweep shows all of them."""
        if mode == "sweep":
            self._alerts.clear()
        for alert in alerts:
            self._alerts.pop(alert.id, None)
            if not SecurityJudge.is_over(alert):
                self._alerts[alert.id] = alert

    def _alerts_of_incidents(self) -> dict[str, list[str]]:
        members: dict[str, list[str]] = {}
        for alert in self._alerts.values():
            if alert.incident_id:
                members.setdefault(alert.incident_id, []).append(alert.id)
        return members

    async def _switched_off(self, mode: Mode) -> Reading:
        words = _("Switched off in the settings (security_alerts).")
        cleared = [
            Cleared(
                each.triage.subject_type,
                each.triage.subject_id,
                each.triage.sub_key,
                each.triage.family,
                SWITCHED_OFF,
            )
            for each in await self._firing()
        ]
        return Reading(source=NAME, mode=mode, status="skipped", complete=False, error=words, cleared=cleared)


async def _whole(
    graph: GraphClient, budget: Round, asked: Asked, decoder: RowDecoder[R], options: Mapping[str, str]
) -> Found[R]:
    """A whole list; without `$top`, since an answer that it cuts short looks like the whole."""
    rows: list[R] = []
    flaws = Flaws()
    async for page in pages(graph, asked.path, decoder=decoder, workload=NAME, params=options, in_round=budget):
        rows += page.rows
        flaws += page.flaws
    return rows, flaws


def _nothing_read(mode: Mode, alerts: GraphError, incidents: GraphError) -> Reading:
    """Neither list came: a cloud without Defender is no failure.

    Raises:
        GraphError: why, with every permission that is missing.
    """
    both = (alerts, incidents)
    if all(isinstance(each, GraphRejected) and each.status in _ABSENT for each in both):
        words = _("Graph has no Defender alerts here: the cloud or the tenant is without Microsoft Defender XDR.")
        return Reading(source=NAME, mode=mode, status="skipped", complete=False, error=words)
    if isinstance(alerts, GraphForbidden) and isinstance(incidents, GraphForbidden):
        raise GraphForbidden(alerts.what, alerts.do, needs=SecuritySignal.asks)
    raise next((each for each in both if not isinstance(each, GraphForbidden)), alerts)


def _tell(reading: Reading, error: GraphError, permission: str, uncovered: str, unread: str) -> None:
    """Say why one of the two lists is missing: not covered, or not read this time."""
    why = not_covered_for(error, permission)
    if why is not None:
        reading.uncovered = (*reading.uncovered, uncovered.format(why=why))
        return
    reading.status, reading.complete = "partial", False
    reading.error = unread.format(reason=error.what)


def _firing_of(known: list[Known], kind: str) -> set[str]:
    return {each.triage.subject_id for each in known if each.triage.family == kind}


def _newest(
    alerts: Found[SecurityAlert] | GraphError, incidents: Found[SecurityIncident] | GraphError, now: datetime
) -> datetime:
    """The newest change by Graph's clock; where nothing has changed, now."""
    rows = [row for found in (alerts, incidents) if not isinstance(found, GraphError) for row in found[0]]
    return max((row.last_update_date_time for row in rows if row.last_update_date_time is not None), default=now)
