"""Answers read value by value, when they are not as documented; what does not fit is counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from omconsole.errors import GraphProtocolError
from omconsole.graph.answers import proxy_advice
from omconsole.i18n import _
from omconsole.sanitize import sanitize

TEXTUAL: Final = frozenset(("identifier", "reference", "text", "word", "block"))


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


class Tally:
    """Counts flaws while one answer is read."""

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


class Cell(NamedTuple):
    """One field of a row that is read value by value."""

    name: str
    wire: str
    kind: str
    required: bool
    struct: type[msgspec.Struct]
    """With this field alone, as `value`."""

    def converted(self, raw: object, *, written: bool = False) -> object:
        """Returns a value as its type wants it, or None; `written` says that numbers and flags are texts."""
        if raw is None or (written and raw == ""):
            return None
        if self.kind == "instant":
            return _instant(raw)
        if self.kind in TEXTUAL:  # of any length: it is cut, or refused as an id, when it is made safe
            return raw if isinstance(raw, str) else None
        try:
            return getattr(msgspec.convert({"value": raw}, self.struct, strict=not written), "value", None)
        except (msgspec.ValidationError, RecursionError, OverflowError, UnicodeEncodeError):
            return None


def struct_of(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct]:
    """Returns a Struct for a `Cell` of this field."""
    return msgspec.defstruct(f"Cell_{field.name}", [("value", field.type)])


def not_graph(reason: str) -> GraphProtocolError:
    """Returns the error for an answer that does not have Graph's form."""
    return GraphProtocolError(
        _("The answer is not what Microsoft Graph would send: {reason}.").format(reason=reason), proxy_advice()
    )


def open_page(body: bytes) -> tuple[list[Any], str | None]:
    """Returns the rows and the next link of a page that msgspec refuses."""
    document = read_json(body)
    rows = document.get("value") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(rows, list):
        raise not_graph(_("the list named value is missing"))
    link = document.get("@odata.nextLink")
    if link is not None and not isinstance(link, str):
        raise not_graph(_("the link to the next page is no text"))
    return rows, link


def read_json(body: bytes) -> object:
    """Reads JSON with lone surrogates, invalid UTF-8 and control characters in it; sanitising comes later."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        raise not_graph(_("it is no JSON, or it is cut off")) from None


def _instant(raw: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(raw.strip()) if isinstance(raw, str) and len(raw) < 64 else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)
