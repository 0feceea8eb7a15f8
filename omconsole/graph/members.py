"""Members of enumerations as reports write them: by number here, by name there (graph.md §3, §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPLIANCE_STATUS: Final = {
    0: "unknown",
    1: "notApplicable",
    2: "compliant",
    3: "remediated",
    4: "nonCompliant",
    5: "error",
    6: "conflict",
    7: "notAssigned",
}
RESULTANT_APP_STATE: Final = {
    -1: "notApplicable",
    1: "installed",
    2: "failed",
    3: "notInstalled",
    4: "uninstallFailed",
    5: "pendingInstall",
    99: "unknown",
}


def member_of(names: Mapping[int, str], value: int | str | None) -> str | None:
    """The member that a report's value stands for: its number, also as text, or its name in any case; else None."""
    number = as_number(value)
    if number is not None:
        return names.get(number)
    wanted = str(value).strip().casefold()
    return next((name for name in names.values() if name.casefold() == wanted), None)


def as_number(value: int | str | None) -> int | None:
    """A report's number, also as text; None when it is none."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if len(text) < 20 and text.removeprefix("-").isdecimal() else None
    return value
