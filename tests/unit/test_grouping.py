"""Rows that share something are one group, which stands where its first row does."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from omconsole import cli
from omconsole.domain.grouping import GROUPINGS, Grouping, group
from omconsole.domain.items import Cause, Item, Severity
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


VERSION = Cause("compliance", "p-version", "Windows – minimum", setting="OsMinimumVersion")
FIREWALL = Cause("compliance", "p-base", "Windows – base", setting="FirewallRequired")
VPN = Cause("app", "a-vpn", "VPN client", code="0x87D1041C")


@pytest.fixture
def caused() -> list[Item]:
    """Two devices fail the firewall, for which a cause is open; one of them the version too; an app fails on one."""
    tape = Tape(Ledger())
    tape.show(observation("d1", causes=(FIREWALL, VERSION)))
    tape.show(observation("d2", causes=(FIREWALL,)))
    tape.show(observation("d3", "app.install-failed", source="apps", sub_key="a-vpn", causes=(VPN,)))
    tape.show(observation("d4", "app.install-failed", source="apps", sub_key="a-old"))
    tape.show(
        observation(
            "p-base",
            "cause.compliance",
            source="compliance",
            subject_type="policy",
            subject_name="Windows – base",
            sub_key="FirewallRequired",
            severity=Severity.HIGH,
        )
    )
    members = tuple(item.key[:10] for item in tape.ledger.items("issues") if item.triage.subject_id in {"d1", "d2"})
    return [
        replace(item, triage=replace(item.triage, members=members)) if item.is_cause else item
        for item in tape.ledger.items("issues")
    ]


def test_a_cause_is_the_group_of_its_members_by_its_own_id(caused: list[Item]) -> None:
    cause = next(item for item in caused if item.is_cause)
    groups = group(caused, "cause", [cause])
    assert (groups[0].key, groups[0].count) == (cause.id, 3)
    assert groups[0].title == "Windows – base: firewall"
    assert {each.key: each.count for each in groups[1:]} == {
        "compliance:p-version:OsMinimumVersion": 1,
        "app:a-vpn:0x87D1041C": 1,
        None: 1,
    }


def test_policies_and_apps_are_groups(caused: list[Item]) -> None:
    by_policy = {each.key: (each.title, each.count) for each in group(caused, "policy")}
    assert by_policy == {"p-base": ("Windows – base", 3), "p-version": ("Windows – minimum", 1), None: (None, 2)}
    by_app = {each.key: (each.title, each.count) for each in group(caused, "app")}
    assert by_app == {"a-vpn": ("VPN client", 1), "a-old": ("a-old", 1), None: (None, 3)}


def test_the_command_line_offers_every_grouping() -> None:
    assert cli.GROUPINGS == GROUPINGS
