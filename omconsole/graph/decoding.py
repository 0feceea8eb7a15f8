"""Bytes of Graph into rows: quick when they are as documented, lenient value by value when they are not.

The kinds of field say how a value is made safe. A page is decoded as a whole; its strings are looked at column by
column, so that a page of plain ASCII costs little more than the decoding. What does not fit its type becomes None
and is counted; a row without a usable id is left out and counted.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from datetime import UTC, datetime
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar, get_args

import msgspec
from msgspec.structs import force_setattr

from omconsole.errors import GraphProtocolError
from omconsole.graph.answers import proxy_advice
from omconsole.i18n import _
from omconsole.sanitize import sanitize, sanitize_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T", bound=msgspec.Struct)

Identifier = Annotated[str, msgspec.Meta(extra={"kind": "identifier"})]
"""The raw id, printable ASCII without spaces; a row without one is left out."""
Reference = Annotated[str | None, msgspec.Meta(extra={"kind": "reference"})]
"""Another row's raw id, or None."""
Text = Annotated[str | None, msgspec.Meta(extra={"kind": "text"})]
"""Sanitised, one line, at most 512 characters."""
Word = Annotated[str | None, msgspec.Meta(extra={"kind": "word"})]
"""As Text; a value that many rows share, kept once."""
Block = Annotated[str | None, msgspec.Meta(extra={"kind": "block"})]
"""Sanitised with its line breaks kept, at most 200,000 characters; HTML stays HTML."""
Instant = Annotated[Annotated[datetime, msgspec.Meta(tz=True)] | None, msgspec.Meta(extra={"kind": "instant"})]
"""UTC; None also for the year 1, with which Graph says never."""

BLOCK_LIMIT: Final = 200_000
_WHOLE: Final = 2 * 1024 * 1024
"""Bytes that decode in one step of some 3 ms; a larger page is decoded in slices."""
_IDENTIFIER_LIMIT: Final = 512
_WORDS: Final = 4096


class Flaws(msgspec.Struct, frozen=True):
    """What could not be taken in; any flaw makes a source partial."""

    rejected: int = 0
    """Rows left out."""
    values: int = 0
    """Values that became None."""
    example: str = ""
    """The first of them: `osVersion: 17`, sanitised."""

    def __bool__(self) -> bool:
        return bool(self.rejected or self.values)

    def __add__(self, other: Flaws) -> Flaws:
        return Flaws(self.rejected + other.rejected, self.values + other.values, self.example or other.example)


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


class _Words(dict[Any, Any]):
    """Sanitised words, each kept once; a bound keeps a hostile source from filling it."""

    def __missing__(self, value: str | None) -> str | None:
        if value is None:
            return None
        word = sanitize(value)
        if len(value) <= _IDENTIFIER_LIMIT:
            if len(self) >= _WORDS:
                self.clear()
            self[value] = word
        return word


class _Tally:
    def __init__(self) -> None:
        self.rejected = 0
        self.values = 0
        self.example = ""

    def reject(self, name: str, value: object) -> None:
        self.rejected += 1
        self._keep(name, value)

    def lose(self, name: str, value: object) -> None:
        self.values += 1
        self._keep(name, value)

    def flaws(self) -> Flaws:
        return Flaws(self.rejected, self.values, self.example)

    def _keep(self, name: str, value: object) -> None:
        if not self.example:
            shown = value[:80] if isinstance(value, str) else type(value).__name__
            self.example = sanitize(f"{name}: {shown}", 120)


class RowDecoder(Generic[T]):
    """Decodes pages and single answers of one type.

    Args:
        row: a frozen Struct whose fields are of this module's kinds, counts, flags, or Structs and tuples of them.
        slice_rows: rows that are made safe in one step of the event loop.
    """

    def __init__(self, row: type[T], *, slice_rows: int = 250) -> None:
        self.row = row
        self._slice_rows = slice_rows
        self._page = msgspec.json.Decoder(_Typed[row])  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(row)
        self._fields = msgspec.structs.fields(row)
        kinds = [(field.name, field.encode_name, _kind(field.type)) for field in self._fields]
        self._identifiers = [(name, wire) for name, wire, kind in kinds if kind == "identifier"]
        self._columns = [(name, wire, kind) for name, wire, kind in kinds if kind not in {"identifier", ""}]
        self._words = _Words()

    async def page(self, body: bytes) -> Batch[T]:
        """Returns the rows of a collection, giving way to the event loop between slices.

        Raises:
            GraphProtocolError: it is not JSON, or `value` is no list.
        """
        tally = _Tally()
        source, next_link = self._open(body)
        plain, placeholders = _is_plain(body), b'"0001-' in body
        rows: list[T] = []
        for start in range(0, len(source), self._slice_rows):
            if start:
                await asyncio.sleep(0)
            piece = source[start : start + self._slice_rows]
            decoded = [row for row in (self._row(raw, tally) for raw in piece) if row is not None]
            rows += self._made_safe(decoded, tally, plain=plain, placeholders=placeholders)
        return Batch(tuple(rows), next_link, tally.flaws())

    def single(self, body: bytes) -> tuple[T | None, Flaws]:
        """Returns the one value of an answer, bare or under `value`; None when it is empty or null.

        Raises:
            GraphProtocolError: it is not a JSON object.
        """
        tally = _Tally()
        if not body.strip():
            return None, tally.flaws()
        document = _lenient(body)
        if isinstance(document, dict) and isinstance(document.get("value", 0), dict | None):
            document = document["value"]
        if document is None:
            return None, tally.flaws()
        if not isinstance(document, dict):
            raise not_graph(_("an object is missing"))
        row = self._by_field(document, tally)
        rows = self._made_safe([row] if row is not None else [], tally, plain=False, placeholders=True)
        return (rows[0] if rows else None), tally.flaws()

    def _open(self, body: bytes) -> tuple[Sequence[object], str | None]:
        """Returns rows, typed or raw or as plain JSON values, whichever way the page can be read."""
        try:
            if len(body) <= _WHOLE:
                typed = self._page.decode(body)
                return typed.value, typed.next_link
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass  # the ways below say what is wrong, or forgive it
        try:
            split = _SPLIT.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _open_leniently(body)
        return split.value, split.next_link

    def _row(self, source: object, tally: _Tally) -> T | None:
        if isinstance(source, self.row):
            return source
        if isinstance(source, msgspec.Raw):
            try:
                return self._one.decode(source)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                pass  # value by value, then
            try:
                source = _lenient(bytes(source))
            except GraphProtocolError:
                tally.reject("value", source)
                return None
        return self._by_field(source, tally)

    def _by_field(self, source: object, tally: _Tally) -> T | None:
        if not isinstance(source, dict):
            tally.reject("value", source)
            return None
        values: dict[str, object] = {}
        for field in self._fields:
            raw = source.get(field.encode_name)
            required = field.default is msgspec.NODEFAULT
            value = _converted(raw, field.type)
            if value is None and required:
                tally.reject(field.encode_name, raw)
                return None
            if value is None and raw not in (None, ""):
                tally.lose(field.encode_name, raw)
            values[field.name] = value
        return self.row(**values)

    def _made_safe(self, rows: list[T], tally: _Tally, *, plain: bool, placeholders: bool) -> list[T]:
        for name, wire in self._identifiers:
            rows = _with_identifier(rows, name, wire, tally)
        for name, wire, kind in self._columns:
            column: list[Any] = list(map(attrgetter(name), rows))
            safe: Iterable[Any] | None
            if kind == "word":
                safe = map(self._words.__getitem__, column)
            elif kind == "instant":
                safe = _instants(column, placeholders=placeholders)
            elif kind == "reference":
                safe = _references(column, wire, tally)
            elif kind in _TEXTS:
                safe = _texts(column, *_TEXTS[kind], plain=plain)
            else:
                safe = map(_nested, column)
            if safe is not None:
                deque(map(force_setattr, rows, repeat(name), safe), maxlen=0)
        return rows


_SPLIT: Final = msgspec.json.Decoder(_Split)
_TEXTS: Final[dict[str, tuple[Callable[[object, int], str], int]]] = {
    "text": (sanitize, 512),
    "block": (sanitize_block, BLOCK_LIMIT),
}


def same(a: str | None, b: str | None) -> bool:
    """Tells whether two members of an enumeration are the same: Graph changes their case from place to place."""
    return a is not None and b is not None and a.casefold() == b.casefold()


def not_graph(reason: str) -> GraphProtocolError:
    """Returns the error for an answer that does not have Graph's form."""
    return GraphProtocolError(
        _("The answer is not what Microsoft Graph would send: {reason}.").format(reason=reason), proxy_advice()
    )


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


def _open_leniently(body: bytes) -> tuple[Sequence[object], str | None]:
    document = _lenient(body)
    rows = document.get("value") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(rows, list):
        raise not_graph(_("the list named value is missing"))
    link = document.get("@odata.nextLink")
    if link is not None and not isinstance(link, str):
        raise not_graph(_("the link to the next page is no text"))
    return rows, link


def _lenient(body: bytes) -> object:
    """Reads JSON with lone surrogates, invalid UTF-8 and control characters in it; sanitising comes later."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        raise not_graph(_("it is no JSON, or it is cut off")) from None


def _converted(raw: object, hint: Any) -> object:
    """Returns a value as its type wants it, or None."""
    if raw is None:
        return None
    if _kind(hint) == "instant":
        return _instant(raw)
    try:
        return msgspec.convert(raw, hint)
    except (msgspec.ValidationError, RecursionError, OverflowError, UnicodeEncodeError):
        return None


def _instant(raw: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(raw.strip()) if isinstance(raw, str) and len(raw) < 64 else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def _with_identifier(rows: list[T], name: str, wire: str, tally: _Tally) -> list[T]:
    get = attrgetter(name)
    column = list(map(get, rows))
    if all(column) and _is_id("".join(column)) and max(map(len, column), default=0) <= _IDENTIFIER_LIMIT:
        return rows
    kept = []
    for row in rows:
        value = get(row)
        if value and _is_id(value) and len(value) <= _IDENTIFIER_LIMIT:
            kept.append(row)
        else:
            tally.reject(wire, value)
    return kept


def _is_id(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _references(column: list[Any], wire: str, tally: _Tally) -> Iterable[Any] | None:
    present = list(filter(None, column))
    if _is_id("".join(present)) and max(map(len, present), default=0) <= _IDENTIFIER_LIMIT:
        return None
    safe = [value if value and _is_id(value) and len(value) <= _IDENTIFIER_LIMIT else None for value in column]
    for before, after in zip(column, safe, strict=True):
        if before and after is None:
            tally.lose(wire, before)
    return safe


def _texts(column: list[Any], clean: Callable[[object, int], str], limit: int, *, plain: bool) -> Iterable[Any] | None:
    present = list(filter(None, column))
    if max(map(len, present), default=0) <= limit:
        if plain:
            return None
        together = "".join(present)
        if together.isascii() and together.isprintable():
            return None
    return [None if value is None else clean(value[: limit + 1], limit) for value in column]


def _instants(column: list[Any], *, placeholders: bool) -> Iterable[Any] | None:
    if not placeholders and set(map(attrgetter("tzinfo"), filter(None, column))) <= {UTC}:
        return None
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
    if isinstance(value, tuple):
        return tuple(map(_nested, value))
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            inner = getattr(value, field.name)
            block = _kind(field.type) == "block" and inner is not None
            safe = sanitize_block(inner[: BLOCK_LIMIT + 1], BLOCK_LIMIT) if block else _nested(inner)
            force_setattr(value, field.name, safe)
    return value
