"""Which of Microsoft's services concern device management: one list for the message centre and for service health."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RELEVANT = frozenset(
    name.casefold()
    for name in (
        "Microsoft Intune",
        "Microsoft Entra",
        "Microsoft Defender XDR",
        "Microsoft Defender for Endpoint",
        "Windows",
        "Windows Autopatch",
        "Microsoft Managed Desktop",
        "Mobile Device Management for Office 365",
    )
)
"""Intune and what touches it; matched without regard to case, since services are filtered here, not by Graph."""

VITAL = frozenset({"microsoft intune", "microsoft entra"})
"""Without these nobody enrols, signs in or is managed: their interruption is critical (design.md §3)."""


def concerns_devices(services: Iterable[str] | None) -> bool:
    """Tells whether one of the services manages devices; what names no service is shown rather than lost."""
    named = [service.casefold() for service in services or () if service]
    return not named or not RELEVANT.isdisjoint(named)
