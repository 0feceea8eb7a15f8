"""Which setting of which compliance policy a device fails: the rows of getNoncompliantDevicesAndSettingsReport."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from omconsole.simulator.courses import Caught, Gone, Replaced, Steady
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omconsole.simulator.courses import Moving
    from omconsole.simulator.fleet import Place
    from omconsole.simulator.reports import ReportRow
    from omconsole.simulator.world import World

_SETTINGS = 61

#: The states in which a device fails a setting, with the report's complianceStatus: (number, text, error code).
FAILING: dict[str, tuple[int, str, int]] = {
    "noncompliant": (4, "Not compliant", 0),
    "inGracePeriod": (4, "Not compliant", 0),
    "error": (5, "Error", -2016281112),  # 0x87D1FDE8: remediation failed
    "conflict": (6, "Conflict", -2016281106),  # 0x87D1FDEE: another policy won
}

#: Windows devices below this build fail `MINIMUM_VERSION`.
OLDEST_BUILD = 22631

_SECOND_PER_MILLE = 210
_OLD_PER_MILLE = 850


class Pair(NamedTuple):
    """A policy's setting: the policy's name, Graph's own name of the setting, and the name people read."""

    policy: str
    setting: str
    label: str


MINIMUM_VERSION = Pair("Windows – Mindestversion", "Windows10CompliancePolicy.OsMinimumVersion", "Minimum OS version")
_BITLOCKER = Pair("Windows – Mindeststandard", "Windows10CompliancePolicy.BitLockerEnabled", "Require BitLocker")
_WINDOWS = (
    Pair("Windows – Mindeststandard", "Windows10CompliancePolicy.SecureBootEnabled", "Require Secure Boot"),
    Pair("Windows – Mindeststandard", "Windows10CompliancePolicy.ActiveFirewallRequired", "Firewall"),
    Pair("Windows – Virenschutz", "Windows10CompliancePolicy.RtpEnabled", "Real-time protection"),
    Pair("Windows – Virenschutz", "Windows10CompliancePolicy.SignatureOutOfDate", "Security intelligence up-to-date"),
)
_IOS_VERSION = Pair("iOS/iPadOS – Standard", "IOSCompliancePolicy.OsMinimumVersion", "Minimum OS version")
_IOS_PASSCODE = Pair("iOS/iPadOS – Standard", "IOSCompliancePolicy.PasscodeRequired", "Require a password")
_MACOS_VERSION = Pair("macOS – Standard", "MacOSCompliancePolicy.OsMinimumVersion", "Minimum OS version")
_MACOS_FIREWALL = Pair("macOS – Standard", "MacOSCompliancePolicy.FirewallEnabled", "Firewall")
_ANDROID_PERSONAL = Pair(
    "Android – Arbeitsprofil", "AndroidWorkProfileCompliancePolicy.PasswordRequired", "Require a password"
)
_ANDROID_COMPANY = Pair(
    "Android – firmeneigene Geräte",
    "AndroidDeviceOwnerCompliancePolicy.MinAndroidSecurityPatchLevel",
    "Minimum security patch level",
)
#: Intune's own policy, which no list of policies has.
_BUILT_IN = Pair(
    "Built-in Device Compliance Policy",
    "DefaultDeviceCompliancePolicy.RequireDeviceCompliancePolicyAssigned",
    "Has a compliance policy assigned",
)
#: By platform: what an old system fails, what any other device fails, and below which version a system is old.
_OTHERS = {
    "iOS": (_IOS_VERSION, _IOS_PASSCODE, 18),
    "iPadOS": (_IOS_VERSION, _IOS_PASSCODE, 18),
    "macOS": (_MACOS_VERSION, _MACOS_FIREWALL, 15),
}


class FailingSettings:
    """The report's rows in one world; what does not change is kept."""

    def __init__(self, world: World, places: list[Place]) -> None:
        self._world = world
        self._places = places
        still: list[int] = []
        moving: list[int] = []
        for index, place in enumerate(places):
            course = place.course
            if isinstance(course, Steady | Gone):
                if course.state in FAILING:
                    still.append(index)
            elif not isinstance(course, Replaced):
                moving.append(index)
        self._still, self._moving = still, moving
        self._still_rows: list[ReportRow] | None = None
        self._kept: dict[tuple[int, int, str], tuple[ReportRow, ...]] = {}

    def rows(self, now: int) -> Iterator[ReportRow]:
        """A row for each failing setting of each failing device at `now` (seconds since 1970 UTC).

        Devices that never change come first, so that what moves between two pages stands near the end.
        """
        if self._still_rows is None:
            still: list[ReportRow] = []
            for index in self._still:
                rows = self._of_device(index, self._places[index].course.at(now), now)
                still += rows
                yield from rows
            self._still_rows = still
        else:
            yield from self._still_rows
        for index in self._moving:
            state = self._places[index].course.at(now)
            if state.state in FAILING:
                yield from self._of_device(index, state, now)

    def _of_device(self, index: int, state: Moving, now: int) -> tuple[ReportRow, ...]:
        place = self._places[index]
        key = (index, place.course.generation(now), state.state)
        known = self._kept.get(key)
        if known is None:
            row = self._world.device_row(index, moment(now))
            pairs = self._pairs(place, key, row, state)
            known = self._kept[key] = tuple(_written(row, pair, state.state) for pair in pairs)
        return known

    def _pairs(
        self, place: Place, key: tuple[int, int, str], row: Mapping[str, object], state: Moving
    ) -> tuple[Pair, ...]:
        if isinstance(place.course, Caught):
            return (MINIMUM_VERSION,)
        draw = Draw(self._world.seed, _SETTINGS, *key[:2])
        mix = self._world.mix
        if mix.few_settings:
            return (_few(draw, place.platform, row),)
        if place.platform == "Windows":
            return _windows(draw, row, state, old_fail=not mix.story)
        if place.platform in _OTHERS:
            return _apple(draw, place.platform, row)
        return (_ANDROID_COMPANY if row["managedDeviceOwnerType"] == "company" else _ANDROID_PERSONAL,)


def windows_build(version: object) -> int:
    """The third number of `10.0.22631.4890`."""
    return int(str(version).split(".")[2])


def _few(draw: Draw, platform: str, row: Mapping[str, object]) -> Pair:
    """The one setting of `storm`: of seven pairs each is failed by more than 6 % of the fleet."""
    if platform == "Windows":
        return MINIMUM_VERSION if windows_build(row["osVersion"]) < OLDEST_BUILD else draw.pick(_WINDOWS[:3])
    if platform in ("iOS", "iPadOS"):
        return _apple_first(platform, row)
    return _BUILT_IN


def _windows(draw: Draw, row: Mapping[str, object], state: Moving, *, old_fail: bool) -> tuple[Pair, ...]:
    another = draw.pick(_WINDOWS)
    old = windows_build(row["osVersion"]) < OLDEST_BUILD
    if state.encrypted is False:
        first = _BITLOCKER
    elif old and old_fail and draw.chance(_OLD_PER_MILLE):
        first = MINIMUM_VERSION
    else:
        first, another = another, _WINDOWS[(_WINDOWS.index(another) + 1) % len(_WINDOWS)]
    return (first, another) if draw.chance(_SECOND_PER_MILLE) else (first,)


def _apple_first(platform: str, row: Mapping[str, object]) -> Pair:
    version, other, oldest = _OTHERS[platform]
    return version if int(str(row["osVersion"]).partition(".")[0]) < oldest else other


def _apple(draw: Draw, platform: str, row: Mapping[str, object]) -> tuple[Pair, ...]:
    first = _apple_first(platform, row)
    other = _OTHERS[platform][1]
    # Whose system is new enough fails the one other setting alone.
    return (first, other) if first is not other and draw.chance(2 * _SECOND_PER_MILLE) else (first,)


def _written(row: Mapping[str, object], pair: Pair, state: str) -> ReportRow:
    status, text, code = FAILING[state]
    return {
        "PolicyName": pair.policy,
        "DeviceId": row["id"],
        "DeviceName": row["deviceName"],
        "UPN": row["userPrincipalName"],
        "OS": row["operatingSystem"],
        "OS_loc": row["operatingSystem"],
        "OSVersion": row["osVersion"],
        "SettingName": pair.setting,
        "SettingName_loc": pair.label,
        "SettingNm": pair.label,
        "SettingStatus": status,
        "SettingStatus_loc": text,
        "ErrorCode": code,
    }
