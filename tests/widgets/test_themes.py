from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

import styles
import widgets
from styles.themes import AA_CONTRAST, TEXT_TOKENS, THEMES, contrast, theme_variables

COLOURED = [*THEMES, *(theme for theme in BUILTIN_THEMES.values() if not theme.ansi)]


def colours(theme: Theme) -> dict[str, str]:
    return {**theme_variables(theme), **theme.to_color_system().generate(), **theme.variables}


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(Color.parse("#000"), Color.parse("#fff")) == pytest.approx(21)
    assert contrast(Color.parse("#777"), Color.parse("#fff")) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
@pytest.mark.parametrize("paper", ["background", "cursor-row"])
def test_every_text_can_be_read(theme: Theme, paper: str) -> None:
    values = colours(theme)
    poor = {
        token: round(contrast(Color.parse(values[token]), Color.parse(values[paper])), 2)
        for token in TEXT_TOKENS
        if contrast(Color.parse(values[token]), Color.parse(values[paper])) < AA_CONTRAST
    }
    assert not poor


@pytest.mark.parametrize("theme", [theme for theme in BUILTIN_THEMES.values() if theme.ansi], ids=lambda t: t.name)
def test_a_theme_of_the_terminals_own_colours_has_every_token(theme: Theme) -> None:
    assert theme_variables(theme).keys() == theme_variables(BUILTIN_THEMES["nord"]).keys()


def test_our_themes_define_every_token_themselves() -> None:
    for theme in THEMES:
        assert theme_variables(theme).keys() <= theme.variables.keys()


def test_colours_are_named_in_the_themes_only() -> None:
    found = [
        path.name
        for package in (styles, widgets)
        for path in Path(str(package.__file__)).parent.glob("*.*")
        if path.name != "themes.py" and re.search(r"#[0-9a-fA-F]{3,8}\b", path.read_text(encoding="utf-8"))
    ]
    assert not found
