"""Where files lie, and that nobody else can read them.

Settings: `--config`, OMCONSOLE_CONFIG, else `config.toml` in the user's configuration directory.
State of a profile: `<root>/<profile>/`, where the root is `--state-dir`, OMCONSOLE_STATE_DIR, `state_dir`, else the
user's state directory. Preferences and logs: the user's own directory, whoever shares the state.

The platform's directories come from platformdirs, which follows the XDG variables.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omconsole.errors import StateError, UsageError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLICATION: Final = "omconsole"
DEMO_PROFILE: Final = "demo"
"""The built-in profile of the simulated tenant; no settings file may define it."""

_PRIVATE: Final = 0o700
_PROFILE_NAME: Final = r"[a-z0-9][a-z0-9_-]{0,31}"


def config_file(environ: Mapping[str, str], option: str | os.PathLike[str] | None = None) -> Path:
    """Return where the settings file is looked for; it need not exist."""
    from platformdirs import user_config_path

    chosen = option or environ.get("OMCONSOLE_CONFIG")
    return _absolute(chosen) if chosen else user_config_path(APPLICATION, appauthor=False) / "config.toml"


def state_root(
    environ: Mapping[str, str],
    option: str | os.PathLike[str] | None = None,
    setting: str | os.PathLike[str] | None = None,
) -> Path:
    """Return the directory that holds one directory per profile.

    Args:
        environ: the environment, for OMCONSOLE_STATE_DIR.
        option: the value of `--state-dir`.
        setting: the profile's `state_dir`.
    """
    from platformdirs import user_state_path

    chosen = option or environ.get("OMCONSOLE_STATE_DIR") or setting
    return _absolute(chosen) if chosen else user_state_path(APPLICATION, appauthor=False)


def profile_directory(root: Path, profile: str) -> Path:
    """Return the state directory of a profile.

    Raises:
        UsageError: the name is none that a profile can have.
    """
    return root / validate_profile_name(profile)


def user_directory() -> Path:
    """Return the directory of the user's own files: preferences, logs; `prepare_state_directory` makes it.

    Its name holds a dot, which no profile's has: on macOS it lies beside the profiles.
    """
    from platformdirs import user_data_path

    return user_data_path(APPLICATION, appauthor=False) / "user.d"


def validate_profile_name(name: str) -> str:
    """Return the name of a profile as it is.

    Raises:
        UsageError: it does not match `[a-z0-9][a-z0-9_-]{0,31}`.
    """
    if re.fullmatch(_PROFILE_NAME, name):
        return name
    raise UsageError(
        _("“{name}” cannot be the name of a profile.").format(name=sanitize(name, 60)),
        _("Use up to 32 of a-z, 0-9, _ and -, beginning with a letter or a digit."),
    )


def prepare_state_directory(path: Path) -> Path:
    """Make a directory that only its owner can enter, or make sure that it is one; return it.

    Missing directories above are made 0700 as well. A directory of the user's that is open to others is closed.

    Raises:
        StateError: it is a file, a symbolic link, somebody else's, or cannot be made or written.
    """
    try:
        _make_private(path)
        # The descriptor is of the directory itself, so that nothing can be put in its place between check and repair.
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise StateError(
                _("The directory {path} belongs to somebody else.").format(path=_shown(path)),
                _("Choose a directory of your own with --state-dir or state_dir."),
            )
        if stat.S_IMODE(status.st_mode) != _PRIVATE:
            os.fchmod(descriptor, _PRIVATE)
    except OSError as error:
        raise _unusable(path, error) from error
    finally:
        os.close(descriptor)
    if not os.access(path, os.W_OK | os.X_OK):
        raise StateError(
            _("The directory {path} is not writable.").format(path=_shown(path)),
            _("Choose a directory that you can write with --state-dir or state_dir."),
        )
    return path


def _make_private(path: Path) -> None:
    if path.is_symlink() or path.exists():
        return
    if path.parent != path:
        _make_private(path.parent)
    with suppress(FileExistsError):  # another console makes it at the same time
        path.mkdir(_PRIVATE)
        path.chmod(_PRIVATE)  # the umask may have taken bits away


def _unusable(path: Path, error: OSError) -> StateError:
    if os.path.islink(path):
        return StateError(
            _("The state directory {path} is a symbolic link.").format(path=_shown(path)),
            _("Name the real directory with --state-dir or state_dir, or remove the link."),
        )
    if os.path.exists(path) and not os.path.isdir(path):
        return StateError(
            _("The state directory {path} is a file.").format(path=_shown(path)),
            _("Choose another directory with --state-dir or state_dir, or move the file away."),
        )
    reason = sanitize(error.strerror or type(error).__name__)
    return StateError(
        _("The state directory {path} cannot be used: {reason}.").format(path=_shown(path), reason=reason),
        _("Choose a directory that you can write with --state-dir or state_dir."),
    )


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))


def _shown(path: Path) -> str:
    return sanitize(path)
