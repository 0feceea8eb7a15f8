"""The full-screen console: first paint from saved rows, everything else after it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from omconsole.app import ConsoleApp
from omconsole.commands.access import require_token
from omconsole.i18n import activate
from omconsole.store.head import read_head
from omconsole.terminal import prepare_streams, refuse_unfit_terminal, run_guarded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.config import Settings
    from omconsole.screens.ports import Console


def run_console(settings: Settings, login: tuple[str, str], *, view_only: bool) -> int:
    """Run the console until the person leaves; returns the exit status.

    Raises:
        UsageError: there is no terminal to draw on.
        SignInError: the profile needs a token and there is none.
    """
    refuse_unfit_terminal(os.environ, sys.stdin, sys.__stderr__)
    require_token(settings)
    prepare_streams()

    async def open_console() -> Console:
        from omconsole.service import Service

        return await Service.open(settings, login=login[0], name=login[1])

    app = ConsoleApp(
        head=read_head(settings.state_directory),
        open_console=open_console,
        theme=f"om-{settings.theme or 'dark'}",
        timezone=settings.timezone,
        view_only=view_only,
        title=f"omconsole · {settings.profile_name}",
    )
    limits = settings.profile.thresholds
    app.reading.cause_percents = (limits.cause_high_percent, limits.cause_critical_percent)
    app.opens_on = settings.start
    app.is_demo = settings.is_demo
    return run_guarded(app, save=_nothing_to_save)


def run_alone(environ: Mapping[str, str]) -> int:
    """Run the console without any option, as `run_console` does.

    Raises:
        ConsoleError: as from `run_console`, or the settings do not hold.
    """
    from omconsole.commands.actor import acting_person
    from omconsole.config import load

    settings = load(None, environ)
    activate(settings.language)
    return run_console(settings, acting_person(None, environ, settings), view_only=False)


def _nothing_to_save() -> None:
    """Every acknowledged change is in the journal already; the rest is rebuilt from it."""
