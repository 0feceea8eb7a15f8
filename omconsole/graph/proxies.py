"""Which proxy leads to a host, by the setting or the variables, as httpx takes them."""

from __future__ import annotations

import os
import urllib.request
from typing import TYPE_CHECKING

import httpx
import msgspec

from omconsole.graph.addresses import is_loopback
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping


class Proxy(msgspec.Struct, frozen=True):
    """The proxy that leads to a host."""

    address: str
    """Without a user or a password."""
    setting: str
    """Where it is named: `proxy` in the settings, a variable, or `system`."""


def proxy_for(host: str, proxy: str | None, environ: Mapping[str, str], *, scheme: str = "https") -> Proxy | None:
    """Returns the proxy that a request to a host goes through; None where it goes directly.

    Args:
        host: its name.
        proxy: the setting.
        environ: the variables: lower case goes before upper case, `https_proxy` before `all_proxy`.
        scheme: of the address that is asked.
    """
    if proxy:
        return Proxy(_without_user(proxy), "proxy")
    if is_loopback(host):
        return None
    bypass = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if bypass and urllib.request.proxy_bypass_environment(host, {"no": bypass}):  # type: ignore[attr-defined]
        return None
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        if environ.get(name):
            return Proxy(_without_user(environ[name]), name)
    of_system = urllib.request.getproxies().get(scheme) if environ is os.environ else None
    return Proxy(_without_user(of_system), "system") if of_system else None


def _without_user(address: str) -> str:
    try:
        url = httpx.URL(address if "://" in address else f"http://{address}")
        return sanitize(str(url.copy_with(userinfo=b"")), 120)
    except (httpx.InvalidURL, UnicodeError):
        return "…"
