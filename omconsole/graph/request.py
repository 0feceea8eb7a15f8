"""The one function that sends requests to Graph: right origin, within bounds, patient as Graph asks."""

from __future__ import annotations

import asyncio
import math
import random as _random
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from omconsole.errors import (
    GraphError,
    GraphForbidden,
    GraphProtocolError,
    GraphRejected,
    GraphThrottled,
    GraphUnreachable,
    SignInError,
)
from omconsole.graph.addresses import check_link, check_root, request_url
from omconsole.graph.answers import Reply, TruncatedBody, check_is_json, proxy_advice, read_body
from omconsole.graph.refusals import Refusal, read_refusal
from omconsole.graph.throttling import Round, Waiting, back_off, seconds_asked
from omconsole.i18n import _
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from omconsole.graph.tokens import TokenSource

_ERROR_BODY: Final = 262_144
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/octet-stream, application/json"}
"""What a report action is sent with: its answer is JSON by the name of application/octet-stream."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may cost."""

    body_bytes: int = 64 * 1024 * 1024
    """Decoded."""
    deadline_s: float = 60.0
    """Wall-clock time of all tries together, waits not counted."""
    tries: int = 3
    """After failed connections and 5xx."""
    throttled_tries: int = 10
    """After 429, and 503 or 504 with a waiting time."""


class _Question(msgspec.Struct, frozen=True):
    """What is sent, at each try anew."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None


class _Setback(msgspec.Struct, frozen=True):
    """A try that failed and may be repeated."""

    error: GraphError
    throttled: bool = False
    asked_s: float | None = None


class GraphClient:
    """Sends requests that read, GET and report actions, to one Graph root, at most `max_in_flight` at a time.

    A 429 holds back every request of the same workload until the time that Graph names. A client serves one event
    loop; its `http` is closed by whoever made it.

    Args:
        root: the root without a version; see `check_root`.
        http: from `build_client`.
        tokens: asked before each try.
        clock: monotonic seconds.
        sleep: waits for seconds.
        random: a number from 0 to 1, for jitter.
        max_in_flight: requests at the same time.
        bounds: of each request.
        on_event: told of every wait.
    """

    def __init__(  # noqa: PLR0913 - what a test replaces is named one by one
        self,
        root: str,
        http: httpx.AsyncClient,
        tokens: TokenSource,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = _random.random,
        max_in_flight: int = 4,
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        on_event: Callable[[Waiting], None] | None = None,
    ) -> None:
        self.root = check_root(root)
        self._http = http
        self._tokens = tokens
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._in_flight = asyncio.Semaphore(max_in_flight)
        self._bounds = bounds
        self._on_event = on_event
        self._not_before: dict[str, float] = {}

    async def get(
        self,
        path: str,
        *,
        workload: str,
        version: str = "v1.0",
        ids: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        in_round: Round | None = None,
    ) -> Reply:
        """Returns the answer to a GET below the root.

        Args:
            path: with `{name}` for each id: `/deviceManagement/managedDevices/{id}`.
            workload: what shares a throttling limit, for example `devices`.
            version: `v1.0` or `beta`.
            ids: raw ids by the names in the path.
            params: query options, not yet encoded.
            headers: further ones, for example Prefer.
            in_round: whose waiting time and counters these are; a round of its own without.

        Raises:
            GraphError: one of its kinds, when there is no good answer.
            SignInError: the token is refused.
        """
        url = self.url_of(path, version=version, ids=ids, params=params)
        return await self._ask(_Question("GET", url, headers or {}), workload, in_round or Round())

    async def post(
        self,
        path: str,
        content: bytes,
        *,
        workload: str,
        version: str = "v1.0",
        in_round: Round | None = None,
    ) -> Reply:
        """Returns the answer to a POST that only reads, such as a report action: it may be sent again like a GET.

        Args:
            path: below the version.
            content: the JSON that is sent.
            workload: as for `get`, like the rest.

        Raises:
            GraphError, SignInError: as for `get`.
        """
        question = _Question("POST", self.url_of(path, version=version), _JSON, content)
        return await self._ask(question, workload, in_round or Round())

    def url_of(
        self,
        path: str,
        *,
        version: str = "v1.0",
        ids: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> str:
        """Returns the address that `get` asks."""
        return request_url(self.root, version, path, ids=ids, params=params)

    async def get_url(
        self,
        absolute_url: str,
        *,
        workload: str,
        headers: Mapping[str, str] | None = None,
        in_round: Round | None = None,
    ) -> Reply:
        """Returns the answer to a GET of a link that Graph handed out; a link outside the root is refused unasked."""
        url = check_link(absolute_url, self.root)
        return await self._ask(_Question("GET", url, headers or {}), workload, in_round or Round())

    async def _ask(self, question: _Question, workload: str, turn: Round) -> Reply:
        failures = throttled = 0
        time_left = self._bounds.deadline_s
        loop = asyncio.get_running_loop()
        while True:
            cleared = await self._hold_back(workload, turn)
            async with self._in_flight:
                if self._not_before.get(workload, -math.inf) > cleared:
                    continue
                began = loop.time()
                outcome = await self._attempt(question, turn, time_left)
                time_left -= loop.time() - began
            if isinstance(outcome, Reply):
                return outcome
            if outcome.throttled:
                throttled += 1
                self._note_throttling(outcome, workload, throttled)
            else:
                failures += 1
                await self._pause(outcome, workload, turn, failures)

    async def _hold_back(self, workload: str, turn: Round) -> float:
        """Waits until the workload may be asked, and returns the time that it waited for."""
        while True:
            until = self._not_before.get(workload, -math.inf)
            now = self._clock()
            if until <= now:
                return until
            if not turn.grant(now, until):
                raise throttled_until(until - now, workload)
            await self._wait(until - now, workload, throttled=True)
            if self._not_before[workload] <= until:
                return until

    def _note_throttling(self, setback: _Setback, workload: str, times: int) -> None:
        delay = setback.asked_s or back_off(times, self._random)
        until = max(self._not_before.get(workload, -math.inf), self._clock() + delay)
        self._not_before[workload] = until
        if times >= self._bounds.throttled_tries:
            raise throttled_until(until - self._clock(), workload)

    async def _pause(self, setback: _Setback, workload: str, turn: Round, failures: int) -> None:
        now = self._clock()
        delay = back_off(failures, self._random)
        if failures >= self._bounds.tries or not turn.grant(now, now + delay):
            raise setback.error
        await self._wait(delay, workload, throttled=False)

    async def _wait(self, seconds: float, workload: str, *, throttled: bool) -> None:
        if self._on_event is not None:
            self._on_event(Waiting(workload, seconds, "throttled" if throttled else "retry"))
        await self._sleep(seconds)

    async def _attempt(self, question: _Question, turn: Round, time_left: float) -> Reply | _Setback:
        token = await self._tokens.token()
        request_id = str(uuid.uuid4())
        request = self._http.build_request(
            question.method,
            question.url,
            headers={**question.headers, "Authorization": f"Bearer {token}", "client-request-id": request_id},
            content=question.content,
        )
        host = request.url.host
        try:
            async with asyncio.timeout(time_left):
                return await self._exchange(request, request_id, turn)
        except TimeoutError:
            raise GraphUnreachable(
                _("{host} did not answer completely within {seconds} s.").format(
                    host=host, seconds=round(self._bounds.deadline_s)
                ),
                _("Check the connection; the next poll asks again."),
            ) from None
        except (httpx.TransportError, TruncatedBody) as error:
            return _Setback(_unreachable(host, error))
        except httpx.InvalidURL:
            raise GraphProtocolError(
                _("The address {url} cannot be asked.").format(url=sanitize(question.url, 120))
            ) from None

    async def _exchange(self, request: httpx.Request, request_id: str, turn: Round) -> Reply | _Setback:
        turn.requests += 1
        response = await self._http.send(request, stream=True, follow_redirects=False)
        try:
            if response.is_redirect or 300 <= response.status_code < 400:
                raise _redirected(response)
            if not response.is_success:
                return _setback(response, await read_body(response, _ERROR_BODY, cut=True))
            body = await read_body(response, self._bounds.body_bytes)
            turn.decoded_bytes += len(body)
        finally:
            turn.wire_bytes += response.num_bytes_downloaded
            await response.aclose()
        check_is_json(response, body)
        return Reply(
            status=response.status_code,
            body=body,
            url=str(request.url),
            client_request_id=request_id,
            request_id=sanitize(response.headers.get("request-id", ""), 80),
            wire_bytes=response.num_bytes_downloaded,
        )


def throttled_until(seconds: float, workload: str) -> GraphThrottled:
    """Returns the error for a workload that may not be asked for so many seconds."""
    return GraphThrottled(
        _("Microsoft Graph asks to wait {seconds} s before the next request for {workload}.").format(
            seconds=math.ceil(seconds), workload=workload
        ),
        _("Nothing is asked before that; the program asks again by itself."),
        retry_after_s=seconds,
    )


def _setback(response: httpx.Response, body: bytes) -> _Setback:
    """Returns what may be tried again, and raises what may not."""
    status = response.status_code
    refusal = read_refusal(body)
    error = _refused(response, refusal, body)
    headers = response.headers
    asked = seconds_asked(headers.get("retry-after"), headers.get("date")) or seconds_asked(
        refusal.retry_after, headers.get("date")
    )
    if status == 429 or (status in {503, 504} and asked):
        return _Setback(GraphThrottled(error.what), throttled=True, asked_s=asked)
    if status in {500, 502, 503, 504} and isinstance(error, GraphError):
        return _Setback(error)
    raise error


def _refused(response: httpx.Response, refusal: Refusal, body: bytes) -> GraphError | SignInError:
    status = response.status_code
    said = refusal.message or refusal.code or f"HTTP {status}"
    if status == 401:
        return SignInError(
            _("Microsoft Graph does not accept the token: {reason}").format(reason=said),
            _('Sign in again; with auth = "token", put a fresh token into OMCONSOLE_TOKEN.'),
        )
    if status == 407 or (status == 403 and body.lstrip()[:1] == b"<"):
        return GraphProtocolError(
            _("A proxy refuses the request: HTTP {status}.").format(status=status),
            _("Check the proxy settings and what the proxy wants for signing in."),
        )
    if status == 403:
        needs = ", ".join(refusal.scopes)
        return GraphForbidden(
            _("Microsoft Graph refuses access: {reason}").format(reason=said),
            _("One of these permissions is needed: {permissions}").format(permissions=needs)
            if needs
            else _("Check the permissions of the app and the role of the signed-in user."),
            needs=refusal.scopes,
        )
    what = _("Microsoft Graph answered with an error (HTTP {status}): {reason}").format(status=status, reason=said)
    do = _("The next poll asks again.") if status >= 500 else ""
    return GraphRejected(what, do, status=status, code=refusal.code)


def _redirected(response: httpx.Response) -> GraphProtocolError:
    try:
        target = response.url.join(response.headers.get("location", "")).host
    except (httpx.InvalidURL, UnicodeError):
        target = ""
    return GraphProtocolError(
        _("{host} redirects to {target}; Microsoft Graph does not do that. It was not followed.").format(
            host=sanitize(response.url.host, 120), target=sanitize(target, 120) or "?"
        ),
        proxy_advice(),
    )


def _unreachable(host: str, error: Exception) -> GraphUnreachable:
    if isinstance(error, httpx.ProxyError):
        return GraphUnreachable(
            _("The proxy did not connect to {host}: {reason}").format(host=host, reason=sanitize(error, 200)),
            _("Check the settings of the proxy."),
        )
    if isinstance(error, httpx.TimeoutException):
        return GraphUnreachable(
            _("{host} is silent.").format(host=host), _("Check the connection; the next poll asks again.")
        )
    reason = sanitize(error, 200) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return GraphUnreachable(
            _("The certificate of {host} is not trusted: {reason}").format(host=host, reason=reason),
            _("If a proxy opens encrypted connections, set ca_file to its certificates."),
        )
    return GraphUnreachable(
        _("{host} cannot be reached: {reason}").format(host=host, reason=reason),
        _("Check the connection, graph_url and the proxy; the next poll asks again."),
    )
