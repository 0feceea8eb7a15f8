"""What a detail says of causes, their members, outages and connectors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from omconsole.screens.course import course_words, evenly
from omconsole.screens.html import as_text
from tests.app import pictures_of_causes as pictures

NOW = pictures.NOW


def flat(text: str) -> str:
    """The words of a screen, wherever they are wrapped."""
    return " ".join(text.replace("█", " ").split())


def at(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


async def test_a_cause_says_why_since_when_and_who_changed_what(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    pictures.changed(console)
    pictures.noncompliant(console, 1100)
    pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(100, 60)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter")
        await quiet(pilot)
        text = flat(seen(app))
        for told in (
            "Win Compliance: minimum OS version",
            "1,100 devices, 300 people",
            "6.2 % of the fleet",
            "critical · 1,100 of 17,600 devices seen within 30 days: 6.2 %; critical from 5 %",
            "22 Nov 06:41",
            "k-admin@contoso.com",
            "10.0.22621 → 10.0.22631",
            "OS version 10.0.22621 (100 %)",
            "Model differs",
            "open; nobody has it",
            "past 2,200 devices",
        ):
            assert told in text
        await pilot.press("a")
        await quiet(pilot)
        text = flat(seen(app))
        assert "acknowledged by anna@contoso.com" in text
        assert "past 2,200 devices (1,100 then), on another platform" in text


async def test_the_members_of_a_cause_can_be_walked_and_opened(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    pictures.noncompliant(console, 40)
    (cause,) = pictures.find_causes(console)
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter")
        await quiet(pilot)
        text = flat(seen(app))
        assert "Members" in text
        assert "10.0.22621" in text
        await pilot.press("a")
        await quiet(pilot)
        assert console.commands[-1][:2] == ("ack", (cause,))
        await pilot.press("tab", "j", "j")
        member = app.screen.members.table.rows[2]
        assert app.screen.target() is member
        await pilot.press("enter")
        await quiet(pilot)
        text = flat(seen(app))
        assert text.startswith(member.seen.subject_name)
        assert "Folds under" in text
        assert "Win Compliance: minimum OS version" in text
        assert "covered by anna@contoso.com" in text
        await pilot.press("q", "tab")
        await quiet(pilot)
        assert app.screen.target().id == cause


async def test_a_backlog_cause_says_when_it_asks_again(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    pictures.noncompliant(console, 20)
    (cause,) = pictures.find_causes(console)
    key = next(key for key, triage in console.ledger.triage.items() if triage.id == cause)
    triage = console.ledger.triage[key]
    console.ledger.triage[key] = replace(triage, backlog=True, base_firing=20)
    console.ledger.rebuild()
    app = app_of(console)
    async with app.run_test(size=(100, 60)) as pilot:
        await quiet(pilot)
        app.screen.show_row(console.snapshot.issues[0])
        await quiet(pilot)
        text = flat(seen(app))
    assert "backlog: there before the console, and not worse since" in text
    assert "past 196 devices (20 then)" in text


async def test_an_outage_says_what_microsoft_says_and_what_it_folds(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    pictures.outage(console)
    app = app_of(console)
    async with app.run_test(size=(100, 60)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter")
        await quiet(pilot)
        text = flat(seen(app))
    for told in (
        "Users may be unable to enrol devices & tokens.",
        "Microsoft Intune · Device enrollment",
        "At Microsoft under investigation",
        "3 failures fold under it",
        "person1@contoso.com",
    ):
        assert told in text
    assert text.index("We have found the cause.") < text.index("We are looking into it.")


async def test_a_connector_says_how_long_it_works(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    pictures.apple_push(console)
    app = app_of(console)
    async with app.run_test(size=(100, 40)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter")
        await quiet(pilot)
        text = flat(seen(app))
    assert "5 days left · expirationDateTime" in text
    assert "27 Nov 2025, 16:41" in text
    assert "critical · low from 60 days, medium from 30, high from 14, critical from 7" in text
    assert "mdm@contoso.com" in text


async def test_what_is_resolved_says_so_and_can_be_taken_up_again(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    id_ = pictures.apple_push(console)
    app = app_of(console)
    async with app.run_test(size=(100, 30)) as pilot:
        await quiet(pilot)
        await pilot.press("0", "enter")
        await quiet(pilot)
        await pilot.press("x", *"renewed", "enter")
        await quiet(pilot)
        assert "critical · no longer open" in seen(app)
        assert "resolved: renewed" in seen(app)
        await pilot.press("X")
        await quiet(pilot)
        assert "critical · REOPENED" in seen(app)
    assert [command[:2] for command in console.commands[1:]] == [("resolve", (id_,)), ("reopen", (id_,))]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([(at(200), 100), (at(100), 200), (at(20), 840)], "rising: +640 in the last hour"),
        ([(at(200), 100), (at(30), 75)], "falling: −25 in the last hour, done in 3 h at this pace"),
        ([(at(20), 10), (at(5), 30)], "rising: +20 in 20 m"),
        ([(at(400), 10), (at(300), 30)], "steady for 5 h"),
        ([(at(90), 10)], "unchanged for 1 h"),
        ([], ""),
    ],
)
def test_which_way_it_goes(counts: list[tuple[datetime, int]], words: str) -> None:
    assert course_words(counts, NOW) == words


def test_a_curve_has_even_steps_in_time() -> None:
    counts = [(at(100), 10), (at(10), 50)]
    assert evenly(counts, NOW, 11) == (10, 10, 10, 10, 10, 10, 10, 10, 10, 50, 50)
    assert evenly(counts[:1], datetime(2025, 11, 22, tzinfo=UTC), 5) == (10,)


def test_html_becomes_plain_lines() -> None:
    html = "<p>We <b>fix</b> it &amp; test.</p><ul><li>one</li><li>two*</li></ul><script>x()</script>&#27;[2J"
    text = as_text(html)
    assert text.splitlines()[:3] == ["We fix it & test.", "- one", "- two*"]
    assert "\x1b" not in text
    assert "x()" not in text
    assert as_text("a plain\nline") == "a plain\nline"
