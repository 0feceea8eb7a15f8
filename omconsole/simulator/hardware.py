"""What a device is: the properties that stay the same while it is enrolled."""

from __future__ import annotations

from typing import NamedTuple

from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import HOUR, MINUTE, iso, moment
from omconsole.simulator.people import NOBODY, Person, person

_HARDWARE, _MORE, _IDENTITY, _ENROLMENT, _CATEGORY = 33, 34, 35, 36, 37
_NO_DIRECTORY_OBJECT = "00000000-0000-0000-0000-000000000000"
_GIB = 1 << 30
_SERIAL = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_SITES = ("HAM", "BER", "MUC", "FRA", "STR", "LEJ", "WIE", "ZRH")
_CATEGORIES = ("Außendienst", "Büro", "Produktion", "Kiosk", "")


class _Make(NamedTuple):
    manufacturer: str
    model: str
    storage: int
    memory: int


class Enrolment(NamedTuple):
    """`managedDeviceOwnerType`, `managementAgent` and `deviceEnrollmentType`."""

    owner: str
    agent: str
    kind: str


_MAKES: dict[str, tuple[_Make, ...]] = {
    "Windows": (
        _Make("LENOVO", "ThinkPad T14 Gen 4", 512, 16),
        _Make("LENOVO", "ThinkPad X1 Carbon Gen 11", 1024, 32),
        _Make("Dell Inc.", "Latitude 5440", 512, 16),
        _Make("Dell Inc.", "OptiPlex 7010", 256, 16),
        _Make("HP", "HP EliteBook 840 14 inch G10", 512, 16),
        _Make("Microsoft Corporation", "Surface Laptop 5", 256, 16),
        _Make("Microsoft Corporation", "Surface Pro 9", 256, 8),
    ),
    "iOS": (
        _Make("Apple", "iPhone 13", 128, 4),
        _Make("Apple", "iPhone 14", 128, 6),
        _Make("Apple", "iPhone 15", 256, 6),
        _Make("Apple", "iPhone SE (3rd generation)", 64, 4),
    ),
    "iPadOS": (
        _Make("Apple", "iPad (10th generation)", 64, 4),
        _Make("Apple", "iPad Air (5th generation)", 256, 8),
        _Make("Apple", "iPad Pro 11-inch (4th generation)", 256, 8),
    ),
    "macOS": (
        _Make("Apple", "MacBook Pro", 512, 16),
        _Make("Apple", "MacBook Air", 256, 8),
        _Make("Apple", "Mac mini", 512, 16),
    ),
    "Android": (
        _Make("samsung", "SM-A546B", 128, 6),
        _Make("samsung", "SM-S911B", 256, 8),
        _Make("samsung", "SM-X516B", 128, 6),
        _Make("Google", "Pixel 7a", 128, 8),
        _Make("Zebra Technologies", "TC26", 32, 3),
    ),
}

_VERSIONS: dict[str, tuple[str, ...]] = {
    "Windows": (
        "10.0.19045.5487",
        "10.0.19045.4780",
        "10.0.22631.4890",
        "10.0.22631.4460",
        "10.0.22631.3880",
        "10.0.26100.3194",
        "10.0.26100.2894",
    ),
    "iOS": ("16.7.10", "17.6.1", "17.7.2", "18.2.1", "18.3", "18.3.1"),
    "iPadOS": ("16.7.10", "17.7.4", "18.2.1", "18.3.1"),
    "macOS": ("13.7.4 (22H420)", "14.7.4 (23H420)", "15.2 (24C101)", "15.3.1 (24D70)"),
    "Android": ("11", "12.0", "13", "14.0", "15"),
}


def _device_name(draw: Draw, platform: str, make: _Make, owner: Person, enrolled: int, serial: str) -> str:
    given = owner.given_name or "Empfang"
    if platform == "Windows":
        if draw.chance(120):
            return f"DESKTOP-{serial[:7]}"
        kind = "PC" if make.model.startswith("OptiPlex") else "LT"
        return f"DE-{draw.pick(_SITES)}-{kind}-{draw.below(100_000):05d}"
    if platform in ("iOS", "iPadOS"):
        product = "iPhone" if platform == "iOS" else "iPad"
        if given[0] > "\u2e80":
            return f"{given}の{product}"
        return f"{product} von {given}" if draw.chance(700) else f"{product}-{serial[-6:]}"
    if platform == "macOS":
        return f"{make.model} von {given}" if draw.chance(600) else f"MAC-{draw.pick(_SITES)}-{serial[-5:]}"
    day = moment(enrolled)
    clock = f"{day.month}/{day.day}/{day.year}_{day.hour % 12 or 12}:{day.minute:02d} {'AM' if day.hour < 12 else 'PM'}"
    local = owner.user_principal_name.partition("@")[0] or "shared"
    return f"{local}_{'AndroidForWork' if draw.chance(500) else 'AndroidEnterprise'}_{clock}"


def identity(key: tuple[int, int, int]) -> str:
    """The id of the device `key` = (seed, index, generation)."""
    return Draw(_IDENTITY, *key).uuid()


def enrolment(key: tuple[int, int, int], platform: str) -> Enrolment:
    """How the device `key` came to be managed."""
    draw = Draw(_ENROLMENT, *key)
    company = draw.chance(900 if platform in ("Windows", "macOS") else 600)
    owner = "company" if company else "personal"
    if platform == "Android":
        return Enrolment(owner, "googleCloudDevicePolicyController", "userEnrollment")
    if not company:
        return Enrolment(owner, "mdm", "userEnrollment")
    if platform != "Windows":
        return Enrolment(owner, "mdm", draw.pick(("appleBulkWithUser", "appleBulkWithUser", "appleBulkWithoutUser")))
    if draw.chance(150):
        return Enrolment(owner, "configurationManagerClientMdm", "windowsCoManagement")
    return Enrolment(owner, "mdm", draw.pick(("windowsAzureADJoin", "windowsAutoEnrollment")))


def _actions(draw: Draw, enrolled: int, until: int) -> list[dict[str, object]]:
    if not draw.chance(60) or until <= enrolled + HOUR:
        return []
    started = draw.between(enrolled, until - HOUR)
    state = draw.pick(("done", "done", "done", "pending", "failed"))
    return [
        {
            "actionName": draw.pick(("syncDevice", "rebootNow", "remoteLock", "locateDevice")),
            "actionState": state,
            "startDateTime": iso(started),
            "lastUpdatedDateTime": iso(started + 5 * MINUTE),
        }
    ]


def category(key: tuple[int, int, int]) -> str:
    """`deviceCategoryDisplayName`; empty for some."""
    return Draw(_CATEGORY, *key).pick(_CATEGORIES)


def exchange_access(platform: str) -> str:
    """`exchangeAccessState`: only phones and tablets ask Exchange for access."""
    return "allowed" if platform in ("iOS", "iPadOS", "Android") else "none"


def describe(key: tuple[int, int, int], platform: str, enrolled: int, epoch: int, people: int) -> dict[str, object]:
    """The still properties of the device `key` = (seed, index, generation), as Graph names them.

    `enrolled` and `epoch` are seconds since 1970 UTC; `people` is how many users the tenant has.
    """
    draw = Draw(_HARDWARE, *key)
    entra_id, make = draw.uuid(), draw.pick(_MAKES[platform])
    managed = enrolment(key, platform)
    company = managed.owner == "company"
    shared = managed.kind == "appleBulkWithoutUser" or draw.chance(20)
    owner = NOBODY if shared else person(key[0], draw.below(people))
    serial = draw.letters(_SERIAL, 11 if platform == "Android" else 10)
    name = _device_name(draw, platform, make, owner, enrolled, serial)
    total = make.storage * _GIB
    return {
        "id": identity(key),
        "deviceName": name,
        "userPrincipalName": owner.user_principal_name,
        "userDisplayName": owner.display_name,
        "userId": owner.id,
        "operatingSystem": "iOS" if platform == "iPadOS" and draw.chance(200) else platform,
        "osVersion": draw.pick(_VERSIONS[platform]),
        "enrolledDateTime": iso(enrolled),
        "managementAgent": managed.agent,
        "managementState": "retirePending" if draw.chance(3) else "managed",
        "managedDeviceOwnerType": managed.owner,
        "deviceEnrollmentType": managed.kind,
        "deviceRegistrationState": "registered" if draw.chance(985) else "notRegistered",
        "azureADDeviceId": entra_id if draw.chance(990) else _NO_DIRECTORY_OBJECT,
        "azureADRegistered": not draw.chance(15),
        "manufacturer": make.manufacturer,
        "model": make.model,
        "serialNumber": serial,
        "isSupervised": company and platform in ("iOS", "iPadOS", "macOS"),
        "exchangeAccessState": exchange_access(platform),
        "freeStorageSpaceInBytes": total * draw.between(4, 85) // 100,
        "totalStorageSpaceInBytes": total,
        "deviceCategoryDisplayName": category(key),
        "deviceActionResults": _actions(draw, enrolled, epoch),
    }


def describe_more(key: tuple[int, int, int], platform: str) -> dict[str, object]:
    """The properties that only a request for the one device shows (`reference` of the by-id call)."""
    draw = Draw(_MORE, *key)
    cellular = platform in ("iOS", "Android")
    return {
        "physicalMemoryInBytes": draw.pick(_MAKES[platform]).memory * _GIB if platform == "Windows" else 0,
        "ethernetMacAddress": draw.letters("0123456789ABCDEF", 12) if platform in ("Windows", "macOS") else None,
        "iccid": "8949" + draw.letters("0123456789", 15) if cellular else "",
        "udid": "00008110-" + draw.letters("0123456789ABCDEF", 16) if platform in ("iOS", "iPadOS", "macOS") else None,
        "notes": None,
        "activationLockBypassCode": None,
        "remoteAssistanceSessionUrl": None,
    }
