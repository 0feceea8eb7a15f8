"""The tenant's apps, to whom they are assigned, and on which devices they fail: the rows of the app reports."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from omconsole.simulator.courses import Steady
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, MINUTE, iso, iso_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.fleet import Place
    from omconsole.simulator.reports import ReportRow
    from omconsole.simulator.world import World

_APPS, _GENERATED, _ASSIGNED, _FAILS = 52, 53, 54, 55

_REQUIRED, _AVAILABLE, _UNINSTALL = "required", "available", "uninstall"

# Kind, name, publisher, platform, intents.
_KNOWN = (
    ("officeSuiteApp", "Microsoft 365 Apps für Windows 10 und höher", "Microsoft", "Windows", (_REQUIRED,)),
    ("win32LobApp", "7-Zip 24.09", "Igor Pavlov", "Windows", (_AVAILABLE,)),
    ("win32LobApp", "Adobe Acrobat Reader", "Adobe", "Windows", (_REQUIRED,)),
    ("win32LobApp", "Contoso Außendienst", "Contoso GmbH", "Windows", (_REQUIRED, _AVAILABLE)),
    ("win32LobApp", "Contoso Zeiterfassung", "Contoso GmbH", "Windows", ()),
    ("win32LobApp", "Google Chrome", "Google LLC", "Windows", (_AVAILABLE,)),
    ("win32LobApp", "Notepad++", "Notepad++ Team", "Windows", (_AVAILABLE,)),
    ("win32LobApp", "SAP GUI 8.00", "SAP SE", "Windows", (_REQUIRED,)),
    ("win32LobApp", "VPN-Client", "Contoso GmbH", "Windows", (_REQUIRED,)),
    ("winGetApp", "Company Portal", "Microsoft Corporation", "Windows", (_REQUIRED,)),
    ("windowsMicrosoftEdgeApp", "Microsoft Edge für Windows 10 und höher", "Microsoft", "Windows", (_REQUIRED,)),
    ("iosVppApp", "DB Navigator", "Deutsche Bahn", "iOS", (_AVAILABLE,)),
    ("iosVppApp", "Microsoft Teams", "Microsoft Corporation", "iOS", (_REQUIRED,)),
    ("iosStoreApp", "Microsoft Authenticator", "Microsoft Corporation", "iOS", (_REQUIRED,)),
    ("iosLobApp", "Contoso Lager", "Contoso GmbH", "iOS", (_REQUIRED, _UNINSTALL)),
    ("androidManagedStoreApp", "Microsoft Outlook", "Microsoft Corporation", "Android", (_REQUIRED,)),
    ("androidManagedStoreApp", "Managed Home Screen", "Microsoft Corporation", "Android", (_REQUIRED,)),
    ("androidManagedStoreApp", "Zebra OEMConfig", "Zebra Technologies", "Android", (_AVAILABLE,)),
    ("macOSPkgApp", "Contoso VPN für Mac", "Contoso GmbH", "macOS", (_REQUIRED,)),
    ("macOSDmgApp", "Firefox", "Mozilla", "macOS", (_AVAILABLE,)),
    ("macOSOfficeSuiteApp", "Microsoft 365 Apps für macOS", "Microsoft", "macOS", (_REQUIRED,)),
)
_VPN_CLIENT: Final = 8
_DEPARTMENTS = ("Einkauf", "Vertrieb", "Lager", "Fertigung", "Personal", "Labor", "Versand", "Service")
_MODULES = ("Erfassung", "Planer", "Auswertung", "Archiv", "Portal", "Etikettendruck", "Schnittstelle", "Anzeige")
_GENERATED_KINDS = (
    *(("win32LobApp", "Windows"),) * 5,
    ("iosLobApp", "iOS"),
    ("androidManagedStoreApp", "Android"),
    ("macOSPkgApp", "macOS"),
)

# What installers report, by platform: 32-bit codes as unsigned numbers.
_CODES: dict[str, tuple[int, ...]] = {
    "Windows": (0x87D1041C, 0x80070643, 0x87D30068, 0x87D300C9, 0x80070070, 0x87D30067),
    "iOS": (0x87D13B64, 0x87D13B7E, 0x87D12906),
    "Android": (0xC7D14FB5, 0xC7D14FB2),
    "macOS": (0x87D103E8, 0x87D1041C),
}
# The report's numbers of platforms.
_PLATFORM_NUMBERS = {"Windows": 1, "iOS": 2, "macOS": 4, "Android": 8}
_NOT_FOUND_AFTER_INSTALL: Final = 0x87D1041C

#: resultantAppState by its number, as the report shows it.
INSTALLED, FAILED, PENDING = 1, 2, 5
_STATES = {INSTALLED: "Installed", FAILED: "Failed", PENDING: "Install Pending"}
# resultantAppStateDetail: 2000 stands for "see the error code".
_DETAILS = {INSTALLED: (0, ""), FAILED: (2000, "See install error code"), PENDING: (0, "")}

# Every so many-th app fails in two ways where it fails on enough devices, the second on a fifth of them.
_TWO_CODES_EVERY, _TWO_CODES_FROM = 6, 30

_LEAST_APPS, _LEAST_DEVICES = 5, 5
#: The new version of the VPN client fails from then on, on so many devices; until then on so many more.
_VPN_BEGINS, _VPN_GROWN = 2 * MINUTE, 12 * MINUTE
_VPN_FIRST, _VPN_LAST = 9, 24


@dataclass(slots=True, frozen=True)
class App:
    """One app of the tenant; `failing` devices fail to install it, for one reason."""

    number: int
    id: str
    kind: str
    name: str
    publisher: str
    platform: str
    version: str
    intents: tuple[str, ...]
    failing: int
    code: int

    @property
    def is_required(self) -> bool:
        """Whether some group must have it."""
        return _REQUIRED in self.intents


class AppFailures:
    """The apps of one world and their installations; what does not change is kept."""

    def __init__(self, world: World, places: list[Place]) -> None:
        self._world = world
        self._places = places
        self._candidates: dict[str, list[int]] | None = None
        self.apps = tuple(_catalogue(world))
        self._kept: dict[tuple[int, int], ReportRow] = {}

    def rows(self) -> list[dict[str, object]]:
        """The rows of `mobileApps`, with `assignments`."""
        return [_described(self._world, app) for app in self.apps]

    def failing(self, app: App, now: int) -> list[int]:
        """The indices of the devices on which `app` fails at `now` (seconds since 1970 UTC)."""
        return self._reach(app)[: self._failing_count(app, now)]

    def devices(self, app: App, now: int) -> Iterator[ReportRow]:
        """The rows of retrieveDeviceAppInstallationStatusReport for one app."""
        failing = self._failing_count(app, now)
        pending = failing + app.number % 3
        for rank, index in enumerate(self._reach(app)):
            state = FAILED if rank < failing else PENDING if rank < pending else INSTALLED
            yield self._on_device(app, index) | self._outcome(app, state, rank)

    def summary(self, now: int) -> Iterator[ReportRow]:
        """The rows of getAppsInstallSummaryReport; they agree with `devices`."""
        for app in self.apps:
            reach, failing = len(self._reach(app)), self._failing_count(app, now)
            pending = min(reach - failing, app.number % 3)
            yield {
                "DisplayName": app.name,
                "ApplicationId": app.id,
                "Publisher": app.publisher,
                "AppVersion": app.version,
                "Platform": _PLATFORM_NUMBERS[app.platform],
                "Platform_loc": app.platform,
                "FailedDevicePercentage": round(100 * failing / reach, 2) if reach else 0.0,
                "FailedDeviceCount": failing,
                "FailedUserCount": failing,
                "InstalledDeviceCount": reach - failing - pending,
                "PendingInstallDeviceCount": pending,
                "NotInstalledDeviceCount": 0,
                "NotApplicableDeviceCount": 0,
            }

    def app(self, app_id: str) -> App | None:
        """The app with that id."""
        return next((app for app in self.apps if app.id == app_id.casefold()), None)

    def _failing_count(self, app: App, now: int) -> int:
        count = app.failing
        if app.number == _VPN_CLIENT and self._world.mix.story:
            since = now - self._world.begin
            grown = _VPN_FIRST + (_VPN_LAST - _VPN_FIRST) * (since - _VPN_BEGINS) // (_VPN_GROWN - _VPN_BEGINS)
            count = min(grown, _VPN_LAST) if since >= _VPN_BEGINS else 0
        return min(count, len(self._reach(app)))

    def _reach(self, app: App) -> list[int]:
        """The devices of which the report knows anything for `app`; those that fail stand first."""
        if not app.intents:
            return []
        if self._candidates is None:
            self._candidates = _candidates(self._places)
        there = self._candidates[app.platform]
        size = min(len(there), 3 * max(app.failing, _VPN_LAST))
        begin = app.number * max(app.failing, _VPN_LAST) * 3 % max(1, len(there))
        return (there[begin:] + there[:begin])[:size]

    def _on_device(self, app: App, index: int) -> ReportRow:
        known = self._kept.get((app.number, index))
        if known is None:
            row = self._world.device_row(index, self._world.epoch)
            known = self._kept[app.number, index] = {
                "DeviceName": row["deviceName"],
                "UserPrincipalName": row["userPrincipalName"],
                "UserName": row["userDisplayName"],
                "UserId": row["userId"],
                "Platform": _PLATFORM_NUMBERS[app.platform],
                "Platform_loc": app.platform,
                "AppVersion": app.version,
                "DeviceId": row["id"],
                "ApplicationId": app.id,
            }
        return known

    def _outcome(self, app: App, state: int, rank: int) -> ReportRow:
        code = app.code if state == FAILED else 0
        if code and app.number % _TWO_CODES_EVERY == 0 and app.failing >= _TWO_CODES_FROM and rank % 5 == 4:
            codes = _CODES[app.platform]
            code = codes[(codes.index(code) + 1) % len(codes)]
        detail, text = _DETAILS[state]
        changed = self._world.begin - Draw(self._world.seed, _FAILS, app.number, rank).between(DAY, 40 * DAY)
        if app.number == _VPN_CLIENT and self._world.mix.story and state == FAILED:
            steps = _VPN_GROWN - _VPN_BEGINS
            grown = ceil(max(0, rank + 1 - _VPN_FIRST) * steps / (_VPN_LAST - _VPN_FIRST))
            changed = self._world.begin + _VPN_BEGINS + grown
        return {
            "InstallState": state,
            "InstallState_loc": _STATES[state],
            "AppInstallState": state,
            "AppInstallState_loc": _STATES[state],
            "AppInstallStateDetails": detail,
            "AppInstallStateDetails_loc": text,
            "InstallStateDetail": detail,
            "InstallStateDetail_loc": text,
            "ErrorCode": code - (1 << 32) if code >> 31 else code,
            "HexErrorCode": f"0x{code:08X}" if code else "",
            "LastModifiedDateTime": iso(changed),
        }


def _candidates(places: list[Place]) -> dict[str, list[int]]:
    """By platform the devices that stay and keep checking in; tablets of Apple count as iOS."""
    found: dict[str, list[int]] = {platform: [] for platform in _PLATFORM_NUMBERS}
    for index, place in enumerate(places):
        if isinstance(place.course, Steady):
            found["iOS" if place.platform == "iPadOS" else place.platform].append(index)
    return found


def _catalogue(world: World) -> Iterator[App]:
    """The apps; as many required and as many available ones fail as the world's mix says."""
    mix, devices = world.mix, world.devices
    wanted = 0
    if mix.failing_apps:
        wanted = min(mix.failing_apps, max(_LEAST_APPS, round(mix.failing_apps * devices / 20_000)))
    each = max(_LEAST_DEVICES, round(mix.failing_devices * devices / 20_000))
    available = mix.failing_available_apps
    for number, (kind, name, publisher, platform, intents) in enumerate(_all_apps(max(0, wanted - 10))):
        # The story's own app has nothing wrong before.
        may_fail = number != _VPN_CLIENT
        fails = may_fail and (wanted > 0 if _REQUIRED in intents else available > 0 and bool(intents))
        if fails and _REQUIRED in intents:
            wanted -= 1
        elif fails:
            available -= 1
        draw = Draw(world.seed, _FAILS, number)
        code = _NOT_FOUND_AFTER_INSTALL if number == _VPN_CLIENT else draw.pick(_CODES[platform])
        yield App(
            number,
            Draw(world.seed, _APPS, number).uuid(),
            kind,
            name,
            publisher,
            platform,
            f"{draw.between(1, 24)}.{draw.below(10)}.{draw.below(100)}",
            intents,
            each if fails else 0,
            code,
        )


def _all_apps(generated: int) -> Iterator[tuple[str, str, str, str, tuple[str, ...]]]:
    yield from _KNOWN
    for number in range(generated):
        kind, platform = _GENERATED_KINDS[number % len(_GENERATED_KINDS)]
        department = _DEPARTMENTS[number % len(_DEPARTMENTS)]
        module = _MODULES[(number // len(_DEPARTMENTS) + number) % len(_MODULES)]
        yield kind, f"Contoso {department} {module}", "Contoso GmbH", platform, (_REQUIRED,)


def _described(world: World, app: App) -> dict[str, object]:
    draw = Draw(world.seed, _APPS, app.number)
    id_ = draw.uuid()
    created = world.begin - draw.between(120, 1100) * DAY
    changed = created + draw.between(0, 110) * DAY
    return {
        "@odata.type": f"#microsoft.graph.{app.kind}",
        "id": id_,
        "displayName": app.name,
        "publisher": app.publisher,
        "createdDateTime": iso(created),
        "lastModifiedDateTime": iso_fraction(changed, draw.below(10_000_000)),
        "publishingState": "processing" if app.number == 4 else "published",
        "isFeatured": draw.chance(100),
        "owner": "IT-Betrieb" if draw.chance(500) else "",
        "assignments": [_assignment(world.seed, app, intent) for intent in app.intents],
    }


def _assignment(seed: int, app: App, intent: str) -> dict[str, object]:
    group = Draw(seed, _ASSIGNED, app.number, len(intent)).uuid()
    return {
        "id": f"{group}_0_0",
        "intent": intent,
        "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group},
        "settings": None,
    }
