"""What single values of the settings mean: durations, addresses, time zones, the token."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from omconsole.config.file import Place, nearest
from omconsole.i18n import _
from omconsole.sanitize import ELLIPSIS, sanitize

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MIN_POLL_S: Final = 30
MAX_POLL_S: Final = 24 * 3600

CLOUDS: Final[dict[str, str]] = {
    "global": "https://graph.microsoft.com",
    "us-gov": "https://graph.microsoft.us",
    "us-dod": "https://dod-graph.microsoft.us",
    "china": "https://microsoftgraph.chinacloudapi.cn",
}
"""Root of Microsoft Graph, without a version, by national cloud."""


class Secret:
    """A text that no repr, log or serialisation shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


def choice(value: str | None, known: Collection[str], later: Collection[str], place: Place) -> str | None:
    """Return a value that is one of `known`; one of `later` is refused as not available yet."""
    if value is None or value in known:
        return value
    if value in later:
        raise place.error(
            _("“{value}” is not available in this version.").format(value=value),
            _("Only these are supported: {values}.").format(values=", ".join(known)),
        )
    raise place.error(
        _("“{value}” is none of the possible values.").format(value=sanitize(value, 60)),
        _("Use one of: {values}.").format(values=", ".join(known)),
    )


def duration_s(value: str, place: Place) -> int:
    """Return the seconds of a duration such as `90s`, `15m`, `2h` or `1h30m`, from 30 seconds to 24 hours."""
    found = re.fullmatch(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", value.replace(" ", ""), re.ASCII)
    if not value.strip() or not found:
        raise place.error(
            _("“{value}” is not a duration.").format(value=sanitize(value, 60)),
            _("Write hours, minutes and seconds as in 2h, 15m or 90s."),
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if not MIN_POLL_S <= total <= MAX_POLL_S:
        raise place.error(
            _("“{value}” is out of bounds.").format(value=sanitize(value, 60)), _("Use a duration from 30s to 24h.")
        )
    return total


def graph_root(value: str, place: Place) -> str:
    """Return the root of Graph without a slash at its end: https, or http on this very machine."""
    parts = _address(value, place, _("Write the root of Graph, as in https://graph.microsoft.com."))
    if parts.path.strip("/"):
        raise place.error(
            _("the address has a path: “{path}”.").format(path=sanitize(parts.path, 60)),
            _("Write the root alone, without a version such as v1.0 or beta."),
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise place.error(
            _("http sends the token in the clear to another machine."),
            _("Use https; http is for a simulator on this machine alone."),
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def https_address(value: str, place: Place) -> str:
    """Return an https address with its path, without a slash at its end."""
    do = _("Write the sign-in server and the tenant, as in https://login.microsoftonline.com/contoso.onmicrosoft.com.")
    parts = _address(value, place, do)
    if parts.scheme != "https":
        raise place.error(_("signing in needs https."), do)
    return f"https://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def proxy_url(value: str, place: Place) -> str:
    """Return the address of a proxy, which holds no credentials."""
    parts = _address(
        value,
        place,
        _(
            "Write the proxy as in http://proxy.example.com:8080; credentials, if any, "
            "belong in the environment variable HTTPS_PROXY."
        ),
    )
    return f"{parts.scheme}://{parts.netloc}"


def file_path(value: str, base: Path, place: Place) -> Path:
    """Return a path of the settings file; a relative one is meant from the file's own directory, `base`."""
    if not value.strip() or "\0" in value:
        raise place.error(
            _("“{value}” is not a path.").format(value=sanitize(value, 60)), _("Write a path, or remove the key.")
        )
    return base / os.path.expanduser(value)


def bearer_token(environ: Mapping[str, str]) -> Secret | None:
    """Return the token of OMCONSOLE_TOKEN."""
    value = environ.get("OMCONSOLE_TOKEN", "").strip()
    if not value:
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise Place("", "OMCONSOLE_TOKEN").error(
            _("the token holds a space or another character that no token has."),
            _("Set the variable to the bare token, without the word Bearer."),
        )
    return Secret(value)


def timezone(setting: str | None, place: Place, environ: Mapping[str, str]) -> str:
    """Return the key of the time zone: the setting, else TZ, else the system's, else UTC."""
    if setting is not None:
        return _checked_zone(setting, place)
    variable = environ.get("TZ")
    if variable is None:
        return _zone_of_link(Path("/etc/localtime"))
    name = variable.removeprefix(":")
    if name.startswith("/"):
        return _zone_of_link(Path(name))
    return _checked_zone(name, Place("", "TZ")) if name else "UTC"


def _zone_of_link(link: Path) -> str:
    """Return the zone that a link into the zone database names; a copied file names none, which gives UTC."""
    key = os.path.realpath(link).rpartition("/zoneinfo/")[2]
    return key if _is_zone(key) else "UTC"


def _checked_zone(name: str, place: Place) -> str:
    if _is_zone(name):
        return name
    from zoneinfo import available_timezones

    zones = {zone.lower(): zone for zone in available_timezones()}
    close = nearest(name, zones)
    raise place.error(
        _("“{name}” is not a time zone.").format(name=sanitize(name, 60)),
        _("Did you mean “{zone}”?").format(zone=zones[close])
        if close
        else _("Write a name of the zone database, as in Europe/Berlin; the key timezone goes before TZ."),
    )


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _address(value: str, place: Place, do: str) -> SplitResult:
    """Return the parts of an http or https address that has a host, and no credentials, query or fragment."""
    try:
        parts = urlsplit(value.strip())
        port_ok = parts.port != 0
    except ValueError:
        parts, port_ok = SplitResult("", "", "", "", ""), False
    if "@" in value:
        raise place.error(_("the address holds credentials."), do)
    plain = re.fullmatch(r"[\x21-\x7e]+", value.strip()) and not (parts.query or parts.fragment)
    if not (port_ok and plain and parts.scheme in {"http", "https"} and parts.hostname):
        raise place.error(_("“{value}” is not a usable address.").format(value=_without_secrets(value)), do)
    return parts


def _without_secrets(address: str) -> str:
    """What of an address can be shown: tokens stand in queries and fragments."""
    shown = re.split(r"[?#]", address, maxsplit=1)[0]
    return sanitize(shown, 120) + (ELLIPSIS if shown != address else "")


def _is_loopback(host: str) -> bool:
    from ipaddress import ip_address

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
