"""What a command that talks to Graph needs before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.errors import SignInError
from omconsole.i18n import _

if TYPE_CHECKING:
    from omconsole.config import Settings


def require_token(settings: Settings) -> None:
    """Refuse to start what could only fail.

    Raises:
        SignInError: a ready token is used, and there is none.
    """
    if settings.profile.sign_in.method == "token" and settings.token is None and not settings.is_demo:
        raise SignInError(
            _("There is no way of signing in to Microsoft Graph, and no token."),
            _("Run omconsole setup, or put a token into OMCONSOLE_TOKEN, or try: omconsole demo"),
        )
