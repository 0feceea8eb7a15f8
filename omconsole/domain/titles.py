"""What alerts are called: connectors, Microsoft's service issues, the subscription; and failed apps and enrolments.

Times are aware; everything is translated when it is called.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from omconsole.domain import policy_words, protection_words, security_words, update_words, user_words, words
from omconsole.i18n import _, ngettext, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo

    from omconsole.domain.items import Item, Observation

_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S

_CONNECTORS: dict[str, Callable[[], str]] = {
    "applePush": lambda: _("Apple MDM push certificate"),
    "ade": lambda: _("Apple ADE token"),
    "vpp": lambda: _("VPP token"),
    "googlePlay": lambda: _("Managed Google Play"),
    "ndes": lambda: _("Certificate connector"),
    "certificate": lambda: _("Certificate connector"),
    "mtd": lambda: _("Threat defense connector"),
    "exchange": lambda: _("Exchange connector"),
    "mdmPartner": lambda: _("MDM partner"),
    "compliancePartner": lambda: _("Compliance partner"),
    "domainJoin": lambda: _("Domain join connector"),
    "autopilot": lambda: _("Autopilot sync"),
    "credential": lambda: _("Credential of this console"),
}
_WITHOUT_NAME = frozenset({"applePush", "googlePlay", "autopilot", "credential"})
"""Of these a tenant has one at most."""

_STATES: dict[str, Callable[[], str]] = {
    "invalid": lambda: _("token is not valid"),
    "expired": lambda: _("token has expired"),
    "assignedtoexternalmdm": lambda: _("token is used by another MDM"),
    "failed": lambda: _("last sync failed"),
    "notbound": lambda: _("no longer bound"),
    "unbinding": lambda: _("is being unbound"),
    "credentialsnotvalid": lambda: _("credentials are not valid"),
    "androidforworkapierror": lambda: _("last sync failed at Google"),
    "managementserviceerror": lambda: _("last sync failed in Intune"),
    "unknownerror": lambda: _("last sync failed"),
    "inactive": lambda: _("inactive"),
    "error": lambda: _("in error"),
    "attentionrequired": lambda: _("needs attention"),
    "actionrequired": lambda: _("needs action on its server"),
    "disconnected": lambda: _("disconnected"),
    "connectionpending": lambda: _("not connected yet"),
    "unresponsive": lambda: _("does not respond"),
    "unavailable": lambda: _("not available"),
    "terminated": lambda: _("terminated by the partner"),
    "rejected": lambda: _("rejected by the partner"),
}
"""Bad states of connectors, by Graph's members in lower case."""

_STATUSES: dict[str, Callable[[], str]] = {
    "investigating": lambda: _("Microsoft investigates"),
    "confirmed": lambda: _("confirmed by Microsoft"),
    "reported": lambda: _("reported to Microsoft"),
    "servicedegradation": lambda: _("service is degraded"),
    "serviceinterruption": lambda: _("service is interrupted"),
    "restoringservice": lambda: _("service is being restored"),
    "extendedrecovery": lambda: _("recovery takes longer"),
    "verifyingservice": lambda: _("recovery is being verified"),
    "investigationsuspended": lambda: _("Microsoft needs more information"),
}
"""Microsoft's states of an issue that is not over, in lower case."""

_SUBSCRIPTIONS: dict[str, Callable[[], str]] = {
    "pending": lambda: _("is not active yet"),
    "warning": lambda: _("runs out"),
    "suspended": lambda: _("is suspended"),
    "blocked": lambda: _("is blocked"),
    "lockedout": lambda: _("is locked out"),
    "disabled": lambda: _("is disabled"),
    "deleted": lambda: _("is deleted"),
}


def connector_word(name: str) -> str:
    """Return what a connector is called by the name that facts give it; an unknown one by that name."""
    words_ = _CONNECTORS.get(name)
    return words_() if words_ else name


def subject(item: Item) -> str | None:
    """Return what an alert is about; None where the observation's own name says it."""
    seen = item.seen
    if item.triage.kind == "tenant.subscription":
        return _("Intune subscription")
    if seen is None or not item.triage.kind.startswith("connector."):
        return None
    name = str(seen.facts.get("connector") or "")
    if name in _WITHOUT_NAME or not name:
        return connector_word(name) or None
    return _("{connector} “{name}”").format(connector=connector_word(name), name=seen.subject_name)


def problem(item: Item, *, now: datetime | None = None, tz: tzinfo = UTC) -> str | None:
    """Return what is wrong where a kind's own words say too little; None for every other kind."""
    seen = item.seen
    if seen is None:
        return None
    say = _PROBLEMS.get(item.triage.kind)
    return say(seen, now, tz) if say else None


def title(item: Item, *, now: datetime | None = None, tz: tzinfo = UTC) -> str | None:
    """Return an alert in one line: `Apple MDM push certificate expires in 5 days`; None where it has no own form."""
    kind = item.triage.kind
    if kind.startswith("service."):
        return _("{title} ({id})").format(title=words.subject(item), id=item.triage.subject_id)
    about, what = words.subject(item), words.problem(item, now=now, tz=tz)
    if kind == "console.blind":
        return what
    if kind == "connector.unhealthy":
        return _("{connector}: {problem}").format(connector=about, problem=what)
    if kind.startswith("connector.") or kind == "tenant.subscription":
        return f"{about} {what}"
    return None


def _expires(seen: Observation, now: datetime | None, tz: tzinfo) -> str | None:
    """In days of the calendar, as people count them; hours within the last day."""
    end = words.moment(seen.facts.get("expirationDateTime"))
    if end is None:
        return None
    if now is None:
        return _("expires on {day}").format(day=words.day(end, tz))
    left = max((end - now).total_seconds(), 0)
    if left < _DAY_S:
        hours = int(left // _HOUR_S)
        return ngettext("expires in {n} hour", "expires in {n} hours", hours).format(n=hours)
    days = (end.astimezone(tz).date() - now.astimezone(tz).date()).days
    return ngettext("expires in {n} day", "expires in {n} days", days).format(n=number(days))


def _expired(seen: Observation, now: datetime | None, tz: tzinfo) -> str | None:
    end = words.moment(seen.facts.get("expirationDateTime"))
    if end is None or (now is not None and end > now):
        return None
    if now is None:
        return _("expired on {day}").format(day=words.day(end, tz))
    days = int((now - end).total_seconds() // _DAY_S)
    return ngettext("expired {n} day ago", "expired {n} days ago", days).format(n=number(days)) if days else None


def _unhealthy(seen: Observation, now: datetime | None, _tz: tzinfo) -> str | None:
    failing = seen.facts.get("failing")
    name = str(failing[0]) if isinstance(failing, list | tuple) and failing else ""
    value = seen.facts.get(name)
    if name == "lastSyncErrorCode":
        return _("sync error {code}").format(code=value)
    if name == "certificateUploadFailureReason":
        return _("upload failed: {reason}").format(reason=value)
    if name and not name.endswith("DateTime"):
        state = _STATES.get(str(value).casefold())
        return state() if state else f"{name}: {value}"
    if seen.evidence_at is None:
        return _("no sync yet")
    return None if now is None else _silent((now - seen.evidence_at).total_seconds())


def _silent(seconds: float) -> str:
    """Hours until the second day is over, then days."""
    hours = int(max(seconds, 0) // _HOUR_S)
    if hours < 48:
        return _("no sync for {n} h").format(n=hours)
    return ngettext("no sync for {n} day", "no sync for {n} days", hours // 24).format(n=number(hours // 24))


def _status(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    status = str(seen.facts.get("status") or "")
    said = _STATUSES.get(status.casefold())
    return said() if said else status or None


def _subscription(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    state = str(seen.facts.get("value") or "")
    said = _SUBSCRIPTIONS.get(state.casefold())
    return said() if said else _("is in the state {state}").format(state=state) if state else None


def _blind(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    names = [str(name) for name in seen.facts.get("sources") or ()]
    if seen.facts.get("all"):
        return _("no source can be read: {why}").format(why=seen.facts.get("error") or "–")
    told = ", ".join(map(words.source_word, names))
    return ngettext("{n} source cannot be read: {names}", "{n} sources cannot be read: {names}", len(names)).format(
        n=number(len(names)), names=told
    )


def _app(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    name = next((cause.name for cause in seen.causes if cause.type == "app" and cause.name), None)
    return _("{app} not installed").format(app=name) if name else None


def _enrollment(seen: Observation, _now: datetime | None, _tz: tzinfo) -> str | None:
    from omconsole.domain.cause_words import category_word

    reason = next((cause.name for cause in seen.causes if cause.type == "enrollment" and cause.name), None)
    return _("enrolment failed: {reason}").format(reason=category_word(reason)) if reason else None


_PROBLEMS: dict[str, Callable[[Observation, datetime | None, tzinfo], str | None]] = {
    "connector.expiring": _expires,
    "connector.expired": _expired,
    "connector.unhealthy": _unhealthy,
    "service.incident": _status,
    "service.advisory": _status,
    "tenant.subscription": _subscription,
    "app.install-failed": _app,
    "enrollment.failed": _enrollment,
    "console.blind": _blind,
    **policy_words.PROBLEMS,
    **protection_words.PROBLEMS,
    **security_words.PROBLEMS,
    **update_words.PROBLEMS,
    **user_words.PROBLEMS,
}
