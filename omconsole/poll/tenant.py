"""A poller on an open connection to the profile's tenant: transport, token, signals and the fleet kept from before."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from omconsole.domain.answers import Answers
from omconsole.domain.assessment import EvidenceKept
from omconsole.domain.standings import CauseThresholds
from omconsole.errors import StateError
from omconsole.graph import GraphClient, ManagedDevice, build_client
from omconsole.graph.budgets import Budget, Budgets
from omconsole.graph.connection import transport_settings
from omconsole.paths import user_directory
from omconsole.poll.causing import Causing
from omconsole.poll.intake import Intake
from omconsole.poll.poller import Poller
from omconsole.poll.sources import every_signal
from omconsole.request_log import open_request_log
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.fleet import Fleet
from omconsole.signals.judging import DeviceThresholds
from omconsole.store.answers import load_answers
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    import httpx

    from omconsole.config import Settings, Thresholds
    from omconsole.domain.ledger import Ledger
    from omconsole.domain.snapshot import Snapshot
    from omconsole.poll.access import Access
    from omconsole.poll.poller import Clock, RoundReport
    from omconsole.store import Store

    Transport = Callable[[], AbstractAsyncContextManager[httpx.AsyncBaseTransport]]

DEMO_LOOK_S = 0.02
"""Seconds after which the demo is first asked for a report: nobody waits half a minute for a tenant in memory."""
KEPT_AT_LEAST = timedelta(minutes=10)
"""The cache is written after a round that changed something, and after this long: its head tells how fresh all is."""


@asynccontextmanager
async def open_poller(  # noqa: PLR0913 - what the poller needs of the service is named one by one
    settings: Settings,
    store: Store,
    ledger: Ledger,
    *,
    transport: Transport | None,
    access: Access,
    clock: Clock,
    changed: Callable[[], None],
    picture: Callable[[], Snapshot],
    after_round: Callable[[RoundReport], Awaitable[None]],
    keeps: Callable[[StateError | None], None],
) -> AsyncIterator[Poller]:
    """Connect, and hand out a poller that has not begun.

    Args:
        transport: leads requests elsewhere than to the network; the demo's.
        access: signs the requests.
        changed: called when there is something new to show.
        picture: makes the picture whose head the cache keeps.
        after_round: awaited after each round, before the caches are written and the next begins.
        keeps: told after each round why the caches could not be written; None when they could.

    Raises:
        SettingsError: the address, proxy or certificates cannot be used.
    """
    profile = settings.profile
    async with AsyncExitStack() as stack:
        if transport is None:
            log = open_request_log(user_directory(), settings.profile_name, store.note)
            stack.callback(log.close if log is not None else lambda: None)
        other_way = await stack.enter_async_context(transport()) if transport else None
        http = await stack.enter_async_context(build_client(transport_settings(settings), transport=other_way))
        # With observations lost, only a sweep brings them back, and without a fleet every increment is one.
        kept = [] if await _lacks_observations(ledger) else await store.load_fleet(ManagedDevice)
        fleet = await Fleet.of(kept)
        answers = Answers.of(load_answers(settings.state_directory).answers, clock())
        devices = DevicesSignal(DeviceThresholds(profile.thresholds.stale_days), fleet, answers=answers)

        evidence = EvidenceKept(ledger)
        kept_at: tuple[int, datetime] | None = None

        async def go_on_and_keep(report: RoundReport) -> None:
            turned = evidence.turned(picture())
            if turned:
                async with store.writing(ledger) as writing:
                    writing.append(turned, report.finished)
            await after_round(report)
            nonlocal kept_at
            try:
                if kept_at is None or kept_at[0] != ledger.revision or report.finished - kept_at[1] >= KEPT_AT_LEAST:
                    keeping = ledger.revision, report.finished
                    await store.save_caches(ledger, picture())
                    kept_at = keeping
                if any(reading.source == devices.name and reading.status == "ok" for reading in report.readings):
                    await store.save_fleet(list(devices.fleet.devices.values()))
            except StateError as error:
                keeps(error)
            else:
                keeps(None)

        yield Poller(
            every_signal(profile.thresholds, devices, ledger, access, answers, security_alerts=profile.security_alerts),
            _client(profile.graph_url, http, access, clock, simulated=transport is not None),
            Intake(settings.tenant, ledger, store),
            ledger,
            store,
            clock=clock,
            changed=changed,
            after_round=go_on_and_keep,
            principal=lambda: access.principal,
            challenged=access.challenged,
            causing=Causing(settings.tenant, ledger, store, cause_thresholds(profile.thresholds)),
        )


def _client(root: str, http: httpx.AsyncClient, access: Access, clock: Clock, *, simulated: bool) -> GraphClient:
    """The demo's tenant has this machine's clock, is shared with nobody, and writes a report when asked for it."""
    if simulated:
        return GraphClient(root, http, access, first_look_s=DEMO_LOOK_S, budgets=Budgets({}, Budget(())))
    return GraphClient(root, http, access, wall=clock)


def cause_thresholds(thresholds: Thresholds) -> CauseThresholds:
    """When a cause opens and how bad it is, as the profile says."""
    return CauseThresholds(thresholds.cause_min, thresholds.cause_high_percent, thresholds.cause_critical_percent)


async def _lacks_observations(ledger: Ledger) -> bool:
    """Tells whether an open item of the devices has none; looked for in slices."""
    for index, item in enumerate(list(ledger.rows)):
        if item.seen is None and item.triage.source == DevicesSignal.name:
            return True
        if index % 5_000 == 0:
            await next_turn()
    return False
