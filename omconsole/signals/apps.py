"""Source `apps`: required apps that failed to install, one item per app and device (or user)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.triage import FIXED
from omconsole.errors import GraphError, GraphForbidden, GraphThrottled
from omconsole.graph import (
    APP_INSTALL_SUMMARIES,
    APP_INSTALL_SUMMARIES_ASKED,
    DEVICE_APP_INSTALLATIONS,
    DEVICE_APP_INSTALLATIONS_ASKED,
    MOBILE_APPS,
    MOBILE_APPS_ASKED,
    Flaws,
    MobileApp,
    pages,
    report,
)
from omconsole.graph.throttling import LONGEST_WAIT_S
from omconsole.i18n import ngettext
from omconsole.signals.app_summary import Summary
from omconsole.signals.filtered_reports import REPORTS, FilteredReports, quoted
from omconsole.signals.installations import (
    KIND,
    SOURCE,
    App,
    has_failed,
    is_required,
    is_too_young,
    observed,
    platform_of,
    subject_of,
    tells_assignments,
)
from omconsole.signals.known import nothing_known
from omconsole.signals.reading import Cleared, Progress, Reading
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence
    from datetime import datetime

    from omconsole.domain.answers import Answers
    from omconsole.domain.items import Observation
    from omconsole.graph import (
        DeviceAppInstallation,
        GraphClient,
        ManagedDevice,
        Round,
    )
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing, Known

    Devices = Mapping[str, ManagedDevice]
    Reports = FilteredReports[DeviceAppInstallation]

NAME = SOURCE
EXPORT: Final = "DeviceInstallStatusByApp"
FAILED_NUMBER: Final = 2
"""`failed` among the resultantAppStates, as the filter wants it."""
ROWS_SLICE = 100
"""Rows made observations between two turns of the loop (about 1 ms)."""


class Swept(msgspec.Struct, frozen=True):
    """What was read last, for the increments that follow."""

    summary: Summary
    required: Mapping[str, MobileApp]


class _Outcome(msgspec.Struct):
    """What reading one app's failed installations came to."""

    app: App
    flaws: Flaws = Flaws()
    error: GraphError | None = None


class AppsSignal:
    """Reads the summary of all apps, then the failed installations of each required app that has any.

    The summary is asked for without a filter: it is a page or two, and so every app speaks for itself. How the clear
    rule holds, although only apps that failed somewhere are looked at any further:

    - A required app of which the summary says that it failed nowhere clears its items explicitly.
    - A device that still fails with one app and is not in the whole list of another is explicitly clear of that one.
    - Of an app that is neither in the summary nor looked at nothing is said: one that a summary leaves out once keeps
      its items.
    - Any other item ends when two whole sweeps do not show it, as the poller counts them: fixed when the device is
      still there, else gone. An app that is deleted or no longer required ends that way too.
    - When one app's list cannot be read, the reading is partial: nothing follows from absence, for no app.

    Args:
        fleet: the devices as last read.
        firing: the source's items that fire.
        answers: what the tenant is known to do.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementApps.Read.All",)
    kinds: frozenset[str] = frozenset({KIND, "cause.app"})

    def __init__(
        self, fleet: Callable[[], Awaitable[Fleet]], firing: Firing = nothing_known, *, answers: Answers = UNANSWERED
    ) -> None:
        self._fleet = fleet
        self._firing = firing
        self._answers = answers
        self._known: Swept | None = None
        """What the last whole sweep and the increments since have read."""

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the summary, what the apps are required for, and what failed."""
        reading = Reading(source=NAME, mode="sweep")
        summary = await self._summary(graph, budget)
        reading.items = len(summary.apps)
        progress(reading.items)
        apps, unread = await self._apps(graph, budget)
        summary.flaws += unread
        required = {id_: app for id_, app in apps.items() if is_required(app)}
        await self._take(graph, budget, now, reading, summary, required, summary.failing() & required.keys())
        self._known = Swept(summary, required) if reading.complete else None
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the summary, and the failures of the apps of which it counts others than before.

        Reports cannot be asked for changes. What changes without changing a count waits for the next sweep; so do
        apps that are new.
        """
        if self._known is None:
            return await self.sweep(graph, budget, now, progress)
        reading = Reading(source=NAME, mode="increment")
        summary, before = await self._summary(graph, budget), self._known
        reading.items = len(summary.apps)
        progress(reading.items)
        changed = {id_ for id_ in before.required if summary.failed(id_) != before.summary.failed(id_)}
        await self._take(graph, budget, now, reading, summary, before.required, summary.failing() & changed)
        if reading.status == "ok":
            self._known = Swept(summary, before.required)
        return reading

    async def _take(
        self,
        graph: GraphClient,
        budget: Round,
        now: datetime,
        reading: Reading,
        summary: Summary,
        required: Mapping[str, MobileApp],
        wanted: Collection[str],
    ) -> None:
        """Read the failures of the wanted apps, and fill in what all of it means."""
        apps = [_as_app(required[id_]) for id_ in summary.apps if id_ in wanted]
        devices = (await self._fleet()).devices
        reports = FilteredReports(
            DEVICE_APP_INSTALLATIONS_ASKED,
            DEVICE_APP_INSTALLATIONS,
            EXPORT,
            graph=graph,
            budget=budget,
            answers=self._answers,
        )
        outcomes = await _failures(reports, now, apps, devices, reading)
        reading.mark(sum((each.flaws for each in outcomes), summary.flaws))
        _tell(outcomes, reading, now)
        if not reading.complete:
            reading.withheld = {(subject, KIND) async for subject in sliced(list(reading.subjects), LIGHT_SLICE)}
        # A row that could not be read may be that of the platform on which an app fails.
        fixed = {id_ for id_ in required if summary.failed(id_) == 0} if not summary.flaws else set[str]()
        read = {each.app.id for each in outcomes if each.error is None}
        await _conclude(await self._firing(), fixed, read, devices, reading)
        if not summary.flaws:
            reading.deployments = [each for app in required.values() if (each := summary.deployment(app))]

    async def _summary(self, graph: GraphClient, budget: Round) -> Summary:
        """The counts of each app; one has a row for each platform or version."""
        summary = Summary()
        async for page in report(
            graph,
            APP_INSTALL_SUMMARIES_ASKED,
            decoder=APP_INSTALL_SUMMARIES,
            workload=REPORTS,
            keeps_session=self._answers.keeps_session,
            in_round=budget,
        ):
            summary.flaws += page.flaws
            async for row in sliced(page.rows):
                summary.add(row)
        return summary

    async def _apps(self, graph: GraphClient, budget: Round) -> tuple[dict[str, MobileApp], Flaws]:
        """The tenant's apps; one whose assignments Graph does not tell is a flaw, since it may be required."""
        apps: dict[str, MobileApp] = {}
        flaws = Flaws()
        async for page in pages(
            graph,
            MOBILE_APPS_ASKED.path,
            decoder=MOBILE_APPS,
            workload="applications",
            params={**MOBILE_APPS_ASKED.params(), "$expand": "assignments"},
            in_round=budget,
        ):
            flaws += page.flaws
            apps.update((app.id, app) for app in page.rows)
            untold = sum(not tells_assignments(app) for app in page.rows)
            flaws += Flaws(values=untold, example="assignments" if untold else "")
        return apps, flaws


async def _failures(
    reports: Reports, now: datetime, apps: Sequence[App], devices: Devices, reading: Reading
) -> list[_Outcome]:
    """Every app's failures, asked for at once; the client bounds what is in flight."""

    async def one(app: App) -> _Outcome:
        outcome = _Outcome(app)
        try:
            await _read(reports, now, outcome, devices, reading)
        except GraphError as error:
            outcome.error = error
        return outcome

    await reports.begin([filter_of(app) for app in apps])
    found = await asyncio.gather(*(one(app) for app in apps), return_exceptions=True)
    outcomes = [each for each in found if isinstance(each, _Outcome)]
    for other in found:
        if isinstance(other, BaseException):
            raise other
    if outcomes and all(isinstance(each.error, GraphForbidden) for each in outcomes):
        assert outcomes[0].error is not None
        raise outcomes[0].error
    return outcomes


async def _read(reports: Reports, now: datetime, outcome: _Outcome, devices: Devices, reading: Reading) -> None:
    """One app's failed installations; they count only when all have been read."""
    newest: dict[tuple[str, str], Observation] = {}
    async for page in reports.pages(filter_of(outcome.app)):
        outcome.flaws += page.flaws
        async for row in sliced(page.rows, ROWS_SLICE):
            subject = subject_of(row)
            if not _counts(row, subject, outcome) or subject is None:
                continue
            device = devices.get(subject[1])
            seen = observed(outcome.app, row, subject, device)
            if not is_too_young(device, now) and _is_newer(seen, newest.get(subject)):
                newest[subject] = seen
    async for seen in sliced(list(newest.values()), LIGHT_SLICE):
        reading.observations.append(seen)
        reading.subjects.add(seen.subject_id)


def _counts(row: DeviceAppInstallation, subject: tuple[str, str] | None, outcome: _Outcome) -> bool:
    """Tells whether a row is a failure of somebody; Graph may send others than were asked for."""
    failed = has_failed(row)
    if failed is None:
        outcome.flaws += Flaws(values=1, example=f"AppInstallState: {row.app_install_state}")
    elif failed and subject is None:
        outcome.flaws += Flaws(rejected=1, example="DeviceId")
    return bool(failed)


async def _conclude(
    firing: Sequence[Known], fixed: set[str], read: set[str], devices: Devices, reading: Reading
) -> None:
    """What the summary says explicitly, and of what it says nothing; which devices that are not shown are there."""
    async for known in sliced(firing):
        triage = known.triage
        if triage.sub_key not in fixed and triage.sub_key not in read:
            reading.silent_about.add(triage.sub_key)
        if triage.subject_id in devices or triage.subject_id in reading.subjects:
            reading.present.add(triage.subject_id)
        if triage.sub_key in fixed:
            reading.cleared.append(
                Cleared(triage.subject_type, triage.subject_id, triage.sub_key, triage.family, FIXED)
            )


def filter_of(app: App) -> str:
    """What asks for one app's failed installations, in the report's grammar."""
    return f"(ApplicationId eq '{quoted(app.id)}') and (AppInstallState eq '{FAILED_NUMBER}')"


def _as_app(app: MobileApp) -> App:
    return App(app.id, app.display_name or app.id, platform_of(app))


def _is_newer(seen: Observation, before: Observation | None) -> bool:
    if before is None or before.evidence_at is None:
        return True
    return seen.evidence_at is not None and seen.evidence_at > before.evidence_at


def _tell(outcomes: list[_Outcome], reading: Reading, now: datetime) -> None:
    """Say which apps could not be read; one that Graph holds back makes the whole source wait."""
    unread = [(each.app, each.error) for each in outcomes if each.error is not None]
    if not unread:
        return
    app, error = unread[0]
    reading.status, reading.complete = "partial", False
    reading.error = ngettext(
        "The failures of {n} app could not be read, such as {app}: {reason}",
        "The failures of {n} apps could not be read, such as {app}: {reason}",
        len(unread),
    ).format(n=len(unread), app=app.name, reason=error.what)
    for _app, error in unread:
        if isinstance(error, GraphThrottled):
            until = now + timedelta(seconds=min(error.retry_after_s, LONGEST_WAIT_S))
            reading.status, reading.retry_at = "throttled", max(until, reading.retry_at or until)
