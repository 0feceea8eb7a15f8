"""From a run's settings to what reaches its tenant: one value for both clients, and who signs the requests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from omconsole.accounts import tokens_directory
from omconsole.graph.sign_in import SignIn
from omconsole.graph.tokens import ReadyToken, TokenSource
from omconsole.graph.transport import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.config import Settings


def transport_settings(settings: Settings) -> TransportSettings:
    """Returns how the profile's Graph and sign-in server are reached."""
    profile = settings.profile
    return TransportSettings(
        graph_url=profile.graph_url,
        authority=profile.sign_in.authority or TransportSettings().authority,
        ca_file=str(profile.ca_file) if profile.ca_file else None,
        proxy=profile.proxy,
    )


def sign_in_for(settings: Settings, environ: Mapping[str, str] | None = None) -> SignIn | None:
    """Returns the profile's sign-in; None where a ready token is used, or in the demo."""
    if settings.is_demo or settings.profile.sign_in.method == "token":
        return None
    return SignIn(
        settings.profile.sign_in,
        transport_settings(settings),
        tokens_in=tokens_directory(),
        profile=settings.profile_name,
        environ=os.environ if environ is None else environ,
    )


def ready_token(settings: Settings) -> TokenSource:
    """Returns the source of a token that was fetched elsewhere, or the demo's.

    Raises:
        SignInError: there is none.
    """
    if settings.is_demo:
        return ReadyToken("simulated")
    return ReadyToken(settings.token.reveal() if settings.token else None)
