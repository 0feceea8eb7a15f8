"""What the simulated tenant serves and what the console asks for, compared with the reference of Microsoft Graph."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx
import pytest

from omconsole.graph.surface import ASKED
from omconsole.simulator import surface, tenant_surface
from omconsole.simulator.app import create_app
from omconsole.simulator.detections import KNOWN
from omconsole.simulator.people import person
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.served import Served
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REFERENCE = Path(__file__).with_name("graph-endpoints.json")
SHARED = Path(__file__).parents[3] / "shared" / "reference" / "graph-endpoints.json"
#: What the copy has beyond the shared reference, by signal: the directory is not Intune's.
BEYOND = {"autopilot", "directory", "nopolicy", "updates", "users"}
EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


class Asked(Protocol):
    """One call that the console makes."""

    @property
    def method(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def select(self) -> tuple[str, ...]: ...
    @property
    def enums(self) -> dict[str, tuple[str, ...]]: ...


def _placeholders(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _reference() -> dict[tuple[str, str, str], dict[str, object]]:
    entries: list[dict[str, str]] = json.loads(REFERENCE.read_text("utf-8"))
    return {(entry["method"], entry["version"], _placeholders(entry["path"])): dict(entry) for entry in entries}


def _names(entry: Mapping[str, object]) -> set[str]:
    """The properties of an entry; notes behind a name (`x (beta)`) are no part of it."""
    select = entry["select"]
    assert isinstance(select, list)
    return {str(name).split(" ")[0] for name in select if not str(name).endswith("(beta)")}


def _parent(path: str) -> str | None:
    """The list that a call for one object belongs to: its properties are the object's too."""
    head, _, last = _placeholders(path).rpartition("/")
    return head if last == "{}" else None


def differences(calls: Iterable[tuple[str, str, str, tuple[str, ...], Mapping[str, tuple[str, ...]]]]) -> list[str]:
    """Every difference between calls (method, version, path, properties, enums) and the reference, as two lines."""
    reference, found = _reference(), []
    for method, version, path, properties, enums in calls:
        ours = f"{method} {version} {path}"
        entry = reference.get((method, version, _placeholders(path)))
        if entry is None:
            near = sorted(" ".join(key) for key in reference if key[2].split("/")[-1] == path.split("/")[-1])
            found.append(f"ours:      {ours}\nreference: {near or 'no such call'}")
            continue
        names = _names(entry)
        members = entry["enums"]
        assert isinstance(members, dict)
        parent = reference.get((method, version, _parent(path) or ""))
        if parent is not None:
            names |= _names(parent)
            members = {**dict(parent["enums"]), **members}  # type: ignore[call-overload]
        found.extend(
            f"ours:      {ours} property {name}\nreference: {sorted(names)}" for name in properties if name not in names
        )
        for name, values in enums.items():
            known = members.get(name, [])
            found.extend(
                f"ours:      {ours} {name} member {value}\nreference: {known}" for value in values if value not in known
            )
    return found


def check_asked(asked: Iterable[Asked]) -> None:
    """Fail with both lines when the console asks for a call, property or member that the reference does not have."""
    found = differences((call.method, call.version, call.path, call.select, call.enums) for call in asked)
    assert not found, "\n" + "\n".join(found)


def check_served(served: Iterable[Served]) -> None:
    """The same for what the simulated tenant serves."""
    found = differences((call.method, call.version, call.path, call.properties, call.enums) for call in served)
    assert not found, "\n" + "\n".join(found)


def test_the_simulated_tenant_serves_only_what_the_reference_has() -> None:
    check_served(surface.SURFACE)


def test_the_console_asks_only_for_what_the_reference_has() -> None:
    check_asked(ASKED)


def test_the_simulated_tenant_serves_what_the_console_asks_for() -> None:
    served = {(call.method, call.version, call.path): call for call in surface.SURFACE}
    for asked in ASKED:
        call = served.get((asked.method, asked.version, asked.path))
        assert call is not None, f"{asked.method} {asked.version} {asked.path} is asked for and not served"
        missing = set(asked.select).difference(call.properties, surface.DEVICE_PROPERTIES)
        assert not missing, f"{asked.path} is served without {sorted(missing)}"


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (Served("v1.0", "/deviceManagement/manageddevices", "x", ()), "no such call"),
        (Served("beta", "/deviceManagement/managedDevices", "x", ()), "v1.0 /deviceManagement/managedDevices"),
        (Served("v1.0", "/deviceManagement/managedDevices", "x", ("devicename",)), "'deviceName'"),
        (
            Served("v1.0", "/deviceManagement/managedDevices", "x", (), {"complianceState": ("nonCompliant",)}),
            "'noncompliant'",
        ),
    ],
)
def test_a_difference_fails_with_both_lines(call: Served, line: str) -> None:
    with pytest.raises(AssertionError, match=f"ours: .*{re.escape(call.path)}.*\n *reference: .*{re.escape(line)}"):
        check_served([call])


@pytest.mark.skipif(not SHARED.exists(), reason="the shared reference stands beside the checkout only in CI")
def test_the_copy_equals_the_shared_reference() -> None:
    copy = json.loads(REFERENCE.read_text("utf-8"))
    assert [entry for entry in copy if entry["signal"] not in BEYOND] == json.loads(SHARED.read_text("utf-8"))


def _path(call: Served, world: World) -> str:
    path = f"/{call.version}{call.path}".replace("{managedDeviceId}", world.device_id(4, EPOCH))
    path = path.replace("{windowsMalwareInformationId}", str(KNOWN[0].id))
    return path.replace("{id}", person(world.seed, 4).id)


async def _bodies(call: Served) -> list[dict[str, object]]:
    """What the tenant really answers, over all scenarios; a list's rows one by one."""
    rows: list[dict[str, object]] = []
    for scenario in SCENARIOS:
        world = World(7, scenario, EPOCH, 900)
        app = create_app(world, clock=lambda: EPOCH, token=None, root="http://tenant.example")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tenant.example") as client:
            path = _path(call, world)
            bodies = {
                surface.APP_DEVICES.path: {"filter": f"(ApplicationId eq '{world.apps.apps[0].id}')"},
                surface.EXPORT_JOBS.path: {"reportName": "Devices"},
            }
            if call is surface.EXPORT_JOB:
                ordered = await client.post(f"/v1.0{surface.EXPORT_JOBS.path}", json=bodies[surface.EXPORT_JOBS.path])
                path = path.replace("{exportJobId}", ordered.json()["id"])
            link: str | None = path
            while link is not None:
                response = await client.request(call.method, link, json=bodies.get(call.path, {}))
                body = response.json()
                if response.status_code == 404 and call is tenant_surface.AUTOPILOT:
                    break
                assert response.status_code == (201 if call is surface.EXPORT_JOBS else 200), body
                link = body.get("@odata.nextLink")
                value = body.get("value")
                rows.extend(_tabled(body) if "Schema" in body else value if _are_rows(value) else [body])
    assert rows
    return rows


def _are_rows(value: object) -> bool:
    """A list of objects, or an empty one; a function may answer with a list of ids, which is one value."""
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _tabled(body: Mapping[str, list[Any]]) -> list[dict[str, object]]:
    """A report's rows by column, without the text twins."""
    names = [str(column["Column"]) for column in body["Schema"]]
    return [
        {name: value for name, value in zip(names, values, strict=True) if not name.endswith("_loc")}
        for values in body["Values"]
    ]


@pytest.mark.parametrize("call", surface.SURFACE, ids=lambda call: call.path)
def test_what_is_answered_is_what_the_surface_lists(call: Served) -> None:
    expected = set(call.properties) | (set(surface.DEVICE_PROPERTIES) if call is surface.DEVICE else set())
    for row in asyncio.run(_bodies(call)):
        assert {name for name in row if not name.startswith("@odata.")} == expected
        for name, members in call.enums.items():
            for value in _values(row, name):
                assert value[0].lower() + value[1:] in members, (name, value)


def _values(row: Mapping[str, object], name: str) -> list[str]:
    outer, _, inner = name.partition(".")
    if inner:
        nested = row[outer]
        assert isinstance(nested, list)
        return [str(item[inner]) for item in nested]
    if outer in row:
        return [str(row[outer])]
    nested = row["malwareSeveritySummary"]
    assert isinstance(nested, list)
    return [str(item[outer]) for item in nested]
