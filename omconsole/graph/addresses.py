"""Where requests may go: the configured root, paths with quoted ids, and links that Graph hands out."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlencode

import httpx

from omconsole.errors import GraphProtocolError, SettingsError, UsageError
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS: Final = {"https": 443, "http": 80}
_UNUSABLE: Final = (httpx.InvalidURL, UnicodeError)
"""What httpx raises for an address, the second for a host name that is no valid international one."""
_HOST: Final = re.compile(rb"[A-Za-z0-9.:-]+")
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_VERSION: Final = re.compile(r"/(?:v\d+(?:\.\d+)?|beta)(?:/|\Z)", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Tells whether a host name or address, without brackets, is this machine by itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_root(url: str) -> str:
    """Returns the root of Graph without a trailing slash.

    Raises:
        SettingsError: it is not https (or http on a loopback host), or has a user, a query, a fragment or a version.
    """
    do = _("Set graph_url to the root without a version, for example https://graph.microsoft.com.")
    try:
        root = httpx.URL(url)
        known = root.scheme in _PORTS and _HOST.fullmatch(root.raw_host)
    except _UNUSABLE:
        known = None
    if not known:
        shown = sanitize(re.sub(r"//.*@", "//", url), 120)
        raise SettingsError(_("{url} is no address of Microsoft Graph.").format(url=shown or '""'), do)
    if root.userinfo or root.query or root.fragment or "?" in url or "#" in url or "\\" in url:
        raise SettingsError(
            _("graph_url must be a scheme, a host and a path only; it is {url}.").format(url=_shown(root)), do
        )
    if root.scheme == "http" and not is_loopback(root.host):
        raise SettingsError(
            _("graph_url must use https: {url} would send the token in the clear.").format(url=_shown(root)), do
        )
    if _VERSION.search(root.path):
        raise SettingsError(
            _("graph_url must not name a version: {url} does.").format(url=_shown(root)),
            _("Leave the version off; the program adds v1.0 or beta to each request."),
        )
    return str(root).rstrip("/")


def request_url(
    root: str, version: str, path: str, *, ids: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
) -> str:
    """Returns the address of a request; arguments and errors as for `request_path`."""
    return f"{root}/{version}{request_path(path, ids=ids, params=params)}"


def request_path(path: str, *, ids: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None) -> str:
    """Returns a path below the version with its query: the ids in place of `{placeholders}`, each a single segment.

    Raises:
        UsageError: an id is empty, `.`, `..` or not text that can be sent.
    """
    filled = _PLACEHOLDER.sub(lambda match: _segment((ids or {})[match[1]]), path)
    query = f"?{urlencode(params, quote_via=quote, safe='$,:')}" if params else ""
    return f"{filled}{query}"


def check_link(link: str, root: str) -> str:
    """Returns a link that Graph handed out, as it came, when it stays below the configured root (S21).

    Raises:
        GraphProtocolError: another scheme, host or port, a user, or a path outside the root's.
    """
    own = httpx.URL(root)
    try:
        url = httpx.URL(link)
        of_same_origin = origin(url) == origin(own)
    except _UNUSABLE:
        raise _foreign(sanitize(link.partition("?")[0], 80), own.host) from None
    if not of_same_origin or url.userinfo or "\\" in link or not _is_below(url.path, own.path):
        raise _foreign(_shown(url), own.host)
    return link


def check_download(link: str, root: str) -> str:
    """Returns the address of a file that Graph has written, as it came: on any host, which gets no token (S21).

    Raises:
        GraphProtocolError: it is not https (or http on a loopback host as the root's own), or has a user.
    """
    own = httpx.URL(root)
    try:
        url = httpx.URL(link)
        known = bool(url.host) and _HOST.fullmatch(url.raw_host) and not url.userinfo and "\\" not in link
    except _UNUSABLE:
        known, url = None, own
    near = url.scheme == "http" and is_loopback(url.host) and is_loopback(own.host)
    if known and (url.scheme == "https" or near):
        return link
    raise GraphProtocolError(
        _("Microsoft Graph names {link} as the place of a report. Nothing was fetched from there.").format(
            link=sanitize(f"{url.scheme}://{url.host}", 120) if known else "?"
        ),
        _("Check graph_url, and whether a proxy changes the answers."),
    )


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Returns scheme, host and port, the port also when it is the scheme's own."""
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _is_below(path: str, root: str) -> bool:
    # A server or proxy may decode %2e%2e once more than httpx does.
    return path.startswith(root.rstrip("/") + "/") and ".." not in re.split(r"[/\\]", unquote(unquote(path)))


def _segment(identifier: str) -> str:
    try:
        if identifier not in {"", ".", ".."}:
            return quote(identifier, safe="")
    except UnicodeEncodeError:
        pass
    raise UsageError(_("{id} is no id that Microsoft Graph knows.").format(id=repr(sanitize(identifier))))


def _shown(url: httpx.URL) -> str:
    """Shows an address without a user, a password or a query: those may be secrets."""
    return sanitize(str(url.copy_with(userinfo=b"", query=None, fragment=None)), 120)


def _foreign(link: str, host: str) -> GraphProtocolError:
    return GraphProtocolError(
        _("The answer links to {link}, which is outside {host}. The link was not followed.").format(
            link=link, host=host
        ),
        _("Check graph_url, and whether a proxy changes the answers."),
    )
