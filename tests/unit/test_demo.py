"""The demo's world: chosen once, kept with the state, reached in this process or in a child of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole import demo
from omconsole.demo import WORLD_FILE, demo_transport, keep_world, kept_transport
from omconsole.errors import StateError, UsageError
from omconsole.store.locks import PollerSeat

if TYPE_CHECKING:
    from pathlib import Path

ROOT = "http://localhost"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "demo"


def test_the_world_is_chosen_once_and_goes_on(directory: Path) -> None:
    first = keep_world(directory, devices=60, seed=7, scenario="calm")
    assert (first.devices, first.seed, first.scenario) == (60, 7, "calm")
    assert (first.epoch.second, first.epoch.microsecond) == (0, 0)
    assert keep_world(directory) == first
    assert keep_world(directory, devices=60, scenario="calm") == first
    assert (directory / WORLD_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("other", [{"devices": 61}, {"seed": 0}, {"scenario": "storm"}])
def test_another_world_is_refused_until_the_old_one_is_moved_aside(
    directory: Path, other: dict[str, int | str]
) -> None:
    first = keep_world(directory, devices=60)
    (directory / "journal-000001.jsonl").write_text("what people did\n")
    with pytest.raises(UsageError) as refused:
        keep_world(directory, **other)  # type: ignore[arg-type]
    assert "--fresh" in refused.value.do
    assert keep_world(directory) == first
    fresh = keep_world(directory, fresh=True, **other)  # type: ignore[arg-type]
    assert {name: getattr(fresh, name) for name in other} == other
    (aside,) = [each for each in directory.parent.iterdir() if each != directory]
    assert (aside / "journal-000001.jsonl").read_text() == "what people did\n"
    assert [each.name for each in directory.iterdir()] == [WORLD_FILE]


def test_a_world_that_somebody_watches_is_not_moved_from_under_them(directory: Path) -> None:
    keep_world(directory, devices=60)
    other = PollerSeat(directory)
    assert other.try_take()
    with pytest.raises(StateError) as refused:
        keep_world(directory, devices=70, fresh=True)
    assert str(directory) in refused.value.what
    other.release()
    assert keep_world(directory, devices=70, fresh=True).devices == 70


def test_a_damaged_world_is_said_and_fresh_helps(directory: Path) -> None:
    keep_world(directory)
    (directory / WORLD_FILE).write_text("{")
    with pytest.raises(StateError) as refused:
        keep_world(directory)
    assert "--fresh" in refused.value.do
    fresh = keep_world(directory, fresh=True)
    assert (fresh.scenario, fresh.devices) == ("story", 5000)


@pytest.mark.parametrize("child", [False, True], ids=["in this process", "in a child"])
async def test_the_world_answers_and_ends(directory: Path, child: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_world(directory, devices=60)
    if child:
        monkeypatch.setattr(demo, "IN_PROCESS_UP_TO", 10)
    async with kept_transport(directory, ROOT)() as transport, httpx.AsyncClient(transport=transport) as client:
        asked = client.build_request("GET", f"{ROOT}/v1.0/deviceManagement/managedDeviceOverview")
        asked.headers["Authorization"] = "Bearer simulated"
        answer = await client.send(asked)
    assert answer.status_code == 200
    assert answer.json()["enrolledDeviceCount"] == 60


async def test_a_child_that_ended_by_itself_is_no_error(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = keep_world(directory, devices=60)
    monkeypatch.setattr(demo, "IN_PROCESS_UP_TO", 10)
    started = []
    start = demo._start_child

    async def remembered(*arguments: object) -> object:
        started.append(await start(*arguments))  # type: ignore[arg-type]
        return started[0]

    monkeypatch.setattr(demo, "_start_child", remembered)
    async with demo_transport(choice, ROOT):
        started[0].kill()
        await started[0].wait()
