"""Fleet figures: what Graph counts about the whole tenant, with the age of each figure and its trend."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from omconsole.domain.events import Event

KEPT = timedelta(days=90)
"""How long samples are kept for trends."""
AT_MOST = 512
"""Samples a figure keeps; what is long ago is kept more coarsely than what is new."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One measurement; `at` is UTC."""

    at: datetime
    value: float


class Figure(msgspec.Struct, frozen=True):
    """A figure as it stands: the newest sample and the ones before it, oldest first."""

    name: str
    value: float
    at: datetime
    trend: tuple[float, ...] = ()


def sampled(values: dict[str, float]) -> Event:
    """The event that keeps one reading of several figures (`metric.sampled`)."""
    return Event(event="metric.sampled", data={"values": values})


def add(samples: list[Sample], at: datetime, value: float) -> None:
    """Append a sample and let go of those older than `KEPT`; of too many, every other one of the older half goes."""
    samples.append(Sample(at, value))
    if len(samples) > AT_MOST:
        half = len(samples) // 2
        samples[:half] = samples[:half:2]
    oldest = at - KEPT
    drop = next((index for index, sample in enumerate(samples) if sample.at >= oldest), 0)
    del samples[:drop]


def figure(name: str, samples: list[Sample], points: int = 24) -> Figure | None:
    """The figure with its last `points` samples; None while nothing has been measured, which is not zero."""
    if not samples:
        return None
    last = samples[-1]
    return Figure(name, last.value, last.at, tuple(sample.value for sample in samples[-points:]))
