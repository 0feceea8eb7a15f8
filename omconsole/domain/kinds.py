"""The kinds of items: pane, family and stage (design.md §3)."""

from __future__ import annotations

from typing import Literal

import msgspec

Pane = Literal["alerts", "issues"]

RULE = "rule"
"""The source of what the console finds by itself."""


class Kind(msgspec.Struct, frozen=True):
    """What every item of a kind has in common.

    `family` names the identity; kinds of one family are stages of one problem and a higher `stage` counts as worse.
    """

    name: str
    pane: Pane
    family: str
    stage: int = 0
    source: str = ""
    """The source that owns the kind; empty for one that this version does not poll."""


def _kind(name: str, pane: Pane, source: str, family: str | None = None, stage: int = 0) -> tuple[str, Kind]:
    return name, Kind(name, pane, family or name, stage, source)


KINDS: dict[str, Kind] = dict(
    [
        _kind("device.in-grace", "issues", "devices", "device.compliance", 0),
        _kind("device.compliance-error", "issues", "devices", "device.compliance", 1),
        _kind("device.noncompliant", "issues", "devices", "device.compliance", 2),
        _kind("device.stale", "issues", "devices"),
        _kind("device.unencrypted", "issues", "devices"),
        _kind("device.jailbroken", "issues", "devices"),
        _kind("device.threat", "issues", "devices"),
        _kind("device.certificate-expiring", "issues", "devices"),
        _kind("device.no-policy", "issues", "nopolicy"),
        _kind("device.action-failed", "issues", "actions"),
        _kind("policy.conflict", "issues", "policies", "policy.state", 0),
        _kind("policy.failed", "issues", "policies", "policy.state", 1),
        _kind("app.install-failed", "issues", "apps"),
        _kind("enrollment.failed", "issues", "enrollment"),
        _kind("protection.unhealthy", "issues", "defender"),
        _kind("protection.firewall-off", "issues", "firewall"),
        _kind("protection.malware", "alerts", "malware"),
        _kind("osupdate.failed", "issues", "osupdates"),
        _kind("osupdate.ring-paused", "issues", "osupdates"),
        _kind("user.blocked", "issues", "users"),
        _kind("user.no-licence", "issues", "users"),
        _kind("user.device-limit", "issues", "users"),
        _kind("app-protection.failed", "issues", "users"),
        _kind("cause.compliance", "issues", "compliance"),
        _kind("cause.app", "issues", "apps"),
        _kind("cause.enrollment", "issues", "enrollment"),
        _kind("cause.policy", "issues", "policies"),
        _kind("cause.osupdate", "issues", "osupdates"),
        _kind("cause.kind", "issues", "rule"),
        _kind("service.advisory", "alerts", "service", "service.issue", 0),
        _kind("service.incident", "alerts", "service", "service.issue", 1),
        _kind("connector.expiring", "alerts", "connectors", "connector.lifetime", 0),
        _kind("connector.expired", "alerts", "connectors", "connector.lifetime", 1),
        _kind("connector.unhealthy", "alerts", "connectors"),
        _kind("security.alert", "alerts", "security"),
        _kind("security.incident", "alerts", "security"),
        _kind("tenant.subscription", "alerts", "subscription"),
        _kind("console.blind", "alerts", "rule"),
    ]
)
"""Every kind that a source of this version may show."""

_ALERTS = ("connector.", "service.", "security.", "spike.", "tenant.", "console.", "update.", "protection.malware")


NEVER_BACKLOG = frozenset({"device.jailbroken", "device.threat", "protection.malware"})
"""Kinds of issues that are never backlog and never fold under a stale device or an incident (triage.md)."""


def sources_of(pane: Pane) -> tuple[str, ...]:
    """The sources whose items a pane shows, in the order of their kinds; the console's own rules are none."""
    return tuple(dict.fromkeys(each.source for each in KINDS.values() if each.pane == pane and each.source != RULE))


def kind_of(name: str) -> Kind:
    """What is known of a kind; one of a later version is a family of its own in the pane that its name belongs to."""
    return KINDS.get(name) or Kind(name, "alerts" if name.startswith(_ALERTS) else "issues", name)
