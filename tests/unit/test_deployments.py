"""How far apps and policies have come: what of it is kept, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from omconsole.domain.deployments import AT_MOST, Course, Deployment, add, counted

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Kept:
    """The courses that a state keeps."""

    def __init__(self) -> None:
        self.courses: dict[str, Course] = {}

    def read(self, at: datetime, *found: Deployment) -> bool:
        """Take a reading in; True when there was something to keep."""
        event = counted(self.courses, found, at)
        if event is not None:
            add(self.courses, event.data, at)
        return event is not None


def app(succeeded: int | None, name: str = "VPN") -> Deployment:
    return Deployment("app", "a1", name, succeeded, 3, None)


def test_a_rollout_is_kept_in_steps_of_six_hours_and_only_while_it_goes_on() -> None:
    kept = Kept()
    assert kept.read(NOON, app(10))
    assert not kept.read(NOON + HOUR, app(20))
    assert kept.read(NOON + 6 * HOUR, app(60))
    assert not kept.read(NOON + 48 * HOUR, app(60))
    assert [count.succeeded for count in kept.courses["app/a1"].counts] == [10, 60]


def test_a_course_has_its_newest_name_and_an_app_is_not_a_policy_of_the_same_id() -> None:
    kept = Kept()
    kept.read(NOON, app(1), Deployment("policy", "a1", "Firewall", 5, 0, 0))
    kept.read(NOON + 7 * HOUR, app(2, "VPN 2"))
    assert {key: course.name for key, course in kept.courses.items()} == {"app/a1": "VPN 2", "policy/a1": "Firewall"}


def test_what_is_long_ago_is_coarser_and_then_gone() -> None:
    kept = Kept()
    for number in range(400):
        kept.read(NOON + number * 6 * HOUR, app(number))
    counts = kept.courses["app/a1"].counts
    assert len(counts) <= AT_MOST
    assert counts[-1].succeeded == 399
    assert counts[-1].at - counts[0].at <= timedelta(days=90)
    assert counts[1].at - counts[0].at > counts[-1].at - counts[-2].at
