"""The parts of signing in that need no server: words, threads, the HTTP that msal is given, and how long a token is."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.config import SignInSettings
from omconsole.domain.sign_in import Hindrance
from omconsole.errors import ConsoleError, GraphUnreachable, SignInError, SignInNeeded
from omconsole.graph import sign_in as sign_in_module
from omconsole.graph.sign_in import SignIn, applications, http
from omconsole.graph.sign_in.http import HttpForMsal
from omconsole.graph.sign_in.silent import held
from omconsole.graph.sign_in.threads import in_daemon_thread
from omconsole.graph.sign_in.token_cache import KeptTokens
from omconsole.graph.sign_in.words import refusal
from omconsole.graph.transport import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

AUTHORITY = "https://login.example/contoso"
DISCOVERY = {
    "issuer": f"{AUTHORITY}/v2.0",
    "authorization_endpoint": f"{AUTHORITY}/authorize",
    "token_endpoint": f"{AUTHORITY}/token",
    "device_authorization_endpoint": f"{AUTHORITY}/devicecode",
}
CODE = {
    "device_code": "d",
    "user_code": "ABC",
    "verification_uri": f"{AUTHORITY}/device",
    "expires_in": 900,
    "interval": 5,
}
TOKEN = {"token_type": "Bearer", "access_token": "t1", "expires_in": 3600}
ADDRESSES = {"openid-configuration": DISCOVERY, "devicecode": CODE, "token": TOKEN}


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (7000215, "client secret is wrong"),
        (7000222, "client secret has expired"),
        (700027, "certificate is not registered"),
        (7000218, "Allow public client flows"),
        (53003, "Conditional Access"),
        (65001, "consent"),
        (90002, "no such tenant"),
        (700016, "does not know the app"),
        (50011, "http://localhost"),
        (50020, "no member of the tenant"),
        (50105, "assign the user"),
    ],
)
def test_known_refusals_say_what_and_what_to_do(code: int, words: str) -> None:
    error = refusal({"error": "x", "error_codes": [code], "error_description": "text"}, "host", for_a_person=False)
    assert isinstance(error, SignInError)
    assert words in f"{error.what} {error.do}"
    assert str(code) in error.what
    assert error.do


def test_an_unknown_refusal_is_told_in_the_servers_first_line_made_harmless() -> None:
    answer = {
        "error": "invalid_request",
        "error_description": "AADSTS99999999: No\x1b[2J such thing. Trace ID: 1\r\nmore",
        "correlation_id": "c0ffee",
    }
    error = refusal(answer, "login.example", for_a_person=False)
    assert error.what == "login.example refuses the sign-in: AADSTS99999999: No such thing. [c0ffee]"


def test_what_a_person_can_mend_is_asked_of_one_with_its_challenge() -> None:
    answer = {"error": "interaction_required", "error_codes": [50076], "error_description": "", "claims": '{"a":1}'}
    asked = refusal(answer, "host", for_a_person=True)
    assert isinstance(asked, SignInNeeded)
    assert asked.claims == '{"a":1}'
    assert not isinstance(refusal(answer, "host", for_a_person=False), SignInNeeded)
    later = refusal({"error": "temporarily_unavailable"}, "host", for_a_person=True)
    assert isinstance(later, GraphUnreachable)


# --- threads ----------------------------------------------------------------------------------------------------------


async def test_a_thread_gives_what_its_work_gives() -> None:
    assert await in_daemon_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_daemon_thread(lambda: 1 // 0)


async def test_whoever_stops_waiting_is_free_at_once() -> None:
    go_on = threading.Event()
    waiting = asyncio.create_task(in_daemon_thread(lambda: go_on.wait(5)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()


def test_a_thread_that_outlives_the_loop_disturbs_nobody() -> None:
    go_on, ended = threading.Event(), threading.Event()

    async def leave() -> None:
        task = asyncio.create_task(in_daemon_thread(lambda: go_on.wait(5)))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    (thread,) = (each for each in threading.enumerate() if each.name == "sign-in")
    assert thread.daemon
    go_on.set()
    thread.join(5)
    ended.set()
    assert not thread.is_alive()


# --- HTTP -------------------------------------------------------------------------------------------------------------


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> HttpForMsal:
    return HttpForMsal(httpx.Client(transport=httpx.MockTransport(answer)))


def test_bytes_are_sent_as_the_text_they_are() -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={})

    given = answering(answer).post(AUTHORITY, data={"client_assertion": b"a.b.c"})
    assert sent == [b"client_assertion=a.b.c"]
    assert (given.status_code, given.text) == (200, "{}")


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, stream=httpx.ByteStream(b"x" * (http.MAX_BYTES + 1))),
        httpx.Response(
            200,
            headers={"Content-Encoding": "gzip"},
            stream=httpx.ByteStream(gzip.compress(b"x" * 50_000_000, 1)),
        ),
    ],
    ids=["long", "bomb"],
)
def test_an_answer_of_any_size_is_refused(response: httpx.Response) -> None:
    with pytest.raises(httpx.DecodingError):
        answering(lambda request: response).get(AUTHORITY)


def test_a_trickle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x"

    monkeypatch.setattr(http, "WHOLE_S", 0.02)
    with pytest.raises(httpx.ReadTimeout):
        answering(lambda request: httpx.Response(200, stream=Trickle())).get(AUTHORITY)


def test_closing_cuts_nothing_short_and_lets_nothing_begin() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        begun.set()
        go_on.wait(5)
        return httpx.Response(200, text="whole")

    client = answering(answer)
    got: list[str] = []
    asking = threading.Thread(target=lambda: got.append(client.get(AUTHORITY).text))
    asking.start()
    begun.wait(5)
    client.close()
    with pytest.raises(httpx.NetworkError):
        client.get(AUTHORITY)
    go_on.set()
    asking.join(5)
    assert got == ["whole"]
    assert client._http.is_closed


# --- a server that answers anything -----------------------------------------------------------------------------------


class Server:
    """Answers as `answers` says, by the last part of the path, and notes what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, httpx.Response | Exception] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        self.asked.append(name)
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx.Response(200, json=ADDRESSES[name])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    transport = httpx.MockTransport(made)
    monkeypatch.setattr(
        applications, "build_sign_in_client", lambda *_settings, **_more: httpx.Client(transport=transport)
    )
    return made


def signing_in(folder: Path, method: Any, clock: Callable[[], float] = time.time) -> SignIn:
    settings = SignInSettings(method=method, authority=AUTHORITY, client_id="app", secret_env="SECRET")
    return SignIn(
        settings,
        TransportSettings(graph_url="https://graph.example", authority=AUTHORITY),
        tokens_in=folder,
        profile="contoso",
        environ={"SECRET": "hush"},
        clock=clock,
        sleep=lambda _seconds: asyncio.sleep(0),
    )


def kept_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.tokens.json"))


STRANGE = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"text"',
    b"{}",
    b"[" * 100_000,
    b"\xff\xfe",
    b"<html>",
    json.dumps(dict.fromkeys((*DISCOVERY, *CODE, *TOKEN, "error"), 7)).encode(),
    json.dumps({name: [] for name in (*DISCOVERY, *CODE, *TOKEN)}).encode(),
    json.dumps({**TOKEN, "expires_in": "soon"}).encode(),
    json.dumps({**TOKEN, "id_token": "a.b", "client_info": 5}).encode(),
    json.dumps({**TOKEN, "access_token": "hush\nhush"}).encode(),
    json.dumps({**TOKEN, "expires_in": float("inf")}).encode(),
    json.dumps({"error": ["slow_down"], "error_codes": {}}).encode(),
    json.dumps({**CODE, "expires_in": 1e300, "interval": "now"}).encode(),
    json.dumps({**CODE, "verification_uri": "file:///etc/passwd"}).encode(),
]


@pytest.mark.parametrize("status", [200, 400, 401, 404, 407, 429, 500])
@pytest.mark.parametrize("address", list(ADDRESSES))
async def test_whatever_is_answered_the_error_has_words(
    server: Server, tmp_path: Path, address: str, status: int
) -> None:
    """Or there is a token, where an answer has one in spite of all."""
    for body in STRANGE:
        server.answers = {address: httpx.Response(status, content=body)}
        app, person = signing_in(tmp_path, "client-secret"), signing_in(tmp_path, "device-code")
        for asking in (app.token(), _within(person.sign_in(lambda step: None), server), person.token()):
            said = await _said(asking)
            assert said
            assert "hush" not in said
        assert address in server.asked
        server.asked.clear()
        await person.sign_out()


@pytest.mark.parametrize("token", ["hush\nhush", "hüsh", "hush hush", ""])
async def test_a_token_that_cannot_be_sent_is_not_sent_and_not_told(server: Server, tmp_path: Path, token: str) -> None:
    """An HTTP client would put it, whole, into the words of its error."""
    server.answers["token"] = httpx.Response(200, json={**TOKEN, "access_token": token})
    with pytest.raises(GraphUnreachable) as caught:
        await signing_in(tmp_path, "client-secret").token()
    assert "login.example" in caught.value.what
    assert "sh" not in caught.value.what + caught.value.do


async def test_an_address_that_cannot_be_asked_is_no_sign_in_servers(server: Server, tmp_path: Path) -> None:
    server.answers["openid-configuration"] = httpx.Response(200, json={**DISCOVERY, "token_endpoint": "https://l.e/\0"})
    with pytest.raises(GraphUnreachable, match=r"login\.example"):
        await signing_in(tmp_path, "client-secret").token()


async def test_a_server_that_asks_for_patience_does_not_end_a_sign_in(server: Server, tmp_path: Path) -> None:
    busy = {"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error has occurred."}
    server.answers["devicecode"] = httpx.Response(200, json={**CODE, "interval": 0})
    server.answers["token"] = httpx.Response(429, json=busy)
    steps: list[Any] = []

    def tell(step: Any) -> None:
        steps.append(step)
        if isinstance(step, Hindrance):
            server.answers.clear()

    account = await signing_in(tmp_path, "device-code").sign_in(tell)
    assert account.name
    assert any(isinstance(step, Hindrance) for step in steps)


async def test_a_cancelled_sign_in_keeps_nothing_though_the_tokens_are_written_much_later(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind another process that holds the lock."""
    writing, go_on, undone = threading.Event(), threading.Event(), threading.Event()
    adopt, put = KeptTokens.adopt, KeptTokens.put

    def slow(kept: KeptTokens, fresh: Any) -> Any:
        writing.set()
        go_on.wait(5)
        return adopt(kept, fresh)

    def told(kept: KeptTokens, content: Any) -> Any:
        before = put(kept, content)
        if not content:
            undone.set()
        return before

    monkeypatch.setattr(KeptTokens, "adopt", slow)
    monkeypatch.setattr(KeptTokens, "put", told)
    monkeypatch.setattr(sign_in_module, "_PUT_BACK_S", 0.01)
    server.answers["devicecode"] = httpx.Response(200, json={**CODE, "interval": 0})
    sign_in = signing_in(tmp_path, "device-code")
    signing = asyncio.create_task(sign_in.sign_in(lambda _step: None))
    await asyncio.to_thread(writing.wait, 5)
    signing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing
    go_on.set()
    assert await asyncio.to_thread(undone.wait, 5)
    with pytest.raises(SignInNeeded):
        await sign_in.token()
    assert not kept_files(tmp_path)


async def _said(asking: Awaitable[Any]) -> str:
    try:
        await asking
    except ConsoleError as error:
        return error.what and error.what + error.do
    return "nothing: it worked"


async def _within(signing: Any, server: Server) -> None:
    """End a sign-in that goes on asking, as a person would."""
    task = asyncio.ensure_future(signing)
    while not task.done():
        await asyncio.sleep(0.001)
        if server.asked.count("token") > 5:
            task.cancel()
    if not task.cancelled():
        await task


# --- how long a token is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "renew_in", "life"),
    [
        ({"expires_in": 3600}, 3300.0, 3600.0),
        ({"expires_in": 7200, "refresh_in": 3600}, 3600.0, 7200.0),
        ({"expires_in": 5000, "refresh_on": 1000 + 1400}, 1400.0, 5000.0),
        ({"expires_in": 2000, "refresh_on": 900}, 30.0, 2000.0),
        ({"expires_in": 100}, 50.0, 100.0),
        ({}, 0.0, 0.0),
    ],
)
def test_a_token_is_renewed_ahead_of_its_end(answer: dict[str, Any], renew_in: float, life: float) -> None:
    found = held({"access_token": "hush", **answer}, 1000.0)
    assert (found.renew_at - 1000.0, found.good_until - 1000.0) == (renew_in, life)
    assert "hush" not in repr(found)


async def test_a_silent_server_is_not_asked_before_every_request(server: Server, tmp_path: Path) -> None:
    now = 1_000_000.0
    sign_in = signing_in(tmp_path, "client-secret", lambda: now)
    assert await sign_in.token() == "t1"
    server.answers["token"] = httpx.ConnectError("nobody there")
    now += 3400
    assert sign_in._parts is not None
    sign_in._parts.silent._app.remove_tokens_for_client()
    server.asked.clear()
    assert [await sign_in.token() for _request in range(10)] == ["t1"] * 10
    assert server.asked.count("token") == 1
    now += 31
    assert await sign_in.token() == "t1"
    assert server.asked.count("token") == 2
    now += 200
    with pytest.raises(GraphUnreachable, match=r"login\.example"):
        await sign_in.token()
