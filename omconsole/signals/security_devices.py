"""Which devices of the tenant an alert of Defender is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from omconsole.graph import ManagedDevice
    from omconsole.graph.security_shapes import AlertEvidence, SecurityAlert
    from omconsole.signals.fleet import Fleet

_DEVICE: Final = "deviceevidence"
_NO_DEVICE: Final = "00000000-0000-0000-0000-000000000000"


class MatchedDevices:
    """The devices of alerts, by the alert's id."""

    def __init__(self, of_alert: dict[str, list[ManagedDevice]]) -> None:
        self._of_alert = of_alert

    def of(self, alerts: Iterable[str]) -> list[ManagedDevice]:
        """The devices of these alerts, each once, by name."""
        found = {device.id: device for alert in alerts for device in self._of_alert.get(alert, ())}
        return sorted(found.values(), key=lambda device: ((device.device_name or "").casefold(), device.id))


async def matched(alerts: Iterable[SecurityAlert], fleet: Callable[[], Awaitable[Fleet]]) -> MatchedDevices:
    """The devices that the evidence of the alerts names.

    By the directory's id; where Defender has none, by the name, which counts when one device alone has it.
    """
    named = {alert.id: [each for each in alert.evidence or () if _is_device(each)] for alert in alerts}
    named = {alert: evidence for alert, evidence in named.items() if evidence}
    if not named:
        return MatchedDevices({})
    ids = {directory_id(each.azure_ad_device_id) for evidence in named.values() for each in evidence} - {""}
    names = {host(each.device_dns_name) for evidence in named.values() for each in evidence} - {""}
    by_id: dict[str, ManagedDevice] = {}
    by_name: dict[str, list[ManagedDevice]] = {}
    async for device in sliced(list((await fleet()).devices.values()), LIGHT_SLICE):
        if (id_ := directory_id(device.azure_ad_device_id)) in ids:
            by_id[id_] = device
        if (name := host(device.device_name)) in names:
            by_name.setdefault(name, []).append(device)

    def device_of(evidence: AlertEvidence) -> ManagedDevice | None:
        id_ = directory_id(evidence.azure_ad_device_id)
        if id_:
            return by_id.get(id_)
        same_name = by_name.get(host(evidence.device_dns_name), [])
        return same_name[0] if len(same_name) == 1 else None

    return MatchedDevices(
        {
            alert: [found for each in evidence if (found := device_of(each)) is not None]
            for alert, evidence in named.items()
        }
    )


def _is_device(evidence: AlertEvidence) -> bool:
    return (evidence.type or "").casefold().endswith(_DEVICE)


def directory_id(text: str | None) -> str:
    """A device's id in the directory, to be compared; empty where there is none."""
    id_ = (text or "").casefold()
    return "" if id_ == _NO_DEVICE else id_


def host(name: str | None) -> str:
    """A device's name without its domain, to be compared."""
    return (name or "").partition(".")[0].casefold()
