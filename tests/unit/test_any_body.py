"""Whatever a server answers: a source gives a reading or one of its declared errors, and no damage clears an item.

*Damage* is what Graph would not say: bytes that are no JSON or are cut off, JSON of any other form, a value of another
type than its property's, a property or a column that is left out or called otherwise, a row that is none. However
often an answer comes so, nothing that it touches may clear. *Absence* is a well-formed answer that shows fewer rows,
or rows with other ids: nothing may clear because of one such answer, since only a second whole list is believed.
A well-formed answer that says that an object is well is neither, and may clear it; so no value is replaced by one of
its own type, which could be a good one, where the history is looked at.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omconsole.errors import GraphError, SignInError
from omconsole.poll.schedule import DEFAULT_INTERVALS
from omconsole.sanitize import sanitize_block
from tests.unit.recorded_tenant import SOURCES, Said, desk, tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from omconsole.signals.reading import Mode, Reading

BLOCKS: Final = frozenset({"body", "description", "impactDescription"})
"""What may have line breaks."""
DECLARED: Final = (GraphError, SignInError)
HOSTILE: Final = (
    *("", ".", "..", "../..", "null", "True", "-1", "2", "compliant", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    *("0001-12-31T23:59:59-14:00", "2026-11-22", "\x1b]52;c;eA==\x07", "\u202egnp.exe", "a\u0300" * 700, "\ud800"),
    *("[@click=app.quit]x[/]", "https://elsewhere.example/v1.0/me", "x" * 70_000, "\x00", "Ａ" * 600, "’"),
)

example_counts = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec=None), max_size=12))
numbers = st.one_of(
    st.sampled_from((0, -1, 1, 2, 2**31, 2**63, -(2**64), 10**30, 10**400)), st.floats(), st.integers(-10, 10)
)
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
documents: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("value", "id", "@odata.nextLink", "Values", "Schema", "error")) | texts, inner
        )
    ),
    max_leaves=8,
)
OPENINGS: Final = (
    *(b"", b"null", b"[" * 60_000, b'{"value":' * 20_000, b'{"value":[{"id":' * 9_000, b"\xef\xbb\xbf{}", b"\xff\xfe{"),
    *(b'{"value":[],"value":[{"id":"a"}]}', b'{"value":NaN}', b'{"value":[{"id":1e999}]}', b"<html>", b'{"value":[]'),
    *(
        b'{"value":[{"id":"\\ud800"}]}',
        b'{"value":' + b"9" * 5_000 + b"}",
        b'{"value":{}}',
        b'{"Values":[[]],"Schema":0}',
    ),
    *(b'{"TotalRowCount":-1,"Schema":[{"Column":"a"}],"Values":[[1],[2,3],4]}', b'{"value":["a",null,[],1]}'),
)
bodies = st.one_of(
    st.sampled_from(OPENINGS),
    st.binary(max_size=60),
    documents.map(lambda document: json.dumps(document).encode()),
    documents.map(lambda document: json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")),
)
refusals = st.sampled_from(
    (201, 202, 204, 206, 301, 302, 304, 400, 401, 403, 404, 407, 410, 429, 500, 503, 504),
)
statuses = st.one_of(st.just(200), st.just(200), refusals)
header_texts = st.one_of(
    st.sampled_from(("", "0", "-1", "1.5", "1e400", "nan", "application/json", "gzip", "Wed, 99", "https://[", "//x")),
    st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=8),
)
header_names = ("content-type", "content-encoding", "retry-after", "date", "location", "www-authenticate", "request-id")
headers = st.dictionaries(st.sampled_from(header_names), header_texts, max_size=3)
whiches = st.none() | st.integers(0, 12)
modes: st.SearchStrategy[Mode] = st.sampled_from(("sweep", "increment"))


class Damage(NamedTuple):
    """Something done to one place of a document; the place is counted round."""

    kind: str
    place: int
    junk: Any


places = st.integers(0, 5_000)
GARBAGE: Final = ("zzz", "x\u202egnp.exe", "[@click=app.quit]x[/]", "x" * 70_000, "Ａ" * 600, "\ud800", "’")
"""Texts that are no member of any enumeration, no time and no number."""
wrong_types: st.SearchStrategy[Any] = st.sampled_from(
    ({}, {"a": [1]}, [[]], True, False, 0, 7, 10**400, 1.5, None, *GARBAGE)
)
anything = st.builds(
    Damage, st.sampled_from(("replace", "drop", "rename", "double", "empty", "swap", "cut", "byte")), places, documents
)
damages = st.builds(Damage, st.sampled_from(("replace", "drop", "rename", "row", "cut", "byte")), places, wrong_types)
absences = st.builds(Damage, st.sampled_from(("no rows", "fewer", "other id")), places, st.just("another"))


@pytest.mark.parametrize("source", SOURCES)
@example_counts
@given(
    body=bodies,
    status=statuses,
    told=headers,
    which=whiches,
    mode=modes,
)
def test_any_answer_gives_a_reading_or_a_declared_error_and_clears_nothing(
    source: str, body: bytes, status: int, told: dict[str, str], which: int | None, mode: Mode
) -> None:
    def made(number: int, said: Said) -> Said:
        return said if which not in {None, number} else Said(status, {"content-type": "application/json", **told}, body)

    assert ended(source, made, mode) == []


@pytest.mark.parametrize("source", DEFAULT_INTERVALS)
@example_counts
@given(
    done=st.lists(anything, min_size=1, max_size=4),
    which=whiches,
    mode=modes,
)
def test_an_answer_with_anything_changed_gives_a_reading_or_a_declared_error(
    source: str, done: list[Damage], which: int | None, mode: Mode
) -> None:
    ended(source, lambda number, said: mutated(said, done) if which in {None, number} else said, mode)


@pytest.mark.parametrize("source", SOURCES)
@example_counts
@given(done=st.lists(damages, min_size=1, max_size=3), which=whiches)
def test_damage_clears_nothing_however_often_it_comes(source: str, done: list[Damage], which: int | None) -> None:
    def made(number: int, said: Said) -> Said:
        return mutated(said, done, never_good=True) if which in {None, number} else said

    assert ended(source, made, times=3) == []


@pytest.mark.parametrize("source", SOURCES)
@example_counts
@given(done=st.lists(absences, min_size=1, max_size=3), which=whiches)
def test_absence_from_one_answer_clears_nothing(source: str, done: list[Damage], which: int | None) -> None:
    assert ended(source, lambda number, said: mutated(said, done) if which in {None, number} else said) == []


def ended(source: str, made: Callable[[int, Said], Said], mode: Mode = "sweep", times: int = 1) -> list[str]:
    """What so many polls ended, as `Desk.ended` names it; what they read is looked at."""

    at, known = desk(source), tenant(source)

    async def polls() -> list[str]:
        if mode == "increment":
            await at.read(known.replaying())
        for _again in range(times):
            try:
                reading = await at.read(known.replaying(made), mode)
            except DECLARED as error:
                look_at_text("error", f"{error.what} {error.do}")
            else:
                look_at(reading)
                await at.take(reading)
        return at.ended

    return asyncio.run(polls())


def look_at(reading: Reading) -> None:
    """Every text of a reading is fit for a terminal, and all of it can be kept."""
    for name, text in strings("", msgspec.structs.asdict(reading)):
        look_at_text(name, text)
    msgspec.msgpack.encode([reading.observations, reading.posts, reading.changes, reading.causes, reading.figures])
    msgspec.json.encode([reading.error, reading.figures])


def look_at_text(name: str, text: str) -> None:
    """A terminal obeys nothing of it."""
    shown = text if name in BLOCKS else text.replace("\n", "\x00")
    assert sanitize_block(shown, 1_000_000) == shown, (name, text[:200])


def strings(name: str, value: Any) -> list[tuple[str, str]]:
    """Every text in a value with the name of the field that it stands in."""
    if isinstance(value, str):
        return [(name, value)]
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in (*strings("", key), *strings(str(key), each))]
    if isinstance(value, list | tuple | set | frozenset):
        return [found for each in value for found in strings(name, each)]
    assert value is None or isinstance(value, bool | int | float | datetime), type(value)
    return []


# --- damage ---------------------------------------------------------------------------------------------------------


def mutated(said: Said, done: list[Damage], *, never_good: bool = False) -> Said:
    """An answer with these things done to it; an empty one stays empty."""
    body = said.body
    for damage in done:
        if damage.kind in {"cut", "byte"} and body:
            at = 1 + damage.place % len(body)  # an answer without a body says that there is nothing
            spoilt = body[:at] if damage.kind == "cut" else body[:at] + b"\x01" + body[at:]
            renamed = damage.kind == "byte" and any(spoilt.count(name) < body.count(name) for name in NULL_NAMES)
            body = body if never_good and renamed else spoilt
            continue
        try:
            document = json.loads(body)
        except ValueError:
            break
        body = json.dumps(_done(document, damage, never_good=never_good)).encode()
    return said._replace(body=body)


def _done(document: Any, damage: Damage, *, never_good: bool) -> Any:
    """A document with one thing done to one place of it."""
    spots = list(_rows(document) if damage.kind in OF_ROWS else _spots(document))
    if never_good:
        spots = [spot for spot in spots if not could_be_good(*spot, damage)]
    if spots:
        container, key = spots[damage.place % len(spots)]
        ACTS[damage.kind](container, key, damage.junk)
    return document


def could_be_good(container: Any, key: Any, damage: Damage) -> bool:
    """Tells whether Graph could mean something by it: an end of the list, no failure, or that all is well."""
    value, junk = container[key], damage.junk
    if damage.kind == "row":
        return isinstance(junk, type(value))
    if damage.kind in {"drop", "rename"} or junk is None:
        return key in SAID_BY_NULL or (isinstance(container, list) and damage.kind != "replace")
    if isinstance(junk, str) and (junk not in GARBAGE or key in SAID_BY_TEXT):
        return True
    if isinstance(container, list):  # a column of a report may be a number or the text of it
        return isinstance(junk, type(value) | str | int | float) and isinstance(junk, bool) <= isinstance(value, bool)
    if value is None:
        return isinstance(junk, bool | int | float)
    return not isinstance(junk, str) and _json_type(junk) == _json_type(value)


def _json_type(value: Any) -> str:
    return "number" if type(value) in {int, float} else type(value).__name__


def _rows(document: Any) -> Iterator[tuple[Any, Any]]:
    """The places of the rows of an answer."""
    for name in ("value", "Values"):
        rows = document.get(name) if isinstance(document, dict) else None
        if isinstance(rows, list):
            yield from ((rows, index) for index in range(len(rows)))


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield value, key
            yield from _spots(inner)


def _replace(container: Any, key: Any, junk: Any) -> None:
    container[key] = junk


def _drop(container: Any, key: Any, _junk: Any) -> None:
    del container[key]


def _rename(container: Any, key: Any, _junk: Any) -> None:
    if isinstance(container, dict):
        container[f"{key}s"] = container.pop(key)


def _double(container: Any, key: Any, _junk: Any) -> None:
    if isinstance(container, list):
        container.append(container[key])


def _emptied(container: Any, key: Any, _junk: Any) -> None:
    container[key] = type(container[key])() if container[key] is not None else {}


def _swapped(container: Any, key: Any, _junk: Any) -> None:
    value = container[key]
    container[key] = list(value.values()) if isinstance(value, dict) else {"value": value}


def _no_rows(container: Any, _key: Any, _junk: Any) -> None:
    container.clear()


def _another_id(container: Any, key: Any, _junk: Any) -> None:
    row = container[key]
    if isinstance(row, dict) and isinstance(row.get("id"), str):
        row["id"] += "x"


OF_ROWS: Final = frozenset({"row", "no rows", "fewer", "other id"})
ACTS: Final = {
    "replace": _replace,
    "row": _replace,
    "drop": _drop,
    "fewer": _drop,
    "rename": _rename,
    "double": _double,
    "empty": _emptied,
    "swap": _swapped,
    "no rows": _no_rows,
    "other id": _another_id,
}
SAID_BY_NULL: Final = frozenset({"@odata.nextLink", "certificateUploadFailureReason", "lastHeartbeatDateTime"})
"""What null says: that no page follows, that nothing failed, that nobody has set a partner up."""
NULL_NAMES: Final = tuple(name.encode() for name in SAID_BY_NULL)
SAID_BY_TEXT: Final = frozenset(
    {"@odata.nextLink", "@odata.type", "id", "displayName", "deviceId", "userId", "service", "intent"}
)
"""What another text says: another object, another name, or that it does not concern anybody here."""
