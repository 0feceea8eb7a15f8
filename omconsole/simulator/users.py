"""The directory's users: those whom devices name, and the administrators."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from omconsole.simulator.draws import Draw
from omconsole.simulator.people import DOMAIN, Person, headcount, person

if TYPE_CHECKING:
    from omconsole.simulator.listing import Row
    from omconsole.simulator.world import World

_ADMINS: Final = 82
#: After so many people the loop gets its turn.
_SLICE: Final = 100

#: Display name, given name and the part of the user principal name before the domain.
_ADMIN_NAMES: Final = (
    ("Katharina Krüger (Admin)", "Katharina", "k-admin"),
    ("Mehmet Yılmaz (Admin)", "Mehmet", "m.yilmaz-admin"),
    ("Søren Lindström (Admin)", "Søren", "s-admin"),
    ("Helpdesk Süd", "Helpdesk", "helpdesk-sued"),
)


class Service(NamedTuple):
    """An application that administers the tenant without a user."""

    id: str
    display_name: str


def admins(seed: int) -> tuple[Person, ...]:
    """The four administrators; the first one is the story's."""
    return tuple(
        Person(Draw(seed, _ADMINS, number).uuid(), display, given, f"{local}@{DOMAIN}")
        for number, (display, given, local) in enumerate(_ADMIN_NAMES)
    )


def automation(seed: int) -> Service:
    """The application that administers the tenant at night."""
    return Service(Draw(seed, _ADMINS, len(_ADMIN_NAMES)).uuid(), "Contoso Geräte-Automatisierung")


class Directory:
    """Finds the users of one world by id or user principal name."""

    def __init__(self, world: World) -> None:
        self._seed = world.seed
        self._people = headcount(world.devices)
        self._known: dict[str, Person] = {}

    async def user(self, key: str) -> Row | None:
        """Every property that the directory shows unasked; None for somebody whom it does not know."""
        if not self._known:
            self._known = await self._everybody()
        found = self._known.get(key.casefold())
        return None if found is None else _described(found)

    async def _everybody(self) -> dict[str, Person]:
        known: dict[str, Person] = {}
        for number in range(self._people):
            if number % _SLICE == 0:
                await asyncio.sleep(0)
            _enter(known, person(self._seed, number))
        for admin in admins(self._seed):
            _enter(known, admin)
        return known


def _enter(known: dict[str, Person], who: Person) -> None:
    known[who.id] = known[who.user_principal_name.casefold()] = who


def _described(who: Person) -> Row:
    surname = who.display_name.removeprefix(who.given_name).strip()
    return {
        "id": who.id,
        "displayName": who.display_name,
        "givenName": who.given_name,
        "surname": surname or None,
        "userPrincipalName": who.user_principal_name,
        "mail": who.user_principal_name,
        "jobTitle": None,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": "de-DE",
        "businessPhones": [],
    }
