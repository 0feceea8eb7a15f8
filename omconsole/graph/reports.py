"""Reports: the one protocol of all report actions of Graph, page by page, decoded (graph.md §5).

A report action is a POST whose answer is a table: `TotalRowCount`, `Schema` (the names of the columns, in Graph's own
order) and `Values` (the rows). Rows are read by those names, never by position, with the kinds of field that
`decoding` knows; a column that is needed and missing makes the answer none.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from omconsole.graph.decoding import RowDecoder, T
from omconsole.graph.lenient import Flaws, Tally, not_graph, read_json
from omconsole.graph.paging import PAGES_AT_MOST, Page, endless
from omconsole.graph.throttling import Round
from omconsole.i18n import _
from omconsole.turns import next_turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from omconsole.graph.request import GraphClient
    from omconsole.graph.surface import Asked

PAGE_ROWS: Final = 1_000
"""Rows asked for at a time; Graph may send fewer (50 to 5,000 have been seen, graph.md §5)."""
_ORDERS: Final = 16
"""Orders of columns for which a decoder is kept."""

Columns = tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """One answer, opened: the rows still as they came."""

    columns: Columns
    values: list[Any]
    """Each a `msgspec.Raw`, or a plain JSON value where msgspec refuses the answer as a whole."""
    total: int | None
    """Rows of the whole report; None where Graph does not say so in a number."""
    session: str | None = None
    """Sent back with the next request, it keeps the pages of one report together; None where Graph has none."""
    written: bool = False
    """Each value is a text, as in a CSV file."""


class ReportDecoder(RowDecoder[T]):
    """Decodes the pages of one report.

    Args:
        row: as for `RowDecoder`; the fields' encoded names are the columns.
        needs: columns without which a row says nothing; every `Identifier` is one.
        slice_rows: rows that are decoded and made safe in one step of the event loop.
    """

    def __init__(self, row: type[T], *, needs: Collection[str] = (), slice_rows: int = 100) -> None:
        super().__init__(row, slice_rows=slice_rows)
        self._needs = {*needs, *(wire for _name, wire in self._identifiers)}
        self._fields = {field.encode_name: field for field in msgspec.structs.fields(row)}
        self._orders: dict[Columns, _Order] = {}

    async def rows(self, table: Table) -> tuple[tuple[T, ...], Flaws]:
        """Returns the rows of an answer and what could not be read, giving way to the event loop between slices.

        Raises:
            GraphProtocolError: a column that is needed is missing.
        """
        missing = self._needs.difference(table.columns)
        if missing and (table.values or table.written):
            raise not_graph(_("the report has no column {name}").format(name=", ".join(sorted(missing))))
        tally = Tally()
        rows: list[T] = []
        for start in range(0, len(table.values), self._slice_rows):
            await next_turn()
            read = self._read_texts if table.written else self._read
            piece = [read(raw, table.columns, tally) for raw in table.values[start : start + self._slice_rows]]
            rows += self._made_safe([row for row in piece if row is not None], tally, plain=False)
        return tuple(rows), tally.flaws()

    def _read(self, raw: object, columns: Columns, tally: Tally) -> T | None:
        if isinstance(raw, msgspec.Raw):
            order = self._order(columns)
            try:
                typed = order.decode(raw)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                raw = read_json(bytes(raw))  # value by value, then
            else:
                return self.row(*order.fields(typed)) if order.fields else self.row(**order.named(typed))
        if not isinstance(raw, list) or len(raw) != len(columns):
            tally.reject("Values", raw)
            return None
        return self._by_field(dict(zip(columns, raw, strict=True)), tally)

    def _read_texts(self, raw: list[str], columns: Columns, tally: Tally) -> T | None:
        if len(raw) != len(columns):
            tally.reject("Values", raw)
            return None
        row = {name: text or None for name, text in zip(columns, raw, strict=True)}
        try:
            return msgspec.convert(row, self.row, strict=False)
        except (msgspec.ValidationError, OverflowError, UnicodeEncodeError):
            return self._by_field(row, tally, written=True)

    def _order(self, columns: Columns) -> _Order:
        order = self._orders.get(columns)
        if order is None:
            if len(self._orders) >= _ORDERS:
                self._orders.clear()
            order = self._orders[columns] = _Order(self._fields, columns)
        return order


class _Order:
    """How rows with the columns in one order are decoded; a row that is shorter or longer is none for it."""

    def __init__(self, known: Mapping[str, msgspec.structs.FieldInfo], columns: Columns) -> None:
        cells: list[Any] = [
            (known[wire].name, known[wire].type) if wire in known else (f"_{index}", msgspec.Raw)
            for index, wire in enumerate(columns)
        ]
        beyond = ("_beyond", Literal["nothing follows"], "nothing follows")
        self.decode = msgspec.json.Decoder(msgspec.defstruct("Values", [*cells, beyond], array_like=True)).decode
        names = [field.name for field in known.values()]
        self._present = [field.name for wire, field in known.items() if wire in columns]
        # With one name attrgetter would return no tuple.
        self.fields = attrgetter(*names) if self._present == names and len(names) > 1 else None

    def named(self, typed: object) -> dict[str, Any]:
        return {name: getattr(typed, name) for name in self._present}


async def report(  # noqa: PLR0913 - what a request says, and how its pages are read
    client: GraphClient,
    asked: Asked,
    *,
    decoder: ReportDecoder[T],
    workload: str,
    filter_: str = "",
    keeps_session: bool = False,
    first: bytes | None = None,
    in_round: Round | None = None,
    page_rows: int = PAGE_ROWS,
    max_pages: int = PAGES_AT_MOST,
) -> AsyncIterator[Page[T]]:
    """Yields the pages of a report, each asked for behind the rows that came before.

    It ends with an empty page, or when as many rows have come as the report has. Where it ends before that, the rows
    that did not come are among the flaws of its last page. A number of rows that cannot be true is not believed.

    Args:
        client: as for `pages`, like the rest.
        asked: the action, and the columns that it is asked for.
        decoder: of its rows.
        workload: what shares a throttling limit.
        filter_: in the report's own grammar, for example `(ApplicationId eq '…')`; empty for all rows.
        keeps_session: send the session of the first answer back with the next requests, where that is known to work.
        first: the answer to `first_request`, when it was asked for elsewhere, as in a batch.
        in_round: whose waiting time and counters these are.
        page_rows: rows asked for at a time.
        max_pages: a report with more is refused.

    Raises:
        GraphError: of the request that failed; and GraphProtocolError for an answer that is no table, for a page that
            comes again, and for more than `max_pages` pages.
    """
    turn = in_round or Round()
    read, before, session = 0, None, None
    for index in range(max_pages):
        if first is None:
            content = msgspec.json.encode(_Body(asked.select, read, page_rows, filter_, session))
            reply = await client.post(asked.path, content, workload=workload, version=asked.version, in_round=turn)
        table = opened(reply.body if first is None else first)
        first = None
        session = (table.session or session) if keeps_session else None
        mark = (table.values[0], table.values[-1]) if table.values else None
        if mark is not None and mark == before:
            raise endless(_("The next page of the report is one that was read already."))
        before = mark
        rows, flaws = await decoder.rows(table)
        read += len(table.values)
        # A full page that is said to be all may be a page counted instead of the report: the next one tells.
        ends = not table.values or (read == table.total and len(table.values) < page_rows)
        yield Page(rows, index, ends, flaws + _lacking(table, read) if ends else flaws, table.total)
        if ends:
            return
    raise endless(_("More than {n} pages came; the rest was not read.").format(n=max_pages))


async def report_total(
    client: GraphClient, asked: Asked, *, workload: str, filter_: str = "", in_round: Round | None = None
) -> int | None:
    """Returns how many rows a report has, by asking for one of them; None where Graph does not say it.

    Raises:
        GraphError: of the request; and GraphProtocolError for an answer that is no table.
    """
    content = first_request(asked, filter_=filter_, page_rows=1)
    reply = await client.post(asked.path, content, workload=workload, version=asked.version, in_round=in_round)
    return opened(reply.body).total


def first_request(asked: Asked, *, filter_: str = "", page_rows: int = PAGE_ROWS) -> bytes:
    """Returns the JSON that `report` asks for the first page with."""
    return msgspec.json.encode(_Body(asked.select, 0, page_rows, filter_))


def _lacking(table: Table, read: int) -> Flaws:
    if table.total is None or table.total <= read:
        return Flaws()
    return Flaws(rejected=table.total - read, example=f"TotalRowCount: {table.total}")


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a report is asked with; what is not said is Graph's to choose."""

    select: Columns
    skip: int
    top: int
    filter: str = ""
    session: str | None = msgspec.field(name="sessionId", default=None)


class _Answer(msgspec.Struct):
    values: list[msgspec.Raw] = msgspec.field(name="Values")
    schema: Any = msgspec.field(name="Schema", default=None)
    total: Any = msgspec.field(name="TotalRowCount", default=None)
    session: Any = msgspec.field(name="SessionId", default=None)


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def opened(body: bytes) -> Table:
    """Returns the table in an answer.

    Raises:
        GraphProtocolError: there is none, or its columns have no names of their own.
    """
    try:
        answer = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = _leniently(read_json(body))
    total = answer.total if type(answer.total) is int and answer.total >= 0 else None
    session = answer.session if isinstance(answer.session, str) and answer.session.isascii() else None
    return Table(_columns(answer.schema) if answer.values else (), answer.values, total, session or None)


def _leniently(document: object) -> _Answer:
    values = document.get("Values") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(values, list):
        raise not_graph(_("the list named Values is missing"))
    return _Answer(values, document.get("Schema"), document.get("TotalRowCount"), document.get("SessionId"))


def _columns(schema: object) -> Columns:
    return named([column.get("Column") if isinstance(column, dict) else None for column in _listed(schema)])


def named(names: Sequence[object]) -> Columns:
    """Returns the columns of a table.

    Raises:
        GraphProtocolError: there are none, or two are called the same.
    """
    texts = tuple(name for name in names if isinstance(name, str))
    if not texts or len(texts) != len(names) or len(set(texts)) != len(texts):
        raise not_graph(_("the columns of the report have no names of their own"))
    return texts


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
