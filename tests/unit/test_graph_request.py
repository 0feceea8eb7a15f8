"""What a request does when Graph answers well, slowly, with refusals, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from omconsole.errors import (
    GraphForbidden,
    GraphProtocolError,
    GraphRejected,
    GraphThrottled,
    GraphUnreachable,
    SignInError,
    UsageError,
)
from omconsole.graph import Round
from tests.unit.graph_tools import ROOT, TOKEN, Tenant, ok, refused


async def test_a_request_carries_the_token_and_an_id_of_its_own() -> None:
    tenant = Tenant(ok({"value": [1]}))
    assert await tenant.ask(params={"$select": "id,deviceName", "$filter": "a gt 1"}) == {"value": [1]}
    await tenant.ask()
    first, second = tenant.wire.requests
    assert str(first.url) == f"{ROOT}/v1.0/things?$select=id,deviceName&$filter=a%20gt%201"
    assert first.headers["authorization"] == f"Bearer {TOKEN}"
    assert first.headers["client-request-id"] != second.headers["client-request-id"]


@pytest.mark.parametrize(
    ("raw", "segment"),
    [("../../admin", "..%2F..%2Fadmin"), ("a?x=1#f", "a%3Fx%3D1%23f"), ("a b", "a%20b"), ("ü", "%C3%BC")],
)
async def test_s23_an_id_stays_one_segment_of_the_path(raw: str, segment: str) -> None:
    tenant = Tenant(ok())
    await tenant.ask("/devices/{id}/states", ids={"id": raw})
    assert tenant.wire.requests[0].url.raw_path.decode() == f"/v1.0/devices/{segment}/states"


@pytest.mark.parametrize("raw", ["", ".", "..", "\ud800"])
async def test_s23_an_id_that_would_change_the_path_is_refused(raw: str) -> None:
    tenant = Tenant(ok())
    with pytest.raises(UsageError):
        await tenant.ask("/devices/{id}", ids={"id": raw})
    assert tenant.wire.requests == []


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/things",
        "http://graph.example/v1.0/things",
        "https://graph.example:444/v1.0/things",
        "https://graph.example@evil.example/v1.0/things",
        "https://graph.example\\@evil.example/v1.0/things",
        "https://user@graph.example/v1.0/things",
        "https://graph.example.evil.example/v1.0/things",
        "//evil.example/v1.0/things",
        "/v1.0/things",
        "https://graph.example:99999999/x",
        "https://gra\nph.example/x",
        "",
    ],
)
async def test_s21_a_foreign_link_is_never_asked(link: str) -> None:
    tenant = Tenant(ok())
    with pytest.raises(GraphProtocolError):
        await tenant.client.get_url(link, workload="devices")
    assert tenant.wire.requests == []


@pytest.mark.parametrize("path", ["/other/v1.0", "/graph/../x", "/graph/%2e%2e/x", "/graph/%252e%252e/x", "/graphx/y"])
async def test_s21_a_link_stays_below_the_path_of_the_root(path: str) -> None:
    tenant = Tenant(ok(), root="http://127.0.0.1:8000/graph")
    with pytest.raises(GraphProtocolError):
        await tenant.client.get_url(f"http://127.0.0.1:8000{path}", workload="devices")
    await tenant.client.get_url("http://127.0.0.1:8000/graph/v1.0/x", workload="devices")
    assert tenant.urls == ["http://127.0.0.1:8000/graph/v1.0/x"]


async def test_s22_a_redirect_is_not_followed_and_names_its_target() -> None:
    tenant = Tenant(httpx.Response(302, headers={"location": "https://portal.example/login?x=1"}))
    with pytest.raises(GraphProtocolError, match=r"portal\.example"):
        await tenant.ask()
    assert len(tenant.wire.requests) == 1


@pytest.mark.parametrize(
    "headers",
    [{"retry-after": "30"}, {"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}],
)
async def test_s25_retry_after_is_waited_for_in_full(headers: dict[str, str]) -> None:
    tenant = Tenant(httpx.Response(429, headers=headers), ok({"value": []}))
    budget = Round()
    await tenant.ask(in_round=budget)
    assert tenant.wire.times == [1000.0, 1030.0]
    assert (budget.waited_s, budget.requests) == (30.0, 2)
    assert [(wait.seconds, wait.reason) for wait in tenant.waits] == [(30.0, "throttled")]


@pytest.mark.parametrize("status", [429, 503, 504])
async def test_s25_a_fraction_and_a_time_inside_the_message_count(status: int) -> None:
    inner = json.dumps({"Message": "Too many", "RetryAfter": "2.128"})
    tenant = Tenant(refused(status, inner), refused(status, retry_after="1.5"), ok())
    await tenant.ask()
    assert tenant.time.slept == [pytest.approx(2.128), pytest.approx(1.5)]


async def test_s25_without_a_time_the_wait_doubles() -> None:
    tenant = Tenant(refused(429), refused(429, retry_after="soon"), refused(429, retry_after="-5"), ok())
    await tenant.ask()
    assert tenant.time.slept == [0.5, 1.0, 2.0]


async def test_s25_a_longer_wait_than_the_round_has_is_told_and_nothing_asks_earlier() -> None:
    tenant = Tenant(refused(429, retry_after="600"), ok())
    with pytest.raises(GraphThrottled) as told:
        await tenant.ask()
    assert told.value.retry_after_s == 600
    tenant.time.now += 599
    with pytest.raises(GraphThrottled) as told:
        await tenant.ask(in_round=Round(max_wait_s=0.5))
    assert told.value.retry_after_s == pytest.approx(1)
    assert len(tenant.wire.requests) == 1
    tenant.time.now += 1
    await tenant.ask()


@pytest.mark.parametrize("asked", ["999999999999", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_s25_nobody_is_asked_to_wait_for_longer_than_a_year(asked: str) -> None:
    tenant = Tenant(refused(429, retry_after=asked), ok())
    with pytest.raises(GraphThrottled) as told:
        await tenant.ask()
    assert told.value.retry_after_s == 365 * 24 * 3600


async def test_s25_a_429_holds_back_its_workload_and_no_other() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return refused(429, retry_after="20") if "one" in request.url.path and tenant.time.now < 1020 else ok()

    tenant = Tenant(answer)
    asleep, awake = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        asleep.set()
        await awake.wait()
        tenant.time.now = max(tenant.time.now, 1000.0 + seconds)

    tenant.client = tenant.built(sleep)
    held = [asyncio.create_task(tenant.ask("/one"))]
    await asleep.wait()
    held += [asyncio.create_task(tenant.ask(f"/two{n}")) for n in range(3)]
    with pytest.raises(GraphThrottled):
        await tenant.ask("/impatient", in_round=Round(max_wait_s=5))
    await tenant.ask("/other", workload="messages")
    assert [url.rpartition("/")[2] for url in tenant.urls] == ["one", "other"]
    awake.set()
    await asyncio.gather(*held)
    assert tenant.wire.times[2:] == [1020.0] * 4


async def test_s25_waits_of_a_round_add_up_to_its_bound() -> None:
    tenant = Tenant(refused(429, retry_after="25"))
    budget = Round(max_wait_s=60)
    with pytest.raises(GraphThrottled):
        await tenant.ask(in_round=budget)
    assert tenant.time.slept == [25, 25]
    assert budget.waited_s == 50


async def test_s25_a_zero_repeated_does_not_hammer() -> None:
    tenant = Tenant(refused(429, retry_after="0.001"))
    with pytest.raises(GraphThrottled):
        await tenant.ask()
    assert len(tenant.wire.requests) == 10


async def test_waits_at_the_same_time_count_once() -> None:
    budget = Round(max_wait_s=60)
    assert all(budget.grant(0, 50) for _ in range(4))
    assert budget.grant(10, 60)
    assert not budget.grant(20, 61)
    assert budget.waited_s == 60


async def test_a_wait_can_be_cancelled_at_once() -> None:
    asleep = asyncio.Event()

    async def for_ever(_seconds: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    tenant = Tenant(refused(429, retry_after="30"))
    tenant.client = tenant.built(for_ever)
    asking = asyncio.create_task(tenant.ask())
    await asleep.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert len(tenant.wire.requests) == 1


@pytest.mark.parametrize("trouble", [httpx.ConnectError("refused"), httpx.RemoteProtocolError("cut"), 500, 502, 503])
async def test_s25_trouble_on_the_way_is_tried_three_times(trouble: httpx.TransportError | int) -> None:
    answer = refused(trouble) if isinstance(trouble, int) else trouble
    tenant = Tenant(answer, answer, ok({"value": [7]}))
    assert await tenant.ask() == {"value": [7]}
    assert tenant.time.slept == [0.5, 1.0]

    tenant = Tenant(answer)
    with pytest.raises((GraphUnreachable, GraphRejected)):
        await tenant.ask()
    assert len(tenant.wire.requests) == 3


async def test_a_refused_token_is_a_matter_of_signing_in() -> None:
    with pytest.raises(SignInError) as told:
        await Tenant(refused(401, "Lifetime validation failed, the token is expired.")).ask()
    assert "expired" in told.value.what
    assert "OMCONSOLE_TOKEN" in told.value.what
    assert "fresh" in told.value.do


async def test_a_missing_permission_is_named() -> None:
    said = {
        "_version": 3,
        "Message": "Application must have one of the following scopes: DeviceManagementConfiguration.Read.All, "
        "DeviceManagementConfiguration.ReadWrite.All - Operation ID (for customer support): 0",
        "CustomApiErrorPhrase": "",
    }
    with pytest.raises(GraphForbidden) as told:
        await Tenant(refused(403, json.dumps(said), "Forbidden")).ask()
    assert told.value.needs == ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")
    assert "_version" not in told.value.what
    assert "Operation ID" not in told.value.what
    assert "DeviceManagementConfiguration.Read.All" in told.value.do


async def test_s11_graphs_own_words_are_made_harmless() -> None:
    with pytest.raises(GraphRejected) as told:
        await Tenant(refused(400, "no\x1b]52;c;x\x1b\\ such\nthing", "BadRequest")).ask()
    assert "\x1b" not in told.value.what
    assert "no such⏎thing" in told.value.what
    assert (told.value.status, told.value.code) == (400, "BadRequest")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Welcome to the hotel</html>"),
        httpx.Response(200, content=b"\n<!doctype html>", headers={"content-type": "application/json"}),
        httpx.Response(200, text="hello"),
        httpx.Response(403, html="<h1>Blocked</h1>"),
        httpx.Response(407),
    ],
)
async def test_an_answer_of_a_portal_or_proxy_is_said_to_be_one(answer: httpx.Response) -> None:
    with pytest.raises(GraphProtocolError) as told:
        await Tenant(answer).ask()
    assert "proxy" in told.value.do


@pytest.mark.parametrize("body", [b"", b"null", b"[" * 100_000, b'{"error":', b'{"error": 5}', b"\xff\xfe"])
async def test_any_body_of_an_error_keeps_its_status(body: bytes) -> None:
    with pytest.raises(GraphRejected, match="418"):
        await Tenant(httpx.Response(418, content=body)).ask()


class Chunks(httpx.AsyncByteStream):
    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> Any:
        for chunk in self.chunks:
            yield chunk


def streamed(*chunks: bytes, encoding: str = "gzip") -> Any:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    return lambda _request: httpx.Response(200, headers=headers, stream=Chunks(*chunks))


async def test_s24_gzip_is_decoded_and_counted() -> None:
    packed = gzip.compress(b'{"value": [1, 2]}')
    tenant = Tenant(streamed(packed[:10], packed[10:]))
    budget = Round()
    assert await tenant.ask(in_round=budget) == {"value": [1, 2]}
    assert (budget.decoded_bytes, budget.wire_bytes) == (17, len(packed))


async def test_s24_a_bomb_is_given_up_at_the_cap() -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    tenant = Tenant(streamed(bomb), body_bytes=1_000_000)
    with pytest.raises(GraphProtocolError, match="larger"):
        await tenant.ask()
    assert len(tenant.wire.requests) == 1


async def test_s24_a_plain_body_has_the_same_cap() -> None:
    with pytest.raises(GraphProtocolError, match="larger"):
        await Tenant(streamed(b"x" * 600, b"y" * 600, encoding="identity"), body_bytes=1000).ask()


async def test_s24_a_cut_gzip_body_is_asked_for_again() -> None:
    packed = gzip.compress(json.dumps({"value": list(range(500))}).encode())
    answers = [streamed(packed[:200]), streamed(packed)]
    tenant = Tenant(*answers)
    assert len((await tenant.ask())["value"]) == 500
    assert len(tenant.wire.requests) == 2


@pytest.mark.parametrize(("encoding", "body"), [("br", b"x"), ("deflate", b"x"), ("gzip", b"this is not gzip")])
async def test_s24_other_encodings_and_damage_are_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(GraphProtocolError):
        await Tenant(streamed(body, encoding=encoding)).ask()
