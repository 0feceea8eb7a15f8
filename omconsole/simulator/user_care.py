"""What becomes of users: who is blocked or has no licence, whose app is flagged, whom Autopilot gave up on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.courses import Steady
from omconsole.simulator.draws import Draw, scramble
from omconsole.simulator.instants import DAY, HOUR, iso, iso_fraction, moment
from omconsole.simulator.people import headcount, person
from omconsole.simulator.scenarios import share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_WELL: Final = ("compliant", "configManager", "inGracePeriod")
_FAILING: Final = ("noncompliant", "error", "conflict")
#: As the console's first threshold, and the first day on which nothing is judged.
_LIVE, _SETTLED = 30 * DAY, DAY

_CHOSEN, _APPS, _DEPLOYED, _PLANS = 280, 281, 282, 283
_LICENCE_REASON, _LIMIT_REASON = "UserLicenseTypeInvalid", "DeviceCapReached"

INTUNE, INTUNE_OLD, BASIC = (
    "c1ec4a95-1f05-45b3-a911-aa3fa01094f5",
    "3e170737-c728-4eae-bbb9-3f3360f7184c",
    "882e1d05-acd1-4ccb-8708-6ee03664b117",
)
_EXCHANGE, _OFFICE = "efb87545-963c-4e0d-99df-69c6916d9eb0", "43de0ff5-c92c-492b-9116-175376d08c38"
#: One user in so many has a plan of another name, whose subscription runs out.
_OLD_PLAN_EVERY: Final = 50


class Spell(NamedTuple):
    """Somebody's trouble that comes and goes: for `bad` of each `cycle` seconds."""

    place: int
    user_id: str
    phase: int
    cycle: int
    bad: int

    def is_bad(self, now: int) -> bool:
        """Whether it is there at `now`, in seconds since 1970 UTC."""
        return (now - self.phase) % self.cycle < self.bad


class Deployment(NamedTuple):
    """A device that Autopilot fails to deploy once in every `cycle`, and deploys `mended` seconds later."""

    user_id: str
    user_principal_name: str
    serial: str
    device_id: str
    os_version: str
    phase: int
    cycle: int
    mended: int
    reason: str


class UserCare:
    """The users of one world, as Intune and the directory see them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._people = headcount(world.devices)
        self._owners: dict[tuple[int, int], str] = {}
        self._numbers: dict[str, int] = {}
        steady = self._steady_owners()
        people, mix = self._people, world.mix
        self.unlicensed = self._spells(steady, share(people, mix.unlicensed) if mix.unlicensed else 0, 12 * DAY)
        rest = steady[len(self.unlicensed) :]
        self.flagged = self._spells(rest, share(people, mix.flagged) if mix.flagged else 0, 8 * DAY)
        deployed = rest[len(self.flagged) :]
        self.deployments = self._deployed(deployed, share(world.devices, mix.deployments) if mix.deployments else 0)

    # --- who ----------------------------------------------------------------------------------------------------

    def owner(self, index: int, now: int) -> str:
        """The user of the device that stands at `index`; empty where it has none."""
        generation = self._world.places[index].course.generation(now)
        if (index, generation) not in self._owners:
            self._owners[index, generation] = str(self._world.device_row(index, moment(now))["userId"] or "")
        return self._owners[index, generation]

    def _steady_owners(self) -> list[int]:
        """Places whose device is well and stays so, each of another user, in an order of their own."""
        begin, users, chosen = self._world.begin, set[str](), []
        places = self._world.places
        for index in sorted(range(len(places)), key=lambda at: scramble(self._world.seed + _CHOSEN ^ at)):
            course = places[index].course
            if isinstance(course, Steady) and course.state == "compliant" and course.jail_broken == "False":
                user = self.owner(index, begin)
                if user and user not in users:
                    users.add(user)
                    chosen.append(index)
            if len(chosen) >= 2_000:
                break
        return chosen

    def _spells(self, places: list[int], count: int, cycle: int) -> list[Spell]:
        begin = self._world.begin
        return [
            Spell(index, self.owner(index, begin), begin - DAY + cycle * rank // count, cycle, cycle * 5 // 12)
            for rank, index in enumerate(places[:count])
        ]

    def _deployed(self, places: list[int], count: int) -> list[Deployment]:
        windows = [index for index in places if self._world.places[index].platform == "Windows"]
        return [self._deployment(rank, index, count) for rank, index in enumerate(windows[:count])]

    def _deployment(self, rank: int, index: int, count: int) -> Deployment:
        draw = Draw(self._world.seed, _DEPLOYED, index)
        row = self._world.device_row(index, moment(self._world.begin))
        has_user = rank % 2 == 0
        cycle = 9 * DAY
        return Deployment(
            user_id=str(row["userId"]) if has_user else NOBODY,
            user_principal_name=str(row["userPrincipalName"]) if has_user else "",
            serial=f"AP-{draw.letters('0123456789ABCDEF', 8)}",
            device_id=draw.uuid(),
            os_version=str(row["osVersion"]),
            phase=self._world.begin - DAY + cycle * rank // count,
            cycle=cycle,
            mended=draw.between(30 * HOUR, 4 * DAY),
            reason=draw.pick(("0x80180014", "Enrollment failed with error 0x801C03ED.", "Timed out", "")),
        )

    # --- what is wrong -------------------------------------------------------------------------------------------

    def blocked(self, now: int) -> set[str]:
        """Users with devices seen within 30 days, none of which is compliant, and none unknown."""
        lucky, failing, unknown = set[str](), set[str](), set[str]()
        for index, place in enumerate(self._world.places):
            state = place.course.at(now)
            if now - max(state.last_sync, state.enrolled if state.last_sync < 0 else 0) >= _LIVE:
                continue
            user = self.owner(index, now)
            if not user:
                continue
            if state.state in _WELL:
                lucky.add(user)
            elif now - state.enrolled >= _SETTLED:
                (failing if state.state in _FAILING else unknown).add(user)
        return failing - lucky - unknown

    def failing(self, reason: str, now: int) -> set[str]:
        """Users whose newest failed enrolment of a device has this reason and is not over."""
        enrolments = self._world.enrolments
        unsolved = enrolments.unsolved(now)
        return {
            each.user_id
            for each in enrolments.attempts(now)
            if (each.user_id, each.sub_key) in unsolved and each.rows[-1]["failureReason"] == reason
        }

    def limited(self, now: int) -> set[str]:
        """Users who have as many devices as anybody may."""
        return self.failing(_LIMIT_REASON, now)

    def without_licence(self, now: int) -> set[str]:
        """Users who have no licence; all of them have a device or try to enrol one."""
        return {each.user_id for each in self.unlicensed if each.is_bad(now)} | self.failing(_LICENCE_REASON, now)

    def flagged_users(self, now: int) -> list[str]:
        """Users with a flagged app."""
        return [each.user_id for each in self.flagged if each.is_bad(now)]

    def given_up(self, now: int) -> list[tuple[str, str]]:
        """(user id, serial number) of every deployment whose last try failed."""
        return [
            (each.user_id, each.serial) for each in self.deployments if (now - each.phase) % each.cycle < each.mended
        ]

    # --- what is shown ------------------------------------------------------------------------------------------

    def deployment_rows(self, now: int) -> list[Row]:
        """The rows of `autopilotEvents`, oldest first; an enrolment of Windows that failed is told here too."""
        rows = [row for each in self.deployments for row in _tries(self._world.seed, each, now)]
        for tried in self._world.enrolments.attempts(now):
            if tried.platform == "Windows":
                again = Deployment(tried.user_id, "", f"EN-{tried.user_id[:8]}", NOBODY, "", 0, 1, 1, "")
                draw = Draw(self._world.seed, _DEPLOYED, 1, *map(ord, tried.user_id[:8]))
                last = str(tried.rows[-1]["eventDateTime"])
                rows.append(_row(again, draw, last, "failure"))
        return sorted(rows, key=lambda row: (str(row["eventDateTime"]), str(row["id"])))

    def registrations(self, user_id: str, now: int) -> list[Row] | None:
        """The protected apps of a user; None for somebody whom nobody knows."""
        if user_id not in self.numbers:
            return None
        draw = Draw(self._world.seed, _APPS, self.numbers[user_id])
        flagged = user_id in self.flagged_users(now)
        rooted = "RootedDevice" if draw.chance(300) else "rootedDevice"
        return [
            {
                "id": f"T_{draw.uuid()}",
                "userId": user_id,
                "deviceName": "Pixel 8" if number else "iPhone",
                "deviceType": "Android" if number else "iPhone",
                "platformVersion": "15" if number else "18.1",
                "applicationVersion": "5.2",
                "managementSdkVersion": "20.1",
                "createdDateTime": iso_fraction(self._world.begin - 40 * DAY, draw.below(10_000_000)),
                "lastSyncDateTime": iso_fraction(now - draw.below(8 * HOUR), draw.below(10_000_000)),
                "deviceTag": draw.uuid(),
                "flaggedReasons": [rooted] if flagged and not number else ["none"] if number % 2 else [],
            }
            for number in range(3)
        ]

    @property
    def numbers(self) -> dict[str, int]:
        """Everybody's number, by user id."""
        if not self._numbers:
            self._numbers = {person(self._world.seed, number).id: number for number in range(self._people)}
        return self._numbers

    def plans(self, user_id: str, lacking: set[str]) -> list[Row]:
        """`assignedPlans` of a user, where `lacking` have no licence."""
        number = self.numbers.get(user_id)
        if number is None:
            return []
        status = "Enabled" if number % 9 else "enabled"
        others = [_plan("exchange", _EXCHANGE, status), _plan("MicrosoftOffice", _OFFICE, status)]
        if user_id in lacking:
            return [*others, _plan("SCO", INTUNE, "Deleted"), _plan("SCO", BASIC, status)]
        if number % _OLD_PLAN_EVERY == 7:
            return [*others, _plan("SCO", INTUNE_OLD, "Warning")]
        return [*others, _plan("SCO", INTUNE, "Enabled")]

    def without_usual_plan(self, lacking: set[str]) -> list[str]:
        """The ids of everybody who has no plan INTUNE_A, among the people with a number."""
        old = [person(self._world.seed, number).id for number in range(7, self._people, _OLD_PLAN_EVERY)]
        return [*(id_ for id_ in old if id_ not in lacking), *sorted(lacking)]


def _plan(service: str, id_: str, status: str) -> Row:
    return {
        "assignedDateTime": "2025-03-01T08:00:00Z",
        "capabilityStatus": status,
        "service": service,
        "servicePlanId": id_,
    }


def _tries(seed: int, each: Deployment, now: int) -> Iterator[Row]:
    """The failed and the good tries of one device in the last 30 days."""
    last = (now - each.phase) // each.cycle
    for round_ in range(last - 3, last + 1):
        failed = each.phase + round_ * each.cycle
        for at, state in ((failed, "failure"), (failed + each.mended, "Success" if round_ % 2 else "success")):
            if at <= now < at + 30 * DAY:
                draw = Draw(seed, _PLANS, *map(ord, each.serial), round_, len(state))
                yield _row(each, draw, iso_fraction(at, draw.below(10_000_000)), state)


def _row(each: Deployment, draw: Draw, at: str, state: str) -> Row:
    is_bad = state == "failure"
    return {
        "id": draw.uuid(),
        "deviceId": each.device_id,
        "userId": each.user_id,
        "eventDateTime": at,
        "deviceRegisteredDateTime": iso(0),
        "enrollmentStartDateTime": at,
        "enrollmentType": "azureADJoinedWithAutopilotProfile",
        "deviceSerialNumber": each.serial,
        "managedDeviceName": f"DESKTOP-{each.serial[3:]}",
        "userPrincipalName": each.user_principal_name,
        "windowsAutopilotDeploymentProfileDisplayName": "Standard",
        "enrollmentState": "failed" if is_bad else "enrolled",
        "deploymentState": state,
        "deviceSetupStatus": "failure" if is_bad else "success",
        "accountSetupStatus": "notAttempted" if is_bad else "success",
        "osVersion": each.os_version,
        "enrollmentFailureDetails": each.reason if is_bad else "",
        "deploymentTotalDuration": f"PT{draw.between(9, 70)}M",
    }
