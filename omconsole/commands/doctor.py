"""`omconsole paths`, `keys` and `doctor`: where things lie, what the keys do, what is wrong."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import msgspec

from omconsole.commands.output import print_columns, print_json, say
from omconsole.domain.instants import iso
from omconsole.errors import ConsoleError, SettingsError, SignInError, StateError
from omconsole.i18n import _, number
from omconsole.verbs import VERBS, help_text, key_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omconsole.commands.probing import Probed
    from omconsole.config import Settings


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at: `what` was found, and what to `do` when it is not well."""

    name: str
    ok: bool
    what: str
    do: str = ""


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
        if where.exists() or where.is_symlink():
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
    """Look at settings, state and terminal, with `probe` at the tenant's answers to the open questions.

    Returns 0 when all is well, else the status of the worst finding.
    """
    checks: list[Check] = []
    status = 0
    probed: Probed | None = None
    try:
        settings = load_settings()
    except ConsoleError as error:
        checks.append(Check("settings", ok=False, what=error.what, do=error.do))
        status = error.exit_code
    else:
        checks.append(Check("settings", ok=True, what=str(settings.config_file or _("no file, the built-in demo"))))
        checks.append(_token(settings))
        checks.extend(_state(settings))
        if probe:
            from omconsole.commands.probing import run_probe

            probed = run_probe(settings)
            checks.extend(probed.checks)
    checks.append(_terminal())
    ok = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": ok, "checks": checks} | ({"answers": probed.data} if probed else {}))
    else:
        for check in checks:
            say(f"{'✓' if check.ok else '✗'} {check.name}: {check.what}")
            if check.do:
                say(f"  {check.do}")
        if probed:
            probed.tell()
    if ok:
        return 0
    status = status or (probed.status if probed else 0)
    return status or next((STATUS[check.name] for check in checks if not check.ok and check.name in STATUS), 1)


STATUS = {"sign-in": SignInError.exit_code, "state": StateError.exit_code, "history": StateError.exit_code}
"""Exit status by the check that is not well; the first one counts."""


def _token(settings: Settings) -> Check:
    if settings.is_demo:
        return Check("sign-in", ok=True, what=_("the demo needs none"))
    if settings.token is not None:
        return Check("sign-in", ok=True, what=_("a token is in OMCONSOLE_TOKEN"))
    return Check("sign-in", ok=False, what=_("There is no token."), do=_("Put one into OMCONSOLE_TOKEN."))


def _state(settings: Settings) -> Iterator[Check]:
    """The state directory: usable by us, readable by nobody else, its chain of hashes unbroken."""
    from omconsole.paths import prepare_state_directory
    from omconsole.service import configured_sources
    from omconsole.store import Store

    try:
        if settings.state_directory.exists():
            prepare_state_directory(settings.state_directory)
        store = Store.open(
            settings.state_directory,
            tenant=settings.tenant,
            profile=settings.profile_name,
            sources=configured_sources(settings),
            read_only=True,
        )
        store.load_now()
        problems = store.journal.verify()
    except ConsoleError as error:
        yield Check("state", ok=False, what=error.what, do=error.do)
        return
    yield Check("state", ok=True, what=str(settings.state_directory))
    for notice in store.notices:
        yield Check("state", ok=True, what=notice)
    if problems:
        yield Check(
            "history",
            ok=False,
            what=f"{problems[0].file}:{problems[0].line}: {problems[0].what}",
            do=_("Keep the folder as it is and compare it with a backup; the history has been edited or damaged."),
        )
    else:
        words = _("{n} events, the chain of hashes is whole")
        yield Check("history", ok=True, what=words.format(n=number(store.journal.position.seq)))
    holder = store.seat.holder()
    polled = _("polled by process {pid} on {host} since {since}")
    yield Check(
        "poller",
        ok=True,
        what=polled.format(pid=holder.pid, host=holder.host, since=iso(holder.started_at))
        if holder and store.seat.taken_by_other()
        else _("nobody polls at present"),
    )


def _terminal() -> Check:
    term = os.environ.get("TERM", "")
    stream = sys.__stderr__
    if stream is None or not stream.isatty():
        return Check("terminal", ok=True, what=_("none; lists and the poller work without one"))
    encoding = (stream.encoding or "").lower()
    if term in {"", "dumb"}:
        return Check(
            "terminal",
            ok=False,
            what=_("TERM is “{term}”: the console cannot draw on it.").format(term=term),
            do=_("Set TERM to what your terminal is, for example xterm-256color."),
        )
    return Check("terminal", ok=True, what=f"{term}, {encoding}")
