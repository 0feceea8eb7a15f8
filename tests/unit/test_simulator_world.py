"""The simulated world: pure, moving, level, and truthful about its own problems."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.surface import DEVICE_PROPERTIES
from omconsole.simulator.world import Truth, World

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
KINDS = {
    "device.noncompliant",
    "device.compliance-error",
    "device.in-grace",
    "device.stale",
    "device.unencrypted",
    "device.jailbroken",
    "device.threat",
    "device.certificate-expiring",
}
#: A small fleet has spells without any.
IN_TURNS = {"device.threat", "device.certificate-expiring"}
LONG_KEPT = {scenario: World(3, scenario, EPOCH, 120) for scenario in SCENARIOS}

later = st.integers(0, 400 * 86400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))


def rows(world: World, now: datetime) -> list[dict[str, Any]]:
    return [json.loads(row) for _, _, row in world.rows(now, DEVICE_PROPERTIES)]


def of_devices(world: World, now: datetime) -> list[Truth]:
    """What is planted and can be told from a device's row alone."""
    return [truth for truth in world.planted(now) if truth.kind in KINDS]


def judged(row: dict[str, Any], now: datetime) -> list[Truth]:
    """The problems of one row, told from nothing but what Graph shows."""
    found = ["device.jailbroken"] if row["jailBroken"] == "True" else []
    threats = ("lowSeverity", "MediumSeverity", "highSeverity", "compromised")
    found += ["device.threat"] if row["partnerReportedThreatState"] in threats else []
    if now - datetime.fromisoformat(row["enrolledDateTime"]) >= timedelta(hours=24):
        state = row["complianceState"]
        found += ["device.noncompliant"] if state == "noncompliant" else []
        found += ["device.compliance-error"] if state in ("error", "conflict") else []
        found += ["device.in-grace"] if state == "inGracePeriod" else []
        if row["lastSyncDateTime"] != "0001-01-01T00:00:00Z":
            silent = now - datetime.fromisoformat(row["lastSyncDateTime"])
            found += ["device.stale"] if silent >= timedelta(days=30) else []
            found += ["device.unencrypted"] if row["isEncrypted"] is False else []
            ends = datetime.fromisoformat(row["managementCertificateExpirationDate"])
            told = ends.year > 1 and ends - now <= timedelta(days=30)
            found += ["device.certificate-expiring"] if told else []
    return [Truth(kind, row["id"]) for kind in found]


def everything(world: World, now: datetime) -> bytes:
    lines = [row for _, _, row in world.rows(now, DEVICE_PROPERTIES)]
    rest = [world.messages(now), world.compliance_policies(), world.mobile_apps(), world.device(0, now)]
    return b"\n".join([*lines, json.dumps(rest).encode()])


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(sorted(SCENARIOS)), later)
def test_the_same_arguments_give_the_same_bytes(scenario: str, now: datetime) -> None:
    # One world has been asked for other instants before, the other is new: nothing may be remembered.
    assert everything(LONG_KEPT[scenario], now) == everything(World(3, scenario, EPOCH, 120), now)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(SCENARIOS)), later)
def test_the_planted_truth_is_what_the_rows_show(scenario: str, now: datetime) -> None:
    world = LONG_KEPT[scenario]
    shown = sorted(truth for row in rows(world, now) for truth in judged(row, now))
    assert sorted(of_devices(world, now)) == shown


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(SCENARIOS)), st.integers(50, 300), later)
def test_every_kind_occurs_from_fifty_devices_on(scenario: str, devices: int, now: datetime) -> None:
    found = {truth.kind for truth in of_devices(World(5, scenario, EPOCH, devices), now)} - IN_TURNS
    assert found == KINDS - IN_TURNS - ({"device.jailbroken"} if scenario == "story" else set())


@settings(max_examples=30, deadline=None)
@given(later)
def test_dates_of_a_device_agree_with_one_another(now: datetime) -> None:
    for row in rows(LONG_KEPT["busy"], now):
        enrolled = datetime.fromisoformat(row["enrolledDateTime"])
        assert enrolled <= now
        if row["lastSyncDateTime"].startswith("0001"):
            assert now - enrolled < timedelta(hours=24)
            assert row["complianceState"] == "unknown"
        else:
            assert enrolled <= datetime.fromisoformat(row["lastSyncDateTime"]) <= now
        if row["complianceState"] == "inGracePeriod":
            assert datetime.fromisoformat(row["complianceGracePeriodExpirationDateTime"]) > now


@settings(max_examples=20, deadline=None)
@given(later, st.integers(30, 7200))
def test_whoever_asks_for_later_check_ins_sees_every_change(before: datetime, elapsed: int) -> None:
    world = LONG_KEPT["storm"]
    after = before + timedelta(seconds=elapsed)
    old = {row["id"]: row for row in rows(world, before)}
    for row in rows(world, after):
        was = old.get(row["id"])
        if was is not None and was != row:
            assert datetime.fromisoformat(row["lastSyncDateTime"]) > before


@pytest.mark.parametrize(("scenario", "failing"), [("calm", 160), ("busy", 2000), ("storm", 10_000)])
def test_a_big_fleet_has_the_numbers_of_its_scenario(scenario: str, failing: int) -> None:
    world = World(11, scenario, EPOCH, 20_000)
    for days in (0, 45):
        found = Counter(truth.kind for truth in world.planted(EPOCH + timedelta(days=days)))
        assert found["device.noncompliant"] == pytest.approx(failing, rel=0.1 if scenario == "calm" else 0.05)
        if scenario == "busy":
            assert found["device.stale"] == pytest.approx(2400, rel=0.05)
            assert found["device.unencrypted"] == pytest.approx(300, rel=0.1)
            assert found["device.jailbroken"] == pytest.approx(20, abs=2)
            assert found["device.in-grace"] >= 100
            assert found["device.compliance-error"] >= 50


def test_some_stale_devices_have_been_away_for_more_than_ninety_days() -> None:
    world = World(11, "busy", EPOCH, 2000)
    silent = [EPOCH - datetime.fromisoformat(row["lastSyncDateTime"]) for row in rows(world, EPOCH)]
    assert 40 <= sum(away > timedelta(days=90) for away in silent) <= 120


def test_a_visible_problem_changes_every_ten_to_twenty_seconds_and_their_number_stays() -> None:
    world = World(2, "busy", EPOCH, 2000)
    for hours in (1, 30, 500):
        begin = EPOCH + timedelta(hours=hours)
        seen, changes = set(of_devices(world, begin)), 0
        for step in range(1, 61):
            now = set(of_devices(world, begin + timedelta(seconds=30 * step)))
            changes += len(now ^ seen)
            seen = now
        assert 1800 / 20 <= changes <= 1800 / 10
        # Certificates of devices that are gone end one after another.
        assert len([each for each in seen if each.kind not in IN_TURNS]) == pytest.approx(540, rel=0.1)


def test_a_device_leaves_and_another_takes_its_place() -> None:
    world = LONG_KEPT["busy"]
    later_on = EPOCH + timedelta(days=4)
    before, after = ({row["id"] for row in rows(world, now)} for now in (EPOCH, later_on))
    assert 1 <= len(before - after) <= 5
    assert len(before) == len(after) == 120
    gone = next(iter(before - after))
    assert world.index_of(gone, EPOCH) is not None
    assert world.index_of(gone, later_on) is None


def test_names_that_try_to_do_harm_are_in_every_fleet_of_twenty_and_noncompliant() -> None:
    for scenario in SCENARIOS:
        found = {row["deviceName"]: row["complianceState"] for row in rows(World(9, scenario, EPOCH, 20), EPOCH)}
        assert found["[@click=app.quit]x[/]"] == "noncompliant"
        assert [state for name, state in found.items() if "\x1b]52;c;" in name] == ["noncompliant"]
        assert [state for name, state in found.items() if "\u202e" in name] == ["noncompliant"]


def test_a_fleet_has_five_platforms_and_names_from_many_scripts() -> None:
    found = rows(World(1, "busy", EPOCH, 2000), EPOCH)
    assert {row["operatingSystem"] for row in found} == {"Windows", "iOS", "iPadOS", "macOS", "Android"}
    people = "".join(row["userDisplayName"] for row in found)
    assert all(sign in people for sign in ("ü", "ß", "\u0308", "佐", "Δ"))
    principals = {row["userId"]: row["userPrincipalName"] for row in found}
    assert len(set(principals.values())) == len(principals)
    assert all(name.isascii() for name in principals.values())
    assert {row["isEncrypted"] for row in found} == {True, False, None}


def test_posts_stand_for_four_months_and_new_and_revised_ones_arrive() -> None:
    world = World(1, "busy", EPOCH, 20)
    first = world.messages(EPOCH)
    assert len({post["title"] for post in first}) >= 18
    assert any(post["actionRequiredByDateTime"] for post in first)
    assert any("Microsoft Intune" not in post["services"] for post in first)  # type: ignore[operator]
    assert any(str(post["title"]).startswith("(Updated) ") for post in first)
    assert any(str(post["category"])[0].isupper() for post in first)
    soon = world.messages(EPOCH + timedelta(minutes=15))
    assert len(soon) > len(first)
    first_day = world.messages(EPOCH + timedelta(hours=12))
    titles = Counter(str(post["title"]).removeprefix("(Updated) ") for post in first_day)
    assert max(titles.values()) == 1
    assert len(first_day) - len(first) >= 5
    for days in range(0, 800, 40):
        now = EPOCH + timedelta(days=days, hours=5)
        posts = world.messages(now)
        assert 18 <= len(posts) <= 400
        assert len({post["id"] for post in posts}) == len(posts)
        for post in posts:
            assert "{" not in json.dumps([post["title"], post["body"]["content"]])  # type: ignore[index]
            start, changed = (datetime.fromisoformat(str(post[f"{n}DateTime"])) for n in ("start", "lastModified"))
            assert now - timedelta(days=120) <= start <= changed <= now


def test_the_epoch_may_stand_in_any_zone_but_in_one() -> None:
    there = EPOCH.astimezone(timezone(timedelta(hours=9)))
    assert everything(World(1, "busy", there, 30), there) == everything(World(1, "busy", EPOCH, 30), EPOCH)
    with pytest.raises(ValueError, match="time zone is missing"):
        World(1, "busy", EPOCH.replace(tzinfo=None), 30)
    with pytest.raises(ValueError, match="calm, busy, storm, story"):
        World(1, "windy", EPOCH, 30)
    with pytest.raises(ValueError, match="1 or more"):
        World(1, "busy", EPOCH, 0)


def test_the_world_is_the_same_on_every_machine() -> None:
    # A demo that was left goes on as it was: a change of this digest is a change that its user sees.
    world = World(1, "busy", EPOCH, 200)
    now = EPOCH + timedelta(days=1)
    wanted = ("id", "complianceState", "lastSyncDateTime", "enrolledDateTime")
    digest = sha256(b"\n".join(row for _, _, row in world.rows(now, wanted))).hexdigest()
    assert digest == "42560fa66793fdd224335973d3dbf06347abba33d6651cbd07ff0f4b3064ea8c"
