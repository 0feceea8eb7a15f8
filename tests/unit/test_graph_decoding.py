"""Rows as they are taken in: exact when documented, forgiving value by value, harmless always."""

from __future__ import annotations

import json
import typing
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from omconsole.graph import (
    COMPLIANCE_SUMMARY,
    MANAGED_DEVICE_OVERVIEW,
    MANAGED_DEVICES,
    SERVICE_UPDATE_MESSAGES,
    ManagedDevice,
    RowDecoder,
    same,
)
from omconsole.graph import surface as asked

DEVICE = {
    "id": "3f8a-1",
    "deviceName": "PC-1",
    "userId": "u-1",
    "operatingSystem": "Windows",
    "lastSyncDateTime": "2026-01-02T03:04:05.1234567Z",
    "isEncrypted": True,
    "manufacturer": "never asked for",
    "@odata.type": "#microsoft.graph.managedDevice",
}


def body(*rows: Any) -> bytes:
    return json.dumps({"@odata.context": "x", "value": rows}).encode()


async def device(**values: Any) -> ManagedDevice:
    batch = await MANAGED_DEVICES.page(body({**DEVICE, **values}))
    assert not batch.flaws
    return batch.rows[0]


async def test_a_device_as_documented() -> None:
    row = await device()
    assert (row.id, row.device_name, row.is_encrypted, row.model) == ("3f8a-1", "PC-1", True, None)
    assert row.last_sync_date_time == datetime(2026, 1, 2, 3, 4, 5, 123457, tzinfo=UTC)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z", None])
async def test_never_is_no_date(at: str | None) -> None:
    assert (await device(lastSyncDateTime=at)).last_sync_date_time is None


@pytest.mark.parametrize("at", ["2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05"])
async def test_every_instant_is_utc(at: str) -> None:
    got = (await device(lastSyncDateTime=at)).last_sync_date_time
    assert got == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert got.tzinfo is UTC


async def test_the_end_of_time_does_not_spoil_a_page() -> None:
    row = await device(complianceGracePeriodExpirationDateTime="9999-12-31T23:59:59.9999999Z")
    assert row.compliance_grace_period_expiration_date_time is not None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Büro 1", "Büro 1"),
        ("x\x1b]52;c;evil\x07y", "xy"),
        ("a\nb", "a⏎b"),
        ("\ud800", "\ufffd"),
        ("\x7f", ""),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("n" * 600, "n" * 511 + "…"),
    ],
)
@pytest.mark.parametrize("escaped", [True, False])
async def test_s11_every_text_is_harmless(name: str, shown: str, *, escaped: bool) -> None:
    raw = json.dumps({"value": [{**DEVICE, "deviceName": name, "model": name}]}, ensure_ascii=escaped)
    batch = await MANAGED_DEVICES.page(raw.encode("utf-8", "surrogatepass"))
    if escaped or name != "\ud800":  # unescaped, a surrogate is three invalid bytes
        assert (batch.rows[0].device_name, batch.rows[0].model) == (shown, shown)
    else:
        assert set(batch.rows[0].device_name or "") == {"\ufffd"}


@pytest.mark.parametrize("raw", ["", "a b", "a\nb", "ä", "\x1b", "x" * 600, None, 5])
async def test_a_row_without_a_usable_id_is_left_out_and_counted(raw: object) -> None:
    batch = await MANAGED_DEVICES.page(body({**DEVICE, "id": raw}, DEVICE))
    assert [row.id for row in batch.rows] == ["3f8a-1"]
    assert (batch.flaws.rejected, batch.flaws.values) == (1, 0)
    assert batch.flaws.example.startswith("id: ")


async def test_an_id_keeps_its_raw_form() -> None:
    assert (await device(id="../[b]x", userId="a'b")).id == "../[b]x"
    batch = await MANAGED_DEVICES.page(body({**DEVICE, "userId": "u\x1b[2J"}))
    assert batch.rows[0].user_id is None
    assert batch.flaws.values == 1


async def test_one_bad_value_costs_that_value_alone() -> None:
    odd = {**DEVICE, "id": "odd", "osVersion": 17, "isEncrypted": "yes", "lastSyncDateTime": "yesterday\x1b"}
    batch = await MANAGED_DEVICES.page(body(DEVICE, odd, "no row", [DEVICE], None))
    good, bad = batch.rows
    assert good.is_encrypted is True
    assert (bad.device_name, bad.os_version, bad.is_encrypted, bad.last_sync_date_time) == ("PC-1", None, None, None)
    assert (batch.flaws.rejected, batch.flaws.values) == (3, 3)
    assert batch.flaws.example == "osVersion: int"


async def test_invalid_bytes_and_numbers_cost_their_row_at_most() -> None:
    row = json.dumps(DEVICE).encode()
    batch = await MANAGED_DEVICES.page(b'{"value":[%s,%s,%s]}' % (row, row.replace(b"PC-1", b"P\xff"), b"9" * 5000))
    assert [device.device_name for device in batch.rows] == ["PC-1", "P\ufffd"]
    assert batch.flaws.rejected == 1


async def test_a_large_page_is_the_same_as_a_small_one() -> None:
    rows = [{**DEVICE, "id": f"d{n}", "notes": "x" * 1500} for n in range(2000)]
    large = await MANAGED_DEVICES.page(body(*rows))
    small = await MANAGED_DEVICES.page(body(*({**row, "notes": ""} for row in rows)))
    assert large == small
    assert len(large.rows) == 2000


async def test_shared_words_are_kept_once() -> None:
    first = (await MANAGED_DEVICES.page(body(DEVICE))).rows[0]
    second = (await MANAGED_DEVICES.page(body(DEVICE))).rows[0]
    assert first.operating_system is second.operating_system


async def test_a_hostile_vocabulary_does_not_grow_for_ever() -> None:
    decoder = RowDecoder(ManagedDevice)
    for start in range(0, 10_000, 1000):
        await decoder.page(body(*({"id": "x", "model": f"m{start + n}"} for n in range(1000))))
    assert len(decoder._words) <= 4096


POST = {
    "id": "MC100",
    "title": "Plan\u202efor change",
    "category": "PlanForChange",
    "services": ["Microsoft Intune", "x\x1b[2J"],
    "tags": [],
    "isMajorChange": False,
    "viewPoint": None,
    "details": [{"name": "RoadmapIds", "value": "1\x072"}, {"name": "Platforms"}],
    "body": {"contentType": "html", "content": "<p>one\r\ntwo\x1b]0;x\x07</p>"},
}


async def test_a_post_is_harmless_down_to_its_details() -> None:
    batch = await SERVICE_UPDATE_MESSAGES.page(body(POST))
    post = batch.rows[0]
    assert not batch.flaws
    assert post.title == "Planfor change"
    assert post.services == ("Microsoft Intune", "x")
    assert post.details is not None
    assert [(detail.name, detail.value) for detail in post.details] == [("RoadmapIds", "12"), ("Platforms", None)]
    assert post.body is not None
    assert post.body.content == "<p>one\ntwo</p>"
    assert post.view_point is None
    assert same(post.category, "planForChange")


async def test_a_long_detail_is_cut_and_costs_nothing() -> None:
    batch = await SERVICE_UPDATE_MESSAGES.page(body({**POST, "details": [{"name": "Summary", "value": "s" * 3000}]}))
    assert not batch.flaws
    assert [len(detail.value or "") for detail in batch.rows[0].details or ()] == [512]


async def test_a_bad_part_of_a_post_costs_that_part() -> None:
    batch = await SERVICE_UPDATE_MESSAGES.page(body({**POST, "services": "Intune", "body": {"content": 5}}))
    assert (batch.rows[0].services, batch.rows[0].body, batch.rows[0].id) == (None, None, "MC100")
    assert batch.flaws.values == 2


async def test_an_overlong_body_is_cut() -> None:
    batch = await SERVICE_UPDATE_MESSAGES.page(body({**POST, "body": {"content": "ä\n" * 300_000}}))
    assert batch.rows[0].body is not None
    assert len(batch.rows[0].body.content or "") == 200_000


def test_counts_beyond_any_fleet_are_no_counts() -> None:
    value, flaws = COMPLIANCE_SUMMARY.single(b'{"compliantDeviceCount": %s, "errorDeviceCount": 2}' % (b"9" * 30))
    assert value is not None
    assert (value.compliant_device_count, value.error_device_count, flaws.values) == (None, 2, 1)


def test_same_ignores_case_and_knows_nothing_of_none() -> None:
    assert same("StayInformed", "stayInformed")
    assert not same(None, None)


def test_what_is_asked_is_what_is_decoded() -> None:
    for decoder, call in (
        (MANAGED_DEVICES, asked.MANAGED_DEVICES_ASKED),
        (SERVICE_UPDATE_MESSAGES, asked.MESSAGES_ASKED),
        (COMPLIANCE_SUMMARY, asked.COMPLIANCE_SUMMARY_ASKED),
        (MANAGED_DEVICE_OVERVIEW, asked.MANAGED_DEVICE_OVERVIEW_ASKED),
    ):
        fields = msgspec.structs.fields(typing.cast("type[msgspec.Struct]", decoder.row))
        assert sorted(field.encode_name for field in fields) == sorted(call.select)
    assert len(asked.MANAGED_DEVICES_ASKED.select) == 18


@pytest.mark.parametrize("call", asked.ASKED, ids=lambda call: call.path)
def test_members_compared_with_belong_to_properties_asked_for(call: asked.Asked) -> None:
    assert {name.partition(".")[0] for name in call.enums} <= set(call.select)
    assert call.permission.endswith(".Read.All")
