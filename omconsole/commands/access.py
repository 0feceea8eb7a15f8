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
        SignInError: no token for a real tenant.
    """
    if settings.token is None and not settings.is_demo:
        raise SignInError(
            _("There is no token for Microsoft Graph."),
            _("Put one into the environment variable OMCONSOLE_TOKEN, or try: omconsole demo"),
        )
