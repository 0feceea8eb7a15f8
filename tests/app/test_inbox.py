"""The inbox: what needs somebody, of all panes, worst first; and what it looks like when nothing does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from omconsole.domain.backlog import Backlog
from omconsole.domain.items import Severity
from omconsole.domain.occurrences import Occurrence, Part
from tests.app import pictures_of_causes as pictures

if TYPE_CHECKING:
    from omconsole.domain.snapshot import Snapshot


def morning(console: Any) -> dict[str, str]:
    """Plant what the demonstration opens with; return ids by name."""
    push = pictures.apple_push(console)
    outage = pictures.outage(console)
    pictures.changed(console)
    pictures.noncompliant(console, 60)
    (cause,) = pictures.find_causes(console)
    return {"push": push, "outage": outage, "cause": cause}


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


async def test_it_shows_what_needs_somebody_worst_first(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    morning(console)
    console.post_up("MC1", "Move to the new enrolment flow", act_by=pictures.NOW + timedelta(days=10))
    console.device("LAP-LOW", severity=Severity.LOW)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0")
        await quiet(pilot)
        shown = lines(seen(app))
    assert shown[1].startswith(" Inbox ─ 4 need somebody ─")
    rows = [line.strip(" ▌▍▎") for line in shown[2:6]]
    assert rows[0].startswith("C   Apple MDM push certificate")
    assert rows[1].startswith("H ▸ ")
    assert {each[0] for each in rows[1:3]} == {"H"}
    assert any("Win Compliance: minimum OS version" in each and " 60 " in each for each in rows[1:3])
    assert any("Users may be unable" in each and " 3 " in each for each in rows[1:3])
    assert rows[3].startswith("M ● by 2 Dec Move to the new enrolment flow")
    assert shown[6] == ""
    assert "LAP-LOW" not in "\n".join(shown)
    assert "q back" in shown[-1]


async def test_what_is_acknowledged_leaves_and_the_cursor_goes_on(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    ids = morning(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0")
        await quiet(pilot)
        before = [row.key for row in app.screen.table.rows]
        await pilot.press("a")
        await quiet(pilot)
        assert [row.key for row in app.screen.table.rows] == before[1:]
        assert app.screen.table.cursor_key == before[1]
        await pilot.press("a", "a")
        await quiet(pilot)
        assert "Nothing needs you." in seen(app)
    assert [command[:2] for command in console.commands] == [
        ("ack", (ids["push"],)),
        *(("ack", (id_,)) for id_ in _ids(console, before[1:])),
    ]


def _ids(console: Any, keys: list[str]) -> list[str]:
    return [console.ledger.triage[key].id for key in keys]


async def test_what_still_fires_is_resolved_with_a_reason(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    ids = morning(console)
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "x")
        await quiet(pilot)
        assert "Resolve Apple MDM push certificate" in seen(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert console.commands == []
        await pilot.press("x", *"renewed", "enter")
        await quiet(pilot)
        assert console.commands == [("resolve", (ids["push"],), "renewed")]
        assert "Resolved: Apple MDM push certificate" in seen(app)
        assert len(app.screen.table.rows) == 2


async def test_without_a_reason_the_question_stays_and_says_so(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    morning(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "x", "space", "enter")
        await quiet(pilot)
        assert "A reason is needed; esc cancels." in seen(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert "A reason is needed" not in seen(app)
    assert console.commands == []


async def test_a_post_leaves_when_the_team_is_through_with_it(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.post_up("MC1", "First", act_by=pictures.NOW + timedelta(days=3))
    console.post_up("MC2", "Second", act_by=pictures.NOW + timedelta(days=4))
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "a")
        await quiet(pilot)
        assert app.screen.table.cursor_key == "MC1"
        assert "2 need somebody" in seen(app)
        await pilot.press("x")
        await quiet(pilot)
        assert "1 needs somebody" in seen(app)
        assert "Done: First" in seen(app)
        assert app.screen.table.cursor_key == "MC2"
    assert [command[:2] for command in console.commands] == [("ack", ("MC1",)), ("resolve", ("MC1",))]


async def test_enter_opens_a_post_and_an_item(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.post_up("MC1", "Move on", body="<p>Why we move</p>", act_by=pictures.NOW + timedelta(days=3))
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter")
        await quiet(pilot)
        assert "Why we move" in seen(app)
        await pilot.press("q", "n", "enter")
        await quiet(pilot)
        assert lines(seen(app))[0].startswith(" LAP-1 · not compliant")
        await pilot.press("q", "p", "enter")
        await quiet(pilot)
        assert "Why we move" in seen(app)


async def test_empty_is_calm_and_names_the_backlog(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        start = pictures.NOW - timedelta(days=2)
        left = Backlog(62, 80, start, start + timedelta(days=30))
        app._receive(replace(console.snapshot, backlog=left))
        await pilot.press("0")
        await quiet(pilot)
        shown = lines(seen(app))
        sentence = next(index for index, line in enumerate(shown) if "Nothing needs you." in line)
        assert 9 <= sentence <= 13
        assert shown[sentence].strip() == "Nothing needs you."
        assert abs(40 - (len(shown[sentence]) - 9)) <= 1
        assert "62 in the backlog." in shown[sentence + 1]
        assert shown[1].startswith(" Inbox ──")


async def test_empty_says_what_nobody_knows(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.fail("devices", "Graph did not answer")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0")
        await quiet(pilot)
        text = seen(app)
    assert "Nothing needs you." in text
    assert text.count("STALE since 08:51: devices") == 2
    assert "nobody knows at present" in text


async def test_the_order_changes_with_pictures_alone(console: Any, app_of: Any, quiet: Any) -> None:
    morning(console)
    now = [pictures.NOW]
    app = app_of(console, clock=lambda: now[0])
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0")
        await quiet(pilot)
        rows = app.screen.table.rows
        now[0] += timedelta(days=40)
        app._tick()
        await quiet(pilot)
        assert app.screen.table.rows is rows


async def test_a_filter_narrows_it(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    morning(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "slash", *"severity:critical", "enter")
        await quiet(pilot)
        assert [row.triage.severity for row in app.screen.table.rows] == [Severity.CRITICAL]
        assert "filter: severity:critical · 2 hidden" in seen(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert len(app.screen.table.rows) == 3
        await pilot.press("escape")
        await quiet(pilot)
        assert app.screen.query("RowsPane")


@pytest.mark.parametrize(("width", "shown"), [(139, False), (140, True), (200, True)])
async def test_where_there_is_room_the_row_is_told_beside_the_list(
    console: Any, app_of: Any, quiet: Any, seen: Any, width: int, shown: bool
) -> None:
    ids = morning(console)
    app = app_of(console)
    async with app.run_test(size=(width, 40)) as pilot:
        await quiet(pilot)
        await pilot.press("0")
        await quiet(pilot)
        assert ("5 days left" in seen(app)) is shown
        app.screen.table.select(next(row.key for row in app.screen.table.rows if row.id == ids["cause"]))
        await quiet(pilot)
        text = seen(app)
        for told in ("k-admin@contoso.com", "10.0.22621 → 10.0.22631", "60 of 17,600 devices seen within 30 days"):
            assert (told in text) is shown


async def test_the_checklist_is_in_it_when_evidence_has_gone(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    app = app_of(console)
    async with app.run_test(size=(100, 30)) as pilot:
        await quiet(pilot)
        app._receive(with_task(console.snapshot))
        await pilot.press("0")
        await quiet(pilot)
        assert "M ✗ Monitoring procedures are in place · polling" in seen(app)
        await pilot.press("a")
        await quiet(pilot)
        assert "does not apply to the checklist" in seen(app)
        assert console.commands == []
        await pilot.press("enter")
        await quiet(pilot)
        text = seen(app)
    for told in ("✗ Monitoring procedures", "1 of 3 green", "✗ polling", "Do: omconsole poll", "✓ procedure", "○ duty"):
        assert told in text


def with_task(snapshot: Snapshot) -> Snapshot:
    """A picture in which polling has stopped."""
    task = Occurrence(
        id="m17@2025-11-22",
        template="m17",
        title="Monitoring procedures are in place",
        area="operations",
        cadence="daily",
        state="due",
        due=pictures.NOW + timedelta(hours=14),
        parts=(
            Part("polling", False, "Not read since 08:51: devices.", "omconsole poll"),
            Part("duty", None, "Nobody knows."),
            Part("procedure", True, "Reviewed."),
        ),
        ok=False,
        was_green=True,
    )
    return replace(snapshot, checklist=(task,))


async def test_the_number_of_a_pane_leads_there(console: Any, app_of: Any, quiet: Any) -> None:
    morning(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "3")
        await quiet(pilot)
        assert app.focused is app.screen.updates.table


async def test_it_can_be_the_first_screen(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    morning(console)
    app = app_of(console)
    app.opens_on = "inbox"
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        assert "Inbox ─ 3 need somebody" in seen(app)
        await pilot.press("q")
        await quiet(pilot)
        assert app.screen.query("RowsPane")


async def test_the_number_of_a_pane_leads_there_from_below_a_detail_too(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("enter", "0", "enter", "0", "3")
        await quiet(pilot)
        assert len(app.screen_stack) == 1
        assert app.focused.id == "updates-table"


async def test_the_inbox_lies_over_itself_nowhere(console: Any, app_of: Any, quiet: Any) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter", "0", "enter", "0", "5", "5", "question_mark", "question_mark", "q", "q")
        await quiet(pilot)
        assert len(app.screen_stack) == 1


async def test_of_a_long_name_the_middle_gives_way_to_the_reason(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    console.device("LAP-" + "W" * 70 + "-END")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "X")
        await quiet(pilot)
        last = lines(seen(app))[-1]
    assert last.startswith(" LAP-WWW")
    assert "…" in last
    assert last.endswith("not resolved.")
