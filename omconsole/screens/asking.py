"""When the console asks by itself for a sign-in: once when it starts, and once for each new reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.screens import summary

if TYPE_CHECKING:
    from omconsole.domain.snapshot import Snapshot
    from omconsole.screens.reading import Reading


class SignInAsking:
    """Remembers for what reasons somebody was asked, and whether they left on purpose."""

    def __init__(self) -> None:
        self._reasons: set[str] = set()
        self._has_left = False
        self.is_first = True
        """Nobody has been asked yet: whoever started the console sits before it."""

    def is_due(self, snapshot: Snapshot, reading: Reading) -> bool:
        """Tell whether a person is to be asked now."""
        state = snapshot.sign_in
        if state is None or not state.needed or self._has_left or state.why in self._reasons:
            return False
        # Another process polls, and well: this one needs no token of its own.
        return snapshot.polling != "other" or any(summary.trouble(each, reading) for each in snapshot.sources)

    def asked(self, snapshot: Snapshot) -> None:
        """Somebody has been asked, by the console or by their own verb."""
        if snapshot.sign_in is not None:
            self._reasons.add(snapshot.sign_in.why)
        self.is_first = False

    def signed_in(self) -> None:
        """Every reason is over: when it comes back it is a new one."""
        self._reasons.clear()
        self._has_left = False

    def signed_out(self) -> None:
        """Whoever signs out does not want to be asked at once to sign in."""
        self._has_left = True
