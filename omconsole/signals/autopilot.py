"""Autopilot deployments that failed: the part of source `enrollment` that Graph tells in `/beta` alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.errors import GraphError
from omconsole.graph import Flaws, pages, same
from omconsole.graph.user_shapes import AUTOPILOT_EVENTS, AutopilotEvent
from omconsole.graph.user_surface import AUTOPILOT_EVENTS_ASKED
from omconsole.i18n import _
from omconsole.signals.asking import first_understood, not_covered_for
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from omconsole.graph import GraphClient, Round
    from omconsole.signals.unmapped import Unmapped

CATEGORY: Final = "autopilot"
"""Stands for a failure category: Graph has none for deployments."""
FAILED: Final = "failure"
GOOD: Final = frozenset({"success", "successwithtimeout", "successonretry"})
"""The user went on, whatever timed out before."""
SAME_TRY: Final = timedelta(hours=24)
"""A failure that Graph tells as an enrolment of the same user or device within this is the same one."""
NOBODY: Final = "00000000-0000-0000-0000-000000000000"
REASON_AT_MOST: Final = 80
_STATES: Final = frozenset(each.casefold() for each in AUTOPILOT_EVENTS_ASKED.enums["deploymentState"])
_CODE: Final = re.compile(r"0x[0-9A-Fa-f]{8}\b")


class Deployments(msgspec.Struct):
    """The newest deployment of each device, by its serial number or else its id."""

    newest: dict[str, AutopilotEvent] = {}
    uncovered: str = ""
    """Why nothing is known, as a sentence."""
    error: str = ""
    flaws: Flaws = Flaws()


async def read_deployments(graph: GraphClient, budget: Round, unmapped: Unmapped) -> Deployments:
    """Read every deployment that Graph still has. A refusal leaves them out; other trouble is told as an error."""

    async def read(options: Mapping[str, str]) -> Deployments:
        found = Deployments()
        async for page in pages(
            graph,
            AUTOPILOT_EVENTS_ASKED.path,
            decoder=AUTOPILOT_EVENTS,
            workload="troubleshooting",
            version=AUTOPILOT_EVENTS_ASKED.version,
            params=options,
            in_round=budget,
        ):
            found.flaws += page.flaws
            async for event in sliced(page.rows, LIGHT_SLICE):
                _keep(event, found, unmapped)
        return found

    try:
        return await first_understood([AUTOPILOT_EVENTS_ASKED.params(), {}], read)
    except GraphError as error:
        why = not_covered_for(error, AUTOPILOT_EVENTS_ASKED.permission)
        if why is None:
            return Deployments(error=error.what)
        return Deployments(uncovered=_("Autopilot deployments ({why}).").format(why=why))


def _keep(event: AutopilotEvent, found: Deployments, unmapped: Unmapped) -> None:
    device = device_of(event)
    if event.event_date_time is None or device is None:
        found.flaws += Flaws(rejected=1, example="eventDateTime" if device else "deviceSerialNumber")
        return
    if event.deployment_state and event.deployment_state.casefold() not in _STATES:
        unmapped.add("deploymentState", event.deployment_state)
        return
    before = found.newest.get(device)
    if before is None or before.event_date_time is None or event.event_date_time > before.event_date_time:
        found.newest[device] = event


def device_of(event: AutopilotEvent) -> str | None:
    """What names the device whatever becomes of it: its serial number, else its id."""
    if event.device_serial_number:
        return event.device_serial_number
    return event.device_id if event.device_id and event.device_id != NOBODY else None


def has_failed(event: AutopilotEvent) -> bool:
    """Tells whether a deployment failed; one that goes on or was never tried has not."""
    if event.deployment_state is None or same(event.deployment_state, "unknown"):
        return same(event.enrollment_state, "failed")
    return same(event.deployment_state, FAILED)


def has_ended_well(event: AutopilotEvent) -> bool:
    """Tells whether a deployment came to its end."""
    return (event.deployment_state or "").casefold() in GOOD


def reason_of(event: AutopilotEvent) -> str | None:
    """Why it failed: Graph's code where the details have one, else their beginning, else the phase that failed."""
    details = event.enrollment_failure_details or ""
    code = _CODE.search(details)
    if code is not None:
        return "0x" + code[0][2:].upper()
    if details:
        return details[:REASON_AT_MOST].strip()
    if same(event.account_setup_status, FAILED):
        return "accountSetup"
    return "deviceSetup" if same(event.device_setup_status, FAILED) else None


def is_told_by(event: AutopilotEvent, at: datetime, device_id: str | None, *, same_user: bool) -> bool:
    """Tells whether an enrolment that failed at `at` (UTC) is the same failure.

    Args:
        device_id: what the enrolment names as its device.
        same_user: it was the same user, on Windows.
    """
    if event.event_date_time is None or abs(event.event_date_time - at) > SAME_TRY:
        return False
    return same_user or (device_id not in {None, "", NOBODY} and device_id == event.device_id)
