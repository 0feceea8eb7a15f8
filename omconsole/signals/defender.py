"""Source `defender`: devices on which Defender is not healthy, one item per device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omconsole.domain.instants import iso
from omconsole.graph.protection_members import DEVICE_STATE, PRODUCT_STATUS, flag, flags_of
from omconsole.graph.protection_shapes import DEFENDER_AGENTS, DefenderAgent
from omconsole.graph.protection_surface import UNHEALTHY_AGENTS_ASKED
from omconsole.signals.device_reports import WELL, DeviceReportSignal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.signals.unmapped import Unmapped

SOURCE: Final = "defender"
KIND: Final = "protection.unhealthy"

NO_TROUBLE: Final = frozenset(
    {
        *("clean", "noStatus", "noStatusFlagsSet", "systemInitiatedScanInProgress", "systemInitiatedCleanInProgress"),
        *("samplesPendingSubmission", "serviceShutdownAsPartOfSystemShutdown", "platformUpdateInProgress"),
        *("productRunningInEvaluationMode", "windowsSModeSignaturesInUseOnNonWin10SInstall"),
    }
)
"""Members of either status that say that all is well, or what Defender is about to do by itself."""
_PROTECTIONS: Final = (
    ("MalwareProtectionEnabled", "malware_protection_enabled"),
    ("RealTimeProtectionEnabled", "real_time_protection_enabled"),
    ("NetworkInspectionSystemEnabled", "network_inspection_system_enabled"),
    ("TamperProtectionEnabled", "tamper_protection_enabled"),
)
_OVERDUE: Final = ("SignatureUpdateOverdue", "signature_update_overdue")
_FLAGS: Final = (("DeviceState", "device_state", DEVICE_STATE), ("ProductStatus", "product_status", PRODUCT_STATUS))


class DefenderSignal(DeviceReportSignal[DefenderAgent]):
    """Reads the devices on which Defender is not healthy, as Intune sees it."""

    name = SOURCE
    kind = KIND
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({KIND})
    asked = UNHEALTHY_AGENTS_ASKED
    export = "UnhealthyDefenderAgents"
    decoder = DEFENDER_AGENTS

    def judged(self, row: DefenderAgent, unmapped: Unmapped) -> Mapping[str, Any] | None:
        """What is wrong with Defender on a device."""
        return judged(row, unmapped)


def judged(agent: DefenderAgent, unmapped: Unmapped) -> Mapping[str, Any] | None:
    """What is wrong with Defender on a device, as facts; `WELL`, or None where the row does not say it all.

    `failing` names the properties that are bad and the members that are set.
    """
    failing: list[str] = []
    told = True
    for column, field in (*_PROTECTIONS, _OVERDUE):
        raw = getattr(agent, field)
        value = flag(raw)
        if value is None and raw is not None:
            unmapped.add(column, str(raw))
        told = told and value is not None
        if value is (column == _OVERDUE[0]):
            failing.append(column)
    for column, field, names in _FLAGS:
        raw = getattr(agent, field)
        members = flags_of(names, raw)
        if members is None and raw is not None:
            unmapped.add(column, str(raw))
        told = told and members is not None
        failing += [member for member in members or () if member not in NO_TROUBLE]
    if not failing:
        return WELL if told else None
    return {"failing": failing, **_facts(agent)}


def _facts(agent: DefenderAgent) -> dict[str, Any]:
    """Graph's values by Graph's names; flags by their members."""
    facts: dict[str, Any] = {column: flag(getattr(agent, field)) for column, field in (*_PROTECTIONS, _OVERDUE)}
    for column, field, names in _FLAGS:
        raw = getattr(agent, field)
        members = flags_of(names, raw)
        facts[column] = raw if members is None else ", ".join(members)
    facts["LastReportedDateTime"] = iso(agent.last_reported_date_time)
    return facts
