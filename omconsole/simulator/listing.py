"""Lists that page by `$skip`: which rows a request asks for, in which order, and the page of them it gets."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from omconsole.simulator import odata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from omconsole.simulator.served import Served

Row = dict[str, object]

#: How many rows a page has that nobody asked to be larger or smaller.
PAGE = 100

_CONDITION = re.compile(r"\s*(\w+)\s+(eq|ne|ge|gt|le|lt)\s+(?:'((?:[^']|'')*)'|([\w.:+-]+))\s*")
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*")
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_KEEPS: dict[str, Callable[[int], bool]] = {
    "eq": lambda sign: sign == 0,
    "ne": lambda sign: sign != 0,
    "ge": lambda sign: sign >= 0,
    "gt": lambda sign: sign > 0,
    "le": lambda sign: sign <= 0,
    "lt": lambda sign: sign < 0,
}


def chosen(row: Row, names: tuple[str, ...]) -> Row:
    """The selected properties, and `@odata.type` of a row that may be of several types."""
    kind = {"@odata.type": row["@odata.type"]} if "@odata.type" in row else {}
    return kind | {name: row[name] for name in names}


def next_link(root: str, call: Served, options: Mapping[str, str], change: dict[str, str]) -> str:
    """The absolute address of the next page: the same request but for the options in `change`."""
    kept = {name: value for name, value in options.items() if name not in change} | change
    query = urlencode(kept, quote_via=quote, safe="$,")
    return f"{root}/{call.version}{call.path}?{query}"


def wanted(text: str, properties: Sequence[str]) -> Callable[[Row], bool] | None:
    """What `$filter` asks for: comparisons of these properties, joined by `and`; None when it is anything else.

    Texts are compared without regard to case, as members of enumerations stand in both casings; instants as such.
    """
    tests: list[Callable[[Row], bool]] = []
    for part in _AND.split(text) if text else []:
        found = _CONDITION.fullmatch(part)
        if found is None or found[1] not in properties:
            return None
        literal = found[4] if found[3] is None else found[3].replace("''", "'")
        tests.append(_comparison(found[1], _KEEPS[found[2]], _comparable(literal)))
    return lambda row: all(test(row) for test in tests)


def _comparison(name: str, keeps: Callable[[int], bool], literal: str) -> Callable[[Row], bool]:
    def test(row: Row) -> bool:
        value = row[name]
        text = _comparable(str(value).lower() if isinstance(value, bool) else str(value))
        return value is not None and keeps((text > literal) - (text < literal))

    return test


def _comparable(text: str) -> str:
    """The text in lower case; an instant in UTC with seven digits, so that texts sort as instants do."""
    if not re.match(r"\d{4}-\d\d-\d\dT", text):
        return text.casefold()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise odata.OptionError(f"Unrecognized 'Edm.String' literal '{text}' in filter expression.") from error
    fraction = re.search(r"\.(\d+)", text)
    instant = instant.astimezone(UTC) if instant.tzinfo is not None else instant
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{fraction[1] if fraction else '':0<7.7}"


def ordered(rows: list[Row], options: Mapping[str, str], properties: Sequence[str]) -> list[Row]:
    """The rows in the order that `$orderby` asks for; as they come without it, or when the property has no order."""
    found = _ORDER.fullmatch(options.get("$orderby", ""))
    if found is None or found[1] not in properties:
        return rows
    name = found[1]
    return sorted(rows, key=lambda row: _comparable(str(row[name])), reverse=found[2] == "desc")


def page(
    rows: list[Row],
    options: Mapping[str, str],
    call: Served,
    root: str,
    size: int = PAGE,
    navigations: tuple[str, ...] = (),
) -> Row:
    """The page of `size` rows that a request with these options gets: count if asked for, next link, rows."""
    names = odata.selected(options, call.entity, call.properties) + navigations
    top = odata.whole(options, "$top")
    skip = odata.whole(options, "$skip") or 0
    # `$top` bounds the whole answer, pages included; `$skip` of a next link has used some of it up.
    end = len(rows) if top is None else min(len(rows), skip + top)
    head: Row = {}
    if options.get("$count", "").lower() == "true":
        head["@odata.count"] = len(rows)
    if skip + size < end:
        change = {"$skip": str(skip + size)} | ({} if top is None else {"$top": str(top - size)})
        head["@odata.nextLink"] = next_link(root, call, options, change)
    return head | {"value": [chosen(row, names) for row in rows[skip : min(skip + size, end)]]}
