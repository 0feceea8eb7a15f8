"""Source `osupdates`: Windows updates that fail, one item per policy and error, and update rings that are paused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.errors import GraphThrottled
from omconsole.graph import Flaws
from omconsole.graph.throttling import LONGEST_WAIT_S
from omconsole.i18n import _, ngettext, number
from omconsole.signals.known import nothing_known
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.update_failures import FAILED
from omconsole.signals.update_reports import UpdateReports
from omconsole.signals.update_rings import PAUSED, SOURCE, read_rings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omconsole.errors import GraphError
    from omconsole.graph import GraphClient, Round
    from omconsole.signals.known import Firing
    from omconsole.signals.update_failures import UpdatePolicy
    from omconsole.signals.update_reports import Found


class UpdatesSignal:
    """Reads the update rings, then what fails of feature updates and of expedited quality updates.

    A failure is one item per policy and error, whatever the number of devices: the item is what a cause is elsewhere.
    How the clear rule holds:

    - A ring that says that nothing is paused, or whose pause has come to its end, is explicitly clear.
    - A policy whose devices were all read, or that no device fails, is explicitly clear of every other error.
    - A policy that the report of policies no longer names, in a reading that is whole, ends by its absence: fixed
      while its profile is there, else gone.
    - Of any other policy nothing is said: a report that is refused, damaged or put off ends nothing.

    What a tenant does not have, or this sign-in may not read, is said as not covered; the rest stays as it is.

    Args:
        firing: the source's items that fire.
    """

    name = SOURCE
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({FAILED, PAUSED, "cause.osupdate"})

    def __init__(self, firing: Firing = nothing_known) -> None:
        self._firing = firing
        self._reports = UpdateReports()
        self._uncovered: tuple[str, ...] | None = None
        """What the last sweep could not cover; None before the first."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the rings, the profiles and the reports."""
        reading = Reading(source=SOURCE, mode="sweep")
        rings = await read_rings(graph, budget, now, reading)
        progress(reading.items)
        found = await self._reports.read(graph, budget)
        for each in found:
            _take(each, reading)
        progress(reading.items)
        ring_flaws = reading.error
        reading.mark(sum((each.flaws for each in found), Flaws()))
        reading.error = ring_flaws or reading.error
        for each in found:
            _tell(each, reading, now)
        if rings:
            reading.uncovered += (
                _("Quality updates that fail on the devices of a ring: Microsoft Graph reports expedited ones alone."),
            )
        firing = {known.triage.subject_id for known in await self._firing() if known.triage.kind == FAILED}
        _conclude(firing, found, reading)
        self._uncovered = reading.uncovered
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the rings alone: the reports are exported, and the devices behind them report every eight hours."""
        if self._uncovered is None:
            return await self.sweep(graph, budget, now, progress)
        reading = Reading(source=SOURCE, mode="increment")
        await read_rings(graph, budget, now, reading)
        progress(reading.items)
        reading.uncovered = self._uncovered
        return reading


def _take(found: Found, reading: Reading) -> None:
    """What fails of one family; a policy of which rows are missing ends nothing."""
    reading.items += len(found.policies)
    for policy, failures in found.read.items():
        reading.subjects.add(policy)
        reading.observations.extend(failures.observations())
        if policy in found.damaged:
            reading.withheld.add((policy, FAILED))


def _conclude(firing: set[str], found: Sequence[Found], reading: Reading) -> None:
    """Which firing policies nothing is said about, and which of those that are not shown are still there."""
    read = {policy for each in found for policy in each.read}
    untold = {policy for each in found for policy in each.untold}
    lists = [each.listed for each in found if each.listed is not None]
    listed = {policy for each in lists for policy in each}
    for policy in firing - read:
        is_gone = len(lists) == len(found) and policy not in listed
        if policy not in untold and (is_gone or all(each.reported for each in found)):
            if not is_gone:
                reading.present.add(policy)
        else:
            reading.subjects.add(policy)
            reading.withheld.add((policy, FAILED))


def _tell(found: Found, reading: Reading, now: datetime) -> None:
    """Say what is not covered, and what could not be read."""
    if found.error is not None and found.is_uncovered:
        reading.uncovered += (found.family.uncovered().format(reason=found.error.what),)
    elif found.error is not None:
        _is_partial(
            _("What fails of Windows updates could not be read: {reason}").format(reason=found.error.what), reading
        )
        _waits(found.error, reading, now)
    for index, (policy, error) in enumerate(found.unread):
        if not index:
            _is_partial(_unread(policy, error, len(found.unread)), reading)
        _waits(error, reading, now)
    if found.put_off:
        _is_partial(_put_off(found.put_off), reading)


def _unread(policy: UpdatePolicy, error: GraphError, count: int) -> str:
    return ngettext(
        "The failures of {n} update policy could not be read, such as {policy}: {reason}",
        "The failures of {n} update policies could not be read, such as {policy}: {reason}",
        count,
    ).format(n=number(count), policy=policy.name, reason=error.what)


def _put_off(policies: Sequence[UpdatePolicy]) -> str:
    return ngettext(
        "The failures of {n} update policy come with the next poll: {policy}.",
        "The failures of {n} update policies come with the next polls, such as {policy}.",
        len(policies),
    ).format(n=number(len(policies)), policy=policies[0].name)


def _is_partial(words: str, reading: Reading) -> None:
    reading.status = "partial" if reading.status == "ok" else reading.status
    reading.complete = False
    reading.error = reading.error or words


def _waits(error: GraphError, reading: Reading, now: datetime) -> None:
    """What Graph holds back makes the whole source wait."""
    if isinstance(error, GraphThrottled):
        until = now + timedelta(seconds=min(error.retry_after_s, LONGEST_WAIT_S))
        reading.status, reading.retry_at = "throttled", max(until, reading.retry_at or until)
