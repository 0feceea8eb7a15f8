"""Faults of an answer's content: of its rows, its links and its columns."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from omconsole.simulator import surface
from omconsole.simulator.fault_exchange import FURTHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.simulator.fault_exchange import Exchange, Reply

#: What stands in place of a member of an enumeration, and of its number in a report.
UNKNOWN_MEMBER, UNKNOWN_NUMBER = "addedLastWeek", 98_765

_ENUMS = frozenset(name.rpartition(".")[2] for call in surface.SURFACE for name in call.enums)
_INSTANT = re.compile(rb'(?<=")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d')


@dataclass(slots=True)
class Content:
    """The JSON object of a good answer, to be changed in place.

    `times` counts how often the fault has met a request, from 0; `memory` is the fault's own.
    """

    exchange: Exchange
    document: dict[str, Any]
    times: int = 0
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        return isinstance(self.document.get("Values"), list)

    @property
    def is_list(self) -> bool:
        """Whether it is a page of rows, also of a report."""
        return self.is_table or isinstance(self.document.get("value"), list)

    @property
    def rows(self) -> list[Any]:
        """The rows of the page; those of a report are lists."""
        return self.document["Values" if self.is_table else "value"] if self.is_list else []

    @rows.setter
    def rows(self, rows: list[Any]) -> None:
        if self.is_list:
            self.document["Values" if self.is_table else "value"] = rows

    @property
    def columns(self) -> list[str]:
        """The columns of a report."""
        return [column["Column"] for column in self.document["Schema"]]

    @property
    def ends(self) -> bool:
        """Whether no page follows."""
        if not self.is_table:
            return "@odata.nextLink" not in self.document
        before: int = self.exchange.asked().get("skip") or 0
        every: int = self.document["TotalRowCount"]
        return before + len(self.rows) >= every

    @property
    def address(self) -> str:
        """The address that was asked, as a next link would have it."""
        root, version = str(self.document.get("@odata.context", "")), self.exchange.path.split("/")[1]
        root = root.partition(f"/{version}/$metadata")[0] or f"http://{self.exchange.request.url.netloc}"
        query = self.exchange.scope["query_string"].decode("ascii")
        return f"{root}{self.exchange.path}" + (f"?{query}" if query else "")

    def each(self, change: Callable[[str, Any], Any]) -> None:
        """Puts `change(name, value)` in place of every value of every row, or of the one object."""
        if self.is_table:
            names = self.columns
            self.rows = [[change(name, cell) for name, cell in zip(names, row, strict=True)] for row in self.rows]
            return
        for row in self.rows if self.is_list else [self.document]:
            row.update({name: change(name, value) for name, value in row.items() if not name.startswith("@")})


def truncated(reply: Reply, value: str) -> None:
    """The JSON ends behind `value` bytes, behind half of it without; `Content-Length` says nothing of it."""
    reply.body = reply.body[: int(value) if value else len(reply.body) // 2]


def clock(reply: Reply, value: str) -> None:
    """The server's clock is `value` hours ahead: the `Date` header and every time in the body."""
    ahead = timedelta(hours=float(value))
    date(reply, value)

    def moved(found: re.Match[bytes]) -> bytes:
        try:
            at = datetime.fromisoformat(found[0].decode()) + ahead
        except (OverflowError, ValueError):  # a time that stands for none, such as 0001-01-01
            return found[0]
        return f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0").encode()

    reply.body = _INSTANT.sub(moved, reply.body)


def date(reply: Reply, value: str) -> None:
    """The `Date` header alone is `value` hours ahead."""
    if "date" in reply.headers:
        at = parsedate_to_datetime(reply.headers["date"]) + timedelta(hours=float(value))
        reply.headers["date"] = format_datetime(at, usegmt=True)


# --- form -------------------------------------------------------------------------------------------------------------


def types(content: Content, value: str) -> None:
    """JSON of another form: `value` tells which."""
    if value == "texts":
        content.each(lambda _, cell: str(cell) if isinstance(cell, int | float) else cell)
    elif value == "numbers":
        content.each(lambda name, cell: 17 if isinstance(cell, str) and not _identifies(name) else cell)
    elif value == "rows":
        content.rows = [str(row) for row in content.rows]
    elif content.is_table:
        content.document["Values"] = {"0": content.rows}
    else:
        content.document["value"] = {"0": content.document.get("value")}


def as_list(reply: Reply, value: str) -> None:
    """A list in place of the object."""
    reply.body = b"[" + reply.body + b"]"


def damaged(content: Content, value: str) -> None:
    """Every `value`-th row is none, or lacks what it is known by."""
    every = int(value)
    for place in range(every - 1, len(content.rows), every):
        row = content.rows[place]
        if content.is_table or place // every % 2:
            content.rows[place] = {"damaged": row}
        else:
            content.rows[place] = {**row, "id": {"damaged": row.get("id")}}


def nulls(content: Content, value: str) -> None:
    """Null in place of every value, or of the property `value` alone; what a row is known by stays."""
    content.each(lambda name, cell: None if _is_meant(name, value) else cell)


def missing(content: Content, value: str) -> None:
    """Every property is absent, or `value` alone; what a row is known by stays."""
    if content.is_table:
        kept = [place for place, name in enumerate(content.columns) if not _is_meant(name, value)]
        content.document["Schema"] = [content.document["Schema"][place] for place in kept]
        content.rows = [[row[place] for place in kept] for row in content.rows]
        return
    for row in content.rows if content.is_list else [content.document]:
        for name in [name for name in row if not name.startswith("@") and _is_meant(name, value)]:
            del row[name]


def _is_meant(name: str, value: str) -> bool:
    return name == value if value else not _identifies(name)


def _identifies(name: str) -> bool:
    return name in ("id", "DeviceId", "ApplicationId")


def unknown_members(content: Content, value: str) -> None:
    """A member that nobody knows in place of each member of an enumeration."""
    numbered = (
        {name.removesuffix("_loc") for name in content.columns if name.endswith("_loc")} if content.is_table else ()
    )

    def change(name: str, cell: Any) -> Any:
        if name in numbered and isinstance(cell, int):
            return UNKNOWN_NUMBER
        return UNKNOWN_MEMBER if name in _ENUMS and isinstance(cell, str) else cell

    content.each(change)


def shuffled(content: Content, value: str) -> None:
    """The columns of a report, and the properties of rows, come in the reverse order."""
    if content.is_table:
        content.document["Schema"].reverse()
        content.rows = [row[::-1] for row in content.rows]
    else:
        content.rows = [dict(reversed(row.items())) for row in content.rows]


def total(content: Content, value: str) -> None:
    """A report, or a list with a count, says that it has `value` rows in all."""
    for name in ("TotalRowCount", "@odata.count"):
        if name in content.document:
            content.document[name] = int(value)


# --- pages ------------------------------------------------------------------------------------------------------------


def foreign_link(content: Content, value: str) -> None:
    """The next page is said to be at the origin `value`."""
    content.document["@odata.nextLink"] = f"{value}{content.exchange.path}?$skiptoken=elsewhere"


def loop(content: Content, value: str) -> None:
    """The next page is said to be the one that was asked for; a report has no end."""
    if content.is_table:
        content.document["TotalRowCount"] = 1_000_000
    else:
        content.document["@odata.nextLink"] = content.address


def endless(content: Content, value: str) -> None:
    """Another page follows each: the same rows in another order."""
    if content.is_table:
        content.document["TotalRowCount"] = 1_000_000
        turn = content.times % max(len(content.rows), 1)
        content.rows = content.rows[turn:] + content.rows[:turn]
    else:
        before = re.sub(rf"[?&]{FURTHER}=\d+$", "", content.address)
        joint = "&" if "?" in before else "?"
        content.document["@odata.nextLink"] = f"{before}{joint}{FURTHER}={content.times}"


def from_the_beginning(exchange: Exchange) -> bytes:
    """The body of a request for a report that asks for its first page, whichever it asked for."""
    return msgspec.json.encode({**exchange.asked(), "skip": 0})


def emptied(content: Content, value: str) -> None:
    """No rows, and nothing that says so."""
    content.rows = []
    content.document.pop("@odata.nextLink", None)
    total(content, "0")


def narrowed(content: Content, value: str) -> None:
    """Only `value` percent of the rows, always the same: what somebody with fewer scope tags sees."""
    kept = [row for row in content.rows if zlib.crc32(str(row.get("id")).encode()) % 100 < float(value)]
    content.rows = kept


def duplicates(content: Content, value: str) -> None:
    """Rows come twice on one page, and again on the last one."""
    if not content.rows:
        return
    if not content.exchange.goes_on:
        content.memory[content.exchange.path] = content.rows[0]
    if content.is_table and not content.ends:
        return  # who asks counts the rows of a report to find the next page
    content.rows = [*content.rows, content.rows[-1], content.memory.get(content.exchange.path, content.rows[0])]
    if content.is_table:
        content.document["TotalRowCount"] += 2


def moving(content: Content, value: str) -> None:
    """The list changes while it is read: a row of each page but the first is never seen, another one each time.

    In its place the last row of the page before comes again.
    """
    before = content.memory.get(content.exchange.path) if content.exchange.goes_on else None
    if not content.rows:
        return
    content.memory[content.exchange.path] = content.rows[-1]
    if before is not None:
        content.rows[content.times * 7 % len(content.rows)] = before
