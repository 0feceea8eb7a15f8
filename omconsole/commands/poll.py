"""`omconsole poll`: the poller without a console."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

from omconsole.commands.access import require_token
from omconsole.commands.output import print_json, say, warn
from omconsole.domain.words import source_word
from omconsole.errors import SourceFailed, StateLocked
from omconsole.i18n import _, number
from omconsole.service import Service

if TYPE_CHECKING:
    from omconsole.config import Settings
    from omconsole.poll.poller import RoundReport
    from omconsole.signals.reading import Mode

WAIT_FOR_OTHER_S = 600.0
"""How long `--once` waits for the process that polls already (design.md §5)."""


def run_poll(settings: Settings, login: tuple[str, str], *, once: bool, mode: Mode, as_json: bool) -> int:
    """Poll once or until a signal; returns the exit status."""
    require_token(settings)
    work = _once(settings, login, mode, as_json=as_json) if once else _for_ever(settings, login, as_json=as_json)
    return asyncio.run(work)


async def _once(settings: Settings, login: tuple[str, str], mode: Mode, *, as_json: bool) -> int:
    service = await Service.open(settings, login=login[0], name=login[1], via="cli")
    try:
        while (report := await service.poll_once(mode)) is None:
            async with asyncio.timeout(WAIT_FOR_OTHER_S):
                answer = await service.ask_for_poll()
            if answer is not None:
                return _tell_other(answer, as_json=as_json)
        return _tell(report, as_json=as_json)
    except TimeoutError as error:
        raise StateLocked(
            _("Another process polls, and did not answer within ten minutes."),
            _("See who it is with: omconsole doctor"),
        ) from error
    finally:
        await service.close()


def _tell_other(answer: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_json({"by": "other", **answer})
    else:
        say(_("Another process has polled."))
    return 0 if all(each["status"] in {"ok", "forbidden", "skipped"} for each in answer["sources"]) else 5


def ending_signals() -> list[signal.Signals]:
    """The signals that end the poller in order; not a hang-up that `nohup` told this process to outlive."""
    every = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    return [each for each in every if each is not signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN]


async def _for_ever(settings: Settings, login: tuple[str, str], *, as_json: bool) -> int:
    service = await Service.open(settings, login=login[0], name=login[1], via="poller")
    service.on_report = lambda report: _tell(report, as_json=as_json)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number_ in ending_signals():
        loop.add_signal_handler(number_, stop.set)
    running = asyncio.ensure_future(service.run())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if running.done():
            await running
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    finally:
        stopping.cancel()
        await service.close()
    return 0


def _tell(report: RoundReport, *, as_json: bool) -> int:
    """Say what the round brought; returns the exit status that it deserves."""
    from omconsole.poll.poller import report_data

    if as_json:
        print_json(report_data(report))
    else:
        for each in report.readings:
            words = _("{source}: {status}, {items} rows, {requests} requests, {ms} ms")
            say(
                words.format(
                    source=source_word(each.source),
                    status=each.status,
                    items=number(each.items),
                    requests=each.requests,
                    ms=number(each.ms),
                )
            )
        tally = report.tally
        words = _("{opened} opened, {changed} changed, {cleared} cleared")
        say(words.format(opened=number(tally.opened), changed=number(tally.changed), cleared=number(tally.cleared)))
    if report.worked:
        return 0
    failed = [each for each in report.readings if each.status in {"failed", "partial", "throttled"}]
    warn(
        _("Not every source could be read: {names}.").format(
            names=", ".join(source_word(each.source) for each in failed)
        ),
        failed[0].error or "",
    )
    return 3 if all("sign-in" in each.needs for each in failed) else SourceFailed.exit_code
