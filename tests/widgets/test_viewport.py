from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.viewport import Viewport


@dataclass(frozen=True)
class Item:
    key: str


def items(*keys: object) -> list[Item]:
    return [Item(str(key)) for key in keys]


def viewport(count: int, *, page: int = 10, cursor: int = 0) -> Viewport[Item]:
    view: Viewport[Item] = Viewport()
    view.page = page
    view.show(items(*range(count)))
    view.move_to(cursor)
    return view


def test_rows_inserted_above_move_neither_the_cursor_nor_the_screen() -> None:
    view = viewport(100, cursor=50)
    line = view.cursor - view.top
    view.show(items("new", "newer", *range(100)))
    assert (view.key, view.cursor, view.cursor - view.top) == ("50", 52, line)


def test_a_new_row_comes_into_view_when_the_list_stands_at_its_top() -> None:
    view = viewport(100, cursor=3)
    view.show(items("new", *range(100)))
    assert (view.top, view.cursor, view.key) == (0, 4, "3")


def test_at_the_top_with_the_cursor_on_the_last_line_the_cursor_stays_in_view() -> None:
    view = viewport(100, cursor=9)
    view.show(items("new", *range(100)))
    assert view.cursor_in_view
    assert view.key == "9"


def test_when_the_row_goes_the_cursor_is_on_the_one_that_stood_below() -> None:
    view = viewport(100, cursor=50)
    view.show(items("new", *range(50), *range(51, 100)))
    assert view.key == "51"


def test_when_the_last_row_goes_the_cursor_is_on_the_last() -> None:
    view = viewport(5, cursor=4)
    view.show(items(0, 1, 2, 3))
    assert (view.key, view.cursor) == ("3", 3)


def test_no_rows_means_no_cursor_and_rows_again_mean_the_first() -> None:
    view = viewport(5, cursor=4)
    view.show([])
    assert (view.key, view.cursor, view.top) == (None, -1, 0)
    view.show(items("a", "b"))
    assert view.key == "a"


def test_a_key_that_moved_far_is_found() -> None:
    view = viewport(5000, cursor=0)
    view.show(items(*range(1, 5000), 0))
    assert (view.key, view.cursor) == ("0", 4999)
    assert view.cursor_in_view


def test_a_view_scrolled_away_from_the_cursor_stays_where_the_reader_looks() -> None:
    view = viewport(1000, cursor=0)
    view.scroll(500)
    view.show(items("new", *range(1000)))
    assert view.rows[view.top].key == "500"
    assert view.key == "0"


@pytest.mark.parametrize(("start", "step"), [(9, 1), (50, -1)])
def test_at_the_edge_the_screen_jumps_half_a_page(start: int, step: int) -> None:
    view = viewport(100, cursor=0 if start == 9 else 99)
    view.scroll(0 if start == 9 else 50)
    view.move_to(start)
    top = view.top
    view.move_to(start + step)
    assert view.cursor == start + step
    assert abs(view.top - top) in (5, 6)


def test_only_one_reading_of_all_keys_for_a_key_that_is_gone() -> None:
    reads = 0

    class Counted(Item):
        def __getattribute__(self, name: str) -> object:
            nonlocal reads
            reads += name == "key"
            return super().__getattribute__(name)

    view = viewport(10)
    view.show([Counted(f"x{number}") for number in range(50_000)])
    assert reads <= 50_000 + 1000
    reads = 0
    assert view.position_of("nothing") is None
    assert reads <= 1000


def test_the_thumb_reaches_both_ends() -> None:
    view = viewport(1000)
    assert view.thumb.start == 0
    view.move_to(999)
    assert view.thumb.stop == view.page
    assert len(viewport(10).thumb) == 0


@given(st.lists(st.integers(0, 60), unique=True), st.lists(st.integers(0, 60), unique=True), st.integers(0, 60))
def test_whatever_changes_the_cursor_is_on_a_row_and_in_view(before: list[int], after: list[int], at: int) -> None:
    view: Viewport[Item] = Viewport()
    view.page = 7
    view.show(items(*before))
    view.move_to(at)
    key = view.key
    view.show(items(*after))
    assert (view.cursor >= 0) == bool(after)
    assert 0 <= view.top <= max(0, len(after) - 7)
    if after:
        assert view.cursor_in_view
        assert view.rows[view.cursor].key == view.key
    if key is not None and int(key) in after:
        assert view.key == key


def test_while_rows_come_in_for_the_first_time_the_cursor_waits_on_the_first() -> None:
    view: Viewport[Item] = Viewport()
    view.page = 10
    view.show(items("m", "n"))
    view.show(items("a", "m", "n"))
    assert view.key == "a"
    view.move_to(1)
    view.show(items("0", "a", "m", "n"))
    assert view.key == "m"


def test_once_they_are_in_the_cursor_stays_on_its_row() -> None:
    view: Viewport[Item] = Viewport()
    view.page = 10
    view.show(items("m", "n"))
    view.filling = False
    view.show(items("a", "m", "n"))
    assert view.key == "m"
