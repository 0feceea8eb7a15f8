"""Detail, reader, notes, sources, help and palette."""

from __future__ import annotations

from typing import Any

from omconsole import verbs
from omconsole.domain.items import Severity
from omconsole.screens.reader import as_markdown


async def test_enter_opens_an_item_and_marks_it_seen(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    id_ = console.device("LAP [1]", severity=Severity.HIGH)
    app = app_of(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await quiet(pilot)
        await pilot.press("enter")
        await quiet(pilot)
        text = seen(app)
        assert ("seen", (id_,), None) in console.commands
        for words in ("LAP [1] · not compliant", "high", "eva@contoso.com", "Last check-in", "20 Nov 2025, 09:41", id_):
            assert words in text
        assert "Encrypted" in text
        assert "opened: not compliant, high" in text
        await pilot.press("a")
        await quiet(pilot)
        text = seen(app)
        assert "ACK" in text
        assert "22 Nov 2025, 09:41" in text
        assert "anna@contoso.com" in text
        await pilot.press("q")
        await quiet(pilot)
        assert app.screen.query("RowsPane")


async def test_a_note_is_written_and_escape_writes_none(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    id_ = console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("c", *"aha")
        await quiet(pilot)
        assert "Note on LAP-1" in seen(app)
        await pilot.press("escape")
        await quiet(pilot)
        assert console.commands == []
        await pilot.press("c", *"called", "enter")
        await quiet(pilot)
    assert console.commands == [("note", (id_,), "called")]


async def test_reading_a_post_marks_it_read_and_n_goes_on(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.post_up("MC1", "First", body="<h2>Why</h2><p>We <b>change</b> it.</p>", days=1)
    console.post_up("MC2", "Second", body="<p>Other</p>", days=2)
    app = app_of(console)
    async with app.run_test(size=(100, 30)) as pilot:
        await quiet(pilot)
        await pilot.press("3", "enter")
        await quiet(pilot)
        text = seen(app)
        for words in ("First", "MC1 · read", "We change it.", "20 days left", "plan for change"):
            assert words in text
        await pilot.press("n")
        await quiet(pilot)
        assert "Other" in seen(app)
        await pilot.press("n")
        await quiet(pilot)
        assert "No other unread post" in seen(app)
        await pilot.press("p")
        await quiet(pilot)
        assert "We change it." in seen(app)
    assert [command[:2] for command in console.commands] == [("ack", ("MC1",)), ("ack", ("MC2",))]


def test_a_body_loses_scripts_pictures_and_control_characters(console: Any) -> None:
    body = "<p>a&#27;[31mb&#155;c</p><script>alert(1)</script><style>x{}</style><img src='https://x/y.png' alt='p'>"
    console.post_up("MC1", "T", body=body)
    text = as_markdown(console.ledger.posts["MC1"])
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "alert" not in text
    assert "https" not in text


async def test_a_link_is_shown_and_never_opened(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    body = "<p><a href='https://learn.microsoft.com/x'>link</a></p>"
    console.post_up("MC1", "T", body=body)
    app = app_of(console)
    async with app.run_test(size=(120, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("3", "enter")
        await quiet(pilot)
        markdown = app.screen.query_one("#post")
        markdown.post_message(markdown.LinkClicked(markdown, "https://learn.microsoft.com/x"))
        await quiet(pilot)
        assert "https://learn.microsoft.com/x was sent to the terminal's clipboard" in seen(app)
        markdown.post_message(markdown.LinkClicked(markdown, "file:///etc/passwd"))
        await quiet(pilot)
        assert "no web address" in seen(app)


async def test_the_sources_say_how_fresh_they_are(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    console.fail("devices", "Graph did not answer")
    app = app_of(console)
    async with app.run_test(size=(120, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("5")
        await quiet(pilot)
        text = seen(app)
    assert "Graph did not answer" in text
    assert "failed" in text
    assert "message center" in text
    assert "this console polls" in text


async def test_help_and_palette_list_every_verb(console: Any, app_of: Any, quiet: Any) -> None:
    from textual.command import CommandList
    from textual.widgets import Static

    app = app_of(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await quiet(pilot)
        await pilot.press("question_mark")
        await quiet(pilot)
        text = str(app.screen.query_one("#page Static", Static).render())
        await pilot.press("q", "colon")
        await quiet(pilot)
        await pilot.pause(0.2)
        listed = [str(option.prompt) for option in app.screen.query_one(CommandList).options]
    for verb in verbs.VERBS:
        assert f":{verb.command} " in text
        assert any(each.startswith(verb.command) for each in listed)


async def test_q_on_the_command_line_leaves(console: Any, app_of: Any, quiet: Any) -> None:
    app = app_of(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await quiet(pilot)
        await pilot.press("colon")
        await pilot.pause(0.2)
        await pilot.press("q")
        await pilot.pause(0.2)
        await pilot.press("enter")
        await quiet(pilot)
        assert not app.is_running or app._exit


async def test_every_verb_has_a_screen_that_does_it() -> None:
    from omconsole.screens.base import method
    from omconsole.screens.dashboard import DashboardScreen

    assert [verb.id for verb in verbs.VERBS if not hasattr(DashboardScreen, method(verb))] == []


async def test_a_hostile_name_is_text_wherever_it_is_said(console: Any, app_of: Any, quiet: Any, seen: Any) -> None:
    name = "[@click=app.quit]x[/]"
    console.device(name)
    app = app_of(console)
    async with app.run_test(size=(120, 30)) as pilot:
        await quiet(pilot)
        await pilot.press("c")
        await quiet(pilot)
        assert f"Note on {name} · not compliant" in seen(app)
        await pilot.press(*"ok", "enter")
        await quiet(pilot)
        assert f"Noted: {name} · not compliant" in seen(app)
        await pilot.press("enter")
        await quiet(pilot)
        assert seen(app).splitlines()[0].strip().startswith(f"{name} · not compliant")
        await pilot.click(offset=(4, 0))
        await quiet(pilot)
        assert app.is_running


async def test_while_a_filter_is_typed_the_last_line_teaches_its_keys(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await pilot.press("slash")
        await quiet(pilot)
        last = seen(app).splitlines()[-1]
        assert "⏎ keep  esc clear" in last
        await pilot.click("Foot", offset=(last.index("user:"), 0))
        await pilot.press(*"eva", "enter")
        await quiet(pilot)
        assert app.screen.issues.filter.text == "user:eva"
        assert "? help" in seen(app).splitlines()[-1]


async def test_a_long_sentence_of_the_help_goes_on_below_itself(
    console: Any, app_of: Any, quiet: Any, seen: Any
) -> None:
    app = app_of(console)
    async with app.run_test(size=(60, 60)) as pilot:
        await quiet(pilot)
        await pilot.press("question_mark")
        await quiet(pilot)
        lines = [line for line in seen(app).splitlines() if line[:25].strip() == "" and line.strip(" │▁▂▃▄▅▆▇█")]
        assert lines
