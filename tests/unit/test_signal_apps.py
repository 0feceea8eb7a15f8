"""Source `apps`: required apps that failed, and when such a failure is over."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.deployments import Deployment
from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Cause, Severity
from omconsole.errors import GraphForbidden
from omconsole.graph import Round
from omconsole.poll.intake import Intake
from omconsole.poll.sources import firing_of
from omconsole.signals.apps import AppsSignal
from omconsole.signals.reading import Cleared
from omconsole.store import Store
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, table

if TYPE_CHECKING:
    from pathlib import Path

    from omconsole.domain.items import Observation, Triage
    from omconsole.graph import ManagedDevice
    from omconsole.signals.reading import Reading

SUMMARY, APPS, ROWS = "getAppsInstallSummaryReport", "mobileApps", "retrieveDeviceAppInstallationStatusReport"
NOBODY = "00000000-0000-0000-0000-000000000000"


def summary(app: str, failed: Any = 1, users: Any = 0) -> dict[str, Any]:
    return {"DisplayName": app, "FailedUserCount": users, "ApplicationId": app, "FailedDeviceCount": failed}


def app(id_: str, intent: str = "required", kind: str = "win32LobApp") -> dict[str, Any]:
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": id_,
        "displayName": f"App {id_}",
        "assignments": [{"id": "x", "intent": "available"}, {"id": "y", "intent": intent}],
    }


def failure(device_id: str, **changes: Any) -> dict[str, Any]:
    row = {
        "DeviceName": f"LAP-{device_id}",
        "AppInstallState_loc": "Failed",
        "AppInstallState": 2,
        "DeviceId": device_id,
        "UserId": f"u-{device_id}",
        "UserPrincipalName": f"{device_id}@contoso.example",
        "Platform": 1,
        "AppVersion": "1.0",
        "InstallStateDetail": 2000,
        "ErrorCode": -2016345060,
        "HexErrorCode": "0x87D1041C",
        "LastModifiedDateTime": "2026-11-20T08:00:00Z",
    }
    return {**row, **changes}


class Tenant(SmallGraph):
    """Apps by their id, each with the rows of its failures (or an answer)."""

    def __init__(self, failures: dict[str, Any], apps: list[dict[str, Any]] | None = None) -> None:
        self.failures = failures
        super().__init__(
            {
                SUMMARY: [summary(id_, len(rows) if isinstance(rows, list) else 1) for id_, rows in failures.items()],
                APPS: [app(id_) for id_ in failures] if apps is None else apps,
                ROWS: lambda asked: self.failures[asked.split("'")[1]],
            }
        )

    async def read(self, *devices: ManagedDevice, known: tuple[Observation, ...] = ()) -> Reading:
        signal = AppsSignal(fleet_of(*devices), firing(*known))
        return await signal.sweep(self.client, Round(), NOW, nothing)


def found(reading: Reading) -> set[tuple[str, str]]:
    return {(seen.sub_key, seen.subject_id) for seen in reading.observations}


class Desk:
    """An intake that the apps are read for; every device that fails is there unless a fleet is given."""

    def __init__(self, directory: Path, *fleet: ManagedDevice) -> None:
        health = SourceHealth(name="apps", interval_s=1800)
        self.store = Store.open(directory / "work", tenant="contoso", profile="work", sources=[health])
        self.ledger = self.store.load_now()
        self.intake = Intake("contoso", self.ledger, self.store)
        self.fleet = fleet

    async def sweep(self, failures: dict[str, list[str]]) -> list[str]:
        """The app and the device of each item that is left after a sweep which reads these failures."""
        tenant = Tenant({id_: [failure(each) for each in devices] for id_, devices in failures.items()})
        fleet = self.fleet or [device(each) for each in {each for devices in failures.values() for each in devices}]
        signal = AppsSignal(fleet_of(*fleet), partial(firing_of, self.ledger, "apps"))
        await self.intake.take(await signal.sweep(tenant.client, Round(), NOW, nothing), NOW)
        return sorted(self._name(row.triage) for row in self.ledger.rows)

    def ended(self) -> list[tuple[str, str | None]]:
        """The items that ended, in order, and why."""
        self.store.journal.rewind()
        events = [event for event in self.store.journal.read_new() if event.event == "item.cleared"]
        return [(self._name(self.ledger.triage[event.key or ""]), event.why) for event in events]

    def _name(self, triage: Triage) -> str:
        return f"{triage.sub_key} {triage.subject_id}"


async def test_a_failure_is_one_item_of_app_and_device() -> None:
    reading = await Tenant({"a": [failure("d1")]}).read(device("d1"))
    assert (reading.status, reading.complete, reading.items, reading.subjects) == ("ok", True, 1, {"d1"})
    [seen] = reading.observations
    assert (seen.kind, seen.severity, seen.subject_type, seen.subject_id, seen.subject_name, seen.sub_key) == (
        *("app.install-failed", Severity.LOW, "device", "d1", "LAP-d1", "a"),
    )
    assert seen.causes == (Cause("app", "a", "App a", code="0x87D1041C"),)
    assert (seen.platform, seen.user) == ("Windows", "d1@contoso.example")
    assert seen.facts == {
        "ErrorCode": -2016345060,
        "HexErrorCode": "0x87D1041C",
        "AppInstallState": 2,
        "InstallStateDetail": 2000,
        "AppVersion": "1.0",
        "LastModifiedDateTime": "2026-11-20T08:00:00Z",
    }
    assert reading.withheld == set()


@pytest.mark.parametrize(
    ("number", "text", "code"),
    [
        (-2016345060, "", "0x87D1041C"),
        ("-2016345060", None, "0x87D1041C"),
        (2278622236, None, "0x87D1041C"),
        (0, "87d1041c", "0x87D1041C"),
        (None, "0x80070643", "0x80070643"),
        (5, None, "0x00000005"),
        (0, "0x0", None),
        (None, "none", None),
        (None, None, None),
    ],
)
async def test_an_error_has_one_spelling(number: object, text: object, code: str | None) -> None:
    tenant = Tenant({"a": [failure("d1", ErrorCode=number, HexErrorCode=text)]})
    [seen] = (await tenant.read()).observations
    assert [cause.code for cause in seen.causes] == [code]


async def test_only_required_apps_that_failed_are_looked_at() -> None:
    tenant = Tenant(
        {"a": [failure("d1")], "b": [failure("d1")], "c": [], "e": [failure("d1")]},
        [app("a", "Required"), app("b", "available"), app("c"), app("d")],
    )
    reading = await tenant.read()
    assert found(reading) == {("a", "d1")}
    assert tenant.asked == [
        (SUMMARY, ""),
        (APPS, ""),
        (ROWS, "(ApplicationId eq 'a') and (AppInstallState eq '2')"),
    ]


async def test_rows_that_did_not_fail_are_left_out_though_graph_sent_them() -> None:
    rows = [failure("d1"), failure("d2", AppInstallState=1), failure("d3", AppInstallState="pendingInstall")]
    assert found(await Tenant({"a": rows}).read()) == {("a", "d1")}


async def test_users_stand_where_there_is_no_device() -> None:
    rows = [
        failure(NOBODY, DeviceName="", UserId="u1", UserPrincipalName="ann@contoso.example"),
        failure("x", DeviceId=None, UserId=NOBODY, UserPrincipalName="ben@contoso.example"),
    ]
    reading = await Tenant({"a": rows}).read()
    assert [(seen.subject_type, seen.subject_id, seen.subject_name) for seen in reading.observations] == [
        ("user", "u1", "ann@contoso.example"),
        ("user", "ben@contoso.example", "ben@contoso.example"),
    ]
    nobody = failure("x", DeviceId=None, UserId=None, UserPrincipalName=None)
    assert (await Tenant({"a": [failure("d1"), nobody]}).read()).complete is False


async def test_the_newest_row_of_a_device_counts() -> None:
    rows = [
        failure("d1", LastModifiedDateTime="2026-11-20T08:00:00", AppVersion="2"),
        failure("d1", LastModifiedDateTime="2026-11-19T08:00:00", AppVersion="1"),
        failure("d1", LastModifiedDateTime="", AppVersion="0"),
    ]
    [seen] = (await Tenant({"a": rows}).read()).observations
    assert seen.facts["AppVersion"] == "2"


async def test_a_device_is_judged_after_its_first_day() -> None:
    tenant = Tenant({"a": [failure("d1"), failure("d2")]})
    young = device("d1", enrolled_date_time=NOW - HOUR)
    assert found(await tenant.read(young, device("d2"))) == {("a", "d2")}


async def test_an_app_that_failed_nowhere_clears_its_items_explicitly() -> None:
    known = (await Tenant({"a": [failure("d1")], "b": [failure("d2")]}).read()).observations
    reading = await Tenant({"a": [], "b": [failure("d2")]}).read(known=tuple(known))
    assert reading.cleared == [Cleared("device", "d1", "a", "app.install-failed", "fixed")]
    assert reading.complete


async def test_an_app_of_which_nothing_is_said_clears_nothing() -> None:
    known = tuple((await Tenant({"a": [failure("d1")]}).read()).observations)
    deleted = await Tenant({"b": []}, [app("b")]).read(device("d1"), known=known)
    optional = await Tenant({"a": []}, [app("a", "available")]).read(known=known)
    assert deleted.cleared == optional.cleared == []
    # Two such sweeps end them; what is still in the fleet is fixed, not gone.
    assert (deleted.present, optional.present) == ({"d1"}, set())


async def test_one_app_that_cannot_be_read_leaves_the_others() -> None:
    known = tuple(
        (await Tenant({"a": [failure("d1")], "b": [failure("d2")], "c": [failure("d3")]}).read()).observations
    )
    tenant = Tenant({"a": refused(400, "no"), "b": [failure("d1")], "c": []})
    reading = await tenant.read(known=known)
    assert (reading.status, reading.complete) == ("partial", False)
    assert "App a" in (reading.error or "")
    assert found(reading) == {("b", "d1")}
    # The device is among what was read; of its other app nothing follows.
    assert reading.withheld == {("d1", "app.install-failed")}
    assert [each.sub_key for each in reading.cleared] == ["c"]


async def test_an_app_that_is_cut_short_counts_for_nothing() -> None:
    def cut(request: str) -> Any:
        return refused(500) if tenant.asked[-1] == tenant.asked[-2] else half

    half = table([failure("d1")])
    half._content = half.content.replace(b'"TotalRowCount": 1', b'"TotalRowCount": 2')
    tenant = Tenant({"a": []})
    tenant.answers[SUMMARY] = [summary("a", 2)]
    tenant.answers[ROWS] = cut
    reading = await tenant.read()
    assert (reading.status, reading.observations) == ("partial", [])


async def test_a_throttled_app_makes_the_source_wait() -> None:
    tenant = Tenant({"a": refused(429, retry_after="300"), "b": [failure("d2")]})
    reading = await tenant.read()
    assert (reading.status, reading.complete) == ("throttled", False)
    assert reading.retry_at is not None
    assert timedelta(seconds=200) < reading.retry_at - NOW <= timedelta(seconds=300)


async def test_without_leave_for_the_failures_the_source_says_so() -> None:
    with pytest.raises(GraphForbidden):
        await Tenant({"a": refused(403), "b": refused(403)}).read()


@pytest.mark.parametrize("count", [None, "many", -1])
async def test_a_count_that_is_none_proves_nothing(count: object) -> None:
    tenant = Tenant({"a": []})
    tenant.answers[SUMMARY] = [summary("a", count)]
    known = tuple((await Tenant({"a": [failure("d1")]}).read()).observations)
    reading = await tenant.read(known=known)
    assert (reading.complete, reading.cleared) == (False, [])


async def test_a_summary_with_a_row_that_cannot_be_read_clears_nothing() -> None:
    """The row may be that of the platform on which the app fails."""
    known = tuple((await Tenant({"a": [failure("d1")]}).read()).observations)
    tenant = Tenant({"a": []})
    for rows in ([summary("a", 0), summary("a", "many")], [summary("a", 0, users="some")]):
        tenant.answers[SUMMARY] = rows
        reading = await tenant.read(known=known)
        assert (reading.complete, reading.cleared) == (False, [])


async def test_the_rows_of_one_app_count_together() -> None:
    tenant = Tenant({"a": [failure("d1")]})
    tenant.answers[SUMMARY] = [summary("a", 0), summary("a", "1"), summary("a", 0)]
    assert found(await tenant.read()) == {("a", "d1")}


@pytest.mark.parametrize("told", [{}, {"assignments": [{"id": "x"}]}], ids=["nothing", "not how"])
async def test_an_app_whose_assignments_are_not_told_proves_nothing(told: dict[str, Any]) -> None:
    tenant = Tenant({"a": [failure("d1")]}, [{"id": "a", "displayName": "A", **told}])
    reading = await tenant.read()
    assert (reading.complete, reading.observations) == (False, [])


@pytest.mark.parametrize(
    ("kind", "platform"),
    [("iosVppApp", "iOS"), ("macOSPkgApp", "macOS"), ("androidManagedStoreApp", "Android"), ("webApp", "ChromeOS")],
)
async def test_the_platform_is_the_apps_else_the_devices(kind: str, platform: str) -> None:
    tenant = Tenant({"a": [failure("d1")]}, [app("a", kind=kind)])
    [seen] = (await tenant.read(device("d1", operating_system="ChromeOS"))).observations
    assert seen.platform == platform


async def test_apps_that_the_summary_leaves_out_are_not_spoken_of() -> None:
    """Neither read, nor said to have failed nowhere: no longer required, or left out of this summary."""
    known = (await Tenant({id_: [failure("d1")] for id_ in "abcd"}).read(device("d1"))).observations
    tenant = Tenant({"a": [failure("d1")], "b": []}, [app("a"), app("b"), app("c"), app("d", "available")])
    reading = await tenant.read(device("d1"), known=tuple(known))
    assert reading.complete
    assert reading.silent_about == {"c", "d"}


async def test_an_app_that_the_summary_leaves_out_once_ends_nothing(tmp_path: Path) -> None:
    """Although its device was read for another app; a second whole sweep without it ends its items."""
    desk = Desk(tmp_path)
    assert await desk.sweep({"a": ["d1"], "b": ["d1"]}) == ["a d1", "b d1"]
    assert await desk.sweep({"a": ["d1"]}) == ["a d1", "b d1"]
    assert await desk.sweep({"a": ["d1"], "b": ["d1"]}) == ["a d1", "b d1"]
    assert await desk.sweep({"a": ["d1"]}) == ["a d1", "b d1"]
    assert await desk.sweep({"a": ["d1"]}) == ["a d1"]
    assert [why for _key, why in desk.ended()] == ["fixed"]


async def test_when_an_app_of_most_items_is_left_out_a_third_sweep_decides(tmp_path: Path) -> None:
    many = [f"d{number}" for number in range(30)]
    desk = Desk(tmp_path)
    await desk.sweep({"a": many[:20], "b": many})
    for _again in range(2):
        assert len(await desk.sweep({"a": many[:20]})) == 50
    assert len(await desk.sweep({"a": many[:20]})) == 20


async def test_how_the_items_of_failures_end(tmp_path: Path) -> None:
    """Two whole sweeps end what they do not show: fixed while the device is there, gone with it; zero at once."""
    desk = Desk(tmp_path, device("d1"), device("d2"), device("d4"))
    failing = {"a": ["d1", "d2", "d3"], "b": ["d2", "d4"]}
    assert await desk.sweep(failing) == ["a d1", "a d2", "a d3", "b d2", "b d4"]
    assert await desk.sweep({"a": ["d1"], "b": ["d2", "d4"]}) == ["a d1", "a d3", "b d2", "b d4"]
    assert await desk.sweep({"a": ["d1"], "b": []}) == ["a d1"]
    assert desk.ended() == [
        ("a d2", "fixed"),  # it was read: it still failed with another app
        ("a d3", "object gone"),
        ("b d2", "fixed"),
        ("b d4", "fixed"),
    ]


async def test_an_increment_reads_only_the_apps_whose_count_is_another() -> None:
    tenant = Tenant({"a": [failure("d1")], "b": [failure("d2")], "c": [failure("d3")]})
    known = [each for each in (await tenant.read()).observations if each.sub_key == "c"]
    signal = AppsSignal(fleet_of(), firing(*known))
    assert (await signal.increment(tenant.client, Round(), NOW, nothing)).mode == "sweep"  # there is nothing before it
    tenant.failures["b"] = [failure("d2"), failure("d4")]
    tenant.answers[SUMMARY] = [summary("a", 1), summary("b", 2), summary("c", 0), summary("new", 7)]
    tenant.tenant.wire.requests.clear()
    reading = await signal.increment(tenant.client, Round(), NOW, nothing)
    assert [name for name, _filter in tenant.asked] == [SUMMARY, ROWS]
    assert (reading.mode, reading.status) == ("increment", "ok")
    assert found(reading) == {("b", "d2"), ("b", "d4")}
    assert [each.sub_key for each in reading.cleared] == ["c"]
    assert reading.silent_about == set()  # of the app that is not looked at nothing fires
    tenant.tenant.wire.requests.clear()
    again = await signal.increment(tenant.client, Round(), NOW, nothing)
    assert [name for name, _filter in tenant.asked] == [SUMMARY]
    assert again.observations == []


async def test_an_app_that_an_increment_could_not_read_is_read_by_the_next_one() -> None:
    tenant = Tenant({"a": [failure("d1")]})
    signal = AppsSignal(fleet_of())
    await signal.sweep(tenant.client, Round(), NOW, nothing)
    tenant.failures["a"] = refused(500, "oops", "InternalServerError")
    tenant.answers[SUMMARY] = [summary("a", 2)]
    assert (await signal.increment(tenant.client, Round(), NOW, nothing)).status == "partial"
    tenant.failures["a"] = [failure("d1"), failure("d2")]
    assert found(await signal.increment(tenant.client, Round(), NOW, nothing)) == {("a", "d1"), ("a", "d2")}


async def test_required_apps_tell_how_far_they_have_come() -> None:
    tenant = Tenant({"a": [failure("d1")]}, [app("a"), app("b", "available")])
    more = {"InstalledDeviceCount": 40, "PendingInstallDeviceCount": "2"}
    tenant.answers[SUMMARY] = [summary("a", 1, 3) | more, summary("a", 2) | more, summary("b", 9) | more]
    assert (await tenant.read()).deployments == [Deployment("app", "a", "App a", 80, 3, 4)]
    tenant.answers[SUMMARY] = [summary("a", 1)]
    assert (await tenant.read()).deployments == [Deployment("app", "a", "App a", None, 1, None)]
