"""Sources that know what their tenant does find the very same as those that do not, for less."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest

from omconsole.domain.answers import Answers
from omconsole.errors import GraphForbidden
from omconsole.graph import GraphClient, ReadyToken, Round, TransportSettings, build_client
from omconsole.signals.apps import AppsSignal
from omconsole.signals.compliance import ComplianceSignal
from omconsole.signals.devices import DevicesSignal
from omconsole.signals.judging import DeviceThresholds
from omconsole.signals.messages import MessagesSignal
from omconsole.signals.relevance import SERVICES, concerns_devices
from omconsole.signals.service import ServiceSignal
from omconsole.simulator.app import create_app
from omconsole.simulator.world import World
from tests.unit.other_tenant import OtherTenant
from tests.unit.signal_tools import fleet_of, nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.signals.reading import Reading, Signal
    from tests.unit.other_tenant import Habit

ROOT = "http://localhost"
REPORT = "/v1.0/deviceManagement/reports/retrieveDeviceAppInstallationStatusReport"
EPOCH = datetime(2026, 11, 22, tzinfo=UTC)
NOW = EPOCH + timedelta(hours=9, minutes=41)


class Desk:
    """One simulated tenant, asked by one source at a time."""

    def __init__(self, devices: int, scenario: str = "busy") -> None:
        self.app = create_app(World(1, scenario, EPOCH, devices), clock=lambda: NOW, token=None, root=ROOT)
        self.transport = OtherTenant(self.app)
        self.budget = Round()

    async def swept(self, signal: Signal, habit: Habit = lambda _request: None) -> Reading:
        self.transport, self.budget = OtherTenant(self.app, habit), Round()
        async with build_client(TransportSettings(graph_url=ROOT), transport=self.transport) as http:
            reading = await signal.sweep(GraphClient(ROOT, http, ReadyToken("token")), self.budget, NOW, nothing)
        assert (reading.status, reading.complete) == ("ok", True), reading.error
        return reading

    def sends(self, request: httpx.Request) -> Any:
        return self.transport.inner.handle_async_request(request)


def content(reading: Reading) -> bytes:
    """Everything that intake reads of it, in an order of its own."""
    return msgspec.json.encode(
        [
            sorted(reading.observations, key=lambda seen: (seen.kind, seen.subject_id, seen.sub_key)),
            sorted(reading.subjects),
            sorted(reading.posts, key=lambda post: post.id),
            sorted((*key, *causes) for key, causes in ((key, map(str, told)) for key, told in reading.causes.items())),
            reading.figures,
            reading.items,
        ]
    )


# --- devices ----------------------------------------------------------------------------------------------------------


def short_pages(desk: Desk) -> Habit:
    """Whoever asks for no size gets pages of 100."""

    def habit(request: httpx.Request) -> Any:
        if "$top" in request.url.params or "$skiptoken" in request.url.params:
            return None
        url = request.url.copy_merge_params({"$top": "100"})
        return desk.sends(httpx.Request(request.method, url, headers=request.headers))

    return habit


async def test_devices_come_in_pages_of_the_size_that_was_found() -> None:
    desk = Desk(1_200)
    slow = await desk.swept(DevicesSignal(DeviceThresholds()), short_pages(desk))
    assert desk.budget.requests == 12
    quick = await desk.swept(DevicesSignal(DeviceThresholds(), answers=Answers(device_page=1_000)), short_pages(desk))
    assert desk.budget.requests == 2
    assert content(quick) == content(slow)


async def test_a_list_that_ends_with_its_first_page_is_read_again_without_a_size() -> None:
    """Should Graph begin to take `$top` for the end of the list, no device is taken to be gone."""
    desk = Desk(1_200)

    async def cut(request: httpx.Request) -> httpx.Response:
        response = await desk.sends(request)
        document = json.loads(await response.aread())
        return httpx.Response(200, json={"value": document["value"]})

    def habit(request: httpx.Request) -> Any:
        return cut(request) if "$top" in request.url.params else None

    slow = await desk.swept(DevicesSignal(DeviceThresholds()))
    wary = await desk.swept(DevicesSignal(DeviceThresholds(), answers=Answers(device_page=500)), habit)
    assert content(wary) == content(slow)


async def test_a_size_that_is_refused_by_now_is_left_out() -> None:
    desk = Desk(300)
    slow = await desk.swept(DevicesSignal(DeviceThresholds()))
    wary = await desk.swept(DevicesSignal(DeviceThresholds(), answers=Answers(device_page=1_000)), refusing("$top"))
    assert content(wary) == content(slow)


# --- Microsoft's services ---------------------------------------------------------------------------------------------


def refusing(option: str) -> Habit:
    def habit(request: httpx.Request) -> httpx.Response | None:
        if option not in request.url.params:
            return None
        return httpx.Response(400, json={"error": {"code": "BadRequest", "message": "Invalid filter clause"}})

    return habit


def filtering(desk: Desk) -> Habit:
    """A tenant that does what the filter says, without a look at what the console keeps."""

    def is_wanted(row: dict[str, Any], text: str) -> bool:
        services = row["services"] if "services" in row else [row["service"]]
        return not services or any(f"eq '{each}'" in text for each in services)

    async def filtered(request: httpx.Request, text: str) -> httpx.Response:
        params = {name: value for name, value in request.url.params.items() if name != "$filter"}
        url = request.url.copy_with(params=params)
        document = json.loads(
            await (await desk.sends(httpx.Request("GET", url, headers={"prefer": "odata.maxpagesize=1000"}))).aread()
        )
        assert "@odata.nextLink" not in document
        return httpx.Response(200, json={"value": [row for row in document["value"] if is_wanted(row, text)]})

    def habit(request: httpx.Request) -> Any:
        text = request.url.params.get("$filter")
        return filtered(request, text) if text else None

    return habit


KNOWN = Answers(filters_posts=True, filters_issues=True)
SOURCES: dict[str, Callable[[Answers], Signal]] = {
    "messages": lambda answers: MessagesSignal(answers=answers),
    "service": lambda answers: ServiceSignal(answers=answers),
}


@pytest.mark.parametrize("name", SOURCES)
async def test_what_concerns_devices_is_asked_for_where_the_tenant_filters(name: str) -> None:
    desk = Desk(20)
    slow = await desk.swept(SOURCES[name](Answers()), filtering(desk))
    bytes_of_all = desk.budget.decoded_bytes
    assert not any("$filter" in request.url.params for request in desk.transport.requests)
    quick = await desk.swept(SOURCES[name](KNOWN), filtering(desk))
    assert content(quick) == content(slow)
    assert 0 < desk.budget.decoded_bytes < bytes_of_all


@pytest.mark.parametrize("name", SOURCES)
async def test_a_filter_that_is_refused_by_now_costs_a_request_and_no_row(name: str) -> None:
    desk = Desk(20)
    slow = await desk.swept(SOURCES[name](Answers()))
    wary = await desk.swept(SOURCES[name](KNOWN), refusing("$filter"))
    assert content(wary) == content(slow)


async def test_a_filter_that_is_ignored_by_now_lets_nothing_else_in() -> None:
    desk = Desk(20)
    slow = await desk.swept(MessagesSignal())
    wary = await desk.swept(MessagesSignal(answers=KNOWN))  # the simulated tenant ignores it
    assert "$filter" in desk.transport.requests[0].url.params
    assert content(wary) == content(slow)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_that_is_asked_for_counts(name: str) -> None:
    assert concerns_devices([name])


# --- reports ----------------------------------------------------------------------------------------------------------


async def test_a_report_goes_on_in_its_session_where_that_works() -> None:
    desk = Desk(2_500, "storm")
    slow = await desk.swept(ComplianceSignal())
    assert sessions(desk)[1:]
    assert not any(sessions(desk))
    known = await desk.swept(ComplianceSignal(answers=Answers(keeps_session=True)))
    assert all(sessions(desk)[1:])
    assert content(known) == content(slow)


def apps(**known: bool) -> AppsSignal:
    return AppsSignal(fleet_of(), answers=Answers(**known))


async def test_apps_are_asked_for_in_batches_where_reports_come_whole_in_them() -> None:
    desk = Desk(1_200)
    slow = await desk.swept(apps())
    alone = paths(desk)[REPORT]
    assert alone > 2
    assert "/v1.0/$batch" not in paths(desk)
    requests = desk.budget.requests
    quick = await desk.swept(apps(batches_reports=True, keeps_session=True))
    assert content(quick) == content(slow)
    assert paths(desk)["/v1.0/$batch"] == -(-alone // 20)
    assert desk.budget.requests == requests - alone + 1


@pytest.mark.parametrize("body", ["bm8=", 7, {"value": []}, None, {"Values": "none"}])
async def test_a_report_that_comes_in_another_form_by_now_is_asked_for_alone(body: Any) -> None:
    desk = Desk(1_200)
    slow = await desk.swept(apps())

    def habit(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/$batch"):
            return None
        parts = json.loads(request.content)["requests"]
        return httpx.Response(
            200, json={"responses": [{"id": each["id"], "status": 200, "body": body} for each in parts]}
        )

    wary = await desk.swept(apps(batches_reports=True), habit)
    assert paths(desk)[REPORT] > 2
    assert content(wary) == content(slow)


async def test_a_part_without_permission_is_not_asked_for_again() -> None:
    desk = Desk(1_200)

    def habit(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/$batch"):
            return None
        error = {"error": {"code": "Forbidden", "message": "DeviceManagementApps.Read.All"}}
        parts = json.loads(request.content)["requests"]
        return httpx.Response(
            200, json={"responses": [{"id": each["id"], "status": 403, "body": error} for each in parts]}
        )

    with pytest.raises(GraphForbidden):
        await desk.swept(apps(batches_reports=True), habit)
    assert REPORT not in paths(desk)


def paths(desk: Desk) -> Counter[str]:
    """How often each path was asked."""
    return Counter(request.url.path for request in desk.transport.requests)


def sessions(desk: Desk) -> list[str | None]:
    """The session that each request for a report sent back."""
    return [
        json.loads(request.content).get("sessionId") for request in desk.transport.requests if request.method == "POST"
    ]
