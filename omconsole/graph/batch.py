"""Several requests in one: `$batch`, each part judged and repeated on its own (graph.md §15)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from omconsole.errors import GraphError, GraphRejected, GraphThrottled
from omconsole.graph.addresses import request_path
from omconsole.graph.batch_answers import Answer, answers_in, part_judged
from omconsole.graph.budgets import Need
from omconsole.graph.request import REPORT_HEADERS
from omconsole.graph.throttling import Round
from omconsole.graph.trouble import Denial, Setback
from omconsole.request_log import RequestLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from omconsole.graph.answers import Reply
    from omconsole.graph.request import GraphClient

PARTS_AT_MOST: Final = 20
_UNKNOWN: Final = frozenset((400, 404, 405, 501))
"""Of the batch itself: this server has none."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a batch; what a `GraphClient` takes for `get`, or with `content` for `post`."""

    path: str
    workload: str | None = None
    """The batch's without."""
    ids: Mapping[str, str] | None = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    content: bytes | None = None
    """The JSON that a report action is sent."""


async def batch(
    client: GraphClient,
    parts: Sequence[Part],
    *,
    workload: str,
    version: str = "v1.0",
    in_round: Round | None = None,
) -> list[Reply | GraphError]:
    """Returns the answer to each part in the order of the parts, or the error in its place.

    More than 20 parts are sent in several batches. A part that Graph throttles waits for itself, with its workload;
    one that fails on the server is asked again. Links in answers are absolute, for `GraphClient.get_url`. Where the
    server knows no batch, each part is asked alone, and so are those of every later batch of the client.

    Args:
        client: sends the batches.
        parts: all of this version, and independent of each other.
        workload: of parts that name none.
        version: `v1.0` or `beta`; a batch cannot mix them.
        in_round: whose waiting time and counters these are.

    Raises:
        SignInError: the token is refused.
        UsageError: an id cannot be sent.
    """
    turn = in_round or Round()
    asked = [_Asked(client, part, version, part.workload or workload) for part in parts]
    at = client.pacing.clock()
    while waiting := [each for each in asked if each.outcome is None]:
        if version in client.without_batch:
            await _alone(client, waiting, turn)
            break
        at = max(at, client.pacing.clock())
        sent = _ready(client, waiting, at)
        if sent:
            await _send(client, sent, waiting, version, turn)
        else:
            at = await _wait(client, waiting, turn, at)
    return [each.answer() for each in asked]


class _Asked:
    """One part, and how far it has come."""

    def __init__(self, client: GraphClient, part: Part, version: str, workload: str) -> None:
        self.part = part
        self.version = version
        self.method = "GET" if part.content is None else "POST"
        self.path = request_path(part.path, ids=part.ids, params=part.params)
        self.url = client.url_of(part.path, version=version, ids=part.ids, params=part.params)
        self.need = Need(workload, write=part.content is not None)
        self.failures = self.throttled = 0
        self.setback: Setback | None = None
        """What the last batch came to for it, when that may be repeated."""
        self.outcome: Reply | GraphError | None = None

    def written(self, id_: str) -> dict[str, Any]:
        """The part as a batch holds it."""
        request: dict[str, Any] = {"id": id_, "method": self.method, "url": self.path}
        headers = {**(REPORT_HEADERS if self.part.content is not None else {}), **(self.part.headers or {})}
        if headers:
            request["headers"] = headers
        if self.part.content is not None:
            request["body"] = msgspec.Raw(self.part.content)
        return request

    def answer(self) -> Reply | GraphError:
        assert self.outcome is not None
        return self.outcome


def _ready(client: GraphClient, waiting: Iterable[_Asked], at: float) -> list[_Asked]:
    """The first parts that may be sent together now."""
    ready: list[_Asked] = []
    for each in waiting:
        if len(ready) == PARTS_AT_MOST:
            break
        if client.pacing.full(_needs([*ready, each]), at) is None:
            ready.append(each)
    return ready


def _needs(asked: Iterable[_Asked]) -> list[Need]:
    counts = Counter((each.need.workload, each.need.write) for each in asked)
    return [Need(workload, write, count) for (workload, write), count in counts.items()]


async def _wait(client: GraphClient, waiting: list[_Asked], turn: Round, at: float) -> float:
    """Waits until some part may be sent; those that would have to wait for too long are given up."""

    def until(each: _Asked) -> float:
        full = client.pacing.full([each.need], at)
        return full.until if full else at

    first = min(waiting, key=until)
    try:
        return await client.pacing.clear([first.need], turn)
    except GraphThrottled as error:
        for each in waiting:
            if each.need == first.need:
                each.outcome = error
        return at


async def _send(client: GraphClient, sent: list[_Asked], waiting: list[_Asked], version: str, turn: Round) -> None:
    requests = [each.written(str(number)) for number, each in enumerate(sent, 1)]
    content = msgspec.json.encode({"requests": requests})
    try:
        reply = await client.post(
            "/$batch", content, workload=sent[0].need.workload, version=version, in_round=turn, needs=_needs(sent)
        )
        answers = answers_in(reply.body)
    except GraphError as error:
        if isinstance(error, GraphRejected) and error.status in _UNKNOWN:
            client.without_batch.add(version)
            return
        for each in sent if isinstance(error, GraphThrottled) else waiting:
            each.outcome = error
        return
    for number, each in enumerate(sent, 1):
        await _take(client, each, answers.get(str(number)), reply, turn)
    await _pause(client, [each for each in sent if each.setback is not None and each.outcome is None], turn)


async def _take(client: GraphClient, each: _Asked, answer: Answer | None, reply: Reply, turn: Round) -> None:
    each.setback = None
    if answer is not None:
        _log(each, answer, reply)
    try:
        outcome = part_judged(answer, each.url, reply)
    except GraphError as error:
        each.outcome = error
        return
    if isinstance(outcome, Denial):  # alone it gets another token, and the words for having none
        each.outcome = await _one(client, each, turn)
    elif not isinstance(outcome, Setback):
        each.outcome = outcome
    elif outcome.throttled:
        each.throttled += 1
        client.pacing.hold_back(each.need.workload, client.delay(outcome, each.throttled))
        if each.throttled >= client.bounds.throttled_tries:
            each.outcome = client.pacing.held_back(each.need.workload)
    else:
        each.failures += 1
        each.setback = outcome
        if each.failures >= client.bounds.tries:
            each.outcome = outcome.error


async def _pause(client: GraphClient, failed: list[_Asked], turn: Round) -> None:
    """Waits once for all parts that failed on the server."""
    if not failed:
        return
    worst = max(failed, key=lambda each: each.failures)
    assert worst.setback is not None
    try:
        await client.pause(worst.setback, worst.need.workload, turn, worst.failures)
    except GraphError:
        for each in failed:
            each.outcome = each.setback.error if each.setback else None


async def _alone(client: GraphClient, waiting: list[_Asked], turn: Round) -> None:
    found = await asyncio.gather(*(_one(client, each, turn) for each in waiting), return_exceptions=True)
    for each, outcome in zip(waiting, found, strict=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, GraphError):
            raise outcome
        each.outcome = outcome


async def _one(client: GraphClient, each: _Asked, turn: Round) -> Reply | GraphError:
    part, workload = each.part, each.need.workload
    try:
        if part.content is None:
            return await client.get_url(each.url, workload=workload, headers=part.headers, in_round=turn)
        return await client.post(part.path, part.content, workload=workload, version=each.version, in_round=turn)
    except GraphError as error:
        return error


def _log(each: _Asked, answer: Answer, reply: Reply) -> None:
    tries = 1 + each.failures + each.throttled
    path = f"/{each.version}/$batch{each.path}"
    line = RequestLine(each.method, path, each.need.workload, tries, reply.client_request_id)
    line.status, line.wire_bytes, line.request_id = answer.code, len(answer.content), answer.request_id
    line.write(0.0)
