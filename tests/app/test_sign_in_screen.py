"""Signing in and out on the screen, told step by step by a console that does what the test says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.sign_in import (
    Account,
    BrowserAddress,
    Connecting,
    DeviceCode,
    Hindrance,
    SignInState,
    SignInStep,
)
from omconsole.errors import GraphUnreachable, SignInError
from omconsole.screens.sign_in import SignInDialog, SignOutDialog
from tests.app.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

ANNA = Account("anna@contoso.example", "tenant", "object")
CODE = DeviceCode("F4KE2C0DE", "https://microsoft.com/devicelogin", NOW + timedelta(minutes=14, seconds=30))
NEEDED = SignInState("device-code", needed=True, why="Nobody is signed in.")


class Script:
    """A sign-in under the test's hand: `tell` steps, then let it end with `answer`."""

    def __init__(self) -> None:
        self.told: list[Callable[[SignInStep], None]] = []
        self.cancelled = 0
        self._end: asyncio.Future[Account] | None = None

    async def __call__(self, tell: Callable[[SignInStep], None]) -> Account:
        self.told.append(tell)
        self._end = asyncio.get_running_loop().create_future()
        try:
            return await self._end
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def tell(self, step: SignInStep) -> None:
        self.told[-1](step)

    def answer(self, answer: Account | Exception) -> None:
        assert self._end is not None
        if isinstance(answer, Account):
            self._end.set_result(answer)
        else:
            self._end.set_exception(answer)


@pytest.fixture
def script(console: Any) -> Script:
    made = Script()
    console.signing_in = made
    console.sign_in_state = SignInState("device-code", ANNA)
    return made


async def open_by_verb(pilot: Any) -> None:
    await pilot.app.screen.action_verb("console.sign_in")
    await pilot.pause()


def has_dialog(app: Any) -> bool:
    return isinstance(app.screen, SignInDialog)


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 10)])
async def test_the_code_the_page_and_the_time_left_are_shown(
    console: Any, app_of: Any, seen: Any, script: Script, size: tuple[int, int]
) -> None:
    app = app_of(console)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.tell(Connecting("login.example"))
        await pilot.pause()
        assert "asking login.example …" in seen(app)
        script.tell(CODE)
        await pilot.pause()
        text = seen(app)
        for words in ("https://microsoft.com/devicelogin", "15 minutes", "y copy the code", "esc cancel"):
            assert words in text
        assert "F 4 K E 2 C 0 D E" in text if size[1] < 20 else "█▄▄▄" in text
        assert "F4KE2C0DE" in text.replace(" ", "")


async def test_the_code_is_copied_and_the_copying_said(console: Any, app_of: Any, seen: Any, script: Script) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        await pilot.press("y")
        assert "There is no code to copy at present." in seen(app)
        script.tell(CODE)
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == "F4KE2C0DE"
        assert "F4KE2C0DE was sent to the terminal's clipboard." in seen(app)


async def test_a_hindrance_is_one_line_that_goes_when_it_goes_on(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.tell(CODE)
        script.tell(Hindrance("The sign-in server answered 500."))
        await pilot.pause()
        assert "answered 500" in seen(app)
        assert "F4KE2C0DE" in seen(app)
        script.tell(CODE)
        await pilot.pause()
        assert "answered 500" not in seen(app)


async def test_escape_cancels_at_once_and_nothing_is_drawn_after(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.tell(CODE)
        await pilot.press("escape")
        await pilot.pause()
        assert script.cancelled == 1
        assert not has_dialog(app)
        script.tell(Hindrance("late"))
        await pilot.pause()
        assert "late" not in seen(app)
        assert len(script.told) == 1


async def test_success_closes_the_dialog_and_says_who(console: Any, app_of: Any, seen: Any, script: Script) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.answer(ANNA)
        await pilot.pause()
        await pilot.pause()
        assert not has_dialog(app)
        assert "Signed in as anna@contoso.example." in seen(app)


async def test_success_while_the_command_line_lies_over_it(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause()
        script.answer(ANNA)
        await pilot.pause()
        assert not has_dialog(app)
        await pilot.press("escape")
        await pilot.pause()
        await pilot.pause()
        assert not has_dialog(app)
        assert "Signed in as anna@contoso.example." in seen(app)


async def test_a_failure_says_what_to_do_and_can_be_tried_again(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.tell(CODE)
        script.answer(SignInError("The sign-in was [declined].", "Ask the administrator [/]."))
        await pilot.pause()
        text = seen(app)
        for words in ("The sign-in was [declined].", "Ask the administrator [/].", "try again", "close"):
            assert words in text
        assert "F4KE2C0DE" not in text
        await pilot.press("r")
        await pilot.pause()
        assert len(script.told) == 2
        assert "asking" in seen(app)
        script.answer(GraphUnreachable("No answer."))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert len(script.told) == 3
        script.answer(RuntimeError("boom"))
        await pilot.pause()
        assert "unexpected error (RuntimeError)" in seen(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not has_dialog(app)


async def test_hostile_text_is_text(console: Any, app_of: Any, seen: Any, script: Script) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.tell(DeviceCode("[b]X\x1b[2J", "file:///etc/[/]passwd\x1b]0;t\x07", CODE.expires_at))
        await pilot.pause()
        text = seen(app)
        assert "[b]X" in text.replace(" ", "")
        assert "file:///etc/[/]passwd (no web address)" in text
        assert "\x1b" not in text


async def test_the_browsers_address_is_shown_whole_and_copied(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    console.sign_in_state = SignInState("browser", ANNA)
    address = "https://login.example/authorize?" + "&".join(f"parameter{n}={n}" for n in range(30))
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await open_by_verb(pilot)
        script.tell(BrowserAddress(address, opened=False))
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard == address
        text = seen(app)
        assert "Open this page on this machine and sign in:" in text
        assert address in "".join(line.strip() for line in text.splitlines())
        script.tell(BrowserAddress(address, opened=True))
        await pilot.pause()
        assert "opened" in seen(app)


# When it opens by itself


async def test_it_opens_once_when_it_is_needed_and_leaves_the_rows(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    console.sign_in_state = NEEDED
    console.device("LAP-1")
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert has_dialog(app)
        assert len(script.told) == 1
        await pilot.press("escape")
        await pilot.pause()
        assert "sign in: :login" in seen(app)
        assert "LAP-1" in seen(app)
        for _picture in range(3):
            console.publish()
            await pilot.pause()
        assert not has_dialog(app)
        await pilot.press("a")
        await pilot.pause()
        assert [verb for verb, _ids, _why in console.commands] == ["ack"]


async def test_a_new_reason_asks_again_but_begins_only_when_somebody_is_there(
    console: Any, app_of: Any, seen: Any, script: Script
) -> None:
    console.sign_in_state = NEEDED
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("escape")
        console.sign_in_state = SignInState("device-code", ANNA, needed=True, why="Entra asks for a second factor.")
        console.publish()
        await pilot.pause()
        assert has_dialog(app)
        assert "Entra asks for a second factor." in seen(app)
        assert len(script.told) == 1
        await pilot.press("enter")
        await pilot.pause()
        assert len(script.told) == 2


async def test_the_same_reason_is_a_new_one_after_a_sign_in(console: Any, app_of: Any, script: Script) -> None:
    console.sign_in_state = NEEDED
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.pause()
        console.sign_in_state = SignInState("device-code", ANNA)
        script.answer(ANNA)
        await pilot.pause()
        await pilot.pause()
        console.publish()
        await pilot.pause()
        assert not has_dialog(app)
        console.sign_in_state = NEEDED
        console.publish()
        await pilot.pause()
        assert has_dialog(app)
        assert len(script.told) == 1


async def test_it_waits_while_somebody_types_or_answers(console: Any, app_of: Any, script: Script) -> None:
    app = app_of(console)
    console.device("LAP-1")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        console.sign_in_state = NEEDED
        for key in ("slash", "c", "q", "colon"):
            await pilot.press(key)
            await pilot.pause()
            console.publish()
            await pilot.pause()
            assert not has_dialog(app), key
            console.sign_in_state = None
            console.publish()
            await pilot.press("escape")
            await pilot.pause()
            await pilot.press("escape")
            await pilot.pause()
            console.sign_in_state = NEEDED
        console.publish()
        await pilot.pause()
        assert has_dialog(app)


@pytest.mark.parametrize("options", [{"view_only": True}, {"read_only": True}])
async def test_it_never_opens_where_nobody_may_change_anything(
    console: Any, app_of: Any, seen: Any, script: Script, options: dict[str, bool]
) -> None:
    console.sign_in_state = NEEDED
    app = app_of(console, **options)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert not has_dialog(app)
        assert "sign in: :login" in seen(app)
        await open_by_verb(pilot)
        assert has_dialog(app)


async def test_whoever_follows_fresh_rows_is_not_asked(console: Any, app_of: Any, seen: Any, script: Script) -> None:
    console.sign_in_state = NEEDED
    console.polling = "other"
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.pause()
        assert not has_dialog(app)
        assert "sign in: :login" in seen(app)
        console.fail("devices", "Graph did not answer")
        console.publish()
        await pilot.pause()
        assert has_dialog(app)


# Out, and where nobody signs in


async def test_signing_out_asks_first_on_the_harmless_answer(
    console: Any, app_of: Any, seen: Any, quiet: Any, script: Script
) -> None:
    app = app_of(console)
    async with app.run_test(size=(80, 24)) as pilot:
        await quiet(pilot)
        await app.screen.action_verb("console.sign_out")
        await pilot.pause()
        assert isinstance(app.screen, SignOutDialog)
        assert "Sign anna@contoso.example out?" in seen(app)
        await pilot.press("enter")
        await quiet(pilot)
        assert console.signed_out == 0
        await app.screen_stack[0].action_verb("console.sign_out")
        await pilot.pause()
        await pilot.press("right", "enter")
        await quiet(pilot)
        assert console.signed_out == 1
        assert "Signed out. What was read stays." in seen(app)
        console.sign_in_state = NEEDED
        console.publish()
        await pilot.pause()
        assert not has_dialog(app)
        await pilot.press("5")
        await pilot.pause()
        assert "Nobody is signed in, with a code: :login · Nobody is signed in." in seen(app)


async def test_the_sources_say_who_is_signed_in(console: Any, app_of: Any, seen: Any, script: Script) -> None:
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        await pilot.press("5")
        await pilot.pause()
        assert "signed in as anna@contoso.example, with a code; token renewed by itself" in seen(app)


async def test_with_a_ready_token_and_in_the_demonstration_nobody_signs_in(
    console: Any, app_of: Any, seen: Any
) -> None:
    app = app_of(console)
    async with app.run_test(size=(100, 24)) as pilot:
        await pilot.pause()
        await app.screen.action_verb("console.sign_in")
        await pilot.pause()
        assert "This console uses a ready token; nobody signs in." in seen(app)
        app.is_demo = True
        await app.screen.action_verb("console.sign_out")
        await pilot.pause()
        assert "Nobody signs in to the demonstration." in seen(app)
        assert app.screen is app.screen_stack[0]
