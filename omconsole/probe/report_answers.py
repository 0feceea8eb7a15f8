"""How report actions answer: their sessions, their columns, and their form inside a batch."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final

import msgspec

from omconsole.domain.answers import IGNORED, INCOMPLETE, REFUSED, UNTOLD, WORKS
from omconsole.errors import GraphProtocolError, GraphRejected
from omconsole.graph import (
    APP_INSTALL_SUMMARIES_ASKED,
    DEVICE_APP_INSTALLATIONS_ASKED,
    NONCOMPLIANT_SETTINGS_ASKED,
)
from omconsole.graph.lenient import read_json
from omconsole.graph.refusals import read_refusal
from omconsole.graph.reports import Table, opened
from omconsole.i18n import _
from omconsole.probe.asking import NOT_UNDERSTOOD, Found, is_not_understood, refused
from omconsole.sanitize import sanitize
from omconsole.signals.filtered_reports import quoted

if TYPE_CHECKING:
    from omconsole.graph import Asked
    from omconsole.probe.asking import Inquiry

_REPORTS: Final = "reports"
_ROWS: Final = 2
"""Rows of a page in these questions."""
_APPS: Final = 5
"""Apps whose report is looked at until one has rows."""


async def report_session(inquiry: Inquiry) -> Found:
    """Reads four rows at once, then the same rows as two pages with the session sent back."""
    asked = NONCOMPLIANT_SETTINGS_ASKED
    together = await _table(inquiry, asked, top=2 * _ROWS)
    first = await _table(inquiry, asked, top=_ROWS)
    if first.session is None:
        return Found(IGNORED, _("Graph names no session."))
    try:
        second = await _table(inquiry, asked, top=_ROWS, skip=_ROWS, session=first.session)
    except GraphRejected as error:
        if is_not_understood(error):
            return refused(error)
        raise
    if len(together.values) < 2 * _ROWS:
        return Found(UNTOLD, _("It cannot be told: the report has too few rows."))
    if _values(first) + _values(second) != _values(together):
        return Found(INCOMPLETE, _("With its session a report goes on with other rows than without."))
    return Found(WORKS, _("The report goes on where it was."))


async def report_columns(inquiry: Inquiry) -> Found:
    """Reads a row of each report that the console reads, with the columns that it needs."""
    summary = await _table(inquiry, APP_INSTALL_SUMMARIES_ASKED, top=_APPS)
    apps = _column(summary, "ApplicationId")
    tables = {
        APP_INSTALL_SUMMARIES_ASKED.path: (APP_INSTALL_SUMMARIES_ASKED, summary),
        NONCOMPLIANT_SETTINGS_ASKED.path: (
            NONCOMPLIANT_SETTINGS_ASKED,
            await _table(inquiry, NONCOMPLIANT_SETTINGS_ASKED),
        ),
    }
    for app in apps[:_APPS]:
        asked = DEVICE_APP_INSTALLATIONS_ASKED
        tables[asked.path] = asked, await _table(inquiry, asked, filter_=f"(ApplicationId eq '{quoted(app)}')")
        if tables[asked.path][1].values:
            break
    seen = [(asked, table) for asked, table in tables.values() if table.values]
    lacking = [
        f"{asked.path.rpartition('/')[2]}.{column}"
        for asked, table in seen
        for column in asked.select
        if column not in table.columns
    ]
    why = _("Reports with rows, of three: {n}.").format(n=len(seen))
    if lacking:
        named = sanitize(", ".join(lacking))
        return Found(named, _("Columns are missing: {columns}.").format(columns=named), why)
    if not seen:
        return Found(UNTOLD, _("It cannot be told: the reports have no rows."))
    return Found("all", _("The columns that the console needs are there."), why)


async def report_parts(inquiry: Inquiry) -> Found:
    """Reads two rows of a report, alone and inside a batch."""
    asked = NONCOMPLIANT_SETTINGS_ASKED
    alone = await _table(inquiry, asked, top=_ROWS)
    part = {
        "id": "1",
        "method": "POST",
        "url": asked.path,
        "headers": {"Content-Type": "application/json"},
        "body": _body(asked, top=_ROWS),
    }
    content = msgspec.json.encode({"requests": [part]})
    try:
        reply = await inquiry.graph.post("/$batch", content, workload=_REPORTS, in_round=inquiry.turn)
    except GraphRejected as error:
        if is_not_understood(error):
            return refused(error)
        raise
    return _part(read_json(reply.body), alone)


def _part(document: object, alone: Table) -> Found:
    """What the one part of a batch shows, held against the same report asked for by itself."""
    parts = document.get("responses") if isinstance(document, dict) else None
    part = parts[0] if isinstance(parts, list) and len(parts) == 1 else None
    if not isinstance(part, dict):
        raise GraphProtocolError(_("The batch has no answer to its one part."))
    status, body = part.get("status"), part.get("body")
    if status != 200:
        return _failed_part(status, body)
    shape, content = _unwrapped(body)
    if content is None:
        return Found(INCOMPLETE, _("The report inside a batch cannot be read."))
    table = opened(content)
    if (table.columns, _values(table)) != (alone.columns, _values(alone)):
        return Found(INCOMPLETE, _("Inside a batch the report has other rows."))
    return Found(shape, _("The report comes whole: {shape}.").format(shape=shape))


def _failed_part(status: object, body: object) -> Found:
    reason = read_refusal(_encoded(body)).message or f"HTTP {sanitize(status, 20)}"
    if isinstance(status, int) and status in NOT_UNDERSTOOD:
        return Found(REFUSED, _("Graph refuses it."), reason)
    return Found(None, _("It could not be asked."), reason)


def _unwrapped(body: object) -> tuple[str, bytes | None]:
    """The form of a part's body, and the report in it; None when there is none."""
    if isinstance(body, dict):
        return "object", _encoded(body)
    if isinstance(body, str):
        try:
            return "base64", b64decode(body, validate=True)
        except ValueError:
            return "text", None
    return type(body).__name__, None


def _encoded(document: object) -> bytes:
    """As JSON again, whatever stands in its texts."""
    return json.dumps(document).encode()


async def _table(
    inquiry: Inquiry, asked: Asked, *, top: int = 1, skip: int = 0, filter_: str = "", session: str | None = None
) -> Table:
    content = msgspec.json.encode(_body(asked, top=top, skip=skip, filter_=filter_, session=session))
    reply = await inquiry.graph.post(
        asked.path, content, workload=_REPORTS, version=asked.version, in_round=inquiry.turn
    )
    return opened(reply.body)


def _body(asked: Asked, *, top: int, skip: int = 0, filter_: str = "", session: str | None = None) -> dict[str, Any]:
    optional = {"filter": filter_, "sessionId": session}
    return {"select": asked.select, "skip": skip, "top": top} | {name: text for name, text in optional.items() if text}


def _values(table: Table) -> list[Any]:
    return [read_json(bytes(each)) if isinstance(each, msgspec.Raw) else each for each in table.values]


def _column(table: Table, name: str) -> list[str]:
    if name not in table.columns:
        return []
    at = table.columns.index(name)
    cells = [row[at] for row in _values(table) if isinstance(row, list) and len(row) == len(table.columns)]
    return [cell for cell in cells if isinstance(cell, str)]
