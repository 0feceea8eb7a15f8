"""`kill -9` at any moment: no acknowledged change is lost and every file stays readable (B15)."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from omconsole.store.head import read_head
from omconsole.store.lookup import Finder
from tests.faults import kill_work
from tests.unit.store_builders import new_store, state_of

if TYPE_CHECKING:
    from pathlib import Path

KILLS_A_DIRECTORY = 50


def kill_rounds(tmp_path: Path, kills: int) -> None:
    """Let two processes work, kill them a moment later, look at what is left; again on the same files."""
    luck = random.Random(1)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.kill_work"])
    rolled = told_in_all = 0
    for number in range(0, kills, 2):
        directory = tmp_path / f"state{number // KILLS_A_DIRECTORY}"
        if not directory.exists():
            new_store(directory)
        told = directory.with_suffix(".told")
        workers = [
            context.Process(target=kill_work.work, args=(str(directory), str(told), number + which), daemon=True)
            for which in range(2)
        ]
        for worker in workers:
            worker.start()
        time.sleep(luck.uniform(0.01, 0.15))
        for worker in workers:
            worker.kill()
            worker.join()
            assert worker.exitcode == -9, "a worker ended by itself"
            worker.close()
        told_in_all += check(directory, told)
        rolled += (directory / "checkpoint-000002.msgpack").exists()
    assert told_in_all > kills, "hardly anything was written before the kills"
    assert rolled, "no segment was rolled"


def check(directory: Path, told: Path) -> int:
    """Everything told is in the history, and caches, checkpoints and journal agree; how much was told."""
    records = told.read_bytes().decode() if told.exists() else ""
    acknowledged = {records[at : at + kill_work.RECORD] for at in range(0, len(records), kill_work.RECORD)}
    store = kill_work.store_of(directory, read_only=True)
    ledger = store.load_now()
    assert store.notices == []
    assert acknowledged <= {event.command_id for event in store.journal.events()}
    assert store.journal.verify() == []
    head = read_head(directory)
    assert head is None or head.seq == ledger.seq
    assert Finder(directory).find("zzzz") == []
    bare = directory.with_suffix(".bare")
    shutil.copytree(directory, bare, ignore=shutil.ignore_patterns("*.lock", "observed.msgpack", "state.json"))
    assert state_of(kill_work.store_of(bare, read_only=True).load_now()) == state_of(ledger)
    shutil.rmtree(bare)
    return len(acknowledged)


def test_nothing_acknowledged_is_lost_by_killing(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 20)


@pytest.mark.faults
def test_nothing_acknowledged_is_lost_in_a_thousand_kills(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 1000)
