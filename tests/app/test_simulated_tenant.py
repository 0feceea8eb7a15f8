"""The whole way over a real socket: every planted problem arrives, and an outage loses and clears nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from omconsole.graph import GraphClient
from omconsole.simulator.world import World
from tests.command_line import CommandLine, Ran
from tests.simulated_tenant import TOKEN, SimulatedTenant, profile

if TYPE_CHECKING:
    from pathlib import Path

DEVICES = 2000


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("OMCONSOLE_TOKEN", TOKEN)
    monkeypatch.setenv("OMCONSOLE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setattr("omconsole.graph.request.back_off", lambda *_: 0.001)
    assert GraphClient.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(GraphClient.__init__.__kwdefaults__, "first_look_s", 0.01)
    return CommandLine(capsys, tmp_path / "state")


def problems(ran: Ran) -> set[tuple[str, str]]:
    """Those of devices alone, which change at their check-ins."""
    found = {(item["kind"], item["subject"]["id"]) for item in ran.json["items"]}
    return {(kind, id_) for kind, id_ in found if kind.startswith("device.")}


@pytest.mark.slow
def test_every_planted_problem_is_listed_and_an_outage_clears_nothing(command: CommandLine, tmp_path: Path) -> None:
    epoch = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    world = World(1, "busy", epoch, DEVICES)

    def planted(at: str) -> set[tuple[str, str]]:
        at_once = world.planted(datetime.fromisoformat(at))
        return {(kind, id_) for kind, id_, _key in at_once if kind.startswith("device.")}

    with SimulatedTenant(devices=DEVICES, epoch=epoch.strftime("%Y-%m-%dT%H:%M:%S")) as tenant:
        profile(tmp_path / "config.toml", tenant.graph_url)
        port = tenant.port
        polled = command("poll", "--once", "--json")
        assert (polled.status, polled.err) == (0, "")
        before, after = planted(polled.json["started"]), planted(polled.json["finished"])
        listed = command("list", "issues", "--json")
        assert listed.status == 0
        assert len(before & after) > 200
        assert before & after <= problems(listed) <= before | after
        assert {kind for kind, _device in problems(listed)} == {
            "device.noncompliant",
            "device.in-grace",
            "device.compliance-error",
            "device.stale",
            "device.unencrypted",
            "device.jailbroken",
            "device.threat",
            "device.certificate-expiring",
            "device.no-policy",
            "device.action-failed",
        }

        tenant.kill()
        for _try in range(3):
            failed = command("poll", "--once", "--json")
            assert failed.status == 5
            assert len(failed.told) == 2
            assert (failed.json["opened"], failed.json["cleared"]) == (0, 0)
        kept = command("list", "issues", "--json")
        assert kept.json["as_of"] == listed.json["as_of"], "what is shown is as old as the last good poll"
        assert [item["id"] for item in kept.json["items"]] == [item["id"] for item in listed.json["items"]]
        states = {source["name"]: source["state"] for source in command("list", "sources", "--json").json["items"]}
        assert states.keys() >= {"devices", "compliance", "apps", "enrollment", "messages", "overview"}
        assert set(states.values()) == {"failed"}

    with SimulatedTenant(devices=DEVICES, epoch=epoch.strftime("%Y-%m-%dT%H:%M:%S"), port=port):
        recovered = command("poll", "--once", "--json")
        assert recovered.status == 0
        now = planted(recovered.json["finished"])
        still = problems(command("list", "issues", "--json"))
        assert (before & after & now) <= still
        assert recovered.json["cleared"] <= len((before | after) - now)
        resolved = problems(command("list", "issues", "--all", "--json")) - still
        assert not resolved & now
