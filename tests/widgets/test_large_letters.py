"""Large letters: every letter of a code is there, as wide as said, and unlike every other."""

from __future__ import annotations

from string import ascii_uppercase, digits

from widgets.large_letters import HEIGHT, large, width


def test_every_letter_of_a_code_differs_from_every_other() -> None:
    drawn = {letter: tuple(large(letter) or ()) for letter in f"{ascii_uppercase}{digits}-"}
    assert all(drawn.values())
    assert len(set(drawn.values())) == len(drawn)


def test_a_line_is_as_wide_as_its_letters() -> None:
    lines = large("F4KE2C0DE")
    assert lines is not None
    assert {len(line) for line in lines} == {width("F4KE2C0DE")}
    assert len(lines) == HEIGHT


def test_the_dots_of_a_letter() -> None:
    assert large("T") == ["▀▀█▀▀", "  █  ", "  █  ", "  ▀  "]


def test_an_unknown_letter_is_none_of_them() -> None:
    assert large("A%") is None
