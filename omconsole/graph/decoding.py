"""Bytes of Graph into rows: quick when they are as documented, lenient value by value when they are not.

The kinds of field say how a value is made safe. A page is decoded as a whole; its strings are looked at column by
column, so that a page of plain ASCII costs little more than the decoding. What does not fit its type becomes None
and is counted; a row without a usable id is left out and counted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar, get_args

import msgspec
from msgspec.structs import astuple, force_setattr

from omconsole.errors import GraphProtocolError
from omconsole.graph.lenient import Cell, Flaws, Tally, not_graph, open_page, read_json, struct_of
from omconsole.i18n import _
from omconsole.sanitize import sanitize, sanitize_block
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T", bound=msgspec.Struct)

_LIMIT: Final = 512
_BOUNDED: Final = msgspec.Meta(max_length=_LIMIT)
# msgspec sees to the lengths while it decodes; a page with a longer text goes the lenient way.

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=_LIMIT, extra={"kind": "identifier"})]
"""The raw id, printable ASCII without spaces; a row without one is left out."""
Reference = Annotated[Annotated[str, _BOUNDED] | None, msgspec.Meta(extra={"kind": "reference"})]
"""Another row's raw id, or None."""
Text = Annotated[Annotated[str, _BOUNDED] | None, msgspec.Meta(extra={"kind": "text"})]
"""Sanitised, one line, at most 512 characters. Inside a part of a row, `str` is treated so."""
Word = Annotated[Annotated[str, _BOUNDED] | None, msgspec.Meta(extra={"kind": "word"})]
"""As Text; a value that many rows share, kept once."""
Block = Annotated[str | None, msgspec.Meta(extra={"kind": "block"})]
"""Sanitised with its line breaks kept, at most 200,000 characters; HTML stays HTML."""
Instant = Annotated[Annotated[datetime, msgspec.Meta(tz=True)] | None, msgspec.Meta(extra={"kind": "instant"})]
"""UTC; None also for the year 1, with which Graph says never."""
Member = int | Annotated[str, _BOUNDED] | None
"""A column of a report that has a number or a member of an enumeration: as a number here, as text there."""
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] | None
"""Devices, or what else is counted."""

BLOCK_LIMIT: Final = 200_000
_WHOLE: Final = 2 * 1024 * 1024
"""Bytes that decode in one step of some 3 ms; a larger page is decoded in slices."""
_WORDS: Final = 4096
_PLACEHOLDER: Final = datetime(1, 12, 31, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Batch(msgspec.Struct, Generic[T], frozen=True):
    """The rows of one answer, and the link to the next one."""

    rows: tuple[T, ...]
    next_link: str | None
    flaws: Flaws


class _Typed(msgspec.Struct, Generic[T]):
    value: list[T]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Split(msgspec.Struct):
    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Words(dict[str | None, str | None]):
    """Sanitised words, each kept once; a bound keeps a hostile source from filling it."""

    def __missing__(self, value: str | None) -> str | None:
        if value is None:
            return None
        word = sanitize(value)
        if len(value) <= _LIMIT:
            if len(self) >= _WORDS:
                self.clear()
            self[value] = word
        return word


class RowDecoder(Generic[T]):
    """Decodes pages and single answers of one type.

    Args:
        row: a frozen Struct whose fields are of this module's kinds, counts, flags, or Structs and tuples of them.
        slice_rows: rows that are made safe in one step of the event loop.
    """

    def __init__(self, row: type[T], *, slice_rows: int = 500) -> None:
        self.row = row
        self._slice_rows = slice_rows
        self._page = msgspec.json.Decoder(_Typed[row])  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(row)
        fields = msgspec.structs.fields(row)
        kinds = [(field.name, field.encode_name, _kind(field.type)) for field in fields]
        self._identifiers = [(name, wire) for name, wire, kind in kinds if kind == "identifier"]
        self._columns = [
            (index, wire, kind) for index, (_name, wire, kind) in enumerate(kinds) if kind not in {"identifier", ""}
        ]
        self._cells = [
            Cell(field.name, field.encode_name, kind, field.default is msgspec.NODEFAULT, struct_of(field))
            for field, (_name, _wire, kind) in zip(fields, kinds, strict=True)
        ]
        self._words = _Words()

    async def page(self, body: bytes) -> Batch[T]:
        """Returns the rows of a collection, giving way to the event loop between slices.

        Raises:
            GraphProtocolError: it is not JSON, or `value` is no list.
        """
        tally = Tally()
        source, next_link, typed = self._open(body)
        plain = _is_plain(body)
        rows: list[T] = []
        step = self._slice_rows if typed else max(1, self._slice_rows // 5)
        for start in range(0, len(source), step):
            if start:
                await next_turn()
            piece: list[Any] = source[start : start + step]
            if not typed:
                piece = [row for row in (self._row(raw, tally) for raw in piece) if row is not None]
            rows += self._made_safe(piece, tally, plain=plain and typed)
        return Batch(tuple(rows), next_link, tally.flaws())

    def single(self, body: bytes) -> tuple[T | None, Flaws]:
        """Returns the one value of an answer, bare or under `value`; None when it is empty or null.

        Raises:
            GraphProtocolError: it is not a JSON object.
        """
        tally = Tally()
        if not body.strip():
            return None, tally.flaws()
        document = read_json(body)
        if isinstance(document, dict) and isinstance(document.get("value", 0), dict | None):
            document = document["value"]
        if document is None:
            return None, tally.flaws()
        if not isinstance(document, dict):
            raise not_graph(_("an object is missing"))
        row = self._by_field(document, tally)
        rows = self._made_safe([row] if row is not None else [], tally, plain=False)
        return (rows[0] if rows else None), tally.flaws()

    def _open(self, body: bytes) -> tuple[list[Any], str | None, bool]:
        """Returns rows, the next link, and whether the rows are typed; else they are raw or plain JSON values."""
        try:
            if len(body) <= _WHOLE:
                typed = self._page.decode(body)
                return typed.value, typed.next_link, True
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # the ways below say what is wrong, or forgive it
        try:
            split = _SPLIT.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return *open_page(body), False
        return split.value, split.next_link, False

    def _row(self, source: object, tally: Tally) -> T | None:
        if not isinstance(source, msgspec.Raw):
            return self._by_field(source, tally)
        try:
            return self._one.decode(source)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # value by value, then
        try:
            return self._by_field(read_json(bytes(source)), tally)
        except GraphProtocolError:
            tally.reject("value", "")
            return None

    def _by_field(self, source: object, tally: Tally, *, written: bool = False) -> T | None:
        if not isinstance(source, dict):
            tally.reject("value", source)
            return None
        values: dict[str, object] = {}
        for cell in self._cells:
            raw = source.get(cell.wire)
            value = cell.converted(raw, written=written)
            if value is None and cell.required:
                tally.reject(cell.wire, raw)
                return None
            if value is None and raw not in (None, ""):
                tally.lose(cell.wire, raw)
            values[cell.name] = value
        return self.row(**values)

    def _made_safe(self, rows: list[T], tally: Tally, *, plain: bool) -> list[T]:
        """Returns the rows anew, column by column: most columns are seen to be safe at one glance."""
        for name, wire in self._identifiers:
            rows = _with_identifier(rows, name, wire, tally, plain=plain)
        columns: list[Iterable[Any]] = list(zip(*map(astuple, rows), strict=True))
        if not columns:
            return []
        for index, wire, kind in self._columns:
            column: Sequence[Any] = columns[index]  # type: ignore[assignment]
            if kind == "word":
                columns[index] = map(self._words.__getitem__, column)
            elif kind == "instant":
                columns[index] = _instants(column)
            elif kind == "reference":
                columns[index] = _references(column, wire, tally, plain=plain)
            elif kind in _TEXTS:
                columns[index] = _texts(column, *_TEXTS[kind], plain=plain)
            else:
                columns[index] = map(_nested, column)
        return list(map(self.row, *columns))


_SPLIT: Final = msgspec.json.Decoder(_Split)
_TEXTS: Final[dict[str, tuple[Callable[[object, int], str], int]]] = {
    "text": (sanitize, _LIMIT),
    "block": (sanitize_block, BLOCK_LIMIT),
}


def same(a: str | None, b: str | None) -> bool:
    """Tells whether two members of an enumeration are the same: Graph changes their case from place to place."""
    return a is not None and b is not None and a.casefold() == b.casefold()


def _is_plain(body: bytes) -> bool:
    # JSON lets DEL through, and everything else only behind a backslash.
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


def _kind(hint: Any) -> str:
    """Returns the kind that a field's annotation names, `nested` for Structs and tuples, "" for counts and flags."""
    for part in get_args(hint):
        if isinstance(part, msgspec.Meta) and part.extra:
            return str(part.extra["kind"])
    inner = {type(node).__name__ for node in _nodes(msgspec.inspect.type_info(hint))}
    return "nested" if inner & {"StructType", "VarTupleType", "ListType", "StrType"} else ""


def _nodes(node: msgspec.inspect.Type) -> Sequence[msgspec.inspect.Type]:
    return node.types if isinstance(node, msgspec.inspect.UnionType) else (node,)


def _with_identifier(rows: list[T], name: str, wire: str, tally: Tally, *, plain: bool) -> list[T]:
    get = attrgetter(name)
    column = list(map(get, rows))
    if _are_ids(column, plain=plain):
        return rows
    kept = []
    for row in rows:
        if _are_ids([get(row)], plain=False):
            kept.append(row)
        else:
            tally.reject(wire, get(row))
    return kept


def _references(column: Sequence[Any], wire: str, tally: Tally, *, plain: bool) -> Iterable[Any]:
    if _are_ids(list(filter(None, column)) if None in column else column, plain=plain):
        return column
    safe = []
    for value in column:
        good = value is not None and _are_ids([value], plain=False)
        safe.append(value if good else None)
        if value and not good:
            tally.lose(wire, value)
    return safe


def _are_ids(values: Sequence[str], *, plain: bool) -> bool:
    together = "".join(values)
    if " " in together:
        return False
    return plain or (
        together.isascii() and together.isprintable() and all(values) and max(map(len, values), default=0) <= _LIMIT
    )


def _texts(column: Sequence[Any], clean: Callable[[object, int], str], limit: int, *, plain: bool) -> Iterable[Any]:
    if plain:
        return column
    present = list(filter(None, column))
    together = "".join(present)
    if together.isascii() and together.isprintable() and max(map(len, present), default=0) <= limit:
        return column
    return [None if value is None else clean(value[: limit + 1], limit) for value in column]


def _instants(column: Sequence[Any]) -> Iterable[Any]:
    present = list(filter(None, column)) if None in column else column
    if min(present, default=_EPOCH) > _PLACEHOLDER and all(map(is_, map(attrgetter("tzinfo"), present), repeat(UTC))):
        return column
    return map(_utc, column)


def _utc(at: datetime | None) -> datetime | None:
    if at is None or at.year == 1:
        return None
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def _nested(value: Any) -> Any:
    """Makes safe what stands inside a row: names and values, tags, a post's body."""
    if isinstance(value, str):
        return sanitize(value)
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, tuple):
        return tuple(map(_nested, value))
    if isinstance(value, msgspec.Struct):
        for name, is_block in _parts(type(value)):
            inner = getattr(value, name)
            block = is_block and inner is not None
            safe = sanitize_block(inner[: BLOCK_LIMIT + 1], BLOCK_LIMIT) if block else _nested(inner)
            force_setattr(value, name, safe)
    return value


@cache
def _parts(struct: type[msgspec.Struct]) -> tuple[tuple[str, bool], ...]:
    """The fields of a part of a row, and which are blocks: looking at their types takes longer than the values."""
    return tuple((field.name, _kind(field.type) == "block") for field in msgspec.structs.fields(struct))
