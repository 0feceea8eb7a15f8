"""`omconsole simulate`: the simulated tenant over HTTP."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, datetime
from typing import NamedTuple

from omconsole.demo import require_simulator
from omconsole.errors import UsageError
from omconsole.i18n import _
from omconsole.sanitize import sanitize


class Wanted(NamedTuple):
    """How the tenant is reached, as the options say."""

    tls: bool = False
    faults: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """Permissions that nobody has consented to."""
    token_lifetime_s: int | None = None


def run_simulator(wanted: Wanted, *, port: int, devices: int, seed: int, scenario: str, epoch: datetime | None) -> int:
    """Serve until a signal; the first line on standard output says where and with which token.

    Without an epoch the world begins at today's midnight UTC, so that a restart goes on in the same one. The
    fault `list` serves nothing and tells what there is.

    Raises:
        UsageError: the port cannot be listened on, or a fault is none.
    """
    require_simulator()
    from omconsole.simulator.faults import Faults, fault_table
    from omconsole.simulator.server import TOKEN_VARIABLE, Access, serve
    from omconsole.simulator.sign_in import TOKEN_LIFETIME_S
    from omconsole.simulator.world import World

    if "list" in wanted.faults:
        sys.stdout.write(f"{fault_table()}\n")
        return 0
    begins = epoch or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    try:
        faults = Faults.parse(wanted.faults)
    except ValueError as error:
        raise UsageError(sanitize(error), _("Correct --fault, or see all of them with --fault list.")) from error
    lifetime_s = wanted.token_lifetime_s or TOKEN_LIFETIME_S
    access = Access(token, wanted.tls, faults, wanted.without, lifetime_s)
    try:
        serve(World(seed, scenario, begins, devices), port, None, access=access)
    except OSError as error:
        raise UsageError(str(error), _("Choose another port with --port, or 0 for a free one.")) from error
    return 0
