"""What the sign-in server is told to do wrong, step by step."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_NETWORK: Final = ("500", "503", "429", "drop", "hang", "html")
STEPS: Final[dict[str, tuple[str, ...]]] = {
    "sign-in": ("pending", "slow_down", "success", "declined", "expired", "bad_code", *_NETWORK),
    "renewal": ("mfa", "revoked", "success", *_NETWORK),
    "app-token": ("bad_secret", "bad_certificate", "success", *_NETWORK),
    "device-code": ("not_allowed", "success", *_NETWORK),
    "browser": ("denied", "success", *_NETWORK),
    "discovery": ("success", *_NETWORK),
}
"""The steps that each script may have, by the script's name.

`sign-in` is what polls of a device code are answered, `renewal` what refresh tokens are, `app-token` what apps and
managed identities are, `device-code` what the request for a code is, `browser` what the page of the browser does,
`discovery` what `/openid-configuration` says. `503` has a `Retry-After` of 2 seconds, `429` an empty body, `html` is
the page of a captive portal, `hang` never answers, `drop` closes the connection.
"""

_SPEC: Final = re.compile(r"([a-z-]+)=([a-z0-9_+]+)(?:\*([1-9][0-9]{0,5}))?")


class SignInScript:
    """Scripts by name, of which every request takes one step; a script at its end means as usual.

    A script without `*TIMES` is played once, but that of `discovery` for ever: msal asks once in a client's life.

    Raises:
        ValueError: a spec is wrong; the text says which, and what there is.
    """

    def __init__(self, specs: Iterable[str] = ()) -> None:
        self._steps: dict[str, deque[str]] = {name: deque() for name in STEPS}
        self._for_ever: dict[str, tuple[str, ...]] = {}
        for spec in specs:
            self.add(spec)

    @staticmethod
    def takes(spec: str) -> bool:
        """Whether a spec, one item of a list, is a script of this server's."""
        return spec.partition("=")[0] in STEPS

    def add(self, spec: str) -> None:
        """Append `NAME=STEP+STEP...[*TIMES]`, or several of them between commas.

        Raises:
            ValueError: as the class.
        """
        for one in spec.split(","):
            self._add(one.strip())

    def clear(self) -> None:
        """Do everything as usual from now on."""
        self._for_ever.clear()
        for steps in self._steps.values():
            steps.clear()

    def next(self, name: str) -> str:
        """Take the next step of a script; empty at its end."""
        steps = self._steps[name]
        if not steps:
            steps.extend(self._for_ever.get(name, ()))
        return steps.popleft() if steps else ""

    def _add(self, spec: str) -> None:
        found = _SPEC.fullmatch(spec)
        if found is None or found[1] not in STEPS:
            raise ValueError(f"“{spec}” is none of {', '.join(STEPS)} followed by =STEP+STEP... and perhaps *TIMES")
        name, steps, times = found[1], found[2].split("+"), found[3]
        for step in steps:
            if step not in STEPS[name]:
                raise ValueError(f"“{step}” is no step of {name}: {', '.join(STEPS[name])}")
        if name == "discovery" and times is None:
            self._for_ever[name] = tuple(steps)
        else:
            self._steps[name].extend(steps * int(times or 1))
