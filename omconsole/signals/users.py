"""Source `users`: who cannot work or enrol: blocked, without a licence, at the device limit, with a flagged app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from omconsole.domain.items import Observation, Severity
from omconsole.errors import GraphThrottled
from omconsole.graph import Flaws
from omconsole.graph.throttling import LONGEST_WAIT_S
from omconsole.i18n import _
from omconsole.signals import app_protection, blocked, user_failures
from omconsole.signals.app_protection import Protection, read_protection
from omconsole.signals.blocked import owned_devices
from omconsole.signals.enrollment import enrolments
from omconsole.signals.known import nothing_known
from omconsole.signals.licences import Licences, read_licences
from omconsole.signals.names import UserNames
from omconsole.signals.parts import Part, lay_together
from omconsole.signals.reading import Mode, Progress, Reading
from omconsole.signals.unmapped import Unmapped

if TYPE_CHECKING:
    from datetime import datetime

    from omconsole.graph import GraphClient, Round
    from omconsole.signals.blocked import Owned
    from omconsole.signals.enrollment import Enrolled, Failure, Key
    from omconsole.signals.fleet import Fleet
    from omconsole.signals.known import Firing, Known

NAME: Final = blocked.SOURCE

Failures = Callable[[], Awaitable["Mapping[Key, Failure] | None"]]
"""The enrolments that failed and are not over; None where nobody could look."""


async def no_failures() -> Mapping[Key, Failure] | None:
    """For a console that reads no enrolments."""
    return None


class UsersSignal:
    """Looks at everybody who has devices, or failed to enrol one.

    Who is blocked follows from the devices alone, and costs no request. The device limit, and a licence that an
    enrolment lacked, follow from the failed enrolments as their own source has read them. A sweep asks the directory
    for users without a licence; between sweeps what it said stays. Who is flagged for app protection is asked for
    each time: it is one small answer.

    Every item ends explicitly, by what its own subject says; without a word about it, it stays.

    Args:
        fleet: the devices, as the poll under way leaves them.
        failures: the failed enrolments, likewise.
        firing: the source's items that fire.
        stale_days: devices that were not seen for so long do not count.
        names: of users.
    """

    name = NAME
    asks: tuple[str, ...] = ("DeviceManagementManagedDevices.Read.All", "DeviceManagementApps.Read.All")
    kinds: frozenset[str] = frozenset(
        {blocked.KIND, user_failures.NO_LICENCE, user_failures.DEVICE_LIMIT, app_protection.KIND}
    )

    def __init__(
        self,
        fleet: Callable[[], Awaitable[Fleet]],
        failures: Failures = no_failures,
        firing: Firing = nothing_known,
        *,
        stale_days: int = 30,
        names: UserNames | None = None,
    ) -> None:
        self._fleet = fleet
        self._failures = failures
        self._firing = firing
        self._stale_days = stale_days
        self._names = names or UserNames()
        self._licences: Licences | None = None

    async def sweep(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Look at everybody, and ask the directory.

        Raises:
            GraphError: neither the directory nor app protection answers.
        """
        return await self._read("sweep", graph, budget, now, progress)

    async def increment(self, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        """Look at everybody by what the directory last said; one that was never asked is asked now."""
        mode: Mode = "sweep" if self._licences is None else "increment"
        return await self._read(mode, graph, budget, now, progress)

    async def _read(self, mode: Mode, graph: GraphClient, budget: Round, now: datetime, progress: Progress) -> Reading:
        reading = Reading(source=NAME, mode=mode)
        fleet = await self._fleet()
        lasting = await self._failures()
        firing = _by_family(await self._firing())
        owned = await owned_devices(fleet, self._stale_days, now)
        reading.items = len(owned)
        progress(reading.items)
        people = _People(owned, lasting, firing, fleet)
        unmapped = Unmapped()
        protection = await read_protection(graph, budget, people.firing(app_protection.KIND), unmapped)
        licences = await self._licences_for(mode, people, graph, budget, unmapped)
        if mode == "sweep" and protection.error is not None and licences.error is not None:
            raise protection.error  # nothing at all was heard of Graph
        await self._names.learn(people.nameless(protection.flagged), list(fleet.devices.values()), graph, budget)
        enrolled = await enrolments(list(fleet.devices.values()), people.firing(user_failures.NO_LICENCE, *_FAILED))
        parts = [
            await blocked.blocked(owned, now),
            _device_limits(people, self._names, enrolled, now),
            _no_licences(people, licences, self._names, enrolled, now),
            _app_protection(people, protection, self._names),
        ]
        _untold_without_devices(parts[0], people)
        everyone = [each for known in firing.values() for each in known]
        lay_together(parts, everyone, reading)
        reading.present = {each.triage.subject_id for each in everyone} & {
            device.user_id or "" for device in fleet.devices.values()
        }
        _tell(reading, licences, protection, unmapped, now)
        return reading

    async def _licences_for(
        self, mode: Mode, people: _People, graph: GraphClient, budget: Round, unmapped: Unmapped
    ) -> Licences:
        """What the directory says, or said; trouble with it lets what it said before stay."""
        before = self._licences or Licences()
        if mode == "increment":
            return before
        found = await read_licences(
            graph, budget, matter=people.who_matter(), doubtful=people.doubtful(), unmapped=unmapped
        )
        if not found.error:
            self._licences = replace(found, flaws=Flaws())
            return found
        return replace(before, error=found.error)


_FAILED: Final = (user_failures.DEVICE_LIMIT,)


class _People:
    """Everybody of whom something is to be said in one poll."""

    def __init__(
        self,
        owned: Owned,
        lasting: Mapping[Key, Failure] | None,
        firing: Mapping[str, list[Known]],
        fleet: Fleet,
    ) -> None:
        self.owned = owned
        self.looked_at_failures = lasting is not None
        self.limited = user_failures.newest_by_user(lasting or {}, user_failures.LIMIT_REASONS)
        self.unlicensed = user_failures.newest_by_user(lasting or {}, user_failures.LICENCE_REASONS)
        self.known = firing
        self.has_fleet = bool(fleet.devices)

    def firing(self, *families: str) -> set[str]:
        return {each.triage.subject_id for family in families for each in self.known.get(family, ())}

    def who_matter(self) -> set[str]:
        """The users of whom the directory's word is kept."""
        return {*self.owned, *self.unlicensed, *self.firing(user_failures.NO_LICENCE)}

    def doubtful(self) -> set[str]:
        """The users who are said to have no licence, by an enrolment or until now."""
        return {*self.unlicensed, *self.firing(user_failures.NO_LICENCE)}

    def nameless(self, flagged: set[str]) -> set[str]:
        """The users whom no device is known to name."""
        return (flagged | set(self.limited) | set(self.unlicensed)) - set(self.owned)

    def name_of(self, user: str, names: UserNames) -> str | None:
        """The user principal name; None while none is known."""
        own = (device.user_principal_name for device in self.owned.get(user, ()))
        name = next((each for each in own if each), None) or names[user]
        return name if name != user else None


def _by_family(firing: list[Known]) -> dict[str, list[Known]]:
    found: dict[str, list[Known]] = {}
    for known in firing:
        found.setdefault(known.triage.family, []).append(known)
    return found


def _untold_without_devices(part: Part, people: _People) -> None:
    """While no device is known at all, nobody's devices are known to be gone."""
    if not people.has_fleet:
        part.untold |= people.firing(blocked.KIND)


def _device_limits(people: _People, names: UserNames, enrolled: Enrolled, now: datetime) -> Part:
    part = Part(user_failures.DEVICE_LIMIT)
    for user, failure in people.limited.items():
        part.fires(user_failures.observed(part.family, user, people.name_of(user, names), failure))
    for known in people.known.get(part.family, ()):
        if known.triage.subject_id not in part.spoken:
            user_failures.end(known, enrolled, now, part)
    return part


def _no_licences(people: _People, licences: Licences, names: UserNames, enrolled: Enrolled, now: datetime) -> Part:
    """The directory's word counts; where there is none, that of an enrolment that failed."""
    part = Part(user_failures.NO_LICENCE)
    for user in people.who_matter():
        failure = people.unlicensed.get(user)
        found = licences.lacking.get(user)
        if user in licences.licensed:
            part.spoken.add(user)
        elif failure is not None or (found is not None and user in people.owned):
            name = people.name_of(user, names) or (found.user_principal_name if found else None)
            part.fires(user_failures.observed(part.family, user, name, failure))
    for known in people.known.get(part.family, ()):
        if known.triage.subject_id in part.spoken:
            continue
        if user_failures.comes_of_failure(known):
            user_failures.end(known, enrolled, now, part)
        elif known.triage.subject_id not in licences.lacking:
            part.untold.add(known.triage.subject_id)
    return part


def _app_protection(people: _People, protection: Protection, names: UserNames) -> Part:
    part = Part(app_protection.KIND)
    for user in protection.flagged | {user for user, apps in protection.apps.items() if apps}:
        apps = protection.apps.get(user, [])
        name, at = people.name_of(user, names), app_protection.newest_sync(apps)
        part.fires(
            Observation(
                kind=part.family,
                source=NAME,
                severity=Severity.MEDIUM,
                subject_type="user",
                subject_id=user,
                subject_name=name or user,
                user=name,
                evidence_at=at,
                first_seen=at,
                facts=app_protection.facts_of(apps),
                portal_url=blocked.portal_of(user),
            )
        )
    part.spoken |= protection.apps.keys()
    part.untold |= people.firing(part.family) - part.spoken
    return part


def _tell(reading: Reading, licences: Licences, protection: Protection, unmapped: Unmapped, now: datetime) -> None:
    """Say what was not read, and what is not covered."""
    reading.mark(licences.flaws + protection.flaws)
    for error in filter(None, (licences.error, protection.error)):
        reading.status = "partial" if reading.status == "ok" else reading.status
        reading.complete = False
        reading.error = f"{reading.error} {error.what}" if reading.error else error.what
        if isinstance(error, GraphThrottled):
            until = now + timedelta(seconds=min(error.retry_after_s, LONGEST_WAIT_S))
            reading.status, reading.retry_at = "throttled", max(until, reading.retry_at or until)
    unmapped.tell(reading)
    said = [each for each in (licences.uncovered, protection.uncovered) if each]
    said.append(_("Device limits: Graph tells of those that an enrolment has run into."))
    if not protection.uncovered:
        said.append(_("App protection: Graph tells of rooted and jailbroken devices, not of apps without a policy."))
    reading.uncovered = tuple(said)
