"""The two themes and the tokens that every theme has: six greys, one accent, five severities.

    app.register_theme(OM_DARK); app.register_theme(OM_LIGHT)
    def get_theme_variable_defaults(self): return theme_variables(self.current_theme)

Tokens beyond Textual's own: `$ink-bright` (focused titles, unread), `$ink` (text), `$ink-soft` (secondary text),
`$ink-dim` (handled, labels, empty panes), `$accent-ink` (the accent where it is text), `$rule`, `$cursor-row` (a
background), `$severity-critical`, `-high`, `-medium`, `-low`, `-info`. Every text token has a contrast of at least
4.5 : 1 (WCAG 2.1 AA) on `$background` and on `$cursor-row`.
"""

from __future__ import annotations

from typing import Final

from textual.color import Color
from textual.theme import Theme

AA_CONTRAST: Final = 4.5
"""Smallest ratio for text, WCAG 2.1, success criterion 1.4.3."""

TEXT_TOKENS: Final = (
    "ink-bright",
    "ink",
    "ink-soft",
    "ink-dim",
    "accent-ink",
    "severity-critical",
    "severity-high",
    "severity-medium",
    "severity-low",
    "severity-info",
)
"""Tokens in which text is set."""


def _theme(name: str, *, dark: bool, tokens: dict[str, str], surface: str, panel: str) -> Theme:
    accent = tokens.pop("accent")
    background = tokens.pop("background")
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=tokens["ink-soft"],
        accent=accent,
        warning=tokens["severity-medium"],
        error=tokens["severity-critical"],
        success=tokens.pop("success"),
        foreground=tokens["ink"],
        background=background,
        surface=surface,
        panel=panel,
        variables={
            **tokens,
            "accent-ink": accent,
            "text-muted": tokens["ink-soft"],
            "text-disabled": tokens["ink-dim"],
            "foreground-muted": tokens["ink-soft"],
            "foreground-disabled": tokens["ink-dim"],
            "border": accent,
            "border-blurred": tokens["rule"],
            "block-cursor-background": tokens["cursor-row"],
            "block-cursor-foreground": tokens["ink-bright"],
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": tokens["cursor-row"],
            "block-cursor-blurred-foreground": tokens["ink"],
            "input-cursor-background": tokens["ink"],
            "input-cursor-foreground": background,
            "input-selection-background": tokens["rule"],
            "scrollbar": tokens["rule"],
            "scrollbar-hover": tokens["ink-dim"],
            "scrollbar-active": accent,
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "scrollbar-corner-color": background,
            "footer-background": background,
            "footer-key-foreground": accent,
            "footer-description-foreground": tokens["ink-soft"],
            "link-color": accent,
            "link-background-hover": tokens["cursor-row"],
            "link-color-hover": tokens["ink-bright"],
        },
    )


OM_DARK: Final = _theme(
    "om-dark",
    dark=True,
    surface="#1b1e23",
    panel="#22262c",
    tokens={
        "background": "#14161a",
        "cursor-row": "#23282f",
        "rule": "#3b424c",
        "ink-dim": "#8a929d",
        "ink-soft": "#a8b0bb",
        "ink": "#d3d8de",
        "ink-bright": "#f4f6f8",
        "accent": "#7cb7d1",
        "success": "#8fbf8f",
        "severity-critical": "#ff7369",
        "severity-high": "#f0a45d",
        "severity-medium": "#dfc56c",
        "severity-low": "#9fb8d6",
        "severity-info": "#a8b0bb",
    },
)
"""Dark: ink on slate."""

OM_LIGHT: Final = _theme(
    "om-light",
    dark=False,
    surface="#f4f2ec",
    panel="#ece9e1",
    tokens={
        "background": "#fbfaf7",
        "cursor-row": "#ece9e0",
        "rule": "#cfcabf",
        "ink-dim": "#69655d",
        "ink-soft": "#524f49",
        "ink": "#2a2825",
        "ink-bright": "#000000",
        "accent": "#1c6582",
        "success": "#2f6b35",
        "severity-critical": "#b3201a",
        "severity-high": "#974806",
        "severity-medium": "#735800",
        "severity-low": "#34577f",
        "severity-info": "#524f49",
    },
)
"""Light: ink on paper."""

THEMES: Final = (OM_DARK, OM_LIGHT)

_SEVERITY_HUES: Final = {
    "critical": "#e5484d",
    "high": "#e5823a",
    "medium": "#c9a227",
    "low": "#5b8fc7",
    "info": "#8f949b",
}
_ANSI_TOKENS: Final = {
    "ink-bright": "ansi_default",
    "ink": "ansi_default",
    "ink-soft": "ansi_default",
    "ink-dim": "ansi_default",
    "accent-ink": "ansi_cyan",
    "rule": "ansi_bright_black",
    "cursor-row": "transparent",
    "severity-critical": "ansi_red",
    "severity-high": "ansi_magenta",
    "severity-medium": "ansi_yellow",
    "severity-low": "ansi_blue",
    "severity-info": "ansi_default",
}


def _luminance(color: Color) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    return 0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two opaque colours, 1 to 21, as WCAG 2.1 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _readable(color: Color, papers: tuple[Color, ...]) -> Color:
    """The colour, moved towards black or white until it can be read on every paper."""
    pole = max((Color(255, 255, 255), Color(0, 0, 0)), key=lambda pole: min(contrast(pole, paper) for paper in papers))
    for step in range(11):
        moved = color.blend(pole, step / 10, alpha=1.0)
        if all(contrast(moved, paper) >= AA_CONTRAST for paper in papers):
            return moved
    return pole


def theme_variables(theme: Theme) -> dict[str, str]:
    """Return the tokens for a theme that does not define them, such as the ones built into Textual."""
    if theme.ansi:
        return dict(_ANSI_TOKENS)
    generated = theme.to_color_system().generate()
    background, foreground = Color.parse(generated["background"]), Color.parse(generated["foreground"])
    cursor_row = background.blend(foreground, 0.09, alpha=1.0)
    papers = (background, cursor_row)
    text = {
        "ink-bright": Color(255, 255, 255) if theme.dark else Color(0, 0, 0),
        "ink": foreground,
        "ink-soft": foreground.blend(background, 0.2, alpha=1.0),
        "ink-dim": foreground.blend(background, 0.4, alpha=1.0),
        "accent-ink": Color.parse(generated["accent"]),
        **{f"severity-{name}": Color.parse(hue) for name, hue in _SEVERITY_HUES.items()},
    }
    rule = background.blend(foreground, 0.25, alpha=1.0)
    return {
        **{name: _readable(color, papers).hex for name, color in text.items()},
        "rule": rule.hex,
        "cursor-row": cursor_row.hex,
    }
