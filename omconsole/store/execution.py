"""Carrying out a command: decided on fresh state under the lock, appended, answered id by id."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from omconsole.domain.handling import Answers, decide, decide_post
from omconsole.domain.triage import Refusal
from omconsole.domain.words import refusal_words
from omconsole.i18n import _

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from omconsole.domain.commands import Command, Outcome
    from omconsole.domain.events import Event
    from omconsole.domain.ledger import Ledger
    from omconsole.store.store import Store

ANSWERS_KEPT = 256
"""Command ids whose answers are remembered: the same id twice gives the same answer."""


class Execution:
    """Takes the commands of one process, one at a time."""

    def __init__(self, store: Store, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._answers: dict[str, Outcome] = {}
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Let the command under way end, and keep others from beginning."""
        async with self._turn:
            yield

    async def execute(self, command: Command) -> Outcome:
        """Apply a command once: the same command id again gives the same answer.

        Raises:
            StateError: nothing could be written; nothing has changed.
        """
        async with self._turn:
            if command.command_id not in self._answers:
                self._answers[command.command_id] = await self._carry_out(command)
                if len(self._answers) > ANSWERS_KEPT:
                    del self._answers[next(iter(self._answers))]
            return self._answers[command.command_id]

    async def _carry_out(self, command: Command) -> Outcome:
        answers = Answers(refusal_words, self._store.persons.names)
        async with self._store.writing(self._ledger) as writing:
            drafts = [
                event
                for id_ in dict.fromkeys(command.ids)
                if (event := self._decide(command, id_, answers)) is not None
            ]
            before = [self._ledger.by_id(event.item or "") for event in drafts]
            written = writing.append(drafts, self._clock())
        for current, event in zip(before, written, strict=True):
            if current is not None:
                answers.item_done(current, event)
            else:
                answers.done(event.ref or "", None, event.event.removeprefix("update."))
        return answers.outcome()

    def _decide(self, command: Command, id_: str, answers: Answers) -> Event | None:
        post = self._ledger.posts.get(id_)
        current = self._ledger.by_id(id_)
        if post is not None:
            receipt = self._ledger.receipts.get(command.actor.person, {}).get(id_)
            is_read = receipt is not None and receipt.changed == post.changed
            verdict = decide_post(command, post, is_read=is_read, is_done=id_ in self._ledger.done_posts)
        elif current is not None:
            verdict = decide(command, current)
        else:
            answers.failed(id_, _("there is no such item"))
            return None
        if isinstance(verdict, Refusal):
            answers.refused(id_, verdict)
            return None
        return verdict
