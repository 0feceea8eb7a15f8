from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.content import Content
from textual.events import MouseScrollDown
from textual.geometry import Offset, Region
from textual.strip import Strip

from styles import WIDGETS_CSS
from styles.themes import OM_DARK, OM_LIGHT, theme_variables
from widgets.columns import Column
from widgets.pane import Pane, PaneRule
from widgets.queue_table import QueueTable
from widgets.slices import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTILE = "[@click=app.quit]x[/] \x1b]52;c;x\x07"


@dataclass(frozen=True)
class Item:
    key: str
    what: str = ""
    count: int = 0
    age: list[str] = field(default_factory=lambda: ["1 d"], compare=False)


def items(count: int) -> list[Item]:
    return [Item(str(number), f"device {number}", number) for number in range(count)]


class Table(QueueTable[Item]):
    def __init__(self) -> None:
        self.asked = 0
        super().__init__(
            [
                Column(id="severity", width=1, gap=0, cell=lambda _row: Content.styled("H", "bold $severity-high")),
                Column(id="what", title="What", width=None, cell=self.what),
                Column(id="count", title="Count", width=6, align="right", cell=lambda row: str(row.count)),
                Column(id="age", width=5, align="right", drop_below=60, cell=lambda row: row.age[0]),
            ],
            empty="Nothing needs you.\nLast change 14 m ago.",
        )

    def what(self, row: Item) -> str:
        self.asked += 1
        return row.what


class Repainted:
    """What the slices of the tables were asked to repaint, as regions of the table."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.regions: list[Region] = []
        self.whole = 0
        refresh = Slice.refresh

        def note(
            part: Slice, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
        ) -> Slice:
            self.regions += [region.translate((part.region.x, 0)) for region in regions]
            self.whole += not regions
            return refresh(part, *regions, repaint=repaint, layout=layout, recompose=recompose)

        monkeypatch.setattr(Slice, "refresh", note)

    def forget(self) -> None:
        self.whole = 0
        self.regions.clear()


@pytest.fixture
def repainted(monkeypatch: pytest.MonkeyPatch) -> Repainted:
    return Repainted(monkeypatch)


class Host(App[None]):
    CSS_PATH = [WIDGETS_CSS]

    def __init__(self, rows: Sequence[Item] = ()) -> None:
        super().__init__()
        self.given = rows
        self.highlighted: list[str | None] = []
        self.opened: list[str] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield Pane(Table(), rule=PaneRule("1 Issues", "4"))
        yield Pane(Table(), rule=PaneRule("2 Updates"), id="second")

    def on_mount(self) -> None:
        self.table.show(self.given)

    @property
    def table(self) -> Table:
        return self.query(Table).first()

    @on(QueueTable.RowHighlighted)
    def note_highlighted(self, event: QueueTable.RowHighlighted) -> None:
        self.highlighted.append(event.key)

    @on(QueueTable.RowOpened)
    def note_opened(self, event: QueueTable.RowOpened) -> None:
        self.opened.append(event.key)


def lines(host: Host) -> list[str]:
    return [strip.text for strip in strips(host)]


def strips(host: Host) -> list[Strip]:
    table = host.table
    parts = [part.render_lines(part.size.region) for part in table.query(Slice) if part.size]
    return [Strip.join(pieces) for pieces in zip(*parts, strict=True)]


async def test_fifty_thousand_rows_cost_what_the_screen_shows(repainted: Repainted) -> None:
    host = Host(items(50_000))
    async with host.run_test(size=(100, 42)) as pilot:
        table = host.table
        visible = table.size.height
        assert table.asked <= 2 * visible
        table.asked = 0
        repainted.forget()
        table.show(items(50_000))
        assert table.asked <= visible
        assert (repainted.regions, repainted.whole) == ([], 0)
        table.asked = 0
        table.action_last()
        await pilot.pause()
        assert table.asked <= visible + 1
        assert table.cursor_key == "49999"


async def test_a_changed_cell_repaints_its_differing_characters_alone(repainted: Repainted) -> None:
    rows = items(500)
    host = Host(rows)
    async with host.run_test(size=(100, 42)) as pilot:
        table = host.table
        await pilot.pause()
        table.asked = 0
        repainted.forget()
        changed = list(rows)
        changed[3] = Item("3", "device 3", 7)
        table.show(changed)
        assert repainted.regions == [Region(100 - 1 - 5 - 1 - 1, 3, 1, 1)]
        assert (table.asked, repainted.whole) == (1, 0)
        await pilot.pause()
        table.asked = 0
        repainted.forget()
        table.show(list(changed))
        assert (repainted.regions, repainted.whole, table.asked) == ([], 0, 0)


async def test_moving_the_cursor_repaints_two_lines(repainted: Repainted) -> None:
    host = Host(items(500))
    async with host.run_test(size=(100, 42)) as pilot:
        host.table.focus()
        await pilot.pause()
        repainted.forget()
        await pilot.press("j")
        assert {region.y for region in repainted.regions} == {0, 1}
        assert repainted.whole == 0


async def test_losing_the_focus_repaints_one_line(repainted: Repainted) -> None:
    host = Host(items(500))
    async with host.run_test(size=(100, 42)) as pilot:
        host.table.focus()
        await pilot.pause()
        repainted.forget()
        host.set_focus(None)
        await pilot.pause()
        assert {region.y for region in repainted.regions} == {0}
        assert repainted.whole == 0


async def test_ages_are_drawn_anew_on_request(repainted: Repainted) -> None:
    rows = [Item("a", "x", age=["1 m"]), Item("b", "y", age=["1 d"])]
    host = Host(rows)
    async with host.run_test(size=(100, 20)) as pilot:
        await pilot.pause()
        rows[0].age[0] = "2 m"
        repainted.forget()
        host.table.refresh_cells()
        assert repainted.regions == [Region(100 - 1 - 5 + 2, 0, 1, 1)]
        assert "2 m" in lines(host)[0]


async def test_other_columns_can_be_shown() -> None:
    host = Host(items(30))
    async with host.run_test(size=(100, 20)) as pilot:
        host.table.set_columns(
            [Column(id=str(number), width=4, cell=lambda row: f"<{row.count}>") for number in range(9)]
        )
        await pilot.pause()
        assert lines(host)[3].count("<3>") == 9


async def test_names_from_outside_are_literal_text() -> None:
    host = Host([Item("a", HOSTILE)])
    async with host.run_test(size=(100, 20)) as pilot:
        assert "[@click=app.quit]x[/] \ufffd]52;c;x\ufffd" in lines(host)[0]
        await pilot.click(Table, offset=(4, 0))
        assert host.is_running


@pytest.mark.parametrize(
    "what", ["漢字かな交じり文" * 9, "e\u0301" * 90, "👍🏽❤\ufe0f" * 30, "แอป" * 30, "\x00\x9b\n\t" * 30]
)
async def test_every_line_is_as_wide_as_the_table(what: str) -> None:
    host = Host([Item("a", what), Item("b", what[:3])])
    async with host.run_test(size=(60, 20)):
        table = host.table
        for strip in strips(host):
            assert sum(segment.cell_length for segment in strip) == table.size.width
        assert lines(host)[1].rstrip(" 1d").endswith("0")


async def test_cells_may_be_empty_or_of_several_styles() -> None:
    cells = [Content(""), Content.styled("", "bold"), Content.assemble(("a", "bold"), "b"), Content.styled("c", "$ink")]
    host = Host(items(4))
    async with host.run_test(size=(60, 20)) as pilot:
        host.table.set_columns([Column(id="x", width=None, cell=lambda row: cells[row.count])])
        await pilot.pause()
        assert [line.strip("▍ ") for line in lines(host)[:4]] == ["", "", "ab", "c"]
        assert [segment.text.strip() for segment in strips(host)[2] if segment.style and segment.style.bold] == ["a"]


async def test_keys_move_and_open() -> None:
    host = Host(items(100))
    async with host.run_test(size=(100, 22)) as pilot:
        host.table.focus()
        await pilot.press("j", "down", "k", "G", "g", "pagedown", "pageup", "end", "up", "enter")
        assert host.opened == ["98"]
        assert host.table.cursor_key == "98"
        await pilot.press("home", "k", "up")
        assert host.table.cursor_index == 0
        assert host.highlighted[-1] == "0"


async def test_the_cursor_stays_on_its_key_and_the_change_is_told() -> None:
    rows = items(100)
    host = Host(rows)
    async with host.run_test(size=(100, 22)) as pilot:
        table = host.table
        assert table.select("40")
        assert not table.select("nobody")
        await pilot.pause()
        table.show([Item("new"), *rows])
        assert (table.cursor_key, table.cursor_index) == ("40", 41)
        await pilot.pause()
        assert host.highlighted[-1] == "40"
        table.show([row for row in rows if row.key != "40"])
        await pilot.pause()
        assert (table.cursor_key, host.highlighted[-1]) == ("41", "41")
        table.show([])
        await pilot.pause()
        assert table.cursor_row is None
        assert host.highlighted[-1] is None
        await pilot.press("j", "enter", "pagedown", "G")
        assert host.opened == []


async def test_a_click_selects_and_a_second_opens() -> None:
    host = Host(items(100))
    async with host.run_test(size=(100, 22)) as pilot:
        await pilot.click(Table, offset=(5, 0))
        assert host.opened == []
        await pilot.click(Table, offset=(5, 3))
        assert host.table.cursor_key == "3"
        await pilot.click(Table, offset=(5, 3))
        assert host.opened == ["3"]
        await pilot.click(Table, offset=(5, 5), times=2)
        assert host.opened == ["3", "5"]


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    host = Host(items(100))
    async with host.run_test(size=(100, 22)) as pilot:
        await pilot._post_mouse_events([MouseScrollDown], Table, offset=(5, 3))
        await pilot.pause()
        assert "device 3 " in lines(host)[0]
        assert host.table.cursor_key == "0"


async def test_no_rows_is_a_sentence() -> None:
    host = Host()
    async with host.run_test(size=(100, 22)):
        assert [line.strip() for line in lines(host)[:3]] == ["Nothing needs you.", "Last change 14 m ago.", ""]
        host.table.empty = "[/] is literal"
        assert lines(host)[0].strip() == "[/] is literal"


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (2, 2), (3, 1), (500, 200), (10, 2)])
async def test_every_size_is_survived(size: tuple[int, int]) -> None:
    host = Host(items(300))
    async with host.run_test(size=(100, 30)) as pilot:
        host.table.focus()
        host.table.select("200")
        await pilot.resize_terminal(*size)
        await pilot.press("j", "pagedown", "G", "g", "j")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert host.table.cursor_key == "1"
        assert "device 1 " in "".join(lines(host))


async def test_the_cursor_stays_in_view_when_the_screen_shrinks() -> None:
    host = Host(items(300))
    async with host.run_test(size=(100, 60)) as pilot:
        host.table.select("20")
        await pilot.resize_terminal(100, 12)
        await pilot.pause()
        assert any("device 20 " in line for line in lines(host))


async def test_the_terminals_cursor_rests_on_the_row() -> None:
    host = Host(items(30))
    async with host.run_test(size=(100, 30)) as pilot:
        host.table.focus()
        await pilot.press("j", "j")
        assert host.cursor_position == host.table.content_region.offset + Offset(0, 2)


async def test_the_bar_marks_the_row_and_the_background_only_with_focus() -> None:
    host = Host(items(30))
    async with host.run_test(size=(100, 30)) as pilot:
        host.register_theme(OM_DARK)
        host.register_theme(OM_LIGHT)
        for theme in ("om-dark", "om-light"):
            host.theme = theme
            host.table.blur()
            await pilot.pause()
            bar, *_ = strips(host)[0]
            assert bar.text == "▍"
            blurred = bar.style
            host.table.focus()
            await pilot.pause()
            bar, *_ = strips(host)[0]
            assert bar.style is not None
            assert blurred is not None
            assert bar.style.bgcolor != blurred.bgcolor
            assert bar.style.color != blurred.color


async def test_titles_stand_above_the_rows_when_wanted() -> None:
    host = Host(items(30))
    async with host.run_test(size=(100, 30)) as pilot:
        host.table.show_header = True
        await pilot.pause()
        shown = lines(host)
        assert "What" in shown[0]
        assert shown[0].rindex("Count") + 4 == shown[1].rindex(" 0") + 1
        assert "device 0" in shown[1]
