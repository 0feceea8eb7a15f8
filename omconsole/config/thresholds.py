"""Limits of what counts as a problem: defaults, and what the settings file may say instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from omconsole.i18n import _, number

if TYPE_CHECKING:
    from omconsole.config.file import Place, RawThresholds


class Thresholds(Struct, frozen=True):
    """Limits of what counts as a problem."""

    stale_days: tuple[int, int] = (30, 90)
    """Days without a check-in after which a device is stale, and stale for long."""
    connector_days: tuple[int, int, int, int] = (60, 30, 14, 7)
    """Days before its end from which a certificate or token is low, medium, high and critical."""
    cause_min: int = 5
    """Firing items that share something, from which they are one cause."""
    cause_high_percent: float = 1.0
    """Share of the fleet from which a cause is high."""
    cause_critical_percent: float = 5.0
    """Share of the fleet from which a cause is critical."""


def thresholds_of(raw: RawThresholds, place: Place) -> Thresholds:
    """Return the limits that are named, and the defaults of all others; `place` is their table.

    Raises:
        SettingsError: a limit makes no sense.
    """
    usual = Thresholds()
    high, critical = _cause_percents(
        usual.cause_high_percent if raw.cause_high_percent is None else raw.cause_high_percent,
        usual.cause_critical_percent if raw.cause_critical_percent is None else raw.cause_critical_percent,
        place,
    )
    return Thresholds(
        usual.stale_days if raw.stale_days is None else _stale_days(raw.stale_days, place / "stale_days"),
        usual.connector_days
        if raw.connector_days is None
        else _connector_days(raw.connector_days, place / "connector_days"),
        usual.cause_min if raw.cause_min is None else _cause_min(raw.cause_min, place / "cause_min"),
        high,
        critical,
    )


def _stale_days(value: list[int], place: Place) -> tuple[int, int]:
    """Return the two ages in days after which a device is stale, and stale for long."""
    if len(value) == 2 and 1 <= value[0] < value[1] <= 3650:
        return value[0], value[1]
    raise place.error(
        _("these are not two rising numbers of days."),
        _("Write two whole numbers from 1 to {most}, as in [30, 90].").format(most=number(3650)),
    )


def _connector_days(value: list[int], place: Place) -> tuple[int, int, int, int]:
    """Return the four numbers of days before its end from which a certificate or token is low to critical."""
    if len(value) == 4 and 3650 >= value[0] > value[1] > value[2] > value[3] >= 1:
        return value[0], value[1], value[2], value[3]
    raise place.error(
        _("these are not four falling numbers of days."),
        _("Write four whole numbers from {most} to 1, as in [60, 30, 14, 7].").format(most=number(3650)),
    )


def _cause_min(value: int, place: Place) -> int:
    """Return from how many items that share something a cause opens."""
    if 2 <= value <= 10_000:
        return value
    raise place.error(
        _("“{value}” is out of bounds.").format(value=value),
        _("Write a whole number from 2 to {most}.").format(most=number(10_000)),
    )


def _cause_percents(high: float, critical: float, place: Place) -> tuple[float, float]:
    """Return the shares of the fleet, in percent, from which a cause is high and critical; `place` is their table."""
    for key, value in (("cause_high_percent", high), ("cause_critical_percent", critical)):
        if not 0 < value <= 100:
            raise (place / key).error(
                _("“{value}” is out of bounds.").format(value=value), _("Write a number above 0, up to 100.")
            )
    if critical < high:
        raise (place / "cause_critical_percent").error(
            _("a cause would be critical before it is high."),
            _("Write a number that is not below cause_high_percent ({value}).").format(value=high),
        )
    return high, critical
