"""Rows that share something are one group, which stands where its first row does."""

from __future__ import annotations

import pytest

from omconsole import cli
from omconsole.domain.grouping import GROUPINGS, Grouping, group
from omconsole.domain.items import Severity
from omconsole.domain.ledger import Ledger
from tests.unit.domain_builders import Tape, observation


@pytest.fixture
def ledger() -> Ledger:
    tape = Tape(Ledger())
    tape.show(observation("d1", user="anna@contoso.example"))
    tape.show(observation("d1", "device.stale", severity=Severity.LOW, user="anna@contoso.example"))
    tape.show(observation("d2", severity=Severity.HIGH, user="ben@contoso.example", platform="iOS"))
    tape.show(observation("d3", user=None, platform="iOS"))
    return tape.ledger


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("device", [("d2", 1, 1), ("d1", 2, 1), ("d3", 1, 1)]),
        ("user", [("ben@contoso.example", 1, 1), ("anna@contoso.example", 2, 1), (None, 1, 1)]),
        ("platform", [("iOS", 2, 2), ("Windows", 2, 1)]),
    ],
)
def test_groups_count_their_rows_and_who_needs_action(
    ledger: Ledger, by: Grouping, expected: list[tuple[str | None, int, int]]
) -> None:
    groups = sorted(group(ledger.items("issues"), by), key=lambda each: str(each.key))
    assert [(each.key, each.count, each.needs_action) for each in groups] == sorted(
        expected, key=lambda each: str(each[0])
    )
    assert sum(each.count for each in groups) == 4


def test_the_worst_row_decides_where_a_group_stands(ledger: Ledger) -> None:
    first = group(ledger.items("issues"), "user")[0]
    assert (first.key, first.worst, first.title) == ("ben@contoso.example", Severity.HIGH, "ben@contoso.example")


def test_a_device_is_named_by_its_name(ledger: Ledger) -> None:
    assert {each.title for each in group(ledger.items("issues"), "device")} == {"LAP-d1", "LAP-d2", "LAP-d3"}


def test_the_command_line_offers_every_grouping() -> None:
    assert cli.GROUPINGS == GROUPINGS
