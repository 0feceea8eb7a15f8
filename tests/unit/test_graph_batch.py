"""Batches: parts that answer, wait, fail and are refused each on their own."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omconsole.errors import (
    GraphError,
    GraphForbidden,
    GraphProtocolError,
    GraphRejected,
    GraphThrottled,
    GraphUnreachable,
    SignInError,
)
from omconsole.graph import Reply, Round
from omconsole.graph.batch import Part, batch
from omconsole.graph.budgets import Budget, Budgets, Limit
from tests.unit.graph_tools import ROOT, Tenant, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    Answering = Callable[[str, int], tuple[int, dict[str, str], Any]]
    """From a part's address and the number of times that it was asked to status, headers and body."""

JSON = {"Content-Type": "application/json"}
OCTETS = {"Content-Type": "application/octet-stream"}


def said(status: int, code: str = "", message: str = "", **headers: str) -> tuple[int, dict[str, str], Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {**JSON, **named}, {"error": {"code": code, "message": message}}


class Server:
    """Answers batches part by part, the last part first; other requests one by one."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []
        self.asked: list[str] = []
        self.sent: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/$batch"):
            status, headers, body = self._of(request.url.path.removeprefix("/v1.0"))
            return httpx.Response(status, headers=headers, json=body)
        requests = json.loads(request.content)["requests"]
        self.batches.append([each["url"] for each in requests])
        self.sent += requests
        responses = []
        for each in requests:
            status, headers, body = self._of(each["url"])
            if status:
                responses.append({"id": each["id"], "status": status, "headers": headers, "body": body})
        return httpx.Response(200, json={"responses": responses[::-1]})

    def _of(self, url: str) -> tuple[int, dict[str, str], Any]:
        self.asked.append(url)
        return self.answer(url, self.asked.count(url))


def parts(*paths: str, workload: str | None = None) -> list[Part]:
    return [Part(path=path, workload=workload) for path in paths]


async def outcome(server: Server, *asked: Part, **more: Any) -> tuple[list[Reply | GraphError], Tenant]:
    tenant = Tenant(server, **more)
    return await batch(tenant.client, asked, workload="devices"), tenant


def value(answer: Reply | GraphError) -> Any:
    assert isinstance(answer, Reply), answer
    return json.loads(answer.body)


async def test_the_answers_come_in_the_order_of_the_parts() -> None:
    server = Server(lambda url, _n: (200, {**JSON, "request-id": f"r{url}"}, {"url": url}))
    asked = Part(path="/devices/{id}/x", ids={"id": "../a"}, params={"$select": "id,name"}, headers={"Prefer": "p"})
    answers, tenant = await outcome(server, *parts("/a", "/b"), asked)
    path = "/devices/..%2Fa/x?$select=id,name"
    assert [value(answer)["url"] for answer in answers] == ["/a", "/b", path]
    assert server.batches == [["/a", "/b", path]]
    assert server.sent[0] == {"id": "1", "method": "GET", "url": "/a"}
    assert server.sent[2]["headers"] == {"Prefer": "p"}
    last = answers[2]
    assert isinstance(last, Reply)
    assert (last.url, last.request_id) == (f"{ROOT}/v1.0{path}", f"r{path}")
    assert last.client_request_id == tenant.wire.requests[0].headers["client-request-id"]


async def test_more_than_twenty_parts_are_several_batches() -> None:
    server = Server(lambda url, _n: (200, JSON, {"url": url}))
    paths = [f"/{number}" for number in range(45)]
    answers, _tenant = await outcome(server, *parts(*paths))
    assert [value(answer)["url"] for answer in answers] == paths
    assert [len(each) for each in server.batches] == [20, 20, 5]
    assert all(each["id"] == str(number % 20 + 1) for number, each in enumerate(server.sent))


async def test_nothing_asked_is_nothing_sent() -> None:
    answers, tenant = await outcome(Server(lambda _url, _n: (200, JSON, {})))
    assert answers == []
    assert tenant.wire.requests == []


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_a_batch_is_of_one_version(version: str) -> None:
    tenant = Tenant(Server(lambda _url, _n: (200, JSON, {})))
    await batch(tenant.client, parts("/a"), workload="devices", version=version)
    assert tenant.urls == [f"{ROOT}/{version}/$batch"]


async def test_a_report_action_is_sent_with_its_body() -> None:
    server = Server(lambda _url, _n: (200, OCTETS, base64.b64encode(b'{"Values": []}').decode()))
    answers, _tenant = await outcome(server, Part(path="/reports/get", content=b'{"top": 1}'))
    assert value(answers[0]) == {"Values": []}
    assert (server.sent[0]["method"], server.sent[0]["body"]) == ("POST", {"top": 1})
    assert server.sent[0]["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("headers", "body", "found"),
    [
        (JSON, {"a": "ü", "n": 12345678901234567890}, {"a": "ü", "n": 12345678901234567890}),
        (OCTETS, '{"a": 1}', {"a": 1}),
        (OCTETS, {"a": 1}, {"a": 1}),
        (OCTETS, " eyJhIjogMX0=\n", {"a": 1}),
        (JSON, [1, 2], [1, 2]),
        ({}, {"a": 1}, {"a": 1}),
    ],
)
async def test_a_body_is_an_object_a_text_or_base64(headers: dict[str, str], body: Any, found: Any) -> None:
    answers, _tenant = await outcome(Server(lambda _url, _n: (200, headers, body)), *parts("/a"))
    assert value(answers[0]) == found


@pytest.mark.parametrize("body", [None, ""])
async def test_an_empty_body_stays_empty(body: str | None) -> None:
    answers, _tenant = await outcome(Server(lambda _url, _n: (204, {}, body)), *parts("/a"))
    assert isinstance(answers[0], Reply)
    assert (answers[0].status, answers[0].body) == (204, b"")


async def test_one_parts_trouble_is_its_own() -> None:
    troubles: dict[str, tuple[int, dict[str, str], Any]] = {
        "/forbidden": said(403, "Forbidden", "Needs DeviceManagementApps.Read.All."),
        "/bad": said(400, "BadRequest", "no such\x1b[2J column"),
        "/moved": (302, {"Location": "https://evil.example/x"}, None),
        "/page": (200, {"Content-Type": "text/html"}, "<html>"),
    }
    server = Server(lambda url, _n: troubles.get(url, (200, JSON, {"url": url})))
    answers, _tenant = await outcome(server, *parts("/a", *troubles, "/b"))
    first, forbidden, bad, moved, page, last = answers
    assert (value(first), value(last)) == ({"url": "/a"}, {"url": "/b"})
    assert isinstance(forbidden, GraphForbidden)
    assert forbidden.needs == ("DeviceManagementApps.Read.All",)
    assert isinstance(bad, GraphRejected)
    assert (bad.status, "\x1b" in bad.what) == (400, False)
    assert isinstance(moved, GraphProtocolError)
    assert "evil.example" in moved.what
    assert isinstance(page, GraphProtocolError)
    assert len(server.batches) == 1


async def test_a_throttled_part_holds_back_its_workload_and_no_other() -> None:
    def answer(url: str, times: int) -> tuple[int, dict[str, str], Any]:
        return said(429, "TooManyRequests", Retry_After="20.5") if url == "/b" and times == 1 else (200, JSON, {})

    server = Server(answer)
    turn = Round()
    tenant = Tenant(server)
    asked = [*parts("/a"), *parts("/b", workload="reports"), *parts("/c")]
    answers = await batch(tenant.client, asked, workload="devices", in_round=turn)
    assert all(isinstance(each, Reply) for each in answers)
    assert server.batches == [["/a", "/b", "/c"], ["/b"]]
    assert tenant.wire.times == [1000, 1020.5]
    assert (turn.waited_s, turn.requests) == (20.5, 2)


async def test_a_workload_that_waits_for_too_long_is_given_up_alone() -> None:
    server = Server(lambda url, _n: said(429, Retry_After="600") if url == "/b" else (200, JSON, {"url": url}))
    tenant = Tenant(server)
    asked = [*parts(*(f"/{n}" for n in range(20))), *parts("/b", workload="reports"), *parts("/z")]
    answers = await batch(tenant.client, asked, workload="devices")
    throttled = answers[20]
    assert isinstance(throttled, GraphThrottled)
    assert throttled.retry_after_s == 600
    assert value(answers[0]) == {"url": "/0"}
    assert value(answers[21]) == {"url": "/z"}
    again = await batch(tenant.client, [*parts("/b", workload="reports"), *parts("/y")], workload="devices")
    assert isinstance(again[0], GraphThrottled)
    assert value(again[1]) == {"url": "/y"}
    assert server.asked.count("/b") == 1


async def test_a_part_that_is_throttled_for_ever_ends() -> None:
    server = Server(lambda _url, _n: said(429, Retry_After="0.01"))
    answers, _tenant = await outcome(server, *parts("/a"))
    assert isinstance(answers[0], GraphThrottled)
    assert len(server.batches) == 10


@pytest.mark.parametrize("status", [500, 502, 503, 504, 424, 0])
async def test_a_part_that_fails_on_the_server_or_is_missing_is_asked_again(status: int) -> None:
    server = Server(lambda url, times: said(status) if url == "/b" and times < 3 else (200, JSON, {"url": url}))
    answers, tenant = await outcome(server, *parts("/a", "/b"))
    assert [value(each)["url"] for each in answers] == ["/a", "/b"]
    assert server.batches == [["/a", "/b"], ["/b"], ["/b"]]
    assert tenant.time.slept == [0.5, 1.0]

    server = Server(lambda url, _n: said(status) if url == "/b" else (200, JSON, {"url": url}))
    answers, _tenant = await outcome(server, *parts("/a", "/b"))
    assert value(answers[0]) == {"url": "/a"}
    assert isinstance(answers[1], GraphRejected | GraphProtocolError)
    assert len(server.batches) == 3


async def test_a_link_to_the_next_page_is_followed_outside() -> None:
    link = f"{ROOT}/v1.0/a?$skiptoken=2"
    server = Server(lambda url, _n: (200, JSON, {"value": [], "@odata.nextLink": link} if url == "/a" else {}))
    answers, tenant = await outcome(server, *parts("/a"))
    await tenant.client.get_url(value(answers[0])["@odata.nextLink"], workload="devices")
    assert tenant.urls[-1] == link


async def test_parts_count_as_requests() -> None:
    budgets = Budgets({}, Budget((Limit(25, 20),)))
    server = Server(lambda url, _n: (200, JSON, {"url": url}))
    answers, tenant = await outcome(server, *parts(*(f"/{n}" for n in range(60))), budgets=budgets)
    assert all(isinstance(each, Reply) for each in answers)
    sizes = [len(each) for each in server.batches]
    assert sum(sizes) == 60
    sent = [at for at, size in zip(tenant.wire.times, sizes, strict=True) for _part in range(size)]
    assert all(late - early >= 20 for early, late in zip(sent, sent[25:], strict=False))


# --- the batch as a whole ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 404, 405, 501])
async def test_a_server_without_batches_is_asked_one_by_one_and_that_is_remembered(status: int) -> None:
    server = Server(lambda url, _n: said(403) if url == "/b" else (200, JSON, {"url": url}))
    tenant = Tenant(lambda request: refused(status) if "$batch" in request.url.path else server(request))
    report = Part(path="/reports/get", content=b"{}")
    for _twice in range(2):
        answers = await batch(tenant.client, [*parts("/a", "/b"), report], workload="devices")
        assert [type(each).__name__ for each in answers] == ["Reply", "GraphForbidden", "Reply"]
    assert sum("$batch" in url for url in tenant.urls) == 1
    await batch(tenant.client, parts("/a"), workload="devices", version="beta")
    assert sum("$batch" in url for url in tenant.urls) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("no"), GraphUnreachable),
        (refused(403), GraphForbidden),
        (refused(429, retry_after="600"), GraphThrottled),
        (httpx.Response(200, html="<html>"), GraphProtocolError),
        *((httpx.Response(200, content=body), GraphProtocolError) for body in (b"", b"[]", b"null", b'{"value":[]}')),
        (httpx.Response(200, content=b'{"responses":[' + b" " * 3_000), GraphProtocolError),
        (httpx.Response(302, headers={"location": "https://evil.example"}), GraphProtocolError),
    ],
)
async def test_trouble_with_the_batch_is_that_of_every_part(
    answer: httpx.Response | Exception, kind: type[GraphError]
) -> None:
    tenant = Tenant(answer, body_bytes=2_000)
    answers = await batch(tenant.client, parts("/a", "/b"), workload="devices")
    assert [type(each) for each in answers] == [kind, kind]


async def test_a_throttled_batch_holds_back_all_of_its_workloads() -> None:
    tenant = Tenant(refused(429, retry_after="600"))
    await batch(tenant.client, [*parts("/a"), *parts("/b", workload="reports")], workload="devices")
    for workload in ("devices", "reports"):
        with pytest.raises(GraphThrottled):
            await tenant.ask(workload=workload)
    assert len(tenant.wire.requests) == 1


async def test_a_refused_token_is_the_whole_batchs() -> None:
    with pytest.raises(SignInError, match="OMCONSOLE_TOKEN"):
        await outcome(Server(lambda url, _n: said(401) if url == "/b" else (200, JSON, {})), *parts("/a", "/b"))
    with pytest.raises(SignInError):
        await batch(Tenant(refused(401)).client, parts("/a"), workload="devices")


async def test_a_part_whose_token_was_refused_is_asked_alone_with_another_one() -> None:
    class Tokens:
        async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
            return "new" if refused or claims else "old"

    challenge = f'Bearer error="insufficient_claims", claims="{base64.b64encode(b"{}").decode()}"'
    server = Server(
        lambda url, times: said(403, WWW_Authenticate=challenge) if url == "/b" and times == 1 else (200, JSON, {})
    )
    answers, tenant = await outcome(server, *parts("/a", "/b"), tokens=Tokens())
    assert all(isinstance(each, Reply) for each in answers)
    assert tenant.urls == [f"{ROOT}/v1.0/$batch", f"{ROOT}/v1.0/b"]


ids = st.sampled_from(["1", 1, "2", "99", "", None, -1, 10**40])
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["\ud800", "PHA+"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=5,
)
answers_of_parts = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "status": st.sampled_from([200, "200", 204, 302, 403, 500, 99, 10**40, "²00", None]) | junk,
        "headers": st.dictionaries(
            st.sampled_from(["Content-Type", "Retry-After", "Location", "WWW-Authenticate", "ü"]), junk, max_size=3
        )
        | junk,
        "body": junk,
    },
)


@settings(max_examples=150)
@given(st.lists(answers_of_parts | junk, max_size=4) | junk)
async def test_whatever_a_batch_says_each_part_gets_an_answer_or_an_error(responses: Any) -> None:
    body = json.dumps({"responses": responses}).encode()
    tenant = Tenant(httpx.Response(200, content=body), tries=2, throttled_tries=2)
    answers = await batch(tenant.client, parts("/a", "/b"), workload="devices")
    assert len(answers) == 2
    assert all(isinstance(each, Reply | GraphError) for each in answers)
