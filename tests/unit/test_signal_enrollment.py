"""Source `enrollment`: whose enrolment failed, and when that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.cause_words import category_word
from omconsole.domain.items import Cause, Item, Observation, Severity
from omconsole.domain.words import title
from omconsole.graph import Round
from omconsole.signals.enrollment import EnrollmentSignal, same_platform
from omconsole.signals.known import Known
from omconsole.signals.names import UserNames
from omconsole.signals.reading import Cleared
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import DAY, HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, triage_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from omconsole.graph import ManagedDevice
    from omconsole.signals.known import Firing
    from omconsole.signals.reading import Reading

EVENTS = "troubleshootingEvents"
BATCH = "$batch"
DEPLOYMENTS = "autopilotEvents"
NOBODY = "00000000-0000-0000-0000-000000000000"
FAMILY = "enrollment.failed"
TROUBLESHOOTING_CATEGORIES = (
    *("unknown", "authentication", "authorization", "accountValidation", "userValidation", "deviceNotSupported"),
    *("inMaintenance", "badRequest", "featureNotSupported", "enrollmentRestrictionsEnforced", "clientDisconnected"),
    *("userAbandonment", "autopilot"),
)


def event(id_: str, ago: timedelta = HOUR, **changes: Any) -> dict[str, Any]:
    at: datetime = NOW - ago
    row = {
        "@odata.type": "#microsoft.graph.enrollmentTroubleshootingEvent",
        "id": id_,
        "correlationId": "c",
        "eventDateTime": at.isoformat(),
        "failureCategory": "userValidation",
        "failureReason": "UserLicenseTypeInvalid",
        "enrollmentType": "windowsAutoEnrollment",
        "managedDeviceIdentifier": None,
        "deviceId": None,
        "userId": "u1",
        "operatingSystem": "Windows",
        "osVersion": "10.0",
    }
    return {**row, **changes}


async def read(
    graph: SmallGraph, *devices: ManagedDevice, known: Firing | None = None, names: UserNames | None = None
) -> Reading:
    signal = EnrollmentSignal(fleet_of(*devices), known or firing(), names)
    return await signal.sweep(graph.client, Round(), NOW, nothing)


def questions(graph: SmallGraph) -> list[str]:
    """What was asked beside the deployments of Autopilot."""
    return [name for name, _filter in graph.asked if name != DEPLOYMENTS]


def deployment(id_: str = "a1", ago: timedelta = HOUR, **changes: Any) -> dict[str, Any]:
    row = {
        "id": id_,
        "deviceId": "m1",
        "userId": "u1",
        "userPrincipalName": "ann@contoso.example",
        "managedDeviceName": "DESKTOP-1",
        "deviceSerialNumber": "S1",
        "osVersion": "10.0.26100",
        "eventDateTime": (NOW - ago).isoformat(),
        "enrollmentState": "failed",
        "deploymentState": "failure",
        "deviceSetupStatus": "failure",
        "accountSetupStatus": "notAttempted",
        "enrollmentFailureDetails": "Enrollment failed with error 0x80180014.",
    }
    return {**row, **changes}


async def deployed(*rows: dict[str, Any], events: Any = (), known: Firing | None = None) -> Reading:
    return await read(SmallGraph({EVENTS: list(events), DEPLOYMENTS: list(rows)}), known=known)


async def kept(*events: dict[str, Any]) -> tuple[Observation, ...]:
    return tuple((await read(SmallGraph({EVENTS: list(events)}))).observations)


async def test_the_newest_failure_of_a_user_and_platform_is_one_item() -> None:
    events = [
        event("e1", 3 * HOUR, failureReason="Other"),
        event("e2", HOUR),
        event("e3", 2 * HOUR, failureReason="Other"),
        event("e4", HOUR, operatingSystem="iOS"),
        event("e5", HOUR, managedDeviceIdentifier="m1"),
    ]
    known = device("d9", user_id="u1", user_principal_name="ann@contoso.example")
    reading = await read(SmallGraph({EVENTS: events}), known)
    assert (reading.status, reading.complete, reading.items) == ("ok", True, 5)
    assert [(seen.subject_id, seen.sub_key, seen.platform) for seen in reading.observations] == [
        ("u1", "Windows", "Windows"),
        ("u1", "iOS", "iOS"),
        ("u1", "m1", "Windows"),
    ]
    seen = reading.observations[0]
    assert (seen.kind, seen.severity, seen.subject_type, seen.evidence_at) == (
        *("enrollment.failed", Severity.MEDIUM, "user", NOW - HOUR),
    )
    assert (seen.subject_name, seen.user) == ("ann@contoso.example", "ann@contoso.example")
    assert seen.causes == (Cause("enrollment", "userValidation", "userValidation", code="UserLicenseTypeInvalid"),)
    assert (seen.facts["failureCategory"], seen.facts["eventDateTime"]) == ("userValidation", "2026-11-22T08:41:00Z")


async def test_other_events_are_nobodys_failure() -> None:
    other = event("e1") | {"@odata.type": "#microsoft.graph.appleVppTroubleshootingEvent"}
    assert await kept(other) == ()
    untimed = event("e2", eventDateTime="0001-01-01T00:00:00Z")
    assert (await read(SmallGraph({EVENTS: [untimed]}))).complete is False


async def test_a_failure_before_anybody_is_known_is_one_item_a_platform() -> None:
    [seen] = await kept(event("e1", userId=None), event("e2", 2 * HOUR, userId=NOBODY, failureReason=None))
    assert (seen.subject_id, seen.subject_name, seen.sub_key, seen.user) == (NOBODY, "Windows", "Windows", None)
    [seen] = await kept(event("e1", userId=None, failureReason="", failureCategory=None))
    assert seen.causes == (Cause("enrollment", "unknown", "unknown"),)


@pytest.mark.parametrize(
    ("enrolled", "platform", "user", "reason"),
    [
        (NOW - HOUR, "Windows", "u1", "fixed"),
        (NOW - HOUR, "windows", "u1", "fixed"),
        (NOW - 3 * HOUR, "Windows", "u1", None),
        (NOW - HOUR, "iOS", "u1", None),
        (NOW - HOUR, "Windows", "u2", None),
        (None, "Windows", "u1", None),
    ],
)
async def test_it_is_fixed_when_the_user_enrols_the_platform(
    enrolled: datetime | None, platform: str, user: str, reason: str | None
) -> None:
    failure = event("e1", 2 * HOUR)
    known = await kept(failure)
    new = device("d1", user_id=user, operating_system=platform, enrolled_date_time=enrolled)
    for events in ([failure], []):
        reading = await read(SmallGraph({EVENTS: events}), new, known=firing(*known))
        assert [each.reason for each in reading.cleared] == ([reason] if reason else [])
        if reason:
            assert reading.cleared == [Cleared("user", "u1", "Windows", FAMILY, "fixed")]
            assert reading.observations == []


async def test_it_ages_out_a_fortnight_after_the_last_failure() -> None:
    known = await kept(event("e1", 13 * DAY))
    late = firing(*(Observation(**{**_fields(seen), "evidence_at": NOW - 14 * DAY}) for seen in known))
    for events in ([event("e1", 14 * DAY)], []):
        reading = await read(SmallGraph({EVENTS: events}), known=late)
        assert reading.cleared == [Cleared("user", "u1", "Windows", FAMILY, "aged out")]
        assert reading.observations == []
    again = await read(SmallGraph({EVENTS: [event("e1", 14 * DAY), event("e2", 13 * DAY)]}), known=late)
    assert again.cleared == []
    assert len(again.observations) == 1


def _fields(seen: Observation) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in seen.__struct_fields__}


async def test_it_never_ends_by_absence() -> None:
    """Graph forgets events; the poller takes it that nothing was said of those who are withheld."""
    known = await kept(event("e1", DAY), event("e2", DAY, userId="u2"))
    reading = await read(SmallGraph({EVENTS: [event("e2", DAY, userId="u2")]}), known=firing(*known))
    assert (reading.complete, reading.cleared) == (True, [])
    assert reading.subjects == {"u1", "u2"}
    assert reading.withheld == {("u1", FAMILY), ("u2", FAMILY)}


async def test_an_item_whose_evidence_is_lost_ends_by_the_time_it_was_opened() -> None:
    [seen] = await kept(event("e1", DAY))

    async def lost() -> list[Known]:
        return [Known(triage_of(seen, NOW - 14 * DAY))]

    assert [each.reason for each in (await read(SmallGraph({EVENTS: []}), known=lost)).cleared] == ["aged out"]


async def test_users_without_a_device_are_asked_for_once() -> None:
    users: dict[str, Any] = {
        "u1": {"id": "u1", "displayName": "Ann", "userPrincipalName": "ann@contoso.example"},
        "u2": {"id": "u2", "displayName": "Ben", "userPrincipalName": None},
    }
    graph = SmallGraph({EVENTS: [event(f"e{n}", userId=f"u{n}") for n in (1, 2, 3)], **users}, batches=True)
    names = UserNames()
    for _poll in range(2):
        reading = await read(graph, names=names)
        assert [seen.subject_name for seen in reading.observations] == ["ann@contoso.example", "Ben", "u3"]
        assert [seen.user for seen in reading.observations] == ["ann@contoso.example", "Ben", None]
        assert reading.status == "ok"
    assert questions(graph) == [EVENTS, BATCH, EVENTS]
    assert [part["url"].partition("?")[0] for part in graph.parts] == ["/users/u1", "/users/u2", "/users/u3"]


@pytest.mark.parametrize("id_", [".", ".."])
async def test_an_id_that_no_address_can_have_is_not_asked_for(id_: str) -> None:
    graph = SmallGraph({EVENTS: [event("e1", userId=id_)]})
    [seen] = (await read(graph)).observations
    assert (seen.subject_name, questions(graph)) == (id_, [EVENTS])


@pytest.mark.parametrize("answer", [refused(403), refused(500), refused(429, retry_after="400")])
async def test_a_directory_that_does_not_tell_leaves_the_ids(answer: Any) -> None:
    graph = SmallGraph({EVENTS: [event(f"e{n}", userId=f"u{n:02}") for n in range(30)]}, batches=True)
    graph.answers |= {f"u{n:02}": answer for n in range(30)}
    reading = await read(graph)
    assert (reading.status, len(reading.observations)) == ("ok", 30)
    assert reading.observations[0].subject_name == "u00"
    assert set(questions(graph)) == {EVENTS, BATCH}
    assert len({part["url"] for part in graph.parts}) == 20  # the others are not asked for


async def test_no_more_users_are_asked_for_than_a_poll_may() -> None:
    graph = SmallGraph({EVENTS: [event(f"e{n}", userId=f"u{n:02}") for n in range(60)]}, batches=True)
    names = UserNames()
    await read(graph, names=names)
    assert len(graph.parts) == 50
    await read(graph, names=names)
    assert len(graph.parts) == 60


@pytest.mark.parametrize(
    ("one", "other"),
    [("Windows 10", "Windows"), ("iPadOS", "iOS"), ("Mac", "macOS"), ("AndroidEnterprise", "Android"), ("", None)],
)
def test_events_and_devices_call_platforms_differently(one: str, other: str | None) -> None:
    assert same_platform(one) == same_platform(other)
    assert same_platform("Windows") != same_platform("iOS")


# --- Autopilot ---------------------------------------------------------------------------------------------------


async def test_a_failed_deployment_is_a_failed_enrolment_of_the_device() -> None:
    (seen,) = (await deployed(deployment())).observations
    assert (seen.kind, seen.subject_id, seen.sub_key, seen.platform) == (*("enrollment.failed", "u1", "S1", "Windows"),)
    assert (seen.user, seen.evidence_at) == ("ann@contoso.example", NOW - HOUR)
    assert seen.causes == (Cause("enrollment", "autopilot", "autopilot", code="0x80180014"),)
    assert seen.facts["enrollmentFailureDetails"] == "Enrollment failed with error 0x80180014."
    shown = title(Item(triage=triage_of(seen), seen=seen))
    assert shown == "ann@contoso.example · enrolment failed: Autopilot deployment failed"


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        *(({"deploymentState": state}, False) for state in ("Success", "successWithTimeout", "successOnRetry")),
        *(({"deploymentState": state}, False) for state in ("inProgress", "NotAttempted", "disabled", "somethingNew")),
        ({"deploymentState": "Failure"}, True),
        ({"deploymentState": "unknown", "enrollmentState": "Failed"}, True),
        ({"deploymentState": None, "enrollmentState": "failed"}, True),
        *(({"deploymentState": "unknown", "enrollmentState": state}, False) for state in ("enrolled", "blocked", None)),
    ],
)
async def test_which_deployments_have_failed(changes: dict[str, Any], fails: bool) -> None:
    reading = await deployed(deployment(**changes))
    assert len(reading.observations) == fails
    assert reading.status == "ok"
    assert ("deploymentState: somethingNew" in (reading.error or "")) == (changes["deploymentState"] == "somethingNew")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"enrollmentFailureDetails": "Timed out"}, "Timed out"),
        ({"enrollmentFailureDetails": "x" * 300}, "x" * 80),
        ({"enrollmentFailureDetails": "", "accountSetupStatus": "Failure"}, "accountSetup"),
        ({"enrollmentFailureDetails": None}, "deviceSetup"),
        ({"enrollmentFailureDetails": "", "deviceSetupStatus": "success"}, None),
    ],
)
async def test_why_a_deployment_failed(changes: dict[str, Any], reason: str | None) -> None:
    (seen,) = (await deployed(deployment(**changes))).observations
    assert seen.causes[0].code == reason


@pytest.mark.parametrize(
    ("told", "rows"),
    [
        (event("e1", 2 * HOUR), 1),
        (event("e1", 2 * HOUR, userId="u2", deviceId="m1"), 1),
        (event("e1", 2 * HOUR, userId="u2"), 2),
        (event("e1", 2 * HOUR, operatingSystem="iOS"), 2),
        (event("e1", 40 * HOUR), 2),
    ],
    ids=["same user", "same device", "another user", "another platform", "another day"],
)
async def test_what_is_told_as_an_enrolment_is_not_told_again(told: dict[str, Any], rows: int) -> None:
    assert len((await deployed(deployment(), events=[told])).observations) == rows


async def test_only_the_newest_deployment_of_a_device_counts_and_a_good_one_ends_the_item() -> None:
    (seen,) = (await deployed(deployment("a1", 2 * DAY))).observations
    good = deployment("a2", DAY, deploymentState="success", deviceId=None)
    reading = await deployed(deployment("a1", 2 * DAY), good, known=firing(seen))
    assert reading.observations == []
    assert reading.cleared == [Cleared("user", "u1", "S1", FAMILY, "fixed")]
    earlier = deployment("a0", 3 * DAY, deploymentState="success")
    reading = await deployed(earlier, deployment("a1", 2 * DAY), known=firing(seen))
    assert (len(reading.observations), reading.cleared) == (1, [])


async def test_a_deployment_without_a_user_is_named_by_its_device() -> None:
    (seen,) = (await deployed(deployment(userId=NOBODY, userPrincipalName=""))).observations
    assert (seen.subject_id, seen.subject_name, seen.user, seen.sub_key) == (NOBODY, "DESKTOP-1", None, "S1")


async def test_a_user_is_known_by_the_principal_name_of_a_device() -> None:
    graph = SmallGraph({EVENTS: [], DEPLOYMENTS: [deployment(userId=None)]})
    known = device("d9", user_id="u7", user_principal_name="ANN@contoso.example")
    (seen,) = (await read(graph, known)).observations
    assert seen.subject_id == "u7"


@pytest.mark.parametrize("status", [403, 404, 400])
async def test_deployments_that_may_not_be_read_are_not_covered(status: int) -> None:
    graph = SmallGraph({EVENTS: [event("e1")], DEPLOYMENTS: refused(status)})
    reading = await read(graph)
    assert (reading.status, reading.complete, len(reading.observations)) == ("ok", True, 1)
    (told,) = reading.uncovered
    assert told.startswith("Autopilot deployments (")


async def test_deployments_in_trouble_make_the_reading_partial() -> None:
    reading = await read(SmallGraph({EVENTS: [event("e1")], DEPLOYMENTS: refused(500)}))
    assert (reading.status, reading.complete, len(reading.observations)) == ("partial", False, 1)
    assert "Autopilot" in (reading.error or "")


@pytest.mark.parametrize("changes", [{"eventDateTime": None}, {"deviceSerialNumber": "", "deviceId": NOBODY}])
async def test_a_deployment_without_a_time_or_a_device_is_a_flaw(changes: dict[str, Any]) -> None:
    assert (await deployed(deployment(**changes))).status == "partial"


async def test_who_asks_for_the_failures_gets_those_that_last() -> None:
    graph = SmallGraph({EVENTS: [event("e1"), event("e2", 15 * DAY, userId="u2")], DEPLOYMENTS: []})
    signal = EnrollmentSignal(fleet_of(), firing())
    assert await signal.lasting() is None
    await signal.sweep(graph.client, Round(), NOW, nothing)
    assert list(await signal.lasting() or ()) == [("u1", "Windows")]


@pytest.mark.parametrize("category", TROUBLESHOOTING_CATEGORIES)
def test_every_category_has_words(category: str) -> None:
    for written in (category, category[0].upper() + category[1:]):
        words = category_word(written)
        assert words != written
        assert words == category_word(category)
