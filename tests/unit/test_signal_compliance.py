"""Source `compliance`: why devices are not compliant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain.items import Cause
from omconsole.errors import GraphForbidden, GraphRejected
from omconsole.graph import Round
from omconsole.signals.compliance import ComplianceSignal
from tests.unit.domain_builders import observation
from tests.unit.graph_tools import refused
from tests.unit.signal_tools import NOW, SmallGraph, firing, nothing

if TYPE_CHECKING:
    from omconsole.domain.items import Observation
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


def ids(reading: Reading) -> dict[str, list[str]]:
    """By device, the ids of the policies that it fails."""
    return {device: [cause.id for cause in causes] for (device, _family), causes in reading.causes.items()}


def failing_device(*causes: Cause) -> Observation:
    return observation("d0", FAMILY, causes=causes)


async def test_policies_keep_their_ids_while_their_list_cannot_be_read() -> None:
    signal = ComplianceSignal()
    graph = SmallGraph({REPORT: [failing("d1")], POLICIES: refused(400, "not now")})
    with pytest.raises(GraphRejected):
        await read(graph, signal)
    graph.answers[POLICIES] = [BASELINE]
    await read(graph, signal)
    for answer in (refused(400, "not now"), refused(403)):
        graph.answers[POLICIES] = answer
        reading = await read(graph, signal)
        assert ids(reading) == {"d1": ["p1"]}
        assert reading.complete
    graph.answers[POLICIES] = [{"id": "p1", "displayName": None}]
    assert ids(await read(graph, signal)) == {"d1": ["p1"]}
    graph.answers[POLICIES] = [{"id": "p9", "displayName": "Baseline"}]
    assert ids(await read(graph, signal)) == {"d1": ["p9"]}


ANTIVIRUS = {"id": "p2", "displayName": "Antivirus"}
NAMELESS = {"id": None, "displayName": "Baseline"}


async def test_a_list_with_a_rejected_row_forgets_no_policy() -> None:
    signal = ComplianceSignal()
    graph = SmallGraph({REPORT: [failing("d1"), failing("d2", "Antivirus")], POLICIES: [BASELINE]})
    await read(graph, signal)
    graph.answers[POLICIES] = [NAMELESS, ANTIVIRUS]
    for _again in range(2):
        reading = await read(graph, signal)
        assert ids(reading) == {"d1": ["p1"], "d2": ["p2"]}
        assert (reading.status, reading.complete) == ("partial", False)


async def test_of_a_policy_that_cannot_be_named_now_nothing_is_said() -> None:
    rows = [failing("d1"), failing("d1", "Antivirus"), failing("d2", "Antivirus")]
    signal = ComplianceSignal()
    reading = await read(SmallGraph({REPORT: rows, POLICIES: [NAMELESS, ANTIVIRUS]}), signal)
    assert ids(reading) == {"d2": ["p2"]}
    assert (reading.status, reading.complete) == ("partial", False)
    graph = SmallGraph({REPORT: rows, POLICIES: [ANTIVIRUS]})
    await read(graph, signal)
    graph.answers |= {REPORT: [*rows, failing("d3", "New")], POLICIES: refused(403)}
    reading = await read(graph, signal)
    assert ids(reading) == {"d2": ["p2"]}
    assert (reading.status, reading.complete) == ("partial", False)
    assert "Baseline" in (reading.error or "")
    assert "2 devices" in (reading.error or "")


async def test_two_rows_of_one_name_in_a_list_with_flaws_take_no_id_away() -> None:
    signal = ComplianceSignal()
    graph = SmallGraph({REPORT: [failing("d1")], POLICIES: [BASELINE]})
    await read(graph, signal)
    graph.answers[POLICIES] = [BASELINE, {"id": "p9", "displayName": "Baseline"}, NAMELESS]
    assert ids(await read(graph, signal)) == {"d1": ["p1"]}
    graph.answers[POLICIES] = [BASELINE, {"id": "p9", "displayName": "Baseline"}]
    assert ids(await read(graph, signal)) == {"d1": ["name:Baseline"]}
    graph.answers[POLICIES] = [BASELINE, NAMELESS]
    assert ids(await read(graph, signal)) == {"d1": ["name:Baseline"]}


@pytest.mark.parametrize("answer", [refused(403), refused(400, "not now"), [NAMELESS]])
async def test_after_a_restart_policies_keep_the_ids_that_firing_items_have(answer: object) -> None:
    known = (
        failing_device(Cause("compliance", "name:Baseline", "Baseline", "BitLocker")),
        failing_device(
            Cause("compliance", "p1", "Baseline", "BitLocker"), Cause("compliance", "name:Gone", "Gone", "Firewall")
        ),
        failing_device(Cause("app", "a1", "Antivirus")),
    )
    rows = [failing("d1"), failing("d2", "Gone"), failing("d3", "Antivirus")]
    reading = await read(SmallGraph({REPORT: rows, POLICIES: answer}), ComplianceSignal(firing(*known)))
    assert ids(reading) == {"d1": ["p1"], "d2": ["name:Gone"]}
    assert not reading.complete


async def test_without_leave_to_read_policies_names_stand_for_themselves() -> None:
    known = failing_device(Cause("compliance", "name:Baseline", "Baseline", "BitLocker"))
    for signal in (ComplianceSignal(), ComplianceSignal(firing(known))):
        graph = SmallGraph({REPORT: [failing("d1"), failing("d2", "New")], POLICIES: refused(403)})
        for _again in range(2):
            reading = await read(graph, signal)
            assert ids(reading) == {"d1": ["name:Baseline"], "d2": ["name:New"]}
            assert reading.complete
    with pytest.raises(GraphForbidden):
        await read(SmallGraph({REPORT: refused(403), POLICIES: []}))


async def test_an_increment_is_a_sweep() -> None:
    graph = SmallGraph({REPORT: [], POLICIES: []})
    reading = await ComplianceSignal().increment(graph.client, Round(), NOW, nothing)
    assert (reading.mode, reading.complete, reading.causes) == ("sweep", True, {})


async def test_an_increment_of_an_unchanged_report_is_one_row_and_names_nothing() -> None:
    graph = SmallGraph({REPORT: [failing("d1"), failing("d2")], POLICIES: [BASELINE]})
    explained = observation("d1", causes=(Cause("compliance", "p1", "Baseline", "BitLocker"),))
    signal = ComplianceSignal(firing(explained))
    await signal.increment(graph.client, Round(), NOW, nothing)  # nothing is known: the whole report
    graph.tenant.wire.requests.clear()
    reading = await signal.increment(graph.client, Round(), NOW, nothing)
    assert [json.loads(request.content)["top"] for request in graph.tenant.wire.requests] == [1]
    assert (reading.mode, reading.status, reading.items, reading.causes) == ("increment", "ok", 2, {})


@pytest.mark.parametrize("grown", [True, False])
async def test_an_increment_reads_all_when_the_report_has_grown_or_an_item_lacks_its_reason(grown: bool) -> None:
    graph = SmallGraph({REPORT: [failing("d1")], POLICIES: [BASELINE]})
    causes = (Cause("compliance", "p1", "Baseline", "BitLocker"),)
    signal = ComplianceSignal(firing(observation("d1", causes=causes if grown else ())))
    await signal.sweep(graph.client, Round(), NOW, nothing)
    if grown:
        graph.answers[REPORT] = [failing("d1"), failing("d2")]
    reading = await signal.increment(graph.client, Round(), NOW, nothing)
    assert (reading.mode, len(reading.causes)) == ("sweep", 2 if grown else 1)
