"""`omconsole simulate`: the simulated tenant over HTTP."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime

from omconsole.demo import require_simulator
from omconsole.errors import UsageError
from omconsole.i18n import _


def run_simulator(*, port: int, devices: int, seed: int, scenario: str, epoch: datetime | None) -> int:
    """Serve until a signal; the first line on standard output says where and with which token.

    Without an epoch the world begins at today's midnight UTC, so that a restart goes on in the same one.

    Raises:
        UsageError: the port cannot be listened on.
    """
    require_simulator()
    from omconsole.simulator.server import TOKEN_VARIABLE, serve
    from omconsole.simulator.world import World

    begins = epoch or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    try:
        serve(World(seed, scenario, begins, devices), port, None, token=token)
    except OSError as error:
        raise UsageError(str(error), _("Choose another port with --port, or 0 for a free one.")) from error
    return 0
