"""Service health, connectors, subscription and audit log as they are taken in: harmless, and whole in either case."""

from __future__ import annotations

import json
import typing
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from omconsole.graph import RowDecoder, connector_shapes, same, tenant_surface
from omconsole.graph.audit_shapes import AUDIT_EVENTS
from omconsole.graph.service_shapes import SERVICE_ISSUES, SUBSCRIPTION_STATE
from omconsole.signals.connector_table import CONNECTORS

if typing.TYPE_CHECKING:
    from omconsole.graph.asked import Asked

SHAPES: list[tuple[RowDecoder[Any], Asked]] = [
    (SERVICE_ISSUES, tenant_surface.SERVICE_ISSUES_ASKED),
    (SUBSCRIPTION_STATE, tenant_surface.SUBSCRIPTION_STATE_ASKED),
    (AUDIT_EVENTS, tenant_surface.AUDIT_EVENTS_ASKED),
    *((connector.decoder, connector.asked) for connector in CONNECTORS),
]
ISSUE = {
    "id": "IT812345",
    "title": "Devices\u202e cannot enrol",
    "impactDescription": "one\r\ntwo\x1b[2J",
    "startDateTime": "2026-11-22T06:40:00Z",
    "posts": [
        {
            "createdDateTime": "2026-11-22T07:00:00.1234567+01:00",
            "postType": "regular",
            "description": {"contentType": "html", "content": "<p>a\x1b]0;x\x07\r\nb</p>"},
        },
        {"createdDateTime": "0001-01-01T00:00:00Z", "description": None},
    ],
}


def body(*rows: Any) -> bytes:
    return json.dumps({"value": rows}).encode()


@pytest.mark.parametrize(("decoder", "call"), SHAPES, ids=lambda each: getattr(each, "path", ""))
def test_what_is_asked_is_what_is_decoded(decoder: RowDecoder[Any], call: Asked) -> None:
    fields = msgspec.structs.fields(typing.cast("type[msgspec.Struct]", decoder.row))
    assert sorted(field.encode_name for field in fields) == sorted(call.select)
    assert set(call.enums) <= set(call.select)


def test_every_connector_is_asked_for_and_no_secret() -> None:
    asked = {call.path for call in tenant_surface.TENANT_ASKED}
    assert {connector.asked.path for connector in CONNECTORS} < asked
    assert not any(name in {"token", "certificate"} for call in tenant_surface.TENANT_ASKED for name in call.select)


def members() -> list[Any]:
    return [
        pytest.param(decoder, name, value, id=f"{call.path.rpartition('/')[2]}.{name}={value}")
        for decoder, call in SHAPES
        for name, values in call.enums.items()
        for value in (*values, "aMemberOfNextYear")
    ]


@pytest.mark.parametrize(("decoder", "name", "value"), members())
async def test_a_member_is_the_same_in_either_case(decoder: RowDecoder[Any], name: str, value: str) -> None:
    pascal = value[0].upper() + value[1:]
    batch = await decoder.page(body(*({"id": "x", name: spelt} for spelt in (value, pascal))))
    fields = {field.encode_name: field.name for field in msgspec.structs.fields(decoder.row)}
    assert not batch.flaws
    assert [getattr(row, fields[name]) for row in batch.rows] == [value, pascal]
    assert same(*(getattr(row, fields[name]) for row in batch.rows))


async def test_an_issue_is_harmless_down_to_its_posts() -> None:
    batch = await SERVICE_ISSUES.page(body(ISSUE))
    issue = batch.rows[0]
    assert not batch.flaws
    assert (issue.title, issue.impact_description) == ("Devices cannot enrol", "one\ntwo")
    assert issue.posts is not None
    first, second = issue.posts
    assert first.created_date_time == datetime(2026, 11, 22, 6, 0, 0, 123457, tzinfo=UTC)
    assert first.description is not None
    assert first.description.content == "<p>a\nb</p>"
    assert (second.created_date_time, second.description) == (None, None)


async def test_an_audit_event_is_harmless_down_to_its_values() -> None:
    row = {
        "id": "a1",
        "activity": "Patch\x1b[2J DeviceCompliancePolicy",
        "activityDateTime": "2026-11-22T09:12:00.0000000Z",
        "actor": {
            "userPrincipalName": "an\u202ena@contoso.example",
            "userPermissions": ["*"],
            "ipAddress": "192.0.2.1",
        },
        "resources": [
            {
                "displayName": "Windows – base\n",
                "resourceId": "p-1",
                "auditResourceType": "DeviceCompliancePolicy",
                "modifiedProperties": [{"displayName": "OsMinimumVersion", "oldValue": None, "newValue": "10\x07.0"}],
            }
        ],
    }
    batch = await AUDIT_EVENTS.page(body(row))
    event = batch.rows[0]
    assert not batch.flaws
    assert event.activity == "Patch DeviceCompliancePolicy"
    assert event.actor is not None
    assert event.actor.user_principal_name == "anna@contoso.example"
    assert event.resources is not None
    resource = event.resources[0]
    assert "\n" not in (resource.display_name or "")
    assert resource.modified_properties is not None
    assert resource.modified_properties[0].new_value == "10.0"


@pytest.mark.parametrize("document", [{"value": "LockedOut"}, {"@odata.context": "x", "value": "LockedOut"}])
def test_the_subscription_is_one_value(document: object) -> None:
    value, flaws = SUBSCRIPTION_STATE.single(json.dumps(document).encode())
    assert value is not None
    assert (value.value, bool(flaws)) == ("LockedOut", False)


@pytest.mark.parametrize("answer", [b"", b"null", b'{"value": null}'])
def test_a_connector_that_is_not_there_has_no_row(answer: bytes) -> None:
    value, flaws = connector_shapes.APPLE_PUSH.single(answer)
    assert value is None
    assert not flaws


async def test_never_synced_is_no_date() -> None:
    row = {"id": "x", "lastSyncDateTime": "0001-01-01T00:00:00Z", "expirationDateTime": "2027-01-01T00:00:00Z"}
    token = (await connector_shapes.VPP_TOKENS.page(body(row))).rows[0]
    assert token.last_sync_date_time is None
    assert token.expiration_date_time == datetime(2027, 1, 1, tzinfo=UTC)
