"""What the screens ask of whoever holds the state: pictures come down, wishes go up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from omconsole.domain.rows import Row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from textual.geometry import Size

    from omconsole.domain.commands import Outcome
    from omconsole.domain.events import Event
    from omconsole.domain.sign_in import Account, SignInStep
    from omconsole.domain.snapshot import Snapshot
    from omconsole.domain.updates import Post
    from omconsole.screens.reading import Reading
    from omconsole.verbs import Verb

T = TypeVar("T")
__all__ = ["Console", "Host", "Row", "Trouble"]


class Console(Protocol):
    """One profile at work. Every method is called on the event loop's thread and raises `ConsoleError` alone."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest picture."""

    def subscribe(self, changed: Callable[[Snapshot], None]) -> None:
        """Call `changed` with every new picture, on the loop's thread."""

    async def command(
        self, verb: str, ids: Sequence[str], *, why: str | None = None, expected: Mapping[str, int] | None = None
    ) -> Outcome:
        """Give a verb (`Verb.command`, or `seen`) to items and posts by their ids, as they were when they were shown.

        Args:
            verb: `Verb.command`, or `seen`.
            ids: of items and posts.
            why: a reason, or a note's text.
            expected: the version that the person saw, by id.
        """

    async def refresh(self, source: str | None) -> None:
        """Ask Graph again: one source, or with None all of them, whole lists."""

    async def history(self, key: str) -> list[Event]:
        """Return an item's events, oldest first."""

    async def post(self, id: str) -> Post | None:  # noqa: A002 - Graph's name
        """Return a post with its body, None when it is not known any more."""

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Sign this user in, `tell` being told of every step; cancelling the task takes effect at once."""

    async def sign_out(self) -> bool:
        """Forget this user's tokens; True when there were any."""

    async def run(self) -> None:
        """Poll or follow until cancelled."""

    async def close(self) -> None:
        """Write what is to be kept and let go of every lock."""


class Trouble(msgspec.Struct, frozen=True):
    """Why nothing is being polled: what happened and what to do, a sentence each in the user's language."""

    what: str
    do: str = ""


class Host(Protocol):
    """What a screen may ask of the application that shows it."""

    @property
    def size(self) -> Size:
        """Of the terminal, in cells."""

    @property
    def reading(self) -> Reading:
        """The picture and the time that are on screen."""

    @property
    def trouble(self) -> Trouble | None:
        """Why nothing is being polled, or None while all is well."""

    @property
    def paused(self) -> bool:
        """The picture is held still."""

    @property
    def is_demo(self) -> bool:
        """The tenant is the simulated one, and whoever looks may be new here."""

    def pause(self, held: bool) -> None:
        """Hold the picture still, or let it go on."""

    def refusal(self, verb: Verb) -> str | None:
        """Return why a verb cannot be given to anything at present, None when it can."""

    def order(self, verb: str, rows: Sequence[Row], *, why: str | None = None, quiet: bool = False) -> None:
        """Give a verb to rows, by the ids they have now; tell the outcome unless `quiet`."""

    def refresh_source(self, source: str | None) -> None:
        """Ask Graph again."""

    def clock(self) -> datetime:
        """Return the time, aware, UTC."""

    async def sign_in(self, tell: Callable[[SignInStep], None]) -> Account:
        """Sign somebody in once the profile is open; raises `ConsoleError` alone."""

    async def sign_out(self) -> bool | None:
        """Forget this user's tokens: True when there were any; None, with a notice, when that was not possible."""

    async def ask(self, question: Callable[[Console], Awaitable[T]]) -> T | None:
        """Return the console's answer; None, with a notice, when it has none."""
