"""A changed policy and 4,000 failures: one row in the inbox, which names who changed what and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from omconsole.domain import words
from omconsole.domain.inbox import inbox
from omconsole.domain.instants import iso
from omconsole.domain.items import Item, Label, Severity
from omconsole.graph import Round
from omconsole.poll.sources import firing_of
from omconsole.screens.cause_sheet import changes as told_changes
from omconsole.screens.reading import Reading as Shown
from omconsole.signals.audit import AuditSignal
from omconsole.signals.policies import PoliciesSignal
from tests.unit.cause_desk import NOON, CauseDesk
from tests.unit.signal_tools import SmallGraph, device, fleet_of, nothing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FLEET = 20_000
FAILING = 4_000
POLICY, OTHER = "0d9a8c1e-0000-4000-8000-00000000000a", "0d9a8c1e-0000-4000-8000-00000000000b"
CHANGED_AT = NOON + timedelta(minutes=20)
STEP = timedelta(minutes=15)


def summary(failing: int) -> list[dict[str, Any]]:
    return [
        {
            "PolicyId": id_,
            "PolicyName": name,
            "NumberOfErrorDevices": count,
            "NumberOfConflictDevices": 0,
            "NumberOfNonCompliantDevices": 0,
            "NumberOfCompliantDevices": FLEET - count,
        }
        for id_, name, count in ((POLICY, "Windows – BitLocker", failing), (OTHER, "Windows – Microsoft Edge", 0))
    ]


def failures(count: int) -> list[dict[str, Any]]:
    return [
        {
            "PolicyStatus": 5,
            "IntuneDeviceId": f"d{number}",
            "DeviceName": f"PC-{number}",
            "UPN": f"user{number}@contoso.example",
            "PspdpuLastModifiedTimeUtc": iso(CHANGED_AT + timedelta(seconds=60 + number // 10)),
            "PolicyId": POLICY,
        }
        for number in range(count)
    ]


def event(id_: str, at: datetime, actor: str, policy: str, name: str, setting: tuple[str, str, str]) -> dict[str, Any]:
    changed, old, new = setting
    return {
        "id": id_,
        "displayName": "Patch DeviceManagementConfigurationPolicy",
        "activity": None,
        "activityDateTime": iso(at),
        "activityOperationType": "Patch",
        "activityResult": "Success",
        "category": "DeviceConfiguration",
        "actor": {"userPrincipalName": actor},
        "resources": [
            {
                "displayName": name,
                "auditResourceType": "DeviceManagementConfigurationPolicy",
                "resourceId": policy,
                "modifiedProperties": [{"displayName": changed, "oldValue": old, "newValue": new}],
            }
        ],
    }


GUILTY = event(
    "a-1",
    CHANGED_AT,
    "ben.k@contoso.example",
    POLICY,
    "Windows – BitLocker",
    ("EncryptionMethodWithXtsOs", "xtsAes128", "xtsAes256"),
)
INNOCENT = event(
    "a-2",
    CHANGED_AT + timedelta(minutes=1),
    "carla@contoso.example",
    OTHER,
    "Windows – Microsoft Edge",
    ("HomepageLocation", "a", "b"),
)


class Tenant:
    """20,000 devices, two policies and an audit log as Graph answers, read and taken in as the poller does."""

    def __init__(self, directory: Path) -> None:
        self.desk = CauseDesk(directory, fleet=FLEET, sources=("devices", "policies", "audit"))
        self.graph = SmallGraph({})
        fleet = fleet_of(*(device(f"d{number}") for number in range(FLEET)))
        self.policies = PoliciesSignal(fleet, partial(firing_of, self.desk.ledger, "policies"))
        self.audit = AuditSignal()

    async def round(self, failing: int, events: Sequence[dict[str, Any]]) -> None:
        self.graph.answers = {
            "getConfigurationPolicyNonComplianceSummaryReport": summary(failing),
            "getConfigurationPolicyNonComplianceReport": failures(failing),
            "auditEvents": list(events),
        }
        now = self.desk.now + STEP
        readings = [await each.sweep(self.graph.client, Round(), now, nothing) for each in (self.policies, self.audit)]
        assert [each.status for each in readings] == ["ok", "ok"]
        await self.desk.round(well=["d0"], others=readings)

    def inbox(self) -> list[Item]:
        """Everything that needs action."""
        rows = inbox(self.desk.picture(), self.desk.now)
        assert all(isinstance(row, Item) for row in rows), rows
        return [row for row in rows if isinstance(row, Item)]


@pytest.fixture
async def tenant(tmp_path: Path) -> Tenant:
    tenant = Tenant(tmp_path / "work")
    await tenant.round(0, [])
    assert tenant.inbox() == []
    return tenant


async def test_a_changed_policy_and_4000_failures_are_one_row_that_names_the_change(tenant: Tenant) -> None:
    await tenant.round(1_500, [INNOCENT, GUILTY])
    await tenant.round(FAILING, [INNOCENT, GUILTY])
    (row,) = tenant.inbox()
    assert (row.triage.kind, row.triage.subject_id, row.label) == ("cause.policy", POLICY, Label.NEW)
    assert (row.triage.firing, row.triage.severity, row.needs_action) == (FAILING, Severity.CRITICAL, True)
    assert words.subject(row) == "Windows – BitLocker"
    members = tenant.desk.picture().members[row.id]
    assert len(members) == FAILING
    assert {member.label for member in members} == {Label.SUPPRESSED}
    assert row.seen is not None
    assert row.triage.first_seen == CHANGED_AT + timedelta(minutes=1), "when the first device failed it"
    assert row.seen.facts["changes"] == [
        {
            "at": "2026-11-22T12:20:00Z",
            "actor": "ben.k@contoso.example",
            "activity": "Patch DeviceManagementConfigurationPolicy",
            "operation": "Patch",
            "resource": "Windows – BitLocker",
            "properties": [["EncryptionMethodWithXtsOs", "xtsAes128", "xtsAes256"]],
        }
    ]


async def test_its_detail_says_who_changed_what_when(tenant: Tenant) -> None:
    await tenant.round(FAILING, [INNOCENT, GUILTY])
    (row,) = tenant.inbox()
    shown = Shown(now=tenant.desk.now, tz=ZoneInfo("Europe/Berlin"), snapshot=tenant.desk.picture())
    told = [(label, str(content)) for label, content in told_changes(row, shown)]
    assert told == [
        ("Who changed what", "22 Nov 13:20  ben.k@contoso.example"),
        ("", "Patch DeviceManagementConfigurationPolicy · Windows – BitLocker"),
        ("", "EncryptionMethodWithXtsOs  xtsAes128 → xtsAes256"),
    ]


async def test_the_row_ends_when_the_policy_says_that_it_applies_everywhere(tenant: Tenant) -> None:
    await tenant.round(FAILING, [GUILTY])
    await tenant.round(0, [GUILTY])
    (row,) = tenant.inbox()
    assert (row.label, row.triage.firing) == (Label.CLEARED, 0)
    assert {item.triage.condition.value for item in tenant.desk.picture().members.get(row.id, ())} <= {"clear"}
