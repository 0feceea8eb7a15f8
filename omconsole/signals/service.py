"""Source `service`: Microsoft's service health, what is broken on their side (M6)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from omconsole.domain.answers import UNANSWERED
from omconsole.domain.instants import iso
from omconsole.domain.items import Observation, Severity
from omconsole.graph import pages
from omconsole.graph.service_shapes import SERVICE_ISSUES, ServiceHealthIssue
from omconsole.graph.tenant_surface import SERVICE_ISSUES_ASKED
from omconsole.signals.asking import first_understood
from omconsole.signals.messages import WORKLOAD
from omconsole.signals.reading import Mode, Progress, Reading
from omconsole.signals.relevance import ISSUES_FILTER, VITAL, concerns_devices
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from omconsole.domain.answers import Answers
    from omconsole.graph import GraphClient, Round

NAME: Final = "service"
OVERLAP: Final = timedelta(minutes=5)
POSTS_AT_MOST: Final = 10
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)

_INTERRUPTED: Final = "serviceinterruption"
_OVER: Final = frozenset(
    {
        *("serviceoperational", "servicerestored", "postincidentreviewpublished", "falsepositive", "resolved"),
        *("resolvedexternal", "mitigated", "mitigatedexternal"),
    }
)
"""States that mean the end where `isResolved` is not given."""
_STATUSES: Final = frozenset(each.casefold() for each in SERVICE_ISSUES_ASKED.enums["status"])


def nothing_in_use() -> Collection[str]:
    """For a console that does not know the fleet yet."""
    return ()


class ServiceSignal:
    """Reads incidents and advisories; keeps those of the services that manage devices.

    Args:
        in_use: names of the platforms and features that the tenant uses; an advisory that names one is medium.
        answers: what the tenant is known to do; where it filters by service, the issues of others stay there.
    """

    name = NAME
    asks: tuple[str, ...] = ("ServiceHealth.Read.All",)
    kinds: frozenset[str] = frozenset({"service.incident", "service.advisory"})

    def __init__(
        self, in_use: Callable[[], Collection[str]] = nothing_in_use, *, answers: Answers = UNANSWERED
    ) -> None:
        self._in_use = in_use
        self._ways: list[Mapping[str, str]] = [{"$filter": ISSUES_FILTER}, {}] if answers.filters_issues else [{}]
        self._newest: datetime | None = None

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read every issue that Microsoft still shows."""

        async def read(options: Mapping[str, str]) -> Reading:
            return await self._read(graph, budget, "sweep", options, progress)

        return await first_understood(self._ways, read)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read the issues changed since the newest known; when Graph does not understand that, read all."""
        if self._newest is None:
            return await self.sweep(graph, budget, now, progress)
        since = min(self._newest, now) - OVERLAP

        async def read(options: Mapping[str, str]) -> Reading:
            return await self._read(graph, budget, "increment", options, progress)

        return await first_understood([{"$filter": f"lastModifiedDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"}, {}], read)

    async def _read(
        self,
        graph: GraphClient,
        budget: Round,
        mode: Mode,
        asked: Mapping[str, str],
        progress: Progress,
    ) -> Reading:
        reading = Reading(source=NAME, mode=mode)
        judge = ServiceJudge(self._in_use)
        changed = [self._newest] if self._newest else []
        async for page in pages(
            graph,
            SERVICE_ISSUES_ASKED.path,
            decoder=SERVICE_ISSUES,
            workload=WORKLOAD,
            params={**SERVICE_ISSUES_ASKED.params(), **asked},
            in_round=budget,
        ):
            changed += [row.last_modified_date_time for row in page.rows if row.last_modified_date_time is not None]
            for row in page.rows:
                judge(row, reading)
            reading.items = len(reading.subjects)
            reading.mark(page.flaws)
            progress(reading.items)
        judge.unmapped.warn(reading)
        self._newest = max(changed, default=None)
        return reading


class ServiceJudge:
    """The rules over one issue of service health. Pure but for the reading that it fills."""

    def __init__(self, in_use: Callable[[], Collection[str]]) -> None:
        self._words_in_use = in_use
        self.unmapped = Unmapped()

    @cached_property
    def _in_use(self) -> re.Pattern[str] | None:
        """What is in use as whole words, in any case; looked for when the first advisory needs it."""
        named = sorted(filter(None, self._words_in_use()))
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, named))})\b", re.IGNORECASE) if named else None

    def __call__(self, issue: ServiceHealthIssue, reading: Reading) -> None:
        """Add what the issue means; one that is over is read, and shows nothing."""
        if not concerns_devices([issue.service] if issue.service else None):
            return
        reading.subjects.add(issue.id)
        if not is_over(issue):
            reading.observations.append(self._observation(issue))

    def _verdict(self, issue: ServiceHealthIssue) -> tuple[str, Severity]:
        """Kind and severity (design.md §3)."""
        status, kind = (issue.status or "").casefold(), (issue.classification or "").casefold()
        if status and status not in _STATUSES:
            self.unmapped.add("status", issue.status or "")
        if kind == "incident":
            vital = (issue.service or "").casefold() in VITAL
            return "service.incident", Severity.CRITICAL if vital and status == _INTERRUPTED else Severity.HIGH
        if kind == "advisory":
            return "service.advisory", Severity.MEDIUM if self._names_what_is_in_use(issue) else Severity.LOW
        self.unmapped.add("classification", issue.classification or "–")
        return "service.advisory", Severity.MEDIUM

    def _names_what_is_in_use(self, issue: ServiceHealthIssue) -> bool:
        if self._in_use is None:
            return False
        texts = (issue.title, issue.impact_description, issue.feature, issue.feature_group)
        return any(text and self._in_use.search(text) for text in texts)

    def _observation(self, issue: ServiceHealthIssue) -> Observation:
        kind, severity = self._verdict(issue)
        return Observation(
            kind=kind,
            source=NAME,
            severity=severity,
            subject_type="serviceIssue",
            subject_id=issue.id,
            subject_name=issue.title or issue.id,
            evidence_at=issue.last_modified_date_time,
            first_seen=issue.start_date_time,
            facts={
                "service": issue.service,
                "feature": issue.feature,
                "featureGroup": issue.feature_group,
                "classification": issue.classification,
                "status": issue.status,
                "impactDescription": issue.impact_description,
                "startDateTime": iso(issue.start_date_time),
                "endDateTime": iso(issue.end_date_time),
                "lastModifiedDateTime": iso(issue.last_modified_date_time),
                "posts": posts_of(issue),
            },
            portal_url=f"https://admin.microsoft.com/Adminportal/Home#/servicehealth/:/alerts/{issue.id}",
        )


def is_over(issue: ServiceHealthIssue) -> bool:
    """Microsoft says that it is resolved, or its state says so where that is not given."""
    if issue.is_resolved is not None:
        return issue.is_resolved
    return (issue.status or "").casefold() in _OVER


def posts_of(issue: ServiceHealthIssue) -> list[dict[str, str | None]]:
    """The newest posts first, as sanitised text or HTML."""
    written = [
        (post.created_date_time, post.description.content)
        for post in issue.posts or ()
        if post.description is not None and post.description.content
    ]
    return [
        {"createdDateTime": iso(at), "description": text}
        for at, text in sorted(written, key=lambda each: each[0] or _NEVER, reverse=True)[:POSTS_AT_MOST]
    ]


def platform_words(systems: Iterable[str | None]) -> frozenset[str]:
    """The platforms as Microsoft's texts name them, by the operating systems of devices (`AndroidEnterprise`)."""
    return frozenset("Android" if name.casefold().startswith("android") else name for name in systems if name)
