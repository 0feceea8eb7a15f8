"""The report actions: one protocol for all of them, as Intune's report service speaks it.

A POST with `select`, `skip`, `top`, `filter` and `sessionId` is answered with a table whose columns stand in the
server's order, whatever the order of `select`. A `SessionId` sent back keeps the pages at the instant of the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from omconsole.simulator import odata
from omconsole.simulator.replies import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


ReportRow = dict[str, object]

#: The most rows of one answer; also what a request without `top` gets.
LARGEST_PAGE: Final = 1000
#: The content type of every answer, though the body is JSON (graph.md §5).
CONTENT_TYPE: Final = "application/octet-stream"


@dataclass(slots=True, frozen=True)
class Report:
    """One report: its columns in the order they are answered in, and what it may be filtered by."""

    #: Column and type; the text twin of a column `X` is `X_loc` and comes with it.
    columns: tuple[tuple[str, str], ...]
    filterable: tuple[str, ...] = ()
    required: str | None = None


NONCOMPLIANT_SETTINGS: Final = Report(
    (
        ("PolicyName", "String"),
        ("DeviceId", "String"),
        ("DeviceName", "String"),
        ("SettingNm", "String"),
        ("SettingName", "String"),
        ("SettingName_loc", "String"),
        ("SettingStatus", "Int32"),
        ("SettingStatus_loc", "String"),
        ("ErrorCode", "Int32"),
        ("OS", "String"),
        ("OS_loc", "String"),
        ("OSVersion", "String"),
        ("UPN", "String"),
    )
)
APPS_SUMMARY: Final = Report(
    (
        ("DisplayName", "String"),
        ("ApplicationId", "String"),
        ("Publisher", "String"),
        ("AppVersion", "String"),
        ("Platform", "Int32"),
        ("Platform_loc", "String"),
        ("FailedDevicePercentage", "Double"),
        ("FailedDeviceCount", "Int32"),
        ("FailedUserCount", "Int32"),
        ("InstalledDeviceCount", "Int32"),
        ("PendingInstallDeviceCount", "Int32"),
        ("NotInstalledDeviceCount", "Int32"),
        ("NotApplicableDeviceCount", "Int32"),
    ),
    ("FailedDevicePercentage", "FailedDeviceCount", "Platform"),
)
APP_DEVICES: Final = Report(
    (
        ("DeviceName", "String"),
        ("UserPrincipalName", "String"),
        ("UserName", "String"),
        ("UserId", "String"),
        ("Platform", "Int32"),
        ("Platform_loc", "String"),
        ("AppVersion", "String"),
        ("DeviceId", "String"),
        ("InstallState", "Int32"),
        ("InstallState_loc", "String"),
        ("AppInstallState", "Int32"),
        ("AppInstallState_loc", "String"),
        ("AppInstallStateDetails", "Int32"),
        ("AppInstallStateDetails_loc", "String"),
        ("InstallStateDetail", "Int32"),
        ("InstallStateDetail_loc", "String"),
        ("ErrorCode", "Int32"),
        ("HexErrorCode", "String"),
        ("LastModifiedDateTime", "DateTime"),
        ("ApplicationId", "String"),
    ),
    ("ApplicationId", "AppInstallState", "HexErrorCode", "DeviceName"),
    "ApplicationId",
)


class _Body(msgspec.Struct, rename="camel"):
    name: str | None = None
    select: list[str] | None = None
    search: str | None = None
    group_by: list[str] | None = None
    order_by: list[str] | None = None
    skip: int | None = None
    top: int | None = None
    session_id: str | None = None
    filter: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request's body, read and checked."""

    columns: tuple[tuple[str, str], ...]
    skip: int
    top: int
    #: The instant of the session that is sent back, in seconds since 1970 UTC; None for a new one.
    instant: int | None
    #: (column, operator, value), all of which a row must meet; `in` stands between a column and values of which one
    #: will do, with `_ALTERNATIVES` between them.
    terms: tuple[tuple[str, str, str], ...]

    def value(self, column: str) -> str | None:
        """What the filter wants `column` to equal."""
        return next((value for name, operator, value in self.terms if name == column and operator == "eq"), None)


def asked(report: Report, body: bytes) -> Asked:
    """What a request asks of `report`; `GraphError` with status 400 when the report cannot answer it."""
    try:
        request = msgspec.json.decode(body, type=_Body) if body.strip() else _Body()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _refused(f"The request body is not valid: {error}") from error
    skip, top = request.skip or 0, request.top or LARGEST_PAGE
    if skip < 0 or top < 0:
        raise _refused("skip and top must not be negative.")
    terms = _terms(report, request.filter or "")
    found = Asked(_columns(report, request.select), skip, min(top, LARGEST_PAGE), _instant(request.session_id), terms)
    if report.required is not None and found.value(report.required) is None:
        raise _refused(f"The filter must name {report.required}.")
    return found


def _refused(text: str) -> GraphError:
    return GraphError(400, "BadRequest", text, intune=True)


def _columns(report: Report, select: list[str] | None) -> tuple[tuple[str, str], ...]:
    names = {name for name, _ in report.columns}
    if not select:
        return report.columns
    for name in sorted(set(select) - names):
        raise _refused(f"Invalid column name in select: {name}")
    wanted = set(select)
    return tuple((name, kind) for name, kind in report.columns if name in wanted or name.removesuffix("_loc") in wanted)


def _instant(session: str | None) -> int | None:
    token = odata.skip_token({"$skiptoken": session}) if session else None
    return None if token is None else token.instant


_ALTERNATIVES = "\n"
_TERM = re.compile(r"([A-Za-z]+)\s+(eq|ne|gt|ge|lt|le)\s+(?:'((?:[^']|'')*)'|(-?[0-9]+))")


def _terms(report: Report, text: str) -> tuple[tuple[str, str, str], ...]:
    """The terms of a filter: comparisons joined by `and`, each of them and the whole in parentheses or not.

    In place of a comparison may stand several of one column's equality, joined by `or`.
    """
    terms: list[tuple[str, str, str]] = []
    for part in re.split(r"\)?\s+and\s+\(?", text.strip()) if text.strip() else []:
        choices = [_term(report, each, text) for each in re.split(r"\)?\s+or\s+\(?", part.strip())]
        if len(choices) == 1:
            terms.append(choices[0])
        elif len({choice[:2] for choice in choices}) == 1 and choices[0][1] == "eq":
            terms.append((choices[0][0], "in", _ALTERNATIVES.join(value for _, _, value in choices)))
        else:
            raise _refused(f"Invalid filter: {text}")
    return tuple(terms)


def _term(report: Report, part: str, whole: str) -> tuple[str, str, str]:
    found = _TERM.fullmatch(part.strip("() "))
    if found is None:
        raise _refused(f"Invalid filter: {whole}")
    column, operator, quoted, bare = found.groups()
    if column not in report.filterable:
        raise _refused(f"Filtering on column {column} is not supported.")
    return column, operator, bare if quoted is None else quoted.replace("''", "'")


_ORDERED: dict[str, Callable[[float, float], bool]] = {
    "gt": lambda have, want: have > want,
    "ge": lambda have, want: have >= want,
    "lt": lambda have, want: have < want,
    "le": lambda have, want: have <= want,
}


def meets(row: ReportRow, terms: Iterable[tuple[str, str, str]]) -> bool:
    """Whether a row meets all of the terms; text is compared without case."""
    return all(_meets(row[column], operator, value) for column, operator, value in terms)


def _meets(have: object, operator: str, want: str) -> bool:
    if operator == "in":
        return str(have).casefold() in want.casefold().split(_ALTERNATIVES)
    if operator in ("eq", "ne"):
        return (str(have).casefold() == want.casefold()) == (operator == "eq")
    try:
        return _ORDERED[operator](float(str(have)), float(want))
    except ValueError as error:
        raise _refused(f"A number is expected in place of '{want}'.") from error


def table(request: Asked, rows: list[ReportRow], now: int) -> bytes:
    """The answer: one page of `rows`, which are those of the instant `now` (seconds since 1970 UTC)."""
    names = [name for name, _ in request.columns]
    page = rows[request.skip : request.skip + request.top]
    return msgspec.json.encode(
        {
            "TotalRowCount": len(rows),
            "Schema": [{"Column": name, "PropertyType": kind} for name, kind in request.columns],
            "Values": [[row[name] for name in names] for row in page],
            "SessionId": odata.SkipToken(now, 0).written(),
        }
    )
