"""The figures of the fleet: what counts as current is what the fleet itself runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.graph import ManagedDevice
from omconsole.signals.currency import Builds, Currency, currency, parsed
from omconsole.signals.figures import fleet_figures
from omconsole.signals.judging import DeviceThresholds

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)


async def measured(**versions: int) -> Currency:
    """Of Windows devices: `b22631_100=5` are five with 10.0.22631.100."""
    return await currency(
        {("Windows", "10.0." + name.removeprefix("b").replace("_", ".")): n for name, n in versions.items()}
    )


async def test_the_two_newest_releases_are_current() -> None:
    standing = await measured(b19045_1=20, b22621_1=30, b22631_1=25, b26100_1=25)
    assert standing.os_percent == 50.0


async def test_the_two_newest_revisions_of_each_release_are_current() -> None:
    standing = await measured(b22631_100=10, b22631_90=20, b22631_80=30, b19045_7=30, b19045_6=10)
    assert standing.patch_percent == pytest.approx(70.0)


async def test_windows_builds_are_current_previous_or_older() -> None:
    standing = await measured(b19045_1=20, b22621_1=30, b22621_2=10, b22631_1=25, b26100_1=15)
    assert standing.windows == Builds(15.0, 25.0, 60.0)


async def test_rare_and_hostile_builds_move_no_line() -> None:
    """What is newer than the newest established build counts with it, what lies between the two with the previous."""
    versions = {
        ("Windows", "10.0.26100.1"): 500,
        ("windows", "10.0.22621.1"): 400,
        ("Windows", "10.0.22631.1"): 2,
        ("Windows", "10.0.999999999.1"): 1,
        ("Windows", "6.3.9600"): 97,
        ("Windows", "99999999999.1"): 50,
        ("Windows", "\x1b[2J"): 50,
        ("iOS", "18.1"): 900,
    }
    standing = (await currency(versions)).windows
    assert standing is not None
    assert (standing.current, standing.previous, standing.older) == pytest.approx((50.1, 40.2, 9.7))
    assert (await measured(b22631_1=9)).windows == Builds(100.0, 0.0, 0.0)
    assert (await currency({("iOS", "18.1"): 9, ("Windows", "10.0.22631.1"): 2})).windows is None


async def test_a_few_early_devices_do_not_make_the_others_old() -> None:
    """A preview on two devices of a thousand is current itself, and moves no line."""
    standing = await measured(b22621_1=499, b22631_1=499, b26100_1=2)
    assert standing.os_percent == 100.0
    standing = await measured(b22621_1=400, b22631_1=400, b26100_1=200)
    assert standing.os_percent == 60.0


async def test_platforms_are_judged_by_themselves() -> None:
    versions = {
        ("iOS", "17.6.1"): 40,
        ("iOS", "18.0"): 10,
        ("iOS", "18.1"): 30,
        ("iOS", "16.2"): 20,
        ("Android", "14"): 60,
        ("Android", "14.0"): 40,
    }
    standing = await currency(versions)
    assert standing.os_percent == 90.0
    assert standing.patch_percent == 100.0


async def test_what_cannot_be_told_is_not_counted() -> None:
    assert await currency({}) == Currency(None, None)
    rare = await currency({("Windows", "10.0.22631.1"): 2, ("Windows", ""): 9, ("iOS", "0.0"): 9, ("macOS", "x"): 9})
    assert rare == Currency(None, None)
    mixed = await currency({("Windows", "10.0.22631.1"): 2, ("iOS", "18.1"): 4, ("", "18.1"): 1})
    assert mixed.os_percent == 100.0


@pytest.mark.parametrize(
    ("platform", "version", "parts"),
    [
        ("Windows", "10.0.22631.4460", ((10, 0, 22631), (4460,))),
        ("windows", " 10.0.22631 ", ((10, 0, 22631), ())),
        ("macOS", "14.7.1 (23H222)", ((14,), (7, 1))),
        ("iOS", "17.4.0", ((17,), (4,))),
        ("Android", "14", ((14,), ())),
        ("iOS", "0.0.0", None),
        ("iOS", "", None),
        ("iOS", "v18", None),
        ("iOS", "1" * 400, None),
        ("iOS", "1.2.3.4.5.6.7", None),
    ],
)
def test_versions_are_read_as_platforms_write_them(platform: str, version: str, parts: object) -> None:
    assert parsed(platform, version) == parts


@given(st.dictionaries(st.tuples(st.text(max_size=8), st.text(max_size=12)), st.integers(1, 10**6), max_size=12))
async def test_no_versions_raise_and_percent_stays_percent(versions: dict[tuple[str, str], int]) -> None:
    standing = await currency(versions)
    for value in (standing.os_percent, standing.patch_percent):
        assert value is None or 0.0 <= value <= 100.0


def device(n: int, **changes: object) -> ManagedDevice:
    fields: dict[str, object] = {
        "id": f"d{n}",
        "operating_system": "Windows",
        "os_version": "10.0.22631.4460",
        "is_encrypted": True,
        "last_sync_date_time": NOW - timedelta(hours=1),
        "enrolled_date_time": NOW - timedelta(days=200),
    }
    return ManagedDevice(**{**fields, **changes})  # type: ignore[arg-type]


async def test_the_figures_of_a_fleet() -> None:
    days = timedelta(days=1)
    fleet = [
        *(device(n) for n in range(4)),
        device(4, last_sync_date_time=NOW - 8 * days, is_encrypted=False),
        device(5, last_sync_date_time=NOW - 31 * days, os_version="10.0.10240.1", is_encrypted=None),
        device(6, last_sync_date_time=None, is_encrypted=False),
        device(7, last_sync_date_time=None, enrolled_date_time=NOW - days, os_version=None),
    ]
    assert await fleet_figures(fleet, DeviceThresholds(), NOW) == {
        "active_devices": 6.0,
        "checked_in_percent": 50.0,
        "encrypted_percent": 80.0,
        "os_current_percent": 100.0,
        "patch_current_percent": 100.0,
        "windows_current_build_percent": 100.0,
        "windows_previous_build_percent": 0.0,
        "windows_older_build_percent": 0.0,
    }


async def test_what_no_device_reports_is_no_figure() -> None:
    assert await fleet_figures([], DeviceThresholds(), NOW) == {}
    silent = [device(n, last_sync_date_time=None, os_version=None) for n in range(3)]
    figures = await fleet_figures(silent, DeviceThresholds(), NOW)
    assert figures == {"active_devices": 0.0, "checked_in_percent": 0.0}


async def test_a_large_fleet_is_counted_in_slices() -> None:
    """Also one in which every device runs a version of its own."""
    fleet = [device(n, os_version=f"10.0.{n % 50_000}.{n}") for n in range(50_000)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.get_running_loop().create_task(others())
    await fleet_figures(fleet, DeviceThresholds(), NOW)
    task.cancel()
    assert turns >= 100
