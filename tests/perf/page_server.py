"""A list of devices in pages, over HTTP: `python -m tests.perf.page_server PAGES ROWS DELAY_S`; prints its address.

The pages are made and compressed before the first request; there are four lists beside each other, as four sources
would have, `/v1.0/list0?page=N` to `list3`. `DELAY_S` is the time that the server thinks.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import sys
from typing import TYPE_CHECKING, Final

from tests.perf.bench_decode import page

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

LISTS: Final = 4
_ASKED: Final = re.compile(rb"GET /v1\.0/list(\d)(?:\?page=(\d+))? ")


async def serve(pages: int, rows: int, delay_s: float) -> None:
    """Serve until killed."""
    import random

    bodies: dict[tuple[int, int], bytes] = {}

    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        while head := await _head(reader):
            found = _ASKED.match(head)
            if found is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                continue
            if delay_s:
                await asyncio.sleep(delay_s)
            body = bodies[int(found[1]), int(found[2] or 0)]
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    chance = random.Random(1)
    for list_ in range(LISTS):
        for index in range(pages):
            written = page(list_ * pages + index, chance)
            link = f'{{"@odata.nextLink":"{root}/v1.0/list{list_}?page={index + 1}",'.encode()
            bodies[list_, index] = gzip.compress(written if index + 1 == pages else link + written[1:], 6)
    sys.stdout.write(f"{root}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _head(reader: StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
