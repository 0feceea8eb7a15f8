"""The tenant's policies for one Windows update each, and on which devices they fail: the rows of the update reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.courses import Steady
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, iso, iso_fraction, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.listing import Row
    from omconsole.simulator.reports import ReportRow
    from omconsole.simulator.world import World

_POLICY, _ERROR = 262, 263

_FEATURES: Final = (
    ("Windows 11 25H2 – Pilot", "Windows 11, version 25H2"),
    ("Windows 11 25H2 – Breit", "Windows 11, version 25H2"),
    ("Windows 11 24H2 – Fertigung", "Windows 11, version 24H2"),
)
_EXPEDITED: Final = (("Sofort – November", "11/10/2026"), ("Sofort – Oktober", "10/13/2026"))

#: Graph's name, its text, and Windows' result.
_FEATURE_ALERTS: Final = (
    ("DiskFull", "Insufficient disk space", 0x80070070),
    ("SafeguardHold", "Safeguard hold", 0),
    ("DownloadIssue", "Download issue", 0x80240438),
    ("InstallAccessDenied", "Install access denied", 0x80070005),
    ("EndOfService", "Device's Windows version is out of service", 0),
)
_QUALITY_ALERTS: Final = (
    ("DownloadCredentialsIssue", "Download issue – authentication", 0x80D03002),
    ("InstallFileLocked", "Install file locked", 0x80070020),
)
_LEAST_DEVICES: Final = 3
#: Devices whose alert of an update before is solved; the report of a policy has them too.
_SOLVED: Final = 2
_NEVER: Final = "0001-01-01 00:00:00.0000000"


class Policy(NamedTuple):
    """A policy for one update."""

    number: int
    id: str
    name: str
    #: The version of Windows, or the day of the release.
    update: str
    expedited: bool


class Error(NamedTuple):
    """One way in which a policy fails, again and again."""

    number: int
    policy: Policy
    alert: str
    text: str
    code: int
    #: It fails for `bad` of every `period` seconds.
    period: int
    bad: int
    offset: int

    @property
    def sub_key(self) -> str:
        """What tells it from others: Windows' result, else the alert."""
        return f"0x{self.code:08X}" if self.code else self.alert

    def since(self, now: int) -> int | None:
        """For how long it has failed at `now`; None while nothing does."""
        since = (now - self.offset) % self.period
        return since if since < self.bad else None


class WindowsUpdates:
    """The update policies of one world and their failures; what does not change is kept."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[int, ReportRow] = {}
        self._windows = [
            index
            for index, place in enumerate(world.places)
            if place.platform == "Windows" and isinstance(place.course, Steady)
        ]
        self.policies = tuple(_policies(world))
        self.errors = tuple(_errors(world, self.policies))

    # --- failures -----------------------------------------------------------------------------------------------

    def failing(self, error: Error, now: int) -> list[int]:
        """The indices of the devices that fail so at `now` (seconds since 1970 UTC): more and more of them."""
        since = error.since(now)
        if since is None or not self._windows:
            return []
        least = max(_LEAST_DEVICES, round(self._world.mix.failing_update_devices * self._world.devices / 20_000))
        count = min(len(self._windows), least + least * since // error.period)
        begin = error.number * 2 * least % len(self._windows)
        return (self._windows[begin:] + self._windows[:begin])[:count]

    def failing_by_policy(self, now: int) -> dict[str, int]:
        """How many devices fail each policy, a device once; every policy is named."""
        found: dict[str, set[int]] = {policy.id: set() for policy in self.policies}
        for error in self.errors:
            found[error.policy.id].update(self.failing(error, now))
        return {id_: len(devices) for id_, devices in found.items()}

    def feature_policies(self, now: int) -> Iterator[ReportRow]:
        """The rows of FeatureUpdatePolicyFailuresAggregate: policies with errors, and the first one at any time."""
        failing = self.failing_by_policy(now)
        for policy in self.policies:
            if not policy.expedited and (failing[policy.id] or not policy.number):
                yield {
                    "FeatureUpdateVersion": policy.update,
                    "NumberOfDevicesWithErrors": failing[policy.id],
                    "PolicyName": policy.name,
                    "PolicyId": policy.id,
                }

    def expedited_policies(self, now: int) -> Iterator[ReportRow]:
        """The rows of QualityUpdatePolicyStatusSummary: every policy."""
        failing = self.failing_by_policy(now)
        for policy in self.policies:
            if policy.expedited:
                yield {
                    "CountDevicesInProgressStatus": len(self._windows) // 50,
                    "CountDevicesErrorStatus": failing[policy.id],
                    "CountDevicesSuccessStatus": len(self._windows) // 2,
                    "PolicyName": policy.name,
                    "ExpediteQUReleaseDate": policy.update,
                    "PolicyId": policy.id,
                }

    def alerts(self, policy_id: str, now: int) -> Iterator[ReportRow]:
        """The rows of both reports of one policy's devices: an alert each, solved ones of feature updates included."""
        for error in self.errors:
            if error.policy.id != policy_id.casefold():
                continue
            since = error.since(now)
            for rank, index in enumerate(self.failing(error, now)):
                began = now - (since or 0) + min(since or 0, rank * HOUR // 4)
                yield self._alert(error, index, rank, began, None)
            if not error.policy.expedited:
                for rank, index in enumerate(self._windows[-_SOLVED:]):
                    began = self._world.begin - 20 * DAY
                    yield self._alert(error, index, rank, began, began + DAY)

    def _alert(self, error: Error, index: int, rank: int, began: int, solved: int | None) -> ReportRow:
        known = self._kept.get(index)
        if known is None:
            row = self._world.device_row(index, self._world.epoch)
            known = self._kept[index] = {
                "DeviceName": row["deviceName"],
                "DeviceId": row["id"],
                "AADDeviceId": row["azureADDeviceId"],
                "UPN": row["userPrincipalName"],
                "Build": str(row["osVersion"]).removeprefix("10.0."),
            }
        status = "Active" if solved is None else "Resolved"
        return known | {
            # The first letter of a member is in either case from row to row.
            "AlertStatus": status if rank % 7 else status.lower(),
            "AlertStatus_loc": status,
            "AlertMessage": error.alert if rank % 5 else error.alert[:1].lower() + error.alert[1:],
            "AlertMessage_loc": error.text,
            "AlertClassification": "Error",
            "AlertType": "ClientUpdateAlert",
            "Win32ErrorCode": error.code - (1 << 32) if error.code >> 31 else error.code,
            "EventDateTimeUTC": _written(began + rank % 60),
            "StartDateTimeUTC": _written(began),
            "ResolvedDateTimeUTC": _NEVER if solved is None else _written(solved),
            "FeatureUpdateVersion": error.policy.update,
            "ExpediteQUReleaseDate": error.policy.update,
            "PolicyName": error.policy.name,
            "PolicyId": error.policy.id,
        }

    # --- lists --------------------------------------------------------------------------------------------------

    def profiles(self, *, expedited: bool) -> list[Row]:
        """The rows of `windowsFeatureUpdateProfiles` or `windowsQualityUpdateProfiles`."""
        return [_profile(self._world, policy) for policy in self.policies if policy.expedited == expedited]


def _profile(world: World, policy: Policy) -> Row:
    draw = Draw(world.seed, _POLICY, 100 + policy.number)
    created = world.begin - draw.between(40, 200) * DAY
    return {
        "id": policy.id,
        "displayName": policy.name,
        "description": None,
        ("releaseDateDisplayName" if policy.expedited else "featureUpdateVersion"): policy.update,
        "createdDateTime": iso(created),
        "lastModifiedDateTime": iso_fraction(created + draw.between(0, 30) * DAY, draw.below(10_000_000)),
    }


def _policies(world: World) -> Iterator[Policy]:
    for number, (name, update) in enumerate((*_FEATURES, *_EXPEDITED)):
        yield Policy(number, Draw(world.seed, _POLICY, number).uuid(), name, update, number >= len(_FEATURES))


def _errors(world: World, policies: tuple[Policy, ...]) -> Iterator[Error]:
    """So many of feature updates as the mix says, and an expedited one for every three of them."""
    features = [policy for policy in policies if not policy.expedited]
    expedited = [policy for policy in policies if policy.expedited]
    wanted = world.mix.failing_updates
    for number in range(wanted + wanted // 3):
        draw = Draw(world.seed, _ERROR, number)
        period = draw.between(5 * DAY, 9 * DAY)
        bad = period * 3 // 5
        rank = number - wanted
        policy = features[number % len(features)] if rank < 0 else expedited[rank % len(expedited)]
        alerts = _FEATURE_ALERTS if rank < 0 else _QUALITY_ALERTS
        alert, text, code = alerts[max(number if rank < 0 else rank, 0) % len(alerts)]
        # All of them fail when the world begins.
        yield Error(number, policy, alert, text, code, period, bad, world.begin - draw.below(bad // 2))


def _written(instant: int) -> str:
    """As exported reports write it."""
    return f"{moment(instant):%Y-%m-%d %H:%M:%S}.0000000"
