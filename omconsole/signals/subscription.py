"""Source `subscription`: whether the tenant's Intune subscription still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.domain.items import Observation, Severity
from omconsole.graph import single
from omconsole.graph.service_shapes import SUBSCRIPTION_STATE
from omconsole.graph.tenant_surface import SUBSCRIPTION_STATE_ASKED
from omconsole.signals.reading import Progress, Reading
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.graph import GraphClient, Round

NAME: Final = "subscription"
SUBJECT: Final = "subscription"

SEVERITIES: Final[dict[str, Severity | None]] = {
    "active": None,
    "pending": Severity.MEDIUM,
    "warning": Severity.MEDIUM,
    "suspended": Severity.HIGH,
    "blocked": Severity.HIGH,
    "lockedout": Severity.HIGH,
    "disabled": Severity.CRITICAL,
    "deleted": Severity.CRITICAL,
}
"""By Graph's states in lower case."""


class SubscriptionSignal:
    """Reads the state of the subscription."""

    name = NAME
    asks: tuple[str, ...] = (SUBSCRIPTION_STATE_ASKED.permission,)
    kinds: frozenset[str] = frozenset({"tenant.subscription"})

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Read it; no answer says nothing."""
        reading = Reading(source=NAME, mode="sweep")
        answer = await single(
            graph, SUBSCRIPTION_STATE_ASKED.path, decoder=SUBSCRIPTION_STATE, workload="connectors", in_round=budget
        )
        reading.mark(answer.flaws)
        reading.subjects.add(SUBJECT)
        state = answer.value.value if answer.value is not None else None
        if state:
            reading.items = 1
            judge(state, reading)
        else:
            reading.withheld.add((SUBJECT, "tenant.subscription"))
        progress(reading.items)
        return reading

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """One value has no increments."""
        return await self.sweep(graph, budget, now, progress)


def judge(state: str, reading: Reading) -> None:
    """Add what a state means; one that no table knows is medium, and named."""
    severity = SEVERITIES.get(state.casefold(), Severity.MEDIUM)
    if state.casefold() not in SEVERITIES:
        unmapped = Unmapped()
        unmapped.add("subscriptionState", state)
        unmapped.warn(reading)
    if severity is not None:
        reading.observations.append(
            Observation(
                kind="tenant.subscription",
                source=NAME,
                severity=severity,
                subject_type="tenant",
                subject_id=SUBJECT,
                subject_name="Microsoft Intune",
                facts={"value": state},
                portal_url="https://intune.microsoft.com/#view/Microsoft_Intune_DeviceSettings/TenantAdminMenu/~/tenantStatus",
            )
        )
