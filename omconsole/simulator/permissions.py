"""Which permissions the calls of Graph need, and what it says to a token that lacks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.replies import GraphError

if TYPE_CHECKING:
    from collections.abc import Collection

_DEVICES: Final = "DeviceManagementManagedDevices"
_CONFIGURATION: Final = "DeviceManagementConfiguration"
_APPS: Final = "DeviceManagementApps"
_SERVICE: Final = "DeviceManagementServiceConfig"

READING: Final = (
    f"{_APPS}.Read.All",
    f"{_CONFIGURATION}.Read.All",
    f"{_DEVICES}.Read.All",
    f"{_SERVICE}.Read.All",
    "SecurityAlert.Read.All",
    "SecurityIncident.Read.All",
    "ServiceHealth.Read.All",
    "ServiceMessage.Read.All",
    "User.Read.All",
    "User.ReadBasic.All",
)
"""What the app registration of the simulated tenant has been granted: to read, and nothing else."""

_BY_PREFIX: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    # The first that fits; the families of graph.md §2 and §11, any of which is enough.
    ("/deviceManagement/reports/", (_APPS, _CONFIGURATION, _DEVICES)),
    ("/deviceManagement/applePushNotificationCertificate", (_CONFIGURATION, _DEVICES)),
    ("/deviceManagement/managedDevice", (_DEVICES,)),
    ("/deviceManagement/troubleshootingEvents", (_DEVICES,)),
    ("/deviceManagement/windowsMalwareOverview", (_DEVICES,)),
    ("/deviceManagement/deviceProtectionOverview", (_DEVICES,)),
    ("/deviceManagement/remoteActionAudits", (_DEVICES,)),
    ("/deviceManagement/auditEvents", (_APPS,)),
    ("/deviceAppManagement/mobileApps", (_APPS,)),
    ("/deviceAppManagement/managedAppRegistrations", (_APPS,)),
    ("/deviceManagement/autopilotEvents", (_DEVICES,)),
    ("/deviceAppManagement/vppTokens", (_SERVICE,)),
    ("/deviceManagement/depOnboardingSettings", (_SERVICE,)),
    ("/deviceManagement/exchangeConnectors", (_SERVICE,)),
    ("/deviceManagement/mobileThreatDefenseConnectors", (_SERVICE,)),
    ("/deviceManagement/deviceManagementPartners", (_SERVICE,)),
    ("/deviceManagement/complianceManagementPartners", (_SERVICE,)),
    ("/deviceManagement/windowsAutopilotSettings", (_SERVICE,)),
    ("/deviceManagement/subscriptionState", (_SERVICE,)),
    ("/deviceManagement/", (_CONFIGURATION,)),
)
_OTHERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("/admin/serviceAnnouncement/messages", ("ServiceMessage.Read.All",)),
    ("/admin/serviceAnnouncement/", ("ServiceHealth.Read.All",)),
    ("/security/alerts_v2", ("SecurityAlert.Read.All", "SecurityAlert.ReadWrite.All")),
    ("/security/incidents", ("SecurityIncident.Read.All", "SecurityIncident.ReadWrite.All")),
    ("/users/", ("User.ReadBasic.All", "User.Read.All", "Directory.Read.All")),
)


def needed(path: str) -> tuple[str, ...]:
    """The permissions any of which lets a call through, by its path without the version; none: everybody may."""
    if path.endswith("/managedAppRegistrations"):
        return tuple(f"{_APPS}.{right}.All" for right in ("Read", "ReadWrite"))
    if path == "/users":
        return ("User.Read.All", "Directory.Read.All")
    for prefix, families in _BY_PREFIX:
        if path.startswith(prefix):
            return tuple(f"{family}.{right}.All" for family in families for right in ("Read", "ReadWrite"))
    return next((names for prefix, names in _OTHERS if path.startswith(prefix)), ())


def check(path: str, granted: Collection[str]) -> None:
    """Refuse a call that none of the `granted` permissions allows.

    Raises:
        GraphError: 403, in Intune's words or in the directory's.
    """
    wanted = needed(path)
    if not wanted or not set(wanted).isdisjoint(granted):
        return
    if path.startswith("/users") and not path.endswith("/managedAppRegistrations"):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    if path.startswith(("/admin/", "/security/")):
        raise GraphError(403, "Forbidden", "The caller does not have the permission that this operation needs.")
    text = (
        "Application is not authorized to perform this operation. Application must have one of the following scopes: "
        + ", ".join(wanted)
    )
    raise GraphError(403, "Forbidden", text, intune=True)
