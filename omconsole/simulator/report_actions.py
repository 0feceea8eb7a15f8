"""Which report is behind which action, and the answer to one."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Final

from omconsole.simulator.reports import APP_DEVICES, APPS_SUMMARY, NONCOMPLIANT_SETTINGS, asked, meets, table
from omconsole.simulator.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.reports import Asked, ReportRow
    from omconsole.simulator.workload import ReportAction
    from omconsole.simulator.world import World

#: After so many rows the loop gets its turn.
_SLICE = 50


def _noncompliant_settings(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.settings.rows(now)


def _apps_summary(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    return world.apps.summary(now)


def _app_devices(world: World, asked: Asked, now: int) -> Iterator[ReportRow]:
    app = world.apps.app(asked.value("ApplicationId") or "")
    return iter(()) if app is None else world.apps.devices(app, now)


#: By the last segment of the path.
REPORTS: Final[dict[str, ReportAction]] = {
    "getNoncompliantDevicesAndSettingsReport": (NONCOMPLIANT_SETTINGS, _noncompliant_settings),
    "getAppsInstallSummaryReport": (APPS_SUMMARY, _apps_summary),
    "retrieveDeviceAppInstallationStatusReport": (APP_DEVICES, _app_devices),
    **{action: report for workload in WORKLOADS for action, report in workload.reports.items()},
}


async def answered(world: World, action: str, body: bytes, now: int) -> bytes:
    """The answer to one report action; the event loop gets its turn in between, for the console may live on it."""
    report, rows_at = REPORTS[action]
    request = asked(report, body)
    at = now if request.instant is None else request.instant
    every = iter(rows_at(world, request, at))
    rows: list[ReportRow] = []
    while piece := list(islice(every, _SLICE)):
        await asyncio.sleep(0)
        rows += [row for row in piece if meets(row, request.terms)] if request.terms else piece
    return table(request, rows, at)
