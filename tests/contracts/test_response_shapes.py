"""Every shape of Graph that a source reads takes every member that the reference has, in either case, and a new one."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import pytest

import omconsole.graph
from omconsole.graph.asked import Asked
from omconsole.graph.reports import ReportDecoder, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omconsole.graph.decoding import RowDecoder

REFERENCE: Final = Path(__file__).with_name("graph-endpoints.json")
NEW: Final = "aMemberOfNextYear"
#: Where a decoder is not called as what is asked for.
NAMED: Final = {
    "MESSAGES": "SERVICE_UPDATE_MESSAGES",
    "UPDATE_RINGS": "DEVICE_CONFIGURATIONS",
    "FEATURE_PROFILES": "UPDATE_PROFILES",
    "QUALITY_PROFILES": "UPDATE_PROFILES",
    "USER_PLANS": "DIRECTORY_USERS",
    "UNHEALTHY_AGENTS": "DEFENDER_AGENTS",
    "UNHEALTHY_FIREWALLS": "DEVICE_FIREWALLS",
    "ACTIVE_MALWARE": "DEVICE_MALWARE",
    "MALWARE": "WINDOWS_MALWARE",
    "MALWARE_DEVICES": "MALWARE_STATES",
}
#: Read by `exports.py` itself, for every export alike.
PROTOCOL: Final = {"EXPORT_JOBS", "EXPORT_JOB"}


#: Members below a property of which the console reads other parts.
UNREAD: Final = {"posts.postType"}


class Shape(NamedTuple):
    """One call, and what decodes its answer."""

    name: str
    asked: Asked
    decoder: RowDecoder[Any]


def _constants() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(omconsole.graph.__path__):
        if module.name.endswith(("surface", "shapes")):
            found.update(vars(importlib.import_module(f"omconsole.graph.{module.name}")))
    return found


def _shapes() -> Iterator[Shape]:
    constants = _constants()
    for name, asked in sorted(constants.items()):
        stem = name.removesuffix("_ASKED")
        if isinstance(asked, Asked) and stem not in PROTOCOL:
            yield Shape(stem, asked, constants[NAMED.get(stem, stem)])


SHAPES: Final = tuple(_shapes())


def _placeholders(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _reference() -> dict[tuple[str, str, str], dict[str, list[str]]]:
    entries: list[dict[str, Any]] = json.loads(REFERENCE.read_text("utf-8"))
    return {(each["method"], each["version"], _placeholders(each["path"])): each["enums"] for each in entries}


def _cases() -> Iterator[Any]:
    """Each property that is read and has members: its decoder, its path, and the members."""
    reference = _reference()
    for name, asked, decoder in SHAPES:
        for property_, members in reference[asked.method, asked.version, _placeholders(asked.path)].items():
            if re.fullmatch(r"\w+(\.\w+)?", property_) and property_.partition(".")[0] in asked.select:
                yield pytest.param(decoder, property_, (*members, NEW), id=f"{name}.{property_}")


def _row(decoder: RowDecoder[Any], property_: str, member: str) -> dict[str, Any]:
    """A row with nothing but its ids and that member, as deep as it stands."""
    row: dict[str, Any] = {wire: "0b7a" for _name, wire in decoder._identifiers}
    outer, _, inner = property_.partition(".")
    if inner:
        return row | {outer: [{inner: member}]}
    fields = {field.encode_name: field for field in msgspec.structs.fields(decoder.row)}
    return row | {outer: [member] if "tuple" in str(fields[outer].type) else member}


def _told(row: Any, property_: str) -> object:
    """What the row says of the property, in Graph's spelling."""
    outer, _, inner = property_.partition(".")
    document = msgspec.json.decode(msgspec.json.encode(row))
    value = document[outer]
    if inner:
        return value[0].get(inner)
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize(("decoder", "property_", "members"), list(_cases()))
async def test_a_member_is_taken_in_either_case_and_so_is_a_new_one(
    decoder: RowDecoder[Any], property_: str, members: tuple[str, ...]
) -> None:
    spelt = [spelling for member in members for spelling in (member, member[0].upper() + member[1:])]
    rows = [_row(decoder, property_, member) for member in spelt]
    batch = await decoder.page(json.dumps({"value": rows}).encode())
    assert not batch.flaws
    wanted = spelt if property_ not in UNREAD else [None] * len(spelt)
    assert [_told(row, property_) for row in batch.rows] == wanted


@pytest.mark.parametrize(
    "shape", [each for each in SHAPES if isinstance(each.decoder, ReportDecoder)], ids=lambda s: s.name
)
async def test_a_report_is_read_by_its_columns_in_any_order_with_numbers_and_with_words(shape: Shape) -> None:
    decoder = shape.decoder
    assert isinstance(decoder, ReportDecoder)
    columns = [*reversed(shape.asked.select), "Something_loc"]
    for member in (2, "2", "failed", "Failed", NEW):
        fields = {field.encode_name: str(field.type) for field in msgspec.structs.fields(decoder.row)}
        identifiers = {wire for _name, wire in decoder._identifiers}
        members = {wire for wire, type_ in fields.items() if "int" in type_ and wire not in identifiers}
        values = [("0b7a" if name in identifiers else member if name in members else None) for name in columns]
        body = {
            "TotalRowCount": 1,
            "Schema": [{"Column": name, "PropertyType": "String"} for name in columns],
            "Values": [values],
        }
        rows, flaws = await decoder.rows(opened(json.dumps(body).encode()))
        assert not flaws
        told = msgspec.json.decode(msgspec.json.encode(rows[0]))
        assert {name: told.get(name) for name in members} == dict.fromkeys(members, member)
