"""Foreign text is harmless on a terminal, and still readable."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.sanitize import defuse_csv, sanitize, sanitize_block

JOINERS = "\u200c\u200d"

# Every code point, lone surrogates included, with the dangerous ones made frequent.
HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\x9c\x9d\\[]m;\u0301\u200d\u202e\r\n\t é日")))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("PC [lab] [2]", "PC [lab] [2]"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("host\\", "host\\"),
        ("PC-1\x1b]52;c;ZXZpbA==\x1b\\", "PC-1"),
        ("PC-1\x1b]0;title\x07!", "PC-1!"),
        ("a\x9d0;title\x9cb", "ab"),
        ("a\x1b]8;;http://e", "a"),
        ("\x1bP1$r\x1b\\x\x1b_apc\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\", "xyz"),
        ("\x1b[31;1mred\x1b[0m\x9b2J", "red"),
        ("\x1b(Bx\x1bcy\x1b", "xy"),
        ("a\r\nb\nc\rd\ve\ff\x85g\u2028h\u2029i", "a⏎b⏎c⏎d⏎e⏎f⏎g⏎h⏎i"),
        ("a\tb", "a b"),
        ("a\0b\x0e\x0f\x7f\x84c", "abc"),
        ("\u202eabc\u2066d\u2069\u200f\u061c", "abcd"),
        ("a\u200bb\u2060c\ufeffd\u00ade\u180ef\u034fg\u3164h\U000e0041i", "abcdefghi"),
        ("❤\ufe0f 1\ufe0f\u20e3", "❤ 1\u20e3"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("\u200da\u200d\u200c\u200db \u200dc\u200d", "a\u200db c"),
        ("\u0301a" + "\u0301" * 200, "a" + "\u0301" * 4),
        ("a" + ("\u0301" * 4 + "\u200d") * 9 + "b", "a" + "\u0301" * 4 + "\u200db"),
        ("x\ud800y\ufdd0\U0010fffe\ue000\u0378\ufff9", "x�y�����"),
        ("Müller · 日本語 · ไทย · עברית", "Müller · 日本語 · ไทย · עברית"),
        (None, ""),
        (42, "42"),
    ],
)
def test_what_is_shown_of_foreign_text(raw: object, shown: str) -> None:
    assert sanitize(raw) == shown


def test_a_block_keeps_its_line_breaks_alone() -> None:
    assert sanitize_block("one\r\ntwo\x1b[2J\n\u0301three\tfour") == "one\ntwo\nthree four"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert sanitize("x" * 600) == "x" * 511 + "…"
    assert sanitize("ü" * 600, 10) == "ü" * 9 + "…"
    assert sanitize("ab\u200dcd", 4) == "ab…"
    assert sanitize("x" * 512) == "x" * 512


def test_work_on_endless_text_is_bounded_and_the_cut_is_told() -> None:
    assert sanitize("\u200b" * 5000 + "tail") == "…"
    assert sanitize("\x1b]" + "x" * 10_000_000) == "…"


@pytest.mark.parametrize("clean", [sanitize, sanitize_block])
def test_printable_ascii_is_the_same_object(clean) -> None:  # type: ignore[no-untyped-def]
    name = "DESKTOP-" + str(id(clean))
    assert clean(name) is name


@given(HOSTILE, st.integers(1, 40))
def test_nothing_of_theirs_reaches_the_terminal(raw: str, limit: int) -> None:
    for clean, breaks in ((sanitize, ""), (sanitize_block, "\n")):
        text = clean(raw, limit)
        assert len(text) <= limit
        assert clean(text, limit) == text
        foreign = {unicodedata.category(c) for c in text if c not in JOINERS and c not in breaks}
        assert not foreign & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        text.encode("utf-8")


@given(HOSTILE)
def test_marks_and_joiners_have_something_to_stand_on(raw: str) -> None:
    text = sanitize(raw)
    marks = 0
    for i, c in enumerate(text):
        if c in JOINERS:
            assert 0 < i < len(text) - 1
            assert not text[i - 1].isspace()
            continue
        marks = marks + 1 if unicodedata.category(c).startswith("M") else 0
        assert marks <= 4
        assert i or not marks


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert defuse_csv(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "PC-1", "a=b", "3"])
def test_an_ordinary_cell_stays(cell: str) -> None:
    assert defuse_csv(cell) == cell
