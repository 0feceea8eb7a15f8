"""What unfolds below a row: keys and places, without making more rows than are shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter

from omconsole.domain.items import Condition, Handling, Item, Severity, Triage
from omconsole.screens.folding import FoldedRows, Member, each_once, place_above
from omconsole.screens.views import split
from widgets.viewport import Viewport

NOW = datetime(2025, 11, 22, 9, 41, tzinfo=UTC)


def item(
    name: str, *, kind: str = "device.noncompliant", backlog: bool = False, severity: Severity = Severity.MEDIUM
) -> Item:
    return Item(
        triage=Triage(
            key=f"key-of-{name}",
            id=name,
            kind=kind,
            source="devices",
            subject_type="device",
            subject_id=name,
            severity=severity,
            condition=Condition.FIRING,
            handling=Handling.OPEN,
            first_seen=NOW - timedelta(days=1),
            opened_at=NOW,
            version=1,
            backlog=backlog,
        )
    )


CAUSE, OTHER, ALONE = item("cause", kind="cause.app"), item("other", kind="cause.app"), item("alone")
TOP = (CAUSE, ALONE, OTHER)
MEMBERS = {"cause": (item("a"), item("b")), "other": (item("b"), item("c")), "b": (item("deep"),)}


def names(rows: FoldedRows) -> list[str]:
    return [f"{'.' * row.depth}{row.item.id}" if isinstance(row, Member) else row.id for row in rows]


def test_members_stand_below_their_cause() -> None:
    rows = FoldedRows(TOP, MEMBERS, {CAUSE.key})
    assert names(rows) == ["cause", ".a", ".b", "alone", "other"]
    assert len(rows) == 5
    assert rows[-1] is OTHER
    assert [row.key for row in rows[1:3]] == ["key-of-cause/key-of-a", "key-of-cause/key-of-b"]


def test_a_member_of_two_causes_has_two_places() -> None:
    rows = FoldedRows(TOP, MEMBERS, {CAUSE.key, OTHER.key})
    keys = [row.key for row in rows]
    assert len(set(keys)) == len(keys) == 7


def test_a_member_unfolds_at_one_of_its_places() -> None:
    rows = FoldedRows(TOP, MEMBERS, {CAUSE.key, OTHER.key, "key-of-other/key-of-b"})
    assert names(rows) == ["cause", ".a", ".b", "alone", "other", ".b", "..deep", ".c"]


def test_every_place_is_found_by_its_key() -> None:
    rows = FoldedRows(TOP, MEMBERS, {CAUSE.key, OTHER.key, "key-of-other/key-of-b"})
    assert [rows.position_of(row.key) for row in rows] == list(range(len(rows)))
    assert rows.position_of("key-of-a") is None
    assert rows.position_of("gone/key-of-a") is None


def test_the_place_above_a_member_is_its_parents() -> None:
    rows = FoldedRows(TOP, MEMBERS, {OTHER.key, "key-of-other/key-of-b"})
    deep = next(row for row in rows if isinstance(row, Member) and row.item.id == "deep")
    assert place_above(deep) == "key-of-other/key-of-b"
    assert place_above(rows[0]) is None


def test_what_has_no_members_any_more_is_no_trouble() -> None:
    assert names(FoldedRows(TOP, {}, {CAUSE.key})) == ["cause", "alone", "other"]


def test_unfolding_ten_thousand_members_makes_no_rows() -> None:
    members = {"cause": tuple(item(f"m{number}") for number in range(10_000))}
    view: Viewport[Item | Member] = Viewport()
    view.page = 10
    view.show(TOP)
    begun = perf_counter()
    rows = FoldedRows(TOP, members, {CAUSE.key})
    view.show(rows)
    shown = [rows[index] for index in range(view.top, view.top + view.page)]
    took = perf_counter() - begun
    assert len(rows) == 10_003
    assert len(shown) == 10
    assert took < 0.01


def test_each_row_of_a_pane_comes_once_and_those_by_themselves_first() -> None:
    found = [each.id for each in each_once(TOP, MEMBERS, "issues")]
    assert found == ["cause", "alone", "other", "a", "b", "c", "deep"]
    assert not list(each_once(TOP, MEMBERS, "alerts"))


def test_backlog_is_no_part_of_what_lives() -> None:
    old = item("old", kind="cause.app", backlog=True)
    critical = item("worst", severity=Severity.CRITICAL)
    found = split((critical, CAUSE, old))
    assert [each.id for each in found.live] == ["worst", "cause"]
    assert found.backlog == (old,)
    assert (found.causes, found.critical) == (1, 1)
