"""B10: decoding with interning and sanitising against msgspec's Structs alone, on 100 pages of 1,000 devices.

`python tests/perf/bench_decode.py [pages]` prints one line of JSON: CPU time, both ways taken in turn, each page at its
best of several rounds; `longest_step_ms` is the longest time that the event loop was held.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from omconsole.graph import MANAGED_DEVICES

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7


class Floor(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The same fields without any meaning."""

    id: str
    device_name: str | None = None
    user_id: str | None = None
    user_principal_name: str | None = None
    operating_system: str | None = None
    os_version: str | None = None
    compliance_state: str | None = None
    compliance_grace_period_expiration_date_time: datetime | None = None
    last_sync_date_time: datetime | None = None
    enrolled_date_time: datetime | None = None
    managed_device_owner_type: str | None = None
    is_encrypted: bool | None = None
    jail_broken: str | None = None
    serial_number: str | None = None
    model: str | None = None


class FloorPage(msgspec.Struct):
    value: list[Floor]


FLOOR = msgspec.json.Decoder(FloorPage)


def page(index: int, chance: random.Random) -> bytes:
    def device(n: int) -> dict[str, object]:
        return {
            "id": f"{n:08x}-5b0c-4e1a-9d3f-{n:012x}",
            "deviceName": f"DESKTOP-{n:07d}",
            "userId": f"{n:08x}-0aa1-4c7e-8b2d-{n:012x}",
            "userPrincipalName": f"user.{n}@contoso.example",
            "operatingSystem": chance.choice(("Windows", "iOS", "macOS", "Android", "Linux")),
            "osVersion": f"10.0.{chance.randrange(19041, 19141)}.{chance.randrange(20)}",
            "complianceState": chance.choice(("compliant", "noncompliant", "inGracePeriod")),
            "complianceGracePeriodExpirationDateTime": "9999-12-31T23:59:59Z",
            "lastSyncDateTime": f"2025-11-22T09:{chance.randrange(60):02d}:05.{chance.randrange(10**7):07d}Z",
            "enrolledDateTime": "2024-03-04T05:06:07Z",
            "managedDeviceOwnerType": "company",
            "isEncrypted": True,
            "jailBroken": "Unknown",
            "serialNumber": f"5CG{n:08d}",
            "model": chance.choice(("Latitude 7440", "EliteBook 840 G9", "iPhone 15", "Pixel 8")),
        }

    rows = [device(index * 1000 + n) for n in range(1000)]
    return json.dumps(
        {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata", "value": rows}, separators=(",", ":")
    ).encode()


def taken_in(body: bytes) -> tuple[Any, float]:
    """Returns the batch and the longest step between two turns of the loop, in seconds."""
    decoding, longest = MANAGED_DEVICES.page(body), 0.0
    while True:
        began = time.perf_counter()
        try:
            decoding.send(None)
        except StopIteration as done:
            return done.value, max(longest, time.perf_counter() - began)
        longest = max(longest, time.perf_counter() - began)


def least(ways: dict[str, tuple[Callable[[bytes], object], list[bytes]]]) -> dict[str, float]:
    """Returns CPU seconds of each way over its pages, each page at its best of the rounds; all rows are kept."""
    best = {name: [float("inf")] * len(pages) for name, (_way, pages) in ways.items()}
    for _round in range(ROUNDS):
        for name, (way, pages) in ways.items():
            gc.collect()
            kept = []
            for index, body in enumerate(pages):
                began = time.process_time()
                kept.append(way(body))
                best[name][index] = min(best[name][index], time.process_time() - began)
            del kept
    return {name: sum(times) for name, times in best.items()}


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    chance = random.Random(7)
    plain = [page(index, chance) for index in range(count)]
    shapes = {
        "plain": plain,
        "umlauts": [body.replace(b"DESKTOP-", "BÜRO-".encode()) for body in plain],
        "one_bad_value_a_page": [body.replace(b'"isEncrypted":true', b'"isEncrypted":"yes"', 1) for body in plain],
    }
    figures: dict[str, Any] = {"bench": "decode", "budget": "B10", "rows": count * 1000, "ratio_at_most": 2.2}
    for name, pages in shapes.items():
        # The floor cannot read a bad value: it reads the plain pages then.
        floor = plain if name == "one_bad_value_a_page" else pages
        times = least({"floor": (FLOOR.decode, floor), "ours": (taken_in, pages)})
        figures[name] = {
            "floor_ms_a_page": round(times["floor"] / count * 1000, 3),
            "ours_ms_a_page": round(times["ours"] / count * 1000, 3),
            "ratio": round(times["ours"] / times["floor"], 2),
            "longest_step_ms": round(min(max(taken_in(body)[1] for body in pages) for _round in range(3)) * 1000, 2),
        }
    figures["ok"] = figures["plain"]["ratio"] <= 2.2 and figures["plain"]["longest_step_ms"] <= 8
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
