"""Source `connectors`: what binds the tenant to Apple, Google, partners and its own servers, and when it ends (M7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omconsole.domain.titles import connector_word
from omconsole.errors import GraphError, GraphForbidden, GraphProtocolError, GraphRejected
from omconsole.graph import Flaws, pages
from omconsole.graph.batch import Part, batch
from omconsole.i18n import _
from omconsole.signals.connector_rules import (
    HEALTH,
    SOURCE,
    ConnectorJudge,
    ConnectorThresholds,
    subject_of,
    withhold,
)
from omconsole.signals.connector_table import CONNECTORS, Connector, folded, values_of
from omconsole.signals.known import Firing, Known, nothing_known
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    import msgspec

    from omconsole.graph import GraphClient, Reply, Round

NAME: Final = SOURCE
WORKLOAD: Final = "connectors"
"""Enrolment, VPP and connectors share a limit of Intune's own (graph.md §15)."""
_NOT_FOUND: Final = 404


def unknown_expiry() -> datetime | None:
    """For a sign-in that has no certificate or secret of its own."""
    return None


class ConnectorsSignal:
    """Reads every connector; one that may not be read keeps its items as they are, and the others are judged.

    Args:
        thresholds: when what expires is how bad.
        credential_expiry: tells when the console's own certificate or client secret ends (UTC).
        firing: tells which items of this source fire.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementServiceConfig.Read.All", "DeviceManagementConfiguration.Read.All")
    kinds: frozenset[str] = frozenset({"connector.expiring", "connector.expired", "connector.unhealthy"})

    def __init__(
        self,
        thresholds: ConnectorThresholds,
        *,
        credential_expiry: Callable[[], datetime | None] = unknown_expiry,
        firing: Firing = nothing_known,
    ) -> None:
        self._thresholds = thresholds
        self._credential_expiry = credential_expiry
        self._firing = firing

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read all of them: a dozen small answers in a batch for each version.

        Raises:
            GraphError: none of them may be read, or Graph cannot be reached or wants to be left alone.
        """
        reading = Reading(source=NAME, mode="sweep", thresholds={"connector_days": self._thresholds.days})
        unmapped = Unmapped()
        firing = await self._firing()
        judge = ConnectorJudge(self._thresholds, now, unmapped, failing=_failing(firing))
        unread: list[tuple[Connector, GraphError]] = []
        machines: dict[str, set[str]] = {}
        answers = await _asked(graph, budget)
        for connector in CONNECTORS:
            try:
                rows, flaws = await _rows(graph, connector, answers[connector.name], budget, reading)
            except (GraphForbidden, GraphRejected, GraphProtocolError) as error:
                unread.append((connector, error))
                continue
            machines[connector.name] = {folded(row.get("machineName")) for row in rows} - {""}
            for values in rows:
                if folded(values.get("machineName")) not in machines.get(connector.shown_by or "", ()):
                    judge(connector, values, reading)
                if flaws:  # which of them lost a value is not known
                    withhold(subject_of(connector, values), reading)
            progress(reading.items)
        if len(unread) == len(CONNECTORS):
            raise _worst(unread)
        expires = self._credential_expiry()
        if expires is not None:
            judge.credential(expires, reading)
        if unread:
            _withhold(unread, firing, reading)
        unmapped.warn(reading)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Connectors have no increments."""
        return await self.sweep(graph, budget, now, progress)


async def _asked(graph: GraphClient, budget: Round) -> dict[str, Reply | GraphError]:
    """The first answer of each connector, by its name."""
    answers: dict[str, Reply | GraphError] = {}
    for version in sorted({connector.asked.version for connector in CONNECTORS}):
        these = [connector for connector in CONNECTORS if connector.asked.version == version]
        parts = [Part(path=each.asked.path, params=None if each.single else each.asked.params()) for each in these]
        replies = await batch(graph, parts, workload=WORKLOAD, version=version, in_round=budget)
        answers.update(zip((each.name for each in these), replies, strict=True))
    return answers


async def _rows(
    graph: GraphClient, connector: Connector, answer: Reply | GraphError, budget: Round, reading: Reading
) -> tuple[list[dict[str, Any]], Flaws]:
    """The connector's rows, none where it is not configured, and what of them could not be read.

    Raises:
        GraphError: they cannot be read.
    """
    asked = connector.asked
    rows: list[msgspec.Struct] = []
    flaws = Flaws()
    try:
        if isinstance(answer, GraphError):
            raise answer
        if connector.single:
            value, flaws = connector.decoder.single(answer.body)
            rows = [value] if value is not None else []
        else:
            async for page in pages(
                graph,
                asked.path,
                decoder=connector.decoder,
                workload=WORKLOAD,
                version=asked.version,
                params=asked.params(),
                first=answer.body,
                in_round=budget,
            ):
                flaws += page.flaws
                rows.extend(page.rows)
    except GraphRejected as refused:
        if refused.status != _NOT_FOUND:
            raise
    reading.mark(flaws)
    reading.items += len(rows)
    return [values_of(row) for row in rows], flaws


def _names(connectors: Iterable[Connector]) -> str:
    """What they are called, each word once: two lists have certificate connectors."""
    return ", ".join(dict.fromkeys(connector_word(each.name) for each in connectors))


def _needs(unread: list[tuple[Connector, GraphError]]) -> tuple[str, ...]:
    """The permissions of which those connectors lack one each."""
    needs = [
        permission
        for connector, error in unread
        if isinstance(error, GraphForbidden)
        for permission in error.needs or (connector.asked.permission,)
    ]
    return tuple(dict.fromkeys(needs))


def _worst(unread: list[tuple[Connector, GraphError]]) -> GraphError:
    """The one error that stands for all: a missing permission, with all that is missing, before anything else."""
    for _connector, error in unread:
        if isinstance(error, GraphForbidden):
            return GraphForbidden(error.what, error.do, needs=_needs(unread))
    return unread[0][1]


def _withhold(unread: list[tuple[Connector, GraphError]], firing: Sequence[Known], reading: Reading) -> None:
    """Say what was not read, and that nothing is known about it: its items stay, neither cleared nor opened."""
    hidden = tuple(connector.subject for connector, _error in unread)
    for known in firing:
        if known.triage.subject_id.partition(":")[0] in hidden:
            reading.subjects.add(known.triage.subject_id)
            reading.withheld.add((known.triage.subject_id, known.triage.family))
    reading.status = "partial"
    forbidden = [connector for connector, error in unread if isinstance(error, GraphForbidden)]
    refused = [(connector, error) for connector, error in unread if not isinstance(error, GraphForbidden)]
    said = [reading.error] if reading.error else []
    if forbidden:
        names = _names(forbidden)
        said.append(_("Not permitted: {connectors}.").format(connectors=names))
        reading.needs = _needs(unread)
    if refused:
        names = _names(connector for connector, _error in refused)
        why = refused[0][1].what
        said.append(_("Not readable: {connectors}. {why}").format(connectors=names, why=why))
    reading.error = " ".join(said)


def _failing(firing: Sequence[Known]) -> dict[str, tuple[str, ...]]:
    """The properties for which connectors fire, by subject id, as they were last shown."""
    return {
        known.triage.subject_id: tuple(known.seen.facts.get("failing", ()))
        for known in firing
        if known.seen is not None and known.triage.family == HEALTH
    }
