"""Source `users`: who is blocked, has no licence, is at the device limit or has a flagged app; and what ends that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.instants import iso
from omconsole.domain.items import Cause, Item, Observation, Severity
from omconsole.domain.words import title
from omconsole.graph import Round, TroubleshootingEvent
from omconsole.signals.blocked import NOBODY
from omconsole.signals.enrollment import Failure
from omconsole.signals.licences import INTUNE_A, INTUNE_PLANS
from omconsole.signals.reading import Cleared
from omconsole.signals.users import UsersSignal
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import DAY, HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, triage_of

if TYPE_CHECKING:
    from datetime import timedelta

    from omconsole.graph import ManagedDevice
    from omconsole.signals.known import Firing
    from omconsole.signals.reading import Mode, Reading

FLAGGED = "getUserIdsWithFlaggedAppRegistration"
APPS = "managedAppRegistrations"
BASIC = "882e1d05-acd1-4ccb-8708-6ee03664b117"
KEYS = {"user.blocked", "user.no-licence", "user.device-limit", "app-protection.failed"}


def graph(**answers: Any) -> SmallGraph:
    """Everybody is licensed and nobody flagged, but for what is said."""
    return SmallGraph({"users": [], FLAGGED: [], APPS: [], **answers})


def of(id_: str, state: str = "noncompliant", user: str = "u1", **changes: Any) -> ManagedDevice:
    return device(id_, user_id=user, user_principal_name=f"{user}@contoso.example", compliance_state=state, **changes)


def row(user: str, *plans: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    told = None if None in plans else list(plans)
    return {"id": user, "userPrincipalName": f"{user}@contoso.example", "assignedPlans": told, **changes}


def plan(id_: str = INTUNE_A, status: str = "Enabled", service: str = "SCO") -> dict[str, Any]:
    return {"servicePlanId": id_, "capabilityStatus": status, "service": service}


def app(*reasons: str | None, **changes: Any) -> dict[str, Any]:
    told = None if None in reasons else list(reasons)
    return {"id": "a1", "userId": "u1", "deviceName": "Pixel 8", "flaggedReasons": told, **changes}


def failed(reason: str, ago: timedelta = HOUR, platform: str = "Windows", category: str = "authorization") -> Failure:
    event = TroubleshootingEvent(
        id="e1", failure_reason=reason, failure_category=category, operating_system=platform, user_id="u1"
    )
    return Failure(event, NOW - ago)


def signal_of(
    *devices: ManagedDevice, failures: dict[tuple[str, str], Failure] | None = None, known: Firing | None = None
) -> UsersSignal:
    async def lasting() -> dict[tuple[str, str], Failure] | None:
        return failures

    return UsersSignal(fleet_of(*devices), lasting, known or firing())


async def read(
    tenant: SmallGraph,
    *devices: ManagedDevice,
    failures: dict[tuple[str, str], Failure] | None = None,
    known: Firing | None = None,
    mode: Mode = "sweep",
) -> Reading:
    signal = signal_of(*devices, failures=failures, known=known)
    ask = signal.sweep if mode == "sweep" else signal.increment
    return await ask(tenant.client, Round(), NOW, nothing)


def kinds(reading: Reading) -> list[tuple[str, str]]:
    return sorted((seen.kind, seen.subject_id) for seen in reading.observations)


def ends(reading: Reading, seen: Observation) -> bool:
    """Whether this reading says that an item is over: in so many words, or as one of a subject that it speaks of."""
    if (seen.kind, seen.subject_id) in kinds(reading):
        return False
    spoken = seen.subject_id in reading.subjects and (seen.subject_id, seen.family) not in reading.withheld
    return spoken or any((each.subject_id, each.family) == (seen.subject_id, seen.family) for each in reading.cleared)


def item(kind: str, user: str = "u1", **changes: Any) -> Observation:
    fields: dict[str, Any] = {"severity": Severity.MEDIUM, "subject_type": "user", "subject_name": user}
    return Observation(kind=kind, source="users", subject_id=user, **{**fields, **changes})


# --- blocked -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("devices", "blocked"),
    [
        ([of("d1")], True),
        ([of("d1", "error"), of("d2", "CONFLICT")], True),
        ([of("d1"), of("d2", "compliant")], False),
        ([of("d1"), of("d2", "InGracePeriod")], False),
        ([of("d1"), of("d2", "configManager")], False),
        ([of("d1"), of("d2", "compliant", last_sync_date_time=NOW - 31 * DAY)], True),
        ([of("d1", last_sync_date_time=NOW - 31 * DAY), of("d2", "compliant", user="u2")], False),
        ([of("d1", enrolled_date_time=NOW - 23 * HOUR)], False),
        ([of("d1"), of("d2", enrolled_date_time=NOW - HOUR)], True),
        ([of("d1"), of("d2", "compliant", enrolled_date_time=NOW - HOUR)], False),
        ([of("d1"), of("d2", "unknown")], False),
        ([of("d1"), of("d2", "somethingNew")], False),
        ([of("d1", user="")], False),
        ([of("d1", user=NOBODY)], False),
    ],
)
async def test_who_is_blocked(devices: list[ManagedDevice], blocked: bool) -> None:
    reading = await read(graph(), *devices)
    assert [kind for kind, _user in kinds(reading)] == ["user.blocked"] * blocked
    assert (reading.status, reading.complete) == ("ok", True)


async def test_who_is_blocked_is_named_with_the_devices() -> None:
    reading = await read(graph(), of("d2"), of("d1", operating_system="iOS", last_sync_date_time=NOW - 2 * HOUR))
    (seen,) = reading.observations
    assert (seen.severity, seen.user, seen.platform) == (Severity.HIGH, "u1@contoso.example", None)
    assert seen.evidence_at == NOW - HOUR
    assert seen.facts["devices"] == ["d1", "d2"]
    assert seen.facts["deviceName"] == "LAP-d1, LAP-d2"


@pytest.mark.parametrize(
    ("devices", "over"),
    [
        ([of("d1", "compliant")], True),
        ([of("d1"), of("d2", "compliant")], True),
        ([of("d1", "unknown")], False),
        ([of("d1", enrolled_date_time=NOW - HOUR)], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("mode", ["sweep", "increment"])
async def test_only_a_compliant_device_ends_it_at_once(devices: list[ManagedDevice], over: bool, mode: Mode) -> None:
    seen = item("user.blocked")
    reading = await read(graph(), *devices, of("d9", "compliant", user="u9"), known=firing(seen), mode=mode)
    assert ends(reading, seen) == over


async def test_without_a_device_list_nobody_is_well() -> None:
    seen = item("user.blocked")
    reading = await read(graph(), known=firing(seen))
    assert not ends(reading, seen)
    assert seen.subject_id in reading.subjects  # so that its absence does not count


async def test_devices_that_fall_silent_with_the_list_end_nothing() -> None:
    """The device list has not been read for two months: what it showed last still counts."""
    seen = item("user.blocked")
    old = [of("d1", last_sync_date_time=NOW - 60 * DAY), of("d2", user="u2", last_sync_date_time=NOW - 59 * DAY)]
    reading = await read(graph(), *old, known=firing(seen))
    assert ("user.blocked", "u1") in kinds(reading)


# --- licences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plans", "told"),
    [
        ([], True),
        ([plan(status="Deleted"), plan(BASIC)], True),
        ([plan(status="Suspended")], True),
        ([plan(status="LOCKEDOUT")], True),
        ([plan("x", service="exchange")], True),
        *(([plan(id_)], False) for id_ in sorted(INTUNE_PLANS)),
        ([plan(INTUNE_A.upper(), "warning")], False),
        ([plan(status="SomethingNew")], False),
        ([plan("a-new-plan")], False),
        ([None], False),
    ],
)
async def test_who_has_a_device_and_no_licence(plans: list[Any], told: bool) -> None:
    tenant = graph(users=[row("u1", *plans), row("u2")])
    reading = await read(tenant, of("d1", "compliant"))
    assert kinds(reading) == [("user.no-licence", "u1")] * told
    assert (reading.status, reading.complete) == ("ok", True)


async def test_an_unknown_plan_or_status_is_named_and_changes_nothing() -> None:
    tenant = graph(users=[row("u1", plan("a-new-plan"), plan(status="SomethingNew"))])
    seen = item("user.no-licence")
    reading = await read(tenant, of("d1", "compliant"), known=firing(seen))
    assert reading.error is not None
    assert "servicePlanId: a-new-plan, capabilityStatus: SomethingNew" in reading.error
    assert not ends(reading, seen)


async def test_a_disabled_account_needs_no_licence() -> None:
    reading = await read(graph(users=[row("u1", accountEnabled=False)]), of("d1", "compliant"))
    assert kinds(reading) == []


async def test_the_directory_is_asked_for_those_without_the_usual_plan_and_wholly_where_it_refuses_that() -> None:
    asked: list[dict[str, str]] = []

    def users(_filter: str) -> Any:
        (*_before, request) = tenant.tenant.wire.requests
        asked.append(dict(request.url.params))
        return refused(400) if "$filter" in request.url.params else [row("u1"), row("u2", plan())]

    tenant = graph(users=users)
    reading = await read(tenant, of("d1", "compliant"), of("d2", "compliant", user="u2"))
    assert kinds(reading) == [("user.no-licence", "u1")]
    assert [sorted(each) for each in asked] == [["$count", "$filter", "$select", "$top"], ["$select", "$top"]]
    assert (asked[0]["$top"], INTUNE_A in asked[0]["$filter"]) == ("999", True)


@pytest.mark.parametrize("status", [403, 404, 400])
async def test_without_the_directory_its_part_is_not_covered_and_the_rest_is_well(status: int) -> None:
    seen = item("user.no-licence")
    reading = await read(graph(users=refused(status)), of("d1"), known=firing(seen))
    assert (reading.status, reading.complete) == ("ok", True)
    assert kinds(reading) == [("user.blocked", "u1")]
    assert reading.uncovered[0].startswith("Licences, but for those that an enrolment lacked")
    assert ("User.Read.All" in reading.uncovered[0]) == (status == 403)
    assert not ends(reading, seen)


async def test_a_directory_in_trouble_makes_the_reading_partial_and_ends_nothing() -> None:
    seen = item("user.no-licence")
    reading = await read(graph(users=refused(503)), of("d1", "compliant"), known=firing(seen))
    assert (reading.status, reading.complete) == ("partial", False)
    assert not ends(reading, seen)


@pytest.mark.parametrize(
    ("answer", "over"),
    [(row("u1", plan()), True), (row("u1"), False), (refused(404), False), (refused(403), False), (row("u2"), False)],
    ids=["licensed", "still without", "deleted", "forbidden", "somebody else"],
)
async def test_who_is_no_longer_in_the_list_says_so_in_person(answer: Any, over: bool) -> None:
    seen = item("user.no-licence")
    reading = await read(graph(u1=answer), of("d1", "compliant"), known=firing(seen))
    assert ends(reading, seen) == over


async def test_between_sweeps_the_directory_is_not_asked_and_what_it_said_stays() -> None:
    tenant = graph(users=[row("u1")])
    signal = signal_of(of("d1", "compliant"))
    for _poll in range(3):
        reading = await signal.increment(tenant.client, Round(), NOW, nothing)
        assert kinds(reading) == [("user.no-licence", "u1")]
    assert [name for name, _filter in tenant.asked].count("users") == 1
    assert reading.mode == "increment"


async def test_a_damaged_row_of_the_directory_makes_one_sweep_partial_and_no_increment() -> None:
    tenant = graph(users=[row("u1"), {"id": 7}])
    signal = signal_of(of("d1", "compliant"))
    sweep = await signal.sweep(tenant.client, Round(), NOW, nothing)
    assert (sweep.status, kinds(sweep)) == ("partial", [("user.no-licence", "u1")])
    assert (await signal.increment(tenant.client, Round(), NOW, nothing)).status == "ok"


# --- what failed enrolments say ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("DeviceCapReached", "user.device-limit"),
        ("DEVICECAPREACHED", "user.device-limit"),
        ("0x80180013", "user.device-limit"),
        ("UserLicenseTypeInvalid", "user.no-licence"),
        ("usernotlicensed", "user.no-licence"),
        ("MultiFactorAuthenticationRequired", None),
        (None, None),
    ],
)
async def test_a_failed_enrolment_tells_of_the_limit_and_of_the_licence(reason: str, kind: str | None) -> None:
    failures = {("u1", "Windows"): failed(reason), (NOBODY, "Windows"): failed(reason)}
    reading = await read(graph(users=refused(403), u1=refused(403)), failures=failures)
    assert kinds(reading) == ([(kind, "u1")] if kind else [])
    for seen in reading.observations:
        assert seen.causes == (Cause("enrollment", "authorization", "authorization", code=reason),)
        assert (seen.platform, seen.evidence_at, seen.facts["failureReason"]) == ("Windows", NOW - HOUR, reason)


async def test_who_has_a_licence_by_now_lacks_none_although_the_enrolment_failed() -> None:
    failures = {("u1", "Windows"): failed("UserLicenseTypeInvalid")}
    seen = item("user.no-licence", facts={"failureReason": "UserLicenseTypeInvalid"})
    reading = await read(graph(u1=row("u1", plan())), failures=failures, known=firing(seen))
    assert kinds(reading) == []
    assert ends(reading, seen)


@pytest.mark.parametrize(
    ("ago", "devices", "reason"),
    [
        (HOUR, [], None),
        (15 * DAY, [], "aged out"),
        (DAY, [of("d1", "compliant", enrolled_date_time=NOW - HOUR)], "fixed"),
        (DAY, [of("d1", "compliant", enrolled_date_time=NOW - HOUR, operating_system="iOS")], None),
    ],
)
@pytest.mark.parametrize("kind", ["user.device-limit", "user.no-licence"])
async def test_it_ends_when_the_user_enrols_or_after_14_days(
    kind: str, ago: timedelta, devices: list[ManagedDevice], reason: str | None
) -> None:
    seen = item(kind, platform="Windows", evidence_at=NOW - ago, facts={"failureReason": "x"})
    reading = await read(graph(users=refused(403)), *devices, failures={}, known=firing(seen))
    expected = [Cleared("user", "u1", "", kind, reason)] if reason else []
    assert reading.cleared == expected
    assert ("u1", kind) in reading.withheld


# --- app protection ----------------------------------------------------------------------------------------------


async def test_who_is_flagged_is_shown_with_the_device() -> None:
    tenant = graph(**{FLAGGED: ["u1"], APPS: [app("none"), app("RootedDevice", lastSyncDateTime=iso(NOW - HOUR))]})
    (seen,) = (await read(tenant, of("d1", "compliant"))).observations
    assert (seen.kind, seen.severity, seen.user) == (*("app-protection.failed", Severity.MEDIUM, "u1@contoso.example"),)
    assert (seen.facts["flaggedReasons"], seen.facts["deviceName"]) == ("RootedDevice", "Pixel 8")
    assert seen.evidence_at == NOW - HOUR


@pytest.mark.parametrize(
    ("apps", "over"),
    [
        ([app("none"), app()], True),
        ([], True),
        ([app("none"), app(None)], False),
        ([app("SomethingNew")], False),
        ([app("none"), {"id": 3}], False),
        ([app("rootedDevice")], False),
        (refused(403), False),
        (refused(404), False),
    ],
)
async def test_only_the_users_own_apps_end_it(apps: Any, over: bool) -> None:
    seen = item("app-protection.failed")
    reading = await read(graph(**{APPS: apps}), of("d1", "compliant"), known=firing(seen))
    assert ends(reading, seen) == over


@pytest.mark.parametrize("status", [403, 404])
async def test_without_permission_app_protection_is_not_covered(status: int) -> None:
    seen = item("app-protection.failed")
    reading = await read(graph(**{FLAGGED: refused(status)}), of("d1"), known=firing(seen))
    assert (reading.status, reading.complete) == ("ok", True)
    assert any(each.startswith("App protection (") for each in reading.uncovered)
    assert not ends(reading, seen)


@pytest.mark.parametrize("answer", [{"value": None}, {"value": ["u1", None]}, {}, {"value": "u1"}])
async def test_ids_that_are_none_make_it_partial(answer: Any) -> None:
    reading = await read(graph(**{FLAGGED: answer}), of("d1", "compliant"))
    assert reading.status == "partial"


async def test_what_graph_does_not_tell_is_named() -> None:
    reading = await read(graph(), of("d1", "compliant"))
    assert [each.partition(":")[0] for each in reading.uncovered] == ["Device limits", "App protection"]


async def test_one_part_says_nothing_of_what_another_part_may_not_read() -> None:
    """u1 has a compliant device: that ends no item about the licence, the limit or the apps."""
    others = [item(kind) for kind in sorted(KEYS - {"user.blocked"})]
    tenant = graph(users=refused(403), **{FLAGGED: refused(403)})
    reading = await read(tenant, of("d1", "compliant"), known=firing(*others, item("user.blocked")))
    assert [seen.kind for seen in others if ends(reading, seen)] == []
    assert ends(reading, item("user.blocked"))


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "line"),
    [
        ("user.blocked", {"facts": {"devices": ["d1"], "deviceName": "LAP-1"}}, "no compliant device left (LAP-1)"),
        ("user.blocked", {"facts": {"devices": ["a", "b"]}}, "no compliant device left of 2 devices"),
        ("user.blocked", {}, "no compliant device left"),
        ("user.no-licence", {}, "no Intune licence"),
        ("user.no-licence", {"facts": {"failureReason": "x"}}, "no Intune licence: an enrolment was refused"),
        ("user.device-limit", {"platform": "iOS"}, "device limit reached: no further iOS device"),
        ("user.device-limit", {}, "device limit reached"),
        ("app-protection.failed", {}, "protected app on a jailbroken or rooted device"),
        (
            *("app-protection.failed", {"facts": {"deviceName": "Pixel 8"}}),
            "protected app on a jailbroken or rooted device (Pixel 8)",
        ),
    ],
)
def test_each_kind_is_one_line(kind: str, changes: dict[str, Any], line: str) -> None:
    seen = item(kind, subject_name="ann@contoso.example", **changes)
    assert title(Item(triage=triage_of(seen), seen=seen)) == f"ann@contoso.example · {line}"
