"""At every width each word that a column says finds the room that it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from omconsole import i18n
from omconsole.domain import words
from omconsole.domain.items import Condition, Handling, Item, Label, Observation, Severity, Triage
from omconsole.domain.updates import Post, Update
from omconsole.screens.columns import alert_columns, issue_columns, label_cell
from omconsole.screens.reading import Reading
from omconsole.screens.update_columns import update_columns
from widgets.columns import Slot, place

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


def slots(reading: Reading, width: int) -> dict[str, Slot[Any]]:
    """The columns of issues at a width, by name."""
    columns = issue_columns(reading, width, lambda _key: False)
    return {slot.column.id: slot for slot in place(columns, width, EDGE, EDGE)}


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_the_matter_has_the_room(reading: Reading, width: int) -> None:
    assert slots(reading, width)["what"].width >= min(44, width - 20)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_label_is_cut(reading: Reading, width: int) -> None:
    state = slots(reading, width).get("label")
    longest = max(cell_len(words.label_word(label)) for label in Label if label is not Label.SUPPRESSED)
    assert state is None or longest <= state.width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_hundred_thousand_devices_are_counted_in_full(reading: Reading, width: int) -> None:
    counted = slots(reading, width).get("count")
    assert counted is None or cell_len(i18n.number(123_456)) <= counted.width


def test_wider_is_never_less(reading: Reading) -> None:
    before: set[str] = set()
    for width in WIDTHS:
        shown = set(slots(reading, width))
        assert before <= shown, width
        before = shown


@pytest.mark.parametrize("width", WIDTHS)
def test_alerts_and_issues_line_up_down_the_screen(reading: Reading, width: int) -> None:
    issues = slots(reading, width)
    columns = alert_columns(reading, width, lambda _key: False)
    for slot in place(columns, width, EDGE, EDGE):
        assert slot.x == issues[slot.column.id].x, slot.column.id


def test_updates_begin_where_issues_begin(reading: Reading) -> None:
    title = place(update_columns(reading, 80), 80, EDGE, EDGE)[1]
    what = slots(reading, 80)["what"]
    assert title.x + title.gap == what.x + what.gap


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
