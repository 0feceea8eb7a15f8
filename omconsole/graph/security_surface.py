"""What the console asks Graph for about Defender's alerts and incidents."""

from __future__ import annotations

from typing import Final

from omconsole.graph.asked import Asked

_SEVERITY: Final = ("unknown", "informational", "low", "medium", "high")

SECURITY_ALERTS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/security/alerts_v2",
    (
        *("id", "incidentId", "title", "severity", "status", "category", "serviceSource", "detectionSource"),
        *("assignedTo", "createdDateTime", "lastUpdateDateTime", "alertWebUrl", "evidence"),
    ),
    {"severity": _SEVERITY, "status": ("unknown", "new", "inProgress", "resolved")},
    "SecurityAlert.Read.All",
)
"""Asked for without `$select`, which the reference does not list for it; `status` and `lastUpdateDateTime` filter."""
SECURITY_INCIDENTS_ASKED: Final = Asked(
    "GET",
    "v1.0",
    "/security/incidents",
    (
        *("id", "displayName", "severity", "status", "classification", "determination", "assignedTo"),
        *("createdDateTime", "lastUpdateDateTime", "incidentWebUrl"),
    ),
    {"severity": _SEVERITY, "status": ("active", "resolved", "inProgress", "redirected", "awaitingAction")},
    "SecurityIncident.Read.All",
)
"""As the alerts."""

SECURITY_ASKED: Final[tuple[Asked, ...]] = (SECURITY_ALERTS_ASKED, SECURITY_INCIDENTS_ASKED)
