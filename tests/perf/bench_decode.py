"""B10: decoding with interning and sanitising against msgspec's Structs alone, on 100 pages of 1,000 devices.

Run by hand: `python tests/perf/bench_decode.py [pages]`. Prints JSON; times are the least of the rounds, CPU time,
both ways taken in turn. `step_ms` is the longest time that the event loop was held.
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


def least(ways: dict[str, Callable[[bytes], object]], pages: list[bytes]) -> dict[str, float]:
    best = dict.fromkeys(ways, float("inf"))
    for _round in range(ROUNDS):
        for name, way in ways.items():
            gc.collect()
            began = time.process_time()
            kept = [way(body) for body in pages]
            best[name] = min(best[name], time.process_time() - began)
            del kept
    return best


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    chance = random.Random(7)
    plain = [page(index, chance) for index in range(count)]
    shapes = {
        "plain": plain,
        "umlauts": [body.replace(b"DESKTOP-", "BÜRO-".encode()) for body in plain],
        "one_bad_value_a_page": [body.replace(b'"isEncrypted":true', b'"isEncrypted":"yes"', 1) for body in plain],
    }
    figures: dict[str, object] = {"pages": count, "rows": count * 1000, "budget": 2.2, "budget_step_ms": 8}
    for name, pages in shapes.items():
        # The floor reads the plain pages: a bad value would end it.
        times = least({"ours": taken_in}, pages) | least({"floor": FLOOR.decode}, plain)
        both = least({"floor": FLOOR.decode, "ours": taken_in}, pages) if name != "one_bad_value_a_page" else times
        figures[name] = {
            "floor_ms_a_page": round(both["floor"] / count * 1000, 3),
            "ours_ms_a_page": round(both["ours"] / count * 1000, 3),
            "ratio": round(both["ours"] / both["floor"], 2),
            "step_ms": round(min(max(taken_in(body)[1] for body in pages) for _round in range(3)) * 1000, 2),
        }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
