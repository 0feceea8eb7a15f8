"""What is remembered of a poll that brought nothing: why, and when to ask again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from omconsole.errors import (
    GraphForbidden,
    GraphProtocolError,
    GraphRejected,
    GraphThrottled,
    GraphUnreachable,
    SignInError,
)
from omconsole.graph.throttling import LONGEST_WAIT_S
from omconsole.sanitize import sanitize
from omconsole.signals.reading import Reading

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.domain.health import SourceHealth
    from omconsole.errors import ConsoleError
    from omconsole.signals.reading import Mode, Signal

_FAILURES: Final = ((GraphUnreachable, "unreachable"), (SignInError, "sign-in"), (GraphProtocolError, "not graph"))


def still_throttled(health: SourceHealth, mode: Mode) -> Reading:
    """The answer for a source that nobody may ask yet, whoever wants to: what Graph said before."""
    return Reading(
        source=health.name,
        mode=mode,
        status="throttled",
        complete=False,
        error=health.error,
        needs=health.needs,
        retry_at=health.not_before,
    )


def failed_reading(signal: Signal, mode: Mode, error: ConsoleError, now: datetime) -> Reading:
    """A reading that says why there is none. Nothing is concluded from it."""
    reading = Reading(source=signal.name, mode=mode, status="failed", complete=False, error=_words(error))
    reading.reason = kind_of_failure(error)
    if isinstance(error, GraphThrottled):
        reading.status = "throttled"
        reading.retry_at = now + timedelta(seconds=min(error.retry_after_s, LONGEST_WAIT_S))
    elif isinstance(error, GraphForbidden):
        reading.status, reading.needs = "forbidden", error.needs or signal.asks
    elif isinstance(error, SignInError):
        reading.needs = ("sign-in",)
    return reading


def kind_of_failure(error: ConsoleError) -> str:
    """What sources that fail alike have in common, in no language: `unreachable`, `rejected 500`, `forbidden …`."""
    if isinstance(error, GraphRejected):
        return f"rejected {error.status}"
    if isinstance(error, GraphForbidden):
        return " ".join(["forbidden", *sorted(error.needs)])
    return next((name for kind, name in _FAILURES if isinstance(error, kind)), type(error).__name__)


def _words(error: ConsoleError) -> str:
    what = error.what.rstrip(".")
    return sanitize(f"{what}. {error.do}" if error.do else what)
