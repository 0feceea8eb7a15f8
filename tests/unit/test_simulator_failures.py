"""What fails in the simulated tenant, how much of it, and the demonstration's story."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omconsole.cli import SCENARIOS as OFFERED
from omconsole.simulator import story
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.world import World

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
MINIMUM = (story.CHANGED_POLICY, "Windows10CompliancePolicy.OsMinimumVersion")
STORY = World(1, "story", EPOCH, 5000)
LONG_KEPT = {scenario: World(3, scenario, EPOCH, 120) for scenario in SCENARIOS}

later = st.integers(0, 400 * 86400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))


def after(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def failing(world: World, now: datetime) -> list[dict[str, Any]]:
    return list(world.settings.rows(int(now.timestamp())))


def pairs(world: World, now: datetime) -> Counter[tuple[str, str]]:
    return Counter((row["PolicyName"], row["SettingName"]) for row in failing(world, now))


def kinds(world: World, now: datetime) -> Counter[str]:
    return Counter(truth.kind for truth in world.planted(now))


def reports(world: World, now: datetime) -> bytes:
    at = int(now.timestamp())
    of_apps = [row for app in world.apps.apps for row in world.apps.devices(app, at)]
    return json.dumps([failing(world, now), list(world.apps.summary(at)), of_apps, world.enrolments.rows(at)]).encode()


def test_the_command_line_offers_every_scenario() -> None:
    assert set(OFFERED) == set(SCENARIOS)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(sorted(SCENARIOS)), later)
def test_reports_remember_nothing(scenario: str, now: datetime) -> None:
    assert reports(LONG_KEPT[scenario], now) == reports(World(3, scenario, EPOCH, 120), now)


@pytest.mark.parametrize("devices", [1, 5, 19, 20, 49])
@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_the_smallest_tenants_have_reports_too(scenario: str, devices: int) -> None:
    world = World(2, scenario, EPOCH, devices)
    assert failing(world, EPOCH)
    assert reports(world, after(3600))


@pytest.mark.parametrize("days", [0, 30])
def test_busy_has_twelve_settings_that_fail_and_none_is_a_critical_share(days: int) -> None:
    world = World(11, "busy", EPOCH, 20_000)
    now = EPOCH + timedelta(days=days)
    found = pairs(world, now)
    assert len(found) == 12
    assert min(found.values()) >= 40
    assert max(found.values()) <= 600
    settings_of = Counter(row["DeviceId"] for row in failing(world, now))
    assert set(settings_of.values()) == {1, 2}
    assert sum(count == 2 for count in settings_of.values()) / len(settings_of) == pytest.approx(0.15, abs=0.05)


def test_busy_has_the_apps_and_enrolments_of_day_one() -> None:
    world = World(11, "busy", EPOCH, 20_000)
    required = {app.id for app in world.apps.apps if app.is_required}
    counts = {str(row["ApplicationId"]): row["FailedDeviceCount"] for row in world.apps.summary(world.begin)}
    assert Counter(count for app, count in counts.items() if app in required and count) == {40: 60}
    assert sum(1 for app, count in counts.items() if app not in required and count) == 4
    assert kinds(world, EPOCH)["app.install-failed"] == 2400
    assert len({app.name for app in world.apps.apps}) == len(world.apps.apps)
    for days in (0, 3, 40):
        now = EPOCH + timedelta(days=days)
        assert kinds(world, now)["enrollment.failed"] == pytest.approx(50, abs=15)
        events = world.enrolments.rows(int(now.timestamp()))
        assert len({(row["failureCategory"], row["failureReason"]) for row in events}) == 4
    names = Counter(str(policy["displayName"]) for policy in world.compliance_policies())
    (twice,) = [name for name, count in names.items() if count > 1]
    assert twice not in {row["PolicyName"] for row in failing(world, EPOCH)}
    assert names.keys() >= {row["PolicyName"] for row in failing(world, EPOCH)}


@pytest.mark.parametrize("devices", [2_000, 20_000])
def test_storm_has_ten_thousand_devices_behind_few_critical_causes(devices: int) -> None:
    world = World(11, "storm", EPOCH, devices)
    found = pairs(world, EPOCH)
    assert 5 <= len(found) <= 12
    assert min(found.values()) >= devices * 0.055
    rows = failing(world, EPOCH)
    assert len({row["DeviceId"] for row in rows}) == len(rows), "one setting for each device"
    assert len(rows) == pytest.approx(devices / 2, rel=0.1)
    busy = kinds(World(11, "busy", EPOCH, devices), EPOCH)
    for kind, count in kinds(world, EPOCH).items():
        assert kind in {"device.noncompliant", "user.blocked"} or count <= busy[kind] * 1.1


def test_the_changed_policy_catches_devices_from_that_minute_on() -> None:
    before = after(story.POLICY_CHANGED)
    assert pairs(STORY, before)[MINIMUM] == 0
    counts = [pairs(STORY, after(minutes * 60))[MINIMUM] for minutes in (-20, 0, 10, 30, 60, 600)]
    assert counts == sorted(counts)
    assert 1_900 <= counts[1] <= 2_100
    assert counts[1] < counts[2] < counts[3] < counts[4] == counts[5]
    assert counts[4] == pytest.approx(2_400, abs=50)
    assert max(pairs(STORY, after(3600)).values(), default=0) == counts[4]
    assert sorted(pairs(STORY, after(3600)).values())[-2] < 50


def test_the_story_fails_the_devices_whose_windows_is_too_old_and_no_other() -> None:
    now = after(2 * 3600)
    caught = {
        row["DeviceId"] for row in failing(STORY, now) if row["SettingName"] == MINIMUM[1] and "Windows" in row["OS"]
    }
    builds: dict[bool, set[tuple[int, ...]]] = {True: set(), False: set()}
    for _, _, row in STORY.rows(now, ("id", "operatingSystem", "osVersion")):
        device = json.loads(row)
        if device["operatingSystem"] == "Windows":
            version = tuple(int(part) for part in device["osVersion"].split("."))
            builds[device["id"] in caught].add(version)
    minimum, former = (tuple(int(part) for part in text.split(".")) for text in (story.NEW_MINIMUM, story.OLD_MINIMUM))
    assert former <= min(builds[True])
    assert max(builds[True]) < minimum <= min(builds[False])


def test_a_caught_device_turns_at_a_check_in() -> None:
    before, now = after(300), after(330)
    old = {row["DeviceId"] for row in failing(STORY, before)}
    fresh = {row["DeviceId"] for row in failing(STORY, now)} - old
    assert fresh
    for _, state, row in STORY.rows(now, ("id",)):
        if json.loads(row)["id"] in fresh:
            assert before.timestamp() < state.last_sync <= now.timestamp()


def test_users_fail_to_enrol_during_the_outage_and_enrol_after_it() -> None:
    begin, end = story.OUTAGE_BEGAN, story.OUTAGE_ENDED
    usual = kinds(STORY, after(begin))["enrollment.failed"]
    counts = [kinds(STORY, after(at))["enrollment.failed"] - usual for at in (0, 600, end, end + 7200)]
    assert counts[0] == pytest.approx(37, abs=4)
    assert counts[1] - counts[0] == pytest.approx(5, abs=2)
    assert counts[2] > counts[1]
    assert abs(counts[3]) <= 3
    at_end = int(after(end).timestamp())
    outage = [
        row for row in STORY.enrolments.rows(at_end) if str(row["failureReason"]).endswith(("Unavailable", "TimedOut"))
    ]
    assert 1 <= len({(row["failureCategory"], row["failureReason"]) for row in outage}) <= 2
    enrolled = {}
    for _, state, row in STORY.rows(after(end + 7200), ("userId", "operatingSystem")):
        if state.enrolled > at_end:
            enrolled[json.loads(row)["userId"]] = json.loads(row)["operatingSystem"]
    assert {row["userId"]: row["operatingSystem"] for row in outage}.items() <= enrolled.items()
    assert STORY.census(after(end + 7200)).states.total() == 5000


def test_the_vpn_client_begins_to_fail_two_minutes_into_the_story() -> None:
    def failed(seconds: int) -> list[dict[str, object]]:
        (app,) = [each for each in STORY.apps.apps if each.name == "VPN-Client"]
        assert app.is_required
        rows = STORY.apps.devices(app, STORY.begin + seconds)
        return [row for row in rows if row["AppInstallState"] == 2]

    assert [len(failed(minutes * 60)) for minutes in (0, 1, 2, 7, 12, 600)] == [0, 0, 9, 16, 24, 24]
    assert {row["HexErrorCode"] for row in failed(720)} == {"0x87D1041C"}
    assert {row["ErrorCode"] for row in failed(720)} == {-2016345060}
    for seconds in (120, 400, 720):
        assert all(
            datetime.fromisoformat(str(row["LastModifiedDateTime"])) <= after(seconds) for row in failed(seconds)
        )


@settings(max_examples=25, deadline=None)
@given(later)
def test_nothing_is_ever_jailbroken_in_the_story(now: datetime) -> None:
    assert kinds(LONG_KEPT["story"], now)["device.jailbroken"] == 0


def test_the_storys_fleet_keeps_its_size_and_its_devices_have_one_id_each() -> None:
    for minutes in (0, 55, 90, 6000):
        now = after(minutes * 60)
        ids = {json.loads(row)["id"] for _, _, row in STORY.rows(now, ("id",))}
        assert len(ids) == 5000
        assert all(STORY.index_of(device, now) is not None for device in ids)
