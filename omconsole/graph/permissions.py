"""The permissions of Microsoft Graph that this version asks for: each with the panes and sources behind it, and why.

Delegated and application permissions have the same names (graph.md §2). All of them read; none writes.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from omconsole.i18n import N_, _

GRAPH_APP_ID: Final = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph's own application id, the same in every tenant and cloud."""

REDIRECT_URI: Final = "http://localhost"
"""Where the browser brings the answer of a sign-in or of a consent; any port of this machine counts (RFC 8252)."""

SIGN_IN_SCOPES: Final = ("openid", "profile", "offline_access")
"""What a sign-in of a person asks for besides: who it is, and to stay signed in. No admin role is needed for them."""


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """One permission to read, as an administrator is asked for it."""

    name: str
    panes: tuple[str, ...]
    """Where its rows are seen: alerts, issues, updates, dashboard; no pane for what only adds names."""
    sources: tuple[str, ...]
    """The sources that ask for it, by their names."""
    purpose: str
    """An English message: what it is needed for."""
    optional: bool = False
    """One part alone is missing without it, and no source says that it needs it."""
    part: str = ""
    """What an optional one is for, in one word that scripts may rely on: `names`."""
    admin_consent: bool = True
    """Whether an administrator has to consent to it also as a delegated permission."""

    @property
    def why(self) -> str:
        """What it is needed for, in the user's language."""
        return _(self.purpose)


PERMISSIONS: Final = (
    Permission(
        name="DeviceManagementManagedDevices.Read.All",
        panes=("issues", "dashboard"),
        sources=("devices", "enrollment", "actions", "overview", "users"),
        purpose=N_("the devices, what fails on them, failed enrollments, the size of the fleet"),
    ),
    Permission(
        name="DeviceManagementConfiguration.Read.All",
        panes=("issues", "alerts", "dashboard"),
        sources=(
            *("compliance", "connectors", "overview", "osupdates", "policies", "nopolicy", "defender", "firewall"),
            "malware",
        ),
        purpose=N_(
            "why devices are not compliant, policies that fail, compliance figures, Apple push, Google Play and"
            " certificate connectors"
        ),
    ),
    Permission(
        name="DeviceManagementApps.Read.All",
        panes=("issues",),
        sources=("apps", "audit", "users"),
        purpose=N_("failed app installations, and the audit log: who changed what before a cause began"),
    ),
    Permission(
        name="DeviceManagementServiceConfig.Read.All",
        panes=("alerts",),
        sources=("connectors", "subscription"),
        purpose=N_("Apple VPP and ADE tokens, Autopilot, Exchange, partners, and the subscription"),
    ),
    Permission(
        name="ServiceHealth.Read.All",
        panes=("alerts",),
        sources=("service",),
        purpose=N_("the service health: incidents and advisories"),
    ),
    Permission(
        name="ServiceMessage.Read.All",
        panes=("updates",),
        sources=("messages",),
        purpose=N_("the posts of the message center"),
    ),
    Permission(
        name="SecurityAlert.Read.All",
        panes=("alerts",),
        sources=("security",),
        purpose=N_("Defender's alerts, with the devices that they are about"),
    ),
    Permission(
        name="SecurityIncident.Read.All",
        panes=("alerts",),
        sources=("security",),
        purpose=N_("Defender's incidents"),
    ),
    Permission(
        name="User.ReadBasic.All",
        panes=(),
        sources=(),
        purpose=N_("names of people who have no device, in place of their ids"),
        optional=True,
        part="names",
        admin_consent=False,
    ),
    Permission(
        name="User.Read.All",
        panes=("issues",),
        sources=(),
        purpose=N_("users who have devices and no licence; without it only those whom an enrollment has refused"),
        optional=True,
        part="licences",
    ),
)
"""In the order in which they are shown."""


def needed_by(source: str) -> tuple[Permission, ...]:
    """Returns the permissions that a source asks for, by the source's name."""
    return tuple(each for each in PERMISSIONS if source in each.sources)


def default_scope(graph_url: str) -> str:
    """Returns the scope that stands for every permission of the app registration."""
    return f"{graph_url.rstrip('/')}/.default"


def consent_link(authority: str, client_id: str, graph_url: str) -> str:
    """Returns the page on which an administrator consents for the whole tenant.

    Args:
        authority: the sign-in server with the tenant, `https://login.microsoftonline.com/contoso.onmicrosoft.com`.
        client_id: of the app registration.
        graph_url: the root of Graph without a version.
    """
    asked = {"client_id": client_id, "scope": default_scope(graph_url), "redirect_uri": REDIRECT_URI}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
    return f"{authority.rstrip('/')}/v2.0/adminconsent?{query}"
