"""What fails of the updates that policies bring, family by family: profiles, the counts by policy, then the devices."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from omconsole.errors import GraphError, GraphForbidden, GraphRejected
from omconsole.graph import Flaws, pages
from omconsole.graph.exports import export_job
from omconsole.graph.members import as_number
from omconsole.graph.update_shapes import (
    FEATURE_FAILED_DEVICE_ROWS,
    FEATURE_FAILURE_ROWS,
    QUALITY_FAILED_DEVICE_ROWS,
    QUALITY_STATE_ROWS,
    UPDATE_PROFILES,
)
from omconsole.graph.update_surface import (
    FEATURE_FAILED_DEVICES,
    FEATURE_FAILURES,
    FEATURE_PROFILES_ASKED,
    QUALITY_FAILED_DEVICES,
    QUALITY_PROFILES_ASKED,
    QUALITY_STATES,
)
from omconsole.i18n import _
from omconsole.signals.filtered_reports import quoted
from omconsole.signals.update_failures import Failures, UpdatePolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from omconsole.graph import GraphClient, Round
    from omconsole.graph.asked import Asked
    from omconsole.graph.reports import ReportDecoder
    from omconsole.graph.update_shapes import DeviceUpdateFailure, UpdatePolicyState
    from omconsole.graph.update_surface import Exported

POLICIES_AT_MOST: Final = 5
"""Failing policies of a family whose devices one sweep asks for. A report costs about six requests of the forty a
minute that exports may take, and a round waits for no more than a second minute."""
_NOT_THERE: Final = frozenset({400, 404})
"""What Graph answers to what a tenant, its licence or its cloud does not have."""


class Family(NamedTuple):
    """One kind of update that a policy brings."""

    profiles: Asked
    policies: Exported
    policy_rows: ReportDecoder[UpdatePolicyState]
    devices: Exported
    device_rows: ReportDecoder[DeviceUpdateFailure]
    policy: Callable[[UpdatePolicyState], tuple[UpdatePolicy, int | None]]
    """A policy, and how many devices fail it; None where Graph does not say it in a number."""
    uncovered: Callable[[], str]
    """The sentence with the place `{reason}`."""


def _feature(row: UpdatePolicyState) -> tuple[UpdatePolicy, int | None]:
    update = ("FeatureUpdateVersion", row.feature_update_version)
    name = row.policy_name or row.policy_id
    return UpdatePolicy(row.policy_id, name, update), as_number(row.number_of_devices_with_errors)


def _quality(row: UpdatePolicyState) -> tuple[UpdatePolicy, int | None]:
    update = ("ExpediteQUReleaseDate", row.expedite_release_date)
    name = row.policy_name or row.policy_id
    return UpdatePolicy(row.policy_id, name, update), as_number(row.count_devices_error_status)


FEATURE: Final = Family(
    FEATURE_PROFILES_ASKED,
    FEATURE_FAILURES,
    FEATURE_FAILURE_ROWS,
    FEATURE_FAILED_DEVICES,
    FEATURE_FAILED_DEVICE_ROWS,
    _feature,
    lambda: _("Feature updates that fail: {reason}"),
)
QUALITY: Final = Family(
    QUALITY_PROFILES_ASKED,
    QUALITY_STATES,
    QUALITY_STATE_ROWS,
    QUALITY_FAILED_DEVICES,
    QUALITY_FAILED_DEVICE_ROWS,
    _quality,
    lambda: _("Expedited quality updates that fail: {reason}"),
)


class Found(msgspec.Struct):
    """What reading one family came to."""

    family: Any
    listed: dict[str, str] | None = None
    """The names of its profiles by id; None while the list is not known whole."""
    policies: dict[str, UpdatePolicy] = {}
    """Those of the report of policies."""
    reported: bool = False
    """The report of policies was read whole."""
    read: dict[str, Failures] = {}
    """By policy: its failures, all of them."""
    damaged: set[str] = set()
    """Policies of whose devices not every row could be read."""
    unread: list[tuple[UpdatePolicy, GraphError]] = []
    put_off: list[UpdatePolicy] = []
    """Failing policies that this sweep has not asked about."""
    flaws: Flaws = Flaws()
    error: GraphError | None = None

    @property
    def is_uncovered(self) -> bool:
        """Graph has no such report here, or this sign-in may not have it."""
        error = self.error
        return isinstance(error, GraphForbidden) or (isinstance(error, GraphRejected) and error.status in _NOT_THERE)

    @property
    def untold(self) -> set[str]:
        """Policies of which nothing is known to have ended."""
        return self.policies.keys() - (self.read.keys() - self.damaged)


class UpdateReports:
    """Reads the families, each sweep anew; of many failing policies in turns.

    A tenant without a profile has nothing to export. Where the profiles are not to be had (they are beta), the reports
    are asked for without them.
    """

    def __init__(self) -> None:
        self._sweeps = 0
        self._last: dict[str, int] = {}
        """By policy: the sweep that last read its devices."""

    async def read(self, graph: GraphClient, budget: Round) -> list[Found]:
        """Every family; what fails stands in it.

        Raises:
            SignInError: the token is refused.
        """
        self._sweeps += 1
        found = [Found(FEATURE), Found(QUALITY)]
        await _together([self._one(each, graph, budget) for each in found])
        return found

    async def _one(self, found: Found, graph: GraphClient, budget: Round) -> None:
        try:
            await _list_profiles(found, graph, budget)
            if found.listed is not None and not found.listed:
                found.reported = True
                return
            await _list_policies(found, graph, budget)
        except GraphError as error:
            found.error = error
            return
        failing = [each for each in found.policies.values() if each.failed]
        failing.sort(key=lambda each: (self._last.get(each.id, 0), -each.failed, each.id))
        wanted, found.put_off = failing[:POLICIES_AT_MOST], failing[POLICIES_AT_MOST:]
        for policy in found.policies.values():
            if not policy.failed:
                found.read[policy.id] = Failures(policy)
        await _together([self._devices(found, policy, graph, budget) for policy in wanted])

    async def _devices(self, found: Found, policy: UpdatePolicy, graph: GraphClient, budget: Round) -> None:
        """The devices that fail one policy; they count only when all have been read."""
        family: Family = found.family
        failures, flaws = Failures(policy), Flaws()
        try:
            async for page in export_job(
                graph,
                family.devices.report_name,
                family.devices.select,
                decoder=family.device_rows,
                filter_=f"(PolicyId eq '{quoted(policy.id)}')",
                in_round=budget,
            ):
                flaws += page.flaws
                for row in page.rows:
                    flaws += failures.add(row)
        except GraphError as error:
            found.unread.append((policy, error))
            return
        self._last[policy.id] = self._sweeps
        if not failures.rows:  # the counts say otherwise
            flaws += Flaws(rejected=1, example=f"{family.devices.report_name}: {policy.failed}")
        found.read[policy.id] = failures
        found.flaws += flaws
        if flaws:
            found.damaged.add(policy.id)


async def _together(parts: Sequence[Any]) -> None:
    """Run them all to their end; then the first error that is not one of Graph's is raised."""
    for each in await asyncio.gather(*parts, return_exceptions=True):
        if isinstance(each, BaseException):
            raise each


async def _list_profiles(found: Found, graph: GraphClient, budget: Round) -> None:
    family: Family = found.family
    listed: dict[str, str] = {}
    flaws = Flaws()
    try:
        async for page in pages(
            graph,
            family.profiles.path,
            decoder=UPDATE_PROFILES,
            workload="configuration",
            version=family.profiles.version,
            params=family.profiles.params(),
            in_round=budget,
        ):
            flaws += page.flaws
            listed.update((row.id, row.display_name or "") for row in page.rows)
    except GraphRejected as refused:
        if refused.status not in _NOT_THERE:
            raise
        return
    found.flaws += flaws
    found.listed = None if flaws else listed


async def _list_policies(found: Found, graph: GraphClient, budget: Round) -> None:
    """The policies with their counts; one may have a row for each update."""
    family: Family = found.family
    flaws = Flaws()
    async for page in export_job(
        graph, family.policies.report_name, family.policies.select, decoder=family.policy_rows, in_round=budget
    ):
        flaws += page.flaws
        for row in page.rows:
            policy, failed = family.policy(row)
            before = found.policies.get(policy.id)
            if failed is None:
                flaws += Flaws(rejected=1, example=f"{family.policies.select[-1]}: –")
            elif before is None or failed > 0:
                name = (found.listed or {}).get(policy.id) or policy.name
                total = failed + (before.failed if before else 0)
                found.policies[policy.id] = msgspec.structs.replace(policy, name=name, failed=total)
    found.flaws += flaws
    found.reported = not flaws
