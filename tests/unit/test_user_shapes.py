"""Users, plans, protected apps and Autopilot deployments as they are taken in: harmless, and whole in either case."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from omconsole.graph import RowDecoder, same, user_surface
from omconsole.graph.user_shapes import APP_REGISTRATIONS, AUTOPILOT_EVENTS, DIRECTORY_USERS, FLAGGED_USERS

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked

SHAPES: list[tuple[RowDecoder[Any], Asked]] = [
    (DIRECTORY_USERS, user_surface.DIRECTORY_USERS_ASKED),
    (DIRECTORY_USERS, user_surface.USER_PLANS_ASKED),
    (APP_REGISTRATIONS, user_surface.APP_REGISTRATIONS_ASKED),
    (AUTOPILOT_EVENTS, user_surface.AUTOPILOT_EVENTS_ASKED),
]


def body(*rows: Any) -> bytes:
    return json.dumps({"value": rows}).encode()


@pytest.mark.parametrize(("decoder", "call"), SHAPES, ids=lambda each: getattr(each, "path", ""))
def test_what_is_asked_is_what_is_decoded(decoder: RowDecoder[Any], call: Asked) -> None:
    fields = msgspec.structs.fields(decoder.row)
    assert sorted(field.encode_name for field in fields) == sorted(call.select)
    assert {name.partition(".")[0] for name in call.enums} <= set(call.select)


def members() -> list[Any]:
    """Each member of each enumeration, as it is written and in the other casing, and one that nobody knows."""
    found = []
    for decoder, call in SHAPES:
        for name, known in call.enums.items():
            for member in (*known, "somethingNew"):
                other = member[0].swapcase() + member[1:]
                found += [pytest.param(decoder, name, each, member, id=f"{name}-{each}") for each in (member, other)]
    return found


@pytest.mark.parametrize(("decoder", "name", "written", "member"), members())
async def test_every_member_comes_through_in_either_case(
    decoder: RowDecoder[Any], name: str, written: str, member: str
) -> None:
    outer, _dot, inner = name.partition(".")
    value: Any = [{inner: written}] if inner else [written] if outer == "flaggedReasons" else written
    page = await decoder.page(body({"id": "a1", outer: value}))
    assert not page.flaws
    (row,) = page.rows
    field = next(each for each in msgspec.structs.fields(decoder.row) if each.encode_name == outer)
    told = getattr(row, field.name)
    if inner:
        told = told[0].capability_status
    elif outer == "flaggedReasons":
        (told,) = told
    assert same(told, member)


async def test_lists_that_are_null_or_empty_and_times_that_never_were() -> None:
    page = await AUTOPILOT_EVENTS.page(body({"id": "a1", "eventDateTime": "0001-01-01T00:00:00Z"}))
    assert (page.rows[0].event_date_time, bool(page.flaws)) == (None, False)
    page2 = await DIRECTORY_USERS.page(body({"id": "u1", "assignedPlans": None}, {"id": "u2", "assignedPlans": []}))
    assert [row.assigned_plans for row in page2.rows] == [None, ()]
    page3 = await APP_REGISTRATIONS.page(body({"id": "a1", "lastSyncDateTime": "2026-11-22T09:41:00.1234567Z"}))
    assert page3.rows[0].last_sync_date_time is not None


def test_the_flagged_users_are_texts_alone() -> None:
    value, flaws = FLAGGED_USERS.single(b'{"@odata.context":"x","value":["u1","u2"]}')
    assert value is not None
    assert (value.value, bool(flaws)) == (("u1", "u2"), False)
    value, flaws = FLAGGED_USERS.single(b'{"value":["u1",7]}')
    assert (value and value.value, bool(flaws)) == (None, True)
    assert FLAGGED_USERS.single(b"") == (None, flaws.__class__())


async def test_names_are_made_safe() -> None:
    page = await APP_REGISTRATIONS.page(
        body({"id": "a1", "deviceName": "PC\x1b[2J\u202e1", "flaggedReasons": ["\x1bx"]})
    )
    assert "\x1b" not in (page.rows[0].device_name or "")
    assert "\x1b" not in (page.rows[0].flagged_reasons or ("",))[0]
