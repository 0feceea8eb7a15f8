"""What the tenant says about itself: Intune's id in service health, limits that it names, the token's roles."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.domain.answers import NOT_ASKED, UNTOLD
from omconsole.i18n import _
from omconsole.probe.asking import Found, sample
from omconsole.sanitize import sanitize
from omconsole.signals.messages import WORKLOAD

if TYPE_CHECKING:
    from omconsole.probe.asking import Inquiry

HEALTH_PATH: Final = "/admin/serviceAnnouncement/healthOverviews"
_SERVICE_PART: Final = "/admin/serviceAnnouncement/"
_INTUNE: Final = "microsoft intune"

ROLE_NAMES: Final = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
    "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
    "5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
}
"""Entra's roles by the ids of their templates, which are the same in every tenant."""
_EVERYBODY: Final = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""Stands in the tokens of all people, and is no role."""


async def intune_health(inquiry: Inquiry) -> Found:
    """Reads the list of services in service health."""
    services = await sample(inquiry, HEALTH_PATH, workload=WORKLOAD, params={})
    for row in services.rows:
        id_, service = row.get("id"), row.get("service")
        if isinstance(id_, str) and isinstance(service, str) and service.casefold() == _INTUNE:
            id_ = sanitize(id_, 120)
            return Found(id_, _("Service health calls it {id}.").format(id=id_))
    return Found(UNTOLD, _("It cannot be told: service health does not list Microsoft Intune."))


async def service_limits(inquiry: Inquiry) -> Found:
    """Looks at the headers of the answers so far; nothing is asked until it is refused."""
    limits = inquiry.heard.limits(_SERVICE_PART)
    if limits:
        told = sanitize(", ".join(f"{name}: {value}" for name, value in sorted(limits.items())), 300)
        return Found(told, _("Graph's answers say {headers}.").format(headers=told))
    return Found(
        NOT_ASKED,
        _("No answer named a limit."),
        _("Asking until Graph refuses would use up what every other program of the tenant needs, too."),
    )


async def security_limits(inquiry: Inquiry) -> Found:
    """The console does not read security alerts, so there is no answer to look at."""
    return Found(NOT_ASKED, _("This version does not read security alerts."))


async def action_ids(inquiry: Inquiry) -> Found:
    """Only acting on devices would tell."""
    return _only_by_acting()


async def log_collection(inquiry: Inquiry) -> Found:
    """Only collecting a device's logs would tell."""
    return _only_by_acting()


def _only_by_acting() -> Found:
    return Found(
        NOT_ASKED, _("Only acting on a device would tell."), _("The probe reads, and changes nothing in the tenant.")
    )


class _Claims(msgspec.Struct, frozen=True):
    wids: tuple[str, ...] | None = None
    idtyp: str = ""
    scp: str | None = None
    roles: tuple[str, ...] = ()


async def roles(inquiry: Inquiry) -> Found:
    """Reads the token's own words; Graph is not asked."""
    said = _said_by(await inquiry.tokens.token())
    if said is None:
        return Found(UNTOLD, _("It cannot be told: the token does not say."))
    if said.idtyp == "app" or (said.scp is None and said.roles):
        return Found(UNTOLD, _("An application signs in: it has permissions, and no roles."))
    held = [ROLE_NAMES.get(id_.casefold(), sanitize(id_, 60)) for id_ in said.wids or () if id_ != _EVERYBODY]
    if said.wids is None:
        return Found(UNTOLD, _("It cannot be told: the token does not say."))
    if not held:
        return Found(
            "none", _("The signed-in person has no role of Entra; Intune's own roles do not stand in a token.")
        )
    named = sanitize(", ".join(sorted(held)), 300)
    return Found(named, _("Roles of Entra in the token: {roles}.").format(roles=named))


def _said_by(token: str) -> _Claims | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=_Claims)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
