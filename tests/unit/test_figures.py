"""Fleet figures: trends that stay small however often they are measured."""

from __future__ import annotations

from datetime import timedelta

from omconsole.domain.figures import AT_MOST, Sample, add, figure
from tests.unit.domain_builders import T0


def test_years_of_quarter_hours_stay_few_and_the_newest_stay_whole() -> None:
    samples: list[Sample] = []
    for number in range(20_000):
        add(samples, T0 + number * timedelta(minutes=15), float(number))
    assert len(samples) <= AT_MOST
    assert [sample.value for sample in samples[-100:]] == [float(number) for number in range(19_900, 20_000)]
    assert samples == sorted(samples, key=lambda sample: sample.at)
    assert samples[-1].at - samples[0].at <= timedelta(days=90)


def test_what_was_never_measured_is_no_figure() -> None:
    assert figure("compliant_percent", []) is None
