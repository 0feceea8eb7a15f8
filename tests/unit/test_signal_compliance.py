"""Source `compliance`: why devices are not compliant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.items import Cause
from omconsole.errors import GraphForbidden, GraphRejected
from omconsole.graph import Round
from omconsole.signals.compliance import ComplianceSignal
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import NOW, SmallGraph, nothing

if TYPE_CHECKING:
    from omconsole.signals.reading import Reading

REPORT, POLICIES = "getNoncompliantDevicesAndSettingsReport", "deviceCompliancePolicies"
FAMILY = "device.compliance"


def failing(device: str, policy: Any = "Baseline", setting: Any = "BitLocker", status: Any = 4) -> dict[str, Any]:
    return {
        "SettingStatus_loc": "egal",
        "PolicyName": policy,
        "SettingName": setting,
        "DeviceId": device,
        "SettingStatus": status,
    }


BASELINE = {"id": "p1", "displayName": "Baseline"}


async def read(graph: SmallGraph, signal: ComplianceSignal | None = None) -> Reading:
    return await (signal or ComplianceSignal()).sweep(graph.client, Round(), NOW, nothing)


async def test_each_device_gains_every_failing_setting_once_in_one_order() -> None:
    rows = [
        failing("d1", "Baseline", "Firewall"),
        failing("d2", "Baseline", "BitLocker", 5),
        failing("d1", "Baseline", "BitLocker", 6),
        failing("d1", "Baseline", "Firewall"),
        failing("d1", "Antivirus", "Defender"),
    ]
    reading = await read(SmallGraph({REPORT: rows, POLICIES: [BASELINE, {"id": "p2", "displayName": "Antivirus"}]}))
    assert (reading.status, reading.complete, reading.enriches, reading.items) == ("ok", True, FAMILY, 5)
    assert reading.causes == {
        ("d1", FAMILY): (
            Cause("compliance", "p2", "Antivirus", "Defender"),
            Cause("compliance", "p1", "Baseline", "BitLocker"),
            Cause("compliance", "p1", "Baseline", "Firewall"),
        ),
        ("d2", FAMILY): (Cause("compliance", "p1", "Baseline", "BitLocker"),),
    }
    assert reading.observations == []


async def test_what_does_not_fail_is_left_out() -> None:
    rows = [failing(f"d{status}", status=status) for status in (0, 1, 2, 3, 7, "2", "Compliant", "nonCompliant", "4")]
    reading = await read(SmallGraph({REPORT: rows, POLICIES: [BASELINE]}))
    assert {device for device, _family in reading.causes} == {"dnonCompliant", "d4"}
    assert reading.complete


@pytest.mark.parametrize("status", [8, "wobbly", None])
async def test_a_status_that_nobody_knows_proves_nothing(status: object) -> None:
    reading = await read(SmallGraph({REPORT: [failing("d1"), failing("d2", status=status)], POLICIES: [BASELINE]}))
    assert (reading.status, reading.complete) == ("partial", False)
    assert str(status) in (reading.error or "")


async def test_a_name_of_no_policy_or_of_two_stands_for_itself() -> None:
    policies = [BASELINE, {"id": "p2", "displayName": "Baseline"}, {"id": "p3", "displayName": None}]
    reading = await read(SmallGraph({REPORT: [failing("d1"), failing("d2", "Gone")], POLICIES: policies}))
    assert [cause.id for causes in reading.causes.values() for cause in causes] == ["name:Baseline", "name:Gone"]
    assert reading.complete


async def test_policies_keep_their_ids_while_their_list_cannot_be_read() -> None:
    signal = ComplianceSignal()
    graph = SmallGraph({REPORT: [failing("d1")], POLICIES: refused(400, "not now")})
    with pytest.raises(GraphRejected):
        await read(graph, signal)
    graph.answers[POLICIES] = [BASELINE]
    await read(graph, signal)
    graph.answers[POLICIES] = refused(400, "not now")
    reading = await read(graph, signal)
    assert [causes[0].id for causes in reading.causes.values()] == ["p1"]
    assert reading.complete
    graph.answers[POLICIES] = [{"id": "p9", "displayName": "Baseline"}]
    assert [causes[0].id for causes in (await read(graph, signal)).causes.values()] == ["p9"]


async def test_without_leave_to_read_policies_names_stand_for_themselves() -> None:
    reading = await read(SmallGraph({REPORT: [failing("d1")], POLICIES: refused(403)}))
    assert [causes[0].id for causes in reading.causes.values()] == ["name:Baseline"]
    with pytest.raises(GraphForbidden):
        await read(SmallGraph({REPORT: refused(403), POLICIES: []}))


async def test_an_increment_is_a_sweep() -> None:
    graph = SmallGraph({REPORT: [], POLICIES: []})
    reading = await ComplianceSignal().increment(graph.client, Round(), NOW, nothing)
    assert (reading.mode, reading.complete, reading.causes) == ("sweep", True, {})
