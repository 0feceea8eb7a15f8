"""Asking all the questions, one after the other; what one of them meets stops no other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from omconsole.domain.answers import Answer
from omconsole.errors import ConsoleError, GraphError, SignInError
from omconsole.graph import Bounds, Round
from omconsole.i18n import _
from omconsole.probe.asking import Found, Inquiry
from omconsole.probe.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from omconsole.graph import GraphClient, TokenSource
    from omconsole.probe.asking import Heard, Question

PROBE_BOUNDS: Final = Bounds(body_bytes=16 * 1024 * 1024, deadline_s=30.0, tries=2, throttled_tries=3)
"""Of each request of a probe."""
QUESTION_S: Final = 120.0
"""A question takes no longer, waits that Graph asks for among it."""
_WAIT_S: Final = 60.0


async def ask_all(
    graph: GraphClient,
    tokens: TokenSource,
    heard: Heard,
    *,
    clock: Callable[[], datetime],
    tell: Callable[[Question], None],
    questions: Sequence[Question] = QUESTIONS,
    question_s: float = QUESTION_S,
) -> list[Answer]:
    """Returns an answer to every question; one that could not be asked says why. Times are UTC.

    After a sign-in that failed nothing is asked any more.

    Args:
        graph: with `PROBE_BOUNDS`.
        tokens: those of `graph`.
        heard: a hook of its HTTP client.
        clock: the time of an answer.
        tell: called before each question.
        questions: which.
        question_s: seconds that each may take.
    """
    answers: list[Answer] = []
    signed_out: SignInError | None = None
    for question in questions:
        tell(question)
        inquiry = Inquiry(graph, tokens, heard, Round(max_wait_s=_WAIT_S))
        try:
            if signed_out is not None:
                raise signed_out
            async with asyncio.timeout(question_s):
                found = await question.ask(inquiry)
        except SignInError as error:
            signed_out = error
            found = _not_asked(error)
        except GraphError as error:
            found = _not_asked(error)
        except TimeoutError:
            words = _("It took longer than {seconds} s.")
            found = Found(None, _("It could not be asked."), words.format(seconds=round(question_s)))
        answers.append(Answer(id=question.id, answer=found.answer, words=found.words, asked_at=clock(), why=found.why))
    return answers


def _not_asked(error: ConsoleError) -> Found:
    return Found(None, _("It could not be asked."), error.what)
