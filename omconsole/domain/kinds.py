"""The kinds of items: pane, family and stage (design.md §3)."""

from __future__ import annotations

from typing import Literal

import msgspec

Pane = Literal["alerts", "issues"]


class Kind(msgspec.Struct, frozen=True):
    """What every item of a kind has in common.

    `family` names the identity; kinds of one family are stages of one problem and a higher `stage` counts as worse.
    """

    name: str
    pane: Pane
    family: str
    stage: int = 0


def _kind(name: str, pane: Pane, family: str | None = None, stage: int = 0) -> tuple[str, Kind]:
    return name, Kind(name, pane, family or name, stage)


KINDS: dict[str, Kind] = dict(
    [
        _kind("device.in-grace", "issues", "device.compliance", 0),
        _kind("device.compliance-error", "issues", "device.compliance", 1),
        _kind("device.noncompliant", "issues", "device.compliance", 2),
        _kind("device.stale", "issues"),
        _kind("device.unencrypted", "issues"),
        _kind("device.jailbroken", "issues"),
    ]
)
"""Every kind that a source of this version may show."""

_ALERTS = ("connector.", "service.", "security.", "spike.", "tenant.", "console.", "update.", "protection.malware")


def kind_of(name: str) -> Kind:
    """What is known of a kind; one of a later version is a family of its own in the pane that its name belongs to."""
    return KINDS.get(name) or Kind(name, "alerts" if name.startswith(_ALERTS) else "issues", name)
