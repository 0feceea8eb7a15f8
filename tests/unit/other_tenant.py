"""The simulated tenant with other habits than its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Habit = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response] | None]


class OtherTenant(httpx.AsyncBaseTransport):
    """The simulated tenant, but for the requests that `answer` answers; remembers what was asked."""

    def __init__(self, app: Any, answer: Habit = lambda _request: None) -> None:
        self.inner = httpx.ASGITransport(app=app)
        self._answer = answer
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        other = self._answer(request)
        if other is None:
            return await self.inner.handle_async_request(request)
        return other if isinstance(other, httpx.Response) else await other
