"""What `omconsole doctor` finds: single checks with stable names, told in groups or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from rich.cells import cell_len

from omconsole.commands.output import say
from omconsole.errors import GraphError, SettingsError, SignInError, StateError
from omconsole.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

Group = Literal["settings", "state", "terminal", "network", "sign-in", "permissions", "probe"]


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at: `what` was found, and what to `do` when it is not well."""

    name: str
    ok: bool
    what: str
    do: str = ""
    warning: bool = False
    """It works, and is worth a look."""

    @property
    def group(self) -> Group:
        """The part of the program that it concerns, by its name."""
        return GROUPS.get(self.name.partition(".")[0], "probe")

    @property
    def mark(self) -> str:
        """One character: well, worth a look, or bad."""
        return "✗" if not self.ok else "!" if self.warning else "✓"

    @property
    def data(self) -> dict[str, Any]:
        """The check as scripts read it."""
        return {**msgspec.structs.asdict(self), "group": self.group}


GROUPS: dict[str, Group] = {
    "settings": "settings",
    "state": "state",
    "history": "state",
    "poller": "state",
    "uncovered": "state",
    "file-system": "state",
    "space": "state",
    "tokens": "state",
    "terminal": "terminal",
    "network": "network",
    "proxy": "network",
    "host": "network",
    "clock": "network",
    "sign-in": "sign-in",
    "credential": "sign-in",
    "permission": "permissions",
}
"""By the first part of a check's name; what is not named here is the probe's."""

STATUS: dict[Group, int] = {
    "settings": SettingsError.exit_code,
    "state": StateError.exit_code,
    "sign-in": SignInError.exit_code,
    "network": GraphError.exit_code,
    "permissions": GraphError.exit_code,
    "probe": GraphError.exit_code,
    "terminal": 1,
}
"""Exit status by the group that is not well; the first one in this order counts."""


def status_of(checks: Sequence[Check]) -> int:
    """Return the exit status that the worst finding deserves; 0 when all is well."""
    bad = {check.group for check in checks if not check.ok}
    return next((status for group, status in STATUS.items() if group in bad), 0)


def tell(checks: Sequence[Check]) -> None:
    """Say what was found, group by group."""
    titles = {
        "settings": _("Settings"),
        "state": _("State"),
        "terminal": _("Terminal"),
        "network": _("Network"),
        "sign-in": _("Sign-in"),
        "permissions": _("Permissions"),
        "probe": _("Open questions"),
    }
    width = max((cell_len(check.name) for check in checks), default=0)
    for group, title in titles.items():
        of_group = [check for check in checks if check.group == group]
        if of_group:
            say(title)
        last = {check.do: check.name for check in of_group}  # what several checks want is said once, at the last
        for check in of_group:
            say(f"  {check.mark} {check.name}{' ' * (width - cell_len(check.name))}  {check.what}")
            for line in check.do.splitlines() if last[check.do] == check.name else ():
                say(f"    {' ' * (width + 2)}{line}")


def sum_up(checks: Sequence[Check]) -> None:
    """Say at the end how much is not well."""
    bad, doubtful = sum(not check.ok for check in checks), sum(check.ok and check.warning for check in checks)
    say("")
    if bad:
        say(ngettext("✗ {n} thing is not well.", "✗ {n} things are not well.", bad).format(n=bad))
    if doubtful:
        say(ngettext("! {n} thing is worth a look.", "! {n} things are worth a look.", doubtful).format(n=doubtful))
    if not bad and not doubtful:
        say(_("✓ All is well."))
