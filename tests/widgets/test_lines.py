from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Static

from styles import WIDGETS_CSS
from styles.themes import theme_variables
from widgets.key_bar import KeyBar, KeyHint
from widgets.line_filter import control_filter, safe_text
from widgets.pane import Pane, PaneRule, RuleLine
from widgets.queue_table import QueueTable
from widgets.tile_block import TileBlock
from widgets.tiles import HeaderLine, Tile

TILES = (
    Tile("", "Contoso"),
    Tile("devices", "18,204"),
    Tile("compliant", "93.1 %", (92.0, None, 93.1), age="12 m"),
    Tile("Defender", "98.7 %", tone="warning"),
)
KEYS = (
    KeyHint("0", "inbox", "inbox"),
    KeyHint("⏎", "open", "open"),
    KeyHint("a", "acknowledge", "acknowledge"),
    KeyHint("?", "help", "help"),
)


class Host(App[None]):
    CSS_PATH = [WIDGETS_CSS]

    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield HeaderLine()
        yield Pane(QueueTable([]), rule=PaneRule("1 Alerts", "3 unread"), id="one")
        yield Pane(QueueTable([]), rule=PaneRule("2 Issues"), id="two")
        yield KeyBar(KEYS)

    @on(KeyBar.Pressed)
    def note(self, event: KeyBar.Pressed) -> None:
        self.pressed.append(event.action)


def rule_of(host: Host, pane: str) -> str:
    return host.query_one(f"#{pane} RuleLine", RuleLine).render_line(0).text


async def test_the_rule_carries_the_title_and_what_is_said_at_the_right() -> None:
    host = Host()
    async with host.run_test(size=(60, 20)):
        assert rule_of(host, "one") == f" 1 Alerts {'─' * 39} 3 unread ─"
        host.query_one("#one", Pane).rule = PaneRule("1 Alerts", "3 unread", "STALE since 09:41")
        assert rule_of(host, "one").endswith(" 3 unread · STALE since 09:41 ─")
        assert cell_len(rule_of(host, "one")) == 60


@pytest.mark.parametrize(("width", "end"), [(40, "STALE since 09:41 ─"), (20, "────────")])
async def test_in_a_narrow_rule_the_warning_goes_last(width: int, end: str) -> None:
    host = Host()
    async with host.run_test(size=(width, 20)):
        host.query_one("#one", Pane).rule = PaneRule("1 Alerts", "3 unread · 1 due", "STALE since 09:41")
        assert rule_of(host, "one").startswith(" 1 Alerts ")
        assert rule_of(host, "one").endswith(end)


@pytest.mark.parametrize(
    ("width", "end"),
    [(60, " 3 causes · 62 in the backlog · +8 ─"), (40, " 3 causes · +8 ─"), (24, " +8 ─"), (15, "─")],
)
async def test_counts_give_way_to_the_title_and_to_how_many_rows_do_not_fit(width: int, end: str) -> None:
    host = Host()
    async with host.run_test(size=(width, 20)):
        host.query_one("#two", Pane).rule = PaneRule("2 Issues", "3 causes · 62 in the backlog", more="+8")
        assert rule_of(host, "two").startswith(" 2 Issues ")
        assert rule_of(host, "two").endswith(end)


async def test_the_title_of_the_focused_pane_is_bright_and_a_click_on_it_focuses() -> None:
    host = Host()
    async with host.run_test(size=(60, 20)) as pilot:

        def brightness(pane: str) -> Style | None:
            return host.query_one(f"#{pane} RuleLine", RuleLine).render_line(0)._segments[1].style

        host.query_one("#one QueueTable").focus()
        await pilot.pause()
        await pilot.pause()
        bright, quiet = brightness("one"), brightness("two")
        assert bright != quiet
        await pilot.click("#two RuleLine")
        await pilot.pause()
        await pilot.pause()
        assert host.query_one("#two QueueTable").has_focus
        assert (brightness("one"), brightness("two")) == (quiet, bright)


async def test_figures_show_label_trend_and_age() -> None:
    host = Host()
    async with host.run_test(size=(100, 20)) as pilot:
        header = host.query_one(HeaderLine)
        header.tiles = TILES
        header.right = "09:41"
        text = header.render_line(0).text
        assert text.startswith(" Contoso   18,204 devices   93.1 % compliant ▁·█ · 12 m   98.7 % Defender ")
        assert text.endswith(" 09:41 ")
        header.summary = "7 need you"
        await pilot.pause()
        assert header.size.height == 2
        assert header.render_line(1).text.startswith(" 7 need you ")


@pytest.mark.parametrize("width", [1, 2, 10, 20, 40, 60, 80])
async def test_a_narrow_header_keeps_the_clock_and_the_first_figures(width: int) -> None:
    host = Host()
    async with host.run_test(size=(width, 20)):
        header = host.query_one(HeaderLine)
        header.tiles = TILES
        header.right = "09:41"
        text = header.render_line(0).text
        assert cell_len(text) == width
        if width >= 20:
            assert text.startswith(" Contoso")
            assert text.endswith("09:41 ")
        if width >= 60:
            assert "93.1 % compliant · 12 m" in text or "93.1 % compliant ▁·█ · 12 m" in text


@pytest.mark.parametrize(("width", "shown"), [(20, 1), (60, 2), (100, 4), (200, 4)])
async def test_a_block_of_figures_shows_those_that_have_room(width: int, shown: int) -> None:
    block = TileBlock()

    class BlockHost(Host):
        def compose(self) -> ComposeResult:
            yield block

    async with BlockHost().run_test(size=(width, 10)) as pilot:
        block.tiles = TILES
        await pilot.pause()
        above, below = block.render_line(0).text, block.render_line(1).text
    assert cell_len(above) == cell_len(below) == width
    assert [each.value in above for each in TILES] == [number < shown for number in range(len(TILES))]
    if shown == 4:
        assert "93.1 %  ▁·█" in above
        assert "compliant · 12 m" in below
        assert above.index("98.7 %") == below.index("Defender")


async def test_a_figure_that_changes_repaints_itself_alone() -> None:
    host = Host()
    async with host.run_test(size=(100, 20)) as pilot:
        header = host.query_one(HeaderLine)
        header.right = "09:41"
        await pilot.pause()
        header.right = "09:42"
        assert [(region.x, region.width) for region in header._repaint_regions] == [(98, 1)]


@pytest.mark.parametrize(
    ("width", "shown"),
    [(80, "0 ⏎ a ?"), (40, "0 ⏎ a ?"), (35, "0 ⏎ a ?"), (34, "0 ⏎ ?"), (19, "0 ?"), (10, "?"), (1, "?")],
)
def test_hints_without_room_go_from_the_right_but_help_stays(width: int, shown: str) -> None:
    assert [hint.key for _x, hint in KeyBar(KEYS).shown(width)] == shown.split()


def test_at_most_eight_hints_and_help_among_them() -> None:
    many = [*(KeyHint(str(number), "", "x") for number in range(12)), KeyHint("?", "help", "help")]
    keys = [hint.key for _x, hint in KeyBar(many).shown(200)]
    assert (len(keys), keys[-1]) == (8, "?")


async def test_a_click_on_a_hint_says_its_action() -> None:
    host = Host()
    async with host.run_test(size=(80, 20)) as pilot:
        places = {hint.action: x for x, hint in host.query_one(KeyBar).shown(80)}
        await pilot.click(KeyBar, offset=(places["acknowledge"] + 3, 0))
        await pilot.click(KeyBar, offset=(0, 0))
        await pilot.pause()
        assert host.pressed == ["acknowledge"]


@given(st.text())
def test_the_filter_keeps_the_width_and_lets_no_control_through(text: str) -> None:
    safe = safe_text(text)
    assert cell_len(safe) == cell_len(text)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in safe)
    assert not any(char in "\u202a\u202e\u2066\u2069\u200b\ufeff\u2028" for char in safe)


def test_the_filter_drops_a_link_with_controls_and_leaves_clean_lines_alone() -> None:
    black = Color(0, 0, 0)
    clean = [Segment("─ 漢字 e\u0301 ▍", Style(bold=True))]
    assert control_filter().apply(clean, black) is clean
    filtered = control_filter().apply([Segment("x", Style(link="http://a/\x1b\\b"))], black)
    assert filtered[0].style is not None
    assert filtered[0].style.link is None


async def test_the_filter_works_where_textual_applies_it() -> None:
    class Careless(App[None]):
        def __init__(self) -> None:
            super().__init__()
            self._filters.append(control_filter())

        def compose(self) -> ComposeResult:
            yield Static("PC-1\x1b]52;c;ZXZpbA==\x1b\\ \u202eend", markup=False)

    async with (app := Careless()).run_test(size=(60, 3)):
        text = "".join(strip.text for strip in app.screen._compositor.render_strips())
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "PC-1" in text
