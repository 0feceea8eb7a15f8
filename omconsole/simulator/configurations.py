"""The tenant's configuration policies, and on which devices they fail or meet another: the rows of their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.courses import Steady
from omconsole.simulator.draws import Draw
from omconsole.simulator.instants import DAY, HOUR, iso, iso_fraction, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from omconsole.simulator.reports import ReportRow
    from omconsole.simulator.world import World

_POLICIES, _CASES, _RESULTS = 200, 201, 202

SETTINGS_CATALOG: Final = ("DeviceManagementConfigurationPolicy", "SettingsCatalog")
_PROFILE: Final = ("Microsoft.Management.Services.Api.DeviceConfiguration", "DeviceConfiguration")
_TEMPLATE: Final = ("DeviceConfigurationAdmxPolicy", "AdministrativeTemplates")
_SECURITY: Final = ("Microsoft.Management.Services.Api.DeviceManagementIntent", "EndpointSecurity")

# Type, name, platform, and how many in a hundred of all failures are its own.
_KNOWN: Final = (
    (SETTINGS_CATALOG, "Windows – BitLocker-Verschlüsselung", "Windows", 34),
    (SETTINGS_CATALOG, "Windows – Security Baseline 24H2", "Windows", 18),
    (SETTINGS_CATALOG, "Windows – Microsoft Edge", "Windows", 8),
    (SETTINGS_CATALOG, "Windows – OneDrive Known Folder Move", "Windows", 6),
    (_SECURITY, "Windows – Verringerung der Angriffsfläche", "Windows", 5),
    (_TEMPLATE, "Windows – Drucker und Netzlaufwerke", "Windows", 5),
    (_PROFILE, "Windows – WLAN Zentrale", "Windows", 6),
    (_PROFILE, "Windows – VPN Außendienst", "Windows", 4),
    (_PROFILE, "iOS/iPadOS – Restrictions", "iOS", 5),
    (_PROFILE, "iOS/iPadOS – E-Mail (Exchange)", "iOS", 3),
    (SETTINGS_CATALOG, "macOS – FileVault", "macOS", 4),
    (_PROFILE, "Android – Arbeitsprofil", "Android", 2),
    (_PROFILE, "Zertifikate – Root CA", "Windows", 0),
)
#: Two people made a policy with the same name.
_NAMESAKES: Final = ((SETTINGS_CATALOG, "Pilot – Taskleiste", "Windows", 3),) * 2

#: complianceStatus by number, as reports show it.
SUCCEEDED, NONCOMPLIANT, ERROR, CONFLICT, NOT_APPLICABLE = 2, 4, 5, 6, 1
_TEXTS: Final = {
    SUCCEEDED: "Succeeded",
    NONCOMPLIANT: "Noncompliant",
    ERROR: "Error",
    CONFLICT: "Conflict",
    NOT_APPLICABLE: "Not applicable",
}
# The report's numbers of platforms.
_PLATFORM_NUMBERS: Final = {"Windows": 5, "iOS": 3, "macOS": 4, "Android": 1}
#: Of so many cases of a policy one is noncompliant in place of in error.
_NONCOMPLIANT_EVERY: Final = 6
#: So many devices beyond those that fail stand in a policy's report as well.
_WELL_SHOWN: Final = 20
#: A case begins anew after so long, and lasts for most of it.
_CYCLE: Final = (4 * DAY, 9 * DAY)
_LASTS_PER_CENT: Final = (55, 85)


class Policy(NamedTuple):
    """One configuration policy; `errors` and `conflicts` are the cases that it can have at most."""

    number: int
    id: str
    base_type: str
    kind: str
    name: str
    platform: str
    errors: int
    conflicts: int


class Case(NamedTuple):
    """A policy that fails on the device in a place, since when, in seconds since 1970 UTC."""

    place: int
    status: int
    since: int


class Configurations:
    """The configuration policies of one world; what does not change is kept."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._candidates = _candidates(world)
        self.policies = tuple(_catalogue(world, self._candidates))
        self._places: dict[str, list[tuple[int, int, int, int, int]]] = {}
        self._devices: dict[int, Mapping[str, object]] = {}
        self._known: tuple[int, dict[str, list[Case]]] = (0, {})

    def policy(self, policy_id: str) -> Policy | None:
        """The policy with that id."""
        return next((each for each in self.policies if each.id == policy_id.casefold()), None)

    def cases(self, policy: Policy, now: int) -> list[Case]:
        """Where the policy fails at `now` (seconds since 1970 UTC)."""
        if self._known[0] != now:
            self._known = (now, {})
        found = self._known[1].get(policy.id)
        if found is None:
            found = self._known[1][policy.id] = [
                Case(index, status, now - (now - phase) % period)
                for index, status, phase, period, lasts in self._planned(policy)
                if (now - phase) % period < lasts
            ]
        return found

    def summary(self, now: int) -> Iterator[ReportRow]:
        """The rows of getConfigurationPolicyNonComplianceSummaryReport; they agree with `rows`."""
        for policy in self.policies:
            counts = dict.fromkeys(_TEXTS, 0)
            for case in self.cases(policy, now):
                counts[case.status] += 1
            assigned = len(self._candidates[policy.platform])
            bad = counts[NONCOMPLIANT] + counts[ERROR]
            yield {
                **_described(policy),
                "NumberOfCompliantDevices": assigned - bad - counts[CONFLICT],
                "NumberOfNonCompliantDevices": counts[NONCOMPLIANT],
                "NumberOfErrorDevices": counts[ERROR],
                "NumberOfConflictDevices": counts[CONFLICT],
                "NumberOfNonCompliantOrErrorDevices": bad,
                "NumberOfNotApplicableDevices": policy.number % 4,
                "ProfileSource": 0,
            }

    def rows(self, policy: Policy, now: int, *, by_number: bool = False) -> Iterator[ReportRow]:
        """The rows of getConfigurationPolicyNonComplianceReport for one policy: failures first, then some others.

        `by_number`: no row has its state by name, so that a filter by number finds them all.
        """
        failing = self.cases(policy, now)
        for case in failing:
            yield self._row(policy, case, by_number=by_number)
        bad = {case.place for case in failing}
        others = [index for index in self._candidates[policy.platform][: len(bad) + _WELL_SHOWN] if index not in bad]
        for index in others[:_WELL_SHOWN]:
            well = Case(index, SUCCEEDED, self._world.begin - (index % 40 + 1) * HOUR)
            yield self._row(policy, well, by_number=by_number)

    def _planned(self, policy: Policy) -> list[tuple[int, int, int, int, int]]:
        """Every case that the policy can have: device, status, and phase, period and length of its course."""
        known = self._places.get(policy.id)
        if known is None:
            there = self._candidates[policy.platform]
            draw = Draw(self._world.seed, _CASES, policy.number)
            begin = draw.below(max(1, len(there)))
            known = self._places[policy.id] = []
            for rank in range(min(policy.errors + policy.conflicts, len(there))):
                status = CONFLICT if rank >= policy.errors else ERROR
                if status == ERROR and rank % _NONCOMPLIANT_EVERY == _NONCOMPLIANT_EVERY - 1:
                    status = NONCOMPLIANT
                period = draw.between(*_CYCLE)
                lasts = period * draw.between(*_LASTS_PER_CENT) // 100
                # The first case of each kind is there when the world begins.
                sooner = draw.below(lasts if rank in (0, policy.errors) else period)
                index = there[(begin + rank) % len(there)]
                known.append((index, status, self._world.begin - sooner, period, lasts))
        return known

    def _row(self, policy: Policy, case: Case, *, by_number: bool) -> ReportRow:
        device = self._devices.get(case.place)
        if device is None:
            device = self._devices[case.place] = self._world.device_row(case.place, self._world.epoch)
        # A few rows have the number as text, or the member by its name, as samples of the service do.
        odd = case.place % 17 == 3
        named = str(case.status) if by_number else _TEXTS[case.status].replace(" ", "")
        return {
            **_described(policy),
            "IntuneDeviceId": device["id"],
            "DeviceName": device["deviceName"],
            "Manufacturer": device["manufacturer"],
            "Model": device["model"],
            "UPN": device["userPrincipalName"],
            "PolicyStatus": named if odd else case.status,
            "PolicyStatus_loc": _TEXTS[case.status],
            "ReportStatus": case.status,
            "ReportStatus_loc": _TEXTS[case.status],
            "PspdpuLastModifiedTimeUtc": iso_fraction(case.since, case.place * 7919),
            "AssignmentFilterIds": "",
        }


class Unassigned:
    """The devices of one world that no compliance policy is assigned to: some come, some go."""

    def __init__(self, world: World) -> None:
        count = _share(world.devices, world.mix.devices_without_policy)
        there = sorted(index for indices in _candidates(world).values() for index in indices)
        draw = Draw(world.seed, _RESULTS)
        begin = draw.below(max(1, len(there)))
        self._planned: list[tuple[int, int, int, int]] = []
        for rank in range(min(count, len(there))):
            period = draw.between(*_CYCLE)
            lasts = period * draw.between(*_LASTS_PER_CENT) // 100
            sooner = draw.below(period) if rank else 0
            index = there[(begin + rank * len(there) // count) % len(there)]
            self._planned.append((index, world.begin - sooner, period, lasts))

    def at(self, now: int) -> list[int]:
        """The indices of the devices without a policy at `now` (seconds since 1970 UTC)."""
        return sorted({index for index, phase, period, lasts in self._planned if (now - phase) % period < lasts})


def without_policy(world: World, now: int) -> Iterator[ReportRow]:
    """The rows of getDevicesWithoutCompliancePolicyReport."""
    for index in world.part(Unassigned).at(now):
        row = world.device_row(index, moment(now))
        company = row["managedDeviceOwnerType"] == "company"
        yield {
            "DeviceId": row["id"],
            "DeviceName": row["deviceName"],
            "DeviceModel": row["model"],
            "OSDescription": row["operatingSystem"],
            "OSVersion": row["osVersion"],
            "OwnerType": 1 if company else 2,
            "OwnerType_loc": "Company" if company else "Personal",
            "ManagementAgents": 2,
            "UserId": row["userId"],
            "UserName": row["userDisplayName"],
            "UPN": row["userPrincipalName"],
            "LastContact": iso(world.begin),
        }


def _described(policy: Policy) -> ReportRow:
    return {
        "PolicyId": policy.id,
        "PolicyName": policy.name,
        "PolicyBaseTypeName": policy.base_type,
        "UnifiedPolicyType": policy.kind,
        "UnifiedPolicyPlatformType": policy.platform,
        "PolicyPlatformType": _PLATFORM_NUMBERS[policy.platform],
        "PolicyPlatformType_loc": policy.platform,
        "TemplateVersion": "",
    }


def _candidates(world: World) -> dict[str, list[int]]:
    """By platform the devices that stay and keep checking in; tablets of Apple count as iOS."""
    found: dict[str, list[int]] = {platform: [] for platform in _PLATFORM_NUMBERS}
    for index, place in enumerate(world.places):
        if isinstance(place.course, Steady):
            found["iOS" if place.platform == "iPadOS" else place.platform].append(index)
    return found


def _share(devices: int, ten_thousandths: int) -> int:
    """That share of the devices, at least 1 where there is any."""
    return max(1, round(devices * ten_thousandths / 10_000)) if ten_thousandths else 0


def _catalogue(world: World, candidates: Mapping[str, list[int]]) -> Iterator[Policy]:
    errors = _share(world.devices, world.mix.policy_errors)
    conflicts = _share(world.devices, world.mix.policy_conflicts)
    for number, (type_, name, platform, part) in enumerate(
        (*_KNOWN, *(_NAMESAKES if world.scenario == "busy" else ()))
    ):
        there = len(candidates[platform])
        # Whatever the share, the first policy fails somewhere and the second conflicts somewhere.
        failing = max(errors * part // 100, int(number == 0 and errors > 0))
        clashing = max(conflicts * part // 100, int(number == 1 and conflicts > 0))
        id_ = Draw(world.seed, _POLICIES, number).uuid()
        failing = min(failing, there)
        base_type, kind = type_
        yield Policy(number, id_, base_type, kind, name, platform, failing, min(clashing, there - failing))
