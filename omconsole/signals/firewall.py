"""Source `firewall`: devices whose firewall is off or does not cover everything, one item per device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from omconsole.domain.instants import iso
from omconsole.graph.protection_members import FIREWALL_STATUS, known
from omconsole.graph.protection_shapes import DEVICE_FIREWALLS, DeviceFirewall
from omconsole.graph.protection_surface import UNHEALTHY_FIREWALLS_ASKED
from omconsole.signals.device_reports import WELL, DeviceReportSignal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.signals.unmapped import Unmapped

SOURCE: Final = "firewall"
KIND: Final = "protection.firewall-off"
OFF: Final = frozenset({"disabled", "limited", "temporarilyDisabled"})
"""The states that are a problem; `notApplicable` is said of devices that cannot report their firewall."""


class FirewallSignal(DeviceReportSignal[DeviceFirewall]):
    """Reads the devices whose firewall does not protect them, as Intune sees it."""

    name = SOURCE
    kind = KIND
    asks: tuple[str, ...] = ("DeviceManagementConfiguration.Read.All",)
    kinds: frozenset[str] = frozenset({KIND})
    asked = UNHEALTHY_FIREWALLS_ASKED
    export = "FirewallUnhealthyStatus"
    decoder = DEVICE_FIREWALLS

    def judged(self, row: DeviceFirewall, unmapped: Unmapped) -> Mapping[str, Any] | None:
        """What is wrong with the firewall, as facts; `WELL`, or None for a status that says nothing."""
        status = known(FIREWALL_STATUS, row.firewall_status)
        if status is None:
            if row.firewall_status is not None:
                unmapped.add("FirewallStatus", str(row.firewall_status))
            return None
        if status not in OFF:
            return WELL
        return {"FirewallStatus": status, "LastReportedDateTime": iso(row.last_reported_date_time)}
