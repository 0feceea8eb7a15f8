"""When a source is asked, and whether for everything: from its health and the clock alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omconsole.config.file import RawPoll
from omconsole.domain.health import SourceHealth
from omconsole.poll.schedule import DEFAULT_INTERVALS, SWEEP_INTERVALS, due_at, mode, must_wait, next_due, plan

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def health(name: str = "devices", **changes: Any) -> SourceHealth:
    return SourceHealth(**{"name": name, "interval_s": 900.0, **changes})


def test_what_was_never_asked_is_due_now_and_wholly() -> None:
    assert plan([health(), health("messages")], {}, NOON) == [("devices", "sweep"), ("messages", "sweep")]


def test_a_source_is_due_an_interval_after_the_last_try() -> None:
    good = health(status="ok", last_ok=NOON, last_sweep=NOON)
    assert due_at(good, NOON, NOON) == NOON + 15 * MINUTE
    assert plan([good], {"devices": NOON}, NOON + 14 * MINUTE) == []
    assert plan([good], {"devices": NOON}, NOON + 15 * MINUTE) == [("devices", "increment")]


def test_after_a_restart_the_last_good_poll_counts() -> None:
    good = health(status="ok", last_ok=NOON, last_sweep=NOON)
    assert plan([good], {}, NOON + 5 * MINUTE) == []
    assert due_at(good, None, NOON + 5 * MINUTE) == NOON + 15 * MINUTE


def test_a_failed_source_is_asked_again_after_a_minute_and_a_quick_one_after_its_interval() -> None:
    failed = health(status="failed", last_ok=NOON - HOUR)
    assert due_at(failed, NOON, NOON) == NOON + MINUTE
    quick = health(status="failed", interval_s=15.0)
    assert due_at(quick, NOON, NOON) == NOON + timedelta(seconds=15)


def test_a_source_that_awaits_something_is_asked_sooner_and_never_later() -> None:
    good = health(status="ok", last_ok=NOON, last_sweep=NOON)
    assert due_at(good, NOON, NOON, 60.0) == NOON + MINUTE
    assert due_at(good, NOON, NOON, 3600.0) == NOON + 15 * MINUTE
    assert plan([good, health("messages", last_ok=NOON)], {}, NOON + MINUTE, {"devices": 60.0}) == [
        ("devices", "increment")
    ]
    assert next_due([good], {}, NOON, {"devices": 60.0}) == NOON + MINUTE
    throttled = health(status="throttled", not_before=NOON + HOUR, last_ok=NOON)
    assert due_at(throttled, NOON, NOON, 60.0) == NOON + HOUR


@pytest.mark.parametrize("status", ["forbidden", "partial"])
def test_what_asking_again_soon_does_not_mend_waits_for_its_interval(status: str) -> None:
    assert due_at(health(status=status), NOON, NOON) == NOON + 15 * MINUTE


def test_a_throttled_source_is_never_asked_before_the_time_that_graph_named() -> None:
    throttled = health(status="throttled", not_before=NOON + HOUR, last_ok=NOON - HOUR)
    assert plan([throttled], {}, NOON + 59 * MINUTE) == []
    assert must_wait(throttled, NOON + 59 * MINUTE)
    assert plan([throttled], {"devices": NOON}, NOON + HOUR) == [("devices", "sweep")]
    assert not must_wait(throttled, NOON + HOUR)
    assert not must_wait(health(status="ok", not_before=NOON + HOUR), NOON)


def test_devices_and_messages_are_swept_every_six_hours() -> None:
    for name in ("devices", "messages"):
        swept = health(name, status="ok", last_ok=NOON, last_sweep=NOON)
        assert mode(swept, NOON + 6 * HOUR - MINUTE) == "increment"
        assert mode(swept, NOON + 6 * HOUR) == "sweep"


def test_a_source_without_increments_is_read_wholly_each_time() -> None:
    overview = health("overview", interval_s=3600.0, status="ok", last_ok=NOON, last_sweep=NOON)
    assert plan([overview], {}, NOON + HOUR) == [("overview", "sweep")]


def test_sweeps_are_never_more_frequent_than_polls() -> None:
    seldom = health(interval_s=12 * 3600.0, status="ok", last_ok=NOON, last_sweep=NOON)
    assert mode(seldom, NOON + 11 * HOUR) == "increment"
    assert plan([seldom], {}, NOON + 11 * HOUR) == []
    assert plan([seldom], {}, NOON + 12 * HOUR) == [("devices", "sweep")]


def test_the_next_look_is_at_the_earliest_source() -> None:
    sources = [
        health(status="ok", last_ok=NOON),
        health("messages", status="failed"),
        health("overview", status="throttled", not_before=NOON + timedelta(seconds=30)),
    ]
    attempted = dict.fromkeys(("devices", "messages", "overview"), NOON)
    assert next_due(sources, attempted, NOON) == NOON + timedelta(seconds=30)
    assert next_due([], {}, NOON) > NOON + HOUR


def test_the_default_intervals_are_the_documented_ones() -> None:
    minutes = {name: seconds / 60 for name, seconds in DEFAULT_INTERVALS.items()}
    documented = {
        **dict.fromkeys(("devices", "messages", "enrollment", "users", "malware"), 15),
        **dict.fromkeys(("compliance", "apps", "audit", "osupdates", "policies", "nopolicy"), 30),
        **dict.fromkeys(("defender", "firewall"), 30),
        **dict.fromkeys(("connectors", "overview", "subscription"), 60),
        "service": 2,
        "security": 5,
        "actions": 30,
    }
    assert minutes == documented
    assert set(SWEEP_INTERVALS) < set(documented)


def test_the_settings_name_every_source() -> None:
    assert set(RawPoll.__struct_fields__) == set(DEFAULT_INTERVALS)


def test_a_clock_that_was_set_back_does_not_stop_polling() -> None:
    ahead = NOON + 3 * HOUR
    good = health(status="ok", last_ok=ahead, last_sweep=ahead)
    assert plan([good], {}, NOON) == [("devices", "sweep")]
    assert plan([good], {"devices": ahead}, NOON) == [("devices", "sweep")]
    assert plan([good], {"devices": NOON}, NOON + MINUTE) == []
    throttled = health(status="throttled", since=ahead, not_before=ahead + HOUR)
    assert not must_wait(throttled, NOON)
    assert plan([throttled], {}, NOON) == [("devices", "sweep")]
    slightly = health(status="ok", last_ok=NOON + timedelta(seconds=30), last_sweep=NOON + timedelta(seconds=30))
    assert plan([slightly], {}, NOON) == [], "two clocks are never quite the same"


def test_a_good_poll_in_the_future_is_stale_until_the_next() -> None:
    assert health(last_ok=NOON + 2 * MINUTE).is_stale(NOON)
    assert not health(last_ok=NOON + timedelta(seconds=59)).is_stale(NOON)
    assert not health().is_stale(NOON)
