"""The settings file: read, its keys checked by name and type; what the values mean is checked elsewhere.

A problem is told as "file: key: what is wrong", with the dotted path of the key.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from msgspec import Struct, ValidationError, convert, field

from omconsole.errors import SettingsError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_BYTES: Final = 1_000_000

_LATER: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"business_hours", "keys", "timers", "wall", "bell", "hooks", "history_days"}),
    "profile": frozenset({"state_group"}),
    "poll": frozenset(),
    "thresholds": frozenset({"update_days"}),
}
"""Keys of the settings contract whose features this version does not have, by the table they stand in."""

_SECRETS: Final = frozenset(
    {
        "token",
        "access_token",
        "refresh_token",
        "bearer_token",
        "secret",
        "client_secret",
        "password",
        "passphrase",
        "certificate_passphrase",
    }
)
_TOML_PLACE: Final = r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$"
_CONVERT_ERROR: Final = r"Expected `(?P<expected>[^`]+)`(?:.*?, got `(?P<found>[^`]+)`)?.*?(?: - at `\$(?P<key>.*)`)?"

T = TypeVar("T", bound=Struct)


class Place(NamedTuple):
    """A key of a settings file, or a variable of the environment when `file` is empty."""

    file: str
    key: str

    def __truediv__(self, key: str) -> Place:
        """Return the place of a key below this one; names of profiles stand there too, and may be anything."""
        return Place(self.file, ".".join(filter(None, (self.key, sanitize(key)))))

    def error(self, problem: str, do: str) -> SettingsError:
        """Return the error that tells this place before the problem."""
        return SettingsError(": ".join(filter(None, (self.file, self.key, problem))), do)


class RawPoll(Struct, frozen=True, forbid_unknown_fields=True):
    """How often a source is asked, as written: `15m`."""

    devices: str | None = None
    overview: str | None = None
    messages: str | None = None
    service: str | None = None
    connectors: str | None = None
    subscription: str | None = None
    enrollment: str | None = None
    apps: str | None = None
    compliance: str | None = None
    audit: str | None = None
    osupdates: str | None = None
    nopolicy: str | None = None
    policies: str | None = None
    defender: str | None = None
    firewall: str | None = None
    malware: str | None = None
    users: str | None = None
    security: str | None = None
    actions: str | None = None


class RawThresholds(Struct, frozen=True, forbid_unknown_fields=True):
    stale_days: list[int] | None = None
    connector_days: list[int] | None = None
    cause_min: int | None = None
    cause_high_percent: float | None = None
    cause_critical_percent: float | None = None


class RawProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """A table `[profiles.NAME]` as written."""

    tenant_id: str | None = None
    client_id: str | None = None
    auth: str | None = None
    cloud: str | None = None
    graph_url: str | None = None
    authority: str | None = None
    secret_env: str | None = None
    secret_command: str | list[str] | None = None
    certificate_file: str | None = None
    certificate_passphrase_env: str | None = None
    managed_identity_client_id: str | None = None
    token_cache: str | None = None
    ca_file: str | None = None
    proxy: str | None = None
    read_only: bool | None = None
    state_dir: str | None = None
    security_alerts: bool | None = None
    poll: RawPoll = RawPoll()
    thresholds: RawThresholds = RawThresholds()


class RawSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file as written."""

    default_profile: str | None = None
    language: str | None = None
    timezone: str | None = None
    start: str | None = None
    theme: str | None = None
    profiles: dict[str, RawProfile] = field(default_factory=dict)


def read_settings_file(path: Path) -> RawSettings:
    """Return what a settings file says.

    Raises:
        SettingsError: it cannot be read, is not UTF-8 or not TOML, or has an unknown key, a value of a wrong type or
            a secret.
    """
    file = sanitize(path)
    document = _parse(_read(path, file), file)
    _check_keys(document, "", RawSettings, Place(file, ""))
    profiles = document.get("profiles", {})
    _check_table(profiles, Place(file, "profiles"))
    for name, profile in profiles.items():
        place = Place(file, "profiles") / name
        _check_table(profile, place)
        _check_keys(profile, "profile", RawProfile, place)
        for table, shape in (("poll", RawPoll), ("thresholds", RawThresholds)):
            _check_table(profile.get(table, {}), place / table)
            _check_keys(profile.get(table, {}), table, shape, place / table)
    plain = {key: value for key, value in document.items() if key != "profiles"}
    checked = {name: _typed(profile, RawProfile, Place(file, "profiles") / name) for name, profile in profiles.items()}
    top = _typed(plain, RawSettings, Place(file, ""))
    return RawSettings(top.default_profile, top.language, top.timezone, top.start, top.theme, checked)


def is_there(path: Path) -> bool:
    """Tells whether there is a file, a directory or a link; also where that may not be seen: using it says why."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the word that was probably meant, if any comes near."""
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _read(path: Path, file: str) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = sanitize(error.strerror or type(error).__name__)
        raise SettingsError(
            _("The settings file {file} cannot be read: {reason}.").format(file=file, reason=reason),
            _("Check the path and its permissions, or name another file with --config."),
        ) from error
    if len(data) > MAX_BYTES:
        raise SettingsError(
            _("The settings file {file} is larger than 1 MB.").format(file=file),
            _("Check the path, or name another file with --config."),
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise SettingsError(
            _("{file}, line {line}, column {column}: this is not UTF-8.").format(file=file, line=line, column=column),
            _("Save the file in the encoding UTF-8."),
        ) from error


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = re.search(_TOML_PLACE, message)
        reason = sanitize(message[: found.start()] if found else message)
        line, column = found.group(1, 2) if found else (None, None)
        last = text.rpartition("\n")[2]
        raise SettingsError(
            _("{file}, line {line}, column {column}: this is not valid TOML ({reason}).").format(
                file=file, line=line or text.count("\n") + 1, column=column or len(last) + 1, reason=reason
            ),
            _("Correct the line; text stands in quotes, and a table begins with its name in brackets."),
        ) from error
    except ValueError as error:  # what Python itself refuses: a number of thousands of digits
        raise SettingsError(
            _("The settings file {file} has a number of too many digits.").format(file=file),
            _("Check the path, or name another file with --config."),
        ) from error
    except RecursionError as error:
        raise SettingsError(
            _("The settings file {file} nests its values too deeply.").format(file=file),
            _("Check the path, or name another file with --config."),
        ) from error


def _check_keys(table: Mapping[str, Any], kind: str, shape: type[Struct], place: Place) -> None:
    known = shape.__struct_fields__
    for key in table:
        if key in known:
            continue
        here = place / sanitize(key, 60)
        if key.lower() in _SECRETS:
            raise here.error(
                _("secrets do not belong in the settings file."),
                _("Remove the line. A token goes into OMCONSOLE_TOKEN; secret_env names the variable of a secret."),
            )
        if key in _LATER[kind]:
            raise here.error(
                _("this key is known, but not available in this version."), _("Remove the key, or update the program.")
            )
        close = nearest(key, known)
        raise here.error(
            _("unknown key."),
            _("Did you mean “{key}”?").format(key=(place / close).key)
            if close
            else _("Known here are: {keys}.").format(keys=", ".join(known)),
        )


def _check_table(value: object, place: Place) -> None:
    if not isinstance(value, dict):
        raise _wrong_type(place, "object", _toml_type(value))


def _typed(table: Mapping[str, Any], shape: type[T], place: Place) -> T:
    try:
        return convert(table, shape)
    except ValidationError as error:
        message = str(error)
        found = re.fullmatch(_CONVERT_ERROR, message, re.DOTALL)
        if not found:
            raise place.error(sanitize(message), _("Correct the value.")) from error
        key = re.sub(r"\[[^\]]*\]", "", found["key"] or "").lstrip(".")
        raise _wrong_type(place / key, found["expected"], found["found"] or "") from error


def _wrong_type(place: Place, expected: str, found: str) -> SettingsError:
    names = {
        "str": _("a text in quotes"),
        "int": _("a whole number"),
        "float": _("a number"),
        "bool": _("true or false"),
        "array": _("a list"),
        "object": _("a table"),
        "datetime": _("a date and time"),
        "date": _("a date"),
        "time": _("a time"),
    }
    wanted = expected.removesuffix(" | null")
    return place.error(
        _("expected is {expected}, found is {found}.").format(
            expected=names.get(wanted, wanted), found=names.get(found, found)
        ),
        _("Correct the value."),
    )


def _toml_type(value: object) -> str:
    return {str: "str", bool: "bool", int: "int", float: "float", list: "array"}.get(type(value), type(value).__name__)
