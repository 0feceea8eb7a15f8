"""How fresh a source is, and what its last poll said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.domain.events import Event

PollStatus = Literal["ok", "partial", "failed", "forbidden", "throttled", "skipped"]
SourceState = Literal["ok", "fetching", "stale", "failed", "forbidden", "throttled", "off"]

LASTING = frozenset({"failed", "forbidden"})
"""States that go on when only their words change; Graph says anew from when it throttles."""

STALE_AFTER_AT_LEAST = timedelta(minutes=10)
"""T17: two intervals, but never less than this."""
CLOCKS_DIFFER_BY = timedelta(minutes=1)
"""A time that lies further ahead than this was taken before the clock was set back, and says nothing about now."""


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """A source's last word. Times are UTC; `interval_s` is the configured time between two polls."""

    name: str
    interval_s: float
    status: PollStatus | None = None
    """None until it has been polled."""
    since: datetime | None = None
    """When this status began."""
    last_ok: datetime | None = None
    last_sweep: datetime | None = None
    sweep_principal: str | None = None
    """Who made the last good sweep, by a name from which nothing can be read."""
    sweep_items: int = 0
    """Objects that the last good sweep returned."""
    error: str | None = None
    reason: str = ""
    """What kind of failure it is, in no language: what fails for one reason is one alert."""
    needs: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    """Sentences about what the source is for and cannot tell here, as of its last poll that told anything."""
    not_before: datetime | None = None
    """Throttled until then."""
    items: int = 0
    kinds: tuple[str, ...] = ()
    """The kinds of items that a good sweep has looked for; what opens of any other was there before the console."""
    thresholds: dict[str, tuple[float, ...]] = {}
    """What the last good sweep was judged by, by the settings' names."""
    fetching_since: datetime | None = None
    fetched: int = 0
    """Rows taken in by the poll under way."""

    def is_stale(self, now: datetime) -> bool:
        """T17: no good poll for two intervals, at least ten minutes, or one that lies in the future.

        What was never good is not stale.
        """
        if self.last_ok is None:
            return False
        return now - self.last_ok > self.stale_after or is_ahead(self.last_ok, now)

    @property
    def stale_after(self) -> timedelta:
        return max(timedelta(seconds=2 * self.interval_s), STALE_AFTER_AT_LEAST)

    def state(self, now: datetime) -> SourceState:
        """The one word shown: a failure is said at once, staleness when its time has come."""
        if self.fetching_since is not None:
            return "fetching"
        if self.status in {"failed", "forbidden", "throttled"}:
            return self.status
        if self.status is None or self.status == "skipped":
            return "off"
        return "stale" if self.is_stale(now) else "ok"


def after_report(known: SourceHealth, report: Mapping[str, Any], at: datetime) -> SourceHealth:
    """What a source's part of `poll.finished` says of it: whether it was read well, and wholly; `at` is UTC."""
    if report["status"] not in {"ok", "partial"}:
        return known
    whole = report["status"] == "ok" or bool(report.get("complete"))
    items = report.get("items", known.items)
    if not whole or report.get("mode") != "sweep":
        return replace(known, last_ok=at if whole else known.last_ok, items=items)
    return replace(
        known,
        last_ok=at,
        last_sweep=at,
        sweep_principal=report.get("principal"),
        sweep_items=report.get("items", 0),
        items=items,
        kinds=tuple(sorted({*known.kinds, *report.get("kinds", ())})),
        thresholds={name: tuple(values) for name, values in report.get("thresholds", {}).items()},
    )


def after_state(known: SourceHealth, event: Event) -> SourceHealth:
    """What `source.state` says of a source: its status changed, or why it fails."""
    goes_on = known.status == event.to and event.to in LASTING
    return replace(
        known,
        status=event.to,
        since=known.since if goes_on else event.at,
        reason=event.data.get("reason") or "",
        error=event.why,
        needs=tuple(event.data.get("needs") or ()),
        uncovered=tuple(event.data.get("uncovered", known.uncovered)),
        not_before=event.until,
    )


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Tells whether a time in the past was told by a clock that has been set back since."""
    return moment - now > CLOCKS_DIFFER_BY
