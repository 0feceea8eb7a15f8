"""What the sign-in server remembers: codes that wait for a person, codes of a browser, refresh tokens."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Final

import msgspec

_USER_CODE: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Asked(msgspec.Struct, frozen=True):
    """What a client asks a token for."""

    client_id: str
    scope: str
    claims: str = ""
    nonce: str = ""

    def with_claims(self, claims: str) -> Asked:
        """The same with the claims of the request that redeems it; those of the beginning if it has none."""
        return msgspec.structs.replace(self, claims=claims or self.claims)


@dataclass(slots=True)
class DeviceFlow:
    """A device code; it approves itself at the second poll, unless a person or a script says otherwise."""

    device_code: str
    user_code: str
    asked: Asked
    ends_at: int
    """Seconds since 1970 UTC."""
    answer: str = ""
    """What a person said on the page: `success` or `declined`."""
    polls: int = field(default=0)

    def step(self, scripted: str) -> str:
        """What the next poll is answered; `scripted` is the step of a script, empty for none."""
        self.polls += 1
        return self.answer or scripted or ("pending" if self.polls == 1 else "success")


class Code(msgspec.Struct, frozen=True):
    """An authorization code of a browser."""

    asked: Asked
    redirect_uri: str
    challenge: str
    """Base64url of the SHA-256 of the verifier; empty without PKCE."""


class Sessions:
    """All of them; they end with the process."""

    def __init__(self) -> None:
        self._flows: dict[str, DeviceFlow] = {}
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, Asked] = {}

    def begin(self, asked: Asked, ends_at: int) -> DeviceFlow:
        """A new device code."""
        user_code = "".join(secrets.choice(_USER_CODE) for _ in range(9))
        flow = DeviceFlow(secrets.token_urlsafe(48), user_code, asked, ends_at)
        self._flows[flow.device_code] = flow
        return flow

    def flow(self, device_code: str) -> DeviceFlow | None:
        """A device code that has not been redeemed."""
        return self._flows.get(device_code)

    def flow_of(self, user_code: str) -> DeviceFlow | None:
        """The same by what a person types."""
        typed = user_code.strip().upper()
        return next((flow for flow in self._flows.values() if flow.user_code == typed), None)

    def forget(self, flow: DeviceFlow) -> None:
        """A device code is redeemed once."""
        self._flows.pop(flow.device_code, None)

    def hand_out(self, code: Code) -> str:
        """An authorization code for a browser to bring back."""
        written = secrets.token_urlsafe(32)
        self._codes[written] = code
        return written

    def redeem(self, written: str) -> Code | None:
        """What an authorization code stands for, once."""
        return self._codes.pop(written, None)

    def renewable_by(self, asked: Asked) -> str:
        """A new refresh token; those before it stay good, as Entra's do."""
        written = secrets.token_urlsafe(48)
        self._refresh[written] = asked
        return written

    def renewable(self, written: str) -> Asked | None:
        """What a refresh token stands for."""
        return self._refresh.get(written)

    def revoke(self) -> None:
        """Let no refresh token be good any longer."""
        self._refresh.clear()
