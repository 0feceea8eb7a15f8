"""Source `compliance`: every failing policy and setting of each device, the causes of `device.compliance` items."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.items import Cause
from omconsole.errors import GraphError, GraphForbidden
from omconsole.graph import (
    COMPLIANCE_POLICIES,
    COMPLIANCE_POLICIES_ASKED,
    NONCOMPLIANT_SETTINGS,
    NONCOMPLIANT_SETTINGS_ASKED,
    Flaws,
    pages,
)
from omconsole.graph.large_reports import whole_report
from omconsole.graph.members import COMPLIANCE_STATUS, member_of
from omconsole.graph.reports import report_total
from omconsole.i18n import ngettext, number
from omconsole.signals.known import nothing_known
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, NoncompliantSetting, Round
    from omconsole.signals.known import Firing

NAME = "compliance"
EXPORT = "NoncompliantDevicesAndSettings"
FAMILY = "device.compliance"
FAILING = frozenset({"nonCompliant", "error", "conflict"})

Failing = tuple[str, str | None]
"""The name of a policy, and Graph's name of a setting."""


class ComplianceSignal:
    """Reads why devices are not compliant. It has no items of its own: the devices' items gain their causes.

    The report names policies; the list of policies has their ids, and is read anew each time. A name that no policy
    or more than one has stands for itself, as `name:<name>`.

    An id that changes would make another cause of the same policy. So when the list cannot be read whole, the names
    known from before count, those of firing items among them, with what could be read laid over. Devices with a policy
    that has no name then are left out of the reading, which is partial. Only who may not read the list, and never
    could, has nothing but names.

    Args:
        firing: the firing items that have such causes.
        answers: what the tenant is known to do.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({"cause.compliance"})

    def __init__(self, firing: Firing = nothing_known, *, answers: Answers = UNANSWERED) -> None:
        self._firing = firing
        self._answers = answers
        self._known: dict[str, str] = {}
        """The policies' ids by their names, as last read."""
        self._rows: int | None = None
        """Rows of the report, as last read whole; None when it was not."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the whole report, and the names of the policies."""
        reading = Reading(source=NAME, mode="sweep", enriches=FAMILY)
        failing: dict[str, set[Failing]] = {}
        flaws = Flaws()
        async for page in whole_report(
            graph,
            NONCOMPLIANT_SETTINGS_ASKED,
            decoder=NONCOMPLIANT_SETTINGS,
            workload="reports",
            export=EXPORT,
            keeps_session=self._answers.keeps_session,
            in_round=budget,
        ):
            reading.items += len(page.rows)
            flaws += page.flaws + await self._take(page.rows, failing)
            progress(reading.items)
        names = await self._named(graph, budget)
        reading.mark(flaws + names.flaws)
        await _explain(failing, names, reading)
        self._rows = reading.items if reading.complete else None
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read how long the report is, and the whole of it when it has grown or shrunk, or when an item has no reason.

        The report cannot be asked for changes. What changes without changing its length waits for the next sweep.
        """
        if self._rows is None or await self._lacks_reasons():
            return await self.sweep(graph, budget, now, progress)
        rows = await report_total(graph, NONCOMPLIANT_SETTINGS_ASKED, workload="reports", in_round=budget)
        if rows != self._rows:
            return await self.sweep(graph, budget, now, progress)
        progress(rows)
        return Reading(source=NAME, mode="increment", enriches=FAMILY, items=rows)

    async def _lacks_reasons(self) -> bool:
        """Tells whether a device fires of which no reason is known."""
        async for known in sliced(await self._firing()):
            if known.triage.family == FAMILY and not (known.seen and known.seen.causes):
                return True
        return False

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

    async def _named(self, graph: GraphClient, budget: Round) -> PolicyNames:
        listed: defaultdict[str, set[str]] = defaultdict(set)
        nameless: set[str] = set()
        flaws = Flaws()
        failed: GraphError | None = None
        try:
            async for page in pages(
                graph,
                COMPLIANCE_POLICIES_ASKED.path,
                decoder=COMPLIANCE_POLICIES,
                workload="configuration",
                params=COMPLIANCE_POLICIES_ASKED.params(),
                in_round=budget,
            ):
                flaws += page.flaws
                for policy in page.rows:
                    if policy.display_name:
                        listed[policy.display_name.strip()].add(policy.id)
                    else:
                        nameless.add(policy.id)
        except GraphError as error:
            failed = error
        for name, id_ in (await self._names_of(nameless)).items():
            listed[name].add(id_)
        fresh = {name: min(ids) if len(ids) == 1 else by_name(name) for name, ids in listed.items()}
        if failed is None and not flaws:
            self._known = fresh
            return PolicyNames(fresh, whole=True)
        self._known = laid_over({**await self._learned(), **self._known}, fresh)
        if isinstance(failed, GraphForbidden) and all(map(is_by_name, self._known.values())):
            return PolicyNames(self._known, whole=True)
        if failed is not None and not self._known:
            raise failed
        return PolicyNames(self._known, whole=False, flaws=flaws)

    async def _names_of(self, nameless: set[str]) -> dict[str, str]:
        """The names that policies had, of which an answer tells no name."""
        known = {**await self._learned(), **self._known} if nameless else {}
        return {name: id_ for name, id_ in known.items() if id_ in nameless}

    async def _learned(self) -> dict[str, str]:
        """What the firing items call the policies: known to the process that gave them these causes."""
        learned: dict[str, str] = {}
        async for known in sliced(await self._firing()):
            for cause in known.seen.causes if known.seen is not None else ():
                if cause.type == "compliance" and is_by_name(learned.get(cause.name.strip(), by_name(""))):
                    learned[cause.name.strip()] = cause.id
        return learned


class PolicyNames(msgspec.Struct, frozen=True):
    """The ids of policies by their names; a list that is not whole says nothing of a name that it does not have."""

    ids: dict[str, str]
    whole: bool
    flaws: Flaws = Flaws()

    def id_of(self, name: str) -> str | None:
        """The id of the policy with this name; `name:<name>` when there is none, None when that is not known."""
        return self.ids.get(name.strip(), by_name(name.strip()) if self.whole else None)


def by_name(name: str) -> str:
    """What stands for a policy whose id the name does not tell."""
    return f"name:{name}"


def is_by_name(id_: str) -> bool:
    """Tells whether a name stands for the policy."""
    return id_.startswith(by_name(""))


def laid_over(known: Mapping[str, str], fresh: Mapping[str, str]) -> dict[str, str]:
    """The names of a list that is not whole over those known before: it gives ids, and takes none away."""
    given = {
        name: id_
        for name, id_ in fresh.items()
        if name not in known or not (is_by_name(id_) or is_by_name(known[name]))
    }
    return {**known, **given}


async def _explain(failing: dict[str, set[Failing]], names: PolicyNames, reading: Reading) -> None:
    """Fill in the causes, each made once, in one order for all devices; leave out who fails a policy without an id."""
    causes: dict[Failing, Cause | None] = {}
    unnamed: list[str] = []
    async for device, settings in sliced(list(failing.items())):
        for policy, setting in settings.difference(causes):
            id_ = names.id_of(policy)
            causes[policy, setting] = None if id_ is None else Cause("compliance", id_, policy, setting=setting)
        ordered = sorted(settings, key=lambda each: (each[0].casefold(), each[0], each[1] or ""))
        told = tuple(cause for each in ordered if (cause := causes[each]) is not None)
        if len(told) == len(ordered):
            reading.causes[device, FAMILY] = told
        else:
            unnamed.append(next(each[0] for each in ordered if causes[each] is None))
    if unnamed:
        reading.status, reading.complete = "partial", False
        reading.error = reading.error or ngettext(
            "The list of policies could not be read, so why {n} device is not compliant stays as it was known; it"
            " lacks the policy {policy}.",
            "The list of policies could not be read, so why {n} devices are not compliant stays as it was known; it"
            " lacks policies such as {policy}.",
            len(unnamed),
        ).format(n=number(len(unnamed)), policy=unnamed[0])
