"""The part of `omconsole doctor` about the way to the tenant: hosts, proxy, certificates and the clock."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from omconsole.commands.findings import Check
from omconsole.errors import SettingsError
from omconsole.graph.connection import transport_settings
from omconsole.graph.hosts import Host, Reached, hosts_of, reach
from omconsole.graph.proxies import Proxy, proxy_for
from omconsole.i18n import _, number
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omconsole.config import Settings
    from omconsole.graph.transport import TransportSettings

SKEWED: Final = timedelta(seconds=60)
TOO_SKEWED: Final = timedelta(minutes=5)
"""From here on tokens and certificates count as expired, or as not valid yet."""


def network_checks(settings: Settings, environ: Mapping[str, str]) -> list[Check]:
    """Whether each host answers as it should; the demo asks nobody."""
    if settings.is_demo:
        return [Check("network", ok=True, what=_("the demo asks nobody"))]
    transport = transport_settings(settings)
    method = settings.profile.sign_in.method
    hosts = hosts_of(transport, settings.profile.cloud, signs_in=method not in {"token", "managed-identity"})
    try:
        reached = asyncio.run(reach(hosts, transport, environ=environ))
    except SettingsError as error:
        return [Check("network", ok=False, what=error.what, do=error.do)]
    by_role = {each.host.role: each for each in reached}
    checks = [*_proxies(hosts, transport, environ)]
    for host in hosts:
        found = by_role.get(host.role)
        if found is None:
            checks.append(_not_asked(host))
        else:
            checks.append(_host(found, transport, environ))
    return [*checks, *clock_checks(reached)]


def _proxies(hosts: tuple[Host, ...], transport: TransportSettings, environ: Mapping[str, str]) -> Iterator[Check]:
    """Which proxy leads to the hosts, and where it is named; one line when it is the same for all."""
    found: dict[Proxy | None, list[str]] = {}
    for host in hosts:
        if host.url is not None:
            found.setdefault(_proxy(host, transport, environ), []).append(host.name)
    for proxy, names in found.items():
        to = ", ".join(dict.fromkeys(names))
        if proxy is None:
            what = _("none for {hosts}: asked directly").format(hosts=to)
        else:
            what = _("{proxy} for {hosts}, from {setting}").format(
                proxy=proxy.address, hosts=to, setting=_named(proxy.setting)
            )
        yield Check("proxy", ok=True, what=what)


def _proxy(host: Host, transport: TransportSettings, environ: Mapping[str, str]) -> Proxy | None:
    return proxy_for(host.name, transport.proxy, environ, scheme=(host.url or "").partition(":")[0])


def _named(setting: str) -> str:
    """Where a proxy is named, in words."""
    if setting == "system":
        return _("the system's settings")
    return _("proxy in the settings") if setting == "proxy" else setting


def purpose(host: Host) -> str:
    """What a host is for, as a firewall's list says it."""
    return {
        "sign-in": _("sign-in"),
        "graph": _("everything that is read of the tenant"),
        "reports": _("exported reports"),
    }[host.role]


def _place(host: Host) -> str:
    return f"{sanitize(host.name, 120)}:{host.port} ({purpose(host)})"


def _not_asked(host: Host) -> Check:
    words = _("{place}: not asked, since its exact name is known only once a report is exported")
    return Check(f"host.{host.role}", ok=True, what=words.format(place=_place(host)))


def _host(reached: Reached, transport: TransportSettings, environ: Mapping[str, str]) -> Check:
    host = reached.host
    name, place = f"host.{host.role}", _place(host)
    if reached.is_good:
        words = _("{place}: answers after {n} ms")
        return Check(name, ok=True, what=words.format(place=place, n=number(round(reached.seconds * 1000))))
    what, do = trouble_words(reached, _proxy(host, transport, environ), trusted_words(transport, environ))
    return Check(name, ok=False, what=f"{place}: {what}", do=do)


def trusted_words(transport: TransportSettings, environ: Mapping[str, str]) -> str:
    """Which certificates are trusted, by the setting or variable that names them."""
    if transport.ca_file:
        return _("those in {file}, as ca_file says").format(file=sanitize(transport.ca_file))
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if environ.get(variable):
            return _("those in {file}, as {variable} says").format(file=sanitize(environ[variable]), variable=variable)
    return _("the system's")


def trouble_words(reached: Reached, proxy: Proxy | None, trusted: str) -> tuple[str, str]:
    """What keeps a host from answering, and what to do about it."""
    if reached.trouble in {"not trusted", "tls"}:
        return _certificate(reached, trusted)
    if reached.trouble in {"proxy asks for sign-in", "proxy"} or proxy is not None:
        return _behind_proxy(reached, proxy)
    return _directly(reached)


def _certificate(reached: Reached, trusted: str) -> tuple[str, str]:
    if reached.trouble == "tls":
        return (
            _("no encrypted connection comes about: {reason}").format(reason=reached.reason),
            _("See whether a proxy or a firewall opens encrypted connections on the way."),
        )
    what = _("its certificate is not trusted: {reason}.").format(reason=reached.reason)
    if reached.issuer:
        what += " " + _("It was issued by “{issuer}”.").format(issuer=reached.issuer)
    what += " " + _("Trusted are {certificates}.").format(certificates=trusted)
    do = _(
        "If that is your organization's proxy, save the certificates of its issuer as a PEM file and name it with "
        "ca_file in the settings, or with SSL_CERT_FILE."
    )
    return what, do


def _behind_proxy(reached: Reached, proxy: Proxy | None) -> tuple[str, str]:
    name = proxy.address if proxy else _("a proxy")
    setting = _named(proxy.setting) if proxy else "HTTPS_PROXY"
    if reached.trouble == "proxy asks for sign-in":
        return (
            _("{proxy} asks for a user and a password (407).").format(proxy=name),
            _("Write them into its address: http://user:password@host:port, in {setting}.").format(setting=setting),
        )
    what = {
        "not resolved": _("the name of {proxy}, or of the host behind it, is not known"),
        "refused": _("{proxy} refuses the connection"),
        "silent": _("nothing answers through {proxy}"),
    }.get(reached.trouble)
    if what is None:
        return _directly(reached)
    do = _("See whether {setting} names the right proxy; hosts that it does not lead to belong into NO_PROXY.")
    return what.format(proxy=name), do.format(setting=setting)


def _directly(reached: Reached) -> tuple[str, str]:
    host = reached.host
    allow = _("Allow {host}, port {port}, in the firewall; if a proxy leads outside, set HTTPS_PROXY or proxy to it.")
    allow = allow.format(host=host.name, port=host.port)
    network = _("See whether a proxy or the sign-in page of a network is in between; a proxy goes into HTTPS_PROXY.")
    told: dict[str, tuple[str, str]] = {
        "not resolved": (
            _("the name is not known here: {reason}").format(reason=reached.reason),
            _("See whether this machine may ask a name server; if a proxy leads outside, set HTTPS_PROXY to it."),
        ),
        "refused": (_("the connection is refused"), allow),
        "silent": (_("no answer"), allow),
        "web page": (_("a web page comes instead of data"), network),
        "redirect": (_("leads to {target} instead of answering").format(target=reached.target or "?"), network),
        "server error": (
            _("answers with an error: {reason}").format(reason=reached.reason),
            _("Try again in a few minutes."),
        ),
        "unknown tenant": (
            _("does not know this tenant ({reason})").format(reason=reached.reason),
            _("Check tenant_id, and that cloud is the tenant's."),
        ),
        "proxy": (_("the proxy does not connect: {reason}").format(reason=reached.reason), network),
    }
    return told.get(reached.trouble, (_("cannot be reached: {reason}").format(reason=reached.reason), allow))


def clock_checks(reached: tuple[Reached, ...]) -> Iterator[Check]:
    """How far this machine's clock is from the servers', by the `Date` of good answers."""
    ahead = [
        each.asked_at - each.date
        for each in reached
        if each.is_good and each.date is not None and each.asked_at is not None
    ]
    if not ahead:
        return
    off = min(ahead, key=abs)
    if abs(off) < SKEWED:
        yield Check("clock", ok=True, what=_("right to within a minute"))
        return
    seconds = number(round(abs(off).total_seconds()))
    late, early = _("{n} s behind the servers' clocks"), _("{n} s ahead of the servers' clocks")
    yield Check(
        "clock",
        ok=abs(off) < TOO_SKEWED,
        what=(early if off > timedelta(0) else late).format(n=seconds),
        do=_("Set this machine's clock, best by NTP: sign-ins and certificates fail from five minutes on."),
        warning=True,
    )
