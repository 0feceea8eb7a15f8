"""The one function that sends requests to Graph: right origin, within bounds, patient as Graph asks."""

from __future__ import annotations

import asyncio
import random as _random
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import httpx
import msgspec

from omconsole.errors import GraphProtocolError
from omconsole.graph.addresses import check_link, check_root, request_url
from omconsole.graph.answers import Reply, TruncatedBody, check_is_json, read_body
from omconsole.graph.budgets import Budgets, Need
from omconsole.graph.challenges import Credential
from omconsole.graph.pacing import Pacing
from omconsole.graph.throttling import Round, Waiting, back_off, http_date
from omconsole.graph.trouble import Denial, Setback, judged, redirected, too_slow, unreachable
from omconsole.i18n import _
from omconsole.request_log import RequestLine, logged
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from omconsole.graph.tokens import TokenSource

_ERROR_BODY: Final = 262_144
REPORT_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/octet-stream, application/json"}
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
    """What is sent, at each try anew, and what it counts as."""

    method: str
    url: str
    headers: Mapping[str, str]
    needs: Sequence[Need]
    content: bytes | None = None

    @property
    def workload(self) -> str:
        return self.needs[0].workload


class GraphClient:
    """Sends requests that read, GET and report actions, to one Graph root, at most `max_in_flight` at a time.

    A 429 holds back every request of the same workload until the time that Graph names; more requests than a
    workload's budget wait, too. A client serves one event loop; its `http` is closed by whoever made it.

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
        budgets: how much each workload is asked; those of `budgets.BUDGETS` without.
        wall: now, aware; compared with the Date of each answer.
        first_look_s: after which an ordered report is first asked for; later looks become rarer (graph.md §14).
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
        budgets: Budgets | None = None,
        wall: Callable[[], datetime] | None = None,
        first_look_s: float = 2.0,
    ) -> None:
        self.root = check_root(root)
        self.bounds = bounds
        self.pacing = Pacing(clock, sleep, budgets or Budgets(), on_event)
        """When each workload may be asked."""
        self.http = http
        """Carries no token by itself."""
        self.without_batch: set[str] = set()
        """Versions that do not know `$batch`."""
        self.without_export: set[str] = set()
        """Reports that the tenant did not export when it was asked to, by `reportName`."""
        self.clock_error_s = 0.0
        """How far Graph's clock is ahead of this machine's, by the last answer's Date; 0 without `wall`."""
        self.first_look_s = first_look_s
        self._wall = wall
        self._tokens = tokens
        self._random = random
        self._in_flight = asyncio.Semaphore(max_in_flight)

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
        return await self._ask(_Question("GET", url, headers or {}, [Need(workload)]), in_round or Round())

    async def post(
        self,
        path: str,
        content: bytes,
        *,
        workload: str,
        version: str = "v1.0",
        in_round: Round | None = None,
        needs: Sequence[Need] | None = None,
    ) -> Reply:
        """Returns the answer to a POST that only reads, such as a report action: it may be sent again like a GET.

        Args:
            path: below the version.
            content: the JSON that is sent.
            workload: as for `get`, like the rest.
            needs: what it counts as; one write without.

        Raises:
            GraphError, SignInError: as for `get`.
        """
        counts = needs or [Need(workload, write=True)]
        question = _Question("POST", self.url_of(path, version=version), REPORT_HEADERS, counts, content)
        return await self._ask(question, in_round or Round())

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
        return await self._ask(_Question("GET", url, headers or {}, [Need(workload)]), in_round or Round())

    def delay(self, setback: Setback, times: int) -> float:
        """Returns the seconds until another try after so many setbacks: Graph's own time, else longer each time."""
        return setback.asked_s or back_off(times, self._random)

    async def _ask(self, question: _Question, turn: Round) -> Reply:
        failures = throttled = tries = 0
        time_left = self.bounds.deadline_s
        credential = Credential(self._tokens)
        loop = asyncio.get_running_loop()
        while True:
            cleared = await self.pacing.clear(question.needs, turn)
            async with self._in_flight:
                if not self.pacing.take(question.needs, cleared):
                    continue
                began, tries = loop.time(), tries + 1
                outcome = await self._attempt(question, await credential.token(), turn, time_left, tries)
                time_left -= loop.time() - began
            if isinstance(outcome, Reply):
                return outcome
            if isinstance(outcome, Denial):
                credential.deny(outcome.error, outcome.claims)
            elif outcome.throttled:
                throttled += 1
                self._note_throttling(outcome, question, throttled)
            else:
                failures += 1
                await self.pause(outcome, question.workload, turn, failures)

    def _note_throttling(self, setback: Setback, question: _Question, times: int) -> None:
        delay = self.delay(setback, times)
        for need in question.needs:
            self.pacing.hold_back(need.workload, delay)
        if times >= self.bounds.throttled_tries:
            raise self.pacing.held_back(question.workload)

    async def pause(self, setback: Setback, workload: str, turn: Round, failures: int) -> None:
        """Waits before another try after something went wrong on the way.

        Raises:
            GraphError: the setback's, after too many failures or when the round waits no longer.
        """
        now = self.pacing.clock()
        delay = self.delay(setback, failures)
        if failures >= self.bounds.tries or not turn.grant(now, now + delay):
            raise setback.error
        await self.pacing.wait(delay, workload, "retry")

    async def _attempt(
        self, question: _Question, token: str, turn: Round, time_left: float, tries: int
    ) -> Reply | Setback | Denial:
        request_id = str(uuid.uuid4())
        try:
            request = self.http.build_request(
                question.method,
                question.url,
                headers={**question.headers, "Authorization": f"Bearer {token}", "client-request-id": request_id},
                content=question.content,
            )
            with logged(question.method, request.url.path, question.workload, tries, request_id) as line:
                async with asyncio.timeout(time_left):
                    return await self._exchange(request, line, turn)
        except TimeoutError:
            raise too_slow(request.url.host, self.bounds.deadline_s) from None
        except (httpx.TransportError, TruncatedBody) as error:
            return Setback(unreachable(request.url.host, error))
        except httpx.InvalidURL:
            raise GraphProtocolError(
                _("The address {url} cannot be asked.").format(url=sanitize(question.url, 120))
            ) from None

    def _compare_clocks(self, date: str | None) -> None:
        theirs = http_date(date)
        if self._wall is not None and theirs is not None:
            self.clock_error_s = (theirs - self._wall()).total_seconds()

    async def _exchange(self, request: httpx.Request, line: RequestLine, turn: Round) -> Reply | Setback | Denial:
        turn.requests += 1
        response = await self.http.send(request, stream=True, follow_redirects=False)
        line.status = response.status_code
        self._compare_clocks(response.headers.get("date"))
        line.request_id = sanitize(response.headers.get("request-id", ""), 80)
        try:
            if response.is_redirect or 300 <= response.status_code < 400:
                raise redirected(response.url, response.headers.get("location", ""))
            if not response.is_success:
                return judged(response.status_code, response.headers, await read_body(response, _ERROR_BODY, cut=True))
            body = await read_body(response, self.bounds.body_bytes)
            turn.decoded_bytes += len(body)
        finally:
            line.wire_bytes = response.num_bytes_downloaded
            turn.wire_bytes += line.wire_bytes
            await response.aclose()
        check_is_json(response.headers, response.url.host, body)
        return Reply(
            status=response.status_code,
            body=body,
            url=str(request.url),
            client_request_id=line.client_request_id,
            request_id=line.request_id,
            wire_bytes=line.wire_bytes,
            date=response.headers.get("date", ""),
        )
