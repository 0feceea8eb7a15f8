"""A profile added to the settings file as text: whatever else stands there, comments included, stays as it is.

The new text is read again, by the same rules as at every start, before it takes the place of the old.
"""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omconsole.config import Options, load
from omconsole.config.file import Place, is_there, read_settings_file
from omconsole.errors import SettingsError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omconsole.config import Settings

_PRIVATE: Final = 0o600
_KEPT: Final = ("read_only", "token_cache", "state_dir", "security_alerts", "poll", "thresholds")
"""What a profile keeps when another way of signing in replaces its own."""
_HEADER: Final = re.compile(r"\s*\[{1,2}(?P<name>[^\[\]]+)\]{1,2}\s*(#.*)?$")
_BOM: Final = "\ufeff"


def profiles_in(path: Path) -> tuple[str, ...]:
    """Return the names of the profiles that a settings file has; none when there is no file.

    Raises:
        SettingsError: it cannot be read, or holds what no settings file may hold.
    """
    return tuple(read_settings_file(path).profiles) if is_there(path) else ()


def language_in(path: Path) -> str | None:
    """Return the language that a settings file names; raises as `profiles_in` does."""
    return read_settings_file(path).language if is_there(path) else None


def write_profile(
    path: Path,
    name: str,
    values: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    language: str | None = None,
    replace: bool = False,
) -> Settings:
    """Write a profile into the settings file, which need not exist; return the settings as they are read from it.

    A profile that is replaced stays as a comment, and what it says of polling and thresholds is kept. The mode of an
    existing file stays, since it holds no secret; a new one is 0600.

    Args:
        path: the settings file.
        name: of the profile.
        values: its keys, as they are written.
        environ: the environment, for the check.
        language: written as well where the file names none.
        replace: whether a profile of this name may be there already.

    Raises:
        SettingsError: the profile is there already, the result would not hold, or the file cannot be written.
    """
    target = Path(os.path.realpath(path))
    before = _text(target)
    taken = profiles_in(target)
    if name in taken and not replace:
        raise Place(sanitize(path), f"profiles.{name}").error(
            _("there is such a profile already."),
            _("Choose another name with --profile, or put the new one into its place with --replace."),
        )
    after = _with_profile(before, name, values, taken, language)
    _check_rest(path, before, after, name)
    return _put(target, before, after, name, environ)


def _with_profile(
    before: str, name: str, values: Mapping[str, str], taken: tuple[str, ...], language: str | None
) -> str:
    """Return the text with the profile at its end, and what concerns all profiles at its beginning."""
    document = tomllib.loads(before.removeprefix(_BOM))
    first: dict[str, Any] = {}
    if language is not None and "language" not in document:
        first["language"] = language
    if taken and name not in taken and len(taken) == 1 and "default_profile" not in document:
        first["default_profile"] = taken[0]  # with two profiles, the one that was meant so far has to be named
    kept: dict[str, Any] = {}
    rest = before.removeprefix(_BOM)
    if name in taken:
        old = document["profiles"][name]
        kept = {key: old[key] for key in _KEPT if key in old}
        rest = _commented_out(rest, name)
    end = "\r\n" if "\r\n" in before else "\n"
    head = "".join(f"{key} = {_toml(value)}{end}" for key, value in first.items())
    if rest.strip():
        head, rest = head + (end if head and not rest.lstrip().startswith("#") else ""), rest.rstrip() + end + end
    elif head:
        head += end
    lines = [f"[profiles.{name}]", *(f"{key} = {_toml(value)}" for key, value in {**values, **kept}.items())]
    return (_BOM if before.startswith(_BOM) else "") + head + rest + end.join(lines) + end


def _commented_out(text: str, name: str) -> str:
    """Return the text with every line of a profile as a comment; comments stay as they are."""
    inside, found = "", []
    for line in text.splitlines(keepends=True):
        if header := _HEADER.match(line):
            inside = ".".join(_parts(header["name"]))
        path = ".".join(filter(None, (inside, ".".join(_parts(line.partition("=")[0])))))
        here = f"profiles.{name}"
        is_profile = (inside + ".").startswith(f"{here}.") or (not header and path.startswith(f"{here}."))
        blank = not line.strip() or line.lstrip().startswith("#")
        found.append(f"# {line}" if is_profile and not blank else line)
    return "".join(found)


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _check_rest(path: Path, before: str, after: str, name: str) -> None:
    """Refuse a text in which anything but the profile and the two keys of all profiles has changed."""
    try:
        old, new = (tomllib.loads(text.removeprefix(_BOM)) for text in (before, after))
    except tomllib.TOMLDecodeError:
        old, new = {"": 0}, {}
    for document in (old, new):
        document.get("profiles", {}).pop(name, None)
        if not document.get("profiles"):
            document.pop("profiles", None)
    for key in ("language", "default_profile"):
        if key not in old:
            new.pop(key, None)
    if old != new:
        raise SettingsError(
            _("{file} is written in a way that cannot be added to.").format(file=sanitize(path)),
            _("Write every profile as a table, [profiles.{name}], or name another file with --config.").format(
                name=name
            ),
        )


def _put(target: Path, before: str, after: str, name: str, environ: Mapping[str, str]) -> Settings:
    """Write the text beside the file, read it as a start would, and let it take the file's place."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else _PRIVATE
        try:
            _write(fresh, after, mode)
            _check(fresh, target, name, environ)
            if _text(target) != before:
                raise SettingsError(
                    _("{file} was changed by somebody else meanwhile.").format(file=sanitize(target)),
                    _("Nothing was written. Run the command again."),
                )
            fresh.replace(target)
            _sync(target.parent)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(
            _("The settings file {file} cannot be written: {reason}.").format(
                file=sanitize(target), reason=sanitize(error.strerror or type(error).__name__)
            ),
            _("Check the directory and its permissions, or name another file with --config."),
        ) from error
    return load(target, environ, Options(profile=name))


def _check(fresh: Path, target: Path, name: str, environ: Mapping[str, str]) -> None:
    """Read the new text as a start would; what is wrong is told of the file that it is meant for."""
    try:
        load(fresh, environ, Options(profile=name))
    except SettingsError as error:
        names = sanitize(fresh), sanitize(target)
        raise SettingsError(error.what.replace(*names), error.do.replace(*names)) from error


def _write(path: Path, text: str, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _PRIVATE), "wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fchmod(stream.fileno(), mode)
        os.fsync(stream.fileno())


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with suppress(OSError):  # some network file systems cannot; the file itself is safe
        os.fsync(descriptor)
    os.close(descriptor)


def _text(path: Path) -> str:
    """Return what stands in the file, byte for byte; nothing where there is none.

    Raises:
        SettingsError: it cannot be read.
    """
    if not is_there(path):
        return ""
    read_settings_file(path)
    return path.read_bytes().decode()


def _toml(value: Any) -> str:
    """Return a value as TOML: text, numbers, lists, and tables in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, str):
        escaped = "".join(_escaped(each) for each in value)
        return f'"{escaped}"'
    return str(value)


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08X}"
