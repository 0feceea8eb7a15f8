"""A Graph client without a network: planned answers, a clock that sleeping moves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx

from omconsole.graph import Bounds, GraphClient, ReadyToken, TokenSource, Waiting

if TYPE_CHECKING:
    from omconsole.graph.budgets import Budgets

ROOT = "https://graph.example"
TOKEN = "secret-token-value"

Answer = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


class FakeTime:
    """Monotonic seconds that pass only in `sleep`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Planned(httpx.AsyncBaseTransport):
    """Answers requests from a list, then with the last answer again; remembers them with their times."""

    def __init__(self, time: FakeTime, *answers: Answer | httpx.Response | Exception) -> None:
        self.time = time
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.time.now)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        made = answer(request)
        return made if isinstance(made, httpx.Response) else await made


class Tenant:
    """A client over planned answers."""

    def __init__(
        self,
        *answers: Answer | httpx.Response | Exception,
        root: str = ROOT,
        tokens: TokenSource | None = None,
        budgets: Budgets | None = None,
        **bounds: Any,
    ) -> None:
        self.time = FakeTime()
        self.wire = Planned(self.time, *answers)
        self.waits: list[Waiting] = []
        self.tokens = tokens or ReadyToken(TOKEN)
        self.budgets = budgets
        self.root, self.bounds = root, Bounds(**bounds)
        self.client = self.built(self.time.sleep)

    def built(self, sleep: Callable[[float], Awaitable[None]]) -> GraphClient:
        return GraphClient(
            self.root,
            httpx.AsyncClient(transport=self.wire),
            self.tokens,
            clock=self.time.clock,
            sleep=sleep,
            random=lambda: 1.0,
            bounds=self.bounds,
            on_event=self.waits.append,
            budgets=self.budgets,
        )

    async def ask(self, path: str = "/things", *, workload: str = "devices", **more: Any) -> Any:
        reply = await self.client.get(path, workload=workload, **more)
        return json.loads(reply.body) if reply.body else None

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.wire.requests]


def ok(document: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(200, json={"value": []} if document is None else document, headers=headers)


def refused(status: int, message: str = "", code: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers=named)


__all__ = ["ROOT", "TOKEN", "FakeTime", "Planned", "Tenant", "ok", "refused"]
