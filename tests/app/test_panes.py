"""The four panes: causes first, members below them, the backlog in its own view, and what the rules say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from omconsole.domain.backlog import Backlog
from omconsole.domain.figures import Sample
from omconsole.domain.occurrences import Occurrence, Part
from tests.app import pictures_of_causes as pictures

NOW = pictures.NOW


def shown(app: Any, seen: Any) -> list[str]:
    return [line.rstrip(" ▐") for line in seen(app).splitlines()]


def line(lines: list[str], words: str) -> str:
    return next(each for each in lines if words in each)


def as_backlog(console: Any, id_: str) -> None:
    """Make an item one that was there before the console."""
    key = next(key for key, each in console.ledger.triage.items() if each.id == id_)
    console.ledger.triage[key] = replace(console.ledger.triage[key], backlog=True)
    console.ledger._place(key)


async def test_four_panes_are_on_one_small_screen(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    pictures.apple_push(console)
    pictures.noncompliant(console, 60)
    pictures.find_causes(console)
    console.post_up("MC1", "Plan for change")
    console.health("service")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        lines = shown(app, seen)
    assert [each.split()[0] for each in lines if each[1:2] in "1234" and "──" in each] == ["1", "2", "3", "4"]
    assert "1 critical · 1 open" in line(lines, "1 Alerts")
    assert "1 cause ─" in line(lines, "2 Issues")
    assert "1 unread · 1 with a date" in line(lines, "3 Updates")
    assert line(lines, "Win Compliance").split()[-4:] == ["60", "2", "h", "–"]
    assert "LAP-" not in "\n".join(lines)


@pytest.mark.parametrize(("key", "pane"), [("1", "alerts"), ("2", "issues"), ("3", "updates"), ("4", "checklist")])
async def test_a_digit_goes_to_its_pane(console: Any, app_of: Any, quiet: Any, key: str, pane: str) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("tab", key)
        await quiet(pilot)
        assert app.focused.id == f"{pane}-table"


async def test_tab_goes_round_the_panes(console: Any, app_of: Any, quiet: Any) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        for pane in ("updates", "checklist", "alerts", "issues"):
            await pilot.press("tab")
            assert app.screen.current.id == pane
        await pilot.press("shift+tab")
        assert app.screen.current.id == "alerts"


async def test_members_unfold_below_their_cause_and_fold_again(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    pictures.noncompliant(console, 30)
    pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("l")
        await quiet(pilot)
        lines = shown(app, seen)
        assert "▾ Win Compliance" in line(lines, "Win Compliance")
        assert sum("LAP-" in each for each in lines) == 7
        assert "+23" in line(lines, "2 Issues")
        await pilot.press("j", "j", "h")
        await quiet(pilot)
        lines = shown(app, seen)
        assert "▸ Win Compliance" in line(lines, "Win Compliance")
        assert "LAP-" not in "\n".join(lines)
        assert app.screen.target().is_cause


async def test_one_key_on_a_cause_covers_its_members(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    pictures.noncompliant(console, 30)
    (cause,) = pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("right", "a")
        await quiet(pilot)
        lines = shown(app, seen)
    assert console.commands == [("ack", (cause,), None)]
    assert line(lines, "Win Compliance").split()[-1] == "anna"
    assert line(lines, "LAP-").split()[-1] == "covered"


async def test_a_verb_on_a_member_is_for_the_member(console: Any, app_of: Any, quiet: Any) -> None:
    pictures.noncompliant(console, 30)
    (cause,) = pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("l", "j", "a")
        await quiet(pilot)
    ((verb, (id_,), _why),) = console.commands
    assert verb == "ack"
    assert id_ != cause


async def test_what_holds_nothing_says_so(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("l")
        await quiet(pilot)
        assert "Nothing folds under this row." in seen(app)


async def test_a_comma_goes_round_the_views(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-NEW")
    as_backlog(console, console.device("LAP-OLD"))
    console.backlog = Backlog(62, 2410, NOW - timedelta(days=15), NOW + timedelta(days=15), (2410.0, 900.0, 62.0))
    app = app_of(console)
    async with app.run_test(size=(120, 24)) as pilot:
        await quiet(pilot)
        live = shown(app, seen)
        await pilot.press("comma")
        await quiet(pilot)
        backlog = shown(app, seen)
        await pilot.press("comma")
        await quiet(pilot)
        every = shown(app, seen)
        await pilot.press("comma")
        await quiet(pilot)
        assert shown(app, seen) == live
    assert "1 single · 62 in the backlog" in line(live, "2 Issues")
    assert "LAP-OLD" not in "\n".join(live)
    assert "62 of 2,410 left" in line(backlog, "2 Issues · backlog")
    assert "plan: 1,205 today · none by 7 Dec" in line(backlog, "2 Issues · backlog")
    assert "LAP-NEW" not in "\n".join(backlog)
    assert "LAP-OLD" in "\n".join(backlog)
    assert {"LAP-NEW", "LAP-OLD"} <= set("\n".join(every).split())


async def test_every_row_shows_members_too(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    pictures.noncompliant(console, 30)
    pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("comma", "comma")
        await quiet(pilot)
        assert "31 rows" in seen(app)


async def test_a_filter_finds_what_is_folded(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    pictures.noncompliant(console, 30)
    pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("slash", *"lap-0017", "enter")
        await quiet(pilot)
        lines = shown(app, seen)
    assert "LAP-0017" in line(lines, "not compliant")
    assert "filter: lap-0017 · 30 hidden" in line(lines, "2 Issues")


async def test_a_filter_over_an_unfolded_cause_shows_what_passes_alone(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    pictures.noncompliant(console, 30)
    pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("l", "slash", *"kind:cause", "enter")
        await quiet(pilot)
        assert [row.is_cause for row in app.screen.issues.table.rows] == [True]
        await pilot.press("escape")
        await quiet(pilot)
        assert len(app.screen.issues.table.rows) == 31


async def test_an_empty_pane_with_a_backlog_names_the_key(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    as_backlog(console, console.device("LAP-OLD"))
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        assert "Nothing needs you here. 1 is in the backlog: the comma key shows it." in seen(app)


async def test_a_pane_of_several_sources_names_the_one_that_failed(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    console.health("service")
    console.health("connectors")
    console.fail("service", "")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        assert "STALE since 08:51: service health" in line(shown(app, seen), "1 Alerts")


async def test_the_checklist_says_what_is_missing(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    red = Occurrence(
        id="m18@2025-11-22",
        template="m18",
        title="Ready for important notices",
        area="operations",
        cadence="daily",
        state="due",
        parts=(Part(name="on-call", ok=False, why="Nobody is on call.", command="omconsole plan"),),
        ok=False,
    )
    console.checklist = (red,)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        lines = shown(app, seen)
    assert "1 red · 1 due" in line(lines, "4 Checklist")
    assert "✗   Ready for important notices" in line(lines, "important")
    assert "Nobody is on call.  omconsole plan" in line(lines, "important")


async def test_the_demonstration_teaches_until_the_first_key(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.device("LAP-1")
    app = app_of(console)
    app.is_demo = True
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        assert shown(app, seen)[0].startswith(" 0 what needs you")
        await pilot.press("j")
        await quiet(pilot)
        assert shown(app, seen)[0].startswith(" 0 what needs you")
        await pilot.press("a")
        await quiet(pilot)
        assert shown(app, seen)[0].startswith(" Contoso")


async def test_a_figure_older_than_its_interval_says_its_age_and_a_missing_one_is_a_dash(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    console.ledger.metrics["compliant_percent"] = [Sample(NOW - timedelta(hours=3), 93.1)]
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        head = shown(app, seen)[0]
    assert "93.1 % compliant · 3 h" in head
    assert "– Defender" in head


@pytest.mark.parametrize(("size", "alone"), [((120, 36), False), ((120, 40), True), ((200, 50), True)])
async def test_the_figures_have_lines_of_their_own_where_there_is_room(
    console: Any, app_of: Any, quiet: Any, seen: Any, size: tuple[int, int], alone: bool
) -> None:
    console.ledger.metrics["compliant_percent"] = [Sample(NOW, 93.1)]
    app = app_of(console)
    async with app.run_test(size=size) as pilot:
        await quiet(pilot)
        lines = shown(app, seen)
        assert ("compliant" in lines[0]) is not alone
        assert lines[3].startswith(" 93.1 %") is alone
        await pilot.resize_terminal(80, 24)
        await quiet(pilot)
        assert "compliant" in shown(app, seen)[0]


async def test_in_another_view_the_cursor_is_on_its_row_or_on_the_first(console: Any, app_of: Any, quiet: Any) -> None:
    pictures.noncompliant(console, 30)
    pictures.find_causes(console)
    for name in ("OLD-1", "OLD-2", "OLD-3"):
        as_backlog(console, console.device(name))
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("l", "j", "j")
        member = app.screen.target()
        await pilot.press("comma")
        await quiet(pilot)
        table = app.screen.issues.table
        assert table.cursor_index == 0
        await pilot.press("j", "comma")
        await quiet(pilot)
        assert app.screen.target().seen.subject_name.startswith("OLD-")
        await pilot.press("comma")
        await quiet(pilot)
        assert app.screen.target().is_cause
        await pilot.press("j", "j", "slash", *member.seen.subject_name.lower(), "enter")
        await quiet(pilot)
        assert app.screen.target().key == member.key


async def test_the_first_row_that_passes_a_new_filter_has_the_cursor(console: Any, app_of: Any, quiet: Any) -> None:
    for number in range(12):
        console.device(f"{'ODD' if number % 2 else 'EVEN'}-{number}", age=timedelta(hours=20 - number))
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("j", "j", "j", "j", "slash", *"odd", "enter")
        await quiet(pilot)
        assert app.screen.issues.table.cursor_index == 0
        assert app.screen.target().seen.subject_name == "ODD-1"


async def test_of_many_sources_in_trouble_the_head_tells_the_number(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    for name in ("service", "connectors", "apps"):
        console.health(name)
        console.fail(name, "Graph did not answer")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        head = shown(app, seen)[1]
    assert re.search(r": (all \d+|3 of \d+) sources", head), head
    assert "…" not in head
