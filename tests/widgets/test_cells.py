from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.cells import Align, Cut, changed_span, drawable, fit, joined, width_of
from widgets.columns import Column, Row, place
from widgets.sparkline import sparkline

PLAIN = Style()
BOLD = Style(bold=True)


def text_of(parts: tuple[Segment, ...]) -> str:
    return "".join(part.text for part in parts)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("漢字かな", 5, "漢字…"),
        ("漢字かな", 6, "漢字… "),
        ("e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301…"),
        ("👍👍👍", 4, "👍… "),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_text_is_cut_and_padded_by_cells(text: str, width: int, shown: str) -> None:
    assert text_of(fit([Segment(text, PLAIN)], width, PLAIN)) == shown


def test_figures_stand_at_the_right_and_names_may_lose_their_middle() -> None:
    assert text_of(fit([Segment("42", PLAIN)], 5, PLAIN, "right")) == "   42"
    assert text_of(fit([Segment("win-policy-0001", PLAIN)], 9, PLAIN, "left", "middle")) == "win-…0001"


@given(
    st.lists(st.text(alphabet="ab漢字e\u0301👍\u200dด้"), max_size=3),
    st.integers(0, 12),
    st.sampled_from(["left", "right"]),
    st.sampled_from(["end", "middle"]),
)
def test_a_cell_is_exactly_as_wide_as_its_column(texts: list[str], width: int, align: Align, cut: Cut) -> None:
    assert width_of(fit([Segment(text, PLAIN) for text in texts], width, PLAIN, align, cut)) == width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]52;c;x\x1b\\b", "a\ufffd]52;c;x\ufffd\\b"),
        ("one\ntwo\tthree", "one two three"),
        ("a\u202eb\u200bc", "abc"),
        ("❤\ufe0f", "❤"),
        ("1\u00a0000\u202f000", "1\u00a0000\u202f000"),
        ("\ud800\x9b", "\ufffd\ufffd"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
    ],
)
def test_what_a_terminal_would_obey_is_not_drawn(text: str, shown: str) -> None:
    assert drawable(text) == shown


@given(st.text())
def test_drawable_text_has_no_control_character(text: str) -> None:
    shown = drawable(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in shown)
    assert drawable(shown) == shown


@pytest.mark.parametrize(
    ("old", "new", "span"),
    [
        ([Segment("abcdef", PLAIN)], [Segment("abXdef", PLAIN)], (2, 3)),
        ([Segment("ab", PLAIN), Segment("cd", BOLD)], [Segment("ab", PLAIN), Segment("cd", BOLD)], None),
        ([Segment("ab", PLAIN), Segment("cd", PLAIN)], [Segment("ab", PLAIN), Segment("cd", BOLD)], (2, 4)),
        ([Segment("漢字", PLAIN)], [Segment("漢b ", PLAIN)], (0, 4)),
        ([], [Segment("abc", PLAIN)], (0, 3)),
    ],
)
def test_only_the_cells_that_differ_count(old: list[Segment], new: list[Segment], span: tuple[int, int] | None) -> None:
    assert changed_span(old, new) == span


SEGMENTS = st.lists(
    st.tuples(st.text("ab漢", min_size=1, max_size=3), st.sampled_from([PLAIN, BOLD])).map(lambda pair: Segment(*pair))
)


@given(SEGMENTS, SEGMENTS, st.integers(1, 12))
def test_outside_the_span_nothing_differs(old: list[Segment], new: list[Segment], width: int) -> None:
    before, after = fit(old, width, PLAIN), fit(new, width, PLAIN)
    start, stop = changed_span(before, after) or (0, 0)
    for left, right in ((0, start), (stop, width)):
        one, other = (Strip(parts, width).crop(left, right) for parts in (before, after))
        assert (one.text, one.cell_length) == (other.text, other.cell_length)


@given(SEGMENTS)
def test_joining_keeps_every_cell(parts: list[Segment]) -> None:
    assert text_of(joined(parts)) == text_of(tuple(parts))
    assert len(joined(parts)) <= len(parts)


def column(name: str, width: int | None, drop_below: int = 0) -> Column[Row]:
    return Column(id=name, width=width, drop_below=drop_below, cell=lambda _row: "")


COLUMNS = [
    column("severity", 1),
    column("what", None),
    column("count", 6),
    column("curve", 5, 60),
    column("who", 8, 80),
]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (120, ["severity", "what", "count", "curve", "who"]),
        (79, ["severity", "what", "count", "curve"]),
        (59, ["severity", "what", "count"]),
        (20, ["severity", "what", "count"]),
        (14, ["severity", "what"]),
        (5, ["severity", "what"]),
        (1, []),
    ],
)
def test_the_least_useful_columns_go_first(width: int, shown: list[str]) -> None:
    slots = place(COLUMNS, width, 1, 1)
    assert [slot.column.id for slot in slots] == shown
    assert all(slot.end <= width - 1 for slot in slots)


def test_the_column_without_a_width_takes_the_rest() -> None:
    slots = place(COLUMNS, 120, 1, 1)
    assert slots[-1].end == 119
    assert {slot.column.id: slot.width for slot in slots}["what"] == 118 - 1 - 1 - 7 - 6 - 9


@pytest.mark.parametrize(
    ("values", "width", "curve"),
    [
        ((0, 7), 5, "▁█"),
        ((1, None, 3), 5, "▁·█"),
        ((None, None), 5, ""),
        ((0, 0, 0), 5, "▄▄▄"),
        ((), 5, ""),
        (tuple(range(16)), 8, "▁▂▃▄▅▆▇█"),
        ((5, None), 0, ""),
    ],
)
def test_a_curve_shows_the_shape_and_never_takes_unknown_for_zero(
    values: tuple[float | None, ...], width: int, curve: str
) -> None:
    assert sparkline(values, width) == curve
    assert cell_len(curve) <= width
