"""`omconsole paths`, `keys` and `doctor`: where things lie, what the keys do, what is wrong."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from omconsole.commands.doctor_terminal import terminal_checks
from omconsole.commands.findings import Check, status_of, sum_up, tell
from omconsole.commands.output import print_columns, print_json, say
from omconsole.config.file import is_there
from omconsole.errors import ConsoleError, SettingsError
from omconsole.i18n import _
from omconsole.sanitize import sanitize
from omconsole.verbs import VERBS, help_text, key_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.commands.probing import Probed
    from omconsole.config import Settings


def run_paths(load_settings: Callable[[], Settings], chosen: str | None, *, as_json: bool) -> int:
    """Say where files lie, also where a settings file would be looked for; without one no profile has a state.

    Raises:
        SettingsError: there is a settings file, and it cannot be used.
    """
    from omconsole.paths import config_file, user_directory

    where = config_file(os.environ, chosen)
    state: str | None = None
    try:
        settings = load_settings()
    except SettingsError:
        if is_there(where):
            raise
    else:
        where, state = settings.config_file or where, str(settings.state_directory)
    places = {"settings": str(where), "state": state, "user": str(user_directory())}
    if as_json:
        print_json(places)
    else:
        words = {"settings": _("settings file"), "state": _("state of the profile"), "user": _("your own files")}
        print_columns([(words[name], place or "–") for name, place in places.items()])
    return 0


def run_keys(*, as_markdown: bool) -> int:
    """Say what the keys do."""
    rows = [(key_word(each), f":{each.command}", help_text(each)) for each in VERBS]
    if not as_markdown:
        print_columns(rows)
        return 0
    key_title, command_title, effect_title = _("key"), _("command"), _("does")
    say(f"| {key_title} | {command_title} | {effect_title} |")
    say("|---|---|---|")
    for key, command, words in rows:
        say(f"| `{key}` | `{command}` | {words} |")
    return 0


def run_doctor(load_settings: Callable[[], Settings], *, as_json: bool, probe: bool = False) -> int:
    """Look at settings, state, terminal, network, sign-in and permissions; with `probe` at the open questions too.

    Returns 0 when all is well, else the status of the worst finding.
    """
    probed: Probed | None = None
    status = 0
    try:
        settings = load_settings()
    except ConsoleError as error:
        checks = [Check("settings", ok=False, what=error.what, do=error.do)]
        status = error.exit_code
    else:
        checks = _checks(settings)
        if probe:
            from omconsole.commands.probing import run_probe

            probed = run_probe(settings)
            checks.extend(probed.checks)
    checks.extend(terminal_checks(os.environ))
    if as_json:
        data = {"ok": all(check.ok for check in checks), "checks": [check.data for check in checks]}
        print_json(data | ({"answers": probed.data} if probed else {}))
    else:
        tell(checks)
        if probed:
            probed.tell()
        sum_up(checks)
    return status or (probed.status if probed else 0) or status_of(checks)


def _checks(settings: Settings) -> list[Check]:
    from omconsole.commands.doctor_network import network_checks
    from omconsole.commands.doctor_sign_in import sign_in_checks
    from omconsole.commands.doctor_state import state_checks, token_checks

    file = settings.config_file
    checks = [Check("settings", ok=True, what=sanitize(file) if file else _("no file, the built-in demo"))]
    checks += [*state_checks(settings), *token_checks(settings)]
    network = network_checks(settings, os.environ)
    is_reachable = all(check.ok for check in network if check.name in {"network", "host.sign-in"})
    checks += network
    return checks + sign_in_checks(settings, datetime.now(UTC), reachable=is_reachable)
