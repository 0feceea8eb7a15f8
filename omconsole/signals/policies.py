"""Source `policies`: configuration policies that fail or meet another, one item per policy and device."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.items import Observation
from omconsole.domain.triage import FIXED
from omconsole.errors import GraphError, GraphForbidden, GraphThrottled
from omconsole.graph import Flaws, report, same
from omconsole.graph.policy_shapes import POLICY_DEVICES, POLICY_SUMMARIES, policy_status
from omconsole.graph.policy_surface import POLICY_DEVICES_ASKED, POLICY_SUMMARIES_ASKED
from omconsole.graph.throttling import LONGEST_WAIT_S
from omconsole.i18n import ngettext, number
from omconsole.signals.asking import first_understood
from omconsole.signals.filtered_reports import REPORTS, FilteredReports, quoted
from omconsole.signals.installations import is_too_young
from omconsole.signals.known import nothing_known
from omconsole.signals.policy_counts import Policy, PolicyCounts
from omconsole.signals.policy_states import CONFLICT, FAILED, FAMILY, KIND_OF, SOURCE, has_device, is_worse, observed
from omconsole.signals.reading import Cleared, Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, ManagedDevice, Round
    from omconsole.graph.policy_shapes import PolicyDevice
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing, Known

    Devices = Mapping[str, ManagedDevice]
    Reports = FilteredReports[PolicyDevice]

EXPORT: Final = "PolicyNonComplianceNew"
"""The export report with these columns; a tenant that does not know it is read page by page."""
AMISS: Final = "((PolicyStatus eq '4') or (PolicyStatus eq '5') or (PolicyStatus eq '6'))"
"""`nonCompliant`, `error` and `conflict` by number, as the report's grammar wants them."""
POLICIES_A_ROUND: Final = 200
"""Policies whose devices are read in one poll, the worst first."""
ROWS_SLICE: Final = 100
"""Rows made observations between two turns of the loop (about 1 ms)."""


class _Outcome(msgspec.Struct):
    """What reading one policy's devices came to."""

    policy: Policy
    found: dict[str, Observation] = {}
    """By device."""
    rows: int = 0
    """Of this policy, also those that are no failure."""
    flaws: Flaws = Flaws()
    error: GraphError | None = None


class PoliciesSignal:
    """Reads the summary of all configuration policies, then the devices of each that fails or conflicts anywhere.

    The summary is asked for without a filter: it is a page or two, and so every policy speaks for itself. The clear
    rule holds as for `AppsSignal`:

    - A policy of which the summary says that it failed nowhere clears its items explicitly.
    - A device that one policy still fails on, and that is not in the whole list of another, is clear of that one.
    - Of a policy that is neither well nor looked at nothing is said.
    - Any other item ends when two whole sweeps do not show it: fixed when the device is still there, else gone.
    - When one policy's devices cannot be read, the reading is partial: nothing follows from absence, for no policy.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire.
        answers: what the tenant is known to do.
    """

    name = SOURCE
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({FAILED, CONFLICT, "cause.policy"})

    def __init__(
        self, fleet: Callable[[], Awaitable[Fleet]], firing: Firing = nothing_known, *, answers: Answers = UNANSWERED
    ) -> None:
        self._fleet = fleet
        self._firing = firing
        self._answers = answers
        self._known: PolicyCounts | None = None
        """What the last whole sweep and the increments since have counted."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the summary, and the devices of every policy that fails anywhere."""
        reading = Reading(source=SOURCE, mode="sweep")
        counts = await self._counts(graph, budget, reading, progress)
        await self._take(graph, budget, now, reading, counts, counts.wanted())
        self._known = counts if reading.complete else None
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the summary, and the devices of the policies of which it counts others than before.

        Reports cannot be asked for changes. What changes without changing a count waits for the next sweep.
        """
        if self._known is None:
            return await self.sweep(graph, budget, now, progress)
        reading = Reading(source=SOURCE, mode="increment")
        counts = await self._counts(graph, budget, reading, progress)
        await self._take(graph, budget, now, reading, counts, counts.wanted(self._known))
        if reading.status == "ok":
            self._known = counts
        return reading

    async def _counts(self, graph: GraphClient, budget: Round, reading: Reading, progress: Progress) -> PolicyCounts:
        counts = PolicyCounts()
        async for page in report(
            graph,
            POLICY_SUMMARIES_ASKED,
            decoder=POLICY_SUMMARIES,
            workload=REPORTS,
            keeps_session=self._answers.keeps_session,
            in_round=budget,
        ):
            counts.flaws += page.flaws
            async for row in sliced(page.rows):
                counts.add(row)
        reading.items = len(counts.policies)
        reading.deployments = counts.deployments()
        progress(reading.items)
        return counts

    async def _take(
        self,
        graph: GraphClient,
        budget: Round,
        now: datetime,
        reading: Reading,
        counts: PolicyCounts,
        wanted: Sequence[Policy],
    ) -> None:
        """Read the devices of the wanted policies, and fill in what all of it means."""
        devices = (await self._fleet()).devices
        reports = FilteredReports(
            POLICY_DEVICES_ASKED, POLICY_DEVICES, EXPORT, graph=graph, budget=budget, answers=self._answers
        )
        outcomes = await _outcomes(_States(reports, now, devices), wanted[:POLICIES_A_ROUND])
        for each in outcomes:
            async for seen in sliced(list(each.found.values()), LIGHT_SLICE):
                reading.observations.append(seen)
                reading.subjects.add(seen.subject_id)
        reading.mark(sum((each.flaws for each in outcomes), counts.flaws))
        _tell(outcomes, len(wanted) - len(outcomes), reading, now)
        if not reading.complete:
            reading.withheld = {(subject, FAMILY) async for subject in sliced(list(reading.subjects), LIGHT_SLICE)}
        read = {each.policy.id for each in outcomes if each.error is None}
        await _conclude(await self._firing(), counts.well(), read, devices, reading)


class _States:
    """On which devices each policy fails, as one poll reads it."""

    def __init__(self, reports: Reports, now: datetime, devices: Devices) -> None:
        self._reports = reports
        self._now = now
        self._devices = devices

    async def begin(self, policies: Sequence[Policy]) -> None:
        """Ask for the first pages in batches, where the tenant allows it."""
        await self._reports.begin([f"{_of(policy)} and {AMISS}" for policy in policies])

    async def read(self, policy: Policy) -> _Outcome:
        """One policy's devices; an error stands for all of them.

        Where the states cannot be asked for, or are not those numbers, the whole policy is read.
        """
        ways = ({"filter": f"{_of(policy)} and {AMISS}"}, {"filter": _of(policy)})
        try:
            outcome = await first_understood(ways, lambda way: self._read(policy, way["filter"]))
            return outcome if outcome.rows or outcome.flaws else await self._read(policy, _of(policy))
        except GraphError as error:
            return _Outcome(policy, error=error)

    async def _read(self, policy: Policy, filter_: str) -> _Outcome:
        outcome = _Outcome(policy)
        async for page in self._reports.pages(filter_):
            outcome.flaws += page.flaws
            async for row in sliced(page.rows, ROWS_SLICE):
                # Graph may send more than was asked for.
                if same(row.policy_id, policy.id):
                    outcome.rows += 1
                    self._take(row, outcome)
        return outcome

    def _take(self, row: PolicyDevice, outcome: _Outcome) -> None:
        status = policy_status(row.policy_status)
        kind = KIND_OF.get(status or "")
        if status is None:
            outcome.flaws += Flaws(values=1, example=f"PolicyStatus: {row.policy_status}")
        elif kind is not None and not has_device(row):
            outcome.flaws += Flaws(rejected=1, example="IntuneDeviceId")
        elif kind is not None:
            device = self._devices.get(row.intune_device_id or "")
            seen = observed(outcome.policy, row, kind, device)
            if not is_too_young(device, self._now) and is_worse(seen, outcome.found.get(seen.subject_id)):
                outcome.found[seen.subject_id] = seen


def _of(policy: Policy) -> str:
    return f"(PolicyId eq '{quoted(policy.id)}')"


async def _outcomes(states: _States, policies: Sequence[Policy]) -> list[_Outcome]:
    """Every policy's devices, asked for at once; the client bounds what is in flight.

    Raises:
        GraphForbidden: none of them may be read.
        SignInError: the token is refused.
    """
    await states.begin(policies)
    found = await asyncio.gather(*map(states.read, policies), return_exceptions=True)
    outcomes = [each for each in found if isinstance(each, _Outcome)]
    for other in found:
        if isinstance(other, BaseException):
            raise other
    refused = [each.error for each in outcomes if isinstance(each.error, GraphForbidden)]
    if refused and len(refused) == len(outcomes):
        raise refused[0]
    return outcomes


async def _conclude(
    firing: Sequence[Known], well: set[str], read: set[str], devices: Devices, reading: Reading
) -> None:
    """What the summary says explicitly, and of what it says nothing; which devices that are not shown are there."""
    async for known in sliced(firing):
        triage = known.triage
        if triage.sub_key not in well and triage.sub_key not in read:
            reading.silent_about.add(triage.sub_key)
        if triage.subject_id in devices or triage.subject_id in reading.subjects:
            reading.present.add(triage.subject_id)
        if triage.sub_key in well:
            reading.cleared.append(
                Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, FIXED)
            )


def _tell(outcomes: Sequence[_Outcome], left: int, reading: Reading, now: datetime) -> None:
    """Say which policies could not be read; one that Graph holds back makes the whole source wait."""
    unread = [(each.policy, each.error) for each in outcomes if each.error is not None]
    if left:
        reading.status, reading.complete = "partial", False
        reading.error = ngettext(
            "{n} policy that fails on few devices was left for later",
            "{n} policies that fail on few devices were left for later",
            left,
        ).format(n=number(left))
    if not unread:
        return
    policy, error = unread[0]
    reading.status, reading.complete = "partial", False
    reading.error = ngettext(
        "The devices of {n} policy could not be read, such as {policy}: {reason}",
        "The devices of {n} policies could not be read, such as {policy}: {reason}",
        len(unread),
    ).format(n=number(len(unread)), policy=policy.name, reason=error.what)
    for _policy, error in unread:
        if isinstance(error, GraphThrottled):
            until = now + timedelta(seconds=min(error.retry_after_s, LONGEST_WAIT_S))
            reading.status, reading.retry_at = "throttled", max(until, reading.retry_at or until)
