"""What the members of a cause have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.domain.ledger import Ledger
from omconsole.domain.sharing import Shared, shared
from tests.unit.domain_builders import Tape, observation

if TYPE_CHECKING:
    from omconsole.domain.items import Item


def members(*versions: str | None) -> list[Item]:
    """Devices with these versions of their system; None: not reported."""
    ledger = Ledger()
    tape = Tape(ledger)
    for number, version in enumerate(versions):
        tape.show(observation(f"d{number}", facts={"osVersion": version}))
    return list(ledger.rows)


def test_most_have_the_same_version() -> None:
    assert shared(members("17.6", "17.6", "18.1", None)) == [Shared("osVersion", "17.6", 2 / 3)]


def test_revisions_of_one_build_are_one_version() -> None:
    found = shared(members("10.0.22621.1", "10.0.22621.2", "10.0.22621.3", "10.0.22631.4"))
    assert found == [Shared("osVersion", "10.0.22621", 0.75)]


def test_where_they_differ_no_value_is_told() -> None:
    (only,) = shared(members("17.6", "18.1", "26.0"))
    assert only.value is None


def test_what_nobody_reports_is_left_out() -> None:
    assert shared(members(None, None)) == []
