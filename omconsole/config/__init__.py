"""Settings: option, environment, file, default, in this order; checked once, then frozen.

The file is TOML and never holds a secret. A key that this version does not know is refused with the nearest one that
it does; a key of the contract whose feature is not there yet is refused as such. Whatever is wrong is told with the
file and the dotted path of the key.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from omconsole.config import values
from omconsole.config.file import Place, RawProfile, RawSettings, nearest, read_settings_file
from omconsole.config.sign_in import SignInSettings, check_sign_in, sign_in_of
from omconsole.config.thresholds import Thresholds, thresholds_of
from omconsole.config.values import CLOUDS, Secret
from omconsole.errors import SettingsError, UsageError
from omconsole.i18n import LANGUAGES, Language, _, language
from omconsole.paths import DEMO_PROFILE, config_file, profile_directory, state_root, validate_profile_name
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CLOUDS",
    "THEMES",
    "Options",
    "ProfileSettings",
    "Secret",
    "Settings",
    "SignInSettings",
    "Thresholds",
    "load",
]

THEMES: Final = ("dark", "light")

_DEMO_GRAPH_URL: Final = "http://localhost"
_DEMO_POLL: Final = {
    "devices": 15,
    "service": 20,
    "messages": 20,
    "enrollment": 20,
    "compliance": 20,
    "overview": 30,
    "apps": 30,
    "audit": 30,
    "connectors": 60,
    "subscription": 60,
    "osupdates": 60,
    "nopolicy": 30,
    "policies": 30,
    "defender": 30,
    "firewall": 30,
    "malware": 20,
    "users": 20,
    "security": 20,
    "actions": 20,
}
"""Seconds: the demo shows in half a minute what a tenant shows in half an hour, and asks nobody but itself."""


class Options(Struct, frozen=True, kw_only=True):
    """The options of the command line that go before the environment and the file; None where not given."""

    profile: str | None = None
    state_dir: str | None = None
    lang: str | None = None
    theme: str | None = None
    read_only: bool = False


class ProfileSettings(Struct, frozen=True, kw_only=True):
    """One tenant and how to reach it."""

    graph_url: str
    """Root of Microsoft Graph without a version and without a slash at its end."""
    tenant_id: str | None = None
    """None for the demo alone."""
    sign_in: SignInSettings = SignInSettings()
    cloud: str = "global"
    ca_file: Path | None = None
    proxy: str | None = None
    read_only: bool = True
    """Nothing is ever written to Graph."""
    state_dir: Path | None = None
    """Root of the state as the file says; `Settings.state_directory` is what holds."""
    poll: dict[str, int] = field(default_factory=dict)
    """Seconds between two polls by source; a source that is not named keeps its own default."""
    thresholds: Thresholds = Thresholds()
    security_alerts: bool = True
    """Whether alerts and incidents of Defender are shown; another team may own them."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that a run was told, checked."""

    profile_name: str
    profile: ProfileSettings
    language: Language
    timezone: str
    """Key of the zone database in which days, weeks and clocks are shown."""
    state_directory: Path
    """Directory of this profile; it need not exist."""
    start: Literal["dashboard", "inbox"] = "dashboard"
    theme: str | None = None
    """`dark` or `light`; None where nothing was chosen."""
    config_file: Path | None = None
    """The settings file that was read."""
    token: Secret | None = None

    @property
    def tenant(self) -> str:
        """What a state directory remembers its tenant by."""
        return self.profile.tenant_id or self.profile_name

    @property
    def is_demo(self) -> bool:
        """Whether this is the simulated tenant."""
        return self.profile_name == DEMO_PROFILE


def load(path: Path | None, environ: Mapping[str, str], options: Options | None = None) -> Settings:
    """Return the settings of a run.

    Args:
        path: the value of `--config`; None looks at OMCONSOLE_CONFIG, then in the user's configuration directory.
        environ: the environment.
        options: the common options.

    Raises:
        SettingsError: the file, the environment or an option does not hold, or there is no profile to use.
    """
    options = options or Options()
    where = config_file(environ, path)
    asked_for = path is not None or bool(environ.get("OMCONSOLE_CONFIG"))
    found = asked_for or _is_there(where)
    raw = read_settings_file(where) if found else RawSettings()
    file = sanitize(where)
    profiles = _profiles(raw, file, where.parent, environ)
    name = _profile_name(raw, profiles, where, environ, options)
    profile = profiles[name]
    if options.read_only and not profile.read_only:
        profile = replace(profile, read_only=True)
    _check_ca_file(profile, Place(file, f"profiles.{name}.ca_file"))
    if profile.tenant_id is None and name != DEMO_PROFILE:
        raise _no_tenant(Place(file, f"profiles.{name}.tenant_id"))
    check_sign_in(profile.sign_in, Place(file, f"profiles.{name}"))
    return Settings(
        profile_name=name,
        profile=profile,
        language=_language(raw, file, environ, options),
        timezone=values.timezone(raw.timezone, Place(file, "timezone"), environ),
        state_directory=profile_directory(state_root(environ, options.state_dir, profile.state_dir), name),
        start=cast("Literal['dashboard', 'inbox']", _start(raw, file)),
        theme=_theme(raw, file, options),
        config_file=where if found else None,
        token=values.bearer_token(environ),
    )


def _profiles(raw: RawSettings, file: str, base: Path, environ: Mapping[str, str]) -> dict[str, ProfileSettings]:
    """Return every profile of the file, checked, and the demo."""
    profiles = {}
    for name, table in raw.profiles.items():
        place = Place(file, f"profiles.{sanitize(name, 60)}")
        if name == DEMO_PROFILE:
            raise place.error(_("“demo” is the built-in profile of the simulated tenant."), _("Choose another name."))
        try:
            validate_profile_name(name)
        except UsageError as error:
            raise place.error(error.what, error.do) from error
        profiles[name] = _profile(table, place, base, environ)
    profiles[DEMO_PROFILE] = ProfileSettings(graph_url=_DEMO_GRAPH_URL, poll=dict(_DEMO_POLL))
    return profiles


def _profile(raw: RawProfile, place: Place, base: Path, environ: Mapping[str, str]) -> ProfileSettings:
    for key in ("client_id", "managed_identity_client_id"):
        _identifier(getattr(raw, key), place / key)
    cloud = values.choice(raw.cloud, tuple(CLOUDS), (), place / "cloud") or "global"
    return ProfileSettings(
        graph_url=values.graph_root(raw.graph_url, place / "graph_url") if raw.graph_url is not None else CLOUDS[cloud],
        tenant_id=_identifier(raw.tenant_id, place / "tenant_id"),
        sign_in=sign_in_of(raw, place, base, environ, cloud),
        cloud=cloud,
        ca_file=values.file_path(raw.ca_file, base, place / "ca_file") if raw.ca_file is not None else None,
        proxy=values.proxy_url(raw.proxy, place / "proxy") if raw.proxy is not None else None,
        read_only=raw.read_only is not False,
        state_dir=values.file_path(raw.state_dir, base, place / "state_dir") if raw.state_dir is not None else None,
        poll={
            source: values.duration_s(text, place / "poll" / source)
            for source, text in asdict(raw.poll).items()
            if text is not None
        },
        thresholds=thresholds_of(raw.thresholds, place / "thresholds"),
        security_alerts=raw.security_alerts is not False,
    )


def _is_there(path: Path) -> bool:
    """Whether there is something to read; what cannot be looked at counts, since reading it tells why."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _identifier(value: str | None, place: Place) -> str | None:
    """Return a GUID or a domain name as it is; it becomes part of addresses."""
    if value is None or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}", value):
        return value
    raise place.error(
        _("“{value}” is no identifier.").format(value=sanitize(value, 60)),
        _("Copy the GUID from the admin center."),
    )


def _profile_name(
    raw: RawSettings,
    profiles: Mapping[str, ProfileSettings],
    where: Path,
    environ: Mapping[str, str],
    options: Options,
) -> str:
    """Return the chosen profile; a single one in the file needs no choosing."""
    own = [name for name in profiles if name != DEMO_PROFILE]
    chosen = (
        (options.profile, Place("", "--profile")),
        (environ.get("OMCONSOLE_PROFILE"), Place("", "OMCONSOLE_PROFILE")),
        (raw.default_profile, Place(sanitize(where), "default_profile")),
        (own[0] if len(own) == 1 else None, Place("", "")),
    )
    name, place = next(((name, place) for name, place in chosen if name), (None, Place("", "")))
    if name is None:
        raise _no_choice(own, where)
    if name in profiles:
        return name
    close = nearest(name, profiles)
    raise place.error(
        _("there is no profile “{name}”.").format(name=sanitize(name, 60)),
        _("Did you mean “{name}”?").format(name=close)
        if close
        else _("There are: {names}. The file is {path}.").format(names=", ".join(profiles), path=sanitize(where)),
    )


def _no_tenant(place: Place) -> SettingsError:
    """A state belongs to one tenant for ever, so it is named from the beginning."""
    return place.error(
        _("the tenant is not named."),
        _("Add the key; the tenant ID stands on the overview page of Microsoft Entra ID in the admin center."),
    )


def _no_choice(own: list[str], where: Path) -> SettingsError:
    path = sanitize(where)
    if own:
        return SettingsError(
            _("{path} has several profiles, and none was chosen.").format(path=path),
            _("Name one with --profile or default_profile: {names}.").format(names=", ".join(own)),
        )
    return SettingsError(
        _("{path} has no profile of a tenant.").format(path=path)
        if _is_there(where)
        else _("There is no settings file {path}.").format(path=path),
        _("Set one up with omconsole setup, or try: omconsole demo"),
    )


def _language(raw: RawSettings, file: str, environ: Mapping[str, str], options: Options) -> Language:
    chosen = (
        (options.lang, Place("", "--lang")),
        (environ.get("OMCONSOLE_LANG") or None, Place("", "OMCONSOLE_LANG")),
        (raw.language, Place(file, "language")),
    )
    checked = [values.choice(value, LANGUAGES, (), place) for value, place in chosen]
    return cast("Language", next((value for value in checked if value), language()))


def _theme(raw: RawSettings, file: str, options: Options) -> str | None:
    values.choice(raw.theme, THEMES, (), Place(file, "theme"))
    return values.choice(options.theme, THEMES, (), Place("", "--theme")) or raw.theme


def _start(raw: RawSettings, file: str) -> str:
    return values.choice(raw.start, ("dashboard", "inbox"), (), Place(file, "start")) or "dashboard"


def _check_ca_file(profile: ProfileSettings, place: Place) -> None:
    if profile.ca_file is not None and not os.path.isfile(profile.ca_file):
        raise place.error(
            _("there is no file {path}.").format(path=sanitize(profile.ca_file)),
            _("Name a file with the certificates in PEM form, or remove the key."),
        )
