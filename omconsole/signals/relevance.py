"""Which of Microsoft's services concern device management: one list for the message centre and for service health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVICES: Final = (
    "Microsoft Intune",
    "Microsoft Entra",
    "Microsoft Defender XDR",
    "Microsoft Defender for Endpoint",
    "Windows",
    "Windows Autopatch",
    "Microsoft Managed Desktop",
    "Mobile Device Management for Office 365",
)
"""Intune and what touches it, as Microsoft writes their names."""
RELEVANT = frozenset(name.casefold() for name in SERVICES)
"""Matched without regard to case, since what counts is decided here, not by Graph."""
_NAMED: Final = tuple(f"eq '{name}'" for name in SERVICES)
POSTS_FILTER: Final = f"services/any(s:{' or '.join(f's {each}' for each in _NAMED)}) or not services/any()"
"""Asks the message centre for what `concerns_devices` keeps, where Graph is known to understand it."""
ISSUES_FILTER: Final = f"{' or '.join(f'service {each}' for each in _NAMED)} or service eq null"
"""Asks service health for the same."""

VITAL = frozenset({"microsoft intune", "microsoft entra"})
"""Without these nobody enrols, signs in or is managed: their interruption is critical (design.md §3)."""


def concerns_devices(services: Iterable[str] | None) -> bool:
    """Tells whether one of the services manages devices; what names no service is shown rather than lost."""
    named = [service.casefold() for service in services or () if service]
    return not named or not RELEVANT.isdisjoint(named)
