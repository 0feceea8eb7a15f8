"""What there is to know of a sign-in: who, by which way, what stands in the way, and what a person has to do now."""

from __future__ import annotations

from datetime import datetime

import msgspec

from omconsole.accounts import Account
from omconsole.config.sign_in import Method

__all__ = [
    "Account",
    "BrowserAddress",
    "Connecting",
    "DeviceCode",
    "Hindrance",
    "Method",
    "SignInState",
    "SignInStep",
]


class Connecting(msgspec.Struct, frozen=True):
    """The sign-in server is being asked; `host` is its name."""

    host: str


class DeviceCode(msgspec.Struct, frozen=True):
    """A code that a person types into a page, on any machine. Every text is sanitised."""

    user_code: str
    verification_uri: str
    expires_at: datetime
    """UTC."""


class BrowserAddress(msgspec.Struct, frozen=True):
    """The page in which a person signs in, on this machine; `opened` when a browser was told to show it."""

    address: str
    opened: bool


class Hindrance(msgspec.Struct, frozen=True):
    """The sign-in server did not answer well; the sign-in goes on by itself."""

    why: str
    """A sentence in the user's language."""


SignInStep = Connecting | DeviceCode | BrowserAddress | Hindrance


class SignInState(msgspec.Struct, frozen=True):
    """How this console stands with the tenant's sign-in, as a picture shows it."""

    method: Method
    account: Account | None = None
    """Who this user is signed in as; None while nobody is, or it is not known yet."""
    needed: bool = False
    """A person has to sign in before Graph can be asked again; only ways with a person ever need it."""
    why: str = ""
    """What the sign-in server or Graph said, a sentence in the user's language."""
