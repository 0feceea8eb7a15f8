"""Whose protected apps Intune has flagged: the users' ids first, then the apps of these few.

The ids are one small answer. Graph v1.0 flags an app on a rooted or jailbroken device; whether a policy has reached an
app, or an app has ever checked in, it does not tell for all users at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.instants import iso
from omconsole.errors import GraphError
from omconsole.graph import Flaws, same
from omconsole.graph.batch import Part as Question
from omconsole.graph.batch import batch
from omconsole.graph.user_shapes import APP_REGISTRATIONS, FLAGGED_USERS, ManagedAppRegistration
from omconsole.graph.user_surface import APP_REGISTRATIONS_ASKED, FLAGGED_USERS_ASKED
from omconsole.i18n import _
from omconsole.signals.asking import not_covered_for

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import Any

    from omconsole.graph import GraphClient, Round
    from omconsole.signals.unmapped import Unmapped

KIND: Final = "app-protection.failed"
ROOTED: Final = "rootedDevice"
NO_REASON: Final = "none"
ASKED_AT_MOST: Final = 100
"""Users whose apps are asked for in one poll."""
_WORKLOAD: Final = "applications"


class Protection(msgspec.Struct):
    """What Intune said of protected apps."""

    flagged: set[str] = set()
    """The ids of users with an app that is flagged."""
    apps: dict[str, list[ManagedAppRegistration]] = {}
    """By user id: the apps that are flagged; none of a user whose apps were all read and are well."""
    uncovered: str = ""
    error: GraphError | None = None
    """What went wrong this time."""
    flaws: Flaws = Flaws()


async def read_protection(graph: GraphClient, budget: Round, known: Collection[str], unmapped: Unmapped) -> Protection:
    """Ask who is flagged, and for the apps of those and of the `known`, whose trouble only their own answer ends."""
    found = Protection()
    try:
        reply = await graph.get(FLAGGED_USERS_ASKED.path, workload=_WORKLOAD, in_round=budget)
        told, found.flaws = FLAGGED_USERS.single(reply.body)
    except GraphError as error:
        why = not_covered_for(error, FLAGGED_USERS_ASKED.permission)
        if why is None:
            found.error = error
        else:
            found.uncovered = _("App protection ({why}).").format(why=why)
        return found
    if told is None or told.value is None or told.next_link:
        found.flaws += Flaws(values=1, example="getUserIdsWithFlaggedAppRegistration")
    found.flagged = {id_ for id_ in (told.value or () if told else ()) if is_id(id_)}
    asked = [*sorted(found.flagged), *sorted(set(known) - found.flagged)][:ASKED_AT_MOST]
    await _read_apps(graph, budget, asked, found, unmapped)
    return found


def is_id(text: str) -> bool:
    """Whether a text can be the id of a user: it stands in addresses and names an item."""
    return 0 < len(text) <= 64 and text.isascii() and text.replace("-", "").isalnum()


async def _read_apps(
    graph: GraphClient, budget: Round, asked: Collection[str], found: Protection, unmapped: Unmapped
) -> None:
    """The flagged apps of each user; of a user whose apps could not be read, or not wholly, nothing is known."""
    questions = [
        Question(path=APP_REGISTRATIONS_ASKED.path, ids={"id": id_}, params=APP_REGISTRATIONS_ASKED.params())
        for id_ in asked
    ]
    if not questions:
        return
    for id_, answer in zip(asked, await batch(graph, questions, workload=_WORKLOAD, in_round=budget), strict=True):
        if isinstance(answer, GraphError):
            continue
        try:
            page = await APP_REGISTRATIONS.page(answer.body)
        except GraphError:
            continue
        reasons = [_is_flagged(row, unmapped) for row in page.rows]
        apps = [row for row, flagged in zip(page.rows, reasons, strict=True) if flagged]
        if apps or not (page.next_link or page.flaws or None in reasons):
            found.apps[id_] = apps


def _is_flagged(app: ManagedAppRegistration, unmapped: Unmapped) -> bool | None:
    if app.flagged_reasons is None:
        return None
    reasons = [reason for reason in app.flagged_reasons if not same(reason, NO_REASON)]
    for reason in reasons:
        if not same(reason, ROOTED):
            unmapped.add("flaggedReasons", reason)
    if any(same(reason, ROOTED) for reason in reasons):
        return True
    return None if reasons else False


def facts_of(apps: Collection[ManagedAppRegistration]) -> dict[str, Any]:
    """What is shown of somebody's flagged apps, by Graph's names."""
    return {
        "flaggedReasons": ", ".join(sorted({reason for app in apps for reason in app.flagged_reasons or ()})) or None,
        "deviceName": ", ".join(sorted({app.device_name or app.device_type or "" for app in apps} - {""})) or None,
        "lastSyncDateTime": iso(newest_sync(apps)),
    }


def newest_sync(apps: Collection[ManagedAppRegistration]) -> datetime | None:
    """When one of the apps was last seen, UTC."""
    return max((app.last_sync_date_time for app in apps if app.last_sync_date_time), default=None)
