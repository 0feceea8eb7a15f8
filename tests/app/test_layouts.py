"""At every width each word that a column says finds the room that it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from omconsole import i18n
from omconsole.domain import words
from omconsole.domain.items import Condition, Handling, Item, Label, Observation, Severity, Triage
from omconsole.domain.kinds import KINDS
from omconsole.domain.updates import Post, Update
from omconsole.screens.columns import issue_columns, label_cell, update_columns
from omconsole.screens.reading import Reading
from widgets.columns import place

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2025, 11, 22, 9, 41, tzinfo=UTC)
WIDTHS = (50, 59, 60, 66, 72, 80, 99, 100, 104, 112, 120, 140, 156, 160, 195, 196, 200, 240, 320)
EDGE = 1
"""Cells that a table keeps free at each side, for the bar and the thumb."""


@pytest.fixture(params=["en", "de"])
def reading(request: pytest.FixtureRequest) -> Iterator[Reading]:
    before = i18n.language()
    i18n.activate(request.param)
    yield Reading(NOW, UTC)
    i18n.activate(before)


def item(kind: str) -> Item:
    triage = Triage(
        key="k",
        id="7r7f70bqn5",
        kind=kind,
        source="devices",
        subject_type="device",
        subject_id="d",
        severity=Severity.MEDIUM,
        condition=Condition.FIRING,
        handling=Handling.OPEN,
        first_seen=NOW - timedelta(days=460),
        opened_at=NOW,
        version=1,
    )
    seen = Observation(
        kind=kind,
        source="devices",
        severity=Severity.MEDIUM,
        subject_type="device",
        subject_id="d",
        subject_name="DE-LEJ-PC-78930",
        evidence_at=NOW - timedelta(days=490),
        facts={"complianceGracePeriodExpirationDateTime": "2025-11-30T09:41:00Z"},
    )
    return Item(triage=triage, seen=seen)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_problem_is_cut(reading: Reading, width: int) -> None:
    slots = {slot.column.id: slot for slot in place(issue_columns(reading, width), width, EDGE, EDGE)}
    for kind in KINDS:
        problem = words.problem(item(kind), now=NOW, tz=UTC)
        assert cell_len(problem) <= slots["problem"].width, problem


@pytest.mark.parametrize("width", WIDTHS)
def test_no_label_is_cut(reading: Reading, width: int) -> None:
    slots = {slot.column.id: slot for slot in place(issue_columns(reading, width), width, EDGE, EDGE)}
    longest = max(cell_len(words.label_word(label)) for label in Label)
    assert "label" not in slots or longest <= slots["label"].width


def test_wider_is_never_less(reading: Reading) -> None:
    before: set[str] = set()
    for width in WIDTHS:
        shown = {slot.column.id for slot in place(issue_columns(reading, width), width, EDGE, EDGE)}
        assert before <= shown, width
        before = shown


@pytest.mark.parametrize("width", WIDTHS)
def test_no_deadline_is_cut(reading: Reading, width: int) -> None:
    columns = {slot.column.id: slot for slot in place(update_columns(reading, width), width, EDGE, EDGE)}
    slot = columns.get("act-by")
    if slot is None:
        return
    for left in (-90, -1, 0, 3, 20, 300):
        update = Update(post=Post(id="MC1", title="T", act_by=NOW + timedelta(days=left)))
        cell = slot.column.cell(update)
        assert cell_len(str(cell)) <= slot.width, str(cell)


def test_a_stale_label_says_so_without_colour(reading: Reading) -> None:
    known = item("device.stale")
    doubtful = replace(known, stale=True)
    assert str(label_cell(doubtful)) == f"{label_cell(known)}?"
