"""Devices without a compliance policy: one item each, over when two whole sweeps do not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from omconsole.domain import words
from omconsole.domain.items import Item, Severity
from omconsole.errors import GraphForbidden, GraphProtocolError
from omconsole.graph import Round
from omconsole.graph.policy_shapes import DEVICES_WITHOUT_POLICY
from omconsole.graph.reports import opened
from omconsole.signals.no_policy import NoPolicySignal
from tests.unit.graph_tools import ok, refused
from tests.unit.signal_tools import HOUR, NOW, SmallGraph, device, firing, fleet_of, nothing, table, triage_of

if TYPE_CHECKING:
    from omconsole.domain.items import Observation
    from omconsole.graph import ManagedDevice
    from omconsole.signals.reading import Reading

REPORT = "getDevicesWithoutCompliancePolicyReport"
FLEET = (device("d1", compliance_state="noncompliant"), device("d2"), device("d3"))


def row(device_id: str | None, **changes: Any) -> dict[str, Any]:
    return {"DeviceName": f"PC-{device_id}", "OwnerType_loc": "Firma", "OwnerType": 1, "DeviceId": device_id, **changes}


async def swept(rows: Any, *known: Observation, fleet: tuple[ManagedDevice, ...] = FLEET) -> Reading:
    signal = NoPolicySignal(fleet_of(*fleet), firing(*known))
    return await signal.sweep(SmallGraph({REPORT: rows}).client, Round(), NOW, nothing)


async def test_each_device_of_the_report_is_an_item_with_what_the_fleet_knows_of_it() -> None:
    reading = await swept([row("d1"), row("d9")])
    assert (reading.status, reading.complete, reading.items) == ("ok", True, 2)
    known, unknown = reading.observations
    assert (known.kind, known.severity, known.sub_key) == ("device.no-policy", Severity.MEDIUM, "")
    assert (known.subject_name, known.user, known.platform) == ("LAP-d1", "d1@contoso.example", "Windows")
    assert (known.evidence_at, known.facts["complianceState"]) == (NOW - HOUR, "noncompliant")
    assert (unknown.subject_name, unknown.user, unknown.platform) == ("PC-d9", None, None)
    assert words.problem(Item(triage=triage_of(known), seen=known)) == "no compliance policy"


async def test_a_device_is_judged_a_day_after_its_enrolment() -> None:
    fleet = (device("d1", enrolled_date_time=NOW - 23 * HOUR), device("d2", enrolled_date_time=NOW - 25 * HOUR))
    reading = await swept([row("d1"), row("d2")], fleet=fleet)
    assert [seen.subject_id for seen in reading.observations] == ["d2"]


async def test_what_a_whole_report_no_longer_shows_is_there_and_waits_for_the_next_one() -> None:
    known = (await swept([row("d1"), row("d2"), row("d9")])).observations
    reading = await swept([row("d2")], *known)
    assert (reading.complete, reading.subjects, reading.present, reading.cleared) == (True, {"d2"}, {"d1", "d2"}, [])


async def test_nobody_without_a_policy_is_the_best_of_answers() -> None:
    reading = await swept([])
    assert (reading.status, reading.complete, reading.observations) == ("ok", True, [])


@pytest.mark.parametrize("broken", [None, "", 7, "a b", "x" * 600])
async def test_a_damaged_row_makes_the_reading_partial(broken: Any) -> None:
    reading = await swept([row("d1"), row("d2", DeviceId=broken)])
    assert (reading.status, reading.complete, len(reading.observations)) == ("partial", False, 1)
    assert "1 rows" in (reading.error or "")


async def test_a_report_that_ends_early_is_partial() -> None:
    cut = {"TotalRowCount": 9, "Schema": [{"Column": "DeviceId"}, {"Column": "DeviceName"}], "Values": []}
    reading = await swept(ok(cut))
    assert (reading.status, reading.complete) == ("partial", False)


async def test_a_report_without_the_column_that_counts_is_none() -> None:
    with pytest.raises(GraphProtocolError, match="DeviceId"):
        await swept([{"DeviceName": "PC-1"}])


async def test_without_the_permission_the_source_is_forbidden() -> None:
    with pytest.raises(GraphForbidden):
        await swept(refused(403, "no"))


async def test_rows_are_read_by_the_names_of_their_columns() -> None:
    (found,), flaws = await DEVICES_WITHOUT_POLICY.rows(opened(table([row("d1")]).content))
    assert (found.device_id, found.device_name, bool(flaws)) == ("d1", "PC-d1", False)
