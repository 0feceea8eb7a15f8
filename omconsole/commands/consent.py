"""What whoever can consent is sent: the link, and a mail that says what is asked for and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.commands.registration import ADMIN_CENTERS, APP_NAME
from omconsole.graph.permissions import PERMISSIONS, SIGN_IN_SCOPES, consent_link
from omconsole.i18n import _

if TYPE_CHECKING:
    from omconsole.config import ProfileSettings


def link(profile: ProfileSettings) -> str | None:
    """Return the page of the consent; None where none is given: a managed identity is granted its permissions."""
    way = profile.sign_in
    if way.client_id is None or way.method == "managed-identity":
        return None
    return consent_link(way.authority, way.client_id, profile.graph_url)


def mail(profile: ProfileSettings, address: str) -> str:
    """Return a mail to whoever can consent, in the user's language; the first line is its subject.

    Args:
        profile: the tenant and the app registration.
        address: the page of the consent.
    """
    way = profile.sign_in
    delegated = way.needs_a_person
    rights = [f"- {each.name}: {each.why}" for each in PERMISSIONS]
    if delegated:
        rights.append("- {names}: {why}".format(names=", ".join(SIGN_IN_SCOPES), why=_("the sign-in itself")))
    paragraphs = [
        _("Subject: Consent for omconsole in the tenant {tenant}").format(tenant=profile.tenant_id),
        _("Hello,"),
        _(
            "we run the operations of our Intune tenant with omconsole, a console in the terminal that shows what is "
            "wrong, whom it hits and who has it. It reads from Microsoft Graph and writes nothing there."
        ),
        "\n".join([_needs(delegated=delegated), *rights]),
        _("Please open this page, check that the application is {name} with the ID {id}, and accept:").format(
            name=APP_NAME, id=way.client_id
        )
        + f"\n{address}",
        _who_can(delegated=delegated),
        _(
            "Afterwards the browser goes to http://localhost and says that it cannot reach it. That is as it should "
            "be: with admin_consent=True in the address the consent is given."
        ),
        _reach(delegated=delegated),
        _("It can be looked at and withdrawn at any time: {address}, “{apps}”, {name}, “{permissions}”.").format(
            address=ADMIN_CENTERS[profile.cloud],
            apps=_("Enterprise applications"),
            name=APP_NAME,
            permissions=_("Permissions"),
        ),
        _("Thank you"),
    ]
    return "\n\n".join(paragraphs)


def _who_can(*, delegated: bool) -> str:
    if delegated:
        return _(
            "A Cloud Application Administrator, an Application Administrator or a Privileged Role Administrator "
            "can consent."
        )
    return _("A Privileged Role Administrator can consent.")


def _reach(*, delegated: bool) -> str:
    if delegated:
        return _(
            "Each person sees no more than their own roles in Intune and Microsoft Entra ID allow; "
            "the consent gives no role to anybody."
        )
    return _(
        "The application sees the whole tenant without anybody signing in; scope tags of Intune presumably do not "
        "limit it. Its certificate or secret is kept on the machine that runs it."
    )


def _needs(*, delegated: bool) -> str:
    return _("It needs these delegated permissions:") if delegated else _("It needs these application permissions:")
