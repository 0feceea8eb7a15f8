"""A small Graph by hand: lists and reports by the last part of their path, with the requests that came."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from omconsole.domain.items import Condition, Handling, Observation, Severity, Triage
from omconsole.graph import ManagedDevice
from omconsole.signals.fleet import Fleet
from omconsole.signals.known import Known
from tests.unit.graph_tools import Tenant, ok

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from omconsole.graph import GraphClient

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class SmallGraph:
    """Answers by the last part of the path; what is not planned is 404. Reports are filtered by nothing.

    `batches`: it knows `$batch`, whose parts stand in `parts` as they were asked for.
    """

    def __init__(self, answers: Mapping[str, Any], *, batches: bool = False) -> None:
        self.answers = dict(answers)
        self.batches = batches
        self.parts: list[dict[str, Any]] = []
        self.tenant = Tenant(self._answer, tries=1, throttled_tries=1)

    @property
    def client(self) -> GraphClient:
        return self.tenant.client

    @property
    def asked(self) -> list[tuple[str, str]]:
        """The name and the filter of each request, in order."""
        return [
            (request.url.path.rpartition("/")[2], json.loads(request.content or b"{}").get("filter", ""))
            for request in self.tenant.wire.requests
        ]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        body = json.loads(request.content or b"{}")
        if self.batches and name == "$batch":
            return ok({"responses": [self._part(request, part) for part in body["requests"]]})
        told = self.answers.get(name)
        if callable(told):
            told = told(body.get("filter", ""))
        if told is None:
            return httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": "none"}})
        if isinstance(told, httpx.Response):
            return told
        if request.method == "POST":
            return table(told, body.get("skip", 0))
        return ok({"value": told}) if isinstance(told, list) else ok(told)

    def _part(self, request: httpx.Request, part: dict[str, Any]) -> dict[str, Any]:
        self.parts.append(part)
        asked = httpx.Request(part["method"], request.url.join(part["url"]), json=part.get("body"))
        answer = self._answer(asked)
        return {"id": part["id"], "status": answer.status_code, "body": json.loads(answer.content or b"null")}


def table(rows: list[dict[str, Any]], skip: int = 0) -> httpx.Response:
    """A report of these rows, each with the columns of the first."""
    columns = list(rows[0]) if rows else []
    document = {
        "TotalRowCount": len(rows),
        "Schema": [{"Column": column, "PropertyType": "String"} for column in columns],
        "Values": [[row[column] for column in columns] for row in rows[skip:]],
    }
    return httpx.Response(
        200, content=json.dumps(document).encode(), headers={"content-type": "application/octet-stream"}
    )


def device(id_: str, **changes: Any) -> ManagedDevice:
    fields: dict[str, Any] = {
        "id": id_,
        "device_name": f"LAP-{id_}",
        "user_id": f"u-{id_}",
        "user_principal_name": f"{id_}@contoso.example",
        "operating_system": "Windows",
        "last_sync_date_time": NOW - HOUR,
        "enrolled_date_time": NOW - 100 * DAY,
    }
    return ManagedDevice(**{**fields, **changes})


def fleet_of(*devices: ManagedDevice) -> Callable[[], Awaitable[Fleet]]:
    async def fleet() -> Fleet:
        return Fleet(devices)

    return fleet


def firing(*seen: Observation) -> Callable[[], Awaitable[list[Known]]]:
    """The items of these observations, as the ledger has them."""

    async def known() -> list[Known]:
        return [Known(triage_of(each), each) for each in seen]

    return known


def triage_of(seen: Observation, opened_at: datetime = NOW - DAY) -> Triage:
    return Triage(
        key="k",
        id="0123456789",
        kind=seen.kind,
        source=seen.source,
        subject_type=seen.subject_type,
        subject_id=seen.subject_id,
        sub_key=seen.sub_key,
        severity=Severity.LOW,
        condition=Condition.FIRING,
        handling=Handling.OPEN,
        first_seen=seen.first_seen or opened_at,
        opened_at=opened_at,
        version=1,
    )


def nothing(_rows: int) -> None:
    """Nobody watches the progress."""
