"""What a cell or a line needs besides its row: the picture, the time, the zone."""

from __future__ import annotations

from datetime import datetime, tzinfo

import msgspec

from omconsole.domain.snapshot import EMPTY, Snapshot
from omconsole.domain.words import day
from omconsole.i18n import clock, short_age


class Reading(msgspec.Struct):
    """The one thing on screen that changes with time: columns and lines read it when they are drawn."""

    now: datetime
    """UTC."""
    tz: tzinfo
    snapshot: Snapshot = EMPTY
    cause_percents: tuple[float, float] = (1.0, 5.0)
    """Share of the fleet from which a cause is high, and critical."""

    def age(self, at: datetime | None) -> str:
        """Return how long ago a time is, short; `–` when it is not known."""
        return "–" if at is None else short_age((self.now - at).total_seconds())

    def past(self, at: datetime) -> str:
        """Return how long ago a time is, to stand before “ago”: at least a minute."""
        return short_age(max((self.now - at).total_seconds(), 60))

    def clock(self, at: datetime) -> str:
        """Return the time of day in the profile's zone."""
        return clock(at, self.tz)

    def since(self, at: datetime) -> str:
        """Return a time of day, or an age once it is longer ago than a day."""
        return (
            clock(at, self.tz)
            if abs((self.now - at).total_seconds()) < 86_400
            else short_age((self.now - at).total_seconds())
        )

    def person(self, person: str | None) -> str:
        """Return the short name of a person by opaque id: what stands before the @; `–` for nobody."""
        if person is None:
            return "–"
        return self.snapshot.persons.get(person, "?").partition("@")[0]

    def full_name(self, person: str | None) -> str:
        """Return the whole name of a person by opaque id; `–` for nobody."""
        return "–" if person is None else self.snapshot.persons.get(person, "?")

    def stamp(self, at: datetime) -> str:
        """Return day and time of day in the profile's zone, short: `22 Nov 09:41`."""
        return f"{day(at, self.tz)} {clock(at, self.tz)}"
