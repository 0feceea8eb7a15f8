"""The dashboard as its user meets it: keys in, words out."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from omconsole.domain.health import SourceHealth
from omconsole.domain.items import Severity
from omconsole.errors import GraphUnreachable

HOSTILE = ["[@click=app.quit]x[/]", "PC [lab] [2]", "host\\", "[/]", "[bold]x"]


async def test_fleet_queue_and_feed_are_on_one_screen(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1", severity=Severity.CRITICAL, age=timedelta(hours=2))
    console.device("LAP-2", kind="device.stale", severity=Severity.LOW)
    console.post_up("MC1", "Plan for change")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        text = seen(app)
    assert "Contoso" in text
    assert "2 need you · 1 critical · oldest 2 h" in text
    assert "all fresh" in text
    assert "C   LAP-1 · not compliant" in text
    assert "no check-in for 2 days" in text
    assert "●   Plan for change" in text


async def test_a_acknowledges_and_shows_who(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    id_ = console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("a")
        await quiet(pilot)
        text = seen(app)
    assert console.commands == [("ack", (id_,), None)]
    row = next(line for line in text.splitlines() if "M   LAP-1 · not compliant" in line)
    assert row.split()[-1] == "anna"
    assert "Acknowledged: LAP-1 · not compliant" in text


async def test_after_an_acknowledgement_the_cursor_is_on_the_next_row(console: Any, app_of: Any, quiet: Any) -> None:
    for name in ("A", "B", "C"):
        console.device(name, age=timedelta(hours=ord("Z") - ord(name)))
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        await pilot.press("a")
        await quiet(pilot)
        assert app.screen.current.row.seen.subject_name == "B"


async def test_a_verb_that_cannot_apply_says_why(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("A")
        await quiet(pilot)
        assert "nobody has acknowledged it" in seen(app)


async def test_a_view_only_console_refuses_with_words(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    app = app_of(console, view_only=True)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("a")
        await quiet(pilot)
        assert "nothing can be changed from here" in seen(app)
    assert console.commands == []


async def test_the_cursor_stays_on_its_row(console: Any, app_of: Any, quiet: Any) -> None:
    for number in range(5):
        console.device(f"LAP-{number}", age=timedelta(hours=5 - number))
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        await pilot.press("j", "j")
        assert app.screen.current.row.seen.subject_name == "LAP-2"
        console.device("WORSE", severity=Severity.CRITICAL)
        console.publish()
        await quiet(pilot)
        assert app.screen.current.row.seen.subject_name == "LAP-2"
        assert app.screen.issues.table.rows[0].seen.subject_name == "WORSE"


async def test_hostile_names_are_text(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    for name in HOSTILE:
        console.device(name)
        console.post_up(f"MC-{HOSTILE.index(name)}", name)
    app = app_of(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await quiet(pilot)
        text = seen(app)
        for line in range(3, 8):
            await pilot.click("#issues-table", offset=(30, line - 2))
        await quiet(pilot)
        assert app.is_running
        assert app.return_code is None
    for name in HOSTILE:
        assert name in text


async def test_keys_that_arrive_together_keep_their_order(console: Any, app_of: Any, quiet: Any) -> None:
    console.device("LAP-1")
    console.device("OTHER")
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        for key in ("slash", "l", "a", "p"):
            app.simulate_key(key)
        await quiet(pilot)
        assert app.screen.issues.filter.text == "lap"
    assert console.commands == []


async def test_a_filter_narrows_and_says_what_it_hides(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    for number in range(12):
        console.device(f"LAP-{number:02}" if number % 3 else f"MAC-{number:02}")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("slash", *"mac", "enter")
        await quiet(pilot)
        text = seen(app)
        assert "filter: mac · 8 hidden" in text
        assert "LAP-" not in text
        console.device("MAC-99")
        console.device("LAP-99")
        console.publish()
        await quiet(pilot)
        assert "filter: mac · 9 hidden" in seen(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert "LAP-" in seen(app)


async def test_a_wrong_filter_says_where(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(120, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("slash", *"lap color:red")
        await quiet(pilot)
        assert "character 5: no field “color”" in seen(app)


async def test_a_failed_source_keeps_its_rows(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    console.fail("devices", "Graph did not answer")
    app = app_of(console)
    async with app.run_test(size=(120, 24)) as pilot:
        await quiet(pilot)
        text = seen(app)
    assert "LAP-1" in text
    assert "STALE since 08:51: Graph did not answer" in text
    assert "STALE since 08:51: devices" in text
    assert "NEW?" in text


async def test_a_console_that_cannot_open_shows_two_lines(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    head = console.snapshot
    console.trouble = GraphUnreachable("Graph did not answer.", "Check the proxy.")
    app = app_of(console, head=head)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        lines = [line.strip() for line in seen(app).splitlines()]
        assert lines.index("Check the proxy.") == lines.index("Graph did not answer.") + 1
        assert any("LAP-1" in line for line in lines)
        await pilot.press("a")
        await quiet(pilot)
        assert console.commands == []


async def test_a_defect_while_polling_leaves_the_picture(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    console.defect = ZeroDivisionError("secret-token")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        text = seen(app)
    assert "unexpected error (ZeroDivisionError)" in text
    assert "LAP-1" in text
    assert "secret-token" not in text


async def test_a_command_that_fails_is_told(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    console.command_trouble = GraphUnreachable("The disk is full.", "Make room.")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("a")
        await quiet(pilot)
        assert "The disk is full. Make room." in seen(app)


async def test_pause_holds_the_picture(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("P")
        console.device("LAP-2")
        console.publish()
        await quiet(pilot)
        assert "LAP-2" not in seen(app)
        assert "paused" in seen(app)
        await pilot.press("P")
        await quiet(pilot)
        assert "LAP-2" in seen(app)


async def test_the_pane_with_the_focus_grows(console: Any, app_of: Any, quiet: Any) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        assert app.screen.issues.size.height > app.screen.updates.size.height
        await pilot.press("3")
        await quiet(pilot)
        assert app.screen.issues.size.height < app.screen.updates.size.height


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (10, 2), (40, 12), (200, 50), (500, 200)])
async def test_no_size_breaks_it(console: Any, app_of: Any, quiet: Any, seen: Any, size: tuple[int, int]) -> None:
    console.device("LAP-1")
    console.post_up("MC1", "Post")
    app = app_of(console)
    async with app.run_test(size=size) as pilot:
        await quiet(pilot)
        await pilot.press("3", "2", "question_mark", "q", "j")
        await pilot.resize_terminal(80, 24)
        await quiet(pilot)
        assert "LAP-1" in seen(app)


async def test_leaving_asks_and_opens_on_staying(console: Any, app_of: Any, quiet: Any) -> None:
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        await pilot.press("q", "enter")
        await quiet(pilot)
        assert app.is_running
        assert app.screen.query("RowsPane")
        await pilot.press("q")
        await quiet(pilot)
        await pilot.press("right", "enter")
    assert console.closed


async def test_the_theme_changes_with_one_key(console: Any, app_of: Any, quiet: Any) -> None:
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        await pilot.press("T")
        assert app.theme == "om-light"
        await pilot.press("T")
        assert app.theme == "om-dark"


async def test_refresh_asks_for_the_pane_or_for_all(console: Any, app_of: Any, quiet: Any) -> None:
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        await pilot.press("r", "3", "r", "R")
        await quiet(pilot)
    assert console.refreshed == ["devices", "messages", None]


async def test_what_was_ordered_before_leaving_is_done_before_the_console_closes(
    console: Any, app_of: Any, quiet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.device("LAP-1")
    begun, go_on = asyncio.Event(), asyncio.Event()
    carry_out = console.command

    async def slow(*arguments: Any, **named: Any) -> Any:
        begun.set()
        await go_on.wait()
        assert not console.closed
        return await carry_out(*arguments, **named)

    monkeypatch.setattr(console, "command", slow)
    app = app_of(console)
    async with app.run_test() as pilot:
        await quiet(pilot)
        await pilot.press("a")
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert [verb for verb, _ids, _why in console.commands] == ["ack"]
    assert console.closed


async def test_the_first_start_says_what_is_going_on(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    for name, health in console.ledger.sources.items():
        console.ledger.sources[name] = SourceHealth(name=name, interval_s=health.interval_s)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        text = seen(app)
    assert "Reading the tenant for the first time…" in text
    assert "Nothing needs you" not in text


@pytest.mark.parametrize("width", [40, 50, 60])
async def test_what_stands_at_both_edges_of_the_head_never_touches(
    console: Any, app_of: Any, quiet: Any, seen: Any, width: int
) -> None:
    console.device("LAP-1", severity=Severity.CRITICAL)
    console.fail("devices", "Graph did not answer")
    app = app_of(console)
    async with app.run_test(size=(width, 24)) as pilot:
        await quiet(pilot)
        line = seen(app).splitlines()[1]
    assert "1 needs you" in line
    assert "   " in line.strip()
    assert "STALE" in line


async def test_the_line_of_a_filter_goes_when_the_focus_leaves_it(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("slash", *"lap")
        await quiet(pilot)
        assert app.screen.query("#filter-line")
        await pilot.press("tab")
        await quiet(pilot)
        assert not app.screen.query("#filter-line")
        assert "? help" in seen(app)
        assert "filter: lap" in seen(app)
