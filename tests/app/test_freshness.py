"""What the first line says of all sources together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from omconsole.domain.health import SourceHealth
from omconsole.domain.kinds import sources_of
from omconsole.domain.snapshot import Snapshot
from omconsole.screens import summary
from omconsole.screens.reading import Reading

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)


def health(name: str, **changes: Any) -> SourceHealth:
    read = NOW - timedelta(minutes=2)
    return replace(SourceHealth(name=name, interval_s=900, status="ok", since=read, last_ok=read), **changes)


def reading(*sources: SourceHealth) -> Reading:
    return Reading(NOW, UTC, Snapshot(tenant="contoso", at=NOW, seq=0, sources=sources))


NEVER = {"status": "forbidden", "last_ok": None}


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ((health("devices"), health("apps")), "all fresh"),
        ((health("devices"), health("security", **NEVER)), "all fresh, 1 source not permitted"),
        ((health("devices"), health("security", status="forbidden")), "not permitted: Defender alerts"),
        ((health("devices", **NEVER), health("security", **NEVER)), "not permitted: devices, Defender alerts"),
        ((health("devices", status="failed"), health("security", **NEVER)), "failed since 09:39: devices"),
    ],
    ids=["well", "never permitted", "no longer permitted", "nothing permitted", "failing"],
)
def test_what_was_never_permitted_is_said_and_is_no_trouble(sources: tuple[SourceHealth, ...], said: str) -> None:
    assert summary.freshness(reading(*sources)) == said


def test_a_pane_knows_every_source_of_its_items() -> None:
    assert sources_of("alerts") == ("malware", "service", "connectors", "security", "subscription")
    assert set(sources_of("issues")) >= {"devices", "policies", "apps", "users", "osupdates", "defender", "compliance"}
    assert "rule" not in sources_of("issues")
