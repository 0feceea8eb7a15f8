"""`omconsole doctor --probe`: the open questions put to the tenant, their answers kept and told."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from omconsole.commands.findings import Check
from omconsole.commands.output import say, warn
from omconsole.domain.answers import merged
from omconsole.domain.instants import iso
from omconsole.errors import ConsoleError, GraphError, StateError
from omconsole.i18n import _, number
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from omconsole.config import Settings
    from omconsole.domain.answers import Answer
    from omconsole.probe.asking import Question


class Probed(NamedTuple):
    """What a probe came to."""

    checks: list[Check]
    answers: tuple[Answer, ...]
    """What holds now, of earlier probes too."""
    status: int
    """The exit status that the worst finding deserves; 0 when every question could be asked."""

    @property
    def data(self) -> list[dict[str, Any]]:
        """The answers as scripts read them."""
        words = _question_words()
        return [
            {
                "id": each.id,
                "question": words[each.id],
                "answer": each.answer,
                "words": each.words,
                "why": each.why or None,
                "asked_at": iso(each.asked_at),
            }
            for each in self.answers
        ]

    def tell(self) -> None:
        """Say each question with its answer, and since when that holds."""
        words = _question_words()
        for each in self.answers:
            day = f"{each.asked_at:%Y-%m-%d}"
            say(words[each.id])
            say("  " + _("{answer} Since {day}.").format(answer=each.words, day=day))
            if each.why:
                say(f"  {each.why}")


def run_probe(settings: Settings) -> Probed:
    """Ask the tenant of this profile each open question and keep the answers; progress goes to standard error.

    It reads alone: lists, reports, a batch of one report. Nothing is changed in the tenant.
    """
    try:
        today = asyncio.run(_asked(settings))
    except ConsoleError as error:
        return Probed([Check("probe", ok=False, what=error.what, do=error.do)], (), error.exit_code)
    return _kept(settings, today)


async def _asked(settings: Settings) -> list[Answer]:
    """Today's answers, over the connection that the poller uses.

    Raises:
        ConsoleError: nobody is signed in, or the settings cannot be used.
    """
    from omconsole.graph import GraphClient, build_client
    from omconsole.graph.connection import transport_settings
    from omconsole.poll.access import Access
    from omconsole.probe.asking import Heard
    from omconsole.probe.questions import QUESTIONS
    from omconsole.probe.running import PROBE_BOUNDS, ask_all

    def tell(question: Question) -> None:
        words = _("{n}/{total} {question} ({how})")
        place = QUESTIONS.index(question) + 1
        warn(words.format(n=place, total=len(QUESTIONS), question=question.words(), how=question.how()))

    heard = Heard()
    async with AsyncExitStack() as stack:
        access = Access(settings, lambda: None)
        stack.push_async_callback(access.close)
        await access.token()  # who is not signed in is told so once, not by every question
        other_way = None
        if settings.is_demo:
            from omconsole.demo import kept_transport

            demo = kept_transport(settings.state_directory, settings.profile.graph_url)
            other_way = await stack.enter_async_context(demo())
        http = await stack.enter_async_context(build_client(transport_settings(settings), transport=other_way))
        http.event_hooks["response"].append(heard)
        graph = GraphClient(settings.profile.graph_url, http, access, bounds=PROBE_BOUNDS)
        return await ask_all(graph, access, heard, clock=lambda: datetime.now(UTC), tell=tell)


def _kept(settings: Settings, today: list[Answer]) -> Probed:
    """Lay the answers over those kept before; one that tells nothing takes no good one away."""
    from omconsole.store.answers import FILE_NAME, load_answers, save_answers

    directory = settings.state_directory
    before = load_answers(directory)
    checks = [Check("answers", ok=True, what=before.notice)] if before.notice else []
    order = {each.id: place for place, each in enumerate(today)}
    holding = merged(before.answers, today, datetime.now(UTC))
    holding = tuple(sorted((each for each in holding if each.id in order), key=lambda each: order[each.id]))
    try:
        save_answers(directory, holding)
    except StateError as error:
        checks.append(Check("answers", ok=False, what=error.what, do=error.do))
        return Probed([*checks, _told(today)], holding, error.exit_code)
    where = _("kept in {path}; a console that runs uses them from its next start on")
    checks.append(Check("answers", ok=True, what=where.format(path=sanitize(directory / FILE_NAME))))
    told = _told(today)
    return Probed([*checks, told], holding, 0 if told.ok else GraphError.exit_code)


def _told(today: list[Answer]) -> Check:
    failed = [each for each in today if each.answer is None]
    what = _("{n} of {total} questions told something about the tenant")
    what = what.format(n=number(sum(each.tells for each in today)), total=number(len(today)))
    if not failed:
        return Check("probe", ok=True, what=what)
    do = _("{n} could not be asked, the first because: {reason}").format(n=number(len(failed)), reason=failed[0].why)
    return Check("probe", ok=False, what=what, do=do)


def _question_words() -> dict[str, str]:
    from omconsole.probe.questions import QUESTIONS

    return {each.id: each.words() for each in QUESTIONS}
