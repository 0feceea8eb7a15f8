"""What a device's management certificate and its threat defence say: as of its last check-in, by arithmetic.

An increment that asks for what has synced since then therefore sees every change of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from omconsole.simulator.courses import Moving, Steady
from omconsole.simulator.draws import mix, scramble
from omconsole.simulator.instants import DAY, HOUR, NEVER
from omconsole.simulator.scenarios import Mix, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from omconsole.simulator.fleet import Place

_RENEWAL, _SLOW, _THREATENED = 38, 39, 40
#: A certificate is valid for a year; a device renews it at its first check-in after this.
_VALID, _RENEWED_AFTER = 365 * DAY, 300 * DAY
#: A device that renews late does so once in each cycle, so many days before the end, after as many days of failing.
_SLOW_CYCLE, _SLOW_FOR, _SLOW_LEFT = 20 * DAY, 8 * DAY, 25 * DAY
_THREAT_CYCLE, _THREAT_FOR = 6 * DAY, 44 * HOUR
#: Graph writes members in either case.
_THREATS: Final = ("lowSeverity", "MediumSeverity", "highSeverity", "compromised")
_ENDS_WITHIN: Final = 30 * DAY


class Wear:
    """The certificates and threats of one world's fleet; the epoch is in seconds since 1970 UTC."""

    def __init__(self, seed: int, epoch: int, places: Sequence[Place], scenario: Mix) -> None:
        self._epoch = epoch
        self._platforms = [place.platform for place in places]
        self._phase_seed = mix(seed, _RENEWAL)
        self._slow = _chosen(seed, _SLOW, places, scenario.late_certificates)
        self._threatened = _chosen(seed, _THREATENED, places, scenario.threats)

    def worn(self, index: int, state: Moving) -> Moving:
        """The state with what the last check-in told of certificate and threats."""
        if state.last_sync == NEVER:
            return state
        threat = self._threat(index, state.last_sync)
        return state._replace(certificate=self._certificate(index, state), threat=threat)

    def _certificate(self, index: int, state: Moving) -> int:
        if self._platforms[index] == "Android":
            return NEVER  # not reported: the placeholder stands in its place
        last = state.last_sync
        rank = self._slow.get(index)
        if rank is not None:
            since = (last - self._epoch + DAY - _SLOW_CYCLE * rank // len(self._slow)) % _SLOW_CYCLE
            return last - since + (_SLOW_LEFT if since < _SLOW_FOR else _SLOW_FOR + _VALID)
        since = (last - scramble(self._phase_seed ^ index)) % _RENEWED_AFTER
        return max(last - since, state.enrolled) + _VALID

    def _threat(self, index: int, last: int) -> str:
        rank = self._threatened.get(index)
        if rank is None:
            return "activated" if self._platforms[index] == "Android" else "unknown"
        round_, since = divmod(last - self._epoch + DAY - _THREAT_CYCLE * rank // len(self._threatened), _THREAT_CYCLE)
        return _THREATS[(round_ + rank) % len(_THREATS)] if since < _THREAT_FOR else "secured"


def _chosen(seed: int, number: int, places: Sequence[Place], part: int) -> dict[int, int]:
    """Places whose device is well and stays so, each with its rank; Android is left out, having no certificate."""
    if not part:
        return {}
    steady = [
        index
        for index, place in enumerate(places)
        if isinstance(place.course, Steady) and place.course.state == "compliant" and place.platform != "Android"
    ]
    order = mix(seed, number)
    wanted = sorted(steady, key=lambda index: scramble(order ^ index))[: share(len(places), part)]
    return {index: rank for rank, index in enumerate(wanted)}


def is_threatened(state: Moving) -> bool:
    """Whether the partner reports a threat."""
    return state.threat in _THREATS


def is_certificate_ending(state: Moving, now: int) -> bool:
    """Whether the management certificate ends within 30 days of `now`, or has ended."""
    return state.certificate != NEVER and state.certificate - now <= _ENDS_WITHIN
