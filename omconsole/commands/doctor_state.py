"""The part of `omconsole doctor` about what lies on the disk: state, history, tokens, and what lies under them."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from omconsole.accounts import kept_account, token_files_stem, tokens_directory
from omconsole.commands.findings import Check
from omconsole.config.file import is_there
from omconsole.domain.instants import iso
from omconsole.domain.words import source_word, uncovered_words
from omconsole.errors import ConsoleError, StateError
from omconsole.i18n import _, natural_size, number
from omconsole.paths import prepare_state_directory
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from omconsole.config import Settings
    from omconsole.domain.health import SourceHealth
    from omconsole.store import Store

LITTLE_SPACE: Final = 500_000_000
NO_SPACE: Final = 20_000_000
"""Bytes: below the first a disk is worth a look, below the second the history may not be written for long."""
_OPEN_TO_OTHERS: Final = 0o077


def state_checks(settings: Settings) -> Iterator[Check]:
    """The state directory: usable by us, readable by nobody else, its chain of hashes unbroken."""
    from omconsole.service import configured_sources
    from omconsole.store import Store

    directory = settings.state_directory
    try:
        repaired = closed(directory) if is_there(directory) else []
        store = Store.open(
            directory,
            tenant=settings.tenant,
            profile=settings.profile_name,
            sources=configured_sources(settings),
            read_only=True,
        )
        ledger = store.load_now()
        problems = store.journal.verify()
    except ConsoleError as error:
        yield Check("state", ok=False, what=error.what, do=error.do)
        return
    yield Check("state", ok=True, what=sanitize(directory))
    yield from _told(repaired)
    for notice in store.notices:
        yield Check("state", ok=True, what=notice, warning=True)
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
    yield _poller(store)
    yield from uncovered_checks(ledger.sources.values())
    yield from disk_checks(directory)


def closed(directory: Path) -> list[str]:
    """Close a directory and its files to others, and return the names and modes of what was open to them.

    Raises:
        StateError: the directory is somebody else's, or cannot be used.
    """
    try:
        found = []
        if _mode(directory) & _OPEN_TO_OTHERS and not directory.is_symlink():
            found.append(f"{sanitize(directory)} ({_mode(directory):04o})")
        prepare_state_directory(directory)
        for file in sorted(directory.iterdir()):
            with suppress(FileNotFoundError):  # a process that polls has put it into another's place
                found += _closed_file(file)
    except OSError as error:
        reason = sanitize(error.strerror or type(error).__name__)
        raise StateError(
            _("The state directory {path} cannot be used: {reason}.").format(path=sanitize(directory), reason=reason),
            _("Choose a directory that you can write with --state-dir or state_dir."),
        ) from error
    return found


def _closed_file(file: Path) -> Iterator[str]:
    status = file.lstat()
    if stat.S_ISREG(status.st_mode) and status.st_mode & _OPEN_TO_OTHERS and status.st_uid == os.geteuid():
        file.chmod(0o600)
        yield f"{sanitize(file.name)} ({stat.S_IMODE(status.st_mode):04o})"


def _told(repaired: list[str]) -> Iterator[Check]:
    if repaired:
        names = ", ".join(repaired[:5]) + (", …" if len(repaired) > 5 else "")
        what = _("Other users of this machine could open it; it is closed now: {names}").format(names=names)
        yield Check("state.modes", ok=True, what=what, warning=True)


def _poller(store: Store) -> Check:
    holder = store.seat.holder()
    polled = _("polled by process {pid} on {host} since {since}")
    return Check(
        "poller",
        ok=True,
        what=polled.format(pid=holder.pid, host=sanitize(holder.host), since=iso(holder.started_at))
        if holder and store.seat.taken_by_other()
        else _("nobody polls at present"),
    )


def uncovered_checks(sources: Iterable[SourceHealth]) -> Iterator[Check]:
    """What the sources are for and cannot tell in this tenant, as of their last polls."""
    for health in sources:
        if health.uncovered:
            what = f"{source_word(health.name)}: {uncovered_words(health.uncovered)}"
            yield Check(f"uncovered.{health.name}", ok=True, what=what, warning=True)


def disk_checks(directory: Path) -> Iterator[Check]:
    """What kind of file system the state lies on, and how much room it has."""
    from omconsole.store.file_systems import file_system_of

    found = file_system_of(directory)
    if found.is_network:
        yield Check(
            "file-system",
            ok=True,
            what=_(
                "{kind}, mounted at {point}: a network's. What consoles on other hosts change is seen by looking "
                "every second, and locks are the file server's."
            ).format(kind=sanitize(found.kind), point=sanitize(found.point)),
            do=_("A local disk is quicker; choose one with state_dir, unless a team shares this folder."),
            warning=True,
        )
    else:
        yield Check("file-system", ok=True, what=sanitize(found.kind) or _("not told by the system"))
    existing = next(each for each in (directory, *directory.parents) if os.path.exists(each))
    try:
        free = shutil.disk_usage(existing).free
    except OSError as error:
        yield Check("space", ok=True, what=sanitize(error.strerror or error), warning=True)
        return
    yield Check(
        "space",
        ok=free >= NO_SPACE,
        what=_("{size} free").format(size=natural_size(free)),
        do=_("Make room: the history and what people do is written there.") if free < LITTLE_SPACE else "",
        warning=free < LITTLE_SPACE,
    )


def token_checks(settings: Settings) -> Iterator[Check]:
    """The user's own file of tokens: whether it is there, whose it is, and that nobody else reads it."""
    way = settings.profile.sign_in
    if settings.is_demo or way.method == "token":
        return
    if not way.keeps_tokens:
        yield Check("tokens", ok=True, what=_("kept in memory alone, as token_cache says"))
        return
    directory = tokens_directory()
    if not is_there(directory):
        yield Check("tokens", ok=True, what=_("none kept yet"))
        return
    try:
        repaired = closed(directory)
    except ConsoleError as error:
        yield Check("tokens", ok=False, what=error.what, do=error.do)
        return
    stem = token_files_stem(way, settings.profile_name)
    kept = [file for file in directory.glob(f"{stem}.tokens.*") if file.suffix != ".lock"]  # the lock outlives a logout
    account = kept_account(way, settings.profile_name)
    what = _("none kept for this profile")
    if kept:
        what = _("kept in {place}, readable by you alone, not encrypted").format(place=sanitize(directory))
    yield Check("tokens", ok=True, what=f"{account.name}, {what}" if account and kept else what)
    for check in _told(repaired):
        yield Check("tokens.modes", ok=True, what=check.what, warning=True)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)
