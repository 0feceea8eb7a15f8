"""Source `compliance`: every failing policy and setting of each device, the causes of `device.compliance` items."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from omconsole.domain.items import Cause
from omconsole.errors import GraphError, GraphForbidden
from omconsole.graph import (
    COMPLIANCE_POLICIES,
    COMPLIANCE_POLICIES_ASKED,
    NONCOMPLIANT_SETTINGS,
    NONCOMPLIANT_SETTINGS_ASKED,
    Flaws,
    pages,
    report,
)
from omconsole.graph.members import COMPLIANCE_STATUS, member_of
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from omconsole.graph import DeviceCompliancePolicy, GraphClient, NoncompliantSetting, Round

NAME = "compliance"
FAMILY = "device.compliance"
FAILING = frozenset({"nonCompliant", "error", "conflict"})

Failing = tuple[str, str | None]
"""The name of a policy, and Graph's name of a setting."""


class ComplianceSignal:
    """Reads why devices are not compliant. It has no items of its own: the devices' items gain their causes.

    The report names policies; the list of policies has their ids, and is read anew each time. When it cannot be read,
    the names known from before count: an id that changes would make another cause of the same policy. A name that no
    policy or more than one has stands for itself, as `name:<name>`.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({"cause.compliance"})

    def __init__(self) -> None:
        self._policies: PolicyNames | None = None

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the whole report, and the names of the policies."""
        reading = Reading(source=NAME, mode="sweep", enriches=FAMILY)
        failing: dict[str, set[Failing]] = {}
        flaws = Flaws()
        async for page in report(
            graph,
            NONCOMPLIANT_SETTINGS_ASKED,
            decoder=NONCOMPLIANT_SETTINGS,
            workload="reports",
            in_round=budget,
        ):
            reading.items += len(page.rows)
            flaws += page.flaws + await self._take(page.rows, failing)
            progress(reading.items)
        names, unread = await self._named(graph, budget)
        reading.mark(flaws + unread)
        await _explain(failing, names, reading)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """The report cannot be asked for changes."""
        return await self.sweep(graph, budget, now, progress)

    async def _take(self, rows: tuple[NoncompliantSetting, ...], failing: dict[str, set[Failing]]) -> Flaws:
        """Keep what fails; Graph may send more than that. A status of no known meaning is a flaw."""
        flaws = Flaws()
        async for row in sliced(rows, LIGHT_SLICE):
            status = member_of(COMPLIANCE_STATUS, row.setting_status)
            if status is None:
                flaws += Flaws(values=1, example=f"SettingStatus: {row.setting_status}")
            elif status in FAILING and not row.policy_name:
                flaws += Flaws(rejected=1, example="PolicyName")
            elif status in FAILING:
                failing.setdefault(row.device_id, set()).add((row.policy_name or "", row.setting_name or None))
        return flaws

    async def _named(self, graph: GraphClient, budget: Round) -> tuple[PolicyNames, Flaws]:
        flaws = Flaws()
        policies: list[DeviceCompliancePolicy] = []
        try:
            async for page in pages(
                graph,
                COMPLIANCE_POLICIES_ASKED.path,
                decoder=COMPLIANCE_POLICIES,
                workload="configuration",
                params=COMPLIANCE_POLICIES_ASKED.params(),
                in_round=budget,
            ):
                policies.extend(page.rows)
                flaws += page.flaws
        except GraphForbidden:
            return self._policies or PolicyNames(()), Flaws()
        except GraphError:
            if self._policies is None:
                raise
            return self._policies, Flaws()
        self._policies = PolicyNames(policies)
        return self._policies, flaws


class PolicyNames:
    """The ids of policies by their names."""

    def __init__(self, policies: Iterable[DeviceCompliancePolicy]) -> None:
        self._ids: defaultdict[str, list[str]] = defaultdict(list)
        for policy in policies:
            if policy.display_name:
                self._ids[policy.display_name.strip()].append(policy.id)

    def id_of(self, name: str) -> str:
        """The id of the policy with this name; `name:<name>` when there is none, or more than one."""
        ids = self._ids.get(name.strip(), ())
        return ids[0] if len(ids) == 1 else f"name:{name}"


async def _explain(failing: dict[str, set[Failing]], names: PolicyNames, reading: Reading) -> None:
    """Fill in the causes, each made once, in one order for all devices."""
    causes: dict[Failing, Cause] = {}
    async for device, settings in sliced(list(failing.items())):
        for policy, setting in settings.difference(causes):
            causes[policy, setting] = Cause("compliance", names.id_of(policy), policy, setting=setting)
        ordered = sorted(settings, key=lambda each: (each[0].casefold(), each[0], each[1] or ""))
        reading.causes[device, FAMILY] = tuple(causes[each] for each in ordered)
