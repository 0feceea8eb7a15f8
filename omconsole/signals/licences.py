"""Who has no licence of Intune's, by the directory. Only users who matter are kept: a tenant has many others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.errors import GraphError
from omconsole.graph import Flaws, pages, same
from omconsole.graph.batch import Part as Question
from omconsole.graph.batch import batch
from omconsole.graph.user_shapes import DIRECTORY_USERS, DirectoryUser
from omconsole.graph.user_surface import DIRECTORY_USERS_ASKED, USER_PLANS_ASKED
from omconsole.i18n import _
from omconsole.signals.asking import first_understood, not_covered_for
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from omconsole.graph import GraphClient, Round
    from omconsole.signals.unmapped import Unmapped

INTUNE_A: Final = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"
INTUNE_PLANS: Final = frozenset(
    {
        INTUNE_A,
        "d216f254-796f-4dab-bbfa-710686e646b9",  # INTUNE_A_GOV
        "3e170737-c728-4eae-bbb9-3f3360f7184c",  # INTUNE_A_VL
        "2dc63b8a-df3d-448f-b683-8655877c9360",  # INTUNE_B
        "da24caf9-af8e-485c-b7c8-e73336da2693",  # INTUNE_EDU
        "8e9ff0ff-aa7a-4b20-83c1-2f636b600ac2",  # INTUNE_SMBIZ
    }
)
"""The service plans with which a user's devices may be managed (product names and service plan identifiers)."""
BASIC_MOBILITY: Final = "882e1d05-acd1-4ccb-8708-6ee03664b117"
"""INTUNE_O365, which comes with Office 365 and is none of them: it manages devices without Intune."""
SERVICE: Final = "SCO"
"""Microsoft's name of the service of every plan of Intune's; one that is in no table says nothing here."""
USABLE: Final = frozenset({"enabled", "warning"})
UNUSABLE: Final = frozenset({"suspended", "deleted", "lockedout"})
CONFIRMED_AT_MOST: Final = 100
"""Users asked for in person in one poll."""
_WORKLOAD: Final = "directory"
_LACKING: Final = (
    f"not(assignedPlans/any(plan:plan/servicePlanId eq {INTUNE_A} and plan/capabilityStatus eq 'Enabled'))"
)
"""Leaves out nearly everybody; of the others the plans are looked at here, also where Graph ignores the filter."""


class Licences(msgspec.Struct):
    """What the directory said, as last read."""

    lacking: dict[str, DirectoryUser] = {}
    """Users without a licence, by id."""
    licensed: set[str] = set()
    """Users who are known to have one, or whose account is disabled: those among the ones that matter."""
    uncovered: str = ""
    """Why nothing is known, as a sentence; empty where the directory could be read."""
    error: GraphError | None = None
    """What went wrong this time; what was known before stays."""
    flaws: Flaws = Flaws()


def has_licence(user: DirectoryUser, unmapped: Unmapped) -> bool | None:
    """Whether a user has a licence, or needs none since the account is disabled; None where that is not known."""
    if user.account_enabled is False:
        return True
    if user.assigned_plans is None:
        return None
    known: bool | None = False
    for plan in user.assigned_plans:
        id_, status = (plan.service_plan_id or "").casefold(), (plan.capability_status or "").casefold()
        if id_ in INTUNE_PLANS and status in USABLE:
            return True
        if id_ in INTUNE_PLANS and status not in UNUSABLE:
            unmapped.add("capabilityStatus", plan.capability_status or "")
            known = None
        elif same(plan.service, SERVICE) and id_ not in {*INTUNE_PLANS, BASIC_MOBILITY} and status in USABLE:
            unmapped.add("servicePlanId", plan.service_plan_id or "")
            known = None
    return known


async def read_licences(
    graph: GraphClient, budget: Round, *, matter: Collection[str], doubtful: Collection[str], unmapped: Unmapped
) -> Licences:
    """Ask for everybody without the usual plan, and in person for who is no longer among them.

    A permission that is missing, or a question that this Graph does not know, leaves this part out. Any other trouble
    is told as an error.

    Args:
        matter: the ids of users who are worth keeping.
        doubtful: those of them who are said to have no licence, and of whom only their own answer ends that.
    """
    try:
        found = await _whole_list(graph, budget, matter, unmapped)
    except GraphError as error:
        why = not_covered_for(error, DIRECTORY_USERS_ASKED.permission)
        if why is None:
            return Licences(error=error)
        return Licences(uncovered=_("Licences, but for those that an enrolment lacked ({why}).").format(why=why))
    asked = sorted(set(doubtful) - found.lacking.keys() - found.licensed)[:CONFIRMED_AT_MOST]
    await _confirm(graph, budget, asked, found, unmapped)
    return found


async def _whole_list(graph: GraphClient, budget: Round, matter: Collection[str], unmapped: Unmapped) -> Licences:
    usual = {**DIRECTORY_USERS_ASKED.params(), "$top": "999"}

    async def read(options: Mapping[str, str]) -> Licences:
        found = Licences()
        async for page in pages(
            graph,
            DIRECTORY_USERS_ASKED.path,
            decoder=DIRECTORY_USERS,
            workload=_WORKLOAD,
            params={**usual, **options},
            headers={"ConsistencyLevel": "eventual"},
            in_round=budget,
        ):
            found.flaws += page.flaws
            async for user in sliced(page.rows, LIGHT_SLICE):
                if user.id in matter:
                    _keep(user, found, unmapped)
        return found

    return await first_understood([{"$filter": _LACKING, "$count": "true"}, {}], read)


async def _confirm(
    graph: GraphClient, budget: Round, asked: Collection[str], found: Licences, unmapped: Unmapped
) -> None:
    """Ask users in person; of one who does not answer nothing is known."""
    questions = [
        Question(path=USER_PLANS_ASKED.path, ids={"id": id_}, params=USER_PLANS_ASKED.params()) for id_ in asked
    ]
    if not questions:
        return
    for id_, answer in zip(asked, await batch(graph, questions, workload=_WORKLOAD, in_round=budget), strict=True):
        try:
            user, flaws = DIRECTORY_USERS.single(answer.body) if not isinstance(answer, GraphError) else (None, Flaws())
        except GraphError:
            continue
        if user is not None and not flaws and user.id == id_:
            _keep(user, found, unmapped)


def _keep(user: DirectoryUser, found: Licences, unmapped: Unmapped) -> None:
    licensed = has_licence(user, unmapped)
    if licensed:
        found.licensed.add(user.id)
    elif licensed is False:
        found.lacking[user.id] = user
