"""Service health: which issues matter, how bad they are, and when they are over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.items import Severity
from omconsole.graph import Round
from omconsole.graph.service_shapes import ServiceHealthIssue
from omconsole.signals.reading import Reading
from omconsole.signals.service import POSTS_AT_MOST, ServiceJudge, ServiceSignal, platform_words
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import NOW, SmallGraph, nothing

if TYPE_CHECKING:
    import httpx

MINUTE = timedelta(minutes=1)


def issue(**changes: Any) -> ServiceHealthIssue:
    fields: dict[str, Any] = {
        "id": "IT812345",
        "title": "Users may be unable to enrol",
        "service": "Microsoft Intune",
        "feature": "Device enrollment",
        "classification": "incident",
        "status": "serviceDegradation",
        "is_resolved": False,
        "start_date_time": NOW - 3 * 60 * MINUTE,
        "last_modified_date_time": NOW - MINUTE,
    }
    return ServiceHealthIssue(**{**fields, **changes})


def judged(*issues: ServiceHealthIssue, in_use: tuple[str, ...] = ()) -> Reading:
    reading = Reading(source="service", mode="sweep")
    judge = ServiceJudge(lambda: in_use)
    for each in issues:
        judge(each, reading)
    judge.unmapped.warn(reading)
    return reading


@pytest.mark.parametrize(
    ("changes", "kind", "severity"),
    [
        ({}, "service.incident", Severity.HIGH),
        ({"classification": "Incident", "status": "ServiceInterruption"}, "service.incident", Severity.CRITICAL),
        ({"service": "microsoft entra", "status": "serviceInterruption"}, "service.incident", Severity.CRITICAL),
        ({"service": "Windows", "status": "serviceInterruption"}, "service.incident", Severity.HIGH),
        ({"status": None}, "service.incident", Severity.HIGH),
        ({"classification": "advisory"}, "service.advisory", Severity.LOW),
        ({"classification": "Advisory", "status": "serviceInterruption"}, "service.advisory", Severity.LOW),
    ],
)
def test_kind_and_severity(changes: dict[str, Any], kind: str, severity: Severity) -> None:
    reading = judged(issue(**changes))
    assert [(seen.kind, seen.severity) for seen in reading.observations] == [(kind, severity)]
    assert reading.error is None


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ({"title": "Some ANDROID devices"}, Severity.MEDIUM),
        ({"impact_description": "Users of android\ndevices wait"}, Severity.MEDIUM),
        ({"feature": "Windows Autopilot"}, Severity.MEDIUM),
        ({"title": "Androids dream"}, Severity.LOW),
        ({"title": "macOS devices"}, Severity.LOW),
    ],
)
def test_an_advisory_matters_when_it_names_what_is_in_use(text: dict[str, Any], severity: Severity) -> None:
    advisory = issue(classification="advisory", **text)
    assert judged(advisory, in_use=("Android", "Windows Autopilot")).observations[0].severity is severity


def test_the_fleet_names_its_platforms_as_microsoft_does() -> None:
    assert platform_words(["Windows", "AndroidEnterprise", "iOS", None, ""]) == {"Windows", "Android", "iOS"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"classification": "catastrophe"}, "classification: catastrophe"),
        ({"classification": None}, "classification: –"),
        ({"classification": "unknownFutureValue"}, "classification: unknownFutureValue"),
    ],
)
def test_an_unknown_class_is_medium_and_named(changes: dict[str, Any], named: str) -> None:
    reading = judged(issue(**changes))
    assert reading.observations[0].severity is Severity.MEDIUM
    assert reading.status == "ok"
    assert named in (reading.error or "")


def test_an_unknown_state_is_named_and_hides_nothing() -> None:
    reading = judged(issue(status="onFire"))
    assert reading.observations[0].severity is Severity.HIGH
    assert "status: onFire" in (reading.error or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"is_resolved": True},
        {"is_resolved": None, "status": "ServiceRestored"},
        {"is_resolved": None, "status": "falsePositive"},
        {"is_resolved": True, "last_modified_date_time": NOW - timedelta(days=90)},
    ],
)
def test_what_is_over_is_explicitly_clear(changes: dict[str, Any]) -> None:
    reading = judged(issue(**changes))
    assert reading.observations == []
    assert reading.subjects == {"IT812345"}


def test_an_old_issue_that_is_not_resolved_counts() -> None:
    assert judged(issue(last_modified_date_time=NOW - timedelta(days=90))).observations


def test_what_does_not_manage_devices_is_left_out() -> None:
    reading = judged(issue(service="Exchange Online"))
    assert (reading.observations, reading.subjects) == ([], set())


def row(id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "title": "t",
        "service": "Microsoft Intune",
        "classification": "incident",
        "status": "investigating",
        "isResolved": False,
        "lastModifiedDateTime": "2026-11-22T09:40:00Z",
        **changes,
    }


async def test_an_item_carries_what_microsoft_wrote_newest_first() -> None:
    posts = [
        {"createdDateTime": f"2026-11-21T{hour:02}:00:00Z", "description": {"content": f"<p>{hour}</p>"}}
        for hour in range(14)
    ]
    graph = SmallGraph({"issues": [row("IT1", posts=[*posts, {"description": {"content": ""}}])]})
    seen = (await ServiceSignal().sweep(graph.client, Round(), NOW, nothing)).observations[0]
    assert (seen.subject_type, seen.subject_id, seen.subject_name) == ("serviceIssue", "IT1", "t")
    assert len(seen.facts["posts"]) == POSTS_AT_MOST
    assert seen.facts["posts"][0] == {"createdDateTime": "2026-11-21T13:00:00Z", "description": "<p>13</p>"}
    assert (seen.portal_url or "").endswith("/IT1")


async def test_an_increment_asks_for_what_changed_since() -> None:
    graph = SmallGraph({"issues": [row("IT1")]})
    signal = ServiceSignal()
    await signal.increment(graph.client, Round(), NOW, nothing)
    graph.answers["issues"] = [row("IT1", isResolved=True)]
    reading = await signal.increment(graph.client, Round(), NOW, nothing)
    asked = [request.url.params.get("$filter") for request in graph.tenant.wire.requests]
    assert asked == [None, "lastModifiedDateTime ge 2026-11-22T09:35:00Z"]
    assert (reading.mode, reading.subjects, reading.observations) == ("increment", {"IT1"}, [])


async def test_an_increment_that_graph_does_not_understand_reads_all() -> None:
    graph = SmallGraph({"issues": [row("IT1")]})
    signal = ServiceSignal()
    await signal.sweep(graph.client, Round(), NOW, nothing)
    answers: list[httpx.Response | list[dict[str, Any]]] = [refused(400), [row("IT1")]]
    graph.answers["issues"] = lambda _filter: answers.pop(0)
    reading = await signal.increment(graph.client, Round(), NOW, nothing)
    assert len(reading.observations) == 1
    assert "$filter" not in graph.tenant.wire.requests[-1].url.params
