"""What a cause is called: the policy and its setting, the app and its code, the failure that people share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omconsole.domain import words
from omconsole.i18n import _, number, pgettext

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.domain.events import Event
    from omconsole.domain.items import Item

_SETTINGS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("osminimumversion", lambda: _("minimum OS version")),
    ("osmaximumversion", lambda: _("maximum OS version")),
    ("minandroidsecuritypatchlevel", lambda: _("security patch level")),
    ("securitypatch", lambda: _("security patch level")),
    ("validoperatingsystembuildranges", lambda: _("permitted OS builds")),
    ("bitlocker", lambda: _("BitLocker")),
    ("storagerequireencryption", lambda: _("disk encryption")),
    ("encryption", lambda: _("disk encryption")),
    ("firewall", lambda: _("firewall")),
    ("rtp", lambda: _("real-time protection")),
    ("realtime", lambda: _("real-time protection")),
    ("signatureoutofdate", lambda: _("antivirus signatures")),
    ("signature", lambda: _("antivirus signatures")),
    ("antivirus", lambda: _("antivirus")),
    ("antispyware", lambda: _("antispyware")),
    ("defender", lambda: _("Microsoft Defender")),
    ("secureboot", lambda: _("Secure Boot")),
    ("codeintegrity", lambda: _("code integrity")),
    ("tpm", lambda: _("TPM")),
    ("systemintegrityprotection", lambda: _("system integrity protection")),
    ("jailbroken", lambda: _("jailbroken or rooted")),
    ("rooted", lambda: _("jailbroken or rooted")),
    ("safetynet", lambda: _("Play Integrity")),
    ("passcode", lambda: _("passcode")),
    ("password", lambda: _("password")),
    ("threatprotection", lambda: _("threat level")),
    ("devicethreat", lambda: _("threat level")),
    ("requireremainactive", lambda: _("active check-in")),
    ("requiredeviceexistinaad", lambda: _("registered in Entra ID")),
)
"""Parts of Graph's setting names, the telling ones first, and what an administrator calls them."""

_CATEGORIES: dict[str, Callable[[], str]] = {
    "authentication": lambda: _("sign-in failed"),
    "authorization": lambda: _("not authorised"),
    "accountvalidation": lambda: _("account could not be validated"),
    "uservalidation": lambda: _("user could not be validated"),
    "devicenotsupported": lambda: _("device is not supported"),
    "inmaintenance": lambda: _("Intune is in maintenance"),
    "badrequest": lambda: _("bad request"),
    "featurenotsupported": lambda: _("feature is not supported"),
    "enrollmentrestrictionsenforced": lambda: _("enrolment restriction"),
    "clientdisconnected": lambda: _("device lost the connection"),
    "userabandonment": lambda: _("user gave up"),
    "autopilot": lambda: _("Autopilot deployment failed"),
    "unknown": lambda: _("reason unknown"),
    "unknownfuturevalue": lambda: _("reason unknown"),
}


def setting_word(raw: str) -> str:
    """Return what a compliance setting is called; an unknown one by its own last words."""
    folded = raw.casefold()
    for part, words_ in _SETTINGS:
        if part in folded:
            return words_()
    last = re.split(r"[.:/\\]", raw)[-1]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last).casefold() if last else raw


def category_word(raw: str) -> str:
    """Return why an enrolment failed, by Graph's category; an unknown one is its own name."""
    words_ = _CATEGORIES.get(raw.casefold())
    return words_() if words_ else raw


def title(item: Item) -> str:
    """Return one line: `Windows – base: minimum OS version`, `VPN client 0x87D1041C`, `Windows: no check-in`."""
    triage = item.triage
    name = (item.seen.subject_name if item.seen else "") or triage.subject_id
    kind = triage.kind.removeprefix("cause.")
    if kind == "kind":
        problem = words.kind_word(triage.subject_id)
        if not triage.sub_key:
            return problem
        return pgettext("platform: problem", "{platform}: {problem}").format(platform=triage.sub_key, problem=problem)
    if kind == "enrollment":
        reason = category_word(triage.subject_id)
        detail = f" · {triage.sub_key}" if triage.sub_key and triage.sub_key.casefold() != "unknown" else ""
        return _("Enrolment failed: {reason}").format(reason=reason) + detail
    if kind in {"app", "osupdate"}:
        return f"{name} {triage.sub_key}".strip()
    return f"{name}: {setting_word(triage.sub_key)}" if triage.sub_key else name


def worse_words(event: Event) -> str | None:
    """Return why a cause alarms again, with its figures; None for any other event."""
    data = event.data
    if event.why == "more devices":
        return _("{now} devices instead of {base}; the limit was {limit}").format(
            now=number(data.get("now", 0)), base=number(data.get("base", 0)), limit=number(data.get("limit", 0))
        )
    if event.why == "another platform":
        return _("now on {platforms} too").format(platforms=", ".join(map(str, data.get("platforms", ()))))
    return None


def members_words(event: Event) -> str:
    """Return what a round changed of a cause's members: `2,100 devices (+1,000, −12)`."""
    data = event.data
    joined, left = len(data.get("joined", ())), len(data.get("left", ()))
    devices = _("{n} devices").format(n=number(data.get("firing", 0)))
    moved = ", ".join([*([f"+{number(joined)}"] if joined else []), *([f"−{number(left)}"] if left else [])])
    return f"{devices} ({moved})" if moved else devices
