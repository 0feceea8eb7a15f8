"""Servers that are silent, drip, lie about their length or refuse: over a real socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from omconsole.errors import GraphUnreachable
from omconsole.graph import Bounds, GraphClient, ReadyToken, Round, TransportSettings, build_client

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@asynccontextmanager
async def asking(serve: Serve, deadline_s: float) -> AsyncIterator[GraphClient]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await serve(reader, writer)
        except ConnectionError:
            pass  # the client has gone, as it should
        finally:
            writer.close()

    async def no_wait(_seconds: float) -> None:
        await asyncio.sleep(0)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with build_client(TransportSettings(graph_url=root)) as http:
        yield GraphClient(root, http, ReadyToken("t"), sleep=no_wait, bounds=Bounds(deadline_s=deadline_s))
    server.close()
    await server.wait_closed()


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dripping(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 10_000)
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def cut_off(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD % 10_000 + b'{"value": [')
    await writer.drain()


@pytest.mark.parametrize("serve", [silent, dripping])
async def test_s24_the_deadline_ends_a_request_that_never_ends(serve: Serve) -> None:
    async with asking(serve, deadline_s=0.15) as client:
        began = time.monotonic()
        with pytest.raises(GraphUnreachable):
            await client.get("/things", workload="devices")
        assert time.monotonic() - began < 2


async def test_s24_a_cut_answer_is_unreachable_after_three_tries() -> None:
    async with asking(cut_off, deadline_s=10) as client:
        budget = Round()
        with pytest.raises(GraphUnreachable):
            await client.get("/things", workload="devices", in_round=budget)
        assert budget.requests == 3


async def test_a_request_under_way_is_cancelled_at_once() -> None:
    arrived = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()

    async with asking(serve, deadline_s=30) as client:
        request = asyncio.create_task(client.get("/things", workload="devices"))
        await arrived.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request


async def test_nobody_listening_is_unreachable_in_words() -> None:
    async with build_client(TransportSettings(graph_url="http://127.0.0.1:1")) as http:
        client = GraphClient("http://127.0.0.1:1", http, ReadyToken("t"), sleep=_no_wait)
        with pytest.raises(GraphUnreachable) as told:
            await client.get("/things", workload="devices")
    assert "127.0.0.1" in told.value.what
    assert "graph_url" in told.value.do


async def _no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)
